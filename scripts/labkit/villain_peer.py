"""One client of the misbehaving server: its bytes, its TLS session, its line in the log, and the deeds that behaviours
are made of. A deed is a function of a Peer; the tables of villain_smtp and villain_https are rows of deeds. Nothing
here knows a protocol above TLS, and nothing here judges.
"""

import datetime
import functools
import socket
import ssl
import struct
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOLD_SECONDS = 300          # longest that a silent or endless deed keeps a client
PAUSE_SECONDS = 1.0         # between the bytes of a slow deed
LINE_BYTES = 4096           # longest line read from a client
READ_BYTES = 65536
ALERT_HANDSHAKE_FAILURE = 40


class Over(Exception):
    """The connection is done with; there is nothing more to do for this client."""


class Peer:
    def __init__(self, sock, service, noted):
        self.sock = sock
        self.service = service      # the binding's dict: behaviour, argument, cert, key, ...
        self.noted = noted          # what the log's closing line will hold
        self.turn = 0               # which connection to this address it is, from 1
        self.tls = None
        self.newline = b"\r\n"
        self.alpn = ()              # protocols that a handshake chooses from
        self._buffer = b""
        self._incoming = self._outgoing = None
        sock.settimeout(HOLD_SECONDS)

    # Bytes.

    def send(self, data):
        if self.tls is None:
            self.sock.sendall(data)
            return
        for at in range(0, len(data), READ_BYTES):
            self.tls.write(data[at:at + READ_BYTES])
            self.sock.sendall(self._outgoing.read())

    def receive(self):
        """Some bytes, decrypted; b'' when the client has closed."""
        if self.tls is None:
            return self.sock.recv(READ_BYTES)
        while True:
            try:
                return self.tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                self._flush_and_feed()
            except ssl.SSLZeroReturnError:
                return b""

    def take(self, count):
        """Exactly `count` bytes."""
        while len(self._buffer) < count:
            self._more()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def line(self):
        """One line without its end."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_BYTES:
                raise Over("line too long")
            self._more()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _more(self):
        data = self.receive()
        if not data:
            raise Over("client closed")
        self._buffer += data

    # TLS, over memory buffers so that any byte of a handshake can be held back.

    def start_tls(self, context, cut_after=None):
        """Shakes hands. With `cut_after`, sends only that many bytes of the first flight and returns."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(self._buffer)
        self._buffer = b""
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                if cut_after is not None and self._outgoing.pending:
                    self.sock.sendall(self._outgoing.read(cut_after))
                    return
                self._flush_and_feed()
            except ssl.SSLError:
                self.sock.sendall(self._outgoing.read())    # the alert
                raise
        self.sock.sendall(self._outgoing.read())
        self.tls = session
        self.noted.update(tls=session.version(), cipher=session.cipher()[0], sni=getattr(session, "asked_name", None),
                          alpn=session.selected_alpn_protocol())

    def _flush_and_feed(self):
        self.sock.sendall(self._outgoing.read())
        data = self.sock.recv(READ_BYTES)
        if data:
            self._incoming.write(data)
        else:
            raise Over("client closed")

    def end_tls(self):
        """Sends close_notify."""
        if self.tls is None:
            return
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.sock.sendall(self._outgoing.read())


# TLS contexts. They are made once, by one thread at a time.

CONTEXTS = threading.Lock()


def _note_name(session, name, _context):
    session.asked_name = name


