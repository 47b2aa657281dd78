"""Plays the runtime of containers, for a test on a machine without one: takes an image's archive apart, and runs its program
as its settings say, in namespaces of its own (files, processes, network), from a read-only root file system, without any
right of the system's administrator, who has to start it.

  container.py unpack ARCHIVE FOLDER
  container.py run FOLDER [-e NAME=VALUE]... [-v FROM:TO]... [ARGUMENT]...    ends as the program does
  container.py exec FOLDER PID COMMAND...     in the same container; PID is the program's, as this machine counts
  container.py health FOLDER PID              what its HEALTHCHECK says

Beside the loopback, a container has the address 192.0.2.2, by which others would reach it.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

ADDRESS = "192.0.2.2"


def unpack(archive: Path, folder: Path) -> None:
    """Leaves FOLDER/root and FOLDER/config.json."""
    root = folder / "root"
    root.mkdir(parents=True)
    with tarfile.open(archive) as image:
        (manifest,) = json.load(image.extractfile("manifest.json"))
        (folder / "config.json").write_bytes(image.extractfile(manifest["Config"]).read())
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=image.extractfile(name)) as layer:
                layer.extractall(root, numeric_owner=True)


def settings(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())["config"]


def run(folder: Path, arguments: list[str]) -> None:
    own = [sys.executable, __file__, "inside", str(folder), *arguments]
    os.execvp("unshare", ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--", *own])


def inside(folder: Path, arguments: list[str]) -> None:
    """The first process of the namespaces, which the program takes the place of."""
    variables, volumes = {}, []
    while arguments and arguments[0] in ("-e", "-v"):
        option, value, *arguments = arguments
        if option == "-e":
            name, variables[name] = value.split("=", 1)
        else:
            volumes.append(value.split(":", 1))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    make_read_only(folder / "root", volumes)
    become(folder, settings(folder)["Entrypoint"] + (arguments or settings(folder).get("Cmd") or []), variables)


def make_read_only(root: Path, volumes: list[list[str]]) -> None:
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    for source, to in volumes:
        place = root / to.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        mount("--bind", source, place)
    (root / "proc").mkdir(exist_ok=True)
    mount("-t", "proc", "proc", root / "proc")
    mount("-o", "remount,bind,ro", root)


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def become(folder: Path, command: list[str], variables: dict[str, str]) -> None:
    config = settings(folder)
    user, group = map(int, config["User"].split(":"))
    environment = dict(line.split("=", 1) for line in config["Env"]) | variables
    os.chroot(folder / "root")
    os.chdir(config["WorkingDir"] or "/")
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    os.execvpe(command[0], command, environment)


def enter(folder: Path, pid: str, command: list[str]) -> None:
    """Runs a command beside the program, with the program's variables, as `docker exec` does."""
    own = [sys.executable, __file__, "beside", str(folder), pid, *command]
    os.execvp("nsenter", ["nsenter", "--target", pid, "--mount", "--net", "--uts", "--ipc", "--", *own])


def main() -> None:
    what, folder, *arguments = sys.argv[1:]
    if what == "unpack":
        unpack(Path(folder), Path(arguments[0]))
    elif what == "run":
        run(Path(folder).resolve(), arguments)
    elif what == "inside":
        inside(Path(folder), arguments)
    elif what == "exec":
        enter(Path(folder).resolve(), arguments[0], arguments[1:])
    elif what == "health":
        kind, *command = settings(Path(folder))["Healthcheck"]["Test"]
        assert kind == "CMD", f"{kind} needs a shell, and there is none"
        enter(Path(folder).resolve(), arguments[0], command)
    elif what == "beside":
        pid, *command = arguments
        variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
        become(Path(folder), command, dict(line.split("=", 1) for line in variables if line))
    else:
        sys.exit(__doc__)


main()
