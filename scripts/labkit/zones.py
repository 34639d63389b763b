"""Writes the plan's zones as files, signs them with kzonesign from the leaves up to the root, and spoils what shall be bogus.

A signed zone file is finished data: the name server only loads it. Signatures outlive the cache that holds the files.
"""

import hashlib
import os
import re
import subprocess

import dns.dnssec
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives import serialization

from labkit import packages, plan as planning

TTL_S = 300
NEGATIVE_TTL_S = 60
SIGNATURE_LIFE = "400d"
DIGESTS = {
    0: lambda data: data,
    1: lambda data: hashlib.sha256(data).digest(),
    2: lambda data: hashlib.sha512(data).digest(),
}
# At a zone's own name these stay sound, or the whole zone would be bogus.
APEX_KEEPS = {"DNSKEY", "SOA", "NS", "NSEC", "CDS", "CDNSKEY"}
CHAIN_PLACES = {"leaf": 0, "intermediate": 1, "root": 2}


class ZoneError(Exception):
    """A zone cannot be signed; the message is the signer's own."""


def tlsa_text(usage, selector, matching, what, chain):
    """TLSA data over a certificate of `chain` (as made, with its root), over something else, or as given in hex."""
    if what in CHAIN_PLACES:
        certificate = chain[min(CHAIN_PLACES[what], len(chain) - 1)]
        if selector == 1:
            data = certificate.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            data = certificate.public_bytes(serialization.Encoding.DER)
        data = DIGESTS.get(matching, DIGESTS[1])(data)
    elif what == "other":
        data = DIGESTS.get(matching, DIGESTS[1])(b"another certificate altogether")
    else:
        data = bytes.fromhex(what)
    return f"{usage} {selector} {matching} {data.hex()}"


def text_of(zone):
    """A zone as a zone file, absolute names, TTLs on every line."""
    apex = zone.name.rstrip(".") + "."
    lines = [f"{apex} {TTL_S} SOA {planning.NAME_SERVER}. hostmaster.good.example. 1 3600 600 604800 {NEGATIVE_TTL_S}"]
    for owner, rows in zone.records.items():
        name = owner.rstrip(".") + "."
        lines += [f"{name} {TTL_S} {kind} {text}" for kind, text in rows]
    return "\n".join(lines) + "\n"


def _spoil(line, zone):
    """A line of a signed zone file, its signature broken where the plan says so."""
    words = line.split()
    if len(words) < 5 or words[2] != "RRSIG":
        return line
    owner, covered = words[0].rstrip(".") or ".", words[3]
    if not zone.bogus and (owner not in zone.spoilt or (owner == zone.name and covered in APEX_KEEPS)):
        return line
    signature = words[-1]
    return line[: len(line) - len(signature)] + ("B" if signature[0] == "A" else "A") + signature[1:]


class Signer:
    """Signs zones in a folder of its own; each zone gets one key, and its DS goes to the parent's records."""

    def __init__(self, tree, folder):
        self.program = tree / "usr/bin/kzonesign"
        self.environment = dict(os.environ, LD_LIBRARY_PATH=packages.library_path(tree))
        self.folder = folder
        for part in ("plain", "signed", "kasp"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    def file_of(self, zone):
        return (zone.name.rstrip(".") or "root").replace("/", "_") + ".zone"

    def configure(self, zones):
        lines = [
            "server:",
            f"  rundir: {self.folder}",
            "database:",
            f"  storage: {self.folder}/kasp",
            "policy:",
            "- id: lab",
            "  algorithm: ecdsap256sha256",
            "  single-type-signing: on",
            f"  rrsig-lifetime: {SIGNATURE_LIFE}",
            "  rrsig-refresh: 1d",
            "  cds-cdnskey-publish: none",
            "zone:",
        ]
        for zone in zones:
            lines += [
                f"- domain: \"{zone.name.rstrip('.')}.\"",
                f"  storage: {self.folder}/plain",
                f'  file: "{self.file_of(zone)}"',
                "  dnssec-signing: on",
                "  dnssec-policy: lab",
                "  journal-content: none",
                "  semantic-checks: off",
            ]
        (self.folder / "kzonesign.conf").write_text("\n".join(lines) + "\n")

    def write(self, zone):
        """Writes the zone, signed if it is to be; gives its DS records (text), none when unsigned."""
        plain = self.folder / "plain" / self.file_of(zone)
        signed = self.folder / "signed" / self.file_of(zone)
        plain.write_text(text_of(zone))
        if not zone.signed:
            signed.write_text(plain.read_text())
            return []
        run = subprocess.run(
            [
                self.program,
                "-c",
                self.folder / "kzonesign.conf",
                "-o",
                self.folder / "signed",
                zone.name.rstrip(".") + ".",
            ],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            raise ZoneError(f"zone {zone.name} cannot be signed: {(run.stdout + run.stderr).strip()}")
        text = signed.read_text()
        if zone.bogus or zone.spoilt:
            signed.write_text("\n".join(_spoil(line, zone) for line in text.splitlines()) + "\n")
        return list(_ds_of(zone, text))


def _ds_of(zone, text):
    apex = dns.name.from_text(zone.name.rstrip(".") + ".")
    for key in re.findall(r"^\S+\s+\d+\s+DNSKEY\s+(.+)$", text, re.M):
        yield dns.dnssec.make_ds(apex, dns.rdata.from_text("IN", "DNSKEY", key), "SHA256").to_text()


def write_all(plan, tree, folder, chains):
    """Every zone of the plan as a file under folder/signed; gives the root's DS, the lab's trust anchor."""
    for zone_name, owner, usage, selector, matching, what, certificate in plan.tlsa:
        plan.zones[zone_name].add(owner, "TLSA", tlsa_text(usage, selector, matching, what, chains[certificate][2]))
    signer = Signer(tree, folder)
    signer.configure([zone for zone in plan.zones.values() if zone.signed])
    anchor = []
    for zone in sorted(
        plan.zones.values(), key=lambda zone: (zone.name != ".") and zone.name.count(".") + 1, reverse=True
    ):
        digests = signer.write(zone)
        if zone.name == ".":
            anchor = digests
        else:
            for digest in digests:
                planning.parent_of(plan, zone.name).add(zone.name, "DS", digest)
    return anchor
