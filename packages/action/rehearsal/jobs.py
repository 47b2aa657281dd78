"""Plays what is here for CI as it will be played: the jobs of docs/ci.md, step by step, with the actions and the template as
they are, beside a release that is made of the program given as the argument. And the ways in which jobs go wrong."""

import hashlib
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

import github
import gitlab
import lint

ACTION = Path(__file__).resolve().parents[1]
ROOT = ACTION.parents[1]
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
PUBLISHER = "publisher/sync-group-sim"
GOOD = (ROOT / "tests/drill/clients/groups_sync.py").read_text()
# A drill in which a client really waits: two seconds each time that a server of ours tells it to, and one that waits less is
# told so again and again, for half a minute a run. In a scenario of one's own, once.
BUILT_IN, OWN = "--only rate-limited --probe off", "--only once.yaml --probe off"
ONCE = "name: once\nrules:\n  - {fires: {nth: 4}, fault: {rateLimited: {retryAfter: 2s, window: 2s}}}\n"

# What a job calls sync.py: gets a token and lists the groups, once.
CLIENT = """
import json, os, urllib.parse, urllib.request
base = os.environ["SAIL_BASE_URL"]
form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"], "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
with urllib.request.urlopen(f"{base}/oauth/token", urllib.parse.urlencode(form).encode()) as reply:
    token = json.load(reply)["access_token"]
request = urllib.request.Request(f"{base}/v2024/password-sync-groups", headers={"Authorization": f"Bearer {token}"})
print(len(json.load(urllib.request.urlopen(request))), "groups")
"""


def ok(said: str) -> None:
    print(f"ok - {said}", flush=True)


