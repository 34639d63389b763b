#!/usr/bin/python3
"""The lab's misbehaving server: DNS, HTTPS and SMTP that break their standards on purpose, one process for all.

    villain.py CONFIG.json      binds what the file says (tests/world/README.md), prints `ready`, runs until killed
    villain.py --list           every behaviour: KIND BEHAVIOUR  what it does

Each connection and each misbehaving DNS answer leaves lines of JSON in the log, with the time in milliseconds.
Whatever a client does ends nothing but its own connection.
"""

import collections
import contextlib
import json
import os
import resource
import selectors
import socket
import ssl
import sys
import threading
import time

import villain_dns
import villain_https
import villain_name_server
import villain_smtp
from villain_peer import Over, Peer

BACKLOG = 512
STACK_BYTES = 512 * 1024        # a thread a connection
DRAIN_SECONDS = 2.0             # waited for a client to close, so that no RST overtakes the last bytes
FILES_COUNT = 20000

SERVICES = {"smtp": villain_smtp, "https": villain_https}


def list_behaviours():
    for kind, module in (*SERVICES.items(), ("dns", villain_dns), ("resolver", villain_dns)):
        for name, line in module.behaviours().items():
            print(f"{kind} {name}  {line}")


class Log:
    """JSON Lines: an `open` and a `close` line for each connection, one line for each DNS question."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, event, service, client, fields):
        line = {"time_ms": int(time.time() * 1000), "event": event, "kind": service["kind"],
                "name": service.get("name") or service.get("zone"), "behaviour": service["behaviour"],
                "argument": service.get("argument") or None, "client": client[0], "client_port": client[1], **fields}
        with self.lock:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((address, port))
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


class Villain:
    def __init__(self, config):
        self.log = Log(config["log"])
        self.turns = collections.Counter()
        folder = os.path.dirname(os.path.abspath(config["log"]))
        self.selector = selectors.DefaultSelector()
        for kind in SERVICES:
            for service in config.get(kind, []):
                self._refuse_unknown(kind, service)
                service.update(kind=kind, folder=folder)
                for address in service["addresses"]:
                    self._bind(address, service["port"], self._serve, service)
        for entry in config.get("dns", []):
            self._refuse_unknown("dns", entry)
            entry["kind"] = "dns"
        self.name_servers = villain_name_server.NameServers(config, self._note_question)
        for address in self.name_servers.addresses():
            self._bind(address, villain_name_server.PORT, self._serve_dns, address)

    @staticmethod
    def _refuse_unknown(kind, service):
        known = SERVICES.get(kind, villain_dns).behaviours()
        if service["behaviour"] not in known:
            raise SystemExit(f"villain: no such {kind} behaviour: {service['behaviour']}")

    def _bind(self, address, port, serve, service):
        self.selector.register(listen(address, port), selectors.EVENT_READ, (serve, service))

    def _note_question(self, service, client, fields):
        self.log.write("question", service, client, fields)

    def run(self):
        threading.Thread(target=self.name_servers.run, daemon=True).start()
        print("ready", flush=True)
        while True:
            for key, _ in self.selector.select():
                serve, service = key.data
                with contextlib.suppress(OSError):
                    sock, client = key.fileobj.accept()
                    threading.Thread(target=serve, args=(sock, client, service), daemon=True).start()

    def _serve(self, sock, client, service):
        """One client from accept to close."""
        address = sock.getsockname()[0]
        noted = {"address": address, "client": client[0]}
        peer = Peer(sock, service, noted)
        peer.turn = self._turn(address)
        self.log.write("open", service, client, {"address": address, "turn": peer.turn})
        try:
            SERVICES[service["kind"]].serve(peer)
            noted["end"] = "done"
        except Over as end:
            noted["end"] = str(end)
        except (OSError, ssl.SSLError, ValueError) as fault:
            noted["end"] = f"{type(fault).__name__}: {fault}"
        finally:
            _close(sock)
            self.log.write("close", service, client, noted)

    def _turn(self, address):
        with self.log.lock:
            self.turns[address] += 1
            return self.turns[address]

    def _serve_dns(self, sock, client, address):
        with sock, contextlib.suppress(*villain_name_server.CLIENT_FAULTS):
            self.name_servers.serve_tcp(sock, client, address)


def _close(sock):
    """Sends FIN, then waits a little for the client's, unread bytes being dropped."""
    with contextlib.suppress(OSError):
        sock.settimeout(DRAIN_SECONDS)
        sock.shutdown(socket.SHUT_WR)
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end and sock.recv(65536):
            pass
    sock.close()


def main(arguments):
    if arguments == ["--list"]:
        return list_behaviours()
    if len(arguments) != 1:
        sys.exit("usage: villain.py CONFIG.json | villain.py --list")
    threading.stack_size(STACK_BYTES)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_COUNT, hard), hard))
    with open(arguments[0], encoding="utf-8") as file:
        Villain(json.load(file)).run()


if __name__ == "__main__":
    os.environ.pop("OPENSSL_CONF", None)
    main(sys.argv[1:])
