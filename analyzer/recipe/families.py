"""What each family and each repair before one makes of damaged pictures, and what the program takes by itself: one table.

    python families.py --truth BSD100 --binary ../../target/release/upwise [--scale 2] [--every 4] [--ssimulacra2]

Pictures are reduced by MATLAB's bicubic, given noise, and saved as JPEG (chroma halved both ways) or PNG; everything after that
is done by the program. PSNR on luma in dB, means over every `--every`th picture; the best way in bold. The requirements are
those of weights/train.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "weights/train"))
from evaluate import bicubic, ssimulacra2  # noqa: E402
from images import crop_to_multiple, list_images, psnr_y, read_rgb, shrink, to_u8  # noqa: E402

# Quality of JPEG, or none, and the noise's sigma.
DAMAGE = [(None, 0), (None, 3), (None, 6), (None, 12), (None, 20), (96, 0), (92, 2), (85, 2), (75, 2), (60, 2), (40, 2), (20, 2), (90, 12), (75, 12), (60, 12)]
# The steps before, and the family; none is the program's own choice.
WAYS: dict[str, tuple[list[str], str | None]] = {
    "photo": ([], "photo"),
    "camera": ([], "camera"),
    "recover": ([], "recover"),
    "denoise, photo": (["denoise"], "photo"),
    "denoise, camera": (["denoise"], "camera"),
    "denoise, recover": (["denoise"], "recover"),
    "deblock, photo": (["deblock"], "photo"),
    "deblock, camera": (["deblock"], "camera"),
    "by itself": ([], None),
}


def save_damaged(truth: np.ndarray, index: int, scale: int, quality: int | None, sigma: float, folder: Path) -> Path:
    """The small picture's file."""
    low = shrink(truth, scale)
    noise = np.random.default_rng([2026, index]).standard_normal(low.shape) * sigma
    path = folder / f"{index}.{'jpg' if quality else 'png'}"
    settings = {"quality": quality, "subsampling": 2} if quality else {}
    Image.fromarray(to_u8(low + noise)).save(path, **settings)
    return path


def enlarge(program: Path, path: Path, way: tuple[list[str], str | None], scale: int, folder: Path) -> np.ndarray:
    """H x W x 3 uint8: the picture of a file after the way's steps."""
    repairs, family = way
    steps = [(repair, 1) for repair in repairs] + [(family, scale)]
    for number, (model, factor) in enumerate(steps):
        out = folder / f"step-{number}.png"
        named = ["-n", model] if model else []
        command = [program, "upscale", path, "-s", str(factor), "-o", out, "--overwrite", "--force", *named]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        path = out
    return read_rgb(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--binary", type=Path, required=True, help="the upwise program")
    parser.add_argument("--scale", type=int, default=2, choices=[2, 3, 4])
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--ssimulacra2", action="store_true", help="that beside it")
    args = parser.parse_args()

    truths = [crop_to_multiple(read_rgb(path), args.scale) for path in list_images(args.truth)[:: args.every]]
    plain = bicubic(args.scale)
    print(f"| JPEG, noise | bicubic | {' | '.join(WAYS)} |")
    print("|---|" + "---|" * (len(WAYS) + 1))
    for quality, sigma in DAMAGE:
        scores = []
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for index, truth in enumerate(truths):
                path = save_damaged(truth, index, args.scale, quality, sigma, folder)
                results = [plain("", "", read_rgb(path))]
                results += [enlarge(args.binary, path, way, args.scale, folder) for way in WAYS.values()]
                kinds = [psnr_y, ssimulacra2] if args.ssimulacra2 else [psnr_y]
                scores.append([[kind(result, truth, args.scale) for kind in kinds] for result in results])
        means = np.mean(scores, axis=0)
        best = means[:-1, 0].max()
        cells = [", ".join([f"{row[0]:.2f}", *(f"{value:.1f}" for value in row[1:])]) for row in means]
        cells = [f"**{cell}**" if row[0] == best else cell for cell, row in zip(cells, means)]
        print(f"| {quality or 'none'}, {sigma} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
