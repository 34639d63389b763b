"""The verbs of scripts/lab. Each takes the parsed arguments and gives the exit code."""

import json

from labkit import world


class LabError(Exception):
    """The lab cannot do what was asked; the message is one line for a person."""


def list(arguments):
    for row in world.read(arguments.world).domains:
        print(row.name)
    return 0


def truth(arguments):
    table = world.read(arguments.world)
    for kind, rows in (("domain", table.domains), ("host", table.hosts)):
        for row in rows:
            print(json.dumps({kind: row.name, "line": row.line, "truth": row.truth}, ensure_ascii=False))
    return 0


def check(arguments):
    table = world.read(arguments.world)
    print(f"{len(table.domains)} domains, {len(table.hosts)} hosts")
    return 0
