"""Makes the lab's certificates: its roots and intermediates, and a chain of each kind that the world table names.

Everything is made in memory and written as PEM; nothing of it is trusted outside the lab. The kinds are told in
tests/world/README.md.
"""

import datetime
import ipaddress
import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
AUTHORITY_DAYS = 3650
LEAF_DAYS = 60
SOON_DAYS = 12
RSA_BITS = 2048
RSA_1024_BITS = 1024
# Below security level 1 of OpenSSL, which asks for 80 bits of strength (RSA 1024), and still long enough for PSS.
RSA_WEAK_BITS = 768

KINDS = {
    "good",
    "rsa",
    "rsa1024",
    "p384",
    "wildcard",
    "wildcard-partial",
    "wildcard-deep",
    "cn-only",
    "wrong-name",
    "expired",
    "not-yet-valid",
    "soon",
    "self-signed",
    "missing-intermediate",
    "missing-unknown",
    "untrusted",
    "weak",
    "sha1",
    "name-constraints",
    "wrong-eku",
    "extra",
    "with-root",
    "unordered",
    "ip-san",
    "upper-case",
}


class CertificateError(Exception):
    """No such kind of certificate."""


def _name(common_name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


class Authority:
    """A certificate authority: its own certificate and key, and the one that issued it."""

    def __init__(self, name, key, issuer=None, permitted=None):
        self.name, self.key, self.issuer = _name(name), key, issuer
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name if issuer else self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + AUTHORITY_DAYS * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0 if issuer else None), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if issuer:
            builder = builder.add_extension(issuer.key_identifier(), critical=False)
        if permitted:
            builder = builder.add_extension(x509.NameConstraints([x509.DNSName(permitted)], None), critical=True)
        self.certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())

    def key_identifier(self):
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())


def is_kind(kind):
    """Is there such a kind of certificate? Sums of kinds are kinds, but a weak one is weak alone."""
    faults = set(kind.split("+"))
    return faults <= KINDS and ("weak" not in faults or len(faults) == 1)


