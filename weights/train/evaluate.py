"""PSNR-Y of an upscaler on folders of ground-truth images, with bicubic beside it.

    python evaluate.py --truth SET5 SET14 BSD100 --weights ../photo-fast-x4.safetensors
    python evaluate.py --truth SET5 SET14 BSD100 --binary ../../target/release/upwise
    python evaluate.py --truth SET5 SET14 BSD100 --write-low LOW      # LOW/<set>/<name>.png, for any other tool,
    python evaluate.py --truth SET5 SET14 BSD100 --outputs OUT        # which writes OUT/<set>/<name>.png

The usual protocol: truth cropped to a multiple of the scale, input made from it by MATLAB's bicubic and rounded to
8 bits, PSNR on luma of the 8-bit output with `scale` border pixels left out, mean over the images of a set.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from data import to_tensor
from images import crop_to_multiple, imresize, list_images, psnr_y, read_rgb, shrink, to_u8
from nets import run_compact

# (set name, image name, low-resolution image) -> upscaled image, both H x W x 3 uint8
Upscaler = Callable[[str, str, np.ndarray], np.ndarray]


def bicubic(scale: int) -> Upscaler:
    return lambda _set, _name, low: to_u8(imresize(low, low.shape[0] * scale, low.shape[1] * scale))


def network(weights: Path, scale: int) -> Upscaler:
    """A Compact safetensors file, run by PyTorch in f32."""
    state = {name: tensor.float() for name, tensor in load_file(weights).items()}

    def upscale(_set: str, _name: str, low: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            out = run_compact(state, to_tensor(low[None]), scale)
        return to_u8(out[0].permute(1, 2, 0).numpy() * 255.0)

    return upscale


def binary(program: Path, arguments: list[str], scale: int, folder: Path) -> Upscaler:
    """`PROGRAM upscale LOW.png -s SCALE -o OUT.png [arguments]`, one process per image."""

    def upscale(set_name: str, name: str, low: np.ndarray) -> np.ndarray:
        source, target = folder / f"{set_name}-{name}-low.png", folder / f"{set_name}-{name}.png"
        Image.fromarray(low).save(source)
        command = [program, "upscale", source, "-s", str(scale), "-o", target, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return read_rgb(target)

    return upscale


def folders(root: Path) -> Upscaler:
    """Images that some other tool has upscaled already."""
    return lambda set_name, name, _low: read_rgb(root / set_name / f"{name}.png")


def writer(root: Path, upscale: Upscaler) -> Upscaler:
    """`upscale`, writing the low-resolution images to `root` on the way."""

    def write(set_name: str, name: str, low: np.ndarray) -> np.ndarray:
        (root / set_name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(low).save(root / set_name / f"{name}.png")
        return upscale(set_name, name, low)

    return write


def mean_scores(upscale: Upscaler, sets: list[Path], scale: int) -> list[float]:
    """Mean PSNR-Y in dB for each set."""
    means = []
    for folder in sets:
        scores = []
        for path in list_images(folder):
            truth = crop_to_multiple(read_rgb(path), scale)
            scores.append(psnr_y(upscale(folder.name, path.stem, shrink(truth, scale)), truth, scale))
        means.append(float(np.mean(scores)))
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, nargs="+", required=True, help="folders of ground-truth images")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="safetensors files of Compact networks")
    parser.add_argument("--binary", type=Path, help="the upwise program")
    parser.add_argument("--binary-arguments", default="", help="further arguments for it, in one string")
    parser.add_argument("--outputs", type=Path, nargs="*", default=[], help="folders of upscaled images")
    parser.add_argument("--write-low", type=Path, help="write the low-resolution images here")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        plain = bicubic(args.scale)
        methods = {"bicubic": writer(args.write_low, plain) if args.write_low else plain}
        methods |= {path.name: network(path, args.scale) for path in args.weights}
        methods |= {str(root): folders(root) for root in args.outputs}
        if args.binary:
            arguments = args.binary_arguments.split()
            methods[args.binary.name] = binary(args.binary, arguments, args.scale, Path(scratch))
        print("| PSNR-Y, dB | " + " | ".join(folder.name for folder in args.truth) + " |")
        print("|---|" + "---|" * len(args.truth))
        for name, upscale in methods.items():
            scores = mean_scores(upscale, args.truth, args.scale)
            print(f"| {name} | " + " | ".join(f"{score:.3f}" for score in scores) + " |", flush=True)


if __name__ == "__main__":
    main()
