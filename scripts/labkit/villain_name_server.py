"""The sockets of the misbehaving name server: zones of its own on some addresses (an entry with `upstream` in place of
`records` is a whole resolver that misbehaves), and on others a resolver that relays every query to the validating one,
bytes untouched, but for the names that it is told to misbehave for. What a misbehaviour is stands in villain_dns.py.
Called by villain.py.
"""

import collections
import concurrent.futures
import functools
import selectors
import socket
import struct
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone

import villain_dns
from villain_peer import HOLD_SECONDS, PAUSE_SECONDS

PORT = 53
UPSTREAM_SECONDS = 30.0         # longest that the validating resolver is waited for
UPSTREAM_SOCKETS = 64           # an id can be in flight once on each
WORKERS = 64                    # misbehaving answers at the same time
RECEIVE_BYTES = 4 << 20
# What a client's bytes, or its leaving, can cause.
CLIENT_FAULTS = (OSError, EOFError, ValueError, IndexError, struct.error, dns.exception.DNSException)
ELSEWHERE = {socket.AF_INET: "127.0.0.99", socket.AF_INET6: "::1"}


def udp_socket(address, port=PORT):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    sock.bind((address, port))
    sock.setblocking(False)
    return sock


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_message(sock):
    """One DNS message over TCP."""
    return read_exactly(sock, struct.unpack(">H", read_exactly(sock, 2))[0])


def write_message(sock, wire):
    sock.sendall(struct.pack(">H", len(wire)) + wire)


class Zone:
    """A zone of the villain's own."""

    authoritative = True

    def __init__(self, entry):
        self.origin = dns.name.from_text(entry["zone"])
        self.service = entry
        self.zone = dns.zone.from_file(entry["records"], origin=self.origin, relativize=False, check_origin=False)

    def honest(self, _wire, message, tcp):
        """RFC 1034 4.3.2, for a zone without cuts and wildcards."""
        name, kind = message.question[0].name, message.question[0].rdtype
        answer = dns.message.make_response(message)
        answer.flags |= dns.flags.AA
        node = self.zone.get_node(name)
        for wanted in (kind, dns.rdatatype.CNAME):
            found = self.zone.get_rrset(name, wanted) if node else None
            if found:
                answer.answer.append(found)
                break
        else:
            below = any(other.is_subdomain(name) for other in self.zone)
            answer.set_rcode(dns.rcode.NOERROR if node or below else dns.rcode.NXDOMAIN)
            soa = self.zone.get_rrset(self.origin, dns.rdatatype.SOA)
            answer.authority.extend([soa] if soa else [])
        wire = answer.to_wire(max_size=65535)
        if not tcp and len(wire) > max(512, message.payload or 512):
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            wire = answer.to_wire()
        return wire


class Upstream:
    """The validating resolver, seen through one behaviour: for one name, or for a whole zone (`.` is all there is)."""

    authoritative = False

    def __init__(self, address, service):
        self.address = address
        self.service = service
        self.origin = dns.name.from_text(service.get("zone", "."))

    def honest(self, wire, _message, tcp):
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
            sock.settimeout(UPSTREAM_SECONDS)
            sock.connect((self.address, PORT))
            if tcp:
                write_message(sock, wire)
                return read_message(sock)
            sock.send(wire)
            return sock.recv(65535)


