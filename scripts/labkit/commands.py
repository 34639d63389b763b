"""The verbs of scripts/lab. Each takes the parsed arguments and gives the exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from labkit import corpus, corpus_servers, namespace, packages, plan, servers, store, world, zones

BUILD = Path(__file__).resolve().parent.parent.parent / "build/lab"
FAULTS = (
    world.WorldError,
    corpus.CorpusError,
    namespace.NamespaceError,
    packages.PackageError,
    servers.ServerError,
    zones.ZoneError,
)
EXIT_CANNOT_RUN = 127
# Limits that a short scan still touches, so that it can be seen whether they are kept.
WORLD_LIMITS = {"provider-rate-limit": 20, "provider-concurrency": 4, "per-ip-rate-limit": 20, "per-ip-concurrency": 1}
# The largest provider of the corpus has 8,759 hosts: at 100 a second it takes a minute and a half.
CORPUS_LIMITS = {
    "provider-rate-limit": 100,
    "provider-concurrency": 16,
    "per-ip-rate-limit": 100,
    "per-ip-concurrency": 4,
}


def list_(arguments):
    for row in world.read(arguments.world).domains:
        print(row.name)
    if arguments.corpus:
        for name, _ in corpus.read(arguments.corpus):
            print(name)
    return 0


def truth(arguments):
    table = world.read(arguments.world)
    for kind, rows in (("domain", table.domains), ("host", table.hosts)):
        for row in rows:
            print(json.dumps({kind: row.name, "line": row.line, "truth": row.truth}, ensure_ascii=False))
    return 0


def check(arguments):
    table = world.read(arguments.world)
    made = plan.make(table)
    _check_behaviours(made)
    print(f"{len(table.domains)} domains, {len(table.hosts)} hosts, {len(made.zones)} zones: sound")
    return 0


def _check_behaviours(made):
    """Every behaviour that the table names is one that the misbehaving server knows."""
    script = Path(__file__).with_name("villain.py")
    listing = subprocess.run([sys.executable, "-E", script, "--list"], capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        raise servers.ServerError(f"villain.py --list fails: {listing.stderr.strip()[-200:]}")
    known = {tuple(line.split()[:2]) for line in listing.stdout.splitlines() if line.strip()}
    used = {("smtp", listener.server[8:]) for listener in made.listeners if listener.server.startswith("villain:")}
    used |= {
        ("https", server[8:]) for policy in made.policies for _, server in policy.pairs if server.startswith("villain:")
    }
    used |= {("dns", behaviour) for _, behaviour, _ in made.name_servers}
    used |= {("resolver", behaviour) for behaviour in made.resolver.values()}
    for kind, whole in sorted(used):
        if (kind, whole.partition("/")[0]) not in known:
            raise world.WorldError(f"{made.world.path}: the misbehaving server knows no {kind} behaviour {whole}")


def run(arguments):
    """Outside: gets packages and world ready, then starts itself again inside new namespaces."""
    BUILD.mkdir(parents=True, exist_ok=True)
    table = world.read(arguments.world)
    plan.make(table)
    bound = {"packages": packages.ensure(BUILD / "packages")}
    if arguments.corpus:
        bound["corpus"], _ = corpus.ensure(BUILD / "corpora", arguments.corpus, bound["packages"])
    # The holds are given back when this process ends, and with it the lab.
    bound["world"], _ = store.ensure(BUILD / "worlds", plan.make(table, _foreign(bound)), bound["packages"])
    order = {
        "world": str(Path(arguments.world).resolve()),
        "bound": {name: str(path) for name, path in bound.items()},
        "keep": arguments.keep and str(Path(arguments.keep).resolve()),
        "command": arguments.command,
    }
    script = Path(__file__).resolve().parent.parent / "lab"
    return namespace.enter(script, ["inside", json.dumps(order)])


def _foreign(bound):
    return corpus.top_level_digests(bound["corpus"]) if "corpus" in bound else {}


def inside(arguments):
    """Inside, as the first process: servers up, the command, servers down."""
    order = json.loads(arguments.order)
    bound = {name: Path(path) for name, path in order["bound"].items()}
    made = plan.make(world.read(order["world"]), _foreign(bound))
    namespace.set_up_network()
    state = namespace.set_up_folders(bound)
    try:
        lab = servers.Servers(state, made)
        lab.start()
        if "corpus" in bound:
            corpus_servers.start(lab)
        return _run_command(order["command"], _environment(state, "corpus" in bound))
    finally:
        if order["keep"]:
            namespace.keep(state / "log", order["keep"])


def _environment(state, with_corpus):
    """The environment of the command: where the lab is, and settings for a scanner inside."""
    config = {
        "name-servers": "127.0.0.1",
        "trust-ad": "true",
        "ca-file": state / "ca.pem",
        "allow-reserved": "true",
        "ehlo-domain": "scanner.good.example",
        "preflight-host": "mx1.good.example",
        "timeout": "2s",
        "connect-timeout": "2s",
        "network-timeout": "3s",
        "target-timeout": "20s",
        **(CORPUS_LIMITS if with_corpus else WORLD_LIMITS),
    }
    (state / "ca.pem").write_text("".join(path.read_text() for path in sorted(state.glob("*/ca.pem"))))
    path = state / "stsweep.conf"
    path.write_text("".join(f"{name} = {value}\n" for name, value in config.items()))
    return dict(os.environ, STSWEEP_CONFIG=str(path), STSWEEP_LAB_DIR=str(state), STSWEEP_LAB_CA=str(state / "ca.pem"))


def _run_command(command, environment):
    """Runs the command; buries the orphans that come to the first process meanwhile. Its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def prepare():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    try:
        process = subprocess.Popen(command, env=environment, preexec_fn=prepare)
    except OSError as fault:
        print(f"lab: {command[0]}: {fault.strerror}", file=sys.stderr)
        return EXIT_CANNOT_RUN

    def pass_on(number, _frame):
        process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    while True:
        pid, status = os.wait()
        if pid == process.pid:
            code = os.waitstatus_to_exitcode(status)
            process.returncode = code
            return code if code >= 0 else 128 - code
