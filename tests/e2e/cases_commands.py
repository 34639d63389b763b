"""Everything beside the main scan: lists of all kinds, bad input, interruption, `check`, `judge`, exit codes."""

import gzip
import json
import shutil
import subprocess
import time

import records
import suite as suites
import truth

QUICK_S = 60
INTERRUPT_AFTER_S = 1.5
STOP_WITHIN_S = 25  # --target-timeout of the lab, and some
SECOND_STOP_WITHIN_S = 3
GOOD = ["enforce.example", "testing.example", "no-sts.example"]


def _read(here, name, kind="jsonl"):
    return records.read(here.folder / name, "domains", kind)


def _one_line(suite, name, run, code=1):
    lines = [line for line in run.err.splitlines() if line.strip()]
    suite.expect(f"{name}: exit {code}", run.code == code, run.text())
    suite.expect(f"{name}: one line on standard error", len(lines) == 1, run.text())


def lists_of_all_kinds(suite, here):
    text = "".join(name + "\n" for name in GOOD)
    ranked = "rank,domain\r\n" + "".join(f"{rank},{name}\r\n" for rank, name in enumerate(GOOD, 11))
    kinds = {
        "plain": here.write("kind.txt", text),
        "crlf": here.write("kind-crlf.txt", text.replace("\n", "\r\n")),
        "no-end": here.write("kind-no-end.txt", text.rstrip("\n")),
        "ranked": here.write("kind.csv", ranked),
        "gzip": here.write("kind.txt.gz", gzip.compress(text.encode())),
    }
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-qf", here.folder / "kind.txt"], check=True)
        kinds["zstd"] = here.folder / "kind.txt.zst"
    for kind, path in kinds.items():
        run = here.scan(f"kind-{kind}", "-q", "-O", "jsonl", "--stages", "dns", path, timeout=QUICK_S)
        suite.expect(f"list {kind}: exit 0", run.code == 0, run.text())
        found = {record["domain"]: record for record in _read(here, f"kind-{kind}")}
        suite.expect(f"list {kind}: its domains", sorted(found) == sorted(GOOD), str(sorted(found)))
        if kind == "ranked":
            suite.expect(
                "ranks are kept",
                [found[name]["rank"] for name in GOOD] == [11, 12, 13],
                str([r["rank"] for r in found.values()]),
            )
    run = here.scan("kind-stdin", "-q", "-O", "jsonl", "--stages", "dns", "-", stdin=text.encode(), timeout=QUICK_S)
    suite.expect("list from standard input: exit 0", run.code == 0, run.text())
    suite.expect("list from standard input: its domains", len(_read(here, "kind-stdin")) == len(GOOD))


def dirty_lines(suite, here):
    lines = [
        "enforce.example",
        "",
        "   ",
        "not a domain",
        "ENFORCE.Example.",
        "-bad-.example",
        "a..b",
        "http://enforce.example/",
        "192.0.2.1",
        "x" * 300 + ".example",
        "b\u00fccher.example",
        "enforce.example",
        "user@enforce.example",
        "single",
    ]
    raw = "\n".join(lines).encode() + b"\n\xff\xfe\n\0\n"
    run = here.scan(
        "dirty",
        "-q",
        "-O",
        "msgpack,csv,jsonl",
        "--stages",
        "dns,policy",
        here.write("dirty.txt", raw),
        timeout=QUICK_S,
    )
    suite.expect("a dirty list: exit 0", run.code == 0, run.text())
    targets = [number for number, line in enumerate(raw.split(b"\n")[:-1], 1) if line]
    for kind in records.FORMATS:
        found = {int(record["index"]): record for record in _read(here, "dirty", kind)}
        suite.expect(
            f"{kind}: a record for every line that is not empty",
            sorted(found) == targets,
            f"{sorted(found)} against {targets}",
        )
    found = {record["index"]: record for record in _read(here, "dirty")}
    for number in (4, 6, 7, 9, 10, 15, 16):
        suite.expect(
            f"line {number} is invalid input",
            found.get(number, {}).get("status") == "invalid-input",
            str(found.get(number))[:200],
        )
    for number in (1, 5, 12):
        suite.expect(
            f"line {number} is enforce.example, scanned",
            found.get(number, {}).get("domain") == "enforce.example"
            and records.look_up(found[number], "verdict.sts") == "enforce",
            str(found.get(number))[:200],
        )
    suite.expect(
        "a U-label becomes an A-label",
        found.get(11, {}).get("domain") == "xn--bcher-kva.example",
        str(found.get(11))[:200],
    )


