"""What GitHub would refuse, or silently take as empty, in an action of ours: unknown keys, inputs that nothing reads, steps
and inputs that are named and not there, what a caller gives written into a script."""

import re
from pathlib import Path

import yaml

KEYS = {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
STEP_KEYS = {"name", "id", "if", "uses", "with", "run", "shell", "env", "working-directory"}
INPUT_KEYS = {"description", "required", "default"}


def check(folder: Path) -> None:
    path = folder / "action.yml"
    text = path.read_text()
    action = yaml.safe_load(text)

    def expect(holds: bool, said: str) -> None:
        assert holds, f"{path}: {said}"

    expect(action.keys() <= KEYS, f"{action.keys() - KEYS} is no key of an action")
    expect({"name", "description", "runs"} <= action.keys(), "name, description and runs must be there")
    for name, said in action.get("inputs", {}).items():
        expect(bool(said.get("description")) and said.keys() <= INPUT_KEYS, f"input {name}: a description, required or default")
    steps = action["runs"]["steps"]
    expect(action["runs"] == {"using": "composite", "steps": steps}, "runs: expected a composite action")
    for step in steps:
        expect(step.keys() <= STEP_KEYS, f"{step.keys() - STEP_KEYS} is no key of a step")
        expect(("run" in step) != ("uses" in step), "a step has `run` or `uses`")
        expect("run" not in step or step.get("shell") == "bash", "a step that runs something names bash as its shell")
        expect("${{" not in step.get("run", ""), "what a caller gives is no part of a script; expected a variable in `env`")
        expect("uses" not in step or re.search(r"@v\d", step["uses"]) is not None, "a foreign action has a version")
    named = set(re.findall(r"\binputs\.([\w-]+)", text))
    expect(named == action.get("inputs", {}).keys(), f"inputs are {action.get('inputs', {}).keys()}, and {named} are read")
    ids = {step["id"] for step in steps if "id" in step}
    used = set(re.findall(r"\bsteps\.([\w-]+)\.outputs", text))
    expect(used <= ids, f"no step has the id {used - ids}")
    script = (folder if folder.name == "action" else folder.parent) / "ci.sh"
    told = set(re.findall(r"\boutput ([\w-]+) ", script.read_text()))
    outputs = set(re.findall(r"\.outputs\.([\w-]+)", text))
    expect(outputs <= told, f"ci.sh tells no {outputs - told}")
