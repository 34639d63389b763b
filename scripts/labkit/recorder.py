"""The witness of the limits: records every TCP connection that is opened inside the lab, and judges the record.

    recorder.py record FILE        writes the connections to the lab's web and mail ports, from a packet socket, until it is ended
    recorder.py check FILE ...     prints what was kept of spacing and concurrency; exit 1 when a limit was broken

It watches packets, not programs, so it needs the word of neither the scanner nor the servers. A line is
`time,source port,destination,port,event`; event is `open` (the first SYN), `again` (a repeated one), `answer` (SYN and ACK come back)
or `close` (the first FIN or RST of either side). A connection that was answered and never closed counts as open until the end,
one that was never answered until its last SYN.
"""

import argparse
import contextlib
import socket
import struct
import sys
from collections import defaultdict

PORTS = {25, 443}
TWO_ENDED = {"lo", "hole-end"}
ETH_P_ALL, PACKET_OUTGOING = 3, 4
PACKET_BYTES = 128
RECEIVE_BUFFER_BYTES = 64 << 20
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
FIN, SYN, RST, ACK = 1, 2, 4, 16
TIMESPEC = struct.Struct("ll")
ETHERNET_BYTES = 14


def parse(packet):
    """(source, source port, destination, port, flags) of a TCP segment in an Ethernet frame, or None."""
    kind = packet[12:14]
    if kind == b"\x08\x00" and packet[23] == 6:
        at = ETHERNET_BYTES + (packet[ETHERNET_BYTES] & 15) * 4
        source, destination = packet[26:30], packet[30:34]
    elif kind == b"\x86\xdd" and packet[20] == 6:
        at, source, destination = 54, packet[22:38], packet[38:54]
    else:
        return None
    if len(packet) < at + 14:
        return None
    ports = struct.unpack_from("!HH", packet, at)
    return source, ports[0], destination, ports[1], packet[at + 13]


def _text(raw):
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


class Recorder:
    def __init__(self, out):
        self.out = out
        self.opened = set()

    def segment(self, when, source, source_port, destination, port, flags):
        if port in PORTS and flags & SYN and not flags & ACK:
            key = (source, source_port, destination, port)
            self.write(when, key, "again" if key in self.opened else "open")
            self.opened.add(key)
        elif (
            source_port in PORTS
            and flags & SYN
            and flags & ACK
            and (destination, port, source, source_port) in self.opened
        ):
            self.write(when, (destination, port, source, source_port), "answer")
        elif flags & (FIN | RST):
            for key in ((source, source_port, destination, port), (destination, port, source, source_port)):
                if key in self.opened:
                    self.opened.discard(key)
                    self.write(when, key, "close")

    def write(self, when, key, event):
        self.out.write(f"{when:.6f},{key[1]},{_text(key[2])},{key[3]},{event}\n")


def record(path):
    """Writes the connections until the process is ended; every line is whole, for it is flushed at once."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with contextlib.suppress(PermissionError):  # only root of the machine may; the system's buffer does for small scans
        tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    with open(path, "w", encoding="ascii", buffering=1) as out:
        recorder = Recorder(out)
        print("ready", flush=True)
        while True:
            packet, extra, _, where = tap.recvmsg(PACKET_BYTES, 64)
            # A packet is seen twice, going out and coming in again, where both ends are here: once is enough.
            if where[2] != PACKET_OUTGOING and where[0] in TWO_ENDED:
                continue
            segment = parse(packet)
            if segment and segment[4] & (SYN | FIN | RST):
                seconds, nanoseconds = TIMESPEC.unpack(extra[0][2])
                recorder.segment(seconds + nanoseconds / 1e9, *segment)


def read(path):
    """[(opened, closed, destination, port)] of a record, in order of opening; closed is None when it stayed open."""
    out, live, unanswered = [], {}, {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            when, source_port, destination, port, event = line.strip().split(",")
            key = (source_port, destination, port)
            if event == "open":
                live[key] = [float(when), None, destination, int(port)]
                out.append(live[key])
            elif event == "close" and key in live:
                live.pop(key)[1] = float(when)
            if event == "close" or event == "answer":
                unanswered.pop(key, None)
            elif key in live:
                unanswered[key] = float(when)
    for key, last in unanswered.items():
        live[key][1] = last
    return [tuple(row) for row in out]


class Kept:
    """What a group (an address, a provider) has seen: connections, least spacing, greatest concurrency."""

    def __init__(self, connections):
        opened = sorted(row[0] for row in connections)
        self.count = len(opened)
        self.spacing_ms = min((b - a) * 1000 for a, b in zip(opened, opened[1:])) if len(opened) > 1 else None
        events = sorted(
            [(row[0], 1) for row in connections] + [(row[1], -1) for row in connections if row[1] is not None]
        )
        open_now = self.concurrency = 0
        for _, step in events:
            open_now += step
            self.concurrency = max(self.concurrency, open_now)


def group(connections, name_of):
    """{name: Kept} of connections, grouped by `name_of(destination)`; None leaves one out."""
    groups = defaultdict(list)
    for row in connections:
        name = name_of(row[2])
        if name is not None:
            groups[name].append(row)
    return {name: Kept(rows) for name, rows in groups.items()}


def faults(groups, spacing_ms, concurrency):
    """Sentences on the groups that broke a limit; None as a limit asks nothing."""
    for name, kept in sorted(groups.items()):
        if spacing_ms is not None and kept.spacing_ms is not None and kept.spacing_ms < spacing_ms:
            yield f"{name}: two connections {kept.spacing_ms:.1f} ms apart, limit {spacing_ms} ms"
        if concurrency is not None and kept.concurrency > concurrency:
            yield f"{name}: {kept.concurrency} connections at once, limit {concurrency}"


def check(arguments):
    providers = {}
    if arguments.providers:
        with open(arguments.providers, encoding="utf-8") as rows:
            providers = dict(row.strip().split(",", 1) for row in rows if row.strip())
    connections = [row for row in read(arguments.file) if row[3] == arguments.port]
    broken = 0
    for title, name_of, spacing, most in (
        ("address", lambda address: address, arguments.address_spacing_ms, arguments.address_concurrency),
        ("provider", providers.get, arguments.provider_spacing_ms, arguments.provider_concurrency),
    ):
        groups = group(connections, name_of)
        if not groups:
            continue
        closest = min((kept.spacing_ms for kept in groups.values() if kept.spacing_ms is not None), default=None)
        print(
            f"{title}: {len(groups)} seen, {len(connections)} connections, least spacing "
            f"{'none' if closest is None else f'{closest:.1f} ms'}, most at once {max(k.concurrency for k in groups.values())}"
        )
        for sentence in faults(groups, spacing, most):
            print("  " + sentence)
            broken += 1
    return 1 if broken else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("record").add_argument("file")
    checker = verbs.add_parser("check")
    checker.add_argument("file")
    checker.add_argument("--port", type=int, default=25)
    checker.add_argument("--providers", help="CSV: address,provider")
    for name in ("address", "provider"):
        checker.add_argument(f"--{name}-spacing-ms", type=float)
        checker.add_argument(f"--{name}-concurrency", type=int)
    arguments = parser.parse_args()
    if arguments.verb == "record":
        return record(arguments.file)
    return check(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as fault:
        print(f"recorder: {fault}", file=sys.stderr)
        sys.exit(1)
