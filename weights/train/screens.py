"""What screens show: windows, menus, forms, chats, code editors, terminals; and labels, signs and posters.

Edges of user interfaces lie on whole pixels of the shrunk image, as on a screen; some are left between, as in a picture
of a screen that was scaled.
"""

import numpy as np
from PIL import Image, ImageFilter

from images import to_u8
from ink import Ink, against, any_colour, luminance, mixed
from words import Language, code_line, number


def _icon(ink: Ink, x: float, y: float, side: float) -> None:
    """A sign as tool bars have it."""
    dice, colour = ink.dice, ink.letters if ink.dice.random() < 0.7 else ink.accent()
    line = ink.pixel * dice.choice((1, 1, 1.5, 2))
    middle, low, high = side / 2, side * 0.2, side * 0.8
    match dice.randrange(8):
        case 0:
            ink.ellipse(x + side * 0.42, y + side * 0.42, side * 0.3, side * 0.3, colour, line)
            ink.line(x + side * 0.62, y + side * 0.62, x + side * 0.9, y + side * 0.9, line, colour)
        case 1:
            for share in (0.25, 0.5, 0.75):
                ink.rect(x + low, ink.snap(y + side * share), side * 0.6, line, colour)
        case 2:
            ink.line(x + low, y + low, x + high, y + high, line, colour)
            ink.line(x + low, y + high, x + high, y + low, line, colour)
        case 3:
            ink.line(x + low, y + middle, x + side * 0.42, y + high, line, colour)
            ink.line(x + side * 0.42, y + high, x + high, y + low, line, colour)
        case 4:
            ink.polygon([(x + low, y + low), (x + high, y + middle), (x + low, y + high)], colour)
        case 5:
            ink.ellipse(x + middle, y + middle, side * 0.4, side * 0.4, colour, dice.choice((0.0, line)))
        case 6:
            ink.frame(ink.snap(x + low), ink.snap(y + low), ink.snap(side * 0.6), ink.snap(side * 0.6), line, colour)
        case _:
            ink.line(x + low, y + side * 0.35, x + middle, y + side * 0.65, line, colour)
            ink.line(x + middle, y + side * 0.65, x + high, y + side * 0.35, line, colour)


def _button(ink: Ink, language: Language, x: float, y: float, em: float) -> float:
    """A button, field, tab or switch; returns its right end."""
    dice = ink.dice
    font = ink.font(ink.typeface(language, mono=False), em, language)
    label = language.label() if dice.random() < 0.85 or language.script != "english" else number(dice)
    height, line = ink.snap(em * dice.uniform(1.6, 2.4)), ink.pixel * dice.choice((1, 1, 1, 2))
    width = ink.snap(font.getlength(label) + em * dice.uniform(1.0, 3.0))
    radius = dice.choice((0.0, em * 0.25, em * 0.5, height / 2))
    fill = dice.choice((ink.paper, mixed(ink.paper, ink.letters, 0.08), ink.accent()))
    edge = mixed(ink.paper, ink.letters, dice.choice((0.25, 0.5, 1.0)))
    if dice.random() < 0.7:
        ink.rounded(x, y, width, height, radius, edge)
        ink.rounded(x + line, y + line, width - 2 * line, height - 2 * line, max(0.0, radius - line), fill)
    elif fill != ink.paper:
        ink.rounded(x, y, width, height, radius, fill)
    near = abs(luminance(fill) - luminance(ink.letters)) < 90.0
    colour = against(dice, fill, 130.0) if near else ink.letters
    ink.text(x + (width - font.getlength(label)) / 2, y + height / 2 + em * 0.35, label, font, colour)
    return x + width


