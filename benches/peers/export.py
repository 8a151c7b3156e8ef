"""Writes one network in every engine's format, with an input and what PyTorch makes of it.

    python export.py NAME SIDE FOLDER

The files are model.safetensors (upwise), model.onnx (onnxruntime, OpenVINO), model.pt (TorchScript),
model.ncnn.param and .bin, input.npy and expected.npy (channels x height x width), facts.json. Formats that hold a size are written for SIDE x SIDE pixels: engines plan better so.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.torch import save_file

import ncnn_model
import networks

OPSET = 18


def write_onnx(net, x, folder):
    """With weights inside the file: none of the networks comes near the format's limit of 2 GiB."""
    path = folder / "model.onnx"
    torch.onnx.export(
        net,
        (x,),
        path,
        dynamo=True,
        opset_version=OPSET,
        external_data=False,
        input_names=["in"],
        output_names=["out"],
        verbose=False,
    )
    onnx.checker.check_model(path)


@torch.no_grad()
def main(name, side, folder):
    warnings.filterwarnings("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    net, x = networks.build(name), networks.picture(side)
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, folder / "model.safetensors")
    # Not run again to compare: every engine's output is checked later.
    torch.jit.trace(net, x, check_trace=False).save(folder / "model.pt")
    ncnn_model.write(net, folder)
    write_onnx(net, x, folder)
    expected = net(x)
    np.save(folder / "input.npy", x[0].numpy())
    np.save(folder / "expected.npy", expected[0].numpy())
    facts = {
        "network": name,
        "macs_per_pixel": networks.macs_per_pixel(net),
        "parameters": sum(p.numel() for p in net.parameters()),
        "expected_range": [float(expected.min()), float(expected.max())],
    }
    # Last: whoever finds it knows that the folder is complete.
    (folder / "facts.json").write_text(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
