"""Judges the odds and their baselines on the sources that were never fitted to.

    python table.py LABELS.tsv

Every row that learns is made by the same rule from what it sees of the training sources. `worth, odds` refits the trees that
ship; `advice` is what `upwise triage` says.
"""

import argparse

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score, roc_auc_score

from fit import ACTIONS, STEP, WORKS, fit_odds, fit_worth, given, odds_of, parts, worth, worth_of
from labels import FEATURES, PLAIN, read

BINS = 15
DRAWS = 1000


def regret(rows, actions):
    """How much the best action was better. A person who is asked decides rightly and costs as much as a step."""
    true = worth(parts(rows))
    best = true.max(axis=1)
    asked = np.array([action not in ACTIONS for action in actions])
    chosen = true[np.arange(len(rows)), [ACTIONS.index(a) if a in ACTIONS else 0 for a in actions]]
    return np.where(asked, STEP, best - chosen)


def calibration_error(p, y):
    """Expected calibration error over bins of equal mass."""
    order = np.argsort(p, kind="stable")
    bins = np.array_split(order, BINS)
    return sum(len(b) * abs(p[b].mean() - y[b].mean()) for b in bins) / len(p)


def decide(expected):
    """One rule for every row that expects something: what is worth most."""
    return np.array(ACTIONS)[expected.argmax(axis=1)]


def plain_trees(train, test, columns):
    """A baseline: the same kind of trees on other numbers, the odds of 4x and the worths."""
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.05, max_leaf_nodes=6, min_samples_leaf=15, random_state=1)
    odds = model.fit(columns(train), train.flag(WORKS)).predict_proba(columns(test))[:, 1]
    return decide(worth_of(fit_worth(columns(train), train), columns(test))), odds


def clean_vision(rows):
    """Dark, blurred or empty by CleanVision's rules and thresholds: repair; else enlarge."""
    blurred = 1 - np.exp(-np.sqrt(rows.column("plain.laplacian")) * 0.01) < 0.29
    dark = rows.column("plain.bright") < 0.32
    light = rows.column("plain.dark") > 0.95
    empty = rows.column("plain.entropy") / 10 < 0.3
    return np.where(blurred | dark | light | empty, "fix_first", "upscale")


def size(rows):
    return np.stack([rows.column("width"), rows.column("height")], axis=1)


def size_and_format(rows):
    return np.column_stack([size(rows), rows.text("format") == "JPEG"])


def bits(rows):
    pixels = rows.column("width") * rows.column("height")
    return np.column_stack([size_and_format(rows), rows.column("bytes") * 8 / pixels])


def laplacian(rows):
    return rows.column("plain.laplacian")[:, None]


def statistics(rows):
    return rows.features(rows.names(PLAIN), PLAIN)


def interval(test, measure):
    """The middle 95 % when whole sources are drawn anew."""
    groups = test.groups
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    random = np.random.default_rng(1)
    found = []
    for _ in range(DRAWS):
        picked = random.integers(len(members), size=len(members))
        found.append(measure(np.concatenate([members[i] for i in picked])))
    return np.percentile(found, [2.5, 97.5])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    args = parser.parse_args()
    rows = read(args.labels)
    train, test = rows.split("train"), rows.split("test")
    names = rows.names(FEATURES)
    truth, works = test.text("action"), test.flag(WORKS)
    decided = truth != "inspect"

    odds = odds_of(fit_odds(train, names), test.features(names))
    expected = worth_of(fit_worth(given(train, names), train), test.features(names))
    table = {"always upscale": (np.full(len(test), "upscale"), None)}
    baselines = {
        "size": size, "size, format": size_and_format, "size, format, bits": bits,
        "Laplacian variance": laplacian, "plain statistics": statistics,
    }
    for name, columns in baselines.items():
        table[name] = plain_trees(train, test, columns)
    table["CleanVision's rules"] = (clean_vision(test), None)
    table["worth, odds"] = (decide(expected), odds)
    table["advice"] = (test.text("advice"), None)

    print(f"{len(train)} pictures of {len(set(train.groups))} sources to fit, "
          f"{len(test)} of {len(set(test.groups))} to judge; weights {', '.join(sorted(set(rows.text('weights'))))}\n")
    counts = {action: int((truth == action).sum()) for action in [*ACTIONS, "inspect"]}
    print("labels to judge:", ", ".join(f"{n} {action}" for action, n in counts.items()),
          f"; 4x works for {works.mean():.3f}, 2x for {test.flag('works_2x').mean():.3f}")
    flips = np.array([[flag == "1" for flag in flags] for flags in rows.text("flips")])
    print(f"labels that flip for 30 % of a weight: {flips.mean(axis=0).max():.3f} for the worst of them, "
          f"{flips.any(axis=1).mean():.3f} for any\n")
    print("| | macro-F1 | balanced accuracy | regret | AUROC of 4x | ECE of 4x |\n|---|---|---|---|---|---|")
    for name, (actions, p) in table.items():
        f1 = f1_score(truth[decided], actions[decided], labels=ACTIONS, average="macro", zero_division=0)
        recalls = [(actions[truth == a] == a).mean() for a in ACTIONS if (truth == a).any()]
        cells = [f"{f1:.3f}", f"{np.mean(recalls):.3f}", f"{regret(test, actions).mean():.4f}"]
        cells += ["", ""] if p is None else [f"{roc_auc_score(works, p):.3f}", f"{calibration_error(p, works):.3f}"]
        print("| " + " | ".join([name, *cells]) + " |")

    actions, p = table["worth, odds"]
    loss = regret(test, actions)
    print()
    for name, measure in {
        "regret": lambda i: loss[i].mean(),
        "AUROC of 4x": lambda i: roc_auc_score(works[i], p[i]),
        "ECE of 4x": lambda i: calibration_error(p[i], works[i]),
    }.items():
        low, high = interval(test, measure)
        print(f"{name}: 95 % of draws of sources in {low:.4f} to {high:.4f}")
    print(f"odds of 4x: true {works.mean():.3f}, predicted {odds.mean():.3f}")


if __name__ == "__main__":
    main()
