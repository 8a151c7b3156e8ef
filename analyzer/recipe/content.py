"""Fits the weights that part art from photographs (analyzer/src/measures/content.rs).

    python content.py --data DATA --example ../../target/release/examples/traits

DATA holds train/photo and train/art. Build the example first: cargo build --release -p upwise-analyzer --example traits.
The tiles of train/art are renders, posters, drawings and pictures like photographs; which is which was seen by eye and stands
below, in the order of the files' names. Prints the table of weights, as Rust.
"""

import argparse
import csv
import random
import subprocess
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# A drawing or flat graphic, P looks like a photograph, T text, S unclear or in between; the last two are left out.
ART = (
    "AAPPAAAASASAAPPPPPSSSSSPPAATAAPPAASAPTPSPAAPSAPATAAATAAPSSSPSPPP"
    "SSSPPPPPAAAPPAAASPSASSAPSPSSPPPAAAPPSSAAAAAAAAAPSAPPPPPPPSSPPAPP"
    "PPPPPPPPPTSAAATPAPSPSSSSAPPSAASTSPASPSAPSSSSSPPPSSSAAASSAAPPPPPP"
    "APPSPPSSSPPSAAPPPPPPPPPSSPPSPAPPPAAPSPS"
)
PHOTOS = 320
SHRINKS = [1.0, 1.0, 1.0, 0.75, 0.5, 0.35]
QUALITIES = (40, 92)


def variant(dice: random.Random, image: Image.Image, noisy: bool) -> Image.Image:
    """The tile as it might be met: smaller, compressed, with noise if it is a photograph."""
    shrink = dice.choice(SHRINKS)
    if shrink < 1.0:
        image = image.resize((int(image.width * shrink), int(image.height * shrink)), Image.Resampling.LANCZOS)
    if dice.random() < 0.5:
        stream = BytesIO()
        image.save(stream, "JPEG", quality=dice.randint(*QUALITIES))
        image = Image.open(stream).convert("RGB")
    if noisy and dice.random() < 0.25:
        sigma = dice.uniform(2.0, 20.0)
        values = np.asarray(image, dtype=np.float64)
        values += np.random.default_rng(dice.randint(0, 1 << 30)).normal(0.0, sigma, values.shape)
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--example", type=Path, required=True, help="the built example `traits`")
    args = parser.parse_args()
    dice = random.Random(5)
    photos = sorted((args.data / "train/photo").iterdir())
    art = sorted((args.data / "train/art").iterdir())
    assert len(art) == len(ART), "the tiles of train/art are not those that were looked at"
    items = [(path, 0) for path in dice.sample(photos, PHOTOS)]
    for path, kind in zip(art, ART):
        items += [(path, int(kind == "A"))] * {"A": 4, "P": 2}.get(kind, 0)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, (path, label) in enumerate(items):
            files.append(f"{folder}/{i:04d}.png")
            variant(dice, Image.open(path).convert("RGB"), label == 0).save(files[-1])
        table = subprocess.run([args.example, *files], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(table.splitlines(), delimiter="\t"))
    names = list(rows[0])[1:]
    values = np.array([[float(row[name]) for name in names] for row in rows])
    labels = np.array([label for _, label in items])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000, class_weight="balanced"))
    model.fit(values, labels)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    for name, weight in zip(names, weights):
        print(f"    ({weight:.3f}, |t| t.{name}),")
    print(f"const ART_BIAS: f32 = {regression.intercept_[0] - (weights * scaler.mean_).sum():.3f};")


if __name__ == "__main__":
    main()
