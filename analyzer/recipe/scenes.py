"""Pictures of known kinds, made of tiles and rendered pages, and the damage that pictures meet.

Everything takes a `random.Random` and gives a PIL image in RGB.
"""

import random
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "weights/train"))
from diagrams import diagram  # noqa: E402
from documents import characters, document  # noqa: E402
from fonts import list_fonts  # noqa: E402
from ink import Ink  # noqa: E402
from screens import label, screen  # noqa: E402

RGB = tuple[int, int, int]


def fonts_of(folder: Path) -> tuple[Path, ...]:
    return tuple(list_fonts(folder))


def colour(dice: random.Random, dull: float = 0.3) -> RGB:
    """As often pale or dark as strong."""
    strong = [dice.randrange(256) for _ in range(3)]
    other, share = dice.choice((255, 255, 128, 0)), dice.choice((0.0, dull, 0.6, 0.8))
    red, green, blue = (round(v * (1 - share) + other * share) for v in strong)
    return red, green, blue


def ramp(dice: random.Random, size: tuple[int, int], one: RGB, two: RGB) -> Image.Image:
    """From one colour to another, in any direction or outwards."""
    width, height = size
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = dice.uniform(0, 6.3)
    share = np.hypot(x, y) / 1.4 if dice.random() < 0.4 else (x * np.cos(angle) + y * np.sin(angle)) / 2.8 + 0.5
    mixed = np.array(one) * (1 - share[..., None]) + np.array(two) * share[..., None]
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def outline(dice: random.Random, middle: tuple[float, float], radius: float, corners: int = 48) -> list[tuple[float, float]]:
    """A smooth closed curve that is no circle, or a polygon where `corners` are few."""
    waves = [(n, dice.uniform(0, 0.35) / n, dice.uniform(0, 6.3)) for n in (2, 3, 4, 5)]
    stretch, turn = dice.uniform(0.5, 1.0), dice.uniform(0, 6.3)
    points = []
    for angle in np.linspace(0, 6.283, corners, endpoint=False):
        r = radius * (1 + sum(a * np.cos(n * angle + p) for n, a, p in waves))
        x, y = r * np.cos(angle), r * np.sin(angle) * stretch
        points.append((middle[0] + x * np.cos(turn) - y * np.sin(turn), middle[1] + x * np.sin(turn) + y * np.cos(turn)))
    return points


