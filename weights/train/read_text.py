"""How much of a small text can be read after enlarging it, as Tesseract judges, and PSNR-Y over bicubic.

    python read_text.py HELD_OUT_FONTS --weights ../text-fast-x4.safetensors
    python read_text.py HELD_OUT_FONTS --binary ../../target/release/upwise --binary-arguments "-n text-fast-x4"
    python read_text.py HELD_OUT_FONTS --heights 2 2.4 3 4 6

One page of prose per font and letter size, black on white, drawn at the scale times the size, shrunk by MATLAB's
bicubic and enlarged again. Sizes are x-heights in pixels of the shrunk page, so that fonts compare. Read is
1 - (edit distance / length), blanks counted as one each, mean over the fonts. Needs `tesseract` with English.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from evaluate import Upscaler, bicubic, binary, network
from fonts import list_fonts
from images import psnr_y, shrink

HEIGHT, WIDTH = 640, 960  # of the large page
MARGIN = 40
LEADING = 1.35
SMOOTH = 4  # drawn this much larger and averaged, so that hinting moves no outline

# Where bicubic reads 70 % of the held-out fonts of fonts.toml.
X_HEIGHT = 2.4

PROSE = """
The harbour was quiet when the first boats came home, and only the baker saw them.
A letter from the council explained why the bridge would stay closed until the autumn.
She counted the boxes twice, signed the form, and sent the driver to the other warehouse.
Most of the trees along the river were planted by the grandfather of the present owner.
Nobody could remember who had painted the kitchen yellow, but everybody had grown to like it.
The second chapter describes how the pressure in the valve depends on the temperature.
Please return the signed copy before the end of the month and keep the original.
When the power failed, the nurses lit candles and went on with their work as before.
His brother sold apples and honey at the market every Thursday, whatever the weather.
The museum bought the map for a small sum, because the seller did not know its age.
In winter the road over the pass is open for six hours a day, and only to the post.
We measured the length of each leaf and wrote the results into the table below.
The children built a raft from barrels and old doors, and it nearly reached the island.
Every visitor receives a ticket, a plan of the garden, and a cup of tea.
The judge asked the witness to speak slowly and to describe the colour of the car.
A good dictionary explains how a word is used and does not only say what it means.
They moved the piano through the window, since the stairs were far too narrow.
The invoice covers the repair of the engine, two new tyres, and the work of one week.
Fresh bread, strong coffee, and a newspaper were all that he wanted on a Sunday.
Because the sensor was dirty, the camera showed a grey spot in the middle of each picture.
The committee will publish its report in March and invite the public to comment.
Twenty years later the same orchestra played the piece again in an almost empty hall.
If the alarm sounds, leave the building by the nearest door and wait in the yard.
The farmer kept three horses, a dozen sheep, and a very proud rooster.
Few people know that the quiet village once had a railway station with four platforms.
An early frost damaged the grapes, so the wine of that year was rare and expensive.
The library lends tools as well as books, and a drill is borrowed more often than poetry.
Our guide knew the name of every flower and the habits of every bird in the valley.
""".split("\n")[1:-1]


def _lines(random: Random, font: ImageFont.FreeTypeFont) -> list[str]:
    """Enough shuffled sentences to fill the page, broken into lines; `font` is `SMOOTH` times its size."""
    words = " ".join(random.sample(PROSE, len(PROSE))).split()
    count = int((HEIGHT - 2 * MARGIN) * SMOOTH / (LEADING * font.size))
    lines = [""]
    for word in words * 3:
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= (WIDTH - 2 * MARGIN) * SMOOTH:
            lines[-1] = longer
        elif len(lines) < count:
            lines.append(word)
        else:
            break
    return lines


def text_page(path: Path, x_height: float, seed: int) -> tuple[np.ndarray, str]:
    """A page of prose and its text; `x_height` in pixels of the page."""
    left, top, right, bottom = ImageFont.truetype(path, 1000).getbbox("x", anchor="ls")
    size = 1000.0 * x_height * SMOOTH / -top
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    lines = _lines(Random(seed), font)
    image = Image.new("RGB", (WIDTH * SMOOTH, HEIGHT * SMOOTH), "white")
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        baseline = MARGIN * SMOOTH + (i + 0.8) * LEADING * size
        draw.text((MARGIN * SMOOTH, baseline), line, fill="black", font=font, anchor="ls")
    return np.asarray(image.reduce(SMOOTH)), " ".join(lines)


def recognise(image: np.ndarray, folder: Path) -> str:
    """Tesseract's reading of one block of English text, blanks and line ends as single blanks."""
    source = folder / "page.png"
    Image.fromarray(image).save(source)
    command = ["tesseract", source, "-", "--psm", "6", "--dpi", "300", "-l", "eng"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return " ".join(result.stdout.replace("’", "'").replace("‘", "'").split())


def edit_distance(a: str, b: str) -> int:
    """Levenshtein: insertions, deletions and substitutions, each at cost 1."""
    codes = np.array([ord(c) for c in b])
    places = np.arange(len(b) + 1)
    row = places
    for c in a:
        following = row + 1
        following[1:] = np.minimum(following[1:], row[:-1] + (codes != ord(c)))
        row = np.minimum.accumulate(following - places) + places
    return int(row[-1])


def share_read(image: np.ndarray, text: str, folder: Path) -> float:
    return max(0.0, 1.0 - edit_distance(text, recognise(image, folder)) / len(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, help="folder of fonts that no training has seen")
    parser.add_argument("--heights", type=float, nargs="+", default=[X_HEIGHT], help="x-heights, shrunk pixels")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="safetensors files of this recipe's networks")
    parser.add_argument("--binary", type=Path, help="the upwise program")
    parser.add_argument("--binary-arguments", default="", help="further arguments for it, in one string")
    parser.add_argument("--keep", type=Path, help="write the pages here, to be looked at")
    parser.add_argument("--each", action="store_true", help="a row for each font too")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        methods: dict[str, Upscaler] = {"bicubic": bicubic(args.scale)}
        methods |= {path.name: network(path) for path in args.weights}
        if args.binary:
            methods[args.binary.name] = binary(args.binary, args.binary_arguments.split(), args.scale, folder)
        print("| x-height | font | truth | " + " | ".join(methods) + " | PSNR-Y over bicubic, dB |")
        print("|---|" + "---|" * (len(methods) + 3))
        for height in args.heights:
            rows = []
            for seed, path in enumerate(list_fonts(args.fonts)):
                truth, text = text_page(path, height * args.scale, seed)
                low = shrink(truth, args.scale)
                outputs = {name: upscale("page", f"{path.stem}-{height:g}", low) for name, upscale in methods.items()}
                read = [share_read(image, text, folder) for image in (truth, *outputs.values())]
                scores = [psnr_y(image, truth, args.scale) for image in outputs.values()]
                rows.append(read + [score - scores[0] for score in scores[1:]])
                if args.each:
                    _print_row(height, path.stem, rows[-1], len(methods) + 1)
                if args.keep:
                    args.keep.mkdir(parents=True, exist_ok=True)
                    for name, image in {"truth": truth, "low": low, **outputs}.items():
                        Image.fromarray(image).save(args.keep / f"{path.stem}-{height:g}-{name}.png")
            _print_row(height, f"mean of {len(rows)}", list(np.mean(rows, axis=0)), len(methods) + 1)


def _print_row(height: float, font: str, values: list[float], shares: int) -> None:
    cells = [f"{100.0 * value:.1f} %" for value in values[:shares]]
    gains = ", ".join(f"{value:+.2f}" for value in values[shares:]) or "0"
    print(f"| {height:g} | {font} | " + " | ".join(cells) + f" | {gains} |", flush=True)


if __name__ == "__main__":
    main()
