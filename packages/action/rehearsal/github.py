"""Plays a job of a workflow as GitHub's runner does: its steps in order, those of composite actions among them, with the
files and variables that a runner gives them. What it does not know it refuses. An upload copies files to a folder."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

STEP_KEYS = {"name", "id", "if", "uses", "with", "run", "shell", "env", "working-directory"}
KNOWN_ACTIONS = ("actions/checkout@", "actions/upload-artifact@")
STEP_SECONDS = 120


@dataclass
class Job:
    """A job: where it runs, which actions it knows by which prefix, and what became of it."""

    workspace: Path
    folder: Path
    actions: dict[str, Path]
    variables: dict[str, str] = field(default_factory=dict)
    log: str = ""
    failed: bool = False
    artifacts: dict[str, Path] = field(default_factory=dict)
    summary: str = ""
    path: list[str] = field(default_factory=list)

    def play(self, steps: list[dict]) -> "Job":
        self.folder.mkdir(parents=True)
        self._steps(steps, {})
        return self

    def _steps(self, steps: list[dict], context: dict[str, str]) -> None:
        for number, step in enumerate(steps):
            unknown = step.keys() - STEP_KEYS
            assert not unknown, f"a step has {unknown}; expected some of {STEP_KEYS}"
            if holds(step.get("if", "success()"), context, self.failed):
                self._step(step, context, f"{number}")

    def _step(self, step: dict, context: dict[str, str], number: str) -> None:
        if "run" in step:
            self._run(step, context, number)
            return
        given = {name: fill(str(value), context) for name, value in step.get("with", {}).items()}
        uses = step["uses"]
        if uses.startswith("actions/upload-artifact@"):
            self._upload(given)
        elif not uses.startswith(KNOWN_ACTIONS):
            self._composite(step, self._found(uses), given, context)

    def _found(self, uses: str) -> Path:
        name = uses.split("@")[0]
        assert name in self.actions, f"{uses} is no action of ours; expected one of {list(self.actions)}"
        return self.actions[name]

    def _composite(self, step: dict, action: Path, given: dict[str, str], outer: dict[str, str]) -> None:
        text = yaml.safe_load((action / "action.yml").read_text())
        inputs = text.get("inputs", {})
        assert given.keys() <= inputs.keys(), f"{action} has no input {given.keys() - inputs.keys()}"
        missing = [name for name, said in inputs.items() if said.get("required") and name not in given]
        assert not missing, f"{action} asks for {missing}"
        assert text["runs"]["using"] == "composite"
        context = {f"inputs.{name}": given.get(name, said.get("default", "")) for name, said in inputs.items()}
        before, self.variables = self.variables, {**self.variables, "GITHUB_ACTION_PATH": str(action)}
        # In a composite action, what went wrong before it is forgotten: conditions look at its own steps.
        failed_before, self.failed = self.failed, False
        self._steps(text["runs"]["steps"], context)
        self.failed = self.failed or failed_before
        self.variables = {**self.variables, **{"GITHUB_ACTION_PATH": before.get("GITHUB_ACTION_PATH", "")}}
        if "id" in step:
            for name, said in text.get("outputs", {}).items():
                outer[f"steps.{step['id']}.outputs.{name}"] = fill(said["value"], context)

    def _run(self, step: dict, context: dict[str, str], number: str) -> None:
        files = {name: self.folder / f"{len(self.log)}-{number}-{name}" for name in ("ENV", "OUTPUT", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SYNC_GROUP_SIM_", "SAIL_", "SIM_"))},
            **self.variables,
            **{name: fill(str(value), context) for name, value in step.get("env", {}).items()},
            **{f"GITHUB_{name}": str(file) for name, file in files.items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.folder / "temp"),
        }
        env["PATH"] = os.pathsep.join([*reversed(self.path), env["PATH"]])
        (self.folder / "temp").mkdir(exist_ok=True)
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", fill(step["run"], context)],
            cwd=self.workspace / fill(step.get("working-directory", "."), context),
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=STEP_SECONDS,
        )
        self.log += ran.stdout
        self.failed = self.failed or ran.returncode != 0
        self.variables.update(pairs(files["ENV"]))
        self.path += files["PATH"].read_text().splitlines()
        self.summary += files["STEP_SUMMARY"].read_text()
        if "id" in step:
            context.update({f"steps.{step['id']}.outputs.{name}": value for name, value in pairs(files["OUTPUT"]).items()})

    def _upload(self, given: dict[str, str]) -> None:
        assert given.keys() <= {"name", "path", "if-no-files-found"}, given
        found = self.workspace / given["path"]
        if found.exists():
            self.artifacts[given["name"]] = Path(shutil.copytree(found, self.folder / "artifacts" / given["name"]))


def pairs(file: Path) -> dict[str, str]:
    """`NAME=value` lines; the form for values of several lines is not used here."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def fill(text: str, context: dict[str, str]) -> str:
    """Puts values in the place of `${{ … }}`; what is not set is empty, as at GitHub."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: context.get(found[1], ""), text)


def holds(condition: str, context: dict[str, str], failed: bool) -> bool:
    """Conditions of the forms that the actions and the pages have, joined by `&&`."""
    parts = [part.strip() for part in str(condition).split("&&")]
    if not any(part.endswith("()") for part in parts):
        parts.insert(0, "success()")
    return all(part_holds(part, context, failed) for part in parts)


def part_holds(part: str, context: dict[str, str], failed: bool) -> bool:
    if part in ("always()", "success()", "failure()"):
        return {"always()": True, "success()": not failed, "failure()": failed}[part]
    name, value = re.fullmatch(r"([\w.-]+) != '(\w*)'", part).groups()
    return context.get(name, "") != value
