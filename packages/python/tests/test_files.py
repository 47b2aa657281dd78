"""Scenario and fixture files as people's tools write them, and what is said of mistakes in them."""

import codecs

import pytest

from sync_group_sim import CallRefused, SimulatorError

SCENARIO = '{"name": "mine", "rules": [{"when": {"operation": "token"}, "fault": {"respond": {"status": 502}}}]}'
YAML = "name: mine\nrules:\n  - when: {operation: token}\n    fault: {respond: {status: 502}}\n"


def of(text, mark, encoding="utf-8"):
    return mark + text.encode(encoding)


WRITTEN = {
    "plain.yaml": of(YAML, b""),
    "marked.yaml": of(YAML.replace("\n", "\r\n"), codecs.BOM_UTF8),
    "windows.yaml": of(YAML, codecs.BOM_UTF16_LE, "utf-16-le"),
    "plain.json": of(SCENARIO, b""),
    "marked.json": of(SCENARIO, codecs.BOM_UTF8),
    "windows.json": of(SCENARIO, codecs.BOM_UTF16_LE, "utf-16-le"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_scenario_file_is_read_as_the_program_reads_it(sync_group_sim, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WRITTEN[name])
    with sync_group_sim.tenant(scenario=path) as tenant:
        assert [rule["scenario"] for rule in tenant.control("GET", "scenario")["rules"]] == ["mine"]
    if name.endswith(".json"):
        with sync_group_sim.tenant(scenario=[path, "rate-limited"]) as tenant:
            assert tenant.control("GET", "scenario")["rules"][0]["scenario"] == "mine"


RULES = [{"when": {"operation": "token"}, "fault": {"respond": {"status": status}}} for status in (503, 500)]


@pytest.mark.parametrize("begins_with", ["a file", "rules"])
def test_a_tenant_begins_anew_as_it_began(sync_group_sim, tmp_path, begins_with):
    path = tmp_path / "mine.yaml"
    path.write_text(YAML)
    options = {"scenario": path} if begins_with == "a file" else {"rules": RULES}
    with sync_group_sim.tenant(**options, clock={"mode": "manual", "now": "2030-01-01T00:00:00Z"}) as tenant:
        began = tenant.control("GET", "scenario"), tenant.clock()
        tenant.use()
        tenant.clock("auto", now="2031-01-01T00:00:00Z")
        tenant.reset()
        assert (tenant.control("GET", "scenario"), tenant.clock()) == began
        # The control API knows only what the tenant was created with.
        tenant.control("POST", "reset")
        assert (tenant.control("GET", "scenario")["rules"], tenant.clock()["mode"]) == ([], "auto")
        tenant.reset()
        assert (tenant.control("GET", "scenario"), tenant.clock()) == began


FIXTURE = '{"sources": [{"id": "s", "name": "Zürich", "connectionType": "direct"}]}'
FIXTURE_IN_YAML = "%YAML 1.2\n---\nsources:\n- id: s\n  name: Zürich\n  connectionType: direct\n...\n"


@pytest.mark.parametrize(("name", "text"), [("mine.json", FIXTURE), ("MINE.JSON", FIXTURE), ("mine.yaml", FIXTURE_IN_YAML)])
@pytest.mark.parametrize(("mark", "encoding"), [(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_a_fixture_file_is_read_as_the_program_reads_it(sync_group_sim, tmp_path, name, text, mark, encoding):
    path = tmp_path / name
    path.write_bytes(of(text, mark, encoding))
    for options in ({}, {"scenario": "rate-limited", "draw_key": "it"}):
        with sync_group_sim.tenant(fixture=path, **options) as tenant:
            assert [source["name"] for source in tenant.control("GET", "state")["sources"]] == ["Zürich"]


def test_mistakes_are_told_in_the_servers_words_at_the_files_places(sync_group_sim, tmp_path):
    scenario, fixture, broken = (tmp_path / name for name in ("mine.yaml", "mine.json", "broken.json"))
    scenario.write_text("nmae: mine\nrules:\n  - fault: clsoe\n")
    fixture.write_text('{"grups": [],\n "clints": [],\n "grups": []}')
    broken.write_text('{"name": "mine",\n "rules": [}\n')
    with pytest.raises(CallRefused) as refused:
        sync_group_sim.tenant(scenario=scenario)
    assert f"{scenario}:1:1: unknown key `nmae`" in str(refused.value)
    assert f"{scenario}:3:12: fault `clsoe`; did you mean `close`?" in str(refused.value)
    with pytest.raises(CallRefused) as refused:
        sync_group_sim.tenant(fixture=fixture)
    assert f"{fixture}:1:2: unknown key `grups`" in str(refused.value)
    assert f"{fixture}:2:2: unknown key `clints`" in str(refused.value)
    assert f"{fixture}:3:2: a repeated key, first on line 1" in str(refused.value)
    in_yaml = tmp_path / "mine2.yml"
    in_yaml.write_text("groups: []\nclints: []\ngroups: []\n")
    with pytest.raises(CallRefused) as refused:
        sync_group_sim.tenant(fixture=in_yaml)
    assert str(refused.value).startswith(f"{in_yaml}:2:1: unknown key `clints`")
    assert f"\n{in_yaml}:3:1: a repeated key, first on line 1" in str(refused.value)
    with pytest.raises(CallRefused, match="^POST /_sim/tenants: body:1:.*fast"):
        sync_group_sim.tenant(fixture={"groups": []}, rate_limit="fast")
    with pytest.raises(CallRefused, match="broken.json:2:12: "):
        sync_group_sim.tenant(scenario=broken)
    with pytest.raises(SimulatorError, match="broken.json:2:12: not JSON; `sync-group-sim check .*broken.json` says"):
        sync_group_sim.tenant(scenario=["rate-limited", broken])


def test_a_fixture_that_is_no_text_is_told(sync_group_sim, tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("sources: [{name: Zürich}]\n".encode("latin-1"))
    with pytest.raises(SimulatorError, match="latin.yaml: neither UTF-8 nor UTF-16; `sync-group-sim check"):
        sync_group_sim.tenant(fixture=path)


def test_a_rule_that_cannot_fire_is_warned_of(sync_group_sim):
    rule = {"when": {"client": "nobody"}, "fault": "close"}
    with pytest.warns(UserWarning, match="nobody"):
        with sync_group_sim.tenant(scenario={"name": "mine", "rules": [rule]}):
            pass
