"""Plain colours as logos, posters and cut-outs have them: up to the corners of what a photograph holds, and up to its border."""

import numpy as np
from PIL import Image, ImageDraw

from images import imresize, to_u8

SUPERSAMPLING = 2
PURE = 0.5  # share of the channels that are 0 or 255
ALONE = 0.5  # share of the pictures of one colour
RAMPS = 0.2  # share of the others in which one colour goes over into another


def colour(random: np.random.Generator) -> tuple[int, ...]:
    """R, G and B, each of them often none or all."""
    pure = random.random(3) < PURE
    return tuple(int(v) for v in np.where(pure, 255 * random.integers(2, size=3), random.integers(256, size=3)))


def plain(random: np.random.Generator, side: int) -> np.ndarray:
    """A square of one colour, or of a few with edges between them, H x W x 3 uint8."""
    if random.random() < ALONE:
        return np.full((side, side, 3), colour(random), np.uint8)
    large = side * SUPERSAMPLING
    image = Image.new("RGB", (large, large), colour(random))
    if random.random() < RAMPS:
        first, last = (np.array(colour(random), float) for _ in range(2))
        share = np.linspace(0.0, 1.0, large)[:, None, None]
        image = Image.fromarray(to_u8(np.broadcast_to(first + (last - first) * share, (large, large, 3))))
    pen = ImageDraw.Draw(image)
    for _ in range(random.integers(1, 5)):
        points = [tuple(p) for p in random.uniform(-0.2, 1.2, (4, 2)) * large]
        match random.integers(3):
            case 0:
                pen.polygon(points[:3], fill=colour(random))
            case 1:
                (x0, y0), (x1, y1) = points[:2]
                pen.ellipse((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=colour(random))
            case 2:
                pen.line(points[:2], fill=colour(random), width=int(random.integers(2, large // 8)))
    return to_u8(imresize(np.asarray(image), side, side))
