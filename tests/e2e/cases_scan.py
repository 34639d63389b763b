"""The main scan: one run over the whole world, and all that must hold of what it left behind."""

import functools
import hashlib
import json
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import records
import suite as suites
import truth

from labkit import recorder

MX_PORT, POLICY_PORT = 25, 443
# The clocks of scanner and recorder are one, but a packet leaves some time after it was allowed.
SPACING_SLACK_MS = 5.0
SCAN_TIMEOUT_S = 420


class Place:
    """Where the suite runs: the program, the lab, the folder for outputs; and the main scan, made when first asked for."""

    def __init__(self, program, lab, world, folder, state):
        self.program, self.lab, self.world, self.folder, self.state = program, lab, world, folder, state

    def domains(self):
        run = subprocess.run([self.lab, "list", "--world", self.world], capture_output=True, text=True, check=True)
        return run.stdout.split()

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def scan(self, name, *flags, **how):
        return suites.run([self.program, "scan", "-o", self.folder / name, *flags], **how)

    @functools.cached_property
    def main(self):
        """The scan of the whole world, in three formats."""
        targets = self.write("list.txt", "".join(name + "\n" for name in self.domains()))
        run = self.scan("out", "-O", "msgpack,csv,jsonl", targets, timeout=SCAN_TIMEOUT_S)
        self.write("scan.err", run.err)
        self.write("scan.out", run.out)
        return run

    @property
    def out(self):
        return self.folder / "out"

    def preflight_addresses(self):
        """Addresses of the host that a scan tries at its start."""
        settings = dict(line.split(" = ", 1) for line in (self.state / "stsweep.conf").read_text().splitlines())
        name = settings.get("preflight-host")
        return [
            entry["address"]
            for host in self.read("hosts", "jsonl")
            if host["host"] == name
            for entry in host["addresses"]
        ]

    @functools.lru_cache(maxsize=None)
    def read(self, family, kind):
        assert self.main is not None
        return records.read(self.out, family, kind)

    @functools.cached_property
    def truth(self):
        return truth.load(self.lab)

    @functools.cached_property
    def metadata(self):
        assert self.main is not None
        return json.loads((self.out / "metadata.json").read_text())

    @functools.cached_property
    def connections(self):
        """What the recorder saw by the end of the main scan; cases that scan again come later."""
        assert self.main is not None
        return recorder.read(self.state / "log/connections.csv")


def scan_ends_well(suite, here):
    suite.expect("the scan of the world exits 0", here.main.code == 0, here.main.text())
    assert here.connections is not None
    leftovers = [path.name for path in Path(here.out).rglob("*") if path.suffix in (".tmp", ".part")]
    suite.expect("nothing half-written is left", not leftovers, str(leftovers))


def every_target_once(suite, here):
    wanted = here.domains()
    for kind in records.FORMATS:
        found = here.read("domains", kind)
        suite.expect(
            f"{kind}: {len(wanted)} targets in, as many records out", len(found) == len(wanted), f"{len(found)} records"
        )
        by_index = {int(record["index"]): record["domain"] for record in found}
        wrong = [
            f"index {at}: {by_index.get(at)}, should be {name}"
            for at, name in enumerate(wanted, 1)
            if by_index.get(at) != name
        ]
        suite.check(f"{kind}: index is the line of the target", wrong)


def domains_tell_the_truth(suite, here):
    domains, _ = here.truth
    for kind in records.FORMATS:
        found = {record["domain"]: record for record in here.read("domains", kind)}
        for name, (line, claims) in domains.items():
            title = f"{kind} domain {name} (line {line})"
            suite.check(title, truth.faults(found[name], claims, kind) if name in found else ["no record"])


def hosts_tell_the_truth(suite, here):
    _, hosts = here.truth
    for kind in records.FORMATS:
        found = {record["host"]: record for record in here.read("hosts", kind)}
        for name, (line, claims) in hosts.items():
            title = f"{kind} host {name} (line {line})"
            suite.check(title, truth.faults(found[name], claims, kind) if name in found else ["no record"])


