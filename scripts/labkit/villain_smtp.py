"""The misbehaving SMTP server: a closed table of scripts, one a behaviour, and the session that plays them. A script
says only where it departs from an honest server. No mail is ever taken: MAIL is answered 550, and the log has every
command. Called by villain.py.
"""

import dataclasses
import time
from typing import Callable, Optional

from villain_peer import (TLS_DEEDS, after_hello, both, close, cut, drip, endless, first_then, handshake, hold, reset,
                          say)

SLOW_SECONDS = 1.0          # a slow server that is still in time
COMMANDS_COUNT = 100        # commands answered in one session

Deed = Callable


@dataclasses.dataclass
class Script:
    """The deed in each place of a session; None: what an honest server does."""

    line: str                           # for the table: which rule is broken, what a scanner must say
    banner: Optional[Deed] = None
    ehlo: Optional[Deed] = None
    helo: Optional[Deed] = None
    starttls: Optional[Deed] = None     # the reply to STARTTLS; TLS begins after it
    tls: Optional[Deed] = None          # in place of the handshake
    ehlo_tls: Optional[Deed] = None
    quit: Optional[Deed] = None
    newline: bytes = b"\r\n"


def _ehlo(*keywords):
    """A 250 reply with these keywords."""
    def deed(peer):
        lines = ["{name} at your service", "PIPELINING", "SIZE 10240000", *keywords, "8BITMIME"]
        named = [line.format(name=peer.service["name"]) for line in lines]
        ends = ["-"] * (len(named) - 1) + [" "]
        say("".join(f"250{end}{line}\r\n" for end, line in zip(ends, named)).encode())(peer)
    return deed


def _reply(text):
    """A reply of one line or several; {name} and {client} are filled in."""
    def deed(peer):
        filled = text.format(name=peer.service["name"], client=peer.noted["client"])
        say(filled.encode("latin-1") + b"\r\n")(peer)
    return deed


def _refusal(text):
    """A reply that ends the session: the server waits for the client's QUIT or its leaving."""
    return both(_reply(text), close)


class _Refused(Exception):
    """STARTTLS was refused: the session stays in plain text."""


def _no(text):
    """A reply to STARTTLS after which no TLS begins."""
    def deed(peer):
        _reply(text)(peer)
        raise _Refused
    return deed


def _wait(peer):
    time.sleep(SLOW_SECONDS)


BANNER = _reply("220 {name} ESMTP villain")
READY = _reply("220 2.0.0 ready to start TLS")
LISTED = _reply("550 5.7.1 {client} is on our block list")
OFFER = _ehlo("STARTTLS")
NO_OFFER = _ehlo()
INJECTED = b"250-injected.example\r\n250-REQUIRETLS\r\n250-INJECTED\r\n250 STARTTLS\r\n"

