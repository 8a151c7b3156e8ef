"""A process that holds one engine with one network loaded, and does as it is told on standard input.

    python worker.py ENGINE FOLDER THREADS PRECISION

Requests and replies are one line of JSON each. `{"runs": n}` runs once to warm up, then n times, and is
answered by `{"seconds": [...]}`; `{"check": true}` runs once and is answered by the greatest difference to what
PyTorch computed and the seconds it took. The first line it writes says that it is ready.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from engines import ENGINES


def timed(engine, runs):
    engine.run()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        engine.run()
        seconds.append(time.perf_counter() - start)
    return seconds


def checked(engine, folder):
    expected = np.load(folder / "expected.npy")
    start = time.perf_counter()
    result = engine.run()
    seconds = time.perf_counter() - start
    output = engine.pixels(result)
    if output.shape != expected.shape:
        raise ValueError(f"its output is {output.shape}, expected {expected.shape}")
    return {"difference": float(np.abs(output - expected).max()), "seconds": seconds}


def main():
    # Engines print what they like to standard output; replies go out by a door of their own.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")

    def reply(**values):
        print(json.dumps(values), file=replies)

    engine, folder, threads = ENGINES[sys.argv[1]](), Path(sys.argv[2]), int(sys.argv[3])
    engine.load(folder, threads, sys.argv[4])
    reply(version=engine.version, detail=engine.detail)
    for line in sys.stdin:
        request = json.loads(line)
        if "check" in request:
            reply(**checked(engine, folder))
        else:
            reply(seconds=timed(engine, request["runs"]))


if __name__ == "__main__":
    main()
