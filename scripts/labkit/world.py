"""Reads the world table: rows of what the machines do and of what a correct scan must say.

Every other module of the lab is handed the World made here. Nothing is started, written or looked up in this file.
The grammar is told in tests/world/README.md.
"""

import re
from dataclasses import dataclass, field


class WorldError(Exception):
    """A fault in the table; the message names the file and line."""


DOMAIN_KEYS = {
    "zone",
    "mx",
    "ns",
    "sts",
    "tlsrpt",
    "cname",
    "dns",
    "sts.cname",
    "tlsrpt.cname",
    "policy.cname",
    "sts.dns",
    "tlsrpt.dns",
    "policy.dns",
    "policy",
    "policy.mx",
    "policy.max_age",
    "body",
    "policy.server",
    "policy.status",
    "policy.type",
    "policy.location",
    "policy.cert",
    "policy.addr",
}
HOST_KEYS = {"server", "addr", "cert", "tlsa", "dns", "tlsa.dns", "cname", "zone"}
REPEATED_KEYS = {"sts", "tlsrpt", "tlsa", "ns"}

GOOD_STS = "v=STSv1; id=20260101T000000;"
GOOD_TLSRPT = "v=TLSRPTv1; rua=mailto:tls@report.example"

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", '"': b'"', "\\": b"\\", "0": b"\0"}
MISSING = "-"
UNCLAIMED = object()


@dataclass
class Row:
    """One line of the table. `keys` holds bytes, or a list of bytes for keys that may repeat."""

    name: str
    line: int
    keys: dict = field(default_factory=dict)
    truth: dict = field(default_factory=dict)

    def text(self, key, default=None):
        value = self.keys.get(key)
        return default if value is None else value.decode("utf-8", "surrogateescape")


@dataclass
class World:
    path: str
    domains: list = field(default_factory=list)
    hosts: list = field(default_factory=list)
    truths: dict = field(default_factory=dict)


def _read_quoted(text, at):
    """The bytes of a quoted string that opens at text[at], and where it ends."""
    out = bytearray()
    at += 1
    while at < len(text):
        c = text[at]
        if c == '"':
            return bytes(out), at + 1
        if c != "\\":
            out += c.encode()
            at += 1
            continue
        c = text[at + 1]
        if c == "x":
            out.append(int(text[at + 2 : at + 4], 16))
            at += 4
        elif c == "u":
            out += chr(int(text[at + 2 : at + 6], 16)).encode()
            at += 6
        elif c in ESCAPES:
            out += ESCAPES[c]
            at += 2
        else:
            raise ValueError(f"unknown escape \\{c}")
    raise ValueError("a quote is not closed")


def _read_list(text, at):
    """A list in square brackets, as a list of (bytes, quoted); its items are words or quoted strings."""
    items, at = [], at + 1
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == ","):
            at += 1
        if at >= len(text):
            raise ValueError("a list is not closed")
        if text[at] == "]":
            return items, at + 1
        if text[at] == '"':
            item, at = _read_quoted(text, at)
            items.append((item, True))
        else:
            word = re.compile(r"[^\s,\]]+").match(text, at)
            items.append((word.group().encode(), False))
            at = word.end()


def _read_value(text, at):
    """A value: a bare word, or quoted strings with `*N`, `+` and `|` (a list of strings) between them."""
    if at >= len(text) or text[at] != '"':
        word = re.compile(r"\S*").match(text, at)
        return word.group().encode(), word.end()
    strings = [b""]
    while True:
        part, at = _read_quoted(text, at)
        times = re.compile(r"\*(\d+)").match(text, at)
        if times:
            part *= int(times.group(1))
            at = times.end()
        strings[-1] += part
        follows = text[at : at + 2]
        if follows == '+"':
            at += 1
        elif follows == '|"':
            strings.append(b"")
            at += 1
        elif follows[:1].strip():
            raise ValueError(f"something follows a closed quote: {text[at:at + 12]}")
        else:
            return strings[0] if len(strings) == 1 else strings, at


