"""Writes the servers' configurations into the lab's state folder, starts the servers and waits until they answer.

Runs inside the namespace only (namespace.py sees to that): every server is a child of the lab's first process and ends with it.
"""

import json
import os
import pwd
import socket
import subprocess
import sys
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query

from labkit import packages, plan as planning, world

READY_TIMEOUT_S = 60
POLL_S = 0.02
QUERY_TIMEOUT_S = 0.25
VALIDATOR, RESOLVERS = "127.0.0.2", ["127.0.0.1", "::1"]
POSTFIX_SERVICES = [
    "postlog unix-dgram n - n - 1 postlogd",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "anvil unix - - n - 1 anvil",
    "proxymap unix - - n - - proxymap",
]
POSTFIX_VARIANTS = {
    "plain": ["smtpd_tls_security_level=none"],
    "nocert": ["smtpd_tls_chain_files=", "smtpd_tls_cert_file=none"],
    "reject": ["smtpd_delay_reject=no", "smtpd_client_restrictions=reject"],
    "tls1.0": ["smtpd_tls_protocols=TLSv1"],
    "tls1.1": ["smtpd_tls_protocols=TLSv1.1"],
    "tls1.2": ["smtpd_tls_protocols=TLSv1.2"],
    "tls1.3": ["smtpd_tls_protocols=TLSv1.3"],
}
NGINX_VARIANTS = {
    "tls1.0": "ssl_protocols TLSv1;",
    "tls1.1": "ssl_protocols TLSv1.1;",
    "tls1.2": "ssl_protocols TLSv1.2;",
    "rsa-only": "ssl_ciphers aRSA:@SECLEVEL=0;",
}


class ServerError(Exception):
    """A server did not come up; the message names it and its log."""


def _bracketed(address):
    return f"[{address}]" if ":" in address else address


def certificate_file(state, key):
    """Private key and chain of a certificate, in one PEM file."""
    return state / "world/certs" / (key.replace("*", "_") + ".pem")


