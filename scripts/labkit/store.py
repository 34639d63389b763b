"""The finished world on disk: certificates, signed zones and policy bodies, made once for each state of table and tools.

A world is kept under build/lab/worlds; its name is a hash of all that goes into it. It is made anew after some days, so
that certificates that are about to expire stay so.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

from labkit import certs, zones

KEEP_DAYS = 5
KEEP_WORLDS = 6
DAY_S = 86400
# What a finished world depends on; the servers' configurations are written anew each time.
TOOLS = {"certs.py", "plan.py", "store.py", "world.py", "zones.py"}


def _key(paths, text):
    digest = hashlib.sha256(text.encode())
    for path in paths:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:16]


def _make(folder, plan, tree):
    for name in ("certs", "bodies"):
        (folder / name).mkdir(parents=True)
    maker = certs.Maker()
    chains = {key: maker.chain(name, kind) for key, (name, kind) in plan.certificates.items()}
    for key, (sent, private, _) in chains.items():
        (folder / "certs" / (key.replace("*", "_") + ".pem")).write_bytes(certs.key_pem(private) + certs.pem(sent))
    (folder / "ca.pem").write_bytes(maker.store())
    for number, policy in enumerate(plan.policies):
        (folder / "bodies" / str(number)).write_bytes(policy.body)
    anchor = zones.write_all(plan, tree, folder / "zones", chains)
    (folder / "anchor").write_text("".join(f". 300 IN DS {digest}\n" for digest in anchor))


def hold(folder):
    """Keeps a folder from being removed while the descriptor that this gives is open; None when it is gone already."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if os.path.isdir(folder) and os.path.samestat(os.fstat(descriptor), os.stat(folder)):
        return descriptor
    os.close(descriptor)
    return None


def remove_unused(folder):
    """Removes a folder that no lab holds; False when one does."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        going = folder.with_name(f"{folder.name}.going.{os.getpid()}")
        folder.rename(going)
        shutil.rmtree(going, ignore_errors=True)
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)


def ensure_folder(folder, key, keep_days, make):
    """The folder `key` under `folder`, made by `make(new folder)` where it is not there or too old; (path, hold)."""
    folder.mkdir(parents=True, exist_ok=True)
    finished = folder / key
    while True:
        descriptor = hold(finished)
        if descriptor is not None and time.time() - finished.stat().st_mtime < keep_days * DAY_S:
            return finished, descriptor
        if descriptor is not None:
            os.close(descriptor)
            if not remove_unused(finished):
                return finished, hold(finished)
        building = folder / f"{key}.{os.getpid()}"
        try:
            make(building)
            building.rename(finished)
        except FileExistsError:
            pass  # another lab was faster
        except OSError:
            if not finished.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)


def forget_old(folder, most):
    """Leaves the newest folders, and those in use."""
    old = sorted(
        (path for path in folder.iterdir() if path.is_dir() and "." not in path.name),
        key=lambda path: path.stat().st_mtime,
    )
    for path in old[:-most]:
        remove_unused(path)


def ensure(folder, plan, packages):
    """The folder of the finished world of a plan, and what holds it."""
    tools = [path for path in sorted(Path(__file__).parent.glob("*.py")) if path.name in TOOLS]
    key = _key([plan.world.path] + tools + [packages / "complete"], json.dumps(plan.foreign, sort_keys=True))
    found = ensure_folder(folder, key, KEEP_DAYS, lambda new: _make(new, plan, packages / "dns"))
    forget_old(folder, KEEP_WORLDS)
    return found
