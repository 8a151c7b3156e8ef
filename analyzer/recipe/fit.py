"""Fits the odds to the labels: boosted trees with monotone damage, calibrated on sources that they did not see.

    python fit.py LABELS.tsv

writes `trees.rs` and `golden.tsv` beside the Rust code that walks the trees.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from labels import FEATURES, read

DECISION = Path(__file__).parent.parent / "src/decision"
TARGETS = {
    "works_4x": "WORKS_4X", "works_2x": "WORKS_2X", "fix_gains": "FIX_GAINS", "gains": "GAINS", "hopeless": "HOPELESS",
}
# More of it never raises (-1) or never lowers (1) the odds that an enlargement works.
DIRECTION = {
    "noise_sigma": -1, "grain_sigma": -1, "jpeg_quality": 1, "true_factor": -1, "edge_sigma": -1, "edges_kept": 1,
    "score_edges": 1, "score_true_resolution": 1,
}
# What damage does to each target: whether a fix gains has no direction.
SIGN = {"works_4x": 1, "works_2x": 1, "fix_gains": 0, "gains": 0, "hopeless": -1}
FOLDS = 6
GOLDEN = 48


def forest(target, names):
    """Small trees, slowly added: about a thousand pictures are few."""
    sign = SIGN[target]
    directions = [sign * DIRECTION.get(name, 0) for name in names]
    return HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.07, max_leaf_nodes=6, min_samples_leaf=15, l2_regularization=2.0,
        max_features=0.5, monotonic_cst=directions, early_stopping=False, random_state=1,
    )


def fit(rows, target, names):
    """A forest of all sources, its sigmoid from the sums that forests of the other sources give each.

    The sigmoid is fitted to reduced tiles where there are any: a whole picture that was handed over small has as much in each
    pixel as they have, and fewer enlargements of it work than of a part of a large one.
    """
    x, y, groups = rows.features(names), rows.flag(target), rows.groups
    # A measure that was never taken says nothing; the library wants a value all the same.
    x[:, np.isnan(x).all(axis=0)] = 0
    sums = np.zeros(len(y))
    for train, held in GroupKFold(FOLDS, shuffle=True, random_state=1).split(x, y, groups):
        sums[held] = forest(target, names).fit(x[train], y[train]).decision_function(x[held])
    dense = rows.reduced if rows.reduced.any() else np.full(len(y), True)
    sigmoid = LogisticRegression(C=1e6).fit(sums[dense, None], y[dense])
    model = forest(target, names).fit(x, y)
    return model, float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])


def predict(fitted, x):
    model, slope, offset = fitted
    return 1 / (1 + np.exp(-(slope * model.decision_function(x) + offset)))


def single(value):
    """Shortest decimal that is the same 32-bit float."""
    return np.format_float_positional(np.float32(value), unique=True, trim="0")


def below(value):
    """The largest 32-bit float that is not above a split: features are 32-bit, so that walks agree."""
    if np.isinf(value):  # all that is there goes one way, what is missing the other
        return "f32::MAX"
    near = np.float32(value)
    return single(near if near <= value else np.nextafter(near, np.float32(-np.inf)))


def tree(nodes):
    parts = []
    for node in nodes:
        if node["is_leaf"]:
            parts.append(f"Add({single(node['value'])})")
        else:
            less, more = int(node["left"]), int(node["right"])
            missing = less if node["missing_go_to_left"] else more
            parts.append(f"If({node['feature_idx']}, {below(node['num_threshold'])}, {less}, {more}, {missing})")
    return "&[" + ", ".join(parts) + "]"


def rust(fitted, names, labels):
    digest = hashlib.sha256(Path(labels).read_bytes()).hexdigest()
    quoted = ", ".join(f'"{name}"' for name in names)
    lines = [
        "//! Written by `recipe/fit.py`: the odds as data.",
        "//!",
        f"//! Labels: SHA-256 {digest}.",
        "",
        "use super::odds::Forest;",
        "use super::odds::Node::{Add, If};",
        "",
        "/// What the trees were fitted to, in order.",
        "#[cfg(test)]",
        f"pub(super) const FEATURES: &[&str] = &[{quoted}];",
    ]
    for target, name in TARGETS.items():
        model, slope, offset = fitted[target]
        lines += [
            "",
            f"pub(super) static {name}: Forest = Forest {{",
            f"    start: {single(model._baseline_prediction.item())},",
            f"    sigmoid: ({single(slope)}, {single(offset)}),",
            "    trees: &[",
            *(f"        {tree(stage[0].nodes)}," for stage in model._predictors),
            "    ],",
            "};",
        ]
    return "\n".join(lines) + "\n"


def golden(fitted, rows, names):
    """Predictions of pictures spread over the labels, features as the Rust code gets them."""
    chosen = np.linspace(0, len(rows) - 1, GOLDEN).astype(int)
    x = rows.features(names)[chosen]
    odds = [predict(fitted[target], x) for target in TARGETS]
    lines = ["\t".join([*TARGETS, *names])]
    for i, row in enumerate(x):
        cells = [f"{column[i]:.6f}" for column in odds]
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
    fitted = {target: fit(train, target, names) for target in TARGETS}
    (DECISION / "trees.rs").write_text(rust(fitted, names, args.labels))
    (DECISION / "golden.tsv").write_text(golden(fitted, rows, names))
    for target, model in fitted.items():
        print(f"{target}: {train.flag(target).mean():.3f} of {len(train)} are true, slope {model[1]:.3f}")


if __name__ == "__main__":
    main()
