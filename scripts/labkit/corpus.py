"""The corpus: real domains with their real MX hosts and real policies, turned into zones, addresses and certificates.

Read from the folder that --corpus names and never copied into the project; what is made of it lies under build/lab/corpora.
Each top-level domain is one zone; the zones of SIGNED are signed. Every MX host has an IPv4 address of its own, some an IPv6
address too; one half of the hosts is Postfix, the other Exim, each host under its own name by SNI. Every POLICY_EVERY-th
domain has an MTA-STS record and one of the real policy bodies, as it is.
"""

import base64
import csv
import hashlib
import ipaddress
import json
import os
import re
import shutil
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labkit import certs, plan as planning, store, zones

SIGNED = {"de", "at", "ch", "nl", "se", "cz", "br", "org"}
POLICY_EVERY = 10
TLSRPT_EVERY = 8
IPV6_EVERY = 8
POLICY_ADDRESSES = 256
WORKERS = 2
KEEP_DAYS = 30
# Each half is a network of its own, behind a pair of interfaces: (name, IPv4 network, IPv6 network).
HALVES = (("postfix", "198.19.0.0/17", "2001:db8:1000::/37"), ("exim", "198.19.128.0/17", "2001:db8:1800::/37"))
POLICY_NETWORK = ("198.19.120.0", "2001:db8:1700::")
PLAIN_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+")
# Of a hundred hosts, how many have a certificate of this kind; the others have a good one.
FAULTY_PERCENT = (("self-signed", 2), ("expired", 2), ("wrong-name", 3), ("missing-intermediate", 1))


class CorpusError(Exception):
    """The folder holds no corpus; the message is one line."""


def a_labels(name):
    """A name of the corpus as lower-case A-labels."""
    labels = [unicodedata.normalize("NFC", label).lower() for label in name.strip().rstrip(".").split(".")]
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels)


def read(folder):
    """[(domain, [MX host, ...])] of the corpus, in its order."""
    path = Path(folder) / "mx/domain-mx.csv"
    try:
        with open(path, newline="", encoding="utf-8") as rows:
            return [
                (a_labels(row["domain"]), row["mx"].replace(";", " ").lower().split()) for row in csv.DictReader(rows)
            ]
    except (OSError, KeyError) as fault:
        raise CorpusError(f"{path}: no list of domains and MX hosts: {fault}") from fault


def _policies(folder):
    return sorted(path for path in (Path(folder) / "policies").glob("*.txt"))


def _is_served(name):
    return (
        bool(PLAIN_NAME.fullmatch(name))
        and len(name) < 250
        and name.rsplit(".", 1)[-1] not in planning.SIGNED_TLDS + planning.UNSIGNED_TLDS
    )


def _kind_of(host):
    """The kind of certificate of a host: always the same for the same name."""
    roll = int.from_bytes(hashlib.sha256(host.encode()).digest()[:4], "big") % 100
    for kind, percent in FAULTY_PERCENT:
        if roll < percent:
            return kind
        roll -= percent
    return "good"


