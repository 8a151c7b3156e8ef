"""A before/after picture of a model: what a viewer shows of the small image, and what the program makes of it.

    python sample.py --truth TILE.png --crop 40 20 110 72 --binary ../../target/release/upwise --out ../samples/NAME.png

The tile is shrunk by MATLAB's bicubic; the crop (left, top, width, height in small pixels) is taken out of both.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from images import crop_to_multiple, read_rgb, shrink


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--crop", type=int, nargs=4, required=True, metavar=("LEFT", "TOP", "WIDTH", "HEIGHT"))
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    scale, (left, top, width, height) = arguments.scale, arguments.crop
    low = Image.fromarray(shrink(crop_to_multiple(read_rgb(arguments.truth), scale), scale))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "low.png"), Path(folder, "high.png")
        low.save(source)
        command = [arguments.binary, "upscale", source, "-s", str(scale), "-o", target, "--quiet"]
        subprocess.run(command, check=True)
        after = Image.open(target).convert("RGB")
    box = (left, top, left + width, top + height)
    size = (width * scale, height * scale)
    sample = Image.new("RGB", (2 * size[0] + 8, size[1]), "white")
    sample.paste(low.crop(box).resize(size, Image.Resampling.BICUBIC), (0, 0))
    sample.paste(after.crop(tuple(side * scale for side in box)), (size[0] + 8, 0))
    sample.save(arguments.out)


if __name__ == "__main__":
    main()
