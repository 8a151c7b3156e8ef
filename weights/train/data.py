"""Training pairs, kept in memory as 8-bit images and cropped at random."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from images import crop_to_multiple, imresize, list_images, read_rgb, shrink, to_u8


class Pairs:
    """High-resolution tiles, each at several sizes, with the low-resolution image of the whole tile.

    Shrinking a tile first gives more, sharper and JPEG-free targets. The low-resolution image is made from the whole tile
    so that no crop sees a border of the resize. `random` is the only source of randomness.
    """

    def __init__(self, files: list[Path], scale: int, shrinks: list[float], random: np.random.Generator):
        self.scale, self.random = scale, random
        self.by_size: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in shrinks]
        for path in files:
            tile = read_rgb(path)
            for group, factor in zip(self.by_size, shrinks):
                height, width = (int(side * factor) for side in tile.shape[:2])
                sized = tile if factor == 1.0 else to_u8(imresize(tile, height, width))
                high = crop_to_multiple(sized, scale)
                group.append((shrink(high, scale), high))

    def batch(self, count: int, patch: int) -> tuple[Tensor, Tensor]:
        """`count` random crops in one of eight orientations: N x 3 x p x p and N x 3 x sp x sp, 0..1."""
        lows, highs = [], []
        for _ in range(count):
            group = self.by_size[self.random.integers(len(self.by_size))]
            low, high = group[self.random.integers(len(group))]
            top = self.random.integers(low.shape[0] - patch + 1)
            left = self.random.integers(low.shape[1] - patch + 1)
            turn = self.random.integers(8)
            lows.append(_turned(_window(low, top, left, patch), turn))
            highs.append(_turned(_window(high, top * self.scale, left * self.scale, patch * self.scale), turn))
        return to_tensor(np.stack(lows)), to_tensor(np.stack(highs))


def _window(image: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    return image[top : top + side, left : left + side]


def _turned(image: np.ndarray, turn: int) -> np.ndarray:
    """One of the eight symmetries of the square: `turn` = flip * 4 + quarter turns."""
    return np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4)


def to_tensor(images: np.ndarray) -> Tensor:
    """N x H x W x 3 uint8 to N x 3 x H x W f32 in 0..1, channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float().div_(255.0)


def split(folders: list[Path], held_out: int) -> tuple[list[Path], list[Path]]:
    """Training files, and `held_out` files spread evenly over the sorted list for validation."""
    files = [path for folder in folders for path in list_images(folder)]
    if not held_out:
        return files, []
    every = len(files) // held_out
    chosen = set(range(every // 2, every * held_out, every))
    return [f for i, f in enumerate(files) if i not in chosen], [files[i] for i in sorted(chosen)]
