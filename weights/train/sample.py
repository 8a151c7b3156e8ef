"""A before/after picture of a model: what a viewer shows of the small image, and what the program makes of it.

    python sample.py photo-fast-x4 --truth TILE.png --crop 40 20 110 72 --binary ../../target/release/upwise \\
        --out ../samples/photo-fast-x4.png

The tile is shrunk by MATLAB's bicubic, or by the fixed test damage of the model's family; the crop (left, top, width,
height in small pixels) is taken out of both.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from degrade import BENCHMARK
from evaluate import bicubic, binary
from images import crop_to_multiple, read_rgb
from train import read_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a table of models.toml")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--crop", type=int, nargs=4, required=True, metavar=("LEFT", "TOP", "WIDTH", "HEIGHT"))
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    config = read_config(args.model, [])
    scale = config["scale"]
    low = BENCHMARK[config["damage"]](0, crop_to_multiple(read_rgb(args.truth), scale), scale)
    with tempfile.TemporaryDirectory() as folder:
        upscale = binary(args.binary, ["-n", args.model], scale, Path(folder))
        both = [method("sample", "sample", low) for method in (bicubic(scale), upscale)]
    left, top, width, height = (scale * side for side in args.crop)
    crops = [image[top : top + height, left : left + width] for image in both]
    gap = np.full((height, 8, 3), 255, np.uint8)
    Image.fromarray(np.concatenate([crops[0], gap, crops[1]], axis=1)).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