def _tokens(text):
    """(name, operator, value) of every word of a row; operator and value are None for a bare word."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text[at] == "#":
            at = (text.find("\n", at) + 1) or len(text)
            continue
        if text.startswith("=>", at):
            yield "=>", None, None
            at += 2
            continue
        name = re.compile(r"[^\s=~!]+").match(text, at)
        if not name:
            raise ValueError(f"cannot read: {text[at:at + 20]}")
        at = name.end()
        operator = re.compile(r"!~|~|=").match(text, at)
        if not operator:
            yield name.group(), None, None
            continue
        opening = text[operator.end() : operator.end() + 1]
        quoted = opening == '"'
        value, at = (_read_list if opening == "[" else _read_value)(text, operator.end())
        yield name.group(), operator.group(), (value, quoted)


def _truth_value(value, quoted):
    if isinstance(value, list):
        return [_truth_value(*item) for item in value]
    text = value.decode("utf-8", "surrogateescape")
    if quoted:
        return text
    words = {"null": None, "true": True, "false": False}
    if text in words:
        return words[text]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return text


def _logical_lines(path):
    """(line number, text) with continuation lines joined; comment lines and empty lines dropped."""
    number, held = 0, None
    with open(path, encoding="utf-8") as table:
        for count, line in enumerate(table, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if line[0].isspace() and held is not None:
                held += "\n" + line.strip()
                continue
            if held is not None:
                yield number, held
            number, held = count, line
    if held is not None:
        yield number, held


def _claim(truth, name, claim):
    """Lays one field; of an UNCLAIMED one, all fields under it and its `~` claims are dropped too."""
    if claim is UNCLAIMED:
        for key in list(truth):
            if key.startswith(name) and key[len(name) : len(name) + 1] in (".", "[", "~", "!"):
                del truth[key]
    truth[name] = claim


def _implied_findings(truth):
    """The findings that a row's claims imply by their names alone: part.stage.error."""
    stage, error, state = (truth.get("sts.policy." + name) for name in ("stage", "error", "state"))
    if stage and error and state in ("absent", "present"):
        yield f"policy.{stage}.{error}"
    elif stage and state == "unknown":
        yield f"policy.{stage}.unknown"
    for part in ("sts.record", "tlsrpt"):
        if truth.get(part + ".error") and truth.get(part + ".state") == "present":
            yield f"{part.split('.')[0]}.record.{truth[part + '.error']}"
    if truth.get("match") in ("some", "none"):
        yield f"mx.match.{truth['match']}"
    if truth.get("verdict.delivery") == "refused":
        yield "delivery.domain.refused"


def _lay(truth, name, operator, value, truths):
    """One word of the truth side laid over `truth`: a bundle, or a field."""
    if operator is None:
        if name not in truths:
            raise ValueError(f"no such bundle: {name}")
        for key, claim in truths[name].items():
            _claim(truth, key, claim)
        return
    claim = _truth_value(*value)
    if operator != "=":
        key = name + operator
        truth[key] = truth.get(key, []) + [claim]
    else:
        _claim(truth, name, UNCLAIMED if claim == "?" and not value[1] else claim)


def _read_row(name, line, words, known, base, truths):
    row = Row(name.lower(), line, truth=dict(truths.get(base, {})))
    on_truth = False
    for key, operator, value in words:
        if key == "=>":
            on_truth = True
        elif on_truth:
            _lay(row.truth, key, operator, value, truths)
        elif key not in known or operator != "=":
            raise ValueError(f"no such key: {key}")
        elif key in REPEATED_KEYS:
            row.keys.setdefault(key, []).append(value[0])
        elif key in row.keys:
            raise ValueError(f"{key} comes twice")
        else:
            row.keys[key] = value[0] if isinstance(value[0], bytes) else b"".join(value[0])
    row.truth = {key: claim for key, claim in row.truth.items() if claim is not UNCLAIMED}
    findings = [code for code in _implied_findings(row.truth) if code not in row.truth.get("findings!~", [])]
    if findings and "findings" not in row.truth:
        row.truth["findings~"] = row.truth.get("findings~", []) + findings
    return row


def read(path):
    """The World in the table at `path`. Raises WorldError with file and line."""
    world, section = World(path), None
    for line, text in _logical_lines(path):
        if text.startswith("["):
            section = text[1:].split("]")[0]
            continue
        try:
            words = list(_tokens(text))
            name = words[0][0]
            if section == "truths":
                bundle = {}
                for key, operator, value in words[1:]:
                    if key != "=>":
                        _lay(bundle, key, operator, value, world.truths)
                world.truths[name] = bundle
            elif section == "hosts":
                world.hosts.append(_read_row(name, line, words[1:], HOST_KEYS, "@host", world.truths))
            elif section == "domains":
                world.domains.append(_read_row(name, line, words[1:], DOMAIN_KEYS, "@healthy", world.truths))
            else:
                raise ValueError(f"no such section: {section}")
        except (ValueError, IndexError, KeyError) as fault:
            raise WorldError(f"{path}:{line}: {fault}") from fault
    _refuse_twins(world)
    return world


def _refuse_twins(world):
    for rows in (world.domains, world.hosts):
        seen = {}
        for row in rows:
            if row.name in seen:
                raise WorldError(f"{world.path}:{row.line}: {row.name} stands already in line {seen[row.name]}")
            seen[row.name] = row.line


def mx_list(row):
    """[(preference, host)] of a domain row; the null MX host is '.'."""
    text = row.text("mx", "mx1.good.example")
    if text == MISSING:
        return []
    pairs, preference = [], 0
    for part in text.split(","):
        words = part.split()
        preference = int(words[0]) if len(words) == 2 else preference + 10
        pairs.append((preference, words[-1].lower()))
    return pairs


def policy_body(row):
    """The bytes of the policy that a domain's policy host serves; None where there is no policy host."""
    if "body" in row.keys:
        return row.keys["body"]
    mode = row.text("policy", "enforce")
    if mode == MISSING:
        return None
    patterns = row.text("policy.mx")
    names = patterns.split(",") if patterns else [host for _, host in mx_list(row) if host != "."]
    lines = ["version: STSv1", f"mode: {mode}"] + [f"mx: {name}" for name in names]
    lines.append("max_age: " + row.text("policy.max_age", "604800"))
    return "".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape")


def zone_of(name):
    """The zone that a name of the world lies in: its last two labels."""
    return ".".join(name.rstrip(".").split(".")[-2:])