def window(ink: Ink) -> None:
    """A title bar, a tool bar, rows of widgets, perhaps a side bar and a scroll bar."""
    dice, language = ink.dice, ink.language()
    em = ink.em(typical=8.5, large=24.0)
    x, y = ink.snap(dice.uniform(-6, 1) * em), ink.snap(dice.uniform(-2, 1) * em)
    font = ink.font(ink.typeface(language, mono=False), em, language)
    rule = mixed(ink.paper, ink.letters, dice.choice((0.12, 0.25, 0.5)))
    bar = ink.snap(em * dice.uniform(1.8, 2.6))
    ground = mixed(ink.paper, ink.accent(), dice.choice((0.1, 0.3, 1.0)))
    ink.rect(x, y, ink.width - x, bar, ground)
    ink.text(x + em, y + bar / 2 + em * 0.35, language.title(3), font, against(dice, ground, 120.0))
    y += bar
    side = ink.snap(em * dice.uniform(4.0, 9.0)) if dice.random() < 0.4 else 0
    if side:
        ink.rect(x, y, side, ink.height, mixed(ink.paper, ink.letters, 0.06))
        ink.rect(x + side, y, ink.pixel, ink.height, rule)
        at = y + em * 1.6
        while at < ink.height + em:
            if dice.random() < 0.15:
                ink.rect(x, ink.snap(at - em * 1.1), side, ink.snap(em * 1.6), mixed(ink.paper, ink.accent(), 0.3))
            _icon(ink, x + em * 0.2, at - em * 0.9, em)
            ink.text(x + em * 1.6, at, ink.cut(language.label(), font, side - em * 1.8), font)
            at += em * 1.7
    left = x + side + em
    while y < ink.height:
        at, kind = left, dice.randrange(6)
        height = em * 2.8
        if kind == 0:
            while at < ink.width:
                _icon(ink, at, y + em * 0.5, em * 1.4)
                at += em * 1.9
        elif kind in (1, 2):
            while at < ink.width:
                at = _button(ink, language, ink.snap(at), ink.snap(y + em * 0.4), em) + em * dice.uniform(0.4, 1.5)
        elif kind == 3:
            for _ in range(dice.randint(1, 4)):
                _checkbox(ink, ink.snap(at), ink.snap(y + em * 0.5), em)
                at = ink.text(at + em * 1.6, y + em * 1.35, language.label(), font) + em
        else:
            for _ in range(dice.randint(1, 4)):
                ink.text(left, y + em * 1.2, " ".join(language.sentence()) if kind == 4 else language.label(), font)
                y += em * 1.4
            height = em * 0.6
        y += height
        if dice.random() < 0.4:
            ink.rect(left - em, ink.snap(y), ink.width, ink.pixel, rule)
    if dice.random() < 0.3:
        broad = ink.snap(em * 0.8)
        at = ink.snap(dice.uniform(0.5, 1.0) * ink.width)
        ink.rect(at, 0, broad, ink.height, mixed(ink.paper, ink.letters, 0.1))
        thumb = mixed(ink.paper, ink.letters, 0.4)
        ink.rounded(at, dice.random() * ink.height, broad, ink.height * 0.4, broad / 2, thumb)


def _checkbox(ink: Ink, x: float, y: float, side: float) -> None:
    dice = ink.dice
    side, line = ink.snap(side), ink.pixel
    if dice.random() < 0.4:
        ink.ellipse(x + side / 2, y + side / 2, side / 2, side / 2, ink.letters, line)
        if dice.random() < 0.5:
            ink.ellipse(x + side / 2, y + side / 2, side / 4, side / 4, ink.accent())
        return
    ink.frame(x, y, side, side, line, ink.letters)
    if dice.random() < 0.5:
        ink.line(x + side * 0.2, y + side * 0.5, x + side * 0.42, y + side * 0.75, line * 1.5, ink.letters)
        ink.line(x + side * 0.42, y + side * 0.75, x + side * 0.8, y + side * 0.2, line * 1.5, ink.letters)


def editor(ink: Ink) -> None:
    """Code with coloured tokens and line numbers, or a plain terminal."""
    dice = ink.dice
    language = Language(dice, "english") if "english" in ink.fonts else ink.language()
    em = ink.em(typical=8.5, large=24.0)
    font = ink.font(ink.typeface(language, mono=True), em)
    plain = dice.random() < 0.25
    colours = [ink.letters] + [ink.letters if plain else ink.accent(70.0) for _ in range(4)]
    leading = ink.snap(em * dice.uniform(1.15, 1.5))
    gutter = font.getlength("0000 ") if dice.random() < 0.6 else 0.0
    x, y = -dice.random() * em * 4 + gutter, -dice.random() * leading
    dim, count = mixed(ink.paper, ink.letters, 0.45), dice.randrange(900)
    while y < ink.height + leading:
        if dice.random() < 0.04:
            ink.rect(0, y - leading * 0.75, ink.width, leading, mixed(ink.paper, ink.letters, 0.1))
        if gutter:
            ink.text(x - gutter, y, f"{count:4}", font, dim)
        at = x
        if dice.random() > 0.12:
            for token, kind in code_line(dice):
                at = ink.text(at, y, token, font, colours[kind])
        y += leading
        count += 1