class Corpus:
    """The plan of a corpus: which host has which address, which domain which policy."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.domains = [(name, hosts) for name, hosts in read(folder) if _is_served(name)]
        self.policy_files = _policies(folder)
        self.hosts = {}  # host -> (half, [addresses])
        self.policies = {}  # domain -> number of its body
        self._give_addresses()
        self._give_policies()

    def _give_addresses(self):
        names = sorted(
            {host.rstrip(".") for _, hosts in self.domains for host in hosts if _is_served(host.rstrip("."))}
        )
        counts = [0, 0]
        for number, host in enumerate(names):
            half = number % 2
            counts[half] += 1
            _, v4, v6 = HALVES[half]
            addresses = [str(ipaddress.ip_network(v4)[counts[half]])]
            if number % IPV6_EVERY < 2:
                addresses.append(str(ipaddress.ip_network(v6)[counts[half]]))
            self.hosts[host] = (half, addresses)

    def _give_policies(self):
        chosen = (
            [name for at, (name, _) in enumerate(self.domains) if at % POLICY_EVERY == 0] if self.policy_files else []
        )
        self.policies = {name: at % len(self.policy_files) for at, name in enumerate(chosen)}

    def policy_addresses(self, number):
        offset = number % POLICY_ADDRESSES
        return [str(ipaddress.ip_address(first) + offset + 1) for first in POLICY_NETWORK]

    def zones(self):
        """{top-level domain: Zone} with every record."""
        out = {}

        def add(owner, kind, text):
            tld = owner.rsplit(".", 1)[-1]
            if tld not in out:
                out[tld] = planning.Zone(tld, signed=tld in SIGNED)
                out[tld].records[tld] = [("NS", planning.NAME_SERVER + ".")]
            out[tld].records.setdefault(owner, []).append((kind, text))

        for at, (name, hosts) in enumerate(self.domains):
            add(name, "TXT", '"v=spf1 -all"')
            spelled = [_zone_text(host) for host in dict.fromkeys(hosts)]
            for preference, host in enumerate([host for host in spelled if host], 1):
                add(name, "MX", f"{preference * 10} {host}")
            if at % TLSRPT_EVERY == 0:
                add("_smtp._tls." + name, "TXT", planning.quote_txt([b"v=TLSRPTv1; rua=mailto:tls@" + name.encode()]))
        for number, name in enumerate(self.policies):
            add("_mta-sts." + name, "TXT", planning.quote_txt([b"v=STSv1; id=%d;" % (number + 1)]))
            for kind, address in zip(("A", "AAAA"), self.policy_addresses(number)):
                add("mta-sts." + name, kind, address)
        for host, (_, addresses) in self.hosts.items():
            for kind, address in zip(("A", "AAAA"), addresses):
                add(host, kind, address)
        return out


def _zone_text(host):
    """An MX host of the corpus, odd as it may be, as a zone file spells it; None for what no DNS name can be."""
    if host == ".":
        return "."
    labels, current, at = [], bytearray(), 0
    while at < len(host):
        escape = re.compile(r"\\(\d\d\d)").match(host, at)
        if escape:
            current.append(int(escape.group(1)) & 0xFF)
            at = escape.end()
        elif host[at] == ".":
            labels.append(bytes(current))
            current = bytearray()
            at += 1
        else:
            current += host[at].encode()
            at += 1
    labels.append(bytes(current))
    labels = labels if labels[-1] else labels[:-1]
    if not all(1 <= len(label) <= 63 for label in labels):
        return None
    return (
        ".".join(
            "".join(chr(b) if chr(b).isalnum() and b < 128 or b in b"-_" else f"\\{b:03d}" for b in label)
            for label in labels
        )
        + "."
    )


class _Issuer:
    """Certificates in bulk: one key for all names of a machine, as hosters do."""

    def __init__(self, maker):
        self.maker = maker
        self.key = certs.new_ec_key()
        self.key_text = certs.key_pem(self.key)
        self.intermediate = certs.pem([maker.intermediate.certificate])

    def pem(self, name, kind):
        authority = None if kind == "self-signed" else self.maker.intermediate
        leaf = certs.pem([self.maker.leaf(name, {kind}, self.key, authority)])
        return self.key_text + leaf + (b"" if kind in ("self-signed", "missing-intermediate") else self.intermediate)

    def write(self, jobs):
        for path, name, kind in jobs:
            path.write_bytes(self.pem(name, kind))


def _write_certificates(folder, corpus, maker):
    jobs = []
    for name in ("postfix", "exim", "policy"):
        (folder / "certs" / name).mkdir(parents=True)
    with open(folder / "hosts.csv", "w", encoding="utf-8") as table:
        for host, (half, addresses) in corpus.hosts.items():
            kind = _kind_of(host)
            table.write(f"{host},{HALVES[half][0]},{kind},{';'.join(addresses)}\n")
            jobs.append((folder / "certs" / HALVES[half][0] / f"{host}.pem", host, kind))
    jobs += [(folder / "certs/policy" / f"mta-sts.{name}.pem", f"mta-sts.{name}", "good") for name in corpus.policies]
    jobs += [(folder / "certs" / name / "default", "mx.lab.example", "good") for name in ("postfix", "exim", "policy")]
    pid = os.fork()
    half = len(jobs) // 2
    issuer = _Issuer(maker)
    if pid == 0:
        status = 1
        try:
            issuer.write(jobs[:half])
            status = 0
        finally:
            os._exit(status)
    issuer.write(jobs[half:])
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise CorpusError("certificates of the corpus could not be written")


def _write_sni(folder, corpus):
    """Postfix's table of names: name, then keys and chain in base64 as `postmap -F` would make of the files."""
    with open(folder / "sni.txt", "wb") as table:
        for host, (half, _) in corpus.hosts.items():
            if HALVES[half][0] == "postfix":
                data = (folder / "certs/postfix" / f"{host}.pem").read_bytes()
                table.write(host.encode() + b" " + base64.b64encode(data) + b"\n")


def _make(folder, corpus, tree):
    maker = certs.Maker()
    _write_certificates(folder, corpus, maker)
    _write_sni(folder, corpus)
    (folder / "ca.pem").write_bytes(maker.store())
    (folder / "bodies").mkdir()
    for number, path in enumerate(corpus.policy_files):
        shutil.copyfile(path, folder / "bodies" / str(number))
    (folder / "policies").mkdir()
    for name, number in corpus.policies.items():
        (folder / "policies" / f"mta-sts.{name}").symlink_to(f"../bodies/{number}")
    signer = zones.Signer(tree, folder / "zones")
    made = sorted(corpus.zones().values(), key=lambda zone: len(zone.records), reverse=True)
    signer.configure([zone for zone in made if zone.signed])
    with ThreadPoolExecutor(WORKERS) as pool:
        digests = list(pool.map(signer.write, made))
    (folder / "ds.json").write_text(json.dumps({zone.name: ds for zone, ds in zip(made, digests)}))


def ensure(folder, source, packages):
    """The folder with everything made of the corpus in `source`, and what holds it; made once for each state of corpus and tools."""
    digest = hashlib.sha256()
    own = [Path(__file__).with_name(name) for name in ("corpus.py", "certs.py", "zones.py")]
    for path in [Path(source) / "mx/domain-mx.csv"] + _policies(source) + own + [packages / "complete"]:
        try:
            digest.update(path.read_bytes())
        except OSError as fault:
            raise CorpusError(f"{path}: {fault.strerror}") from fault

    def make(new):
        print("lab: making the corpus ready; this is done once", file=sys.stderr)
        _make(new, Corpus(source), packages / "dns")

    found = store.ensure_folder(folder, digest.hexdigest()[:16], KEEP_DAYS, make)
    store.forget_old(folder, 1)
    return found


def top_level_digests(finished):
    """{top-level domain: [DS, ...]} of the corpus; empty lists for the unsigned ones."""
    return json.loads((finished / "ds.json").read_text())
