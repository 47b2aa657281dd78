"""What the plugin does in a suite of its user's: fixtures, marker, the journal of a test that fails."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

CALL = """
import json, os, urllib.error, urllib.parse, urllib.request
import pytest

def groups(base, id, secret):
    form = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
    with urllib.request.urlopen(base + "/oauth/token", urllib.parse.urlencode(form).encode()) as reply:
        token = json.load(reply)["access_token"]
    request = urllib.request.Request(base + "/v2024/password-sync-groups", headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, None

def of(tenant):
    return groups(tenant.base_url, tenant.client_id, tenant.client_secret)
"""


@pytest.fixture
def suite(pytester):
    """Runs a suite of its own, with the helpers above."""

    def run(text, *arguments):
        pytester.makepyfile(test_it=CALL + text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


def test_each_test_has_a_tenant_of_its_own(suite):
    suite("""
NAMES = set()

@pytest.mark.parametrize("n", range(3))
def test_it(sim_tenant, n):
    status, groups = of(sim_tenant)
    assert status == 200 and groups
    assert sim_tenant.name not in NAMES
    assert len(sim_tenant.journal()) == 2
    NAMES.add(sim_tenant.name)
""").assert_outcomes(passed=3)


def test_the_environment_asks_no_proxy_for_the_tenant(suite, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    suite("""
def test_it(sim_env):
    assert groups(*sim_env.values())[0] == 200
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "example.com,127.0.0.1"

def test_after():
    assert os.environ.get("NO_PROXY") == "example.com"
""").assert_outcomes(passed=2)


def test_what_the_client_did_is_told_where_it_cannot_be_kept(suite, monkeypatch):
    monkeypatch.setenv("SYNC_GROUP_SIM_JOURNALS", "test_it.py")
    ran = suite("""
def test_it(sim_tenant):
    of(sim_tenant)
    assert False
""")
    ran.assert_outcomes(failed=1)
    ran.stdout.re_match_lines([
        r".* GET +/v2024/password-sync-groups +200 .*",
        r"it could not be kept: .*test_it\.py cannot be written \(File exists\); SYNC_GROUP_SIM_JOURNALS names another folder",
    ])


def test_what_the_client_did_is_told_in_any_locale(suite, monkeypatch):
    # As on Windows, where files and programs are not read as UTF-8.
    for name, value in (("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0"), ("LC_ALL", "C"), ("PYTHONIOENCODING", "utf-8")):
        monkeypatch.setenv(name, value)
    ran = suite("""
def test_it(sim_tenant):
    form = {"grant_type": "client_credentials", "client_id": sim_tenant.client_id, "client_secret": sim_tenant.client_secret}
    with urllib.request.urlopen(sim_tenant.base_url + "/oauth/token", urllib.parse.urlencode(form).encode()) as reply:
        token = json.load(reply)["access_token"]
    group = {"name": "Staff", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
             "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    for _ in range(2):
        urllib.request.urlopen(urllib.request.Request(
            sim_tenant.base_url + "/v2024/password-sync-groups", json.dumps(group).encode(), headers))
""")
    ran.assert_outcomes(failed=1)
    # The second, with its long refusal cut.
    ran.stdout.re_match_lines([r".* POST +/v2024/password-sync-groups +400 .* is already in password sync group.*\u2026"])


def test_the_marker_sets_scenario_rules_fixture_and_clock(suite):
    suite("""
@pytest.mark.sim(scenario="rate-limited")
def test_scenario(sim_tenant):
    assert any(of(sim_tenant)[0] == 429 for _ in range(10))

@pytest.mark.sim(rules=[{"fault": {"respond": {"status": 503}}, "when": {"operation": "getPasswordSyncGroups"}},
                        {"fault": {"respond": {"status": 500}}, "when": {"operation": "getPasswordSyncGroups"}}])
def test_rules(sim_tenant):
    assert of(sim_tenant)[0] == 503

@pytest.mark.sim(fixture="empty", clock="manual")
def test_clock_and_fixture(sim_tenant):
    assert of(sim_tenant)[1] == []
    before = sim_tenant.clock()["now"]
    sim_tenant.advance("13m")
    sim_tenant.advance(1.5)
    assert sim_tenant.clock()["mode"] == "manual"
    assert sim_tenant.clock()["now"] != before
""").assert_outcomes(passed=3)


def test_a_tests_own_marker_counts_before_its_modules(suite):
    suite("""
pytestmark = pytest.mark.sim(fixture="empty", clock="manual")

@pytest.mark.sim(fixture="demo")
def test_it(sim_tenant):
    assert of(sim_tenant)[1]
    assert sim_tenant.clock()["mode"] == "manual"
""").assert_outcomes(passed=1)


def test_scenario_and_fixture_files_lie_beside_the_test(suite, pytester):
    (pytester.path / "mine.yaml").write_text(
        "name: mine\nrules:\n  - when: {operation: getPasswordSyncGroups}\n    fault: {respond: {status: 502}}\n"
    )
    (pytester.path / "one.json").write_text(
        '{"name": "one", "rules": [{"when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 504}}}]}'
    )
    (pytester.path / "few.json").write_text('{"groups": []}')
    (pytester.path / "few.yml").write_text("# Nothing\n---\ngroups: []\n")
    suite("""
@pytest.mark.sim(scenario="mine.yaml")
def test_scenario(sim_tenant):
    assert of(sim_tenant)[0] == 502

@pytest.mark.sim(scenario=["one.json", "rate-limited"])
def test_several(sim_tenant):
    assert of(sim_tenant)[0] == 504

@pytest.mark.sim(fixture="few.json")
def test_fixture(sim_tenant):
    assert of(sim_tenant) == (200, [])

@pytest.mark.sim(fixture="few.yml")
def test_fixture_in_yaml(sim_tenant):
    assert of(sim_tenant) == (200, [])
""").assert_outcomes(passed=4)


def test_sim_env_puts_the_tenant_into_the_environment(suite):
    suite("""
def test_it(sim_env, sim_tenant):
    assert groups(os.environ["SAIL_BASE_URL"], os.environ["SAIL_CLIENT_ID"], os.environ["SAIL_CLIENT_SECRET"])[0] == 200
    assert sim_env["SAIL_BASE_URL"] == sim_tenant.base_url

def test_afterwards():
    assert "SAIL_BASE_URL" not in os.environ
""").assert_outcomes(passed=2)


def test_the_journal_of_a_failed_test_is_in_its_report_and_kept(suite, pytester):
    result = suite(
        """
@pytest.mark.sim(rules=[{"name": "broken", "when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 503}}}])
def test_fails(sim_tenant):
    of(sim_tenant)
    sim_tenant.verify(match={"operation": "getPasswordSyncGroups"}, status=200)

def test_passes(sim_tenant):
    of(sim_tenant)
""",
        "--junit-xml=junit.xml",
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([
        "*status is 503, not 200*",
        "*sync-group-sim: what the client did*",
        "*GET */v2024/password-sync-grou*503*fault rules/broken*",
        "*journal: sync-group-sim-journals*",
        "seed: *",
    ])
    assert "in verify" not in result.stdout.str()
    kept = sorted(path.name for path in (pytester.path / "sync-group-sim-journals").iterdir())
    assert kept == ["test_it.py-test_fails.har", "test_it.py-test_fails.json"]
    journal = json.loads((pytester.path / "sync-group-sim-journals" / kept[1]).read_text())
    assert [exchange["status"] for exchange in journal["exchanges"]] == [200, 503]
    assert json.loads((pytester.path / "sync-group-sim-journals" / kept[0]).read_text())["log"]["entries"]
    assert "sync-group-sim-journal" in (pytester.path / "junit.xml").read_text()


def test_the_journal_of_a_test_that_fails_as_it_is_taken_down_is_kept_too(suite, pytester):
    result = suite("""
@pytest.fixture
def client(sim_tenant):
    yield sim_tenant
    sim_tenant.verify(match={"operation": "token"}, status=429)

def test_first(client):
    of(client)

def test_last(client):
    of(client)
""")
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_first*", "*what the client did*", "*journal: *test_first*"])
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_last*", "*what the client did*", "*journal: *test_last*"])
    for name in ("first", "last"):
        journal = json.loads((pytester.path / f"sync-group-sim-journals/test_it.py-test_{name}.json").read_text())
        assert [exchange["status"] for exchange in journal["exchanges"]] == [200, 200]


def test_a_tenant_is_gone_before_the_next_test(suite):
    suite("""
@pytest.mark.parametrize("n", range(3))
def test_it(sync_group_sim, sim_tenant, n):
    assert sync_group_sim._control.call("GET", "/_sim/tenants")[1]["tenants"] == ["default", sim_tenant.name]
""").assert_outcomes(passed=3)


def test_a_test_may_have_any_name_and_length(suite, pytester):
    result = suite("""
@pytest.mark.parametrize("text", ["x" * 300, "y" + "x" * 300, "a b", "a-b", "a/b", "A-b"])
def test_fails(sim_tenant, text):
    of(sim_tenant)
    assert sim_tenant.seed == 5

def test_""" + "\u5bc6" * 130 + """(sim_tenant):
    assert False
""")
    result.assert_outcomes(failed=7)
    assert "could not be" not in result.stdout.str()
    # Windows and macOS make no difference between capitals and small letters.
    assert len({path.name.lower() for path in (pytester.path / "sync-group-sim-journals").glob("*.har")}) == 7


def test_the_folder_of_journals_is_named_by_the_configuration_or_the_variable(suite, pytester, monkeypatch):
    pytester.makeini("[pytest]\nsim_journals = configured\n")
    suite("def test_fails(sim_tenant):\n    assert False\n").assert_outcomes(failed=1)
    assert (pytester.path / "configured" / "test_it.py-test_fails.json").exists()
    monkeypatch.setenv("SYNC_GROUP_SIM_JOURNALS", "by-variable")
    suite("def test_fails(sim_tenant):\n    assert False\n").assert_outcomes(failed=1)
    assert (pytester.path / "by-variable" / "test_it.py-test_fails.har").exists()


MISTAKES = {
    'scenario="no-such"': "*no-such*",
    'scenarios="x"': "*has no 'scenarios'; expected one of: scenario, rules, fixture, clock*",
    '"rate-limited"': "*keywords alone*'rate-limited'*",
    "rules=[{'fault': {'burn': 1}}]": "*burn*",
    'fixture="absent.yml"': "*absent.yml: No such file or directory*",
    'scenario="absent.yaml"': "*absent.yaml: No such file or directory*",
    'clock="sometimes"': "*sometimes*",
}


def test_a_mistake_in_the_marker_is_told(suite):
    tests = [f"@pytest.mark.sim({marker})\ndef test_{n}(sim_tenant):\n    pass\n" for n, marker in enumerate(MISTAKES)]
    result = suite("\n".join(tests))
    result.assert_outcomes(errors=len(MISTAKES))
    for n, told in enumerate(MISTAKES.values()):
        result.stdout.fnmatch_lines([f"*ERROR at setup of test_{n} *", told])
    assert "Traceback" not in result.stdout.str()
    assert "During handling" not in result.stdout.str()


def test_a_missing_program_is_told_once_with_its_variable_and_the_package(suite, monkeypatch):
    monkeypatch.setenv("SYNC_GROUP_SIM_BIN", "/no/such/program")
    result = suite("def test_one(sim_tenant):\n    pass\n\ndef test_two(sim_tenant):\n    pass\n")
    assert result.ret == 4
    said = result.stdout.str() + result.stderr.str()
    assert "SYNC_GROUP_SIM_BIN is '/no/such/program'" in said
    assert "Traceback" not in said


def test_a_missing_program_is_told_under_xdist_too(suite, monkeypatch):
    pytest.importorskip("xdist")
    monkeypatch.setenv("SYNC_GROUP_SIM_BIN", "/no/such/program")
    result = suite("@pytest.mark.parametrize('n', range(20))\ndef test_it(sim_tenant, n):\n    pass\n", "-n", "2")
    said = result.stdout.str() + result.stderr.str()
    assert result.ret == 2
    assert "SYNC_GROUP_SIM_BIN is '/no/such/program'" in said
    assert "INTERNALERROR" not in said and "Traceback" not in said


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_ctrl_c_ends_the_run_and_the_server_without_further_errors(pytester):
    pytester.makepyfile(test_it="""
import os, signal

def test_it(sim_tenant):
    print(sim_tenant.base_url)
    os.killpg(os.getpgrp(), signal.SIGINT)
    signal.pause()
""")
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider"]
    # What runs in the background of a shell without jobs ignores Ctrl-C, and what it starts does so, too.
    ran = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, start_new_session=True, timeout=60,
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    said = ran.stdout + ran.stderr
    assert ran.returncode == 2, said
    assert "KeyboardInterrupt" in said and "SimulatorError" not in said and "Traceback" not in said
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)", said)[1])
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_test_draws_the_same_whatever_ran_before_it(suite, monkeypatch):
    monkeypatch.setenv("SYNC_GROUP_SIM_SEED", "5")
    text = """
def test_a(sim_tenant):
    assert sim_tenant.seed == 5

@pytest.mark.sim(rules=[{"when": {"operation": "getPasswordSyncGroups"}, "fires": {"chance": 0.5}, "fault": {"respond": {"status": 503}}}])
def test_b(sim_tenant):
    print("DRAWN", [of(sim_tenant)[0] for _ in range(12)])
"""
    drawn = [
        [line for line in suite(text, "-s", "-q", *choice).stdout.lines if "DRAWN" in line][0].split("DRAWN")[1][:60]
        for choice in ([], ["-k", "test_b"])
    ]
    assert drawn[0] == drawn[1]
    assert "200" in drawn[0] and "503" in drawn[0]