def chat(ink: Ink) -> None:
    """Bubbles to the left and to the right, with times."""
    dice, language = ink.dice, ink.language()
    em = ink.em(typical=9.0, large=20.0)
    font = ink.font(ink.typeface(language, mono=False), em, language)
    small = ink.font(ink.typeface(language, mono=False), em * 0.7, language)
    fills = [mixed(ink.paper, ink.letters, 0.1), ink.accent(30.0)]
    y = -dice.random() * em * 3
    while y < ink.height:
        which = dice.randrange(2)
        fill = fills[which]
        colour = ink.letters if abs(luminance(fill) - luminance(ink.letters)) > 90 else against(dice, fill, 120.0)
        texts = [language.gap.join(language.sentence()[: dice.randint(1, 7)]) for _ in range(dice.randint(1, 3))]
        width = max(font.getlength(t) for t in texts) + em * 1.6
        x = em * 0.8 if which == 0 else max(em * 0.8, ink.width - width - em)
        height = em * (1.3 * len(texts) + 0.9)
        ink.rounded(x, y, width, height, min(em * 0.7, height / 2), fill)
        for i, string in enumerate(texts):
            ink.text(x + em * 0.8, y + em * (1.3 * i + 1.25), string, font, colour)
        clock = f"{dice.randrange(24)}:{dice.randrange(60):02}"
        ink.text(x + em * 0.8, y + height + em, clock, small, mixed(ink.paper, ink.letters, 0.6))
        y += height + em * 1.6


def screen(ink: Ink) -> None:
    ink.fitted = ink.dice.random() < 0.6
    ink.dice.choices((window, editor, chat), (5, 3, 1))[0](ink)


def _backdrop(ink: Ink) -> None:
    """Flat, a gradient, or soft blots like a photograph out of focus, some with grain."""
    dice = ink.dice
    kind = dice.randrange(4)
    if kind == 0:
        return
    cells = (2, 2) if kind == 1 else (dice.randint(3, 7), dice.randint(3, 7))
    spread = dice.uniform(0.1, 0.45)
    small = Image.new("RGB", cells)
    small.putdata([mixed(ink.paper, any_colour(dice), spread) for _ in range(cells[0] * cells[1])])
    ink.image.paste(small.resize(ink.image.size, Image.Resampling.BICUBIC))
    if kind == 3:
        noise = np.random.default_rng(dice.getrandbits(64)).normal(128.0, 40.0, (ink.height, ink.width))
        grain = Image.fromarray(to_u8(noise)).filter(ImageFilter.BoxBlur(dice.choice((1, 3))))
        ink.image.paste(Image.blend(ink.image, Image.merge("RGB", (grain,) * 3), dice.uniform(0.05, 0.25)))


def label(ink: Ink) -> None:
    """A few lines of large letters, some with an outline, a shadow or a band behind, on a soft ground."""
    dice = ink.dice
    _backdrop(ink)
    y = -dice.random() * ink.height * 0.2
    while y < ink.height:
        language = ink.language()
        em = ink.em(small=6.0, typical=20.0, large=60.0)
        font = ink.font(ink.typeface(language), em, language)
        string = language.title(3) if dice.random() < 0.8 or language.script != "english" else number(dice)
        x, y = dice.uniform(-2.0, 2.0) * em, y + em * dice.uniform(0.9, 1.5)
        colour = ink.letters if dice.random() < 0.5 else ink.accent(90.0)
        style = dice.randrange(8)
        if style == 0:
            ink.rect(x - em * 0.3, y - em, font.getlength(string) + em * 0.6, em * 1.35, colour)
            colour = against(dice, colour, 110.0)
        elif style == 1:
            shift = em * dice.uniform(0.03, 0.1)
            ink.text(x + shift, y + shift, string, font, mixed(ink.paper, (0, 0, 0), 0.6))
        elif style == 2:
            width = max(1, round(em * dice.uniform(0.02, 0.06)))
            outline = {"stroke_width": width, "stroke_fill": against(dice, colour, 90.0)}
            ink.draw.text((x, y), string, fill=colour, font=font, anchor="ls", **outline)
            continue
        elif style == 3:
            for letter in string:
                x = ink.text(x, y, letter, font, colour) + em * 0.25
            continue
        ink.text(x, y, string, font, colour)
