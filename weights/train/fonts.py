"""Collect the fonts of fonts.toml from a Debian system into a folder.

    apt-get install $(python fonts.py packages)
    python fonts.py train FONTS
    python fonts.py held-out HELD_OUT_FONTS

The folders can be copied to any machine: `list_fonts` is all that the rest reads.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

SUFFIXES = {".ttf", ".otf"}


def list_fonts(folder: Path) -> list[Path]:
    """Font files directly inside `folder`, sorted by name."""
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise FileNotFoundError(f"{folder}: no fonts ({', '.join(sorted(SUFFIXES))})")
    return found


def collect(packages: list[dict], split: str, target: Path) -> None:
    """Copy the files of every package in `split` to `target`; FileNotFoundError names what is not installed."""
    target.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if package["split"] != split:
            continue
        listing = subprocess.run(["dpkg", "-L", package["name"]], capture_output=True, text=True)
        installed = {Path(line).name: Path(line) for line in listing.stdout.splitlines()}
        for name in package["files"]:
            if name not in installed:
                raise FileNotFoundError(f"{name}: install {package['name']}")
            shutil.copy(installed[name], target / name)


def main() -> None:
    packages = tomllib.loads((Path(__file__).parent / "fonts.toml").read_text())["package"]
    match sys.argv[1:]:
        case ["packages"]:
            print(*(package["name"] for package in packages))
        case [("train" | "held-out") as split, target]:
            collect(packages, split, Path(target))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
