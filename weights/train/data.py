"""Training pairs: made by worker processes, kept in a pool on the device, cropped and turned at random there."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from degrade import DAMAGE
from images import crop_to_multiple, imresize, list_images, read_rgb, to_grey, to_u8, turn
from pages import low as page_low
from pages import page
from plain import plain
from teacher import Teacher

Pair = tuple[np.ndarray, np.ndarray]  # low, high: H x W x 3 and sH x sW x 3 uint8
PER_JOB = 4  # pairs made from one tile or page


@dataclass(frozen=True)
class Recipe:
    """What a model learns from. `shares` are the parts of "photo", "art", "pages" and "plain", summing to 1."""

    scale: int
    damage: str  # a key of DAMAGE
    block: int  # side of a pair in low-resolution pixels
    shares: dict[str, float]
    tiles: dict[str, list[Path]]  # "photo" and "art"
    fonts: list[Path]
    shrinks: tuple[float, float]  # tiles are first reduced by a random factor of this range
    as_is: float  # but for this share of them
    turned: float  # share of the reduced tiles that are turned by any angle before
    grey: float  # share of the tiles that lose their colour

    def truth(self, random: np.random.Generator) -> tuple[str, np.ndarray]:
        """A picture or a page, its sides multiples of the scale and at least a block."""
        names = list(self.shares)
        kind = names[random.choice(len(names), p=list(self.shares.values()))]
        if kind == "pages":
            side = 2 * self.block * self.scale
            return kind, page(random, self.fonts, side, side, self.scale)
        if kind == "plain":
            return kind, plain(random, 2 * self.block * self.scale)
        files = self.tiles[kind]
        tile = self.reduced(random, read_rgb(files[random.integers(len(files))]))
        # As with `turned`.
        if self.grey and random.random() < self.grey:
            tile = to_grey(tile)
        return kind, tile

    def reduced(self, random: np.random.Generator, tile: np.ndarray) -> np.ndarray:
        """The tile as it is or smaller, which gives more and sharper targets."""
        factor = random.uniform(*self.shrinks) if random.random() >= self.as_is else 1.0
        # Without it nothing is drawn, so that older recipes give the pairs that they gave.
        if self.turned and factor < 1.0 and random.random() < self.turned:
            tile = turn(tile, random.uniform(-45.0, 45.0))
        sides = [max(int(side * factor), self.block * self.scale) for side in tile.shape[:2]]
        sized = tile if factor == 1.0 else to_u8(imresize(tile, *sides))
        return crop_to_multiple(sized, self.scale)

    def low(self, random: np.random.Generator, kind: str, high: np.ndarray) -> np.ndarray:
        """The input that belongs to a truth. Pages are damaged as screenshots and scans are, unless all is clean."""
        if kind == "pages" and self.damage in ("nearly_clean", "drawing"):
            return page_low(random, high, self.scale)
        return DAMAGE[self.damage](random, high, self.scale)

    def pairs(self, random: np.random.Generator) -> list[Pair]:
        """PER_JOB blocks of one truth. The low side is made from the whole of it: blocks see no border."""
        kind, high = self.truth(random)
        low = self.low(random, kind, high)
        made = []
        for _ in range(PER_JOB):
            top, left = (int(random.integers(side - self.block + 1)) for side in low.shape[:2])
            made.append((_window(low, top, left, self.block), _window(high, top, left, self.block, self.scale)))
        return made


def _window(image: np.ndarray, top: int, left: int, side: int, scale: int = 1) -> np.ndarray:
    return np.ascontiguousarray(image[top * scale : (top + side) * scale, left * scale : (left + side) * scale])


def _job(recipe: Recipe, seed: int, index: int) -> list[Pair]:
    return recipe.pairs(np.random.default_rng([seed, index]))


def endless_pairs(recipe: Recipe, seed: int, first: int, workers: int) -> Iterator[list[Pair]]:
    """Jobs `first`, `first` + 1, ... in order, whoever finishes first: the same seed gives the same pairs."""
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # for the workers, which start afresh
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting: deque[Future[list[Pair]]] = deque()
        try:
            while True:
                while len(waiting) < 4 * workers:
                    waiting.append(pool.submit(_job, recipe, seed, first))
                    first += 1
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Pool:
    """`size` pairs on the device, the oldest replaced by new ones, their truths as the teacher, if any, would have them."""

    def __init__(self, recipe: Recipe, size: int, device: str, pairs: Iterator[list[Pair]], teacher: Teacher | None):
        block, scale = recipe.block, recipe.scale
        self.low = torch.empty(size, block, block, 3, dtype=torch.uint8, device=device)
        self.high = torch.empty(size, block * scale, block * scale, 3, dtype=torch.uint8, device=device)
        self.scale, self.pairs, self.teacher, self.made = scale, pairs, teacher, 0

    @property
    def filled(self) -> int:
        return min(self.made, len(self.low))

    def refresh(self, jobs: int) -> None:
        """Take the pairs of the next `jobs` jobs, waiting for them where need be."""
        for _ in range(jobs):
            made = next(self.pairs)
            rows = [(self.made + i) % len(self.low) for i in range(len(made))]
            low, high = (torch.from_numpy(np.stack(side)).to(self.low.device) for side in zip(*made))
            self.low[rows] = low
            self.high[rows] = self.teacher.truths(low, high) if self.teacher else high
            self.made += len(made)


def draw(random: np.random.Generator, filled: int, count: int, room: int, upright: float) -> Tensor:
    """Which crops make the next batch, count x 6 int64: pair, top, left (0..=room), transpose, flip rows, flip columns.

    The share `upright` stays as it is, the others take any of the eight orientations.
    """
    columns = [random.integers(high, size=count) for high in (filled, room + 1, room + 1, 2, 2, 2)]
    drawn = np.stack(columns, axis=1)
    if upright:
        drawn[random.random(count) < upright, 3:] = 0
    return torch.from_numpy(drawn)


def crops(images: Tensor, drawn: Tensor, side: int, scale: int = 1) -> Tensor:
    """The drawn crops of N x B x B x 3 uint8 images: count x 3 x s*side x s*side f32 in 0..1, channels last."""
    side *= scale
    pair, top, left, transpose, flip_rows, flip_columns = (drawn[:, i, None, None] for i in range(6))
    down = torch.arange(side, device=images.device)[None, :, None].expand(len(drawn), side, side)
    across = down.transpose(1, 2)
    rows, columns = torch.where(transpose == 1, across, down), torch.where(transpose == 1, down, across)
    rows = torch.where(flip_rows == 1, side - 1 - rows, rows) + top * scale
    columns = torch.where(flip_columns == 1, side - 1 - columns, columns) + left * scale
    return images[pair, rows, columns].permute(0, 3, 1, 2).float() / 255.0


def to_tensor(images: np.ndarray) -> Tensor:
    """N x H x W x 3 uint8 to N x 3 x H x W f32 in 0..1, channels last in memory."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255.0)


def split(folder: Path, held_out: int) -> tuple[list[Path], list[Path]]:
    """Training files of a folder, and `held_out` files spread evenly over the sorted list for validation."""
    files = list_images(folder)
    every = len(files) // max(held_out, 1)
    chosen = set(range(every // 2, every * held_out, every)) if held_out else set()
    return [f for i, f in enumerate(files) if i not in chosen], [files[i] for i in sorted(chosen)]
