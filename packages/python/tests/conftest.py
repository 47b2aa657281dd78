"""These tests run against the installed package, as `packages/test` installs it. The client under test is that of
examples/pytest; what it needs for password changes alone is not installed here."""

import sys
import types
from pathlib import Path

pytest_plugins = ["pytester"]

sys.path.append(str(Path(__file__).parents[3] / "examples" / "pytest"))
PADDING = "cryptography.hazmat.primitives.asymmetric.padding"
SERIALIZATION = "cryptography.hazmat.primitives.serialization"
sys.modules.setdefault(PADDING, types.SimpleNamespace(PKCS1v15=None))
sys.modules.setdefault(SERIALIZATION, types.SimpleNamespace(load_der_public_key=None))
