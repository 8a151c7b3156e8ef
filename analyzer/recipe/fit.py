"""Fits what was learned from outcomes: boosted trees, on all sources, those that the network of `glance.py` saw among them.

    python fit.py LABELS.tsv

writes `trees.rs` and `golden.tsv` beside the Rust code that walks the trees: the odds that an enlargement by 4 works, calibrated on
sources that neither their trees nor the network saw, and what the ways to go are worth at twice the size.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from labels import FEATURES, read

DECISION = Path(__file__).parent.parent / "src/decision"
# More of it never raises (-1) or never lowers (1) the odds that an enlargement works.
DIRECTION = {
    "noise_sigma": -1, "grain_sigma": -1, "jpeg_quality": 1, "true_factor": -1, "edge_sigma": -1, "edges_kept": 1,
    "score_edges": 1, "score_true_resolution": 1, "best_2x": 1, "best_4x": 1,
}
WORKS = "works_4x"
# A plain filter's utility, what a network gains over it, and a fix before that.
PARTS = ("FILTER", "NETWORK_GAIN", "FIX_GAIN")
# A step more has to gain this much, and a picture made anew is worth the low line (`truth.rs`, `odds.rs`).
STEP, ANEW = 0.03, 0.3
ACTIONS = ["upscale", "fix_first", "regenerate", "keep"]
FOLDS = 6
FORESTS = 4
GOLDEN = 48


def settings(trees, rate, leaves, fewest, seed=1):
    """Small trees, slowly added: five thousand pictures are few."""
    return {
        "max_iter": trees, "learning_rate": rate, "max_leaf_nodes": leaves, "min_samples_leaf": fewest, "l2_regularization": 2.0,
        "max_features": 0.5, "early_stopping": False, "random_state": seed,
    }


def classifier(names):
    directions = [DIRECTION.get(name, 0) for name in names]
    return HistGradientBoostingClassifier(monotonic_cst=directions, **settings(80, 0.07, 6, 15))


def given(rows, names):
    """Features to fit to. A measure that was never taken says nothing; the library wants a value all the same."""
    x = rows.features(names)
    x[:, np.isnan(x).all(axis=0)] = 0
    return x


def fit_odds(rows, names):
    """A forest of all sources, and the sigmoid behind its sums.

    The network is too sure of the sources that it saw. The sigmoid is fitted to the others, to the sums that forests of all but a
    share of them give that share, with an offset for reduced tiles, which it is then written for: a whole picture that was handed
    over small has as much in each pixel as they have, and fewer enlargements of it work than of a part of a large one.
    """
    seen, strangers = rows.part("seen"), rows.part("strangers")
    x, y = given(seen, names), seen.flag(WORKS)
    new_x, new_y = given(strangers, names), strangers.flag(WORKS)
    sums = np.zeros(len(new_y))
    for train, held in GroupKFold(FOLDS, shuffle=True, random_state=1).split(new_x, new_y, strangers.groups):
        forest = classifier(names).fit(np.concatenate([x, new_x[train]]), np.concatenate([y, new_y[train]]))
        sums[held] = forest.decision_function(new_x[held])
    sigmoid = LogisticRegression(C=1e6).fit(np.column_stack([sums, strangers.reduced]), new_y)
    slope, dense = sigmoid.coef_[0]
    forest = classifier(names).fit(given(rows, names), rows.flag(WORKS))
    return forest, float(slope), float(sigmoid.intercept_[0] + dense)


def odds_of(fitted, x):
    model, slope, offset = fitted
    return 1 / (1 + np.exp(-(slope * model.decision_function(x) + offset)))


def parts(rows):
    """What was measured at twice the size, in the order of `PARTS`."""
    bicubic, direct, chain = (rows.column(f"u2.{name}") for name in ("bicubic", "direct", "chain"))
    return bicubic, direct - bicubic, chain - direct


def fit_worth(x, rows):
    """For each part forests whose mean is believed: what one of them makes of chance the others do not."""
    def forest(part, seed):
        return HistGradientBoostingRegressor(**settings(40, 0.15, 10, 40, seed)).fit(x, part)

    return [[forest(part, seed) for seed in range(1, FORESTS + 1)] for part in parts(rows)]


def worth(parts):
    """What each of `ACTIONS` is worth, a column each."""
    bicubic, network, fix = parts
    direct = bicubic + network
    return np.stack([direct - STEP, direct + fix - 2 * STEP, np.full(len(bicubic), ANEW), bicubic], axis=1)


def worth_of(forests, x):
    return worth([np.mean([forest.predict(x) for forest in part], axis=0) for part in forests])


def single(value):
    """Shortest decimal that is the same 32-bit float."""
    return np.format_float_positional(np.float32(value), unique=True, trim="0")


def below(value):
    """The largest 32-bit float that is not above a split: features are 32-bit, so that walks agree."""
    if np.isinf(value):  # all that is there goes one way, what is missing the other
        return "f32::MAX"
    near = np.float32(value)
    return single(near if near <= value else np.nextafter(near, np.float32(-np.inf)))


def tree(nodes, share):
    """A tree that adds a share of what it was fitted to add."""
    parts = []
    for node in nodes:
        if node["is_leaf"]:
            parts.append(f"Add({single(node['value'] * share)})")
        else:
            less, more = int(node["left"]), int(node["right"])
            missing = less if node["missing_go_to_left"] else more
            parts.append(f"If({node['feature_idx']}, {below(node['num_threshold'])}, {less}, {more}, {missing})")
    return "&[" + ", ".join(parts) + "]"


def rust(odds, forests, names, labels):
    digest = hashlib.sha256(Path(labels).read_bytes()).hexdigest()
    quoted = ", ".join(f'"{name}"' for name in names)
    model, slope, offset = odds
    lines = [
        "//! Written by `recipe/fit.py`: what was learned from outcomes, as data.",
        "//!",
        f"//! Labels: SHA-256 {digest}.",
        "",
        "use super::odds::Forest;",
        "use super::odds::Node::{Add, If};",
        "",
        "/// What the trees were fitted to, in order.",
        "#[cfg(test)]",
        f"pub(super) const FEATURES: &[&str] = &[{quoted}];",
        "",
        "/// Slope and offset of the sigmoid behind `WORKS_4X`.",
        f"pub(super) const SIGMOID: (f32, f32) = ({single(slope)}, {single(offset)});",
    ]
    for name, models in zip(("WORKS_4X", *PARTS), ([model], *forests)):
        share = 1 / len(models)
        start = sum(model._baseline_prediction.item() for model in models) * share
        lines += [
            "",
            f"pub(super) static {name}: Forest = Forest {{",
            f"    start: {single(start)},",
            "    trees: &[",
            *(f"        {tree(stage[0].nodes, share)}," for model in models for stage in model._predictors),
            "    ],",
            "};",
        ]
    return "\n".join(lines) + "\n"


def golden(odds, forests, rows, names):
    """Predictions of pictures spread over the labels, features as the Rust code gets them."""
    chosen = np.linspace(0, len(rows) - 1, GOLDEN).astype(int)
    x = rows.features(names)[chosen]
    found = np.column_stack([odds_of(odds, x), worth_of(forests, x)])
    lines = ["\t".join([WORKS, *ACTIONS, *names])]
    for row, predicted in zip(x, found):
        cells = [f"{value:.6f}" for value in predicted]
        cells += ["" if np.isnan(v) else single(v) for v in row]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    args = parser.parse_args()
    rows = read(args.labels)
    names = rows.names(FEATURES)
    train = rows.split("train")
    odds, forests = fit_odds(train, names), fit_worth(given(train, names), train)
    (DECISION / "trees.rs").write_text(rust(odds, forests, names, args.labels))
    (DECISION / "golden.tsv").write_text(golden(odds, forests, rows, names))
    print(f"{WORKS}: {train.flag(WORKS).mean():.3f} of {len(train)} are true, slope {odds[1]:.3f}")


if __name__ == "__main__":
    main()
