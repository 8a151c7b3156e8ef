"""Times upwise and other CPU engines on the same weights, taking turns, and writes the table.

    pip install -r requirements.txt
    python run.py --out ../../README.md --json results.json

Builds upwise first unless --upwise and --roofline name programs. --smoke makes everything tiny: it shows that
the script works and nothing else. Linux and macOS; see ../README.md for what the numbers mean.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import measure
import report

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEERS = ["onnxruntime", "OpenVINO", "ncnn", "PyTorch"]

# Network and side of the square input.
CASES = [
    ("Compact 64x16", 256),
    ("Compact 64x16", 1024),
    ("SPAN-48", 256),
    ("RRDB 23x64/32", 128),
    ("RRDB 23x64/32", 256),
]
# Where upwise is compared with itself: on one thread and on all, and on a small picture and a large one.
SCALING = [("Compact 64x16", 256), ("SPAN-48", 256), ("RRDB 23x64/32", 128)]
PIXELS = ("Compact 64x16", 256, 4096)
SMOKE_SIDE = 64


def say(text):
    print(text, file=sys.stderr, flush=True)


def executable(name, *arguments):
    """Builds with cargo; returns the path of the program called `name`."""
    command = ["cargo", *arguments, "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return Path(message["executable"])
    raise SystemExit(f"cargo {' '.join(arguments)} made no program called {name}")


class Run:
    """Everything that the parts have in common."""

    def __init__(self, args, work):
        self.args, self.work = args, work
        self.upwise = args.upwise or executable("upwise", "build", "--release", "-p", "upwise")
        self.roofline = args.roofline or executable(
            "roofline", "bench", "-p", "upwise-engine", "--bench", "roofline", "--no-run"
        )

    def side(self, side):
        return min(side, SMOKE_SIDE) if self.args.smoke else side

    def export(self, network, side):
        """The folder that holds the network in every format for this size."""
        folder = self.work / f"{network.replace('/', '-')} {side}"
        if not (folder / "facts.json").exists():
            say(f"exporting {network} at {side}x{side}")
            subprocess.run([sys.executable, HERE / "export.py", network, str(side), folder], check=True)
        return folder, json.loads((folder / "facts.json").read_text())

    def selected(self, cases):
        wanted = [(n, s) for n, s in cases if not self.args.only or any(o in n for o in self.args.only)]
        return list(dict.fromkeys((network, self.side(side)) for network, side in wanted))

    def take_turns(self, entries, rounds=None):
        args = self.args
        return measure.take_turns(entries, rounds or args.rounds, args.turn_seconds, say)


def load(run, folder, way, stack):
    """Every peer that loads and is right; what went wrong with the others, by name."""
    entries, failed = [], {}
    tolerance = measure.TOLERANCE[measure.precision(way)]
    for name in PEERS:
        say(f"loading {name}")
        try:
            peer = measure.Peer(name, folder, run.args.threads, way)
            stack.callback(peer.close)
            peer.difference = peer.check()
        except RuntimeError as e:
            failed[name] = str(e)
            continue
        if peer.difference <= tolerance:
            entries.append(peer)
        else:
            failed[name] = f"its output differs from PyTorch's by {peer.difference:.1e}"
    for name, why in failed.items():
        say(f"{name} is left out: {why}")
    return entries, failed


def compare(run, network, side, way):
    """One line of the table: all engines on one network and one size."""
    folder, facts = run.export(network, side)
    say(f"{network} at {side}x{side}, {way or 'best instruction set'}")
    roofline = measure.Roofline(run.roofline, run.args.threads, way)
    with contextlib.ExitStack() as stack:
        entries, failed = load(run, folder, way, stack)
        upwise = measure.Upwise(run.upwise, folder, side, run.args.threads, way)
        upwise.difference = upwise.check()
        if upwise.difference > measure.TOLERANCE[measure.precision(way)]:
            raise SystemExit(f"upwise is wrong by {upwise.difference:.1e}")
        entries.append(upwise)
        before = roofline.gmac_per_s()
        seconds = run.take_turns(entries)
        after = roofline.gmac_per_s()
    macs = facts["macs_per_pixel"] * side * side
    engines = {}
    for entry in entries:
        median = statistics.median(seconds[entry.name])
        engines[entry.name] = {
            "version": entry.version,
            "seconds by round": seconds[entry.name],
            "median_s": median,
            "gmac_per_s": macs / median / 1e9,
            "difference": entry.difference,
            "detail": entry.detail,
        }
    peers = [name for name in engines if name != "upwise"]
    best = min(peers, key=lambda name: engines[name]["median_s"], default=None)
    rounds = zip(seconds[best], seconds["upwise"]) if best else []
    return {
        "network": network,
        "side": side,
        "macs_per_pixel": facts["macs_per_pixel"],
        "roofline_gmac_per_s": max(before, after),
        "engines": engines,
        "failed": failed,
        "best_peer": best,
        # Of each round, so that what slowed a whole round down does not count.
        "ratio": statistics.median(peer / ours for peer, ours in rounds) if best else None,
    }


def named(name, entry):
    entry.name = name
    return entry


def scaling(run):
    """upwise on one thread and on all, taking turns."""
    lines = []
    for network, side in run.selected(SCALING):
        folder, _ = run.export(network, side)
        counts = [1, run.args.threads]
        entries = [named(f"{n} threads", measure.Upwise(run.upwise, folder, side, n, None)) for n in counts]
        one, all_ = run.take_turns(entries).values()
        speedup = statistics.median(a / b for a, b in zip(one, all_))
        lines.append({"network": network, "side": side, "threads": counts[1], "speedup": speedup})
    return lines


def per_pixel(run):
    """upwise's time for a pixel of a large picture, relative to one of a small picture."""
    network, small, large = PIXELS
    if not run.selected([(network, small)]):
        return None
    if run.args.smoke:
        small, large = SMOKE_SIDE, 2 * SMOKE_SIDE
    folder, _ = run.export(network, small)
    sides = (small, large)
    entries = [
        named(f"{side} pixels", measure.Upwise(run.upwise, folder, side, run.args.threads, None))
        for side in sides
    ]
    seconds = run.take_turns(entries, min(run.args.rounds, 3)).values()
    a, b = ([s / side**2 for s in times] for times, side in zip(seconds, sides))
    return {
        "network": network,
        "sides": sides,
        "microseconds_per_pixel": [statistics.median(x) * 1e6 for x in (a, b)],
        "large_over_small": statistics.median(y / x for x, y in zip(a, b)),
        "peak_rss_mib": entries[1].detail["peak RSS in MiB"],
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Markdown file [default: standard output]")
    parser.add_argument("--json", type=Path, help="all that was measured, written after every step")
    parser.add_argument("--upwise", type=Path, help="the command to time [default: build it]")
    parser.add_argument("--roofline", type=Path, help="the program of the bench roofline [default: build it]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="turns that each engine gets")
    parser.add_argument("--turn-seconds", type=float, default=2.0, help="time to fill with runs in a turn")
    parser.add_argument("--only", action="append", help="networks whose name contains this; may be repeated")
    parser.add_argument("--parts", default="native,avx2,bf16,own", help="which tables, separated by commas")
    parser.add_argument("--work", type=Path, help="folder that keeps the exported networks [default: none]")
    parser.add_argument("--smoke", action="store_true", help="one tiny round of everything")
    args = parser.parse_args()
    if args.smoke:
        args.rounds, args.turn_seconds = 1, 0.0
    return args


def main():
    args = arguments()
    results = {"machine": machine.describe(), "threads": args.threads, "rounds": args.rounds, "parts": {}}
    results["smoke"] = args.smoke

    def save():
        if args.json:
            args.json.write_text(json.dumps(results, indent=2) + "\n")

    with contextlib.ExitStack() as stack:
        work = args.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run = Run(args, work.resolve())
        parts = args.parts.split(",")
        for part, way in (("native", None), ("avx2", "avx2"), ("bf16", "bf16")):
            if part not in parts or not machine.has(way):
                continue
            lines = results["parts"][part] = []
            for network, side in run.selected(CASES):
                lines.append(compare(run, network, side, way))
                save()
        if "own" in parts:
            results["scaling"] = scaling(run)
            results["per_pixel"] = per_pixel(run)
            save()
    report.write(results, args.out)


if __name__ == "__main__":
    main()
