"""What takes turns: one process per peer, and upwise by its command. Each times, and each proves its output."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent

# What takes AVX-512 away: of PyTorch and of the oneDNN inside it and OpenVINO. onnxruntime and ncnn have no
# such switch. upwise takes --isa.
WITHOUT_AVX512 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
OBEYS_SWITCH = {"upwise", "OpenVINO", "PyTorch"}

# What peers compute in bf16 where that is asked for; onnxruntime stays with f32.
HAS_BF16 = {"upwise", "OpenVINO", "ncnn", "PyTorch"}

# By precision. In f32 a quarter of an 8-bit step: Winograd with large tiles, as some engines have it, stays far below. In bf16 the
# random weights of SPAN, whose attention squares what it gets, carry engines that keep all maps in bf16 by a tenth; wrong pixels are off by more.
TOLERANCE = {"f32": 1e-3, "bf16": 0.15}


def precision(way):
    """Of the arithmetic, by what a table's engines are told: nothing, `avx2` or `bf16`."""
    return "bf16" if way == "bf16" else "f32"


class Peer:
    """An engine in a worker process, which is stopped while it is not its turn: idle threads may spin."""

    def __init__(self, name, folder, threads, way):
        self.name = name
        switches = WITHOUT_AVX512 if way == "avx2" else {}
        # One compiler process, and no pool of them that lives on.
        switches = switches | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
        command = [sys.executable, HERE / "worker.py", name, folder, str(threads), precision(way)]
        self.process = subprocess.Popen(
            command,
            env=os.environ | switches,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self.reply()
        self.version, self.detail = ready["version"], ready["detail"]
        self.stop()

    def reply(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} died with status {self.process.wait()}")
        return json.loads(line)

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, **request):
        self.process.send_signal(signal.SIGCONT)
        print(json.dumps(request), file=self.process.stdin, flush=True)
        reply = self.reply()
        self.stop()
        return reply

    def check(self):
        """Greatest difference to PyTorch's output, which is in 0 to 1."""
        reply = self.ask(check=True)
        self.first_run = reply["seconds"]
        return reply["difference"]

    def estimate(self):
        """Seconds that a run may take."""
        return self.first_run

    def time(self, runs):
        """Median of the seconds of `runs` runs, after one that is not timed."""
        return statistics.median(self.ask(runs=runs)["seconds"])

    def close(self):
        self.process.kill()
        self.process.wait()


class Upwise:
    """The command: a fresh process each turn, whose loading of weights is not timed."""

    name = "upwise"

    def __init__(self, binary, folder, side, threads, way):
        self.binary, self.folder, self.side = binary, folder, side
        told = {"avx2": ["--isa", "avx2"], "bf16": ["--precision", "bf16"]}.get(way, [])
        self.machine = ["--threads", str(threads), *told]
        self.version = self.call("--version").split()[-1]
        self.detail = {}

    def call(self, *arguments):
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"upwise {' '.join(map(str, arguments))}:\n{done.stderr}")
        return done.stdout

    def check(self):
        """As of a peer, by way of files of 16 bits a sample."""
        pixels = np.load(self.folder / "input.npy").transpose(1, 2, 0)
        expected = np.load(self.folder / "expected.npy").transpose(1, 2, 0)
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in.png"), Path(folder, "out.png")
            cv2.imwrite(str(source), (pixels[..., ::-1] * 65535).round().astype(np.uint16))
            model = self.folder / "model.safetensors"
            self.call("upscale", source, "--output", target, "--model", model, "--quiet", *self.machine)
            output = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)[..., ::-1] / 65535
        return float(np.abs(output - expected.clip(0, 1)).max())

    def time(self, runs):
        model = self.folder / "model.safetensors"
        size = f"{self.side}x{self.side}"
        arguments = ["--model", model, "--size", size, "--runs", str(runs), "--json", *self.machine]
        report = json.loads(self.call("bench", *arguments))
        self.detail = {"isa": report["isa"], "peak RSS in MiB": (report["peak_rss_bytes"] or 0) >> 20}
        return report["median_s"]

    def estimate(self):
        return self.time(1)

    def close(self):
        pass


class Roofline:
    """The processor's peak of multiply-adds. It takes turns as well: clocks change with load and heat."""

    def __init__(self, binary, threads, way):
        self.binary, self.threads, self.isa = binary, threads, way if way == "avx2" else None

    def gmac_per_s(self):
        """Of all threads together; measured with as many threads as it knows, scaled where it knows fewer."""
        done = subprocess.run([self.binary, "--json"], capture_output=True, text=True, check=True)
        lines = json.loads(done.stdout)
        isa = self.isa or lines[0]["isa"]
        fitting = [x for x in lines if x["isa"] == isa and x["threads"] <= self.threads]
        best = max(fitting, key=lambda x: x["threads"])
        return best["gmac_per_s"] * self.threads / best["threads"]


def take_turns(entries, rounds, turn_seconds, say=lambda text: None):
    """Seconds per round of every entry, by name. Entries take turns, each round begun by another one.

    In a turn an entry runs as often as fits `turn_seconds`, at least once, and its median counts.
    """
    runs = {entry.name: max(1, min(20, int(turn_seconds / entry.estimate()))) for entry in entries}
    seconds = {entry.name: [] for entry in entries}
    for i in range(rounds):
        first = i % len(entries)
        for entry in entries[first:] + entries[:first]:
            seconds[entry.name].append(entry.time(runs[entry.name]))
        say(f"round {i + 1} of {rounds}: " + ", ".join(f"{n} {s[-1]:.3f} s" for n, s in seconds.items()))
    return seconds
