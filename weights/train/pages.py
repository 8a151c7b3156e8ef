"""Rendered pages as training pairs: what is sharp in the high-resolution page and how it looks when shrunk.

    fonts = list_fonts(Path("FONTS"))
    high = page(random, fonts, 256, 256)
    pair = low(random, high, 4), high

    python pages.py FONTS OUT --count 100    # OUT/high and OUT/low, to be looked at
    python pages.py HELD_OUT_FONTS TEST --count 100 && python evaluate.py --truth TEST/high

Fonts are read from a folder; `fonts.toml` names free ones, and which families are held out for tests.
"""

import argparse
import time
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from diagrams import diagram
from documents import characters, document, small_print
from fonts import list_fonts
from images import shrink, to_u8
from ink import PIXEL, Ink
from screens import label, screen

KINDS = {document: 30, small_print: 60, screen: 20, characters: 10, label: 10, diagram: 10}
DOUBLED = 0.35  # share of pages drawn twice as large and shrunk: hinting then hardly moves an outline
ROTATED = 0.05
EMPTY = 0.97  # share of one grey value from which a page is not worth training on
CLEAN = 0.65  # share of pairs that are shrunk by bicubic and nothing else

FIR5 = np.array([8, 77, 86, 77, 8]) / 256.0  # FreeType's default filter for subpixels


def page(random: np.random.Generator, fonts: list[Path], height: int, width: int, pixel: int = PIXEL) -> np.ndarray:
    """A random page, antialiased: `height` x `width` x 3 uint8. Letters are sized for shrinking by `pixel`.

    The same state of `random` and the same fonts give the same page.
    """
    dice = Random(int(random.integers(1 << 62)))
    for _ in range(8):
        image = _drawn(dice, tuple(fonts), height, width, pixel)
        if max(image.convert("L").histogram()) < EMPTY * height * width:
            break
    return np.asarray(image)


def _drawn(dice: Random, fonts: tuple[Path, ...], height: int, width: int, pixel: int) -> Image.Image:
    kind = dice.choices(list(KINDS), list(KINDS.values()))[0]
    draw = dice.random()
    if draw >= DOUBLED + ROTATED:
        ink = Ink(dice, fonts, height, width, pixel)
        kind(ink)
        return ink.image
    if draw >= ROTATED:
        ink = Ink(dice, fonts, 2 * height, 2 * width, 2 * pixel)
        kind(ink)
        return ink.image.reduce(2)
    # Turned while it is twice as large, so that the turning blurs nothing that is left.
    side = int(2.4 * max(height, width))
    ink = Ink(dice, fonts, side, side, 2 * pixel)
    kind(ink)
    turned = ink.image.rotate(dice.gauss(0.0, 3.0), Image.Resampling.BICUBIC)
    left, top = side // 2 - width, side // 2 - height
    return turned.crop((left, top, left + 2 * width, top + 2 * height)).reduce(2)


def low(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """`high` shrunk by `scale` (uint8), mostly by MATLAB's bicubic; else by another filter or onto the subpixels of a
    screen, and perhaps worn by JPEG, a palette or noise. Pixel centres stay where they were."""
    if random.random() < CLEAN:
        return shrink(high, scale)
    dice = Random(int(random.integers(1 << 62)))
    return _worn(dice, random, _shrunk(dice, high, scale))


def _shrunk(dice: Random, high: np.ndarray, scale: int) -> np.ndarray:
    kind = dice.random()
    if kind < 0.3:
        return shrink(high, scale)
    if kind < 0.5:
        return _subpixels(high, scale, dice.random() < 0.25)
    filters = Image.Resampling.BOX, Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS
    size = high.shape[1] // scale, high.shape[0] // scale
    return np.asarray(Image.fromarray(high).resize(size, dice.choice(filters)))


def _subpixels(high: np.ndarray, scale: int, reverse: bool) -> np.ndarray:
    """Each channel sampled at the stripe that shows it, red on the left unless `reverse`."""
    height, width = high.shape[0] // scale, high.shape[1] // scale
    stripes = np.asarray(Image.fromarray(high).resize((3 * width, height), Image.Resampling.BOX)).astype(np.float64)
    padded = np.pad(stripes, ((0, 0), (2, 2), (0, 0)), mode="edge")
    smooth = sum(weight * padded[:, i : i + 3 * width] for i, weight in enumerate(FIR5))
    order = (2, 1, 0) if reverse else (0, 1, 2)
    return to_u8(np.stack([smooth[:, place::3, channel] for channel, place in enumerate(order)], axis=-1))


def _worn(dice: Random, random: np.random.Generator, image: np.ndarray) -> np.ndarray:
    kind = dice.random()
    if kind < 0.35:
        return image
    if kind < 0.75:
        held = BytesIO()
        Image.fromarray(image).save(held, "JPEG", quality=dice.randint(60, 95), subsampling=dice.choice((0, 0, 2)))
        return np.asarray(Image.open(held))
    if kind < 0.88:
        palette = Image.fromarray(image).quantize(dice.choice((8, 16, 32, 64, 256)), dither=Image.Dither.NONE)
        return np.asarray(palette.convert("RGB"))
    return to_u8(image + random.normal(0.0, dice.uniform(0.5, 3.0), image.shape))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, help="folder of fonts")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    fonts, random = list_fonts(args.fonts), np.random.default_rng(args.seed)
    page(random, fonts, args.side, args.side)
    started = time.process_time()
    pages = [page(random, fonts, args.side, args.side) for _ in range(args.count)]
    middle = time.process_time()
    lows = [low(random, high, PIXEL) for high in pages]
    ended = time.process_time()
    for name, images in {"high": pages, "low": lows}.items():
        (args.out / name).mkdir(parents=True, exist_ok=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(args.out / name / f"{i:04}.png")
    each = [1000.0 * seconds / args.count for seconds in (middle - started, ended - middle)]
    print(f"{each[0]:.1f} ms a page, {each[1]:.1f} ms to shrink it")


if __name__ == "__main__":
    main()
