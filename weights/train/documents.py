"""Pages that are read: paragraphs, headings, tables, lists, and characters without any order."""

from ink import Ink, is_mono, mixed
from words import Language, formula, number, soup

# Scripts of small print, as often as they are drawn.
ALPHABETS = ["english"] * 6 + ["marked", "greek", "cyrillic"]


def paragraph(ink: Ink, language: Language, x: float, y: float, right: float, em: float, lines: int) -> float:
    """Set `lines` lines between x and `right`, ragged or justified; returns the next baseline."""
    dice = ink.dice
    path = ink.typeface(language)
    font = ink.font(path, em, language)
    bold = ink.font(ink.typeface(language), em, language)
    space = font.getlength(" ") if language.gap else 0.0
    leading = em * dice.choice((1.1, 1.15, 1.25, 1.25, 1.4, 1.6))
    justified = dice.random() < 0.4
    marks = 0.15 if dice.random() < 0.25 else 0.0
    link = ink.accent()
    words: list[str] = []
    for _ in range(lines):
        if y > ink.height + em:
            break
        line, widths, room = [], [], right - x
        while True:
            if not words:
                words = language.sentence()
            width = font.getlength(words[0])
            if line and width > room:
                break
            line.append(words.pop(0))
            widths.append(width)
            room -= width + space
        gap = space
        if justified and len(line) > 2 and 0 < room + space:
            gap += min((room + space) / (len(line) - 1), 2.0 * em)
        at = x
        for word, width in zip(line, widths):
            chosen = dice.random() < marks
            ink.text(at, y, word, bold if chosen else font, link if chosen and dice.random() < 0.5 else None)
            if chosen and dice.random() < 0.3:
                ink.rect(at, y + 0.12 * em, width, max(1.0, em * 0.06), link)
            at += width + gap
        y += leading
    return y


def heading(ink: Ink, language: Language, x: float, y: float, em: float) -> float:
    dice = ink.dice
    em *= dice.uniform(1.2, 2.2)
    font = ink.font(ink.typeface(language), em, language)
    colour = ink.letters if dice.random() < 0.7 else ink.accent()
    y += em * 0.8
    end = ink.text(x, y, language.title(), font, colour)
    if dice.random() < 0.25:
        width = max(end - x, em * dice.randint(3, 20))
        ink.rect(x, y + em * 0.3, width, ink.pixel * dice.choice((0.5, 1, 1, 2)), colour)
    return y + em * dice.uniform(0.8, 1.4)


def table(ink: Ink, language: Language, x: float, y: float, em: float) -> float:
    """Cells of words and figures; rules between rows, between cells, or bands of colour."""
    dice = ink.dice
    font = ink.font(ink.typeface(language), em, language)
    digits = ink.font(ink.typeface(Language(dice, "english") if "english" in ink.fonts else language), em)
    columns = [em * dice.uniform(2.5, 7.0) for _ in range(dice.randint(2, 6))]
    figures = [dice.random() < 0.55 for _ in columns]
    row = ink.snap(em * dice.uniform(1.4, 2.0)) if not ink.loose else em * dice.uniform(1.4, 2.0)
    line = ink.pixel * dice.choice((0.25, 0.5, 1, 1, 1, 2))
    rules, uprights, bands = dice.random() < 0.7, dice.random() < 0.5, dice.random() < 0.35
    rule = mixed(ink.paper, ink.letters, dice.choice((0.2, 0.4, 1.0, 1.0)))
    band = mixed(ink.paper, ink.letters, dice.uniform(0.04, 0.15))
    count = dice.randint(3, 9)
    for i in range(count):
        if y > ink.height:
            break
        if bands and i % 2:
            ink.rect(x, y, sum(columns), row, band)
        at = x
        for width, figure in zip(columns, figures):
            if figure and i:
                string = ink.cut(number(dice), digits, width - 0.8 * em)
                ink.text(at + width - digits.getlength(string) - 0.4 * em, y + 0.7 * row, string, digits)
            else:
                ink.text(at + 0.4 * em, y + 0.7 * row, ink.cut(language.title(1), font, width - 0.8 * em), font)
            if uprights:
                ink.rect(at, y, line, row, rule)
            at += width
        if uprights:
            ink.rect(at, y, line, row, rule)
        if rules or i == 0:
            ink.rect(x, y, sum(columns), line, rule)
        y += row
    ink.rect(x, y, sum(columns) + line * uprights, line, rule)
    return y + em


