"""What the shipped models have to reach, and what they reach, through the program: one table.

    python bars.py --binary ../../target/release/upwise --data DATA --fonts HELD_OUT_FONTS [--only photo-fast-x4 ...]

DATA holds bench/set5, bench/set14, bench/bsd100, train/art (its held-out tiles are used) and, to compare with,
interop/realesr-general-x4v3.safetensors and interop/realesr-animevideov3.safetensors. HELD_OUT_FONTS: see fonts.py.
A bar is a least value, `+` over the input enlarged by bicubic (with scale 1: over the input).
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data import split
from degrade import BENCHMARK
from evaluate import DIGITS, Upscaler, bicubic, binary, mean_scores
from fonts import list_fonts
from images import list_images, psnr_y, shrink
from read_text import X_HEIGHT, share_read, text_page

BENCH = ("set5", "set14", "bsd100")
HELD_OUT = 10  # as train.py's default


@dataclass(frozen=True)
class Case:
    """One model on some sets. `least` has a bar for each set; `over` makes it a gain over bicubic."""

    model: str
    scale: int
    damage: str
    sets: tuple[str, ...]
    least: tuple[float, ...]
    over: bool = False
    scores: tuple[str, ...] = ("psnr",)
    rival: str | None = None  # a file of DATA/interop, or a shipped model, that every score has to beat, as bicubic


CASES = [
    Case("photo-fast-x4", 4, "clean", BENCH, (31.6, 28.25, 27.35)),
    Case("photo-best-x4", 4, "clean", BENCH, (32.1, 28.5, 27.5)),
    Case("photo-fast-x2", 2, "clean", BENCH, (37.6, 33.2, 31.9)),
    Case("photo-best-x2", 2, "clean", BENCH, (37.6, 33.2, 31.9)),
    Case("camera-fast-x4", 4, "camera", ("bsd100",), (0.0,), True, ("psnr", "ssimulacra2"), "photo-fast-x4"),
    Case("camera-fast-x2", 2, "camera", ("bsd100",), (0.0,), True, ("psnr", "ssimulacra2"), "photo-fast-x2"),
    Case("recover-fast-x4", 4, "recover", ("bsd100",), (0.8,), True, ("psnr", "ssimulacra2"), "realesr-general-x4v3"),
    Case("recover-fast-x2", 2, "recover", ("bsd100",), (0.0,), True, ("psnr", "ssimulacra2")),
    Case("art-fast-x4", 4, "drawing", ("art",), (1.5,), True, ("psnr", "ssim"), "realesr-animevideov3"),
    Case("art-fast-x2", 2, "drawing", ("art",), (1.5,), True, ("psnr", "ssim")),
    Case("deblock", 1, "deblock", ("bsd100",), (1.2,), True),
    Case("denoise", 1, "denoise", ("bsd100",), (7.0,), True, ("psnr", "psnr_rgb")),
    Case("denoise", 1, "denoise_grey", ("bsd100",), (7.0,), True),
]
TEXT_GAIN, TEXT_AFTER = 4.0, 0.95


def files_of(data: Path, name: str) -> list[Path]:
    """The images of a set; of art the tiles that training holds out."""
    if name == "art":
        return split(data / "train" / "art", HELD_OUT)[1]
    return list_images(data / "bench" / name)


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def verdict(reached: bool) -> str:
    return "yes" if reached else "**no**"


def run_case(case: Case, program: Path, data: Path, scratch: Path) -> None:
    methods = {"bicubic": bicubic(case.scale), case.model: binary(program, ["-n", case.model], case.scale, scratch)}
    if case.rival:
        rival = data / "interop" / f"{case.rival}.safetensors"
        model = str(rival) if rival.exists() else case.rival
        methods[case.rival] = binary(program, ["-n", model], case.scale, scratch)
    for name, least in zip(case.sets, case.least):
        files, kinds = files_of(data, name), list(case.scores)
        means = {m: mean_scores(u, name, files, case.scale, case.damage, kinds) for m, u in methods.items()}
        for i, kind in enumerate(kinds):
            plain, ours = means["bicubic"][i], means[case.model][i]
            others = [f"bicubic {plain:.{DIGITS[kind]}f}"]
            if not kind.startswith("psnr"):
                bar = plain
            else:
                bar = plain + least if case.over else least
            if case.rival:
                others.append(f"{case.rival} {means[case.rival][i]:.{DIGITS[kind]}f}")
                bar = max(bar, means[case.rival][i])
            digits = DIGITS[kind]
            damage = BENCHMARK[case.damage].__name__
            row(case.model, f"{name}, {damage}, {kind}", f"{ours:.{digits}f}", f"{bar:.{digits}f}", verdict(ours >= bar), ", ".join(others))


def run_text(model: str, program: Path, fonts: Path, scratch: Path) -> None:
    scale = 4
    upscale: Upscaler = binary(program, ["-n", model], scale, scratch)
    plain = bicubic(scale)
    gains, before, after = [], [], []
    for seed, path in enumerate(list_fonts(fonts)):
        truth, text = text_page(path, X_HEIGHT * scale, seed)
        low = shrink(truth, scale)
        images = [method("page", path.stem, low) for method in (plain, upscale)]
        scores = [psnr_y(image, truth, scale) for image in images]
        gains.append(scores[1] - scores[0])
        before.append(share_read(images[0], text, scratch))
        after.append(share_read(images[1], text, scratch))
    gain, share = float(np.mean(gains)), float(np.mean(after))
    row(model, "held-out fonts, psnr over bicubic", f"{gain:+.2f}", f"{TEXT_GAIN:+.2f}", verdict(gain >= TEXT_GAIN), "")
    detail = f"bicubic {np.mean(before):.1%}, x-height {X_HEIGHT} px"
    row(model, "characters read", f"{share:.1%}", f"{TEXT_AFTER:.0%}", verdict(share >= TEXT_AFTER), detail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="the upwise program")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, help="folder of held-out fonts")
    parser.add_argument("--only", nargs="*", default=[], help="models")
    args = parser.parse_args()
    row("model", "on", "reached", "bar", "met", "beside")
    row(*["---"] * 6)
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if not args.only or case.model in args.only:
                run_case(case, args.binary, args.data, Path(folder))
        if args.fonts and (not args.only or "text-fast-x4" in args.only):
            run_text("text-fast-x4", args.binary, args.fonts, Path(folder))


if __name__ == "__main__":
    main()
