"""The lab's namespaces: how a lab is entered, and what network, users and folders are like inside.

A lab has a network, mount and process namespace of its own, so nothing outside changes, two labs never meet, and when its
first process dies, however it dies, the kernel ends all the others.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Folders that every system has; the first one that is empty becomes the state folder's place inside the namespace.
STATE_PLACES = ["/mnt", "/media", "/srv", "/opt"]
LOCAL_NETWORKS = ["192.0.2.0/24", "198.51.100.0/24", "198.18.0.0/16", "2001:db8::/37"]
UNREACHABLE_NETWORKS = ["203.0.113.0/25", "2001:db8:bad::/48"]
SILENT_NETWORKS = ["203.0.113.128/25", "2001:db8:dead::/48"]
# Resolvers hand out addresses of a family only where the machine has one of its own.
OWN_ADDRESSES = ["192.0.2.1/32", "2001:db8::1/128"]
STATE_BYTES = "2g"
USERS = [("postfix", 64025), ("Debian-exim", 64026)]
GROUPS = [("postfix", 64025), ("Debian-exim", 64026), ("postdrop", 64027)]
POLL_S = 0.005


class NamespaceError(Exception):
    """This machine gives no namespaces to this user; the message is one line."""


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _unshare_options():
    """How to come to namespaces: as root directly, otherwise through a user namespace with subordinate ids."""
    options = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        options += ["--user", "--map-root-user", "--map-auto"]
    probe = subprocess.run(options + ["ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        why = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NamespaceError(f"no network namespace to be had (run as root, or give this user subordinate ids): {why}")
    return options


def enter(script, arguments):
    """Runs `script arguments` as the first process of new namespaces; its exit code. SIGTERM and SIGHUP are passed on."""
    command = _unshare_options() + [sys.executable, str(script)] + arguments
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signals = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals | {signal.SIGCHLD})
    for number in signals:
        signal.signal(number, signal.SIG_DFL)

    def prepare():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals | {signal.SIGCHLD})
        _die_with_parent()

    child = subprocess.Popen(command, preexec_fn=prepare)
    while True:
        info = signal.sigwaitinfo(signals | {signal.SIGCHLD})
        if info.si_signo == signal.SIGCHLD:
            if child.poll() is not None:
                return child.returncode if child.returncode >= 0 else 128 - child.returncode
        elif info.si_pid:
            _signal_inside(child.pid, info.si_signo)


def _signal_inside(pid, number):
    """Signals the first process inside, the child of unshare; a terminal's Ctrl-C has reached it already."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        for child in children.read().split():
            os.kill(int(child), number)


def _run(*command):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise NamespaceError(f"{' '.join(map(str, command))}: {run.stderr.strip()}")


def _family(network):
    return "-6" if ":" in network else "-4"


def set_up_network():
    """Loopback with the documentation ranges on it; a range without a route, and one that swallows every packet."""
    _run("ip", "link", "set", "lo", "up")
    for address in OWN_ADDRESSES:
        _run("ip", _family(address), "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
    for network in LOCAL_NETWORKS:
        # Without a source of its own a connection within loopback would come from the address that it goes to.
        source = ["src", OWN_ADDRESSES[0].split("/")[0]] if _family(network) == "-4" else []
        _run("ip", _family(network), "route", "add", "local", network, "dev", "lo", *source)
    for name in ("net.ipv6.ip_nonlocal_bind", "net.ipv4.ip_nonlocal_bind"):
        Path("/proc/sys", *name.split(".")).write_text("1\n")
    for network in UNREACHABLE_NETWORKS:
        _run("ip", _family(network), "route", "add", "unreachable", network)
    _run("ip", "link", "add", "hole", "type", "veth", "peer", "name", "hole-end")
    for name in ("hole", "hole-end"):
        _run("ip", "link", "set", name, "arp", "off", "up")
    for network in SILENT_NETWORKS:
        _run("ip", _family(network), "route", "add", network, "dev", "hole")


def new_network(number, name, networks):
    """A network of its own for machines of which there are too many to bind one by one: every address of `networks` answers.

    Gives the process that holds it; servers enter it and listen on all addresses.
    """
    holder = subprocess.Popen(["unshare", "--net", "--", "sleep", "infinity"], preexec_fn=_die_with_parent)
    own = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{holder.pid}/ns/net") == own:
        time.sleep(POLL_S)
    _run("ip", "link", "add", name, "type", "veth", "peer", "name", "world", "netns", str(holder.pid))
    there = ["nsenter", f"--target={holder.pid}", "--net", "--"]
    _run(*there, "ip", "link", "set", "lo", "up")
    for near, far, default in (
        (f"203.0.113.{64 + 2 * number}/31", f"203.0.113.{65 + 2 * number}/31", "0.0.0.0/0"),
        (f"2001:db8:fff0:{number}::/127", f"2001:db8:fff0:{number}::1/127", "::/0"),
    ):
        family = _family(near)
        quick = ["nodad"] if family == "-6" else []
        _run("ip", family, "addr", "add", near, "dev", name, *quick)
        _run(*there, "ip", family, "addr", "add", far, "dev", "world", *quick)
        _run("ip", "link", "set", name, "up")
        _run(*there, "ip", "link", "set", "world", "up")
        _run(*there, "ip", family, "route", "add", default, "via", near.split("/")[0])
        for network in networks:
            if _family(network) == family:
                _run("ip", family, "route", "add", network, "via", far.split("/")[0])
                _run(*there, "ip", family, "route", "add", "local", network, "dev", "lo")
    return holder.pid


def _place(forbidden):
    free = [
        place
        for place in STATE_PLACES
        if os.path.isdir(place) and not any(str(path).startswith(place + "/") for path in forbidden)
    ]
    for place in sorted(free, key=lambda place: bool(os.listdir(place))):
        return Path(place)
    raise NamespaceError(f"every one of {', '.join(STATE_PLACES)} is in use")


def _bind_text(path, text, state):
    """Shows `text` in place of a file, inside only."""
    source = state / "etc" / Path(path).name
    source.parent.mkdir(exist_ok=True)
    source.write_text(text)
    target = os.path.realpath(path)
    if os.path.exists(target):
        _run("mount", "--bind", source, target)


def set_up_folders(bound):
    """The state folder, in memory, with the folders `bound` ({name: path}) in it; users for the mail servers; a resolver."""
    forbidden = [Path.cwd(), Path(sys.executable), Path(__file__).resolve()] + list(bound.values())
    state = _place(forbidden)
    _run("mount", "--make-rprivate", "/")
    _run("mount", "-t", "tmpfs", "-o", f"mode=755,size={STATE_BYTES}", "lab", state)
    for name, source in bound.items():
        (state / name).mkdir()
        _run("mount", "--bind", source, state / name)
    (state / "log").mkdir(mode=0o755)
    for path, rows, line in (
        ("/etc/passwd", USERS, "{0}:x:{1}:{1}::/:/usr/sbin/nologin\n"),
        ("/etc/group", GROUPS, "{0}:x:{1}:\n"),
    ):
        text = Path(path).read_text()
        known = {row.split(":")[0] for row in text.splitlines()}
        text = text.rstrip("\n") + "\n" + "".join(line.format(*row) for row in rows if row[0] not in known)
        _bind_text(path, text, state)
    _bind_text("/etc/resolv.conf", "nameserver 127.0.0.1\n", state)
    return state


def keep(log, folder):
    """Copies the logs out of the state folder, which is gone with the namespace."""
    shutil.copytree(log, folder, dirs_exist_ok=True)
