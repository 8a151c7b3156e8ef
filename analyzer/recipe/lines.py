"""Fits what tells lines of text from other rows of marks (analyzer/src/measures/text/weights.rs).

    python lines.py --data DATA --fonts FONTS --example ../../target/release/examples/lines
"""

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import scenes
from content import rows_of, tiles
from fit import single

from degrade import compress  # of weights/train, which `scenes` has put on the path

WEIGHTS = Path(__file__).parent.parent / "src/measures/text/weights.rs"
PAGES = 160
# Of a line on a page: they are many and easy; those in scenes are what it is for.
PAGE_WEIGHT = 0.1
# Share of a row in which something was written from which it is text, and up to which it is not.
WRITTEN, PLAIN = 0.5, 0.05
FOLDS = 5


def pictures(dice: random.Random, data: Path, fonts: tuple[Path, ...]):
    """Source, picture, and where it was written on: a map, or True where it is a page."""
    for path, source in tiles(data)["photo"]:
        scene = scenes.damaged(dice, Image.open(path).convert("RGB"), True)
        yield source, scene, np.zeros(scene.size[::-1], bool)
        written = scene
        for _ in range(dice.randint(1, 5)):
            written = scenes.lettered(dice, fonts, written, 1, 0.015 * 10 ** dice.random(), 6)
        changed = np.asarray(written, int) - np.asarray(scene, int)
        if dice.random() < 0.6:
            written = Image.fromarray(compress(np.asarray(written), "JPEG", dice.randint(40, 95)))
        yield source, written, filled(np.abs(changed).max(2) > 0)
    for i in range(PAGES):
        yield f"page {i}", scenes.damaged(dice, scenes.text_page(dice, fonts), False), True


def filled(map_of: np.ndarray) -> np.ndarray:
    """A map of written pixels with the gaps between letters filled along the rows."""
    width = map_of.shape[1]
    reach = max(2, width // 24)
    sums = np.cumsum(np.pad(map_of, ((0, 0), (reach + 1, reach))), axis=1, dtype=int)
    return sums[:, 2 * reach + 1 :] > sums[:, :width]


def label(row: dict[str, str], written) -> int:
    """1 for text, 0 for none, -1 for what is in between."""
    if written is True:
        return 1
    x, y, width, height = (int(row[side]) for side in ("x", "y", "width", "height"))
    share = written[y : y + height, x : x + width].mean()
    return 1 if share >= WRITTEN else 0 if share <= PLAIN else -1


def fit(forms: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(forms, labels, logisticregression__sample_weight=weights)


def rust(fitted: Pipeline, names: list[str]) -> str:
    scaler, regression = (step for _, step in fitted.steps)
    slopes = regression.coef_[0] / scaler.scale_
    bias = regression.intercept_[0] - slopes @ scaler.mean_
    return "\n".join([
        "//! Written by `recipe/lines.py`: weights that tell lines of text from other rows of marks.",
        "",
        "/// Log-odds of a line whose form is 0.",
        f"pub(super) const BIAS: f32 = {single(bias)};",
        "",
        "/// Weights of its form, in the order of `FORM`.",
        f"pub(super) const WEIGHTS: [(&str, f32); {len(names)}] = [",
        *(f'    ("{name}", {single(slope)}),' for name, slope in zip(names, slopes)),
        "];",
        "",
    ])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, required=True, help="folder of fonts, as weights/train/fonts.toml names them")
    parser.add_argument("--example", type=Path, required=True, help="the built example `lines`")
    args = parser.parse_args()
    dice = random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        kept = {}
        for source, image, written in pictures(dice, args.data, scenes.fonts_of(args.fonts)):
            path = f"{folder}/{len(kept):05d}.png"
            image.save(path, compress_level=1)
            kept[path] = source, written
        rows = rows_of(args.example, list(kept))
    names = list(rows[0])[5:]
    forms = np.array([[float(row[name]) for name in names] for row in rows])
    sources, written = zip(*(kept[row["path"]] for row in rows))
    labels = np.array([label(row, where) for row, where in zip(rows, written)])
    pages = np.array([where is True for where in written])
    weights = np.where(pages, PAGE_WEIGHT, 1.0)
    known = labels >= 0
    forms, labels, weights, pages = forms[known], labels[known], weights[known], pages[known]
    groups = np.array(sources)[known]
    print(f"{pages.sum()} lines on pages, {(labels[~pages] == 1).sum()} in scenes, {(labels == 0).sum()} rows of other marks")
    odds = np.empty(len(labels))
    for train, held in GroupKFold(FOLDS, shuffle=True, random_state=1).split(forms, labels, groups):
        odds[held] = fit(forms[train], labels[train], weights[train]).predict_proba(forms[held])[:, 1]
    print(f"of sources not seen, in scenes: AUROC {roc_auc_score(labels[~pages], odds[~pages]):.3f}")
    WEIGHTS.write_text(rust(fit(forms, labels, weights), names))


if __name__ == "__main__":
    main()