class Servers:
    """The servers of one lab: `start` brings them up; they go down with the namespace."""

    def __init__(self, state, plan):
        self.state, self.plan = state, plan
        self.log = state / "log"
        self.running = []

    def tree(self, group):
        return self.state / "packages" / group

    def write(self, name, text):
        path = self.state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def spawn(self, name, group, *command, inside=None):
        """Starts a server, in the network of process `inside` if given; what it prints goes to its log."""
        if inside is not None:
            command = ("nsenter", f"--target={inside}", "--net", "--") + command
        environment = dict(os.environ, OPENSSL_CONF=str(self.state / "openssl.cnf"))
        if group:
            environment["LD_LIBRARY_PATH"] = packages.library_path(self.tree(group))
        with open(self.log / f"{name}.out", "wb") as out:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                cwd=self.state,
                start_new_session=True,
            )
        self.running.append((name, process))
        return process

    def wait_for(self, what, reached):
        """Waits until `reached()` holds; a server that has ended meanwhile is an error."""
        end = time.monotonic() + READY_TIMEOUT_S
        while not reached():
            for name, process in self.running:
                if process.poll() is not None:
                    raise ServerError(f"{name} ended at once: {self.last_words(name)}")
            if time.monotonic() > end:
                raise ServerError(f"{what} does not answer after {READY_TIMEOUT_S} s")
            time.sleep(POLL_S)

    def last_words(self, name):
        text = "".join(path.read_text(errors="replace") for path in self.log.glob(f"{name}.*"))
        return " / ".join(text.strip().splitlines()[-2:])[:400]

    def start(self):
        """Everything up, in the order of need; then every one has been reached once."""
        self.write("openssl.cnf", "\n")
        self.start_recorder()
        self.start_knot()
        self.start_unbound()
        self.start_villain()
        self.start_nginx()
        self.start_postfix()
        self.start_exim()
        self.wait_until_ready()

    def start_recorder(self):
        """The witness of connections, and the provider of each address for whoever asks it."""
        script = Path(__file__).with_name("recorder.py")
        self.spawn("recorder", None, sys.executable, "-E", script, "record", self.log / "connections.csv")
        out = self.log / "recorder.out"
        self.wait_for("recorder", lambda: b"ready\n" in out.read_bytes())
        # An address behind an alias too is reached under two names, and so by leave of two providers: it proves nothing of one.
        aliased = {row.text("cname").rstrip(".") for row in self.plan.world.hosts if row.text("cname")}
        rows = [
            f"{listener.address},{world.zone_of(listener.name)}\n"
            for listener in self.plan.listeners
            if listener.name not in aliased
        ]
        self.write("log/providers.csv", "".join(rows))

    # --- DNS

    def start_knot(self):
        lines = ["server:", f"  rundir: {self.state}/knot", "  automatic-acl: off"]
        lines += [f"  listen: {address}@53" for address in planning.NAME_SERVER_ADDRESSES]
        lines += [
            "log:",
            "- target: stderr",
            "  any: warning",
            "  zone: info",
            "database:",
            f"  storage: {self.state}/knot",
            "template:",
            "- id: default",
            f"  storage: {self.state}/world/zones/signed",
            "  journal-content: none",
            "  zonefile-sync: -1",
            "  semantic-checks: off",
            "zone:",
        ]
        for zone in self.plan.zones.values():
            if not zone.villain:
                name = zone.name.rstrip(".")
                lines += [f'- domain: "{name}."', f"  file: \"{name or 'root'}.zone\""]
        (self.state / "knot").mkdir()
        for tld in self.plan.foreign:
            lines += [f'- domain: "{tld}."', f'  file: "{self.state}/corpus/zones/signed/{tld}.zone"']
        conf = self.write("knot.conf", "\n".join(lines) + "\n")
        self.spawn("knot", "dns", self.tree("dns") / "usr/sbin/knotd", "-c", conf)

    def is_relayed(self):
        """Does the misbehaving resolver stand in front? Not before a corpus: it would be what is measured."""
        return bool(self.plan.resolver) and not self.plan.foreign

    def start_unbound(self):
        relayed = self.is_relayed()
        addresses = [VALIDATOR] if relayed else RESOLVERS
        hints = [f". 3600000 NS {planning.NAME_SERVER}."]
        for address in planning.NAME_SERVER_ADDRESSES:
            hints.append(f"{planning.NAME_SERVER}. 3600000 {'AAAA' if ':' in address else 'A'} {address}")
        self.write("root.hints", "\n".join(hints) + "\n")
        (self.state / "root.key").write_text((self.state / "world/anchor").read_text())
        lines = [
            "server:",
            '  username: ""',
            '  chroot: ""',
            "  use-syslog: no",
            f"  logfile: {self.log}/unbound.log",
            "  do-daemonize: no",
            f"  directory: {self.state}",
            f"  pidfile: {self.state}/unbound.pid",
            f"  root-hints: {self.state}/root.hints",
            f"  trust-anchor-file: {self.state}/root.key",
            '  module-config: "validator iterator"',
            "  ede: yes",
            "  access-control: 0.0.0.0/0 allow",
            "  access-control: ::/0 allow",
            "  num-threads: 2",
            "  so-reuseport: yes",
            "  outgoing-range: 4096",
            "  num-queries-per-thread: 4096",
            "  msg-cache-size: 64m",
            "  rrset-cache-size: 128m",
            "  minimal-responses: yes",
            "  qname-minimisation: no",
            "  do-not-query-localhost: no",
            "  val-log-level: 2",
            "  infra-host-ttl: 60",
            "  aggressive-nsec: no",
            "  edns-buffer-size: 1232",
            "  outbound-msg-retry: 2",
        ]
        lines += [f"  interface: {address}" for address in addresses]
        lines += [f'  local-zone: "{name}." nodefault' for name in ("test", "invalid", "example", "onion")]
        conf = self.write("unbound.conf", "\n".join(lines) + "\nremote-control:\n  control-enable: no\n")
        self.spawn("unbound", "dns", self.tree("dns") / "usr/sbin/unbound", "-d", "-c", conf)

    def zones_are_loaded(self):
        """Has the name server all zones? One that does not load is an error of the table, and told with its line."""
        text = (self.log / "knot.out").read_text(errors="replace")
        for line in text.splitlines():
            if " error: " in line:
                raise ServerError("name server: " + line.split(" error: ", 1)[1])
        wanted = sum(1 for zone in self.plan.zones.values() if not zone.villain) + len(self.plan.foreign)
        return text.count("] loaded, ") >= wanted

    # --- the misbehaving server

    def villain_config(self):
        smtp, https, dns_servers = {}, [], []
        for listener in self.plan.listeners:
            if not listener.server.startswith("villain:"):
                continue
            behaviour, _, argument = listener.server[8:].partition("/")
            path = str(certificate_file(self.state, listener.certificate))
            entry = smtp.setdefault(
                (listener.name, listener.server),
                {
                    "name": listener.name,
                    "behaviour": behaviour,
                    "argument": argument,
                    "addresses": [],
                    "port": 25,
                    "cert": path,
                    "key": path,
                },
            )
            entry["addresses"].append(listener.address)
        for number, policy in enumerate(self.plan.policies):
            path = str(certificate_file(self.state, policy.certificate))
            for server in {server for _, server in policy.pairs if server.startswith("villain:")}:
                behaviour, _, argument = server[8:].partition("/")
                https.append(
                    {
                        "name": "mta-sts." + policy.domain,
                        "behaviour": behaviour,
                        "argument": argument,
                        "addresses": [address for address, kind in policy.pairs if kind == server],
                        "port": 443,
                        "cert": path,
                        "key": path,
                        "body": str(self.state / f"world/bodies/{number}"),
                        "status": policy.status,
                        "type": policy.content_type,
                        "location": policy.location,
                    }
                )
        for zone, whole, addresses in self.plan.name_servers:
            behaviour, _, argument = whole.partition("/")
            dns_servers.append(
                {
                    "zone": zone,
                    "behaviour": behaviour,
                    "argument": argument,
                    "addresses": addresses,
                    "port": 53,
                    "records": str(self.state / f"world/zones/signed/{zone}.zone"),
                }
            )
        config = {"log": str(self.log / "villain.log"), "smtp": list(smtp.values()), "https": https, "dns": dns_servers}
        if self.is_relayed():
            names = {}
            for owner, whole in self.plan.resolver.items():
                behaviour, _, argument = whole.partition("/")
                names[owner + "."] = [behaviour, argument]
            config["resolver"] = {"addresses": RESOLVERS, "upstream": VALIDATOR, "names": names}
        return config

    def start_villain(self):
        config = self.villain_config()
        if not any(config[part] for part in ("smtp", "https", "dns")) and "resolver" not in config:
            return
        path = self.write("villain.json", json.dumps(config, indent=1))
        script = Path(__file__).with_name("villain.py")
        self.spawn("villain", None, sys.executable, "-E", script, path)
        out = self.log / "villain.out"
        self.wait_for("villain", lambda: b"ready\n" in out.read_bytes())

    # --- policies

    def nginx_server(self, number, policy, address, server):
        variant = server.partition("/")[2]
        http2 = "" if variant == "http1" else " http2"
        lines = [
            "server {",
            f"  listen {_bracketed(address)}:443 ssl{http2};",
            f"  server_name mta-sts.{policy.domain};",
            f"  ssl_certificate {certificate_file(self.state, policy.certificate)};",
            f"  ssl_certificate_key {certificate_file(self.state, policy.certificate)};",
        ]
        if variant in NGINX_VARIANTS:
            lines.append("  " + NGINX_VARIANTS[variant])
        if policy.location:
            answer = f'return {policy.status} "{policy.location}";'
        elif policy.status != 200:
            answer = f"return {policy.status};"
        else:
            answer = f'alias {self.state}/world/bodies/{number}; types {{}} default_type "{policy.content_type}";'
        return lines + [f"  location = /.well-known/mta-sts.txt {{ {answer} }}", "  location / { return 404; }", "}"]

    def start_nginx(self):
        lines = []
        for number, policy in enumerate(self.plan.policies):
            for address, server in policy.pairs:
                if server.partition("/")[0] == "nginx":
                    lines += self.nginx_server(number, policy, address, server)
        self.run_nginx("nginx", lines)

    def run_nginx(self, name, servers, inside=None):
        """Starts an nginx with these server blocks."""
        lines = [
            "daemon off;",
            "user root;",
            "worker_processes 1;",
            f"pid {self.state}/{name}.pid;",
            f"error_log {self.log}/{name}-error.log warn;",
            "events { worker_connections 4096; }",
            "http {",
            'log_format lab \'$msec $server_addr $remote_port "$ssl_server_name" $status $server_protocol '
            "$ssl_protocol $request_time';",
            f"access_log {self.log}/{name}.log lab;",
            "server_names_hash_bucket_size 256; server_names_hash_max_size 65536;",
            "ssl_ciphers DEFAULT:@SECLEVEL=0; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off;",
            "keepalive_timeout 20s; reset_timedout_connection on;",
        ]
        lines += [
            f"{part}_temp_path {self.state}/{name}/{part};"
            for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ]
        (self.state / name).mkdir()
        conf = self.write(f"{name}.conf", "\n".join(lines + servers + ["}"]) + "\n")
        program = self.tree("web") / "usr/sbin/nginx"
        self.spawn(name, "web", program, "-c", conf, "-e", self.log / f"{name}-error.log", inside=inside)

    # --- mail

    def postfix_folders(self, root):
        user = pwd.getpwnam("postfix")
        for name in ("etc", "queue", "data"):
            (root / name).mkdir(parents=True)
        for name in (
            "active",
            "bounce",
            "corrupt",
            "defer",
            "deferred",
            "flush",
            "hold",
            "incoming",
            "private",
            "saved",
            "trace",
            "public",
            "maildrop",
            "pid",
        ):
            path = root / "queue" / name
            path.mkdir()
            if name != "pid":
                os.chown(path, user.pw_uid, user.pw_gid)
        os.chown(root / "data", user.pw_uid, user.pw_gid)

    def postfix_main(self, root):
        """Settings of a Postfix whose files are under `root`."""
        tree = self.tree("postfix")
        return {
            "compatibility_level": "3.6",
            "queue_directory": root / "queue",
            "data_directory": root / "data",
            "daemon_directory": tree / "usr/lib/postfix/sbin",
            "command_directory": tree / "usr/sbin",
            "shlib_directory": tree / "usr/lib/postfix",
            "meta_directory": root / "etc",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": "mx.lab.example",
            "mydestination": "",
            "inet_interfaces": "all",
            "inet_protocols": "all",
            "maillog_file": self.log / f"{root.name}.log",
            "maillog_file_prefixes": self.log,
            "import_environment": "MAIL_CONFIG MAIL_LOGTAG LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH OPENSSL_CONF",
            "smtpd_peername_lookup": "no",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "smtpd_client_event_limit_exceptions": "static:all",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_loglevel": "1",
            "smtpd_tls_session_cache_timeout": "0",
            "smtpd_tls_protocols": ">=TLSv1",
            "smtpd_tls_eecdh_grade": "auto",
            "tls_ssl_options": "NO_TICKET",
            "tls_medium_cipherlist": "ALL:@SECLEVEL=0",
            "smtpd_timeout": "60s",
            "default_process_limit": "200",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
        }

    def start_postfix(self):
        root = self.state / "postfix"
        self.postfix_folders(root)
        settings = self.postfix_main(root)
        sni = {name: certificate_file(self.state, key) for name, key in self.plan.sni.items()}
        if sni:
            settings["tls_server_sni_maps"] = f"texthash:{root}/etc/sni"
            (root / "etc/sni").write_text("".join(f"{name} {path}\n" for name, path in sni.items()))
        lines = []
        for listener in self.plan.listeners:
            kind, _, variant = listener.server.partition("/")
            if kind != "postfix":
                continue
            options = [
                f"myhostname={listener.name}",
                f"smtpd_tls_chain_files={certificate_file(self.state, listener.certificate)}",
            ]
            options += POSTFIX_VARIANTS.get(variant, [])
            lines.append(f"{_bracketed(listener.address)}:25 inet n - n - - smtpd")
            lines += [f"  -o {option}" for option in options]
        self.run_postfix(root, settings, lines)

    def run_postfix(self, root, settings, services, inside=None):
        """Starts the Postfix of `root` with these settings and these lines of master.cf."""
        (root / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        (root / "etc/master.cf").write_text("\n".join(POSTFIX_SERVICES + services) + "\n")
        master = self.tree("postfix") / "usr/lib/postfix/sbin/master"
        self.spawn(root.name, "postfix", master, "-c", root / "etc", "-d", inside=inside)

    def start_exim(self):
        root, user = self.state / "exim", pwd.getpwnam("Debian-exim")
        for name in ("spool", "cert", "name", "plain", "defer", "reject"):
            (root / name).mkdir(parents=True)
        os.chown(root / "spool", user.pw_uid, user.pw_gid)
        addresses = []
        for listener in self.plan.listeners:
            kind, _, variant = listener.server.partition("/")
            if kind != "exim":
                continue
            addresses.append(listener.address)
            # Exim takes a colon for the end of a file's name.
            file = listener.address.replace(":", "_")
            (root / "cert" / file).symlink_to(certificate_file(self.state, listener.certificate))
            (root / "name" / file).write_text(listener.name)
            if variant:
                (root / variant / file).write_text("")
        if not addresses:
            return
        conf = self.write("exim.conf", self.exim_config(root, addresses))
        conf.chmod(0o644)
        self.spawn("exim", "exim", self.tree("exim") / "usr/sbin/exim4", "-C", conf, "-bdf")

    def exim_base(self, root):
        """The options of an Exim whose files are under `root`."""
        log = self.log / root.name
        log.mkdir(exist_ok=True)
        user = pwd.getpwnam("Debian-exim")
        os.chown(log, user.pw_uid, user.pw_gid)
        return [
            "exim_user = Debian-exim",
            "exim_group = Debian-exim",
            "keep_environment =",
            "primary_hostname = mx.lab.example",
            f"spool_directory = {root}/spool",
            f"pid_file_path = {root}/pid",
            f"log_file_path = {log}/%slog",
            "log_selector = +millisec +incoming_interface +smtp_connection +tls_sni",
            "write_rejectlog = false",
            "daemon_smtp_ports = 25",
            "rfc1413_query_timeout = 0s",
            "smtp_accept_max = 400",
            "smtp_accept_queue = 0",
            "smtp_load_reserve = 1000",
            "helo_allow_chars = _",
            "helo_lookup_domains =",
            "host_lookup =",
            "dns_dnssec_ok = 0",
            "smtp_connect_backlog = 512",
            "tls_require_ciphers = NORMAL:+VERS-TLS1.2:+VERS-TLS1.3",
        ]

    def exim_config(self, root, addresses):
        here = "${tr{$received_ip_address}{:}{_}}"
        host = f"${{readfile{{{root}/name/{here}}}}}"
        return "\n".join(
            self.exim_base(root)
            + [
                f"local_interfaces = <; {' ; '.join(addresses)}",
                f"smtp_banner = {host} ESMTP Exim $version_number",
                f"smtp_active_hostname = {host}",
                f"tls_advertise_hosts = ${{if exists{{{root}/plain/{here}}}{{:}}{{*}}}}",
                f"tls_certificate = {root}/cert/{here}",
                "acl_smtp_connect = connect",
                "begin acl",
                "connect:",
                f"  defer condition = ${{if exists{{{root}/defer/{here}}}}}",
                "    message = 421 Too busy, try again later",
                f"  deny condition = ${{if exists{{{root}/reject/{here}}}}}",
                "    message = 554 No SMTP service here",
                "  accept",
                "begin retry",
                "* * F,2h,15m",
                "",
            ]
        )

    def wait_until_ready(self):
        """Every address that shall answer has accepted a connection."""
        wanted = [
            (listener.address, 25) for listener in self.plan.listeners if listener.server not in planning.MUTE_SERVERS
        ]
        wanted += [
            (address, 443)
            for policy in self.plan.policies
            for address, server in policy.pairs
            if server not in planning.MUTE_SERVERS
        ]
        wanted += [(address, 53) for address in RESOLVERS + list(planning.NAME_SERVER_ADDRESSES)]
        wanted = {(_packed(address), port): f"{address} port {port}" for address, port in wanted}
        self.wait_for("the name server's zones", self.zones_are_loaded)
        self.wait_for("a server", lambda: not set(wanted) - _listening())
        self.wait_for("the resolver", _resolves)


def _packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _resolves():
    query = dns.message.make_query(planning.NAME_SERVER, "A", want_dnssec=True)
    try:
        answer = dns.query.udp(query, RESOLVERS[0], timeout=QUERY_TIMEOUT_S)
    except (dns.exception.DNSException, OSError):
        return False
    return bool(answer.answer and answer.flags & dns.flags.AD)


def _listening():
    """Every (address bytes, port) that listens over TCP, from /proc/net."""
    found = set()
    for table, width in (("/proc/net/tcp", 4), ("/proc/net/tcp6", 16)):
        with open(table, encoding="ascii") as rows:
            for row in list(rows)[1:]:
                words = row.split()
                if words[3] != "0A":
                    continue
                digits, port = words[1].split(":")
                raw = bytes.fromhex(digits)
                raw = b"".join(raw[at : at + 4][::-1] for at in range(0, width, 4))
                found.add((raw, int(port, 16)))
    return found
