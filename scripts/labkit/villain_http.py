"""The two protocols of the misbehaving policy server, behind one face: an exchange reads one request and can then
answer it well, badly or not at all. HTTP/1.1 (RFC 9112) and as much of HTTP/2 (RFC 9113) as one response needs, by
hand, so that every frame can be wrong. Used by villain_https.py only.
"""

import struct

from villain_peer import Over, cut, hold

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAM = 1                      # a client's first stream
HEADERS_COUNT = 100             # header lines read of a request

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
SETTING_WINDOW, SETTING_FRAME = 4, 5
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM = 0, 1, 2, 7, 11


class Http1:
    """HTTP/1.1."""

    def __init__(self, peer):
        self.peer = peer

    def read_request(self):
        self.peer.noted["request"] = self.peer.line().decode("latin-1")[:300]
        for _ in range(HEADERS_COUNT):
            if not self.peer.line():
                return

    def interim(self, status):
        self.peer.send(b"HTTP/1.1 %d Go on\r\n\r\n" % status)

    def head(self, status, headers, length=None, version=b"1.1"):
        lines = [b"HTTP/%s %d Villain" % (version, status), b"Server: villain", b"Connection: close"]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        if length is not None:
            lines.append(b"Content-Length: %d" % length)
        self.peer.send(b"\r\n".join(lines) + b"\r\n\r\n")

    def endless_headers(self):
        self.peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.peer.send(b"X-More: to come\r\n" * 64)

    def data(self, data):
        self.peer.send(data)

    def end(self):
        """Nothing tells the end of a body but its length or the end of the connection."""

    def stop(self):
        """Breaks off within a body."""
        cut(self.peer)


class Http2:
    """HTTP/2, one stream."""

    def __init__(self, peer):
        self.peer = peer
        self.window = self.connection_window = self.first_window = 65535
        self.frame_bytes = 16384

    def frame(self, kind, payload=b"", flags=0, stream=STREAM):
        self.peer.send(struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload)

    def read_frame(self):
        """One frame of the client, with what it changes taken in. (kind, flags, payload)"""
        head = self.peer.take(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self.peer.take(length)
        if kind == SETTINGS and not flags & ACK:
            self._take_settings(payload)
            self.frame(SETTINGS, flags=ACK, stream=0)
        elif kind == PING and not flags & ACK:
            self.frame(PING, payload, ACK, 0)
        elif kind == WINDOW_UPDATE:
            grown = int.from_bytes(payload, "big")
            if stream:
                self.window += grown
            else:
                self.connection_window += grown
        elif kind in (GOAWAY, RST_STREAM):
            code = payload[:4] if kind == RST_STREAM else payload[4:8]
            self.peer.noted["h2_end"] = [kind, int.from_bytes(code, "big")]
            raise Over("client broke off")
        return kind, flags, payload

    def _take_settings(self, payload):
        for at in range(0, len(payload), 6):
            name, value = struct.unpack(">HI", payload[at:at + 6])
            if name == SETTING_WINDOW:
                self.window += value - self.first_window
                self.first_window = value
            elif name == SETTING_FRAME:
                self.frame_bytes = value

    def read_request(self):
        if self.peer.take(len(PREFACE)) != PREFACE:
            raise Over("no HTTP/2 preface")
        self.frame(SETTINGS, stream=0)
        while True:
            kind, flags, _ = self.read_frame()
            if kind in (HEADERS, CONTINUATION) and flags & END_HEADERS:
                return

    @staticmethod
    def header(name, value):
        """A literal field without indexing (RFC 7541 6.2.2), no Huffman."""
        parts = b"\x00"
        for part in (name.lower().encode("latin-1"), value.encode("latin-1")):
            parts += (bytes([len(part)]) if len(part) < 127 else bytes([127, len(part) - 127])) + part
        return parts

    def block(self, status, headers, length=None):
        fields = [(":status", str(status)), ("server", "villain"), *headers]
        if length is not None:
            fields.append(("content-length", str(length)))
        return b"".join(self.header(name, value) for name, value in fields)

    def interim(self, status):
        self.frame(HEADERS, self.header(":status", str(status)), END_HEADERS)

    def head(self, status, headers, length=None, version=None):
        self.frame(HEADERS, self.block(status, headers, length), END_HEADERS)

    def endless_headers(self):
        self.frame(HEADERS, self.header(":status", "200"))
        while True:
            self.frame(CONTINUATION, self.header("x-more", "to come") * 64)

    def data(self, data):
        """Sends within the client's windows."""
        while data:
            room = min(self.window, self.connection_window, self.frame_bytes)
            if room <= 0:
                self.read_frame()
                continue
            self.frame(DATA, data[:room])
            self.window -= len(data[:room])
            self.connection_window -= len(data[:room])
            data = data[room:]

    def end(self):
        self.frame(DATA, b"", END_STREAM)

    def stop(self):
        """Breaks off within a body."""
        self.frame(RST_STREAM, struct.pack(">I", INTERNAL_ERROR))
        hold(self.peer)

    def goaway(self, last, code):
        self.frame(GOAWAY, struct.pack(">II", last, code), stream=0)