SCRIPTS = {
    "honest": Script("does all that it should"),
    # The greeting (RFC 5321 3.1, 4.3.1).
    "silence": Script("accepts and never greets: banner, timeout", banner=hold),
    "banner-closed": Script("closes in place of a greeting: banner, closed", banner=cut),
    "banner-reset": Script("resets in place of a greeting: banner, reset", banner=reset),
    "banner-554": Script("greets 554 without a reason (RFC 5321 3.1): no-service",
                         banner=_refusal("554 {name} no SMTP service here")),
    "banner-521": Script("greets 521 (RFC 7504): no-service", banner=_refusal("521 {name} does not accept mail")),
    "banner-554-address": Script("greets 554 naming the client's address: blocked",
                                 banner=_refusal("554 5.7.1 Your IP address {client} is not allowed by policy")),
    "banner-550-list": Script("greets 550 naming a block list: blocked",
                              banner=_refusal("550 5.7.1 {client} blocked using zen.example RBL, see rbl.example")),
    "banner-554-list": Script("greets 554 naming a block list: blocked, not no-service",
                              banner=_refusal("554 5.7.1 Service unavailable; client host listed at bl.example DNSBL")),
    "banner-550": Script("greets 550 without a reason", banner=_refusal("550 5.3.0 go away")),
    "banner-421": Script("greets 421 every time: deferred, then unknown",
                         banner=_refusal("421 4.3.2 {name} try again later")),
    "banner-450": Script("greets 450 every time: deferred, then unknown",
                         banner=_refusal("450 4.3.2 {name} greylisted")),
    "banner-421-once": Script("greets 421 the first time: the second try succeeds",
                              banner=first_then(_refusal("421 4.3.2 {name} try again later"), BANNER)),
    "banner-reset-once": Script("resets the first time: the second try succeeds", banner=first_then(reset, BANNER)),
    "banner-silence-once": Script("silent the first time: the second try succeeds", banner=first_then(hold, BANNER)),
    "banner-lines": Script("greets in several lines (RFC 5321 4.2.1), which is right",
                           banner=_reply("220-{name} ESMTP villain\r\n220-We do not authorize\r\n"
                                         "220 unsolicited mail")),
    "banner-codes-differ": Script("greets in two lines whose codes differ (RFC 5321 4.2.1): protocol-error",
                                  banner=both(_reply("220-{name} ESMTP\r\n554 no"), hold)),
    "banner-endless": Script("greets in lines without end: too-large", banner=endless(b"220-more to come\r\n", 0.001)),
    "banner-long-line": Script("greets in one line of 200,000 bytes (RFC 5321 4.5.3.1.5 allows 512): too-large",
                               banner=both(say(b"220 " + b"x" * 200000), hold)),
    "banner-garbage": Script("greets with bytes that are no reply: protocol-error",
                             banner=both(say(b"\x00\xff\xfe\r\nSSH-2.0-villain\r\n"), hold)),
    "banner-http": Script("an HTTP server on the port of SMTP: protocol-error",
                          banner=both(say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), close)),
    "banner-code-only": Script("greets with a code and no text (RFC 5321 4.2 allows it)", banner=say(b"220\r\n")),
    "banner-8bit": Script("greets in bytes over 0x7f (RFC 5321 2.3.1): kept as bytes",
                          banner=both(say(b"220 gr\xfc\xdfe von M\xfcller\r\n"))),
    "banner-nul": Script("greets with a NUL in the text: kept as bytes",
                         banner=say(b"220 nul\x00in the name ESMTP\r\n")),
    "banner-drip": Script("greets a byte a second, for longer than a client waits: banner, timeout",
                          banner=drip(b"220 " + b"very slow " * 60 + b"\r\n")),
    "banner-slow": Script("greets after a second, which is in time", banner=both(_wait, BANNER)),
    "banner-then-closed": Script("closes after the greeting: ehlo, closed", banner=both(BANNER, close)),
    "bare-lf": Script("ends its lines in LF alone (RFC 5321 2.3.8): read all the same", newline=b"\n"),
    # EHLO (RFC 5321 3.2, 4.1.1.1).
    "ehlo-502": Script("knows HELO only: no STARTTLS",
                       ehlo=_reply("502 5.5.1 what is EHLO?"), starttls=_no("502 5.5.1 no")),
    "ehlo-500": Script("calls EHLO a syntax error, takes HELO: no STARTTLS", ehlo=_reply("500 5.5.1 unrecognized"),
                       starttls=_no("500 no")),
    "ehlo-helo-refused": Script("refuses EHLO and HELO: ehlo, refused",
                                ehlo=_reply("502 5.5.1 no"), helo=_reply("502 5.5.1 no"),
                                starttls=_no("503 5.5.1 no")),
    "ehlo-550-blocked": Script("refuses EHLO and HELO naming the client's address: blocked",
                               ehlo=LISTED, helo=LISTED),
    "ehlo-421": Script("answers EHLO 421 every time: deferred, then unknown", ehlo=_refusal("421 4.7.0 later")),
    "ehlo-421-once": Script("answers EHLO 421 the first time: the second try succeeds",
                            ehlo=first_then(_refusal("421 4.7.0 later"), OFFER)),
    "ehlo-silence": Script("never answers EHLO: ehlo, timeout", ehlo=hold),
    "ehlo-closed": Script("closes on EHLO: ehlo, closed", ehlo=cut),
    "ehlo-reset": Script("resets on EHLO: ehlo, reset", ehlo=reset),
    "ehlo-garbage": Script("answers EHLO with what is no reply: protocol-error",
                           ehlo=both(say(b"hello yourself\r\n"), hold)),
    "ehlo-endless": Script("answers EHLO in lines without end: too-large", ehlo=endless(b"250-X-MORE\r\n", 0.001)),
    "ehlo-long-line": Script("answers EHLO in one line of 200,000 bytes: too-large",
                             ehlo=both(say(b"250 " + b"x" * 200000), hold)),
    "ehlo-drip": Script("answers EHLO a byte a second, for longer than a client waits: ehlo, timeout",
                        ehlo=drip(b"250 " + b"very slow " * 60 + b"\r\n")),
    # STARTTLS (RFC 3207).
    "no-starttls": Script("does not offer STARTTLS", ehlo=NO_OFFER, starttls=_no("502 5.5.1 not offered")),
    "stripped-x": Script("XXXXXXXA where STARTTLS was: stripped on the way", ehlo=_ehlo("XXXXXXXA"),
                         starttls=_no("500 5.5.1 XXXXXXXA")),
    "stripped-xx": Script("XXXXXXXX where STARTTLS was: stripped on the way", ehlo=_ehlo("XXXXXXXX"),
                          starttls=_no("500 5.5.1 XXXX")),
    "starttls-lower-case": Script("offers starttls in lower case (RFC 5321 2.4: keywords ignore case), which is right",
                                  ehlo=_ehlo("starttls")),
    "starttls-in-name": Script("a keyword that only begins like it (STARTTLSX): not offered", ehlo=_ehlo("STARTTLSX"),
                               starttls=_no("502 no")),
    "starttls-454": Script("answers STARTTLS 454 every time (RFC 3207 4): deferred, then unknown",
                           starttls=_no("454 4.7.0 TLS not available due to temporary reason")),
    "starttls-454-once": Script("answers STARTTLS 454 the first time: the second try succeeds",
                                starttls=first_then(_no("454 4.7.0 TLS not available"), READY)),
    "starttls-500": Script("offers STARTTLS, answers it 500: starttls, refused",
                           starttls=_no("500 5.5.1 unrecognized")),
    "starttls-502": Script("offers STARTTLS, answers it 502: starttls, refused",
                           starttls=_no("502 5.5.1 not implemented")),
    "starttls-503": Script("offers STARTTLS, answers it 503: starttls, refused",
                           starttls=_no("503 5.5.1 bad sequence")),
    "starttls-silence": Script("never answers STARTTLS: starttls, timeout", starttls=hold),
    "starttls-closed": Script("closes on STARTTLS: starttls, closed", starttls=cut),
    "starttls-reset": Script("resets on STARTTLS: starttls, reset", starttls=reset),
    "starttls-garbage": Script("answers STARTTLS with what is no reply: protocol-error",
                               starttls=both(say(b"sure, go ahead\r\n"), hold)),
    "starttls-injected": Script("sends plaintext replies along with the 220: they must not be taken for TLS's own",
                                starttls=say(b"220 2.0.0 ready\r\n" + INJECTED)),
    # TLS after the 220.
    "tls-plaintext": Script("answers the ClientHello in plain text: no TLS",
                            tls=after_hello(both(say(INJECTED), hold))),
    "tls-smtp-error": Script("answers the ClientHello with 454: no TLS",
                             tls=after_hello(both(_reply("454 4.3.0 TLS failed"), close))),
    "ehlo-tls-requiretls": Script("lists REQUIRETLS after TLS (RFC 8689 2)", ehlo_tls=_ehlo("REQUIRETLS")),
    "ehlo-requiretls-plain": Script("lists REQUIRETLS before TLS only, where it means nothing (RFC 8689 2)",
                                    ehlo=_ehlo("STARTTLS", "REQUIRETLS")),
    "ehlo-tls-silence": Script("never answers the EHLO after TLS", ehlo_tls=hold),
    "ehlo-tls-closed": Script("closes on the EHLO after TLS", ehlo_tls=close),
    "ehlo-tls-cut": Script("closes on the EHLO after TLS without close_notify", ehlo_tls=cut),
    "ehlo-tls-reset": Script("resets on the EHLO after TLS", ehlo_tls=reset),
    "ehlo-tls-502": Script("refuses EHLO after TLS", ehlo_tls=_reply("502 5.5.1 no")),
    "ehlo-tls-421": Script("answers the EHLO after TLS 421", ehlo_tls=_refusal("421 4.7.0 later")),
    # QUIT (RFC 5321 4.1.1.10): whatever it does, all is known by then.
    "quit-closed": Script("closes on QUIT without a reply", quit=cut),
    "quit-silence": Script("never answers QUIT", quit=hold),
    "quit-reset": Script("resets on QUIT", quit=reset),
}
SCRIPTS.update({name: Script(f"after the 220 to STARTTLS: {line}", tls=deed)
                for name, (line, deed) in TLS_DEEDS.items()})