def new_ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def _new_rsa_key(bits=RSA_BITS):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem(certificates):
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def key_pem(key):
    if isinstance(key, bytes):
        return key
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _openssl(authority, command, given=(), wanted=()):
    """Runs openssl in a folder that holds `issuer` and `issuer-key`, and the files `given`; the bytes of those `wanted`.

    For what newer python3-cryptography refuses to make, which is the point of it here.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = {"issuer": pem([authority.certificate]), "issuer-key": key_pem(authority.key), **dict(given)}
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        issuer = ["-CA", "issuer", "-CAkey", "issuer-key"]
        subprocess.run(["openssl"] + command + issuer, cwd=folder, capture_output=True, check=True)
        return [(Path(folder) / name).read_bytes() for name in wanted]


def sign_with_sha1(certificate, authority):
    """A self-signed certificate, issued by `authority` with SHA-1 instead."""
    serial = ["-preserve_dates", "-set_serial", str(certificate.serial_number)]
    command = ["x509", "-in", "leaf", "-out", "signed", "-sha1"] + serial
    return x509.load_pem_x509_certificate(_openssl(authority, command, {"leaf": pem([certificate])}, ["signed"])[0])


def weak_leaf(name, authority):
    """A certificate with an RSA key below security level 1, and that key as PEM."""
    command = ["req", "-x509", "-newkey", f"rsa:{RSA_WEAK_BITS}", "-nodes", "-keyout", "key", "-out", "signed"]
    command += ["-config", "config", "-subj", f"/O=Lab/CN={name[:64]}", "-days", str(LEAF_DAYS), "-sha256"]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-addext", "extendedKeyUsage=serverAuth"]
    config = b"[req]\ndistinguished_name = name\n[name]\n"
    certificate, key = _openssl(authority, command, {"config": config}, ["signed", "key"])
    return x509.load_pem_x509_certificate(certificate), key


class Maker:
    """Holds the authorities; `chain` makes a leaf of a kind for a name."""

    def __init__(self):
        self.root = Authority("Lab Root E1", new_ec_key())
        self.root_rsa = Authority("Lab Root R1", _new_rsa_key())
        self.intermediate = Authority("Lab Intermediate E2", new_ec_key(), self.root)
        self.intermediate_rsa = Authority("Lab Intermediate R2", _new_rsa_key(), self.root_rsa)
        self.intermediate_p384 = Authority("Lab Intermediate E3", ec.generate_private_key(ec.SECP384R1()), self.root)
        self.unseen = Authority("Lab Intermediate nobody sends", new_ec_key(), self.root)
        self.constrained = Authority(
            "Lab Intermediate for elsewhere.example", new_ec_key(), self.root, "elsewhere.example"
        )
        self.stranger_root = Authority("Root of strangers", new_ec_key())
        self.stranger = Authority("Intermediate of strangers", new_ec_key(), self.stranger_root)
        self.rsa_keys = {bits: _new_rsa_key(bits) for bits in (RSA_BITS, RSA_1024_BITS)}

    def store(self):
        """The roots that a scanner in the lab trusts, as PEM."""
        return pem([self.root.certificate, self.root_rsa.certificate])

    def _key(self, faults):
        if "rsa1024" in faults:
            return self.rsa_keys[RSA_1024_BITS]
        if faults & {"rsa", "sha1"}:
            return self.rsa_keys[RSA_BITS]
        return ec.generate_private_key(ec.SECP384R1()) if "p384" in faults else new_ec_key()

    def _authority(self, faults):
        for fault, authority in (
            ("name-constraints", self.constrained),
            ("missing-unknown", self.unseen),
            ("untrusted", self.stranger),
            ("p384", self.intermediate_p384),
        ):
            if fault in faults:
                return authority
        return self.intermediate_rsa if faults & {"rsa", "rsa1024", "sha1"} else self.intermediate

    @staticmethod
    def _names(name, faults):
        parent = name.split(".", 1)[1] if "." in name else name
        if "cn-only" in faults:
            return []
        if "wrong-name" in faults:
            return [x509.DNSName("www." + parent), x509.DNSName(parent)]
        if "wildcard" in faults:
            return [x509.DNSName("*." + parent), x509.DNSName(parent)]
        if "wildcard-partial" in faults:
            return [x509.DNSName(name.split(".")[0][:2] + "*." + parent)]
        if "wildcard-deep" in faults:
            return [x509.DNSName("*." + parent.split(".", 1)[1])]
        if "ip-san" in faults:
            return [x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
        return [x509.DNSName(name.upper() if "upper-case" in faults else name)]

    @staticmethod
    def _validity(faults):
        now = datetime.datetime.now(datetime.timezone.utc)
        if "expired" in faults:
            return now - 400 * DAY, now - 10 * DAY
        if "not-yet-valid" in faults:
            return now + 30 * DAY, now + 90 * DAY
        return now - 30 * DAY, now + (SOON_DAYS if "soon" in faults else LEAF_DAYS) * DAY

    def leaf(self, name, faults, key, authority):
        """One end certificate; `authority` None makes it self-signed."""
        begin, end = self._validity(faults)
        subject = _name(name)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if "wrong-eku" in faults else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority.name if authority and "sha1" not in faults else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        names = self._names(name, faults)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if authority:
            builder = builder.add_extension(authority.key_identifier(), critical=False)
        if "sha1" in faults:
            return sign_with_sha1(builder.sign(key, hashes.SHA256()), authority)
        return builder.sign(authority.key if authority else key, hashes.SHA256())

    def chain(self, name, kind):
        """(certificates as sent, key, whole chain with its root) of a kind, for a name."""
        faults = set(kind.split("+"))
        if not is_kind(kind):
            raise CertificateError(f"no such kind of certificate: {kind}")
        if "weak" in faults:
            leaf, key = weak_leaf(name, self.intermediate_rsa)
            whole = [leaf, self.intermediate_rsa.certificate, self.root_rsa.certificate]
            return whole[:2], key, whole
        key = self._key(faults)
        if "self-signed" in faults:
            leaf = self.leaf(name, faults, key, None)
            return [leaf], key, [leaf]
        authority = self._authority(faults)
        leaf = self.leaf(name, faults, key, authority)
        whole = [leaf, authority.certificate, authority.issuer.certificate]
        sent = whole[:2]
        if faults & {"missing-intermediate", "missing-unknown"}:
            sent = whole[:1]
        if "with-root" in faults:
            sent = whole
        if "extra" in faults:
            sent = sent + [self.stranger.certificate, self.stranger_root.certificate]
        if "unordered" in faults:
            sent = [leaf, self.stranger.certificate, authority.issuer.certificate, authority.certificate]
        return sent, key, whole
