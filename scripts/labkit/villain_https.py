"""The misbehaving policy server: a closed table of behaviours at TCP, TLS and HTTP. The HTTP ones take an exchange of
villain_http and the policy that the lab gave; most of them are the same over both protocols. The behaviour's argument
`http1` takes h2 out of the ALPN answer. Called by villain.py.
"""

import gzip
import struct
import time

import villain_http as http
from villain_peer import PAUSE_SECONDS, TLS_DEEDS, close, cut, first_then, handshake, hold, reset

SLOW_SECONDS = 1.0              # a slow server that is still in time
LARGEST_BYTES = 65536           # RFC 8461 3.3: 64 kilobytes pass
ALPN = ("h2", "http/1.1")


class Answer:
    """An exchange with what the lab wants served."""

    def __init__(self, peer, exchange):
        service = peer.service
        self.peer = peer
        self.exchange = exchange
        self.status = service.get("status") or 200
        self.headers = [("Content-Type", service.get("type") or "text/plain")]
        if service.get("location"):
            self.headers.append(("Location", service["location"]))
        with open(service["body"], "rb") as file:
            self.body = file.read()

    def whole(self, body=None, status=None, headers=()):
        body = self.body if body is None else body
        self.exchange.head(status or self.status, [*self.headers, *headers], len(body))
        self.exchange.data(body)
        self.exchange.end()
        close(self.peer)

    def padded(self, length):
        """The body with extension fields after it, to `length` bytes exactly."""
        line = b"x-pad: " + b"p" * 55 + b"\r\n"
        missing = length - len(self.body)
        body = self.body + line * (missing // len(line) - 1)
        last = length - len(body)
        return body + b"x-pad: " + b"p" * (last - 9) + b"\r\n"


def honest(answer):
    answer.whole()


def with_status(status):
    def deed(answer):
        answer.whole(b"no policy today\n", status)
    return deed


def status_once(status):
    def deed(answer):
        (with_status(status) if answer.peer.turn % 2 else honest)(answer)
    return deed


def no_content(answer):
    answer.exchange.head(204, [])
    answer.exchange.end()
    close(answer.peer)


def on_peer(deed):
    """A deed of villain_peer after the request."""
    return lambda answer: deed(answer.peer)


def once(deed):
    """Fails on odd connections."""
    def wrapped(answer):
        first_then(lambda peer: deed(answer), lambda peer: honest(answer))(answer.peer)
    return wrapped


def padded_to(length):
    return lambda answer: answer.whole(answer.padded(length))


def announced_too_large(answer):
    answer.exchange.head(200, answer.headers, 10 ** 10)
    answer.exchange.data(answer.body)
    hold(answer.peer)


def endless_body(answer):
    answer.exchange.head(200, answer.headers)
    while True:
        answer.exchange.data(b"x-more: to come\r\n" * 256)


def endless_headers(answer):
    answer.exchange.endless_headers()


def many_headers(answer):
    answer.whole(headers=[(f"X-Header-{n}", "of many") for n in range(400)])


def truncated(answer):
    answer.exchange.head(200, answer.headers, len(answer.body) + 100)
    answer.exchange.data(answer.body)
    answer.exchange.stop()


def ended_early(answer):
    answer.exchange.head(200, answer.headers, len(answer.body) + 100)
    answer.exchange.data(answer.body)
    answer.exchange.end()
    close(answer.peer)


def drip_body(answer):
    answer.exchange.head(200, answer.headers, len(answer.body))
    for at in range(len(answer.body)):
        answer.exchange.data(answer.body[at:at + 1])
        time.sleep(PAUSE_SECONDS)


def half_then_silence(answer):
    answer.exchange.head(200, answer.headers, len(answer.body))
    answer.exchange.data(answer.body[:len(answer.body) // 2])
    hold(answer.peer)


def slow(answer):
    time.sleep(SLOW_SECONDS)
    answer.whole()


def interim(*statuses):
    def deed(answer):
        for status in statuses:
            answer.exchange.interim(status)
        answer.whole()
    return deed


def interim_endless(answer):
    while True:
        answer.exchange.interim(102)


def gzipped(answer):
    answer.whole(gzip.compress(answer.body, mtime=0), headers=[("Content-Encoding", "gzip")])


def garbage(answer):
    answer.peer.send(b"\x00\xff\xfe this is no HTTP\r\n" * 64)
    hold(answer.peer)


# HTTP/1.1 only.

def until_close(ending, version=b"1.1"):
    """The end of the connection is the end of the body (RFC 9112 6.3)."""
    def deed(answer):
        answer.exchange.head(200, answer.headers, version=version)
        answer.peer.send(answer.body)
        ending(answer.peer)
    return deed


def chunks(last, ending=close):
    """The body in chunks of 10 bytes, then `last`."""
    def deed(answer):
        answer.exchange.head(200, [*answer.headers, ("Transfer-Encoding", "chunked")])
        for at in range(0, len(answer.body), 10):
            chunk = answer.body[at:at + 10]
            answer.peer.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        answer.peer.send(last)
        ending(answer.peer)
    return deed


def raw(head):
    """This head, then the body."""
    def deed(answer):
        filled = head.replace(b"LENGTH", b"%d" % len(answer.body))
        answer.peer.send(filled + b"Content-Type: text/plain\r\n\r\n" + answer.body)
        close(answer.peer)
    return deed


# HTTP/2 only.

def goaway(code):
    def deed(answer):
        answer.exchange.goaway(0, code)
        close(answer.peer)
    return deed


def rst_stream(code):
    def deed(answer):
        answer.exchange.frame(http.RST_STREAM, struct.pack(">I", code))
        hold(answer.peer)
    return deed


def frames(*several, ending=hold):
    """These frames: (kind, payload, flags, stream)."""
    def deed(answer):
        for frame in several:
            answer.exchange.frame(*frame)
        ending(answer.peer)
    return deed


def endless_frames(kind, payload, stream=0):
    def deed(answer):
        while True:
            answer.exchange.frame(kind, payload, 0, stream)
    return deed


def odd_but_right(answer):
    """Padding, a split header block, PING, an unknown frame, trailers: all of which RFC 9113 allows."""
    exchange, block = answer.exchange, answer.exchange.block(200, answer.headers, len(answer.body))
    exchange.frame(http.PING, b"villain!", 0, 0)
    exchange.frame(0xbe, b"unknown", 0, 0)
    exchange.frame(http.HEADERS, block[:5])
    exchange.frame(http.CONTINUATION, block[5:], http.END_HEADERS)
    exchange.frame(http.DATA, b"\x05" + answer.body + b"\0" * 5, http.PADDED)
    exchange.frame(http.HEADERS, exchange.header("x-trailer", "yes"), http.END_HEADERS | http.END_STREAM)
    close(answer.peer)


def bad_block(block):
    return frames((http.HEADERS, block, http.END_HEADERS))


def wrong_protocol(answer):
    """HTTP/1.1 where h2 was agreed."""
    answer.peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    hold(answer.peer)


OK = b"HTTP/1.1 200 OK\r\n"
FIELD = http.Http2.header

# Over whichever protocol the handshake chose: name -> (line, deed of an Answer).
EITHER = {
    "honest": ("serves the policy (status, type and Location as the row says)", honest),
    "closed": ("closes after the request: http, closed", on_peer(close)),
    "reset": ("resets after the request: http, reset", on_peer(reset)),
    "silence": ("never answers the request: http, timeout", on_peer(hold)),
    "slow": ("answers after a second, which is in time", slow),
    "status-204": ("204 without a body: status", no_content),
    "status-429": ("429 every time: status, unknown", with_status(429)),
    "status-503": ("503 every time: status, unknown", with_status(503)),
    "status-429-once": ("429 the first time: the second try succeeds", status_once(429)),
    "status-503-once": ("503 the first time: the second try succeeds", status_once(503)),
    "reset-once": ("resets the first request: the second try succeeds", once(on_peer(reset))),
    "silence-once": ("silent the first time: the second try succeeds", once(on_peer(hold))),
    "body-65536": ("pads the policy to 65,536 bytes, which pass", padded_to(LARGEST_BYTES)),
    "body-65537": ("pads the policy to 65,537 bytes: too-large", padded_to(LARGEST_BYTES + 1)),
    "body-announced": ("announces ten billion bytes: too-large", announced_too_large),
    "body-endless": ("a body without end: too-large", endless_body),
    "body-drip": ("a byte of body a second, for longer than a client waits: timeout", drip_body),
    "body-half": ("half of the body, then silence: timeout", half_then_silence),
    "truncated": ("breaks off before the announced length (h2: RST_STREAM; http1: close): truncated", truncated),
    "ended-early": ("ends the body before the announced length (RFC 9113 8.1.1, RFC 9112 8)", ended_early),
    "headers-endless": ("a header block without end: too-large", endless_headers),
    "headers-many": ("400 header fields, well-formed", many_headers),
    "interim": ("100 and 103 before the 200 (RFC 9110 15.2), which is right", interim(100, 103)),
    "interim-endless": ("interim responses without end", interim_endless),
    "gzip": ("a Content-Encoding that nobody asked for: the body's bytes are no policy", gzipped),
    "garbage": ("answers with bytes that are no HTTP: protocol-error", garbage),
}

# Only where HTTP/1.1 was chosen; these leave h2 out of the ALPN answer by themselves.
ONLY_HTTP1 = {
    "http1.0": ("answers HTTP/1.0, body until close", until_close(close, b"1.0")),
    "until-close": ("no length: the body ends with the connection, which is right", until_close(close)),
    "until-close-cut": ("no length and no close_notify: truncated (RFC 9112 9.8)", until_close(cut)),
    "chunked": ("chunked coding (RFC 9112 7.1), which is right", chunks(b"0\r\n\r\n")),
    "chunked-trailer": ("chunked coding with an extension and trailers, which is right",
                        chunks(b"0;last=yes\r\nX-Trailer: yes\r\n\r\n")),
    "chunked-cut": ("chunked coding without its last chunk: truncated", chunks(b"")),
    "chunked-bad": ("chunk size that is no number: protocol-error", chunks(b"zz\r\nxx\r\n0\r\n\r\n")),
    "chunked-huge": ("chunk size over 64 bits: protocol-error or too-large", chunks(b"fffffffffffffffff\r\n", hold)),
    "length-twice": ("two Content-Lengths that differ (RFC 9112 6.3): protocol-error",
                     raw(OK + b"Content-Length: LENGTH\r\nContent-Length: 1\r\n")),
    "length-negative": ("Content-Length: -5: protocol-error", raw(OK + b"Content-Length: -5\r\n")),
    "length-word": ("Content-Length: many: protocol-error", raw(OK + b"Content-Length: many\r\n")),
    "status-word": ("a status that is no number: protocol-error",
                    raw(b"HTTP/1.1 OK 200\r\nContent-Length: LENGTH\r\n")),
    "no-status-line": ("header fields without a status line: protocol-error", raw(b"")),
    "header-no-colon": ("a header line without a colon: protocol-error",
                        raw(OK + b"this is no header\r\nContent-Length: LENGTH\r\n")),
    "no-alpn": ("does not answer ALPN: HTTP/1.1", honest),
}

# Only over h2.
ONLY_HTTP2 = {
    "goaway": ("GOAWAY before the answer, last stream 0: goaway", goaway(http.NO_ERROR)),
    "goaway-calm": ("GOAWAY ENHANCE_YOUR_CALM before the answer: goaway", goaway(http.ENHANCE_YOUR_CALM)),
    "goaway-once": ("GOAWAY the first time: the second try succeeds", once(goaway(http.NO_ERROR))),
    "refused-stream": ("RST_STREAM REFUSED_STREAM (RFC 9113 8.7): goaway", rst_stream(http.REFUSED_STREAM)),
    "rst-stream": ("RST_STREAM INTERNAL_ERROR before the answer", rst_stream(http.INTERNAL_ERROR)),
    "h2-odd": ("padding, CONTINUATION, PING, an unknown frame, trailers: all right", odd_but_right),
    "h2-wrong-protocol": ("agrees on h2 and speaks HTTP/1.1: protocol-error", wrong_protocol),
    "h2-data-first": ("DATA before HEADERS: protocol-error",
                      frames((http.DATA, b"version: STSv1\r\n", http.END_STREAM))),
    "h2-no-status": ("HEADERS without :status (RFC 9113 8.3.2): protocol-error", bad_block(FIELD("server", "villain"))),
    "h2-bad-hpack": ("a header block that does not decompress (RFC 9113 4.3): protocol-error",
                     bad_block(b"\xff\xff\xff\xff\xff\xff")),
    "h2-upper-case": ("a field name in upper case (RFC 9113 8.2.1): protocol-error",
                      bad_block(FIELD(":status", "200") + b"\x00\x06SERVER\x01v")),
    "h2-frame-size": ("SETTINGS of 5 bytes (RFC 9113 6.5): protocol-error", frames((http.SETTINGS, b"12345", 0, 0))),
    "h2-push": ("PUSH_PROMISE nobody allowed (RFC 9113 8.4)",
                frames((http.PUSH_PROMISE, b"\0\0\0\2" + FIELD(":status", "200"), http.END_HEADERS))),
    "h2-stream-zero": ("HEADERS on stream 0 (RFC 9113 6.2): protocol-error",
                       frames((http.HEADERS, FIELD(":status", "200"), http.END_HEADERS, 0))),
    "h2-ping-flood": ("PING without end", endless_frames(http.PING, b"villain!")),
    "h2-settings-flood": ("SETTINGS without end", endless_frames(http.SETTINGS, b"")),
    "h2-window-flood": ("WINDOW_UPDATE without end", endless_frames(http.WINDOW_UPDATE, b"\0\0\0\1")),
}

# Before HTTP: name -> (line, deed of a Peer). Those that end well go on with an honest answer.
BEFORE = {
    "accept-closed": ("closes after accepting: tls, closed", cut),
    "accept-reset": ("resets after accepting: tls, reset", reset),
    **TLS_DEEDS,
}


def behaviours():
    lines = {}
    for table in (BEFORE, EITHER, ONLY_HTTP1, ONLY_HTTP2):
        lines.update({name: line for name, (line, _) in table.items()})
    return lines


def serve(peer):
    behaviour = peer.service["behaviour"]
    arguments = (peer.service.get("argument") or "").split("/")
    only_http1 = behaviour in ONLY_HTTP1 or "http1" in arguments
    if behaviour != "no-alpn":
        peer.alpn = ALPN[1:] if only_http1 else ALPN
    BEFORE.get(behaviour, ("", handshake()))[1](peer)
    exchange = http.Http2(peer) if peer.tls and peer.tls.selected_alpn_protocol() == "h2" else http.Http1(peer)
    exchange.read_request()
    tables = {**EITHER, **(ONLY_HTTP2 if isinstance(exchange, http.Http2) else ONLY_HTTP1)}
    tables.get(behaviour, ("", honest))[1](Answer(peer, exchange))
