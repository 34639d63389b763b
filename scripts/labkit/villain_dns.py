"""How a name server misbehaves: a closed table of behaviours, each a function from a Question to its replies. The same
table serves zones (kind `dns`: the honest answer is the zone's) and the resolver in front of the validating one (kind
`resolver`: the honest answer is the resolver's). No socket is here; villain_name_server.py owns those.
"""

import dataclasses
from typing import Callable, Optional

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL_SECONDS = 60
SLOW_SECONDS = 0.5
LATE_SECONDS = 0.2              # a right answer that follows a wrong one
CHAIN_COUNT = 30                # CNAMEs, more than any resolver follows
MX_COUNT = 2000                 # more than UDP holds, less than 64 KiB over TCP
TXT_COUNT = 40
GOOD_STS = "v=STSv1; id=20260101T000000;"


@dataclasses.dataclass
class Question:
    wire: bytes
    message: dns.message.Message
    tcp: bool
    authoritative: bool             # a name server's, not a resolver's
    turn: int                       # how often this name and type was asked for, from 1
    honest: Callable[[], bytes]     # the right answer

    @property
    def name(self):
        return self.message.question[0].name

    @property
    def type(self):
        return self.message.question[0].rdtype


@dataclasses.dataclass
class Reply:
    wire: bytes
    after_seconds: float = 0.0
    elsewhere: bool = False         # from another address than was asked
    raw: bool = False               # over TCP: without the two bytes of length
    drip: bool = False              # over TCP: a byte a second
    then: Optional[str] = None      # over TCP, afterwards: "close" or "reset"


def honest(question):
    return [Reply(question.honest())]


def silence(_question):
    return []


# What an honest answer is made of.

def response(question, *rrsets, rcode=dns.rcode.NOERROR):
    message = dns.message.make_response(question.message)
    message.flags |= dns.flags.AA if question.authoritative else dns.flags.RA
    message.set_rcode(rcode)
    message.answer.extend(rrsets)
    return message


def rrset(name, kind, *texts):
    return dns.rrset.from_text_list(name, TTL_SECONDS, "IN", kind, texts)


def fitted(question, message):
    """The message, truncated where UDP cannot hold it."""
    wire = message.to_wire(max_size=65535)
    if question.tcp or len(wire) <= max(512, question.message.payload or 512):
        return [Reply(wire)]
    return truncated_reply(question)


def truncated_reply(question):
    message = response(question)
    message.flags |= dns.flags.TC
    return [Reply(message.to_wire())]


# Deeds.

def rcode(code):
    return lambda question: [Reply(response(question, rcode=code).to_wire())]


def once(deed):
    """Misbehaves at every odd query for a name and type."""
    return lambda question: deed(question) if question.turn % 2 else honest(question)


def over_tcp_only(deed):
    """Truncates over UDP and does `deed` over TCP."""
    return lambda question: deed(question) if question.tcp else truncated_reply(question)


def spoilt(change, then_right=False):
    """The honest answer with bytes changed, and perhaps the right one a little later."""
    def deed(question):
        wire = bytearray(question.honest())
        change(wire)
        late = [Reply(question.honest(), LATE_SECONDS)] if then_right else []
        return [Reply(bytes(wire))] + late
    return deed


def _wrong_id(wire):
    wire[0] ^= 0x55


def _wrong_name(wire):
    wire[13] ^= 1


def _question_end(wire):
    at = 12
    while wire[at]:
        at += wire[at] + 1
    return at + 5


def _wrong_type(wire):
    wire[_question_end(wire) - 3] ^= 0x40


def _cut_short(wire):
    del wire[11:]


def _cut_in_answer(wire):
    del wire[_question_end(wire) + 4:]


def _more_counted(wire):
    wire[7] += 5


def _as_query(wire):
    wire[2] &= 0x7f


def _compression_loop(wire):
    """An answer whose owner is a pointer to itself."""
    end = _question_end(wire)
    wire[end:] = bytes([0xc0 | end >> 8, end & 0xff]) + b"\0\x10\0\x01\0\0\0\x3c\0\x05\x04loop"
    wire[6:12] = b"\0\x01\0\0\0\0"


def _length_overrun(wire):
    """An answer whose data is said to be longer than the message."""
    end = _question_end(wire)
    wire[end:] = b"\xc0\x0c\0\x10\0\x01\0\0\0\x3c\xff\xff\x04loop"
    wire[6:12] = b"\0\x01\0\0\0\0"


