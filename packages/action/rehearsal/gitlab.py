"""Plays a job of GitLab CI as its runner does: `extends` and `!reference` resolved, before_script and script in one shell
that ends at the first failure, after_script in another. Artifacts are paths that must be there."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

JOB_KEYS = {"extends", "variables", "before_script", "script", "after_script", "artifacts", "image", "allow_failure", "stage"}
JOB_SECONDS = 120


class Reference(list):
    """`!reference [job, key]`."""


class Loader(yaml.SafeLoader):
    """YAML as GitLab reads it."""


Loader.add_constructor("!reference", lambda loader, node: Reference(loader.construct_sequence(node)))


@dataclass
class Ran:
    """What became of a job."""

    code: int
    log: str
    artifacts: list[Path]
    junit: Path | None


def read(text: str) -> dict:
    return yaml.load(text, Loader)


def resolved(jobs: dict, name: str) -> dict:
    """A job with all that it extends: maps are merged, everything else is replaced."""
    job = jobs[name]
    unknown = job.keys() - JOB_KEYS
    assert not unknown, f"the job {name} has {unknown}; expected some of {JOB_KEYS}"
    merged = resolved(jobs, job["extends"]) if "extends" in job else {}
    for key, value in job.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    return merged


def lines(jobs: dict, script: list) -> list[str]:
    """A script's lines, those of other jobs put in where they are referred to."""
    found = []
    for line in script:
        if isinstance(line, Reference):
            job, key = line
            found += lines(jobs, resolved(jobs, job)[key])
        else:
            assert isinstance(line, str), f"{line!r} is no line of a script; GitLab refuses it"
            found.append(line)
    return found


def play(jobs: dict, name: str, project: Path, shell: str, variables: dict[str, str]) -> Ran:
    job = resolved(jobs, name)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SYNC_GROUP_SIM_", "SAIL_", "SIM_", "GITHUB_", "RUNNER_"))},
        "CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(project),
        **{name: str(value) for name, value in job.get("variables", {}).items()},
        **variables,
    }
    main = lines(jobs, job.get("before_script", []) + job["script"])
    # The runner pipes the script into a subshell, which is where a trap has to work.
    first = run(shell, "set -e\n: | eval \"$SCRIPT\"\nexit 0\n", project, {**env, "SCRIPT": "set -e\n" + "\n".join(main)})
    after = run(shell, "\n".join(lines(jobs, job.get("after_script", []))), project, env)
    artifacts = job.get("artifacts", {})
    assert first.returncode == 0 or artifacts.get("when") == "always"
    junit = artifacts.get("reports", {}).get("junit")
    # The runner puts in what the job's variables say, and nothing that the script has set.
    at = lambda path: project / re.sub(r"\$(\w+)", lambda found: env.get(found[1], ""), path)
    return Ran(
        first.returncode, first.stdout + after.stdout, [at(path) for path in artifacts.get("paths", [])], at(junit) if junit else None,
    )


def run(shell: str, script: str, project: Path, env: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [shell, "-c", script], cwd=project, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=JOB_SECONDS,
    )
