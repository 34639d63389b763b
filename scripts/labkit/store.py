"""The finished world on disk: certificates, signed zones and policy bodies, made once for each state of table and tools.

A world is kept under build/lab/worlds; its name is a hash of all that goes into it. It is made anew after some days, so
that certificates that are about to expire stay so.
"""

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


def _forget_old(folder):
    worlds = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in worlds[:-KEEP_WORLDS]:
        shutil.rmtree(path, ignore_errors=True)


def ensure(folder, plan, packages):
    """The folder of the finished world of a plan."""
    tools = sorted(Path(__file__).parent.glob("*.py"))
    tools = [path for path in tools if not path.name.startswith("villain")]
    key = _key([plan.world.path] + tools + [packages / "complete"], json.dumps(plan.foreign, sort_keys=True))
    finished = folder / key
    if finished.exists() and time.time() - finished.stat().st_mtime < KEEP_DAYS * DAY_S:
        return finished
    building = folder / f"{key}.{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    try:
        _make(building, plan, packages / "dns")
        shutil.rmtree(finished, ignore_errors=True)
        building.rename(finished)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _forget_old(folder)
    return finished
