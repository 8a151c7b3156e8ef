"""What pages are drawn with: fonts and the scripts they have, colours, antialiased text and shapes.

Lengths are pixels of the high-resolution page. `Ink.pixel` is the side of a pixel of the image that the page will be
shrunk to, so `n * ink.pixel` is what a screen would draw `n` pixels wide.
"""

from functools import lru_cache
from math import ceil, floor
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont, features

from words import SCRIPTS, Language

PIXEL = 4
SMOOTH = 4  # shapes are drawn this much larger and averaged
BASIC = ImageFont.Layout.BASIC
SHAPED = ImageFont.Layout.RAQM if features.check("raqm") else BASIC
LATIN = {"english": "aefgnorst", "marked": "àéñöüşčłő"}
MONO = ("Mono", "Code", "Courier", "Inconsolata")

Colour = tuple[int, int, int]


@lru_cache(maxsize=4096)
def load(path: Path, size: float, shaped: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=SHAPED if shaped else BASIC)


@lru_cache(maxsize=None)
def _glyph(path: Path, character: str) -> tuple[tuple[int, int], bytes]:
    mask = load(path, 24, False).getmask(character)
    return mask.size, bytes(mask)


@lru_cache(maxsize=None)
def has(path: Path, character: str) -> bool:
    """Whether the font has the character: what it draws is neither empty nor the box for missing ones."""
    shape = _glyph(path, character)
    return character.isspace() or (any(shape[1]) and shape != _glyph(path, "\uffff"))


