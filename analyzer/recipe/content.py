"""Fits what tells photographs, art, text and products apart (analyzer/src/measures/kinds.rs).

    python content.py --data DATA --fonts FONTS --example ../../target/release/examples/traits
"""

import argparse
import csv
import random
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import scenes
from fit import single

MEASURES = Path(__file__).parent.parent / "src/measures"

# By eye, in the order of the names in train/art: A drawing or flat graphic, P looks like a photograph, T text, S unclear or
# in between; the last two are left out.
ART = (
    "AASPSAAASAASSPPPSPSSSSSSPAATAAPSSSSAPTSSSAAPSAPATAAASSASSSPPPPPP"
    "PASSSSSPAAAAPPAAAASASASASSAASPPAAASPSSPAAAAAAAASSASSPPPPPSSSSSSP"
    "PPPPPPSSPSSAAASPSSPPAAPPAPPSAAASPPSSPAAPSAAAAPPSSSAAASAAAPPPPPSS"
    "SSPSSAASSPSAAPPPPPPPPPPSSPPSSSSPPPAASSP"
)
# Likewise in train/photo: drawings, and what is neither.
DRAWN = (
    "azure-0016 kde-0009 kde-0010 kde-0011 kde-0012 kde-0013 kde-0020 lineage-0005 lineage-0006 lineage-0007 popos-0011 "
    "popos-0012 popos-0013 ultramarine-0000 ultramarine-0001 umate-0042 umate-0046 umate-0089 umate-0120 umate-0121 umate-0122 "
    "umate-0123"
).split()
NEITHER = (
    "azure-0008 azure-0015 lineage-0000 lineage-0001 lineage-0002 lineage-0003 lineage-0004 mate-0004 mate-0005 mate-0006 mate-0009 "
    "popos-0022 popos-0023 popos-0024 popos-0025 popos-0030 popos-0031 popos-0032 saleor-0003 saleor-0004 saleor-0013 solus-0050 "
    "solus-0051 solus-0052 solus-0053 umate-0004 umate-0011 umate-0012 umate-0025 umate-0026 umate-0037 umate-0043 umate-0044 "
    "umate-0045 umate-0065 umate-0066 umate-0072 umate-0073 umate-0074 umate-0112 umate-0113"
).split()
KINDS = ("photo", "art", "text", "product")
# What the weights are written for: whether it is text, its lines say, but what looks like a page should be no drawing either.
ASKED = ("photo", "art", "product")
# How common the kinds are thought to be; models for photographs do the least harm to what is none.
PRIOR = {"photo": 0.6, "art": 0.16, "text": 0.1, "product": 0.14}
FOLDS = 5
GOLDEN = 32


def letters_of(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def tiles(data: Path) -> dict[str, list[tuple[Path, str]]]:
    """Photographs and drawings with their sources, but none that triage is judged on."""
    judged = [letters_of(row["path"].removeprefix("images/").rsplit(".", 1)[0]) for row in
              csv.DictReader((data / "triage/dev.tsv").open(), delimiter="\t")]
    sources = {row["tile"]: row["source"] for row in csv.DictReader((data / "train/SOURCES.tsv").open(), delimiter="\t")}
    art = sorted((data / "train/art").iterdir())
    assert len(art) == len(ART), "the tiles of train/art are not those that were looked at"
    kinds = dict(zip(art, ART))
    for path in sorted((data / "train/photo").iterdir()):
        plain = path.stem not in NEITHER and not path.stem.startswith("ultramarine")
        kinds[path] = "A" if path.stem in DRAWN else "P" if plain else "S"
    found: dict[str, list[tuple[Path, str]]] = {"photo": [], "art": []}
    for path, kind in kinds.items():
        source = sources[path.name]
        name = letters_of(source.split("/", 1)[1].rsplit(".", 1)[0])
        if kind in "AP" and not any(name in other or other in name for other in judged):
            # A case of a collection and its results are one source, and so are the tiles of a picture.
            group = re.sub(r"[^/]*$", "", source) if "/case" in source else source
            found["photo" if kind == "P" else "art"].append((path, group))
    return found


def pictures(dice: random.Random, data: Path, fonts: tuple[Path, ...]):
    """Kind, source and picture, many times."""
    found = tiles(data)

    def one(kind: str) -> tuple[Image.Image, str]:
        path, source = dice.choice(found[kind])
        return Image.open(path).convert("RGB"), source

    for path, source in found["photo"] * 2:
        yield "photo", source, scenes.damaged(dice, Image.open(path).convert("RGB"), True)
    for path, source in found["art"] * 7:
        yield "art", source, scenes.damaged(dice, Image.open(path).convert("RGB"), False)
    for i in range(200):
        scene, source = one("photo")
        flat = scenes.page(dice, fonts, scenes.label if dice.random() < 0.8 else scenes.diagram, 256)
        yield "photo", source, scenes.damaged(dice, scenes.seen(dice, flat, scene, dice.choice((0.3, 0.6, 1.2))), True)
        scene, source = one("photo")
        if i % 2:
            yield "photo", source, scenes.damaged(dice, scenes.lettered(dice, fonts, scene, dice.randint(1, 3)), True)
        drawing, source = one("art")
        if i % 2:
            yield "art", source, scenes.damaged(dice, scenes.lettered(dice, fonts, drawing, dice.randint(1, 4)), False)
        yield "art", f"cartoon {i}", scenes.damaged(dice, scenes.cartoon(dice, dice.choice((256, 384, 512))), False)
        drawing, source = one("art") if dice.random() < 0.6 else (scenes.cartoon(dice, 384), f"cartoon {i}")
        yield "art", source, scenes.damaged(dice, scenes.cut_out(dice, drawing), False)
    for i in range(400):
        inside, source = one("photo")
        image = scenes.cut_out(dice, inside)
        if dice.random() < 0.2:
            image = scenes.lettered(dice, fonts, image, 1)
        yield "product", source, scenes.damaged(dice, image, False)
        image, source, lens = scenes.text_page(dice, fonts), f"page {i}", False
        if dice.random() < 0.35:
            scene, source = one("photo")
            image, lens = scenes.seen(dice, image, scene, 0.75), True
        yield "text", source, scenes.damaged(dice, image, lens)
    dice = random.Random(6)
    for _ in range(300):
        photo, source = one("photo")
        image = scenes.drawn(dice, photo)
        if dice.random() < 0.15:
            image = scenes.lettered(dice, fonts, image, dice.randint(1, 3))
        yield "art", source, scenes.damaged(dice, image, False)


def rows_of(example: Path, files: list[str]) -> list[dict[str, str]]:
    """What an example of the analyzer prints of these pictures, by column."""
    found = []
    for i in range(0, len(files), 200):
        run = subprocess.run([example, *files[i : i + 200]], check=True, capture_output=True, text=True)
        found += csv.DictReader(run.stdout.splitlines(), delimiter="\t")
    return found


def traits(example: Path, files: list[str]) -> tuple[list[str], np.ndarray]:
    """Names of the features, and a row of them a picture; NaN where nothing was measured."""
    rows = rows_of(example, files)
    names = list(rows[0])[1:]
    values = np.array([[float(row[name] or "nan") for name in names] for row in rows])
    # As the Rust code has them.
    return names, values.astype(np.float32).astype(np.float64)


def fit(values: np.ndarray, labels: np.ndarray) -> Pipeline:
    regression = LogisticRegression(C=0.02, max_iter=500)
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), regression)
    return model.fit(values, labels, logisticregression__sample_weight=weights(labels))