def bad_input(suite, here):
    good = here.write("good.txt", "enforce.example\n")
    _one_line(suite, "a list that is not there", here.scan("bad-1", here.folder / "no-such-list"))
    _one_line(suite, "an unknown flag", here.scan("bad-2", "--no-such-flag", good))
    _one_line(suite, "a number out of range", here.scan("bad-3", "--timeout", "-5", good))
    _one_line(suite, "a word where a number should be", here.scan("bad-4", "--threads", "many", good))
    _one_line(suite, "an unknown format", here.scan("bad-5", "-O", "xml", good))
    _one_line(suite, "an output folder that is a file", here.scan("good.txt", "-q", good))
    suite.expect("no command: exit 1, and how to use it", suites.run([here.program]).code == 1)
    _one_line(suite, "an unknown command", suites.run([here.program, "sweep"]))
    _one_line(suite, "a CA file that is not there", here.scan("bad-6", "--ca-file", here.folder / "no-ca", good))
    _one_line(suite, "a CA file without certificates", here.scan("bad-7", "--ca-file", good, good))
    config = here.write("bad.conf", "no-such-name = 1\n")
    _one_line(suite, "a config with an unknown name", here.scan("bad-8", "-C", config, good))
    first = here.scan("taken", "-q", "--stages", "dns", good, timeout=QUICK_S)
    suite.expect("a first scan into a folder", first.code == 0, first.text())
    _one_line(suite, "a folder that holds a scan", here.scan("taken", "-q", good))
    silent = here.scan(
        "bad-9", "--name-servers", "203.0.113.200", "--timeout", "200ms", "--retries", "0", good, timeout=QUICK_S
    )
    _one_line(suite, "a name server that does not answer", silent)
    for number in range(1, 10):
        left = (
            list((here.folder / f"bad-{number}").glob("domains-[0-9]*"))
            if (here.folder / f"bad-{number}").is_dir()
            else []
        )
        suite.expect(f"bad-{number} left no part that looks whole", not left, str(left))
    for command in ([here.program, "--help"], [here.program, "scan", "--help"], [here.program, "--version"]):
        run = suites.run(command)
        suite.expect(
            f"{' '.join(str(word) for word in command[1:])}: exit 0 and words", run.code == 0 and run.out, run.text()
        )


def interrupted_and_resumed(suite, here):
    domains = [name for name in here.domains()][:120] + ["mute-silent.example"]
    path = here.write("interrupt.txt", "".join(name + "\n" for name in domains))
    run = here.scan("stopped", "-q", "-c", "20", "-O", "jsonl", path, interrupts=[INTERRUPT_AFTER_S])
    suite.expect("Ctrl-C: exit 2", run.code == 2, run.text())
    suite.expect("Ctrl-C: ends in time", run.seconds < STOP_WITHIN_S + INTERRUPT_AFTER_S, run.text())
    again = here.scan("stopped", "-q", "--resume", "-O", "jsonl", path)
    suite.expect("--resume: exit 0", again.code == 0, again.text())
    found = sorted(record["index"] for record in _read(here, "stopped"))
    suite.expect(
        "interrupted and resumed: every target once", found == list(range(1, len(domains) + 1)), f"{len(found)} records"
    )
    run = here.scan("stopped-twice", "-q", "-O", "jsonl", path, interrupts=[INTERRUPT_AFTER_S, 0.3])
    suite.expect("a second Ctrl-C: exit 2", run.code == 2, run.text())
    suite.expect(
        "a second Ctrl-C stops at once", run.seconds < INTERRUPT_AFTER_S + 0.3 + SECOND_STOP_WITHIN_S, run.text()
    )
    left = [part.name for part in (here.folder / "stopped-twice").glob("domains-[0-9]*")]
    suite.expect("a second Ctrl-C leaves no part that looks whole", not left, str(left))
    again = here.scan("stopped-twice", "-q", "--resume", "-O", "jsonl", path)
    suite.expect("--resume after a second Ctrl-C: exit 0", again.code == 0, again.text())
    found = sorted(record["index"] for record in _read(here, "stopped-twice"))
    suite.expect(
        "stopped at once and resumed: every target once",
        found == list(range(1, len(domains) + 1)),
        f"{len(found)} records",
    )


def check_tells_the_truth(suite, here):
    domains, _ = here.truth
    chosen = [
        "enforce.example",
        "testing.example",
        "no-sts.example",
        "record-bad-id.example",
        "cert-expired.example",
        "http-404.example",
        "match-typo.example",
        "dane.example",
        "plain-dns.test",
        "no-mail.example",
        "mx-expired.example",
        "body-html.example",
    ]
    for name in chosen:
        if name not in domains:
            continue
        run = suites.run([here.program, "check", "--json", name], timeout=QUICK_S)
        suite.expect(f"check --json {name}: exit 0", run.code == 0, run.text())
        record = records._join_b64(json.loads(run.out))
        # Whose intermediate was seen elsewhere, and how many domains share a provider, only a scan can know.
        suite.check(f"check --json {name}", truth.faults(record, domains[name][1], "jsonl"))
    run = suites.run([here.program, "check", "match-typo.example"], timeout=QUICK_S)
    suite.expect("check: exit 0 whatever the verdict", run.code == 0, run.text())
    suite.expect("check: names the domain", "match-typo.example" in run.out, run.out[:300])
    suite.expect("check: no colours in a pipe", "\x1b[" not in run.out, run.out[:300])
    run = suites.run(
        [
            here.program,
            "check",
            "--name-servers",
            "203.0.113.200",
            "--timeout",
            "200ms",
            "--retries",
            "0",
            "enforce.example",
        ],
        timeout=QUICK_S,
    )
    suite.expect("check: exit 1 when it could not look", run.code == 1, run.text())
    suite.expect("check: no domain is an error", suites.run([here.program, "check"]).code == 1)


