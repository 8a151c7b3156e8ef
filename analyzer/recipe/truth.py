"""Triage and simple baselines against labels by eye, as one table.

    python truth.py --data DATA --binary ../../target/release/upwise

DATA holds triage/dev.tsv and triage/images. Every picture is saved anew as PNG first, so that neither its format nor its
tables tell. Judged are the matched rows: fix first (positive) against upscale, of like sizes. Each baseline has one number a
picture and is given the threshold that is best on these very rows, which flatters it; triage has its own thresholds.
"""

import argparse
import csv
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import convolve, laplace
from sklearn.metrics import roc_auc_score

from natural import brisque, niqe

KIND = {"anime": "art", "screenshot": "text", "text_document": "text"}


def luma(path: Path) -> np.ndarray:
    """H x W, 0 to 255, over white."""
    image = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return np.asarray(ground.convert("L"), dtype=np.float64)


def immerkaer(y: np.ndarray) -> float:
    """Standard deviation of the noise (Immerkaer 1996)."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    inner = np.abs(convolve(y, mask))[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) / 6 * inner.mean()) if inner.size else 0.0


def blockiness(y: np.ndarray) -> float:
    """Mean step over the lines of the 8x8 grid, over that elsewhere."""
    step = np.abs(np.diff(y, axis=1)).mean(axis=0)
    on = np.arange(1, y.shape[1]) % 8 == 0
    return float(step[on].mean() / (step[~on].mean() + 0.1)) if on.any() and (~on).any() else 1.0


def dark_or_blurred(y: np.ndarray) -> float:
    """Two rules in the manner of CleanVision: dark by the 99th percentile, blurred by the Laplacian's deviation."""
    dark = 1.0 - np.percentile(y, 99) / 255
    return float(max(dark / 0.68, 30.0 / (laplace(y).std() + 1.0) / 10.0))


BASELINES: dict[str, Callable[[np.ndarray], float]] = {
    "always upscale": lambda y: 0.0,
    "size only": lambda y: float(y.size),
    "Laplacian variance": lambda y: float(laplace(y).var()),
    "dark or blurred (rules)": dark_or_blurred,
    "Immerkaer noise": immerkaer,
    "blockiness": blockiness,
    "mean brightness": lambda y: float(y.mean()),
    "BRISQUE": brisque,
    "NIQE": niqe,
}


def best_balanced(truth: np.ndarray, values: np.ndarray) -> float:
    """The best balanced accuracy of any threshold, in either direction."""
    best = 0.5
    for threshold in np.unique(values):
        over = values >= threshold
        score = (over[truth].mean() + (~over[~truth]).mean()) / 2
        best = max(best, score, 1.0 - score)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--binary", type=Path, required=True)
    args = parser.parse_args()
    folder = args.data / "triage"
    rows = list(csv.DictReader((folder / "dev.tsv").open(), delimiter="\t"))
    answers, lumas = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows:
            image = Image.open(folder / row["path"])
            if image.mode not in ("L", "LA", "RGB", "RGBA"):
                image = image.convert("RGBA" if "transparency" in image.info else "L" if image.mode == "1" else "RGB")
            path = Path(scratch) / "copy.png"
            image.save(path)
            run = subprocess.run([args.binary, "triage", path, "--json"], check=True, capture_output=True, text=True)
            answers.append(json.loads(run.stdout))
            lumas.append(luma(path))
    matched = [i for i, row in enumerate(rows) if row["matched"] == "1"]
    truth = np.array([rows[i]["action"] == "fix_first" for i in matched])
    print("| fix first or upscale, matched rows | balanced accuracy | AUROC |\n|---|---|---|")
    for name, measure in BASELINES.items():
        values = np.array([measure(lumas[i]) for i in matched])
        area = roc_auc_score(truth, values)
        print(f"| {name} | {best_balanced(truth, values):.3f} | {max(area, 1 - area):.3f} |")
    decisions = [answers[i]["decision"] for i in matched]
    fix = np.array([d["action"] == "fix_first" for d in decisions])
    upscale = np.array([d["action"] == "upscale" for d in decisions])
    sure = np.array([d["confidence"] if d["action"] == "fix_first" else 1 - d["confidence"] for d in decisions])
    balanced = (fix[truth].mean() + upscale[~truth].mean()) / 2
    print(f"| **upwise triage** | **{balanced:.3f}** | **{roc_auc_score(truth, sure):.3f}** |")

    kinds = np.array([KIND.get(row["content"], row["content"]) for row in rows])
    found = np.array([answer["content"] for answer in answers])
    pixel = kinds == "pixel_art"
    print(f"\ncontent right: {(kinds == found).mean():.3f}; pixel art found: {(found == 'pixel_art')[pixel].mean():.0%}, "
          f"others called so: {(found == 'pixel_art')[~pixel].sum()}")


if __name__ == "__main__":
    main()
