"""Takes what is not the same in every build out of a bill of materials: `sbom.py FROM ROOT TO`. That is its serial number,
the time, and paths of the machine (ROOT, percent-encoded in references)."""

import json
import sys
from pathlib import Path


def main() -> None:
    source, root, to = sys.argv[1:]
    text = Path(source).read_text(encoding="utf-8").replace(root, "/sync-group-sim")
    bill = json.loads(text)
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    Path(to).write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


main()
