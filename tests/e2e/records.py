"""Reads what a scan has written, in each of its three formats, into the same plain values, and looks fields up in them.

A record becomes a nested dict: text and bytes that are UTF-8 become str, other bytes stay bytes. From CSV every value comes
as the text in its cell, and the tables of lists of maps are put back into their records.
"""

import base64
import csv
import json
import re
from pathlib import Path

import msgpack

FORMATS = ("msgpack", "csv", "jsonl")
FAMILY_KEYS = {"domains": "index", "hosts": "host", "certs": "sha256"}
CSV_PREFIXES = {"domains": "domain", "hosts": "host", "certs": "certificate"}
B64 = "_b64"


class ReadError(Exception):
    """An output is missing or is not what its name says."""


def _plain(value):
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return value
        return value if "\0" in text else text
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value


def _join_b64(value):
    """JSON's `x_b64` fields put back as bytes under `x`."""
    if isinstance(value, list):
        return [_join_b64(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, item in value.items():
        if key.endswith(B64):
            decode = (
                [base64.b64decode(one) for one in item]
                if isinstance(item, list)
                else None
                if item is None
                else base64.b64decode(item)
            )
            if decode is not None or key[: -len(B64)] not in value:
                out[key[: -len(B64)]] = _plain(decode)
        elif key + B64 not in value or item is not None:
            out[key] = _join_b64(item)
    return out


def _parts(folder, family, kind):
    return sorted(Path(folder).glob(f"{family}-[0-9]*.{kind}"))


def _read_msgpack(path):
    with open(path, "rb") as part:
        yield from (_plain(record) for record in msgpack.Unpacker(part, raw=True, max_buffer_size=1 << 28))


def _read_jsonl(path):
    with open(path, encoding="utf-8") as part:
        yield from (_join_b64(json.loads(line)) for line in part)


def read(folder, family, kind):
    """All records of a family ("domains", "hosts", "certs") in a format."""
    if kind == "csv":
        return CsvTables(folder, family).records()
    parts = _parts(folder, family, kind)
    if not parts:
        raise ReadError(f"{folder} holds no {family}-NNNNN.{kind}")
    reader = {"msgpack": _read_msgpack, "jsonl": _read_jsonl}[kind]
    return [_hex_hashes(record, kind) for part in parts for record in reader(part)]


HASH_FIELDS = {"sha256", "spki_sha256", "chain"}


def _hex_hashes(value, kind, name=""):
    """Hashes are bytes in msgpack and hexadecimal elsewhere."""
    if isinstance(value, dict):
        return {key: _hex_hashes(item, kind, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_hex_hashes(item, kind, name) for item in value]
    if kind == "msgpack" and name in HASH_FIELDS and value is not None:
        return (value if isinstance(value, bytes) else value.encode("utf-8")).hex()
    return value


def split_csv_list(cell):
    """The elements of a CSV list: joined by `;`, `\\;` and `\\\\` within an element."""
    if cell == "":
        return []
    out, current, at = [], "", 0
    while at < len(cell):
        if cell[at] == "\\" and at + 1 < len(cell):
            current += cell[at + 1]
            at += 2
        elif cell[at] == ";":
            out.append(current)
            current = ""
            at += 1
        else:
            current += cell[at]
            at += 1
    return out + [current]


def csv_text(value):
    """A plain value as its CSV cell says it, or a list of such texts; null and empty are one."""
    if isinstance(value, list):
        return [csv_text(item) for item in value]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (str, bytes)) else str(value)


class CsvTables:
    """The main table of a family, its lists of maps put back under their paths."""

    def __init__(self, folder, family):
        self.folder, self.family = folder, family

    def _rows(self, table):
        for part in _parts(self.folder, table, "csv"):
            with open(part, newline="", encoding="utf-8") as rows:
                yield from csv.DictReader(rows)

    def records(self):
        if not _parts(self.folder, self.family, "csv"):
            raise ReadError(f"{self.folder} holds no {self.family}-NNNNN.csv")
        key = FAMILY_KEYS[self.family]
        records = {row[key]: self._merge_b64(row) for row in self._rows(self.family)}
        prefix = CSV_PREFIXES[self.family] + "-"
        tables = {re.sub(r"-\d+\.csv$", "", path.name) for path in Path(self.folder).glob(prefix + "*.csv")}
        for table in tables:
            for row in self._rows(table):
                record = records.get(row[key])
                if record is None:
                    raise ReadError(f"{table} has a row of {key} {row[key]}, which {self.family} has not")
                record.setdefault("//" + table[len(prefix) :], []).append(self._merge_b64(row))
        return list(records.values())

    @staticmethod
    def _merge_b64(row):
        out = {}
        for name, cell in row.items():
            if name.endswith(B64):
                if cell:
                    decoded = [_plain(base64.b64decode(one)) for one in cell.split(";")]
                    out[name[: -len(B64)]] = decoded if len(decoded) > 1 else decoded[0]
            elif name not in out or cell:
                out[name] = cell
        return out


def _steps(path):
    """(name, index) of each step of a dotted path; the index in brackets may hold dots."""
    return [(name, index) for name, index in re.findall(r"([^.\[\]]+)(?:\[([^\]]*)\])?\.?", path)]


def _picked(item, index):
    if index in ("v4", "v6"):
        return str(item.get("family")) == index[1]
    return index in (item.get("host"), item.get("address"), item.get("receiving_mx_hostname"))


def look_up(record, path):
    """The value of a path; with `[*]` in it the list of all values, with `[NAME]` the element of that name."""
    return _look_up(record, _steps(path))


def _look_up(value, steps):
    for at, (name, index) in enumerate(steps):
        value = value.get(name) if isinstance(value, dict) else None
        if not index:
            continue
        items = value or []
        if index == "*":
            return [_look_up(item, steps[at + 1 :]) for item in items]
        value = next((item for item in items if _picked(item, index)), None)
    return value


def look_up_csv(record, path):
    """As look_up, over a CSV record: scalars by their dotted column, lists of maps in their tables."""
    steps = _steps(path)
    for at, (name, index) in enumerate(steps):
        if not index:
            continue
        table = "-".join(step for step, _ in steps[: at + 1]).replace("_", "-")
        rows = record.get("//" + table, [])
        column = ".".join(step for step, _ in steps[at + 1 :])
        if index == "*":
            return [row.get(column, "") for row in rows]
        row = next((row for row in rows if _picked(row, index)), None)
        return "" if row is None else row.get(column, "")
    return record.get(".".join(name for name, _ in steps), "")
