"""Turns the rows of the world into machines: addresses, listeners, DNS records and who serves them.

The plan is data: zones.py writes its zones, servers.py its configurations. The same table always gives the same plan.
"""

import ipaddress
from dataclasses import dataclass, field

from labkit import certs, world as table

NAME_SERVER = "ns1.good.example"
NAME_SERVER_ADDRESSES = ("192.0.2.53", "2001:db8::53")
SIGNED_TLDS, UNSIGNED_TLDS = ("example",), ("test",)

# First address of each kind of machine, IPv4 and IPv6; the next ones follow.
NETWORKS = {
    "host": ("198.18.1.1", "2001:db8:25::1"),
    "policy": ("198.18.64.1", "2001:db8:443::1"),
    "villain": ("198.51.100.1", "2001:db8:53::1"),
    "unreachable": ("203.0.113.1", "2001:db8:bad::1"),
    "silent": ("203.0.113.129", "2001:db8:dead::1"),
}
MUTE_SERVERS = {"closed", "silent", "unreachable"}
MX_SERVERS = {
    "postfix",
    "postfix/plain",
    "postfix/tls1.0",
    "postfix/tls1.1",
    "postfix/tls1.2",
    "postfix/tls1.3",
    "postfix/reject",
    "postfix/nocert",
    "exim",
    "exim/plain",
    "exim/defer",
    "exim/reject",
}
POLICY_SERVERS = {"nginx", "nginx/http1", "nginx/tls1.2", "nginx/tls1.1", "nginx/tls1.0", "nginx/rsa-only"}
DNS_WORDS = {"bogus", "nodata", "nxdomain"}


class PlanError(table.WorldError):
    """The table asks for something that the lab has not."""


@dataclass
class Listener:
    """One address of one name, and what answers there."""

    name: str
    address: str
    server: str
    certificate: str = None  # key into Plan.certificates

    @property
    def family(self):
        return ipaddress.ip_address(self.address).version


@dataclass
class Policy:
    """What a policy host serves."""

    domain: str
    body: bytes
    status: int
    content_type: str
    location: str
    server: str
    addresses: list
    certificate: str
    where: str = None  # the name that holds the addresses
    pairs: list = None  # (address, server)


@dataclass
class Zone:
    name: str
    signed: bool
    bogus: bool = False
    absent: bool = False
    villain: str = None
    villain_host: str = None
    records: dict = field(default_factory=dict)  # owner -> [(type, text)]
    spoilt: set = field(default_factory=set)  # owners whose signatures are broken

    def add(self, owner, kind, text):
        rows = self.records.setdefault(owner, [])
        if (kind, text) not in rows:
            rows.append((kind, text))


@dataclass
class Plan:
    world: table.World
    zones: dict = field(default_factory=dict)
    listeners: list = field(default_factory=list)
    policies: list = field(default_factory=list)
    certificates: dict = field(default_factory=dict)  # key -> (name, kind)
    tlsa: list = field(default_factory=list)  # (zone, owner, usage, selector, matching, what, certificate)
    sni: dict = field(default_factory=dict)  # alias -> certificate
    name_servers: list = field(default_factory=list)  # (zone name, behaviour, addresses)
    resolver: dict = field(default_factory=dict)  # owner -> behaviour
    foreign: dict = field(default_factory=dict)  # top-level domains of a corpus -> their DS records
    taken: dict = field(default_factory=dict)  # how many addresses of each network are taken


def quote_txt(strings):
    """TXT strings as a zone file holds them."""

    def one(raw):
        return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\;' else f"\\{b:03d}" for b in raw) + '"'

    return " ".join(one(part[at : at + 255]) for part in strings for at in (range(0, len(part), 255) if part else [0]))


def _take(plan, network, family):
    first = ipaddress.ip_address(NETWORKS[network][0 if family == 4 else 1])
    key = (network, family)
    plan.taken[key] = plan.taken.get(key, -1) + 1
    return str(first + plan.taken[key])


def _addresses(plan, row, key, servers, network):
    """[(address, server)] of a row: what `addr=` asks for, each with its server."""
    wanted = row.text(key, "v4,v6")
    if wanted == table.MISSING:
        return []
    words = wanted.split(",")
    servers = servers * len(words) if len(servers) == 1 else servers
    if len(servers) != len(words):
        raise PlanError(f"{plan.world.path}:{row.line}: {len(words)} addresses, {len(servers)} servers")
    out = []
    for word, server in zip(words, servers):
        if word in ("v4", "v6"):
            word = _take(plan, server if server in NETWORKS else network, 4 if word == "v4" else 6)
        out.append((str(ipaddress.ip_address(word)), server))
    return out


def _address_type(address):
    return "A" if ipaddress.ip_address(address).version == 4 else "AAAA"