def weights(labels: np.ndarray) -> np.ndarray:
    """A weight a picture, so that every kind is as common as in `PRIOR`."""
    shares = np.array([PRIOR[kind] for kind in KINDS])
    return (shares / np.bincount(labels, minlength=len(KINDS)))[labels] * len(labels)


def rust(fitted: Pipeline, names: list[str]) -> str:
    """The weights for features as they are, of the kinds that are asked for."""
    imputer, scaler, regression = (step for _, step in fitted.steps)
    asked = [KINDS.index(kind) for kind in ASKED]
    slopes = regression.coef_[asked] / scaler.scale_
    bias = regression.intercept_[asked] - slopes @ scaler.mean_
    lines = [
        "//! Written by `recipe/content.py`: weights that tell photographs, art and products apart.",
        "",
        "/// Log-odds where all features are 0.",
        f"pub(super) const BIAS: [f32; {len(asked)}] = [{', '.join(map(single, bias))}];",
        "",
        "/// A feature, its median, and its weights.",
        f"pub(super) const WEIGHTS: &[(&str, f32, [f32; {len(asked)}])] = &[",
    ]
    for name, median, slope in zip(names, imputer.statistics_, slopes.T):
        lines.append(f'    ("{name}", {single(median)}, [{", ".join(map(single, slope))}]),')
    return "\n".join([*lines, "];"]) + "\n"


def golden(fitted: Pipeline, values: np.ndarray, names: list[str]) -> str:
    """Predictions of pictures spread over the table, with their features."""
    rows = values[np.linspace(0, len(values) - 1, GOLDEN).astype(int)]
    odds = fitted.predict_proba(rows)[:, [KINDS.index(kind) for kind in ASKED]]
    odds /= odds.sum(axis=1, keepdims=True)
    lines = ["\t".join([*ASKED, *names])]
    for row, shares in zip(rows, odds):
        lines.append("\t".join([*(f"{v:.6f}" for v in shares), *("" if np.isnan(v) else single(v) for v in row)]))
    return "\n".join(lines) + "\n"


def judge(values: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> None:
    """What models make of sources that they did not see: rows are kinds, columns what they are taken for."""
    table = np.zeros((len(KINDS), len(KINDS)), dtype=int)
    for train, held in GroupKFold(FOLDS, shuffle=True, random_state=1).split(values, labels, groups):
        fitted = fit(values[train], labels[train])
        np.add.at(table, (labels[held], fitted.predict(values[held])), 1)
    print("\t".join(["", *KINDS]))
    for kind, row in zip(KINDS, table):
        print("\t".join([kind, *map(str, row)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, required=True, help="folder of fonts, as weights/train/fonts.toml names them")
    parser.add_argument("--example", type=Path, required=True, help="the built example `traits`")
    args = parser.parse_args()
    dice = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        files, kinds, sources = [], [], []
        for kind, source, image in pictures(dice, args.data, scenes.fonts_of(args.fonts)):
            files.append(f"{folder}/{len(files):05d}.png")
            image.save(files[-1], compress_level=1)
            kinds.append(KINDS.index(kind))
            sources.append(source)
        names, values = traits(args.example, files)
    labels = np.array(kinds)
    judge(values, labels, np.array(sources))
    fitted = fit(values, labels)
    (MEASURES / "kinds.rs").write_text(rust(fitted, names))
    (MEASURES / "kinds.tsv").write_text(golden(fitted, values, names))


if __name__ == "__main__":
    main()
