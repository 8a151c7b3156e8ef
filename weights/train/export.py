"""Write the averaged weights of a run as a Compact safetensors file, stored in f16.

    python export.py photo-fast-x4 --run RUN --out ../photo-fast-x4.safetensors

Prints what the rounding to f16 changes. Any program that knows Real-ESRGAN's SRVGGNetCompact can load the file.
"""

import argparse
import tomllib
from pathlib import Path

import torch
from safetensors.torch import save_file

from nets import run_compact


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a table of models.toml")
    parser.add_argument("--run", type=Path, required=True, help="folder of train.py's ema.pt")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    config = tomllib.loads((Path(__file__).parent / "models.toml").read_text())[args.model]
    state = torch.load(args.run / "ema.pt", map_location="cpu", weights_only=True)
    halves = {name: tensor.half().contiguous() for name, tensor in state.items()}
    metadata = {
        "name": args.model,
        "architecture": "Compact (SRVGGNetCompact)",
        "scale": str(config["scale"]),
        "input": "RGB, 0..1",
        "license": config["license"],
    }
    save_file(halves, args.out, metadata)

    torch.manual_seed(0)
    sample = torch.rand(1, 3, 64, 64)
    exact = run_compact(state, sample, config["scale"])
    stored = run_compact({name: tensor.float() for name, tensor in halves.items()}, sample, config["scale"])
    change = (exact - stored).abs().max().item() * 255.0
    print(f"{args.out}: {args.out.stat().st_size} bytes, f16 changes noise images by at most {change:.3f} of 255")


if __name__ == "__main__":
    main()
