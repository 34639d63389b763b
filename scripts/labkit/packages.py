"""Server packages: downloads and unpacks what packages.txt names, once, under build/lab/packages.

The download goes through apt, which checks the archive's signatures; nothing is installed and no package script runs.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

LIST = Path(__file__).with_name("packages.txt")


class PackageError(Exception):
    """A package cannot be had; the message is one line."""


def _wanted():
    for line in LIST.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words[0], words[1]


def _with_libraries(package):
    """NAME=VERSION of the package and of what it needs and this machine lacks."""
    run = subprocess.run(
        ["apt-get", "--print-uris", "-qq", "-y", "--no-install-recommends", "--reinstall", "install", package],
        capture_output=True,
        text=True,
        check=False,
    )
    files = re.findall(r"^'\S+' (\S+)_(\S+)_\S+\.deb ", run.stdout, re.M)
    if run.returncode != 0 or package not in [name for name, _ in files]:
        why = (run.stderr.strip().splitlines() or ["not in the package lists; apt-get update may help"])[-1]
        raise PackageError(f"package {package} cannot be had: {why}")
    return [f"{name}={version.replace('%3a', ':')}" for name, version in files]


def _unpack(package, tree):
    archives = tree.parent / "archives" / package
    archives.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        ["apt-get", "-qq", "download"] + _with_libraries(package),
        cwd=archives,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        why = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PackageError(f"package {package} cannot be downloaded: {why}")
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, tree], check=True)


def ensure(folder):
    """The folder with a tree for each group of packages, complete. Unpacks it where it is not there yet."""
    key = hashlib.sha256(LIST.read_bytes()).hexdigest()[:16]
    done = folder / "complete"
    if done.exists() and done.read_text() == key:
        return folder
    building = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    try:
        for tree, package in _wanted():
            _unpack(package, building / tree)
        shutil.rmtree(building / "archives")
        for path in building.rglob("*"):
            if not path.is_symlink() and path.stat().st_mode & 0o6000:
                path.chmod(path.stat().st_mode & 0o1777)
        (building / "complete").write_text(key)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def library_path(tree):
    """LD_LIBRARY_PATH for the programs of a tree."""
    folders = [path for path in (tree / "usr/lib", tree / "lib") if path.is_dir()]
    found = [path for folder in folders for path in [folder / "postfix"] + sorted(folder.glob("*-linux-gnu*"))]
    return ":".join(str(path) for path in found if path.is_dir())