def _differences(one, other, path=""):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other), key=str):
            yield from _differences(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, pair in enumerate(zip(one, other)):
            yield from _differences(*pair, f"{path}[{at}]")
    elif one != other and not (one in (None, [], {}) and other in (None, [], {})):
        yield f"{path}: {one!r} against {other!r}"


def _key_of(family, record):
    return str(record[records.FAMILY_KEYS[family]])


def msgpack_says_what_jsonl_says(suite, here):
    for family in records.FAMILY_KEYS:
        packed = {_key_of(family, record): record for record in here.read(family, "msgpack")}
        lines = {_key_of(family, record): record for record in here.read(family, "jsonl")}
        suite.expect(
            f"{family}: the same records in msgpack and JSON Lines",
            set(packed) == set(lines),
            f"{set(packed) ^ set(lines)}",
        )
        for key in packed.keys() & lines.keys():
            suite.check(f"{family} {key}: msgpack and JSON Lines agree", _differences(packed[key], lines[key]))


def _flat(value, path=""):
    """Every scalar and list of scalars of a record by its dotted name; lists of maps are left out."""
    for key, item in value.items():
        name = f"{path}.{key}" if path else key
        if isinstance(item, dict):
            yield from _flat(item, name)
        elif not (isinstance(item, list) and item and isinstance(item[0], dict)):
            yield name, item


def _csv_differences(record, row):
    for name, value in _flat(record):
        cell = row.get(name)
        if cell is None:
            if value not in (None, []):
                yield f"{name}: no column"
            continue
        if isinstance(value, list):
            found = (
                cell if isinstance(cell, list) else [cell] if isinstance(cell, bytes) else records.split_csv_list(cell)
            )
            if found != records.csv_text(value) and not (found == [] and value in ([], [""])):
                yield f"{name}: {found!r} against {value!r}"
        elif cell != records.csv_text(value):
            yield f"{name}: {cell!r} against {value!r}"


def csv_says_what_jsonl_says(suite, here):
    for family in records.FAMILY_KEYS:
        rows = {_key_of(family, row): row for row in here.read(family, "csv")}
        for record in here.read(family, "jsonl"):
            key = _key_of(family, record)
            row = rows.get(key)
            suite.check(
                f"{family} {key}: CSV and JSON Lines agree",
                ["no row"] if row is None else _csv_differences(record, row),
            )


def csv_holds_the_lists_of_maps(suite, here):
    rows = {row["index"]: row for row in here.read("domains", "csv")}
    for record in here.read("domains", "jsonl"):
        found = rows[str(record["index"])].get("//hosts", [])
        named = [host["host"] for host in record["hosts"] or []]
        suite.expect(
            f"{record['domain']}: its hosts are in domain-hosts",
            [row["host"] for row in found] == named,
            f"{[row['host'] for row in found]} against {named}",
        )


def each_host_once(suite, here):
    for kind in records.FORMATS:
        names = Counter(record["host"] for record in here.read("hosts", kind))
        suite.check(
            f"{kind}: each host once", [f"{name}: {count} records" for name, count in names.items() if count > 1]
        )
    hosts = {record["host"] for record in here.read("hosts", "jsonl")}
    faults = []
    for record in here.read("domains", "jsonl"):
        for host in (record["mx"] or {}).get("hosts") or []:
            if host["host"] not in hosts and host["host"] != ".":
                faults.append(f"{host['host']} of {record['domain']} has no record")
    suite.check("every MX host has its record", faults)


def probes_are_not_repeated(suite, here):
    """An address that answered is connected to once for each name; a second try only where the first one failed for now."""
    opened = Counter(row[2] for row in here.connections if row[3] == MX_PORT)
    allowed = defaultdict(int)
    for address in here.preflight_addresses():
        allowed[address] += 1
    for host in here.read("hosts", "jsonl"):
        for address in host["addresses"] or []:
            base = (
                1
                if records.look_up(address, "tls_base.version")
                or (host["tlsa"] or {}).get("base") not in (None, host["host"])
                else 0
            )
            allowed[address["address"]] += (address["tries"] or 1) + base
    suite.check(
        "no address has more connections than probes and second tries",
        [
            f"{address}: {count} connections, {allowed[address]} accounted for"
            for address, count in opened.items()
            if count > allowed[address]
        ],
    )
    settled = [
        address
        for host in here.read("hosts", "jsonl")
        for address in host["addresses"] or []
        if address["outcome"] == "success" and (address["tries"] or 1) > 2
    ]
    suite.expect("nothing is tried more than twice", not settled, str(settled)[:200])


def certificates_are_complete(suite, here):
    held = Counter(record["sha256"] for record in here.read("certs", "jsonl"))
    suite.check("each certificate once", [f"{name}: {count}" for name, count in held.items() if count > 1])
    wanted = set()
    for record in here.read("domains", "jsonl"):
        wanted.update(records.look_up(record, "sts.policy.tls.chain") or [])
    for record in here.read("hosts", "jsonl"):
        for address in record["addresses"] or []:
            wanted.update(records.look_up(address, "tls.chain") or [])
            wanted.update(records.look_up(address, "tls_base.chain") or [])
    suite.expect(
        "every chain's certificates are in certs", wanted <= set(held), f"{len(wanted - set(held))} are missing"
    )
    for record in here.read("certs", "msgpack"):
        der = record["der"]
        der = der if isinstance(der, bytes) else der.encode()
        suite.expect(
            "a certificate's name is the hash of its DER",
            hashlib.sha256(der).hexdigest() == record["sha256"],
            record["sha256"],
        )


def metadata_adds_up(suite, here):
    metadata = here.metadata
    suite.expect(
        "the metadata say complete", metadata.get("status") == "complete", f"status {metadata.get('status')!r}"
    )
    listed = _find_parts(metadata)
    suite.expect("the metadata list the parts", bool(listed), "no list of parts found")
    faults, counts = [], Counter()
    for part in listed:
        path = here.out / part["name"]
        if not path.exists():
            faults.append(f"{part['name']} does not exist")
            continue
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != part["sha256"]:
            faults.append(f"{part['name']}: another SHA-256")
        if len(data) != part["bytes"]:
            faults.append(f"{part['name']}: {len(data)} bytes, {part['bytes']} listed")
        counts[path.name.rsplit("-", 1)[0] + path.suffix] += part["records"]
    suite.check("every part is as the metadata say", faults)
    for family in records.FAMILY_KEYS:
        for kind in records.FORMATS:
            if f"{family}.{kind}" in counts:
                found = len(here.read(family, kind))
                suite.expect(
                    f"records of {family}.{kind}",
                    counts[f"{family}.{kind}"] == found,
                    f"{counts[f'{family}.{kind}']} listed, {found} there",
                )
    _counts_add_up(suite, here, metadata)


def _find_parts(value):
    if isinstance(value, dict):
        return [part for item in value.values() for part in _find_parts(item)]
    if isinstance(value, list):
        if value and isinstance(value[0], dict) and {"name", "records", "sha256"} <= set(value[0]):
            return value
        return [part for item in value for part in _find_parts(item)]
    return []


def _counts_add_up(suite, here, metadata):
    domains = here.read("domains", "jsonl")
    suite.expect(
        "gathered.targets",
        records.look_up(metadata, "gathered.targets") == len(domains),
        f"{records.look_up(metadata, 'gathered.targets')} of {len(domains)}",
    )
    suite.expect(
        "gathered.hosts",
        records.look_up(metadata, "gathered.hosts") == len(here.read("hosts", "jsonl")),
        f"{records.look_up(metadata, 'gathered.hosts')} of {len(here.read('hosts', 'jsonl'))}",
    )
    counts = metadata["counts"]
    for name, family in (("domains", "domains"), ("hosts", "hosts"), ("certificates", "certs")):
        suite.expect(
            f"counts.{name}", counts.get(name) == len(here.read(family, "jsonl")), f"{counts.get(name)} counted"
        )
    suite.expect(
        "the outcomes of a domain are counted",
        {"status", "mx.kind", "verdict.sts", "verdict.delivery"} <= set(counts),
        str(sorted(counts)),
    )
    for field, table in counts.items():
        if not isinstance(table, dict):
            continue
        found = Counter(records.look_up(record, field) or "null" for record in domains)
        suite.check(
            f"counts of {field} are those of the records",
            [
                f"{word}: {table.get(word, 0)} counted, {found[word]} records"
                for word in set(table) | set(found)
                if table.get(word, 0) != found[word]
            ],
        )
    read = list(metadata["inputs"].values())[0]
    data = (here.folder / "list.txt").read_bytes()
    suite.expect(
        "the input's hash, bytes and targets",
        (read["sha256"], read["bytes"], read["targets"]) == (hashlib.sha256(data).hexdigest(), len(data), len(domains)),
        str(read),
    )
    suite.expect(
        "an outcome for every probe",
        sum(metadata["probes"].values()) <= metadata["gathered"]["connections"],
        str(metadata["probes"]),
    )
    connections = records.look_up(metadata, "gathered.connections")
    if connections is not None:
        seen = len(here.connections)
        suite.expect(
            "as many connections as the recorder saw",
            abs(connections - seen) <= _unrecorded(here, connections),
            f"{connections} counted, {seen} on the wire",
        )


def _unrecorded(here, connections):
    """Connections to addresses without a route leave no packet."""
    lost = sum(
        address["tries"] or 1
        for host in here.read("hosts", "jsonl")
        for address in host["addresses"] or []
        if address["outcome"] == "unreachable"
    )
    return (
        lost
        + sum(
            (record["sts"]["policy"] or {}).get("tries") or 1
            for record in here.read("domains", "jsonl")
            if records.look_up(record, "sts.policy.error") == "unreachable"
        )
        * 2
    )


def limits_were_kept(suite, here):
    """From the wire: spacing and concurrency of every address and provider, against what the metadata say was set."""
    limits = here.metadata["limits"]
    rows = [line.strip().split(",") for line in (here.state / "log/providers.csv").read_text().splitlines()]
    providers = {address: provider for address, provider in rows}
    mail = [row for row in here.connections if row[3] == MX_PORT]
    for title, connections, name_of, rate, most in (
        ("provider", mail, providers.get, "provider_rate_per_minute", "provider_connections_count"),
        ("MX address", mail, lambda address: address, "address_rate_per_minute", "address_connections_count"),
        (
            "policy address",
            [row for row in here.connections if row[3] == POLICY_PORT],
            lambda address: address,
            "address_rate_per_minute",
            "address_connections_count",
        ),
    ):
        groups = recorder.group(connections, name_of)
        spacing_ms = 60000 / limits[rate] - SPACING_SLACK_MS
        suite.expect(f"connections by {title} were seen", bool(groups), "the recorder saw none")
        suite.check(f"limits of every {title}", recorder.faults(groups, spacing_ms, limits[most]))


EXIM_OPENED = re.compile(r"SMTP connection from .*I=\[([^\]]+)\]:25 \(TCP/IP connection count")


def connections_in_server_logs(state):
    """{(address, port): connections} by the word of those servers whose logs tell each one: Exim and the misbehaving server."""
    seen = Counter()
    for line in (state / "log/exim/mainlog").read_text(errors="replace").splitlines():
        opened = EXIM_OPENED.search(line)
        if opened:
            seen[opened[1], MX_PORT] += 1
    for line in (state / "log/villain.log").read_text().splitlines():
        entry = json.loads(line)
        port = {"smtp": MX_PORT, "https": POLICY_PORT}.get(entry["kind"])
        if port and entry["event"] == "open":
            seen[entry["address"], port] += 1
    return seen


def servers_saw_what_the_recorder_saw(suite, here):
    """The limits are proven by the recorder's record; the servers' own logs show that it missed nothing and made nothing up."""
    recorded = Counter((row[2], row[3]) for row in here.connections)
    logged = connections_in_server_logs(here.state)
    suite.expect("the servers logged connections", len(logged) > 50, f"{len(logged)} addresses")
    suite.check(
        "server logs and recorder agree on every address",
        (
            f"{address} port {port}: {count} in the server's log, {recorded[address, port]} recorded"
            for (address, port), count in sorted(logged.items())
            if count != recorded[address, port]
        ),
    )


def truth_of_formats(suite, here):
    run = suites.run([here.program, "schema", "--format", "json-schema"])
    suite.expect("stsweep schema exits 0", run.code == 0, run.text())
    json.loads(run.out)
    header = next(iter(records._parts(here.out, "domains", "csv"))).read_text().splitlines()[0]
    suite.expect("the CSV has a header", header.startswith("schema,index,rank,domain,"), header[:80])


CASES = [
    scan_ends_well,
    every_target_once,
    domains_tell_the_truth,
    hosts_tell_the_truth,
    msgpack_says_what_jsonl_says,
    csv_says_what_jsonl_says,
    csv_holds_the_lists_of_maps,
    each_host_once,
    probes_are_not_repeated,
    certificates_are_complete,
    metadata_adds_up,
    limits_were_kept,
    servers_saw_what_the_recorder_saw,
    truth_of_formats,
]