def _new_zone(plan, name):
    tld = name.rsplit(".", 1)[-1]
    if tld not in SIGNED_TLDS + UNSIGNED_TLDS:
        raise PlanError(f"{plan.world.path}: {name} lies neither under {SIGNED_TLDS} nor {UNSIGNED_TLDS}")
    zone = plan.zones[name] = Zone(name, signed=True)
    zone.add(name, "NS", NAME_SERVER + ".")
    return zone


def _zone(plan, name):
    """The zone that a name lies in, made where it is not there yet."""
    zone = table.zone_of(name)
    return plan.zones.get(zone) or _new_zone(plan, zone)


def _new_name_server(plan, zone, behaviour):
    """A misbehaving name server for a zone; its host name."""
    addresses = [_take(plan, "villain", 4), _take(plan, "villain", 6)]
    host = f"v{len(plan.name_servers) + 1}.ns.good.example"
    for address in addresses:
        _zone(plan, host).add(host, _address_type(address), address)
    plan.name_servers.append((zone, behaviour, addresses))
    return host


def _set_zone_kind(plan, row):
    kind, zone = row.text("zone"), _zone(plan, row.name)
    if kind is None:
        return
    if kind == "unsigned":
        zone.signed = False
    elif kind == table.MISSING:
        zone.absent = True
    elif kind == "bogus":
        zone.bogus = True
    elif kind.startswith("villain:"):
        zone.signed, zone.villain = False, kind[8:]
    else:
        raise PlanError(f"{plan.world.path}:{row.line}: no such zone={kind}")


def _meet(plan, row, owner, what, records):
    """Adds the records of a name in the way that its lookup shall meet them."""
    zone = _zone(plan, owner)
    if what and what.startswith("villain:"):
        child = plan.zones[owner] = Zone(owner, signed=False, villain=what[8:])
        for name, kind, text in records:
            child.add(name, kind, text)
        return
    if what and what.startswith("resolver:"):
        plan.resolver[owner] = what[9:]
    elif what and what not in DNS_WORDS:
        raise PlanError(f"{plan.world.path}:{row.line}: no such dns={what}")
    if what == "nxdomain":
        return
    if what == "nodata":
        zone.add(owner, "HINFO", '"lab" "nothing else"')
        return
    for name, kind, text in records:
        zone.add(name, kind, text)
    if what == "bogus":
        zone.spoilt.add(owner)


def _txt_records(row, key, owner, good):
    cname = row.text(key + ".cname")
    if cname:
        return [(owner, "CNAME", cname.rstrip(".") + ".")]
    values = row.keys.get(key, [good.encode()])
    if values == [table.MISSING.encode()]:
        return []
    return [(owner, "TXT", quote_txt(value if isinstance(value, list) else [value])) for value in values]


def _plan_policy(plan, row):
    body, owner = table.policy_body(row), "mta-sts." + row.name
    cname, what = row.text("policy.cname"), row.text("policy.dns")
    records, where = [], owner
    if cname:
        where = cname.rstrip(".")
        records.append((owner, "CNAME", where + "."))
    if body is not None:
        server = row.text("policy.server", "nginx")
        if any(
            kind not in POLICY_SERVERS | MUTE_SERVERS and not kind.startswith("villain:") for kind in server.split(",")
        ):
            raise PlanError(f"{plan.world.path}:{row.line}: no such policy.server={server}")
        shared = [policy for policy in plan.policies if cname and policy.where == where]
        pairs = shared[0].pairs if shared else _addresses(plan, row, "policy.addr", server.split(","), "policy")
        policy = Policy(
            row.name,
            body,
            int(row.text("policy.status", "200")),
            row.text("policy.type", "text/plain"),
            row.text("policy.location"),
            server,
            [address for address, _ in pairs],
            _certificate(plan, row, owner, row.text("policy.cert", "good")),
            where,
            pairs,
        )
        plan.policies.append(policy)
        addresses = [(where, _address_type(address), address) for address, _ in pairs]
        if cname:
            for name, kind, text in addresses:
                _zone(plan, name).add(name, kind, text)
        else:
            records += addresses
    if records or what:
        _meet(plan, row, owner, what, records)


def _certificate(plan, row, name, kind):
    if not certs.is_kind(kind):
        raise PlanError(f"{plan.world.path}:{row.line}: no such kind of certificate: {kind}")
    key = f"{name}={kind}"
    plan.certificates[key] = (name, kind)
    return key