def behaviours():
    return {name: script.line for name, script in SCRIPTS.items()}


class Session:
    def __init__(self, peer):
        self.peer = peer
        self.script = SCRIPTS[peer.service["behaviour"]]
        self.commands = peer.noted["commands"] = []
        peer.newline = self.script.newline

    def play(self):
        (self.script.banner or BANNER)(self.peer)
        for _ in range(COMMANDS_COUNT):
            command = self.peer.line()
            self.commands.append(command[:200].decode("latin-1"))
            self.obey(command.split(b" ")[0].upper().decode("latin-1"))

    def obey(self, verb):
        act = {"EHLO": self.ehlo, "HELO": self.helo, "STARTTLS": self.starttls, "QUIT": self.quit}.get(verb)
        if act:
            act()
        elif verb in ("NOOP", "RSET"):
            say(b"250 2.0.0 ok\r\n")(self.peer)
        else:
            say(b"550 5.7.1 no mail is taken here\r\n")(self.peer)

    def ehlo(self):
        if self.peer.tls:
            (self.script.ehlo_tls or NO_OFFER)(self.peer)
        else:
            (self.script.ehlo or OFFER)(self.peer)

    def helo(self):
        (self.script.helo or _reply("250 {name}"))(self.peer)

    def starttls(self):
        if self.peer.tls:
            say(b"503 5.5.1 TLS is up already\r\n")(self.peer)
            return
        try:
            (self.script.starttls or READY)(self.peer)
        except _Refused:
            return
        (self.script.tls or handshake())(self.peer)

    def quit(self):
        (self.script.quit or both(say(b"221 2.0.0 bye\r\n"), close))(self.peer)


def serve(peer):
    Session(peer).play()
