"""Drawings: lines at all angles, arrows, circles, plots, bar codes, square codes, maps of boxes."""

from math import cos, pi, sin

from ink import Ink, mixed
from words import Language, number


def _stroke(ink: Ink) -> float:
    """A line width; whole pixels of the shrunk image as often as not."""
    dice = ink.dice
    return ink.pixel * (dice.choice((1, 1, 2, 3)) if dice.random() < 0.5 else dice.uniform(0.4, 3.0))


def _caption(ink: Ink, x: float, y: float, language: Language, em: float) -> None:
    string = number(ink.dice) if language.script == "english" and ink.dice.random() < 0.4 else language.title(2)
    ink.text(x, y, string, ink.font(ink.typeface(language), em, language))


def lines(ink: Ink) -> None:
    """Strokes, rays from a point, hatching, polygons, rings."""
    dice = ink.dice
    for _ in range(dice.randint(3, 9)):
        width, colour = _stroke(ink), ink.letters if dice.random() < 0.6 else ink.accent()
        x, y = dice.uniform(0, ink.width), dice.uniform(0, ink.height)
        size = dice.uniform(0.1, 0.5) * ink.width
        kind = dice.randrange(6)
        if kind == 0:
            ink.ellipse(x, y, size * 0.6, size * dice.uniform(0.2, 0.6), colour, dice.choice((0.0, width, width)))
        elif kind == 1:
            count = dice.randint(3, 16)
            for i in range(count):
                angle = pi * i / count
                ink.line(x, y, x + size * cos(angle), y + size * sin(angle), width, colour)
        elif kind == 2:
            angle, step = dice.uniform(0, pi), width + ink.pixel * dice.uniform(1.0, 4.0)
            dx, dy = cos(angle), sin(angle)
            for i in range(dice.randint(3, 10)):
                a, b = x - dy * step * i, y + dx * step * i
                ink.line(a, b, a + dx * size * 0.6, b + dy * size * 0.6, width, colour)
        elif kind == 3:
            turn = dice.uniform(0, pi)
            corners = dice.choice((3, 4, 5, 6))
            angles = [turn + 2 * pi * i / corners for i in range(corners)]
            points = [(x + size / 2 * cos(angle), y + size / 2 * sin(angle)) for angle in angles]
            if dice.random() < 0.5:
                ink.polygon(points, colour)
            else:
                for (a, b), (c, d) in zip(points, points[1:] + points[:1]):
                    ink.line(a, b, c, d, width, colour)
        else:
            angle = dice.uniform(0, 2 * pi)
            ink.line(x, y, x + size * 2 * cos(angle), y + size * 2 * sin(angle), width, colour)