def listing(ink: Ink, language: Language, x: float, y: float, em: float) -> float:
    """Bullets or numbers, or a form with dotted lines."""
    dice = ink.dice
    font = ink.font(ink.typeface(language), em, language)
    style = dice.randrange(4)
    for i in range(dice.randint(2, 7)):
        y += em * 1.4
        label = language.title(4)
        if style == 0:
            ink.ellipse(x + em * 0.3, y - em * 0.3, em * 0.14, em * 0.14, ink.letters)
        elif style == 1:
            ink.text(x, y, f"{i + 1}.", font)
        end = ink.text(x + em * (1.2 if style < 2 else 0), y, label, font)
        if style == 3:
            ink.text(end, y, " " + "." * dice.randint(8, 30) + " " + str(dice.randrange(400)), font)
    return y + em


def equations(ink: Ink, x: float, y: float, em: float) -> float:
    """Formulas with indices, powers and fractions. Needs a font with Latin letters."""
    dice = ink.dice
    language = Language(dice, "english")
    path = ink.typeface(language)
    font, small = ink.font(path, em), ink.font(path, em * 0.65)
    y += em
    for _ in range(dice.randint(1, 3)):
        at = x
        for _ in range(dice.randint(2, 5)):
            at = ink.text(at, y, formula(dice), font)
            at = ink.text(at, y + em * dice.choice((-0.4, 0.2)), dice.choice("0123nijkT2"), small)
            if dice.random() < 0.35:
                over, under = formula(dice), formula(dice)
                width = max(font.getlength(over), font.getlength(under))
                ink.text(at, y - em * 0.6, over, font)
                ink.text(at, y + em * 0.75, under, font)
                ink.rect(at, y - em * 0.32, width, max(1.0, em * 0.05), ink.letters)
                at += width
        y += em * 2.6
    return y


def small_print(ink: Ink) -> None:
    """A document whose letters are at the limit of what can be read after shrinking; other scripts are beyond it."""
    scripts = [script for script in ALPHABETS if script in ink.fonts]
    language = Language(ink.dice, ink.dice.choice(scripts)) if scripts else None
    document(ink, ink.em(small=4.3, typical=5.0, large=6.5), language)


def document(ink: Ink, em: float | None = None, language: Language | None = None) -> None:
    """One or two columns of blocks, cut out at a random place."""
    dice = ink.dice
    language = language or ink.language()
    em = em or ink.em(typical=7.0)
    x = -dice.uniform(0.0, 0.6) * ink.width if dice.random() < 0.6 else em * dice.uniform(0.3, 4.0)
    y = -em * dice.uniform(0.0, 3.0)
    column = em * dice.uniform(14.0, 45.0)
    if dice.random() < 0.15:
        ink.rect(x - em, 0, max(1, ink.pixel * dice.choice((0.5, 1, 2))), ink.height, ink.accent(30.0))
    while y < ink.height + em:
        draw = dice.random()
        top = y
        if draw < 0.58:
            lines = dice.choice((2, 4, 8, 12))
            y = paragraph(ink, language, x, top + em, x + column, em, lines)
            if x + column < ink.width:
                paragraph(ink, language, x + column + 2 * em, top + em, x + 2 * column + 2 * em, em, lines)
        elif draw < 0.72:
            y = heading(ink, language, x, top, em)
        elif draw < 0.84:
            y = table(ink, language, x + em * dice.uniform(0.0, 4.0), top + em, em)
        elif draw < 0.93 or "english" not in ink.fonts:
            y = listing(ink, language, x, top, em)
        else:
            y = equations(ink, x, top, em)


def characters(ink: Ink) -> None:
    """Rows of letters, digits and signs in any order, a typeface for each row."""
    dice = ink.dice
    script = "english" if "english" in ink.fonts else next(iter(ink.fonts))
    y = 0.0
    em = ink.em(typical=7.0)
    while y < ink.height:
        language = Language(dice, script) if dice.random() < 0.7 else ink.language()
        path = ink.typeface(language)
        if dice.random() < 0.3:
            em = ink.em()
        font = ink.font(path, em, language)
        y += em * dice.uniform(1.0, 1.4)
        at = -dice.random() * em * 2
        while at < ink.width:
            draw = dice.random()
            if language.script != "english":
                word = language.word()
            elif draw < 0.5:
                word = soup(dice, dice.randint(2, 12))
            else:
                word = number(dice) if draw < 0.8 else language.word()
            at = ink.text(at, y, word, font) + em * (0.6 if is_mono(path) else dice.uniform(0.25, 0.6))