def shape(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """One large thing or a few, as a mask."""
    width, height = size
    mask = Image.new("L", (2 * width, 2 * height), 0)
    draw = ImageDraw.Draw(mask)
    few = dice.choice((1, 1, 1, 2, 3))
    for i in range(few):
        middle = (2 * width * (i + 0.5 + dice.uniform(-0.1, 0.1)) / few, height * dice.uniform(0.85, 1.15))
        radius = min(width / few, height) * dice.uniform(0.35, 0.85)
        if dice.random() < 0.3:
            w, h = radius * dice.uniform(0.5, 1.0), radius * dice.uniform(0.6, 1.1)
            draw.rounded_rectangle((middle[0] - w, middle[1] - h, middle[0] + w, middle[1] + h), radius * dice.uniform(0, 0.4), 255)
        else:
            draw.polygon(outline(dice, middle, radius, dice.choice((48, 48, 7))), fill=255)
    return mask.reduce(2)


def cut_out(dice: random.Random, inside: Image.Image) -> Image.Image:
    """What a shape shows of a picture, alone on a plain ground, perhaps with its shadow."""
    size = inside.size
    white = dice.choice(((255, 255, 255), (255, 255, 255), (252, 252, 252), (244, 244, 246), (225, 225, 228)))
    ground = white if dice.random() < 0.75 else tuple(255 - (255 - v) // 4 for v in colour(dice))
    page = ramp(dice, size, ground, tuple(max(0, v - 25) for v in ground)) if dice.random() < 0.2 else Image.new("RGB", size, ground)
    mask = shape(dice, size)
    if dice.random() < 0.4:
        shadow = mask.filter(ImageFilter.GaussianBlur(dice.uniform(4, 16)))
        down = Image.new("L", size, 0)
        down.paste(shadow, (dice.randint(-4, 4), dice.randint(2, 14)))
        page.paste(tuple(v // 2 for v in ground), mask=down.point(lambda v: v // 2))
    page.paste(inside, mask=mask)
    return page


def lettered(
    dice: random.Random, fonts: tuple[Path, ...], image: Image.Image, lines: int, em: float | None = None, words: int = 3
) -> Image.Image:
    """A few words over a picture, `em` of its width high, or large."""
    ink = Ink(dice, fonts, image.height, image.width, 1)
    image = image.copy()
    for _ in range(lines):
        language = ink.language()
        size = image.width * (em or dice.uniform(0.04, 0.14))
        font = ink.font(ink.typeface(language, mono=False), size, language)
        at = dice.uniform(0, 0.6) * image.width, dice.uniform(0, 0.9) * image.height
        width = dice.choice((0, 0, max(1, round(size / 14))))
        ImageDraw.Draw(image).text(at, language.title(words), colour(dice, 0.0), font=font, stroke_width=width, stroke_fill=colour(dice))
    return image


def cartoon(dice: random.Random, size: int) -> Image.Image:
    """Shapes in flat colours or ramps, with outlines or without."""
    double = 2 * size
    ground = colour(dice)
    page = Image.new("RGB", (double, double), ground if dice.random() < 0.6 else (255, 255, 255))
    if dice.random() < 0.3:
        page = ramp(dice, page.size, ground, colour(dice))
    inks = [colour(dice, 0.0) for _ in range(dice.randint(2, 8))]
    line = dice.choice((0, 0, dice.uniform(2, 5), dice.uniform(4, 12)))
    dark = (0, 0, 0) if dice.random() < 0.6 else tuple(v // 4 for v in colour(dice))
    shaded = dice.random() < 0.4
    for _ in range(dice.randint(4, 50)):
        middle = dice.uniform(0, double), dice.uniform(0, double)
        radius = double * dice.choice((0.03, 0.06, 0.1, 0.2, 0.35)) * dice.uniform(0.6, 1.4)
        points = outline(dice, middle, radius, dice.choice((48, 48, 48, 4, 3, 6)))
        fill = dice.choice(inks)
        if shaded:
            mask = Image.new("L", page.size, 0)
            ImageDraw.Draw(mask).polygon(points, fill=255)
            page.paste(ramp(dice, page.size, fill, tuple(v * 2 // 3 for v in fill)), mask=mask)
        else:
            ImageDraw.Draw(page).polygon(points, fill=fill)
        if line:
            ImageDraw.Draw(page).line([*points, points[0], points[1]], fill=dark, width=max(1, round(line)), joint="curve")
    return page.reduce(2)


def page(dice: random.Random, fonts: tuple[Path, ...], kind, side: int) -> Image.Image:
    ink = Ink(dice, fonts, side, side, dice.choice((1, 1, 2, 3)))
    kind(ink)
    return ink.image.convert("RGB")


def text_page(dice: random.Random, fonts: tuple[Path, ...]) -> Image.Image:
    side = dice.choice((384, 512, 768))
    return page(dice, fonts, dice.choices((document, screen, characters, diagram), (5, 4, 1, 2))[0], side)


def seen(dice: random.Random, flat: Image.Image, scene: Image.Image, least: float) -> Image.Image:
    """Something flat as a camera sees it: turned, in perspective, in uneven light, before a scene."""
    width, height = scene.size
    wide = width * dice.uniform(least, max(1.05, 1.3 * least))
    high = wide * dice.uniform(0.6, 1.2)
    left, top = (width - wide) * dice.uniform(0.2, 0.8), (height - high) * dice.uniform(0.2, 0.8)
    wobble = 0.12 * wide
    corners = [(left + x * wide + dice.uniform(-wobble, wobble), top + y * high + dice.uniform(-wobble, wobble))
               for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    sources = [(0, 0), (flat.width, 0), (flat.width, flat.height), (0, flat.height)]
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, sources):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    warp = np.linalg.solve(np.array(rows), np.array(right))
    how = Image.Transform.PERSPECTIVE, tuple(warp), Image.Resampling.BICUBIC
    mask = Image.new("L", flat.size, 255).transform(scene.size, *how)
    image = scene.copy()
    image.paste(flat.transform(scene.size, *how), mask=mask)
    light = ramp(dice, scene.size, *((round(dice.uniform(110, 255)),) * 3 for _ in range(2)))
    lit = np.asarray(image, dtype=np.float64) * np.asarray(light) / 255
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(dice.uniform(0.3, 1.0)))


def sensor(dice: random.Random, image: Image.Image, most: float) -> Image.Image:
    """Noise of the three channels or of luma, finer or coarser."""
    random_ = np.random.default_rng(dice.randint(0, 1 << 30))
    values = np.asarray(image, dtype=np.float64)
    channels = dice.choice((1, 3))
    noise = random_.normal(0.0, dice.uniform(1.0, most), (*values.shape[:2], channels))
    return Image.fromarray((values + noise).clip(0, 255).astype(np.uint8))


def damaged(dice: random.Random, image: Image.Image, lens: bool) -> Image.Image:
    """The picture as it might be met; what a lens saw is worn harder."""
    if dice.random() < 0.4:
        width, height = (int(v * dice.uniform(0.6, 1.0)) for v in image.size)
        left, top = dice.randint(0, image.width - width), dice.randint(0, image.height - height)
        image = image.crop((left, top, left + width, top + height))
    factor = dice.choice((1.0, 1.0, 1.0, 0.75, 0.5, 0.35, 1.5, 2.0))
    if factor != 1.0:
        how = dice.choice((Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR))
        image = image.resize((max(48, int(image.width * factor)), max(48, int(image.height * factor))), how)
    if dice.random() < 0.2:
        image = ImageEnhance.Color(image).enhance(dice.uniform(0.4, 1.6))
    if dice.random() < (0.1 if lens else 0.05):
        image = ImageOps.colorize(image.convert("L"), "black", dice.choice(("white", "white", "#ecd8b0"))).convert("RGB")
    if dice.random() < (0.1 if lens else 0.03):
        image = image.point([round(255 * (v / 255) ** 2.0 * 0.7) for v in range(256)] * 3)
    if dice.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(dice.uniform(0.4, 4.0 if lens else 1.5)))
    elif lens and dice.random() < 0.08:
        image = image.filter(ImageFilter.MedianFilter(dice.choice((3, 5)))).filter(ImageFilter.UnsharpMask(1.0, 120, 0))
    elif dice.random() < 0.15:
        image = image.filter(ImageFilter.UnsharpMask(dice.uniform(0.7, 2.0), dice.randint(60, 200), 0))
    if dice.random() < (0.25 if lens else 0.12):
        image = sensor(dice, image, 22.0 if lens else 12.0)
    if dice.random() < 0.6:
        stream = BytesIO()
        image.save(stream, "JPEG", quality=dice.randint(15, 95), subsampling=dice.choice((0, 2)))
        image = Image.open(stream).convert("RGB")
    return image


def drawn(dice: random.Random, photo: Image.Image) -> Image.Image:
    """A photograph drawn over: regions of few colours, with outlines or without, in flat colours or softly shaded."""
    width, height = photo.size
    # Regions are found on a half and drawn on a double, so that their borders come out smooth.
    smooth = photo.reduce(2).filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(dice.uniform(0.7, 2)))
    flat = smooth.quantize(dice.choice((5, 8, 12, 20, 32)), dither=Image.Dither.NONE).filter(ImageFilter.ModeFilter(dice.choice((5, 7))))
    large = flat.convert("RGB").resize((2 * width, 2 * height), Image.Resampling.BICUBIC)
    large = large.quantize(palette=flat, dither=Image.Dither.NONE)
    page = ImageEnhance.Color(large.convert("RGB")).enhance(dice.uniform(0.9, 1.8))
    if dice.random() < 0.4:
        soft = photo.filter(ImageFilter.GaussianBlur(dice.uniform(3, 12))).resize(page.size)
        page = Image.blend(page, soft, dice.uniform(0.1, 0.45))
    if dice.random() < 0.6:
        labels = np.asarray(large).astype(int)
        lines = np.zeros(labels.shape, dtype=bool)
        lines[:, 1:] |= labels[:, 1:] != labels[:, :-1]
        lines[1:] |= labels[1:] != labels[:-1]
        mask = Image.fromarray((lines * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(dice.choice((3, 3, 5))))
        page.paste(tuple(v // 5 for v in colour(dice)), mask=mask)
    return page.reduce(2)