@lru_cache(maxsize=None)
def scripts_of(path: Path) -> tuple[str, ...]:
    """Scripts of which the font has every sampled letter."""
    samples = LATIN | {name: letters[:: max(1, len(letters) // 9)] for name, (letters, _, _) in SCRIPTS.items()}
    return tuple(name for name, sample in samples.items() if all(has(path, c) for c in sample))


@lru_cache(maxsize=8)
def by_script(fonts: tuple[Path, ...]) -> dict[str, list[Path]]:
    """Fonts for each script that at least one of them has."""
    table: dict[str, list[Path]] = {}
    for path in fonts:
        for script in scripts_of(path):
            table.setdefault(script, []).append(path)
    return table


def is_mono(path: Path) -> bool:
    return any(part in path.name for part in MONO)


def luminance(colour: Colour) -> float:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def any_colour(dice: Random) -> Colour:
    """As often pale or dark as strong."""
    strong = dice.randrange(256), dice.randrange(256), dice.randrange(256)
    return mixed(strong, dice.choice(((255, 255, 255), (128, 128, 128), (0, 0, 0))), dice.choice((0.0, 0.3, 0.6, 0.8)))


def against(dice: Random, ground: Colour, contrast: float) -> Colour:
    """A colour whose luminance differs from `ground` by at least `contrast`, of black or white if none is found."""
    for _ in range(12):
        colour = dice.randrange(256), dice.randrange(256), dice.randrange(256)
        if abs(luminance(colour) - luminance(ground)) >= contrast:
            return colour
    return (0, 0, 0) if luminance(ground) > 127 else (255, 255, 255)


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of `b`, the rest `a`."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b))


def scheme(dice: Random) -> tuple[Colour, Colour]:
    """Paper and letters: mostly black on white, then greys, dark themes, colours, and a few faint ones."""
    draw = dice.random()
    if draw < 0.45:
        return (255, 255, 255), (0, 0, 0)
    if draw < 0.65:
        paper, letters = dice.randint(225, 255), dice.randint(0, 90)
        warm = dice.choice((0, 0, 6, 14))
        return (paper, paper - warm // 2, paper - warm), (letters, letters, letters)
    if draw < 0.79:
        paper, letters = dice.randint(0, 60), dice.randint(170, 255)
        return (paper, paper, min(60, paper + dice.choice((0, 0, 6, 12)))), (letters, letters, letters)
    paper = any_colour(dice)
    if draw < 0.95:
        return paper, against(dice, paper, 90.0)
    return paper, against(dice, paper, 30.0)


class Ink:
    """A page being drawn, and the dice that decide what is on it."""

    def __init__(self, dice: Random, fonts: tuple[Path, ...], height: int, width: int, pixel: int = PIXEL):
        self.dice, self.height, self.width, self.pixel = dice, height, width, pixel
        self.fonts = by_script(fonts)
        self.paper, self.letters = scheme(dice)
        self.image = Image.new("RGB", (width, height), self.paper)
        self.draw = ImageDraw.Draw(self.image)
        self.loose = dice.random() < 0.5  # text between the pixels of the page
        self.fitted = False  # text on the pixels of the shrunk image, vertically

    def accent(self, contrast: float = 60.0) -> Colour:
        return against(self.dice, self.paper, contrast)

    def em(self, small: float = 4.0, typical: float = 8.0, large: float = 50.0) -> float:
        """A letter size (em), page pixels. Given in pixels of the shrunk image: median `typical`, skewed to small."""
        size = min(large, max(small, typical * self.dice.lognormvariate(0.0, 0.42)))
        if self.fitted:
            return float(round(size) * self.pixel)
        return size * self.pixel if self.loose else float(round(size * self.pixel))

    def language(self) -> Language:
        draw, dice = self.dice.random(), self.dice
        script = "english" if draw < 0.62 else "marked" if draw < 0.74 else dice.choice(list(SCRIPTS))
        if 0.74 < draw < 0.86:
            script = dice.choice(("greek", "cyrillic", "cyrillic", "han", "han", "kana", "hangul"))
        return Language(dice, script if script in self.fonts else next(iter(self.fonts)))

    def typeface(self, language: Language, mono: bool | None = None) -> Path:
        paths = self.fonts[language.script]
        if mono is not None:
            paths = [p for p in paths if is_mono(p) == mono] or paths
        return self.dice.choice(paths)

    def font(self, path: Path, em: float, language: Language | None = None) -> ImageFont.FreeTypeFont:
        return load(path, round(em * 4) / 4, language is not None and language.shaped)

    def snap(self, length: float) -> int:
        """The nearest edge between pixels of the shrunk image."""
        return round(length / self.pixel) * self.pixel

    def text(
        self, x: float, y: float, string: str, font: ImageFont.FreeTypeFont, colour: Colour | None = None
    ) -> float:
        """Draw with the left end of the baseline at (x, y), without what the font lacks; returns the right end."""
        string = "".join(c for c in string if has(font.path, c))
        end = x + font.getlength(string)
        if end > 0 and x < self.width and -font.size < y < self.height + font.size:
            at = (x, self.snap(y)) if self.fitted else (x, y) if self.loose else (round(x), round(y))
            self.draw.text(at, string, fill=colour or self.letters, font=font, anchor="ls")
        return end

    def cut(self, string: str, font: ImageFont.FreeTypeFont, room: float) -> str:
        """As much of the beginning as is about `room` wide."""
        return string[: int(len(string) * max(0.0, room) / max(1.0, room, font.getlength(string)))]

    def rect(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle on whole pixels of the page."""
        left, top, right, bottom = round(x), round(y), round(x + width), round(y + height)
        if right > left and bottom > top:
            self.draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def frame(self, x: float, y: float, width: float, height: float, line: float, colour: Colour) -> None:
        """The outline of a rectangle, `line` thick, inside it."""
        self.rect(x, y, width, line, colour)
        self.rect(x, y + height - line, width, line, colour)
        self.rect(x, y, line, height, colour)
        self.rect(x + width - line, y, line, height, colour)

    def _shape(self, box: tuple[float, float, float, float], colour: Colour, paint) -> None:
        """Antialiased: `paint(draw, place)` draws into a mask; `place` maps page points to mask points."""
        left, top = max(0, floor(box[0]) - 1), max(0, floor(box[1]) - 1)
        right, bottom = min(self.width, ceil(box[2]) + 1), min(self.height, ceil(box[3]) + 1)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", ((right - left) * SMOOTH, (bottom - top) * SMOOTH))
        paint(ImageDraw.Draw(mask), lambda x, y: ((x - left) * SMOOTH - 0.5, (y - top) * SMOOTH - 0.5))
        self.image.paste(colour, (left, top), mask.reduce(SMOOTH))

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        xs, ys = zip(*points)
        box = min(xs), min(ys), max(xs), max(ys)
        self._shape(box, colour, lambda draw, place: draw.polygon([place(*p) for p in points], fill=255))

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float, colour: Colour) -> None:
        """A straight stroke with square ends."""
        length = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        u, v = -(y1 - y0) / length * width / 2, (x1 - x0) / length * width / 2
        self.polygon([(x0 + u, y0 + v), (x1 + u, y1 + v), (x1 - u, y1 - v), (x0 - u, y0 - v)], colour)

    def ellipse(self, x: float, y: float, a: float, b: float, colour: Colour, line: float = 0.0) -> None:
        """Centre and half axes; filled, or a ring `line` thick."""

        def paint(draw: ImageDraw.ImageDraw, place) -> None:
            draw.ellipse((*place(x - a, y - b), *place(x + a, y + b)), fill=255)
            if 0.0 < line < min(a, b):
                draw.ellipse((*place(x - a + line, y - b + line), *place(x + a - line, y + b - line)), fill=0)

        self._shape((x - a, y - b, x + a, y + b), colour, paint)

    def rounded(self, x: float, y: float, width: float, height: float, radius: float, colour: Colour) -> None:
        """A filled rectangle with round corners."""

        def paint(draw: ImageDraw.ImageDraw, place) -> None:
            draw.rounded_rectangle((*place(x, y), *place(x + width, y + height)), radius * SMOOTH, fill=255)

        self._shape((x, y, x + width, y + height), colour, paint)
