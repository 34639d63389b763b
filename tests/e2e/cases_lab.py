"""The lab itself, without the scanner: does it serve what the table says, does it come and go without a trace, and does the
recorder count right. What fails here makes all else doubtful.
"""

import os
import signal
import subprocess
import sys
import time

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

import suite as suites

from labkit import plan, recorder, world

RESOLVER = "127.0.0.1"
QUERY_TIMEOUT_S = 2.0
LAB_UP_S = 90
GONE_WITHIN_S = 3
# Extended DNS Errors (RFC 8914 4) by which a validating resolver says why it failed.
DNSSEC_ERRORS = set(range(5, 13))


def _ask(name, kind):
    """(status in the words of the record, secure, texts) of a lookup."""
    query = dns.message.make_query(name, kind, want_dnssec=True)
    try:
        answer, _ = dns.query.udp_with_fallback(query, RESOLVER, timeout=QUERY_TIMEOUT_S)
    except dns.exception.DNSException as fault:
        return type(fault).__name__, "no", []
    texts = [row.to_text() for rrset in answer.answer if rrset.rdtype == dns.rdatatype.from_text(kind) for row in rrset]
    status = dns.rcode.to_text(answer.rcode())
    if status == "NOERROR" and not texts:
        status = "NODATA"
    codes = [option.code for option in answer.options if isinstance(option, dns.edns.EDEOption)]
    if status == "SERVFAIL" and set(codes) & DNSSEC_ERRORS:
        status = "BOGUS"
    return status, "yes" if answer.flags & dns.flags.AD else "no", texts


def _is_honest(row):
    return not any(
        "villain:" in (row.text(key) or "") or "resolver:" in (row.text(key) or "")
        for key in ("zone", "dns", "sts.dns")
    )


def zones_are_as_the_table_says(suite, here):
    """Status and security of MX and TXT lookups, asked with another resolver library than the scanner's."""
    for row in world.read(here.world).domains:
        if not _is_honest(row):
            continue
        faults = []
        for name, kind, field in ((row.name, "MX", "mx.status"), ("_mta-sts." + row.name, "TXT", "sts.record.lookup")):
            secure = row.truth.get(field.rsplit(".", 1)[0] + ".secure")
            status, found, _ = _ask(name, kind)
            if field in row.truth and status != row.truth[field]:
                faults.append(f"{name} {kind}: {status}, should be {row.truth[field]}")
            if secure and status in ("NOERROR", "NODATA", "NXDOMAIN") and found != secure:
                faults.append(f"{name} {kind}: secure {found}, should be {secure}")
        suite.check(f"the lab's zone of {row.name}", faults)


def truth_of_rows_is_in_the_vocabulary(suite, here):
    """A typing error in the table must not look like a fault of the scanner."""
    made = plan.make(world.read(here.world))
    wrong = [
        f"line {row.line}: {row.name} claims nothing" for row in made.world.domains + made.world.hosts if not row.truth
    ]
    suite.check("every row claims something", wrong)


def recorder_counts(suite, _here):
    def kept(*spans):
        return recorder.Kept([(begin, end, "a", 25) for begin, end in spans])

    for name, spans, spacing_ms, most in (
        ("none", [], None, 0),
        ("one", [(1.0, 2.0)], None, 1),
        ("one after the other", [(1.0, 2.0), (2.0, 3.0)], 1000.0, 1),
        ("two at once", [(1.0, 2.0), (1.5, 3.0)], 500.0, 2),
        ("never closed", [(1.0, None), (4.0, 5.0)], 3000.0, 2),
    ):
        found = kept(*spans)
        suite.expect(f"recorder, {name}: spacing", found.spacing_ms == spacing_ms, str(found.spacing_ms))
        suite.expect(f"recorder, {name}: concurrency", found.concurrency == most, str(found.concurrency))
    groups = {"a": kept((1.0, 2.0), (1.01, 3.0))}
    suite.expect("recorder: a broken spacing is told", len(list(recorder.faults(groups, 50, None))) == 1)
    suite.expect("recorder: a broken concurrency is told", len(list(recorder.faults(groups, None, 1))) == 1)
    suite.expect("recorder: kept limits are not told", not list(recorder.faults(groups, 5, 2)))


def bad_tables_are_refused(suite, here):
    for name, text in (
        ("an unknown key", "[domains]\na.example colour=red\n"),
        ("an unknown bundle", "[domains]\na.example => @no-such\n"),
        ("a quote left open", '[domains]\na.example sts="v\n'),
        ("a name twice", "[domains]\na.example\na.example\n"),
        ("an unknown server", "[hosts]\nmx.a.example server=sendmail\n"),
        ("an unknown certificate", "[hosts]\nmx.a.example cert=golden\n"),
        ("a foreign top level", "[domains]\na.com\n"),
        ("an unknown behaviour", "[hosts]\nmx.a.example server=villain:no-such\n"),
    ):
        run = suites.run([here.lab, "check", "--world", here.write("bad.world", text)])
        suite.expect(f"a table with {name}: exit 1, one line", run.code == 1 and run.err.count("\n") == 1, run.text())


def _processes():
    """Command lines of all processes but this one's own."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                found.append((int(pid), line.read().replace(b"\0", b" ").decode()))
        except OSError:
            continue
    return found


def labs_come_and_go(suite, here):
    """Exit codes, two at once, and no process left when the lab is killed."""
    if os.geteuid() != 0:
        suite.skip("labs_come_and_go", "not root")
        return
    run = suites.run([here.lab, "run", "--world", here.world, "--", "sh", "-c", "exit 7"], timeout=LAB_UP_S)
    suite.expect("the exit code of CMD is the lab's", run.code == 7, run.text())
    run = suites.run([here.lab, "run", "--world", here.world, "--", "no-such-command"], timeout=LAB_UP_S)
    suite.expect("a command that is not there: exit 127", run.code == 127, run.text())
    before = {pid for pid, _ in _processes()}
    pair = [
        subprocess.Popen(
            [here.lab, "run", "--world", here.world, "--", "sh", "-c", "sleep 3; getent ahostsv4 mx1.good.example"],
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for lab in pair:
        out, _ = lab.communicate(timeout=2 * LAB_UP_S)
        suite.expect(
            "two labs at once: each has its own world",
            lab.returncode == 0 and b"198.18." in out,
            f"exit {lab.returncode}, {out!r}",
        )
    lab = subprocess.Popen(
        [
            here.lab,
            "run",
            "--world",
            here.world,
            "--",
            sys.executable,
            "-c",
            "import time; print('up', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    lab.stdout.readline()
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    end, left = time.monotonic() + GONE_WITHIN_S, [None]
    while left and time.monotonic() < end:
        time.sleep(0.1)
        left = [
            (pid, line)
            for pid, line in _processes()
            if pid not in before and line.strip() and ("/packages/" in line or "labkit" in line)
        ]
    suite.expect("a lab that is killed leaves no process", not left, str(left)[:400])


CASES = [recorder_counts, bad_tables_are_refused, truth_of_rows_is_in_the_vocabulary, zones_are_as_the_table_says]
LAST_CASES = [labs_come_and_go]
