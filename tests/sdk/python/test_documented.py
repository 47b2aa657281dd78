"""The programs in docs/clients/python.md that use the SDK, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

from clients import STYLES
from simulator import SHARED

SIMULATOR_OPTIONS = ["--fixture", "demo"]
PAGE = Path(__file__).parents[3] / "docs/clients/python.md"


def test_the_documented_programs_for_this_release_list_the_groups(base_url):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    ours = [block for block in blocks if any(f"from sailpoint.{style} import" in block for style in STYLES)]
    assert ours
    for block in ours:
        environment = os.environ | {
            "SAIL_BASE_URL": base_url,
            "SAIL_CLIENT_ID": SHARED["ADMIN_ID"],
            "SAIL_CLIENT_SECRET": SHARED["ADMIN_SECRET"],
        }
        ran = subprocess.run([sys.executable, "-c", block], env=environment, capture_output=True, text=True, timeout=60)
        assert (ran.returncode, ran.stdout) == (0, "['Password Sync Group 1', 'Research accounts']\n"), ran.stderr