def _plan_domain(plan, row):
    _set_zone_kind(plan, row)
    records = [(row.name, "MX", f"{preference} {host.rstrip('.')}.") for preference, host in table.mx_list(row)]
    records += [(row.name, "NS", ns.decode().rstrip(".") + ".") for ns in row.keys.get("ns", [])]
    if row.text("cname"):
        records.append((row.name, "CNAME", row.text("cname").rstrip(".") + "."))
    _meet(plan, row, row.name, row.text("dns"), records)
    sts, tlsrpt = "_mta-sts." + row.name, "_smtp._tls." + row.name
    _meet(plan, row, sts, row.text("sts.dns"), _txt_records(row, "sts", sts, table.GOOD_STS))
    _meet(plan, row, tlsrpt, row.text("tlsrpt.dns"), _txt_records(row, "tlsrpt", tlsrpt, table.GOOD_TLSRPT))
    _plan_policy(plan, row)


def _plan_host(plan, row):
    _set_zone_kind(plan, row)
    servers = row.text("server", "postfix").split(",")
    for server in servers:
        if server not in MX_SERVERS | MUTE_SERVERS and not server.startswith("villain:"):
            raise PlanError(f"{plan.world.path}:{row.line}: no such server={server}")
    certificate, cname = _certificate(plan, row, row.name, row.text("cert", "good")), row.text("cname")
    if cname:
        records = [(row.name, "CNAME", cname.rstrip(".") + ".")]
        plan.sni[row.name] = certificate
    else:
        pairs = _addresses(plan, row, "addr", servers, "host")
        records = [(row.name, _address_type(address), address) for address, _ in pairs]
        _listen(plan, row, pairs, certificate)
    _meet(plan, row, row.name, row.text("dns"), records)
    _plan_tlsa(plan, row, certificate)


def _listen(plan, row, pairs, certificate):
    """A listener for each address; of names that share an address, the later ones get their certificate by SNI."""
    taken = {listener.address: listener.server for listener in plan.listeners}
    for address, server in pairs:
        if address not in taken:
            plan.listeners.append(Listener(row.name, address, server, certificate))
        elif taken[address] == server and server.startswith("postfix"):
            plan.sni[row.name] = certificate
        else:
            raise PlanError(f"{plan.world.path}:{row.line}: {address} is taken by another server")


def _plan_tlsa(plan, row, certificate):
    owner, what = "_25._tcp." + row.name, row.text("tlsa.dns")
    _meet(plan, row, owner, what, [])
    zone = plan.zones.get(owner) or plan.zones.get(row.name) or _zone(plan, owner)
    for text in row.keys.get("tlsa", []):
        words = text.decode().split()
        if len(words) != 4:
            raise PlanError(f"{plan.world.path}:{row.line}: tlsa= wants USAGE SELECTOR MATCHING WHAT")
        plan.tlsa.append((zone.name, owner, *map(int, words[:3]), words[3], certificate))
        zone.records.setdefault(owner, [])


def _plan_delegations(plan):
    """The misbehaving name servers, and the zones above: every zone is told to its parent."""
    plan.zones = {name: zone for name, zone in plan.zones.items() if not zone.absent}
    for zone in list(plan.zones.values()):
        if zone.villain:
            zone.villain_host = _new_name_server(plan, zone.name, zone.villain)
            zone.records[zone.name] = [row for row in zone.records.get(zone.name, []) if row[0] != "NS"]
            zone.add(zone.name, "NS", zone.villain_host + ".")
    good = _zone(plan, NAME_SERVER)
    for address in NAME_SERVER_ADDRESSES:
        good.add(NAME_SERVER, _address_type(address), address)
    for tld in SIGNED_TLDS + UNSIGNED_TLDS:
        plan.zones[tld] = Zone(tld, signed=tld in SIGNED_TLDS)
        plan.zones[tld].add(tld, "NS", NAME_SERVER + ".")
    plan.zones["."] = Zone(".", signed=True)
    plan.zones["."].add(".", "NS", NAME_SERVER + ".")
    for zone in list(plan.zones.values()):
        if zone.name != ".":
            parent = parent_of(plan, zone.name)
            parent.add(zone.name, "NS", (zone.villain_host or NAME_SERVER) + ".")
    for tld, digests in plan.foreign.items():
        plan.zones["."].add(tld, "NS", NAME_SERVER + ".")
        for digest in digests:
            plan.zones["."].add(tld, "DS", digest)
    for name in (".", "example"):
        for address in NAME_SERVER_ADDRESSES:
            plan.zones[name].add(NAME_SERVER, _address_type(address), address)


def parent_of(plan, name):
    """The closest zone above a zone."""
    labels = name.split(".")
    for at in range(1, len(labels)):
        if ".".join(labels[at:]) in plan.zones:
            return plan.zones[".".join(labels[at:])]
    return plan.zones["."]


def make(world, foreign=None):
    """The plan of a world, with the top-level domains of a corpus. Raises PlanError naming the row that cannot be."""
    plan = Plan(world, foreign=foreign or {})
    _new_zone(plan, "good.example")
    for row in world.hosts:
        _plan_host(plan, row)
    for row in world.domains:
        _plan_domain(plan, row)
    _plan_delegations(plan)
    return plan
