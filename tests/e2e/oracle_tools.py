"""The programs that are asked the scanner's questions, and their answers as words.

delv validates by itself, over a resolver that does not validate; posttls-finger is Postfix's own client; s_client is
OpenSSL's. Nothing here knows what the scanner says. Used by tests/e2e/oracles, inside the lab only.
"""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from labkit import packages

EHLO_NAME = "oracle.good.example"
MX_PORT = 25
ITERATOR = "127.0.0.9"  # resolves, never validates: what is bogus passes through
QUESTION_TIMEOUT_S = 25
NETWORK_TIMEOUT_S = 5
READY_TIMEOUT_S = 20
READY_POLL_S = 0.05

DELV_BOGUS = re.compile(
    r"resolution failed: (RRSIG failed to verify|broken trust chain|no valid \S+|insecurity proof failed)"
)
DELV_NEGATIVE = {"ncache nxdomain": "NXDOMAIN", "ncache nxrrset": "NODATA"}
FINGER_VERDICT = re.compile(r"^posttls-finger: (Verified|Trusted|Untrusted|Anonymous) TLS connection established", re.M)
OPENSSL_VERDICT = re.compile(r"^(?:Verification error: (.*)|Verification: (OK))$", re.M)
DANE_USAGES = ("2", "3")  # RFC 7672 3.1.3: the others are unusable for SMTP, and it is for the caller to leave them out
TRIES = 2  # a server may fail once; the scanner asks again too