class Rehearsal:
    def __init__(self, work: Path) -> None:
        self.work, self.program, self.jobs = work, Path(sys.argv[1]).resolve(), itertools.count(1)
        self.checkout = self._published()
        self.release = self._released(work / "server" / PUBLISHER / "releases/download" / f"v{VERSION}")
        blocks = re.findall(r"```yml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)
        self.test_job, self.drill_job, self.pipeline = blocks

    def _published(self) -> Path:
        """These actions as they are once somebody publishes them."""
        checkout = self.work / "checkout"
        shutil.copytree(ACTION, checkout / "packages/action", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Cargo.toml", checkout)
        owner = (ACTION.parent / "OWNER").read_text()
        (checkout / "packages/OWNER").write_text(re.sub(r"^repository=.*", f"repository={PUBLISHER}", owner, flags=re.MULTILINE))
        return checkout

    def _released(self, folder: Path) -> Path:
        """A release with the archive for this machine, as packages/build names it."""
        folder.mkdir(parents=True)
        name = f"sync-group-sim-{VERSION}-{platform.machine()}-unknown-linux-musl"
        archive = folder / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=1) as file:
            file.add(self.program, f"{name}/sync-group-sim")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        (folder / "SHA256SUMS").write_text(f"{digest}  {archive.name}\n")
        return archive

    # --- GitHub -----------------------------------------------------------------------------------------------------------

    def github(self, job: str, change=lambda steps: None, checkout: Path | None = None, client: str = CLIENT) -> github.Job:
        number = next(self.jobs)
        workspace = self.work / f"workspace-{number}"
        workspace.mkdir()
        (workspace / "sync.py").write_text(client)
        (workspace / "once.yaml").write_text(ONCE)
        (steps,) = [each["steps"] for each in yaml.safe_load(job)["jobs"].values()]
        change(steps)
        actions = {
            f"OWNER/NAME/packages/action{end}": (checkout or self.checkout) / f"packages/action{end}" for end in ("", "/stop", "/drill")
        }
        played = github.Job(workspace, self.work / f"job-{number}", actions)
        played.variables["GITHUB_SERVER_URL"] = (self.work / "server").as_uri()
        return played.play(steps)

    def a_job_has_a_server(self) -> None:
        played = self.github(self.test_job, lambda steps: steps.insert(3, {"run": "sync-group-sim journal && sync-group-sim --version"}))
        assert not played.failed, played.log
        told = played.variables
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", told["SAIL_BASE_URL"]), told
        assert f"::add-mask::{told['SAIL_CLIENT_SECRET']}\n" in played.log
        shown = played.log.replace(f"::add-mask::{told['SAIL_CLIENT_SECRET']}\n", "")
        assert told["SAIL_CLIENT_SECRET"] not in shown
        assert "2 groups" in played.log and f"sync-group-sim {VERSION}" in played.log, played.log
        assert told["SYNC_GROUP_SIM_BIN"].startswith(str(played.folder)), "the release's own program"
        journal = (played.artifacts["sync-group-sim-journals"] / "default-0.json").read_text()
        assert '"operation":"getPasswordSyncGroups"' in journal and told["SAIL_CLIENT_SECRET"] not in journal
        assert is_gone(told["SAIL_BASE_URL"]), "the server is still there"
        ok("GitHub: a job of the page gets the release, a server and its variables, and its journals are uploaded")

    def what_is_asked_for_is_what_the_server_does(self) -> None:
        rules = "- when: {operation: getPasswordSyncGroups}\n  fault: {respond: {status: 503}}\n"
        given = {"tenant": "my-job", "rules": rules, "scenario": "refuses-connections-at-start", "options": "--token-lifetime 60s --log-control", "seed": 7}
        given["scenario"] = "rate-limited"
        played = self.github(self.test_job, lambda steps: steps[1].update({"with": given, "id": "sim"}))
        assert played.failed and "HTTP Error 503" in played.log, played.log
        told = played.variables
        assert told["SAIL_BASE_URL"].endswith("/tenants/my-job") and told["SYNC_GROUP_SIM_URL"] == told["SAIL_BASE_URL"]
        assert "seed 7 " in played.log and "listening on " in played.log
        journal = (played.artifacts["sync-group-sim-journals"] / "my-job-0.json").read_text()
        assert '"expires_in":59' in journal or '"expires_in":60' in journal, journal[:2000]
        ok("GitHub: tenant, rules, seed and options take effect; a step that fails leaves its journals all the same")

    def nothing_else_is_run(self) -> None:
        for given, said in (
            ({"sha256": "0" * 64}, rf"has the SHA-256 digest [0-9a-f]{{64}}; expected 0{{64}}\. It is not used"),
            ({"version": "9.9.9"}, r"v9\.9\.9/sync-group-sim-9\.9\.9-.* cannot be fetched; expected a release of version 9\.9\.9"),
            ({"binary": "no/such/program"}, r"`binary` is no/such/program, and no file is there"),
            ({"binary": "/bin/true"}, r"`binary` is /bin/true, which is not sync-group-sim for this system, or a part of it alone: `--version` ended with code 0"),
            ({"binary": str(self.program), "version": "0.0.9"}, rf"is sync-group-sim {VERSION}; expected a program 0\.0\.x, as the version asked for, or that of the action, is 0\.0\.9"),
            ({"scenario": "rate-limitted"}, r"the server did not start: .*rate-limitted"),
            ({"rules": "- when: {operation: tokens}\n  fault: {respond: {status: 500}}"}, r"the server did not start: .*rules\.yaml:3:\d+: .*tokens"),
            ({"journals": "a\nbase-url=elsewhere"}, r"journals is of several lines; expected one: a%0Abase-url=elsewhere"),
            ({"rules": "- when: {operation: tokens}\n- 100%"}, r"the server did not start: .*rules\.yaml:3:\d+: .*%0A.*rules\.yaml:4:\d+: .*100%25"),
            ({"tenant": "My_Job"}, r"`tenant` is `My_Job`; expected 1 to 63 characters of a-z, 0-9, -"),
        ):
            played = self.github(self.test_job, lambda steps: steps[1].update({"with": given}))
            assert played.failed and re.search(rf"::error title=sync-group-sim::.*{said}", played.log), played.log
            assert " groups" not in played.log, "the steps that follow ran"
        played = self.github(self.test_job, checkout=ROOT)
        owner = re.search(r"^repository=(.*)", (ACTION.parent / "OWNER").read_text(), re.MULTILINE)[1]
        assert owner or "nothing is published yet, as packages/OWNER says; give the program's path as `binary`" in played.log, played.log
        ok("GitHub: what cannot be fetched, has another digest, or is mistaken fails the step with a message, and nothing is run")

    def a_program_that_is_there_is_used(self) -> None:
        pin = hashlib.sha256(self.release.read_bytes()).hexdigest()
        mirror = self.release.parents[1].as_uri()
        for given in ({"binary": str(self.program)}, {"sha256": pin.upper()}, {"releases": mirror, "version": f"v{VERSION}"}):
            given["journals"] = "what clients did"
            played = self.github(self.test_job, lambda steps: steps[1].update({"with": given}))
            assert not played.failed, played.log
            assert (played.artifacts["sync-group-sim-journals"] / "default-0.json").exists(), played.artifacts
        ok("GitHub: a program that is there, a digest that is pinned, and a mirror do")

    def a_drill_passes(self) -> None:
        played = self.github(self.drill_job, lambda steps: steps[1]["with"].update({"options": BUILT_IN}), client=GOOD)
        assert not played.failed, played.log
        assert "1 scenario: 1 ok" in played.summary, played.summary
        assert {"report.html", "report.json", "report.xml", "report.md"} <= {file.name for file in played.artifacts["drill"].iterdir()}
        ok("GitHub: a drill of the page passes, with summary and reports")

    def a_drill_fails(self) -> None:
        def eager(steps):
            steps[1]["with"].update({"options": OWN, "command": "python3 sync.py --mutant eager"})
            steps[1]["id"] = "drill"
            steps.append({"if": "failure()", "run": "echo it ended with ${{ steps.drill.outputs.exit-code }}"})

        played = self.github(self.drill_job, eager, client=GOOD)
        assert played.failed and "retry-after-ignored" in played.summary, played.log
        assert re.search(r"^::error .*", played.log, re.MULTILINE), played.log
        assert "it ended with 1" in played.log
        assert "<failure" in (played.artifacts["drill"] / "report.xml").read_text()
        ok("GitHub: a drill of the page fails as it should, with summary, annotations, exit code and reports")

    def a_program_that_is_another_passes_no_drill(self) -> None:
        folder = self.work / f"another-{next(self.jobs)}"
        folder.mkdir()
        for name, text, said in (
            ("empty", "", "`--version` ended with code 0 and printed nothing"),
            ("not whole", "#!/bin/sh\nkill -SEGV $$\n", "`--version` ended with code 139 and printed"),
            ("older", "#!/bin/sh\necho sync-group-sim 0.0.9\n", f"is sync-group-sim 0.0.9; expected a program {'.'.join(VERSION.split('.')[:2])}.x"),
        ):
            program = folder / name
            program.write_text(text)
            program.chmod(0o755)
            settings = {"PATH": os.environ["PATH"], "SIM_BINARY": str(program), "SIM_COMMAND": "true", "SIM_VERSION": VERSION, "TMPDIR": str(folder)}
            ran = gitlab.run("sh", f"sh {ACTION}/ci.sh drill", folder, settings)
            assert ran.returncode == 1 and said in ran.stdout, ran.stdout
        ok("elsewhere: by a program that is another, not whole or older no drill passes")

    # --- GitLab -----------------------------------------------------------------------------------------------------------

    def gitlab(self, job: str, shell: str, client: str = CLIENT, **variables: str) -> tuple[gitlab.Ran, Path]:
        project = self.work / f"project-{next(self.jobs)}"
        project.mkdir()
        (project / "sync.py").write_text(client)
        (project / "once.yaml").write_text(ONCE)
        made = subprocess.run(["sh", self.checkout / "packages/action/gitlab"], capture_output=True, text=True, check=True).stdout
        jobs = {**gitlab.read(made), **gitlab.read(self.pipeline)}
        given = {"SIM_RELEASES": self.release.parents[1].as_uri(), **variables}
        return gitlab.play(jobs, job, project, shell, given), project

    def the_template_is_what_is_made(self) -> None:
        made = subprocess.run(["sh", ACTION / "gitlab"], capture_output=True, text=True, check=True).stdout
        assert made == (ACTION / "gitlab.yml").read_text(), "packages/action/gitlab.yml is old; type: packages/action/gitlab >packages/action/gitlab.yml"
        published = subprocess.run(["sh", self.checkout / "packages/action/gitlab"], capture_output=True, text=True, check=True).stdout
        assert f'SIM_RELEASES: "https://github.com/{PUBLISHER}/releases/download"' in published
        ok("GitLab: the template is what packages/action/gitlab makes, and it names the publisher that packages/OWNER does")

    def a_pipeline_has_a_server(self) -> None:
        for shell in ("bash", "sh"):
            ran, project = self.gitlab("test", shell, **({"SIM_JOURNALS": "what clients did"} if shell == "sh" else {}))
            assert ran.code == 0 and "2 groups" in ran.log, ran.log
            journal = (ran.artifacts[0] / "default-0.json").read_text()
            assert '"operation":"getPasswordSyncGroups"' in journal
            assert "no server runs" in ran.log, "the server outlived the script"
            ran, project = self.gitlab("test", shell, client="raise SystemExit(3)")
            assert ran.code != 0 and (project / ".sync-group-sim/ended").read_text() == "0\n", ran.log
        ran, _ = self.gitlab("test", "sh", SIM_SHA256="0" * 64)
        assert ran.code != 0 and "expected 0000" in ran.log and " groups" not in ran.log, ran.log
        ok("GitLab: a job of the page has a server while its script runs, in bash and sh; it ends with the script, also one that fails")

    def a_pipelines_drill_passes(self) -> None:
        ran, _ = self.gitlab("drill", "sh", client=GOOD, SIM_OPTIONS=OWN, SIM_OUT="what it found")
        assert ran.code == 0, ran.log
        assert not xml.parse(ran.junit).findall(".//failure")
        ok("GitLab: a drill of the page passes, and its JUnit report is where the job says")

    def a_pipelines_drill_fails(self) -> None:
        eager = "python3 sync.py --mutant eager"
        ran, _ = self.gitlab("drill", "sh", client=GOOD, SIM_OPTIONS=OWN, SIM_COMMAND=eager)
        assert ran.code == 1 and xml.parse(ran.junit).findall(".//failure"), ran.log
        assert (ran.artifacts[0] / "report.html").exists()
        ok("GitLab: a drill of the page fails as it should, and its JUnit report is where the template says")

    # --- Any other --------------------------------------------------------------------------------------------------------

    def any_shell_will_do(self) -> None:
        folder = self.work / f"plain-{next(self.jobs)}"
        folder.mkdir()
        (folder / "sync.py").write_text(CLIENT)
        script = f"""
            set -eu
            export SIM_BINARY="it's here/sync-group-sim" TMPDIR={folder}
            mkdir "it's here"
            cp {self.program} "it's here/"
            chmod 644 "$SIM_BINARY"
            ! sh {ACTION}/ci.sh start
            chmod 755 "$SIM_BINARY"
            sh {ACTION}/ci.sh start
            . {folder}/sync-group-sim/env
            [ "$SYNC_GROUP_SIM_BIN" = "{folder}/it's here/sync-group-sim" ]
            python3 sync.py
            ! sh {ACTION}/ci.sh start
            sh {ACTION}/ci.sh stop
            sh {ACTION}/ci.sh stop
            export http_proxy=http://127.0.0.1:9 NO_PROXY=example.com # nobody is there
            sh {ACTION}/ci.sh start
            . {folder}/sync-group-sim/env
            [ "$NO_PROXY $no_proxy" = "example.com,127.0.0.1 example.com,127.0.0.1" ]
            python3 sync.py
            sh {ACTION}/ci.sh stop
            unset http_proxy
            echo "$SAIL_BASE_URL" >url
            echo 1 >{folder}/sync-group-sim/port # as one that was killed leaves it
            sh {ACTION}/ci.sh start
            sh {ACTION}/ci.sh stop
        """
        ran = gitlab.run("sh", script, folder, {"PATH": os.environ["PATH"]})
        assert ran.returncode == 0 and "2 groups" in ran.stdout, ran.stdout
        assert "which may not be run; try: chmod +x 'it'\\''s here/sync-group-sim'" in ran.stdout, ran.stdout
        assert "a server runs already in this job" in ran.stdout and "no server runs" in ran.stdout, ran.stdout
        assert (folder / "sync-group-sim-journals/default-0.json").exists() and is_gone((folder / "url").read_text().strip())
        ok("elsewhere: ci.sh starts a server, tells how it is reached, and ends it")


def is_gone(url: str) -> bool:
    return subprocess.run(["curl", "-s", "--max-time", "5", f"{url}/_sim/health"], stdout=subprocess.DEVNULL).returncode == 7


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        rehearsal = Rehearsal(Path(folder))
        for action in ("", "stop", "drill"):
            lint.check(ACTION / action)
        ok("the actions' inputs, outputs and steps fit together")
        # Drills wait more than they compute, so they run beside the rest.
        with ThreadPoolExecutor() as beside:
            drills = [beside.submit(drill) for drill in (
                rehearsal.a_drill_passes, rehearsal.a_drill_fails, rehearsal.a_pipelines_drill_passes, rehearsal.a_pipelines_drill_fails,
            )]
            play(rehearsal)
            for drill in drills:
                drill.result()


def play(rehearsal: Rehearsal) -> None:
    """Everything that waits for nothing."""
    for part in (
        rehearsal.the_template_is_what_is_made,
        rehearsal.a_job_has_a_server,
        rehearsal.what_is_asked_for_is_what_the_server_does,
        rehearsal.nothing_else_is_run,
        rehearsal.a_program_that_is_there_is_used,
        rehearsal.a_pipeline_has_a_server,
        rehearsal.any_shell_will_do,
        rehearsal.a_program_that_is_another_passes_no_drill,
    ):
        part()


main()
