"""Write the averaged weights of a run as a safetensors file, stored in f16.

    python export.py photo-fast-x4 --run RUN --out ../photo-fast-x4.safetensors
    python export.py photo-fast-x4 --run RUN --average-with START.safetensors --out ../photo-fast-x4.safetensors

Fine-tuned networks and their start may be averaged, weight by weight: they lie in one valley, and the middle is often better
than each (Wortsman et al., "Model soups", 2022).

Prints what the rounding to f16 changes. Any program that knows Real-ESRGAN's SRVGGNetCompact, SPAN or DRUNet can load the file.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nets import Compact, Net, Span, State, restore
from train import read_config


def training_form(state: State) -> State:
    """A slim SPAN as other programs expect it: each `eval_conv` also as a shortcut (nothing) plus a chain of three
    convolutions of twice the width, of which the first and the last only pass through."""

    def wide(rows: int, columns: int) -> Tensor:
        """An identity of rows x columns x 1 x 1."""
        return torch.eye(rows, columns)[:, :, None, None]

    full = {name: tensor for name, tensor in state.items() if "eval_conv" not in name}
    for name in (name.removesuffix(".eval_conv.weight") for name in state if name.endswith(".eval_conv.weight")):
        kernel, bias = state[f"{name}.eval_conv.weight"], state[f"{name}.eval_conv.bias"]
        outputs, inputs = kernel.shape[:2]
        middle, shift = torch.zeros(2 * outputs, 2 * inputs, 3, 3), torch.zeros(2 * outputs)
        middle[:outputs, :inputs], shift[:outputs] = kernel, bias
        chain = [(wide(2 * inputs, inputs), torch.zeros(2 * inputs)), (middle, shift)]
        chain.append((wide(outputs, 2 * outputs), torch.zeros(outputs)))
        for i, (weight, offset) in enumerate(chain):
            full |= {f"{name}.conv.{i}.weight": weight, f"{name}.conv.{i}.bias": offset}
        full |= {f"{name}.sk.weight": torch.zeros(outputs, inputs, 1, 1), f"{name}.sk.bias": torch.zeros(outputs)}
        full |= {f"{name}.eval_conv.weight": kernel, f"{name}.eval_conv.bias": bias}
    return full


def architecture(net: Net) -> str:
    """Its name for people."""
    if isinstance(net, Compact):
        return "Compact (SRVGGNetCompact)"
    return "SPAN" if isinstance(net, Span) else "DRUNet"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a table of models.toml")
    parser.add_argument("--run", type=Path, required=True, help="folder of train.py's average.safetensors")
    parser.add_argument("--average-with", type=Path, nargs="*", default=[], help="weight files of the same shape")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    config = read_config(args.model, [])
    states = [load_file(path) for path in [args.run / "average.safetensors", *args.average_with]]
    state = {name: sum(other[name].float() for other in states) / len(states) for name in states[0]}
    net = restore(state)
    whole = training_form(state) if isinstance(net, Span) else state
    halves = {name: tensor.half().contiguous() for name, tensor in whole.items()}
    metadata = {
        "name": args.model,
        "architecture": architecture(net),
        "scale": str(config["scale"]),
        "input": "RGB, 0..1",
        "license": config["license"],
    }
    save_file(halves, args.out, metadata)

    torch.manual_seed(0)
    sample = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        stored = restore({name: tensor.half().float() for name, tensor in state.items()})
        change = (net(sample) - stored(sample)).abs().max().item() * 255.0
    print(f"{args.out}: {args.out.stat().st_size} bytes, f16 changes noise images by at most {change:.3f} of 255")


if __name__ == "__main__":
    main()
