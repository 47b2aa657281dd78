"""Compares what the helpers of several languages made of the same steps: `compare.py JOURNAL.json...`.

The first journal is the reference's (reference.py). What cannot be the same is left out: machine times, connections, the
port, and header fields that a language's own HTTP client adds.
"""

import json
import sys
from pathlib import Path

COMPARED = ("seq", "at", "method", "path", "query", "version", "operation", "client", "status", "answered", "performed",
            "violations", "changes", "fate", "rules", "toldAt", "key", "bytesTold")


def settled(exchange: dict) -> dict:
    return {name: exchange[name] for name in COMPARED if name in exchange}


def read(path: str) -> list[dict]:
    journal = json.loads(Path(path).read_text(encoding="utf-8"))
    exchanges = journal["exchanges"] if isinstance(journal, dict) else journal
    return [settled(exchange) for exchange in exchanges]


def main() -> None:
    reference, *others = sys.argv[1:]
    expected = read(reference)
    if len(expected) < 9 or not others:
        sys.exit(f"{reference}: {len(expected)} exchanges, and {len(others)} other journals; expected 9 or more, and some")
    for path in others:
        found = read(path)
        for index, exchange in enumerate(expected):
            other = found[index] if index < len(found) else {}
            differ = [name for name in COMPARED if exchange.get(name) != other.get(name)]
            if differ:
                name = differ[0]
                sys.exit(f"{path}: exchange {index + 1}: `{name}` is {other.get(name)}; in {reference} it is {exchange.get(name)}")
        if len(found) != len(expected):
            sys.exit(f"{path}: {len(found)} exchanges; in {reference} there are {len(expected)}")
        print(f"ok - {Path(path).stem} did what {Path(reference).stem} did: {len(found)} exchanges")


main()