def _arrow(ink: Ink, x0: float, y0: float, x1: float, y1: float, line: float, head: float) -> None:
    length = max(1.0, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    u, v = (x1 - x0) / length * head, (y1 - y0) / length * head
    ink.line(x0, y0, x1 - u / 2, y1 - v / 2, line, ink.letters)
    ink.polygon([(x1, y1), (x1 - u - v / 2, y1 - v + u / 2), (x1 - u + v / 2, y1 - v - u / 2)], ink.letters)


def boxes(ink: Ink) -> None:
    """Boxes with labels and arrows between them."""
    dice, language = ink.dice, ink.language()
    em = ink.em(typical=9.0)
    font = ink.font(ink.typeface(language), em, language)
    line = _stroke(ink)
    fill = ink.paper if dice.random() < 0.5 else mixed(ink.paper, ink.accent(), 0.25)
    radius = dice.choice((0.0, 0.0, em * 0.5))
    centres = []
    for _ in range(dice.randint(2, 5)):
        label = language.title(2)
        width, height = font.getlength(label) + em * 1.4, em * dice.uniform(1.8, 3.0)
        x, y = dice.uniform(-0.1, 0.8) * ink.width, dice.uniform(0.0, 0.9) * ink.height
        centres.append((x, y, width, height, label))
    for (x0, y0, w0, h0, _), (x1, y1, w1, h1, _) in zip(centres, centres[1:]):
        _arrow(ink, x0 + w0 / 2, y0 + h0 / 2, x1 + w1 / 2, y1 - line, line, line * 2 + em * 0.4)
    for x, y, width, height, label in centres:
        ink.rounded(x, y, width, height, radius, ink.letters)
        inner = max(0.0, radius - line)
        ink.rounded(x + line, y + line, width - 2 * line, height - 2 * line, inner, fill)
        ink.text(x + em * 0.7, y + height / 2 + em * 0.3, label, font)


def plot(ink: Ink) -> None:
    """Axes with ticks and numbers, a grid, and curves, bars or points."""
    dice, language = ink.dice, ink.language()
    em = ink.em(typical=8.0, large=16.0)
    left, bottom = em * dice.uniform(1.0, 4.0), ink.height - em * dice.uniform(1.0, 3.0)
    line = ink.pixel * dice.choice((0.5, 1, 1, 2))
    font = ink.font(ink.typeface(language, mono=False), em, language)
    grid = mixed(ink.paper, ink.letters, dice.uniform(0.1, 0.4))
    step = em * dice.uniform(2.5, 5.0)
    gridded, value, unit = dice.random() < 0.6, 0.0, dice.choice((0.1, 0.5, 1, 5, 10, 25, 100))
    count = int(max(ink.width, ink.height) / step) + 1
    for i in range(1, count):
        across, up = left + i * step, bottom - i * step
        if gridded:
            ink.rect(across, 0, ink.pixel / 2, bottom, grid)
            ink.rect(left, up, ink.width, ink.pixel / 2, grid)
        ink.rect(across, bottom, line, em * 0.3, ink.letters)
        ink.rect(left - em * 0.3, up, em * 0.3, line, ink.letters)
        value += unit
        ink.text(across - em * 0.5, bottom + em * 1.2, f"{value:g}", font)
        string = f"{value:g}"
        ink.text(left - em * 0.5 - font.getlength(string), up + em * 0.35, string, font)
    for _ in range(dice.randint(1, 3)):
        colour, width, kind = ink.accent(), _stroke(ink), dice.randrange(4)
        points = [(left + i * step / 2, bottom - step * (1 + dice.random() * (count - 2))) for i in range(2 * count)]
        if kind == 0:
            for x, y in points:
                ink.rect(x, y, step * 0.35, bottom - y, colour)
        elif kind == 1:
            for x, y in points:
                ink.ellipse(x, y, em * 0.25, em * 0.25, colour, dice.choice((0.0, width)))
        else:
            for (a, b), (c, d) in zip(points, points[1:]):
                ink.line(a, b, c, d, width, colour)
    ink.rect(left, 0, line, bottom, ink.letters)
    ink.rect(left, bottom, ink.width, line, ink.letters)
    _caption(ink, left + em, em * 1.5, language, em)


def codes(ink: Ink) -> None:
    """A bar code and a square code of random modules, with what is printed beside them."""
    dice, language = ink.dice, Language(ink.dice, "english") if "english" in ink.fonts else ink.language()
    em = ink.em()
    module = ink.pixel * dice.choice((1, 1, 1.5, 2, 2, 3))
    x, y = dice.uniform(0, 0.3) * ink.width, dice.uniform(0, 0.3) * ink.height
    if dice.random() < 0.5:
        height, at = dice.uniform(0.2, 0.5) * ink.height, x
        while at < ink.width * 0.9:
            bar = dice.choice((1, 1, 1, 2, 2, 3, 4)) * module
            ink.rect(at, y, bar, height, ink.letters)
            at += bar + dice.choice((1, 1, 1, 2, 2, 3)) * module
        digits = " ".join(str(dice.randrange(10)) for _ in range(13))
        ink.text(x, y + height + em, digits, ink.font(ink.typeface(language), em))
        return
    side = dice.choice((17, 21, 25, 29))
    for row in range(side):
        for column in range(side):
            if dice.random() < 0.5:
                ink.rect(x + column * module, y + row * module, module, module, ink.letters)
    for row, column in ((0, 0), (0, side - 7), (side - 7, 0)):
        a, b = x + column * module, y + row * module
        ink.rect(a - module, b - module, 9 * module, 9 * module, ink.paper)
        ink.frame(a, b, 7 * module, 7 * module, module, ink.letters)
        ink.rect(a + 2 * module, b + 2 * module, 3 * module, 3 * module, ink.letters)
    _caption(ink, x, y + (side + 2) * module + em, language, em)


def diagram(ink: Ink) -> None:
    ink.dice.choice((lines, lines, boxes, plot, plot, codes))(ink)
    if ink.dice.random() < 0.3:
        language = ink.language()
        _caption(ink, ink.dice.uniform(0, 0.5) * ink.width, ink.dice.uniform(0.2, 1.0) * ink.height, language, ink.em())
