"""Puts the program into the wheel as a script, and says for which platforms the wheel is. `packages/build` says both:
SYNC_GROUP_SIM_WHEEL_PROGRAM is the program's path, SYNC_GROUP_SIM_WHEEL_PLATFORMS the platforms in pip's words."""

import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProgramHook(BuildHookInterface):
    def initialize(self, version, build_data):
        if version == "editable":
            return
        try:
            program = os.environ["SYNC_GROUP_SIM_WHEEL_PROGRAM"]
            platforms = os.environ["SYNC_GROUP_SIM_WHEEL_PLATFORMS"]
        except KeyError as error:
            raise SystemExit(
                f"{error.args[0]} is not set: a wheel holds the program for a platform; use packages/build, "
                "which builds it and makes the wheel, or packages/python for development: pip install -e"
            ) from None
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platforms}"
        build_data["shared_scripts"][program] = os.path.basename(program)