def judged_again(suite, here):
    assert here.main is not None
    run = suites.run(
        [here.program, "judge", "-q", "-O", "jsonl", here.out, "-o", here.folder / "judged"], timeout=QUICK_S
    )
    suite.expect("judge: exit 0", run.code == 0, run.text())
    before = {record["index"]: record for record in here.read("domains", "jsonl")}
    after = {record["index"]: record for record in _read(here, "judged")}
    suite.expect("judge: as many records", before.keys() == after.keys(), f"{len(after)} of {len(before)}")
    for index, record in before.items():
        same = json.dumps(record, sort_keys=True, default=repr) == json.dumps(
            after.get(index), sort_keys=True, default=repr
        )
        suite.expect(f"judge says again what the scan said of {record['domain']}", same, "the records differ")


def streamed(suite, here):
    path = here.write("stream.txt", "".join(name + "\n" for name in GOOD))
    run = suites.run([here.program, "scan", "-q", "-O", "jsonl", "-o", "-", path], timeout=QUICK_S)
    suite.expect("-o -: exit 0", run.code == 0, run.text())
    found = [json.loads(line) for line in run.out.splitlines()]
    suite.expect(
        "-o -: one line of JSON a target", sorted(record["domain"] for record in found) == sorted(GOOD), run.out[:300]
    )


def resumed_with_another_list(suite, here):
    domains = [*here.domains()[:30], "mute-silent.example"]
    path = here.write("own.txt", "".join(name + "\n" for name in domains))
    run = here.scan("own", "-q", "-O", "jsonl", "--max-runtime", "1s", path, timeout=QUICK_S)
    suite.expect("--max-runtime: exit 2", run.code == 2, run.text())
    other = here.write("other.txt", "".join(f"other-{name}\n" for name in domains))
    _one_line(suite, "--resume with another list", here.scan("own", "-q", "--resume", other, timeout=QUICK_S))
    _one_line(suite, "--resume with a shorter list", here.scan("own", "-q", "--resume", here.write("short.txt", domains[0] + "\n"), timeout=QUICK_S))
    again = here.scan("own", "-q", "--resume", "-O", "jsonl", path)
    suite.expect("--resume with its own list: exit 0", again.code == 0, again.text())
    found = sorted(record["index"] for record in _read(here, "own"))
    suite.expect("with its own list: every target once", found == list(range(1, len(domains) + 1)), f"{len(found)} records")
    metadata = json.loads((here.folder / "own" / "metadata.json").read_text())
    states = [session["status"] for session in metadata["sessions"].values()]
    suite.expect("the metadata tell of every session", states == ["interrupted", "failed", "failed"], str(states))
    suite.expect("the scan started with its first session", metadata["started"] == metadata["sessions"]["1"]["started"])
    suite.expect("targets are counted over all sessions", metadata["gathered"]["targets"] == len(domains), str(metadata["gathered"]))


def folder_is_guarded(suite, here):
    path = here.write("guard.txt", "mute-silent.example\n" + "".join(name + "\n" for name in GOOD))
    first = subprocess.Popen([here.program, "scan", "-q", "-O", "jsonl", "-o", here.folder / "guard", path])
    for _ in range(100):
        if (here.folder / "guard" / "metadata.json").exists():
            break
        time.sleep(0.05)
    _one_line(suite, "a second scan at work in a folder", here.scan("guard", "-q", "--resume", path))
    suite.expect("the first is not disturbed", first.wait(timeout=300) == 0)
    bundle = (here.folder / "guard" / "ca-bundle.pem").read_bytes()
    other = here.write("other-ca.pem", bundle + b"\n")
    _one_line(suite, "--resume of a complete scan", here.scan("guard", "-q", "--resume", "--ca-file", other, path))
    suite.expect("a complete scan keeps its CA bundle", (here.folder / "guard" / "ca-bundle.pem").read_bytes() == bundle)
    for name, flags in (("--user-metadata", ["--user-metadata", "{"]), ("-m", ["-m", here.folder / "no" / "such"])):
        _one_line(suite, f"a bad {name}", here.scan("guard-none", "-q", *flags, path))
        suite.expect(f"a bad {name} leaves no folder", not (here.folder / "guard-none").exists())


CASES = [
    lists_of_all_kinds,
    dirty_lines,
    bad_input,
    check_tells_the_truth,
    judged_again,
    streamed,
    interrupted_and_resumed,
    resumed_with_another_list,
    folder_is_guarded,
]
