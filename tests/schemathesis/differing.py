"""Prints the ids of the operations in one OpenAPI document whose contract is not the same in another.

    differing.py DOCUMENT OTHER
"""

import json
import sys

METHODS = {"get", "put", "post", "patch", "delete"}


def operations(path):
    """Each operation with its path's parameters and everything that it refers to, by id."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    found = {}
    for template, item in document["paths"].items():
        for method in METHODS & item.keys():
            contract = [method, template, item.get("parameters"), item[method]]
            found[item[method]["operationId"]] = resolved(document, contract, ())
    return found


def resolved(document, node, within):
    """The node with what it refers to in its place; a reference to what it stands in stays."""
    if isinstance(node, list):
        return [resolved(document, part, within) for part in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if reference is None:
        return {name: resolved(document, part, within) for name, part in node.items()}
    if reference in within:
        return node
    target = document
    for step in reference.removeprefix("#/").split("/"):
        target = target[step.replace("~1", "/").replace("~0", "~")]
    return resolved(document, target, (*within, reference))


ours, other = map(operations, sys.argv[1:])
print("\n".join(sorted(id for id, contract in ours.items() if other.get(id) != contract)))