@functools.lru_cache(maxsize=None)
def self_signed(name):
    """(certificate, key) files' contents for `name`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    today = datetime.datetime.utcnow()
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1)).not_valid_after(today + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256()))
    return (certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()))


def _load_self_signed(context, name, folder):
    """ssl loads files only."""
    certificate, key = self_signed(name)
    path = f"{folder}/self-signed-{name}.pem"
    with open(path, "wb") as file:
        file.write(certificate + key)
    context.load_cert_chain(path)


@functools.lru_cache(maxsize=None)
def tls_context(certificate, key, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_3, alpn=(),
                anonymous=False, ask_client=False, own=None, folder=None):
    """A server context. `own` is a name to be self-signed for, in place of `certificate`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("aNULL:@SECLEVEL=0" if anonymous else "DEFAULT:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = lowest, highest
    if own:
        _load_self_signed(context, own, folder)
    elif not anonymous:
        context.load_cert_chain(certificate, key)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if ask_client:
        context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = _note_name
    return context


# Deeds.

def say(text):
    """Sends `text`; the peer's line end takes the place of CRLF."""
    def deed(peer):
        peer.send(text.replace(b"\r\n", peer.newline))
    return deed


def close(peer):
    """Closes as a healthy server does."""
    peer.end_tls()
    raise Over("closed by us")


def cut(peer):
    """Closes TCP without TLS's close_notify."""
    raise Over("cut by us")


def reset(peer):
    """Sends RST, so that what is in flight is lost."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sock.close()
    raise Over("reset by us")


def hold(peer):
    """Reads and says nothing until the client leaves."""
    end = time.monotonic() + HOLD_SECONDS
    while time.monotonic() < end and peer.receive():
        pass
    raise Over("held to the end")


def drip(text):
    """Sends a byte a second."""
    def deed(peer):
        for byte in text:
            peer.send(bytes([byte]))
            time.sleep(PAUSE_SECONDS)
    return deed


def endless(text, pause_seconds=0.0):
    """Sends `text` again and again."""
    def deed(peer):
        end = time.monotonic() + HOLD_SECONDS
        while time.monotonic() < end:
            peer.send(text)
            time.sleep(pause_seconds)
        raise Over("endless to the end")
    return deed


def both(*deeds):
    """One deed after the other."""
    def deed(peer):
        for each in deeds:
            each(peer)
    return deed


def first_then(first, then):
    """`first` on every odd connection to an address, `then` on the even ones: the retry mends it."""
    def deed(peer):
        (first if peer.turn % 2 else then)(peer)
    return deed


# Deeds in place of a TLS handshake.

def handshake(answer_to_name=False, self_made=False, **bounds):
    """Shakes hands by the bounds of tls_context. `answer_to_name`: the true certificate goes to its own name only."""
    def deed(peer):
        service = peer.service
        if self_made:
            own = service["name"]
        elif answer_to_name:
            own = "default.invalid"
        else:
            own = None
        with CONTEXTS:
            context = tls_context(service.get("cert"), service.get("key"), alpn=peer.alpn, own=own,
                                  folder=service["folder"], **bounds)
            if answer_to_name:
                _switch(context, service, peer.alpn)
        peer.start_tls(context)
    return deed


def _switch(context, service, alpn):
    """Lets `context` give way to the true certificate for clients that name the service."""
    named = tls_context(service["cert"], service["key"], alpn=alpn)

    def choose(session, name, _context):
        session.asked_name = name
        if name and name.lower().rstrip(".") == service["name"].rstrip("."):
            session.context = named
    context.sni_callback = choose


def after_hello(deed):
    """Reads the ClientHello, then does `deed`."""
    def wrapped(peer):
        peer.receive()
        deed(peer)
    return wrapped


def half_flight(then):
    """Sends a part of the server's first flight, then does `then`."""
    def deed(peer):
        with CONTEXTS:
            context = tls_context(peer.service["cert"], peer.service["key"])
        peer.start_tls(context, cut_after=200)
        then(peer)
    return deed


def alert(peer):
    """A fatal alert; its number is the behaviour's argument."""
    numbers = [int(word) for word in (peer.service.get("argument") or "").split("/") if word.isdigit()]
    number = numbers[0] if numbers else ALERT_HANDSHAKE_FAILURE
    peer.send(bytes([21, 3, 1, 0, 2, 2, number]))
    # Closing with the client's bytes unread would turn into RST and lose the alert.
    peer.sock.shutdown(socket.SHUT_WR)
    hold(peer)


V = ssl.TLSVersion

# What can go wrong between TCP and the first encrypted byte, for every service that speaks TLS: name -> (line, deed).
TLS_DEEDS = {
    "tls-alert": ("answers the ClientHello with a fatal alert (argument: its number, 40)", after_hello(alert)),
    "tls-closed": ("closes after the ClientHello", after_hello(cut)),
    "tls-reset": ("resets after the ClientHello", after_hello(reset)),
    "tls-silence": ("never answers the ClientHello", hold),
    "tls-garbage": ("answers the ClientHello with bytes that are no TLS",
                    after_hello(both(say(b"\x00\xffthis is not TLS\r\n" * 8), hold))),
    "tls-half-silence": ("stops in the middle of its handshake flight", half_flight(hold)),
    "tls-half-closed": ("closes in the middle of its handshake flight", half_flight(cut)),
    "tls1.0": ("knows TLS 1.0 only (RFC 8996)", handshake(lowest=V.TLSv1, highest=V.TLSv1)),
    "tls1.1": ("knows TLS 1.1 only (RFC 8996)", handshake(lowest=V.TLSv1_1, highest=V.TLSv1_1)),
    "tls1.2": ("knows TLS 1.2 only", handshake(lowest=V.TLSv1_2, highest=V.TLSv1_2)),
    "tls1.3": ("knows TLS 1.3 only", handshake(lowest=V.TLSv1_3, highest=V.TLSv1_3)),
    "no-certificate": ("anonymous cipher suites only: no certificate is sent",
                       handshake(anonymous=True, lowest=V.TLSv1, highest=V.TLSv1_2)),
    "self-signed": ("a certificate of the right name, signed by itself", handshake(self_made=True)),
    "sni": ("its certificate goes only to clients that name it, others get a self-signed one for default.invalid",
            handshake(answer_to_name=True)),
    "client-certificate": ("demands a certificate of the client: the alert comes after the client has finished",
                           handshake(ask_client=True)),
}