class NameServers:
    """All of them. `log(service, client, fields)` writes a line."""

    def __init__(self, config, log):
        self.log = log
        self.turns = collections.Counter()
        self.turns_lock = threading.Lock()
        self.workers = concurrent.futures.ThreadPoolExecutor(WORKERS)
        self.selector = selectors.DefaultSelector()
        self.zones = collections.defaultdict(list)      # address -> zones
        for entry in config.get("dns", []):
            source = Upstream(entry["upstream"], entry) if entry.get("upstream") else Zone(entry)
            for address in entry["addresses"]:
                self.zones[address].append(source)
        resolver = config.get("resolver") or {"addresses": [], "names": {}, "upstream": None}
        self.upstream = resolver["upstream"]
        self.resolver_addresses = resolver["addresses"]
        self.names = {}             # in wire form
        for name, (behaviour, argument) in resolver["names"].items():
            service = {"kind": "resolver", "name": name, "behaviour": behaviour, "argument": argument}
            self.names[dns.name.from_text(name).canonicalize().to_wire()] = Upstream(self.upstream, service)
        self.pending = {}           # (upstream socket's index, id) -> (time, listener, client)
        self.next_upstream = 0
        self.upstream_sockets = []
        self._open()

    def addresses(self):
        return [*self.zones, *self.resolver_addresses]

    def _open(self):
        for address in self.zones:
            self.selector.register(udp_socket(address), selectors.EVENT_READ, self._from_client_of_zone)
        for address in self.resolver_addresses:
            self.selector.register(udp_socket(address), selectors.EVENT_READ, self._from_client)
        for index in range(UPSTREAM_SOCKETS if self.upstream else 0):
            sock = udp_socket("::" if ":" in self.upstream else "0.0.0.0", 0)
            sock.connect((self.upstream, PORT))
            self.upstream_sockets.append(sock)
            self.selector.register(sock, selectors.EVENT_READ, functools.partial(self._from_upstream, index))

    def run(self):
        while True:
            for key, _ in self.selector.select():
                try:
                    while True:
                        key.data(key.fileobj)
                except OSError:
                    pass        # drained, or an ICMP error about a client that has left

    # UDP.

    def _from_client_of_zone(self, sock):
        wire, client = sock.recvfrom(65535)
        address = sock.getsockname()[0]
        self.workers.submit(self._misbehave_udp, sock, client, wire, lambda question: self._zone_for(address, question))

    def _from_client(self, sock):
        wire, client = sock.recvfrom(65535)
        source = self.names.get(_question_name(wire))
        if source:
            self.workers.submit(self._misbehave_udp, sock, client, wire, lambda question: source)
            return
        now = time.monotonic()
        for _ in range(UPSTREAM_SOCKETS):
            self.next_upstream = (self.next_upstream + 1) % UPSTREAM_SOCKETS
            key = (self.next_upstream, wire[:2])
            if key not in self.pending or now - self.pending[key][0] > UPSTREAM_SECONDS:
                self.pending[key] = (now, sock, client)
                self.upstream_sockets[self.next_upstream].send(wire)
                return

    def _from_upstream(self, index, sock):
        wire = sock.recv(65535)
        waiting = self.pending.pop((index, wire[:2]), None)
        if waiting:
            waiting[1].sendto(wire, waiting[2])

    def _misbehave_udp(self, sock, client, wire, choose):
        try:
            for reply in self._replies(wire, False, client, choose):
                time.sleep(reply.after_seconds)
                if not reply.elsewhere:
                    sock.sendto(reply.wire, client)
                    continue
                with socket.socket(sock.family, socket.SOCK_DGRAM) as other:
                    other.bind((ELSEWHERE[sock.family], 0))
                    other.sendto(reply.wire, client)
        except CLIENT_FAULTS:
            pass                # ends nothing but this query

    # Both.

    def _zone_for(self, address, message):
        name = message.question[0].name
        holding = [zone for zone in self.zones[address] if name.is_subdomain(zone.origin)]
        return max(holding, key=lambda zone: len(zone.origin), default=None)

    def _replies(self, wire, tcp, client, choose):
        message = dns.message.from_wire(wire)
        source = choose(message) if message.question else None
        if source is None:
            refusal = dns.message.make_response(message)
            refusal.set_rcode(dns.rcode.REFUSED)
            return [villain_dns.Reply(refusal.to_wire())]
        asked = message.question[0]
        # A question with CD that follows a SERVFAIL is no new try (RFC 4035 4.7): whoever failed for a moment answers it.
        again = not source.authoritative and bool(message.flags & dns.flags.CD)
        with self.turns_lock:
            self.turns[id(source), asked.name, asked.rdtype] += not again
            turn = 0 if again else self.turns[id(source), asked.name, asked.rdtype]
        text = f"{asked.name} {dns.rdatatype.to_text(asked.rdtype)}"
        self.log(source.service, client, {"question": text, "tcp": tcp})
        question = villain_dns.Question(wire, message, tcp, source.authoritative, turn,
                                        lambda: source.honest(wire, message, tcp))
        return villain_dns.replies(source.service["behaviour"], source.service.get("argument"), question)

    # TCP: one call a connection, in a thread of its own.

    def serve_tcp(self, sock, client, address):
        sock.settimeout(HOLD_SECONDS)
        while True:
            wire = read_message(sock)
            for reply in self._replies_tcp(wire, client, address):
                self._send_tcp(sock, reply)

    def _replies_tcp(self, wire, client, address):
        if address in self.zones:
            return self._replies(wire, True, client, lambda message: self._zone_for(address, message))
        source = self.names.get(_question_name(wire))
        if source:
            return self._replies(wire, True, client, lambda message: source)
        return [villain_dns.Reply(Upstream(self.upstream, {}).honest(wire, None, True))]

    @staticmethod
    def _send_tcp(sock, reply):
        time.sleep(reply.after_seconds)
        wire = reply.wire if reply.raw else struct.pack(">H", len(reply.wire)) + reply.wire
        for at in range(len(wire) if reply.drip else 0):
            sock.sendall(wire[at:at + 1])
            time.sleep(PAUSE_SECONDS)
        if not reply.drip:
            sock.sendall(wire)
        if reply.then == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.then:
            raise EOFError


def _question_name(wire):
    """The question's name in wire form, lower-cased; b'' when there is none."""
    end = wire.find(b"\0", 12)
    return wire[12:end + 1].lower() if end > 0 else b""