def elsewhere(then_right=False):
    def deed(question):
        late = [Reply(question.honest(), LATE_SECONDS)] if then_right else []
        return [Reply(question.honest(), elsewhere=True)] + late
    return deed


def slow(question):
    return [Reply(question.honest(), SLOW_SECONDS)]


def no_edns(question):
    """A server from before RFC 6891."""
    if question.message.edns < 0:
        return honest(question)
    return [Reply(question.wire[:2] + b"\x81\x01" + b"\0" * 8)]


def twice(question):
    return [Reply(question.honest()), Reply(question.honest())]


# What a CNAME can do.

def _cname_loop(question):
    other = dns.name.Name((b"loop",) + question.name.labels)
    return [Reply(response(question, rrset(question.name, "CNAME", other.to_text()),
                           rrset(other, "CNAME", question.name.to_text())).to_wire())]


def _cname_to_self(question):
    return [Reply(response(question, rrset(question.name, "CNAME", question.name.to_text())).to_wire())]


def _cname_chain(question):
    """A chain that never ends: each name is a CNAME to the next number."""
    first = question.name.labels[0]
    at = int(first[1:]) if first[:1] == b"c" and first[1:].isdigit() else 0
    below = question.name.parent() if at else question.name
    names = [question.name] + [dns.name.Name((b"c%d" % n,) + below.labels) for n in range(at + 1, at + CHAIN_COUNT)]
    sets = [rrset(a, "CNAME", b.to_text()) for a, b in zip(names, names[1:])]
    return fitted(question, response(question, *sets))


def _cname_dangling(question):
    target = "gone.does-not-exist.example."
    return [Reply(response(question, rrset(question.name, "CNAME", target), rcode=dns.rcode.NXDOMAIN).to_wire())]


# What records can be.

def records(kind, *texts):
    """These records for their own type, honest answers for others."""
    def deed(question):
        if question.type != dns.rdatatype.from_text(kind):
            return honest(question)
        return fitted(question, response(question, rrset(question.name, kind, *texts)))
    return deed


def of_type(kind, deed):
    wanted = dns.rdatatype.from_text(kind)
    return lambda question: deed(question) if question.type == wanted else honest(question)


STRINGS = " ".join(f'"{GOOD_STS[at:at + 3]}"' for at in range(0, len(GOOD_STS), 3))
MANY_TXT = [f'"unrelated={n}"' for n in range(TXT_COUNT)] + [f'"{GOOD_STS}"']
MANY_MX = [f"{n} m{n % 10}.mx.example." for n in range(MX_COUNT)]
ODD_MX = ["10 mail\\032with\\032space.odd.example.", "20 _under.odd.example.", "30 127.0.0.1.", "40 localhost.",
          "50 \\000nul.odd.example.", "60 \\195\\188ber.odd.example.", "70 https://mx.odd.example."]

