"""What is needed to write cases: a list of checks with names, counted and told at the end."""

import os
import signal
import subprocess
import sys
import time
import traceback

SHOWN_FAULTS = 12


class Suite:
    """Counts what passed and failed; a failure is told when it happens, with its reasons."""

    def __init__(self, only=None):
        self.passed, self.failed, self.skipped, self.only = 0, 0, 0, only

    def check(self, name, faults):
        """One check; `faults` are sentences, none when it holds."""
        faults = list(faults)
        if not faults:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAIL {name}")
        for sentence in faults[:SHOWN_FAULTS]:
            print(f"     {sentence}")
        if len(faults) > SHOWN_FAULTS:
            print(f"     ... and {len(faults) - SHOWN_FAULTS} more")

    def expect(self, name, holds, reason=""):
        self.check(name, [] if holds else [reason or "it does not hold"])

    def skip(self, name, reason):
        self.skipped += 1
        print(f"SKIP {name}: {reason}")

    def run(self, case, *arguments):
        """Runs a group of checks; an error in it is one failure."""
        if self.only and self.only not in case.__name__:
            return
        begin = time.monotonic()
        try:
            case(self, *arguments)
        except Exception:  # a broken group must not hide the others
            self.check(case.__name__, [traceback.format_exc(limit=4)])
        print(f"  {case.__name__}: {time.monotonic() - begin:.1f} s", flush=True)

    def close(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}")
        return 1 if self.failed else 0


class Run:
    """A finished run of the program."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def text(self):
        return f"exit {self.code} after {self.seconds:.1f} s, standard error: {self.err[-600:]!r}"


def run(command, stdin=None, timeout=300, environment=None, interrupts=()):
    """Runs a command. `interrupts` are seconds after which it gets SIGINT, one after the other."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, **(environment or {})),
    )
    for pause in interrupts:
        time.sleep(pause)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += b"\n(killed by the test: it did not end in time)"
    return Run(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), time.monotonic() - begin)


def say(text):
    print(text, flush=True, file=sys.stdout)
