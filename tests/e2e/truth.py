"""Compares records with the truth of the world table, claim by claim."""

import json
import subprocess

import records


def load(lab):
    """({domain: (line, truth)}, {host: (line, truth)}) of the world."""
    domains, hosts = {}, {}
    run = subprocess.run([lab, "truth"], capture_output=True, text=True, check=True)
    for line in run.stdout.splitlines():
        row = json.loads(line)
        into, name = (domains, row["domain"]) if "domain" in row else (hosts, row["host"])
        into[name] = (row["line"], row["truth"])
    return domains, hosts


def _as_set(values):
    return sorted({json.dumps(value, sort_keys=True, default=repr) for value in values or []})


def _holds(found, claim):
    if isinstance(found, list):
        return claim in found
    return isinstance(found, str) and str(claim) in found


def _fault(path, claim, found):
    """A sentence when what was found is not what is claimed; None when it is."""
    if path.endswith("!~"):
        wrong = [one for one in claim if _holds(found, one)]
        return f"{path[:-2]} holds {wrong}, is {found!r}" if wrong else None
    if path.endswith("~"):
        wrong = [one for one in claim if not _holds(found, one)]
        return f"{path[:-1]} lacks {wrong}, is {found!r}" if wrong else None
    same = _as_set(found) == _as_set(claim) if isinstance(claim, list) else found == claim
    return None if same else f"{path} is {found!r}, should be {claim!r}"


def faults(record, truth, kind):
    """The sentences on all claims of a row that a record of format `kind` does not bear out."""
    for path, claim in truth.items():
        plain = path.rstrip("~").rstrip("!")
        if kind == "csv":
            claim = records.csv_text(claim)
            found = _csv_value(records.look_up_csv(record, plain), path, claim)
            # A list of one empty text differs from no list by quotes alone, which a reader of CSV does not show.
            claim = [] if claim == [""] and "[" not in plain else claim
        else:
            found = records.look_up(record, plain)
        sentence = _fault(path, claim, found)
        if sentence:
            yield sentence


def _csv_value(found, path, claim):
    """A cell as a list where the claim is about a list."""
    is_list = isinstance(claim, list) and "[" not in path and isinstance(found, str)
    if is_list and (not path.endswith("~") or "findings" in path or "notes" in path):
        return records.split_csv_list(found)
    return found