class Tools:
    """Where the programs are; `question` runs one of them with a time of its own."""

    def __init__(self, state, folder):
        self.state, self.folder = state, folder
        self.ca = state / "ca.pem"
        self.environment = dict(os.environ, OPENSSL_CONF=str(state / "openssl.cnf"), LC_ALL="C")
        self.iterator = None
        self._write_files()

    def _tree(self, group):
        tree = self.state / "packages" / group
        return tree, dict(self.environment, LD_LIBRARY_PATH=packages.library_path(tree))

    def _write_files(self):
        """delv's trust anchor, and settings that posttls-finger insists on."""
        number, algorithm, kind, digest = (self.state / "world/anchor").read_text().split("\n")[0].split()[4:8]
        (self.folder / "anchor.conf").write_text(
            f'trust-anchors {{ "." static-ds {number} {algorithm} {kind} "{digest}"; }};\n'
        )
        tree, _ = self._tree("postfix")
        settings = {
            "compatibility_level": "3.6",
            "inet_protocols": "all",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "shlib_directory": tree / "usr/lib/postfix",
            "import_environment": "MAIL_CONFIG LD_LIBRARY_PATH OPENSSL_CONF",
            "myhostname": EHLO_NAME,
        }
        (self.folder / "postfix").mkdir()
        (self.folder / "postfix/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (self.folder / "postfix/master.cf").write_text("")

    def start_iterator(self):
        """The lab's resolver once more, at an address of its own, without its validator."""
        tree, environment = self._tree("dns")
        text = (self.state / "unbound.conf").read_text()
        text = re.sub(r"^  (interface|trust-anchor-file|ede): .*\n", "", text, flags=re.M)
        text = text.replace('"validator iterator"', f'"iterator"\n  interface: {ITERATOR}')
        text = text.replace("unbound.pid", "iterator.pid").replace("unbound.log", "iterator.log")
        conf = self.folder / "iterator.conf"
        conf.write_text(text)
        self.iterator = subprocess.Popen(
            [tree / "usr/sbin/unbound", "-d", "-c", conf], env=environment, stderr=subprocess.DEVNULL
        )
        query, end = dns.message.make_query("good.example", "SOA"), time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < end:
            try:
                if dns.query.udp(query, ITERATOR, timeout=1).answer:
                    return
            except (dns.exception.DNSException, OSError):
                time.sleep(READY_POLL_S)
        raise RuntimeError("the resolver that does not validate does not answer")

    def stop(self):
        if self.iterator:
            self.iterator.send_signal(signal.SIGTERM)
            self.iterator.wait()

    def question(self, command, environment=None):
        """What the program says; None when it does not end in time."""
        try:
            run = subprocess.run(
                [str(word) for word in command],
                env=environment or self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=QUESTION_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        return run.stdout.decode(errors="replace")

    # --- DNS

    def delv(self, name, kind):
        """(secure, insecure, bogus or failed; NOERROR, NODATA, NXDOMAIN or None; the data of the answer's records)."""
        tree, environment = self._tree("dns")
        anchor = self.folder / "anchor.conf"
        command = [tree / "usr/bin/delv", f"@{ITERATOR}", "-a", anchor, "+root=.", "+nosplit", name + ".", kind]
        text = self.question(command, environment)
        if text is None:
            return "failed", None, []
        if DELV_BOGUS.search(text):
            return "bogus", None, []
        status = next((word for sign, word in DELV_NEGATIVE.items() if sign in text), "NOERROR")
        data = [
            line.split(None, 4)[4] for line in text.splitlines() if re.match(rf"[^;\s]\S*\s+\d+\s+IN\s+{kind}\s", line)
        ]
        if "unsigned answer" in text:
            return "insecure", status, data
        if "fully validated" in text:
            return "secure", status, data
        return "failed", None, []

    # --- mail

    def _finger(self, level, security_level, *rest):
        tree, environment = self._tree("postfix")
        environment["MAIL_CONFIG"] = str(self.folder / "postfix")
        cipher_list = f"tls_medium_cipherlist=ALL:@SECLEVEL={security_level}"
        timeouts = ["-t", NETWORK_TIMEOUT_S, "-T", NETWORK_TIMEOUT_S]
        command = [
            tree / "usr/sbin/posttls-finger",
            "-c",
            "-F",
            self.ca,
            "-l",
            level,
            "-L",
            "summary,verbose",
            "-o",
            cipher_list,
        ]
        return self.question(command + timeouts + list(rest), environment) or ""

    def finger_secure(self, host, address):
        """Postfix's word on the certificate of an address under the name: Verified, Trusted, Untrusted; None without TLS."""
        literal = f"[ipv6:{address}]" if ":" in address else f"[{address}]"
        for _ in range(TRIES):
            found = FINGER_VERDICT.search(self._finger("secure", 1, "-s", host, literal, host))
            if found:
                return found.group(1)
        return None

    def finger_dane(self, host, family):
        """Postfix's word on a host: valid, invalid, unusable, absent (none or insecure), failed; None when nobody answers."""
        text = self._finger("dane", 0, "-a", family, f"[{host}]", host)
        if "TLSA lookup error" in text or "Name service error" in text:
            return "failed"
        if "all TLSA records unusable" in text:
            return "unusable"
        found = FINGER_VERDICT.search(text)
        if "DNSSEC-signed TLSA record" in text:
            if not found and "Failed to establish session" in text:
                return None
            return "valid" if found and found.group(1) == "Verified" else "invalid"
        if re.search(r"warning: .*TLSA", text):
            return "unusable"
        return None if "Failed to establish session" in text else "absent"

    def _s_client(self, address, port, *rest):
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        command = ["openssl", "s_client", "-connect", target, "-CAfile", self.ca, "-verify_return_error"]
        command += ["-cipher", "ALL:@SECLEVEL=0", "-nocommands"]
        if port == MX_PORT:
            command += ["-starttls", "smtp", "-name", EHLO_NAME]
        return self.question(command + list(rest))

    @staticmethod
    def _openssl_verdict(text):
        found = OPENSSL_VERDICT.search(text or "")
        # A peer that sends no certificate is no success.
        if not found or "no peer certificate available" in text and found.group(2):
            return None
        return found.group(2) or found.group(1)

    def openssl_pkix(self, host, address, port):
        """OpenSSL's word on the certificate of an address under the name: OK, or its complaint; None without TLS."""
        options = ["-servername", host, "-verify_hostname", host, "-auth_level", 1]
        for _ in range(TRIES):
            verdict = self._openssl_verdict(self._s_client(address, port, *options))
            if verdict:
                return verdict
        return None

    def openssl_dane(self, base, address, records):
        """OpenSSL's word on an address by these TLSA records: valid, invalid, unusable; None without TLS."""
        usable = [text for text in records if text.split()[0] in DANE_USAGES]
        if not usable:
            return "unusable"
        options = ["-dane_tlsa_domain", base, "-dane_ee_no_namechecks", "-auth_level", 0]
        options += [word for text in usable for word in ("-dane_tlsa_rrdata", text)]
        text = self._s_client(address, MX_PORT, *options)
        if text and "Failed to import any TLSA records" in text:
            return "unusable"
        verdict = self._openssl_verdict(text)
        return verdict and ("valid" if verdict == "OK" else "invalid")
