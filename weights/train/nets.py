"""Compact, the network that is shipped, and the over-parameterised form in which it is trained.

Compact is SRVGGNetCompact of Real-ESRGAN (Wang et al. 2021): 3x3 convolutions with per-channel PReLU at
input resolution, a pixel shuffle, and the nearest-neighbour upsampled input added.

Training follows the re-parameterisation of ECBSR (Zhang et al. 2021) and SESR (Bhardwaj et al. 2022): each 3x3
kernel is a sum of linear branches. The branches are merged into one kernel before every step, so a
step costs what the plain network costs; what is exported is the plain network.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def run_compact(state: dict[str, Tensor], x: Tensor, scale: int) -> Tensor:
    """Run a Compact state dict. `x`: N x 3 x H x W, RGB in 0..1; returns N x 3 x sH x sW, not clipped.

    The sum with the skip is done in f32, whatever precision autocast picks for the layers.
    """
    out = x
    last = max(int(name.split(".")[1]) for name in state)
    for index in range(0, last + 1, 2):
        out = F.conv2d(out, state[f"body.{index}.weight"], state[f"body.{index}.bias"], padding=1)
        if index < last:
            out = F.prelu(out, state[f"body.{index + 1}.weight"].to(out.dtype))
    skip = F.interpolate(x, scale_factor=scale, mode="nearest")
    return F.pixel_shuffle(out.float(), scale) + skip


def bilinear_over_nearest(scale: int) -> Tensor:
    """What must be added to the nearest-neighbour image to get the bilinear one, as a kernel.

    Returns s*s x 3 x 3: one 3x3 kernel per sub-pixel, in pixel-shuffle order.
    """
    axis = torch.zeros(scale, 3)
    for phase in range(scale):
        offset = (phase + 0.5) / scale - 0.5
        axis[phase, 1] = 1.0 - abs(offset)
        axis[phase, 2 if offset > 0 else 0] = abs(offset)
    kernels = torch.einsum("ai,bj->abij", axis, axis).reshape(scale * scale, 3, 3)
    kernels[:, 1, 1] -= 1.0
    return kernels


class MergedConv(nn.Module):
    """A 3x3 convolution held as a trained kernel plus a fixed one, which is the identity or a given start.

    `gain` scales the random start relative to He et al. (2015).
    """

    def __init__(self, inputs: int, outputs: int, identity: bool, gain: float):
        super().__init__()
        self.trained = nn.Parameter(torch.randn(outputs, inputs, 3, 3) * gain * (2.0 / (9 * inputs)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("fixed", torch.zeros(outputs, inputs, 3, 3))
        if identity:
            self.fixed[:, :, 1, 1] = torch.eye(outputs)

    def kernel(self) -> Tensor:
        """outputs x inputs x 3 x 3."""
        return self.trained + self.fixed


class CompactTrainer(nn.Module):
    """Branches of a Compact network.

    At the start channels 0..2 carry R, G and B unchanged to the last layer (identity branches, and PReLU
    passes what is not negative), which turns the nearest-neighbour skip into bilinear interpolation.
    """

    def __init__(self, features: int, hidden: int, scale: int):
        super().__init__()
        self.scale = scale
        self.convs = nn.ModuleList([MergedConv(3, features, False, 1.0)])
        self.convs += [MergedConv(features, features, True, 0.3) for _ in range(hidden)]
        self.convs += [MergedConv(features, 3 * scale * scale, False, 0.03)]
        self.slopes = nn.ParameterList([nn.Parameter(torch.full((features,), 0.25)) for _ in range(hidden + 1)])
        with torch.no_grad():
            first, last = self.convs[0], self.convs[-1]
            first.trained[:3] = 0.0
            first.trained[range(3), range(3), 1, 1] = 1.0
            sub = scale * scale
            for channel in range(3):
                last.fixed[channel * sub : (channel + 1) * sub, channel] = bilinear_over_nearest(scale)

    def merged(self) -> dict[str, Tensor]:
        """The plain network's state dict, under Compact's own names."""
        state = {}
        for index, conv in enumerate(self.convs):
            state[f"body.{2 * index}.weight"] = conv.kernel()
            state[f"body.{2 * index}.bias"] = conv.bias
            if index < len(self.slopes):
                state[f"body.{2 * index + 1}.weight"] = self.slopes[index]
        return state

    def hidden_kernels(self) -> list[Tensor]:
        """The 3x3 parameters of the hidden layers, each a matrix once flattened."""
        return [conv.trained for conv in self.convs[1:-1]]

    def forward(self, x: Tensor) -> Tensor:
        return run_compact(self.merged(), x, self.scale)
