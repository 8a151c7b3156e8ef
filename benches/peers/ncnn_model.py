"""Writes a network as ncnn's model.ncnn.param and model.ncnn.bin.

The graph is what torch.fx sees, translated node by node, with leaky ReLUs moved into the convolutions before
them as ncnn's own optimiser does. (ncnn's converter, pnnx, translates the same way, but takes more than 20 GB of
memory for an ESRGAN of 23 blocks.) Every value is read by one layer only: where PyTorch reads it more often,
a Split comes between.
"""

import operator

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

MAGIC = 7767517
LEAKY_RELU = 2
ADD, SUBTRACT, MULTIPLY = 0, 1, 2


class Writer(fx.Interpreter):
    """Runs over the graph with the names of blobs in place of tensors."""

    def __init__(self, net):
        super().__init__(fx.symbolic_trace(net))
        self.layers = []
        self.data = []
        self.blobs = 0
        # Blobs that carry the same value, none of them read so far.
        self.copies = {}

    def layer(self, kind, inputs, parameters="", data=()):
        """Appends a layer with one output; returns its name."""
        output = self.blob()
        self.raw(kind, [self.read(name) for name in inputs], [output], parameters)
        self.data += data
        return output

    def raw(self, kind, inputs, outputs, parameters=""):
        name = f"{kind.lower()}_{len(self.layers)}"
        line = [kind, name, len(inputs), len(outputs), *inputs, *outputs, parameters]
        self.layers.append(" ".join(map(str, line)).strip())

    def blob(self):
        self.blobs += 1
        return f"b{self.blobs}"

    def read(self, name):
        copies = self.copies.get(name)
        return copies.pop() if copies else name

    def run_node(self, node):
        output = super().run_node(node)
        if node.op != "output" and isinstance(output, str) and len(node.users) > 1:
            self.copies[output] = [self.blob() for _ in node.users]
            self.raw("Split", [output], self.copies[output])
        return output

    def placeholder(self, target, args, kwargs):
        self.raw("Input", [], ["in"])
        return "in"

    def get_attr(self, target, args, kwargs):
        return self.fetch_attr(target)

    def output(self, target, args, kwargs):
        self.raw("Noop", [args[0]], ["out"])

    def call_module(self, target, args, kwargs):
        module = self.fetch_attr(target)
        if isinstance(module, nn.Conv2d):
            return self.convolution(module, *args)
        if isinstance(module, nn.PReLU):
            return self.layer("PReLU", args, f"0={module.weight.numel()}", [module.weight])
        if isinstance(module, nn.PixelShuffle):
            return self.shuffle(*args, module.upscale_factor)
        raise NotImplementedError(f"module {module}")

    def call_function(self, target, args, kwargs):
        if target is F.leaky_relu:
            return self.leaky_relu(*args, kwargs["negative_slope"])
        if target is F.silu:
            return self.layer("Swish", args)
        if target is torch.sigmoid:
            return self.layer("Sigmoid", args)
        if target is torch.cat:
            return self.layer("Concat", args[0], "0=0")
        if target is F.pixel_shuffle:
            return self.shuffle(*args)
        if target is F.interpolate:
            factor = kwargs["scale_factor"]
            return self.layer("Interp", args, f"0=1 1={factor} 2={factor}")
        if target is operator.sub and isinstance(args[1], torch.Tensor):
            return self.layer("Bias", args[:1], f"0={args[1].numel()}", [-args[1]])
        kinds = {operator.add: ADD, operator.sub: SUBTRACT, operator.mul: MULTIPLY}
        return self.arithmetic(kinds[target], *args)

    def convolution(self, module, blob):
        out, inside, side, _ = module.weight.shape
        parameters = f"0={out} 1={side} 4={module.padding[0]} 5=1 6={out * inside * side * side}"
        # The integer says that f32 follows.
        data = [np.zeros(1, np.int32), module.weight, module.bias]
        return self.layer("Convolution", [blob], parameters, data)

    def leaky_relu(self, blob, slope):
        """Becomes part of the convolution that made `blob`, which is always the last layer."""
        if not self.layers[-1].startswith("Convolution ") or f" {blob} " not in self.layers[-1]:
            raise NotImplementedError("a leaky ReLU that does not follow a convolution")
        self.layers[-1] += f" 9={LEAKY_RELU} -23310=1,{slope}"
        return blob

    def shuffle(self, blob, factor):
        return self.layer("PixelShuffle", [blob], f"0={factor}")

    def arithmetic(self, kind, a, b):
        if isinstance(a, float):
            a, b = b, a
            assert kind != SUBTRACT
        if isinstance(b, float):
            return self.layer("BinaryOp", [a], f"0={kind} 1=1 2={b}")
        return self.layer("BinaryOp", [a, b], f"0={kind}")


def write(net, folder):
    """Writes `net` into `folder`; its input blob is `in`, its output `out`."""
    writer = Writer(net)
    writer.run(None)
    blobs = {name for line in writer.layers for name in outputs(line)}
    text = [str(MAGIC), f"{len(writer.layers)} {len(blobs)}", *writer.layers]
    (folder / "model.ncnn.param").write_text("\n".join(text) + "\n")
    with open(folder / "model.ncnn.bin", "wb") as file:
        for values in writer.data:
            array = values.numpy() if isinstance(values, torch.Tensor) else values
            file.write(np.ascontiguousarray(array).tobytes())


def outputs(line):
    """The blobs that a layer makes."""
    words = line.split()
    inputs, count = int(words[2]), int(words[3])
    return words[4 + inputs : 4 + inputs + count]