BEHAVIOURS = {
    "honest": ("answers as it should", honest),
    # Response codes (RFC 1035 4.1.1).
    "servfail": ("SERVFAIL", rcode(dns.rcode.SERVFAIL)),
    "refused": ("REFUSED", rcode(dns.rcode.REFUSED)),
    "formerr": ("FORMERR", rcode(dns.rcode.FORMERR)),
    "notimp": ("NOTIMP", rcode(dns.rcode.NOTIMP)),
    "nxdomain": ("NXDOMAIN", rcode(dns.rcode.NXDOMAIN)),
    "nodata": ("NOERROR without an answer", rcode(dns.rcode.NOERROR)),
    "yxdomain": ("YXDOMAIN, which makes no sense in an answer to a query", rcode(dns.rcode.YXDOMAIN)),
    "servfail-once": ("SERVFAIL at first, honest when asked again", once(rcode(dns.rcode.SERVFAIL))),
    "refused-once": ("REFUSED at first, honest when asked again", once(rcode(dns.rcode.REFUSED))),
    "no-edns": ("FORMERR to EDNS (RFC 6891 7), honest without", no_edns),
    # Time.
    "silence": ("never answers: TIMEOUT", silence),
    "silence-once": ("drops the first query, answers the next", once(silence)),
    "slow": ("answers after half a second", slow),
    "twice": ("sends the right answer twice", twice),
    # Truncation (RFC 7766).
    "truncated": ("TC over UDP, whole over TCP", over_tcp_only(honest)),
    "truncated-closed": ("TC over UDP, closes over TCP", over_tcp_only(lambda q: [Reply(b"", raw=True, then="close")])),
    "truncated-reset": ("TC over UDP, resets over TCP", over_tcp_only(lambda q: [Reply(b"", raw=True, then="reset")])),
    "truncated-silence": ("TC over UDP, silence over TCP: TIMEOUT", over_tcp_only(silence)),
    "truncated-servfail": ("TC over UDP, SERVFAIL over TCP", over_tcp_only(rcode(dns.rcode.SERVFAIL))),
    "truncated-drip": ("TC over UDP, a byte a second over TCP: TIMEOUT",
                       over_tcp_only(lambda q: [Reply(q.honest(), drip=True)])),
    "truncated-length": ("TC over UDP; over TCP a length of 65,535 that never comes",
                         over_tcp_only(lambda q: [Reply(b"\xff\xff" + q.honest(), raw=True)])),
    "truncated-again": ("TC over UDP and over TCP too", truncated_reply),
    # Answers that are not to be believed (RFC 5452 9.1).
    "wrong-id": ("another id: TIMEOUT", spoilt(_wrong_id)),
    "wrong-id-first": ("another id, then the right answer", spoilt(_wrong_id, True)),
    "wrong-name": ("another name in the question: TIMEOUT", spoilt(_wrong_name)),
    "wrong-name-first": ("another name in the question, then the right answer", spoilt(_wrong_name, True)),
    "wrong-type": ("another type in the question: TIMEOUT", spoilt(_wrong_type)),
    "wrong-type-first": ("another type in the question, then the right answer", spoilt(_wrong_type, True)),
    "elsewhere": ("answers from another address: TIMEOUT", elsewhere()),
    "elsewhere-first": ("answers from another address, then from the right one", elsewhere(True)),
    "query-back": ("sends an answer that says it is a query: TIMEOUT", spoilt(_as_query)),
    # Broken messages.
    "short": ("eleven bytes", spoilt(_cut_short)),
    "cut": ("a message cut within its first answer", spoilt(_cut_in_answer)),
    "counts": ("counts five answers more than there are", spoilt(_more_counted)),
    "compression-loop": ("a name that is a pointer to itself (RFC 1035 4.1.4)", spoilt(_compression_loop)),
    "length-overrun": ("data longer than the message", spoilt(_length_overrun)),
    "compression-loop-first": ("a name that is a pointer to itself, then the right answer",
                               spoilt(_compression_loop, True)),
    # CNAMEs.
    "cname-loop": ("two CNAMEs that point to each other", _cname_loop),
    "cname-self": ("a CNAME to itself", _cname_to_self),
    "cname-chain": ("a CNAME chain without end", _cname_chain),
    "cname-dangling": ("a CNAME to a name that does not exist", _cname_dangling),
    # Records.
    "txt-strings": ("the MTA-STS record in strings of three bytes (RFC 8461 3.1: joined without spaces)",
                    records("TXT", STRINGS)),
    "txt-many": ("forty unrelated TXT and the MTA-STS record, too long for UDP", records("TXT", *MANY_TXT)),
    "txt-not-ascii": ("an MTA-STS record with a byte over 0x7f", records("TXT", '"v=STSv1; id=\\252\\195;"')),
    "txt-nul": ("an MTA-STS record with a NUL", records("TXT", '"v=STSv1; id=1\\0002;"')),
    "txt-empty": ("a TXT of one empty string", records("TXT", '""')),
    "mx-many": ("2,000 MX, over TCP", records("MX", *MANY_MX)),
    "mx-null-among": ("the null MX among others (RFC 7505 3)", records("MX", "0 .", "10 mx1.good.example.")),
    "mx-odd": ("MX hosts with spaces, NUL, UTF-8, a URL, an address", records("MX", *ODD_MX)),
}


def behaviours():
    return {name: line for name, (line, _) in BEHAVIOURS.items()}


def replies(behaviour, argument, question):
    """What a question gets. The argument is the one type that the behaviour is for; others are answered honestly."""
    deed = BEHAVIOURS[behaviour][1]
    return (of_type(argument, deed) if argument else deed)(question)
