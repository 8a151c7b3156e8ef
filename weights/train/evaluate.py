"""Scores of upscalers on folders of ground-truth images, with bicubic beside them.

    python evaluate.py --truth SET5 SET14 BSD100 --binary ../../target/release/upwise
    python evaluate.py --truth SET5 SET14 BSD100 --weights ../photo-fast-x4.safetensors
    python evaluate.py --truth BSD100 --damage recover --scores psnr ssimulacra2 --binary ... --models recover-fast-x4 FILE
    python evaluate.py --truth SET5 SET14 BSD100 --write-low LOW      # LOW/<set>/<name>.png, for any other tool,
    python evaluate.py --truth SET5 SET14 BSD100 --outputs OUT        # which writes OUT/<set>/<name>.png

The usual protocol: truth cropped to a multiple of the scale, input made from it by MATLAB's bicubic (or by another
damage of degrade.py, fixed by the image's index) and rounded to 8 bits, scores of the 8-bit output with `scale`
border pixels left out, mean over the images of a set.
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
from skimage.metrics import structural_similarity
from ssimulacra2 import compute_ssimulacra2

from data import to_tensor
from degrade import BENCHMARK
from images import crop_to_multiple, imresize, list_images, luma, psnr, psnr_y, read_rgb, to_u8
from nets import restore

# (set name, image name, low-resolution image) -> upscaled image, both H x W x 3 uint8
Upscaler = Callable[[str, str, np.ndarray], np.ndarray]


def bicubic(scale: int) -> Upscaler:
    """MATLAB's bicubic; with scale 1 the input itself."""
    return lambda _set, _name, low: to_u8(imresize(low, low.shape[0] * scale, low.shape[1] * scale))


def network(weights: Path) -> Upscaler:
    """A safetensors file of this recipe, run by PyTorch in f32."""
    net = restore({name: tensor.float() for name, tensor in load_file(weights).items()})

    def upscale(_set: str, _name: str, low: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            out = net(to_tensor(low[None]))
        return to_u8(out[0].permute(1, 2, 0).numpy() * 255.0)

    return upscale


def binary(program: Path, arguments: list[str], scale: int, folder: Path) -> Upscaler:
    """`PROGRAM upscale LOW.png -s SCALE -o OUT.png [arguments]`, one process per image."""

    def upscale(set_name: str, name: str, low: np.ndarray) -> np.ndarray:
        source, target = folder / f"{set_name}-{name}-low.png", folder / f"{set_name}-{name}.png"
        Image.fromarray(low).save(source)
        command = [program, "upscale", source, "-s", str(scale), "-o", target, "--overwrite", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


def ssim_y(image: np.ndarray, truth: np.ndarray, border: int) -> float:
    """SSIM on luma with the Gaussian window of Wang et al. (2004), `border` pixels left out on each side."""
    inner = np.s_[border:-border, border:-border]
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255.0}
    return float(structural_similarity(luma(image)[inner], luma(truth)[inner], **settings))


def ssimulacra2(image: np.ndarray, truth: np.ndarray, _border: int) -> float:
    """SSIMULACRA2: 30 low, 50 medium, 70 high quality."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder, name)) for name in ("truth.png", "image.png")]
        for path, pixels in zip(paths, (truth, image)):
            Image.fromarray(pixels).save(path)
        return float(compute_ssimulacra2(*paths))


SCORES = {"psnr": psnr_y, "psnr_rgb": psnr, "ssim": ssim_y, "ssimulacra2": ssimulacra2}
DIGITS = {"psnr": 3, "psnr_rgb": 3, "ssim": 4, "ssimulacra2": 2}


def mean_scores(upscale: Upscaler, name: str, files: list[Path], scale: int, damage: str, kinds: list[str]) -> list[float]:
    """Means over the images of one set, in the order of `kinds`."""
    scores = []
    for index, path in enumerate(files):
        truth = crop_to_multiple(read_rgb(path), scale)
        image = upscale(name, path.stem, BENCHMARK[damage](index, truth, scale))
        scores.append([SCORES[kind](image, truth, scale) for kind in kinds])
    return [float(mean) for mean in np.mean(scores, axis=0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, nargs="+", required=True, help="folders of ground-truth images")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--damage", choices=sorted(BENCHMARK), default="clean")
    parser.add_argument("--scores", nargs="+", choices=sorted(SCORES), default=["psnr"])
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="safetensors files of this recipe's networks")
    parser.add_argument("--binary", type=Path, help="the upwise program")
    parser.add_argument("--models", nargs="*", default=[], help="what it is given as -n; nothing: its own choice")
    parser.add_argument("--outputs", type=Path, nargs="*", default=[], help="folders of upscaled images")
    parser.add_argument("--write-low", type=Path, help="write the low-resolution images here")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        plain = bicubic(args.scale)
        methods = {"bicubic": writer(args.write_low, plain) if args.write_low else plain}
        methods |= {path.name: network(path) for path in args.weights}
        methods |= {str(root): folders(root) for root in args.outputs}
        if args.binary and not args.models:
            methods[args.binary.name] = binary(args.binary, [], args.scale, Path(scratch))
        for model in args.models:
            methods[model] = binary(args.binary, ["-n", model], args.scale, Path(scratch))
        columns = [f"{folder.name} {kind}" for folder in args.truth for kind in args.scores]
        print("| | " + " | ".join(columns) + " |")
        print("|---|" + "---|" * len(columns))
        for name, upscale in methods.items():
            cells = []
            for folder in args.truth:
                means = mean_scores(upscale, folder.name, list_images(folder), args.scale, args.damage, args.scores)
                cells += [f"{mean:.{DIGITS[kind]}f}" for kind, mean in zip(args.scores, means)]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
