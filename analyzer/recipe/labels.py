"""The table of labels."""

import csv
import zlib

import numpy as np

FEATURES, PLAIN = "f.", "plain."


class Rows:
    """Cases as the recipe wrote them."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def split(self, name):
        return Rows([row for row in self.rows if row["split"] == name])

    def part(self, name):
        """Sources that the network which looks at pixels has "seen", two of three, or the "strangers" to it."""
        strangers = [zlib.crc32(group.encode()) % 3 == 0 for group in self.groups]
        return Rows([row for row, own in zip(self.rows, strangers) if own == (name == "strangers")])

    def names(self, prefix):
        return [name.removeprefix(prefix) for name in self.rows[0] if name.startswith(prefix)]

    def column(self, name):
        """Numbers, NaN where there are none; 32-bit, as the analyzer has them."""
        return np.array([float(row[name] or "nan") for row in self.rows], dtype=np.float32).astype(float)

    def text(self, name):
        return np.array([row[name] for row in self.rows])

    def features(self, names, prefix=FEATURES):
        return np.stack([self.column(prefix + name) for name in names], axis=1)

    def flag(self, name):
        return self.column(name) > 0.5

    @property
    def reduced(self):
        """Whether the source was reduced before anything else was done to it."""
        return np.array(["@" in name for name in self.text("source")])

    @property
    def groups(self):
        return self.text("group")


def read(path):
    with open(path, newline="") as file:
        return Rows(list(csv.DictReader(file, delimiter="\t")))
