"""The networks that are trained, in the form in which they are trained.

Both hold the 3x3 kernels of their body as one tensor, so that an optimiser step is a few batched operations.
As in ECBSR (Zhang et al. 2021) and SESR (Bhardwaj et al. 2022) Compact's hidden layers are trained as residual blocks,
PReLU(conv(x) + x), whose identity is added to the kernel before every step: a step costs what the plain network costs,
and the plain network is what is exported. Their further branches are left out: see "What was tried" in the model card
of photo-fast-x4.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = dict[str, Tensor]


def bilinear_over_nearest(scale: int) -> Tensor:
    """What must be added to the nearest-neighbour image to get the bilinear one, as a kernel.

    Returns s*s x 3 x 3: one 3x3 kernel per sub-pixel, in pixel-shuffle order.
    """
    axis = torch.zeros(scale, 3)
    for phase in range(scale):
        offset = (phase + 0.5) / scale - 0.5
        axis[phase, 1] = 1.0 - abs(offset)
        axis[phase, 2 if offset > 0 else 0] += abs(offset)
    kernels = torch.einsum("ai,bj->abij", axis, axis).reshape(scale * scale, 3, 3)
    kernels[:, 1, 1] -= 1.0
    return kernels


def he_normal(*shape: int, gain: float = 1.0) -> nn.Parameter:
    """Random kernels, `gain` relative to He et al. (2015): ... x outputs x inputs x rows x columns."""
    inputs = shape[-3] * shape[-2] * shape[-1]
    return nn.Parameter(torch.randn(*shape) * gain * (2.0 / inputs) ** 0.5)


class Compact(nn.Module):
    """SRVGGNetCompact of Real-ESRGAN (Wang et al. 2021): 3x3 convolutions with per-channel PReLU at input resolution,
    a pixel shuffle, and the nearest-neighbour upsampled input added (with scale 1 the input itself).

    At the start channels 0..2 carry R, G and B unchanged to the last layer (by the identities; PReLU
    passes what is not negative), which turns the nearest-neighbour skip into bilinear interpolation.
    """

    def __init__(self, scale: int, features: int, hidden: int):
        super().__init__()
        self.scale = scale
        outputs = 3 * scale * scale
        self.first = he_normal(features, 3, 3, 3)
        self.hidden = he_normal(hidden, features, features, 3, 3, gain=0.3)
        self.last = he_normal(outputs, features, 3, 3, gain=0.03)
        self.biases = nn.Parameter(torch.zeros(hidden + 1, features))
        self.last_bias = nn.Parameter(torch.zeros(outputs))
        self.slopes = nn.Parameter(torch.full((hidden + 1, features), 0.25))
        self.register_buffer("identity", torch.zeros(1, features, features, 3, 3))
        self.register_buffer("bilinear", torch.zeros_like(self.last))
        self.identity[0, :, :, 1, 1] = torch.eye(features)
        with torch.no_grad():
            self.first[:3] = 0.0
            self.first[range(3), range(3), 1, 1] = 1.0
        for channel in range(3):
            part = slice(channel * scale * scale, (channel + 1) * scale * scale)
            self.bilinear[part, channel] = bilinear_over_nearest(scale)

    def kernels(self) -> list[nn.Parameter]:
        """The body's 3x3 kernels: layers x outputs x inputs x 3 x 3."""
        return [self.hidden]

    def export(self) -> State:
        """The plain network under its usual names."""
        kernels = [self.first, *(self.hidden + self.identity), self.last + self.bilinear]
        biases = [*self.biases, self.last_bias]
        state = {f"body.{2 * i}.weight": kernel for i, kernel in enumerate(kernels)}
        state |= {f"body.{2 * i}.bias": bias for i, bias in enumerate(biases)}
        return state | {f"body.{2 * i + 1}.weight": slope for i, slope in enumerate(self.slopes)}

    @torch.no_grad()
    def take(self, state: State) -> None:
        """Start from an exported network of the same width: its first hidden layers, and its last if all fits.

        A deeper one starts as the network that it takes: its further layers change nothing.
        """
        mine, theirs = len(self.hidden), max(int(name.split(".")[1]) for name in state) // 2 - 1
        self.first.copy_(state["body.0.weight"])
        for i in range(min(mine, theirs) + 1):
            self.biases[i].copy_(state[f"body.{2 * i}.bias"])
            self.slopes[i].copy_(state[f"body.{2 * i + 1}.weight"])
        for i in range(min(mine, theirs)):
            self.hidden[i].copy_(state[f"body.{2 * i + 2}.weight"] - self.identity[0])
        self.hidden[theirs:] = 0.0
        self.slopes[theirs + 1 :] = 1.0
        last = f"body.{2 * theirs + 2}"
        if mine >= theirs and state[f"{last}.weight"].shape == self.last.shape:
            self.last.copy_(state[f"{last}.weight"] - self.bilinear)
            self.last_bias.copy_(state[f"{last}.bias"])

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x H x W, RGB in 0..1, to N x 3 x sH x sW, not clipped. The skip is added in f32."""
        out = F.prelu(F.conv2d(x, self.first, self.biases[0], padding=1), self.slopes[0])
        kernels = (self.hidden + self.identity).unbind(0)
        for kernel, bias, slope in zip(kernels, self.biases[1:].unbind(0), self.slopes[1:].unbind(0)):
            out = F.conv2d(out, kernel, bias, padding=1)
            out = F.prelu(out, slope.to(out.dtype))
        out = F.conv2d(out, self.last + self.bilinear, self.last_bias, padding=1)
        skip = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        return F.pixel_shuffle(out.float(), self.scale) + skip


class Span(nn.Module):
    """SPAN (Wan et al., "Swift Parameter-free Attention Network", NTIRE 2024) with six blocks, its 3x3 convolutions merged.

    The start is that of the paper's code: each convolution is a 1x1 shortcut plus a chain 1x1, 3x3, 1x1 of twice the width,
    drawn as PyTorch draws them, and merged at once.
    """

    MEAN = (0.4488, 0.4371, 0.4040)
    BLOCKS = 6

    def __init__(self, scale: int, features: int):
        super().__init__()
        self.scale = scale
        outputs = 3 * scale * scale
        self.first = nn.Parameter(merged_start(3, features))
        self.body = nn.Parameter(torch.stack([merged_start(features, features) for _ in range(3 * self.BLOCKS + 1)]))
        self.cat = he_normal(features, 4 * features, 1, 1, gain=6.0**-0.5)
        self.last = he_normal(outputs, features, 3, 3, gain=0.02)
        self.first_bias = nn.Parameter(torch.zeros(features))
        self.biases = nn.Parameter(torch.zeros(3 * self.BLOCKS + 1, features))
        self.cat_bias = nn.Parameter(torch.zeros(features))
        self.last_bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("mean", torch.tensor(self.MEAN).view(1, 3, 1, 1))

    def kernels(self) -> list[nn.Parameter]:
        """The body's 3x3 kernels: layers x outputs x inputs x 3 x 3."""
        return [self.body]

    def names(self) -> list[str]:
        """The body's convolutions in order."""
        blocks = [f"block_{block}.c{i}_r" for block in range(1, self.BLOCKS + 1) for i in (1, 2, 3)]
        return [*blocks, "conv_2"]

    def export(self) -> State:
        """The slim form: one `eval_conv` for each merged convolution."""
        state = {
            "conv_1.eval_conv.weight": self.first,
            "conv_1.eval_conv.bias": self.first_bias,
            "conv_cat.weight": self.cat,
            "conv_cat.bias": self.cat_bias,
            "upsampler.0.weight": self.last,
            "upsampler.0.bias": self.last_bias,
        }
        for name, kernel, bias in zip(self.names(), self.body, self.biases):
            state |= {f"{name}.eval_conv.weight": kernel, f"{name}.eval_conv.bias": bias}
        return state

    @torch.no_grad()
    def take(self, state: State) -> None:
        """Start from an exported network of the same width. The last layer of a multiple of the factor is averaged."""
        for name, mine in self.export().items():
            theirs = state[name]
            if theirs.shape != mine.shape:
                times = round((len(theirs) / len(mine)) ** 0.5)
                sub_pixels = theirs.reshape(3, self.scale, times, self.scale, times, *theirs.shape[1:])
                theirs = sub_pixels.mean(dim=(2, 4)).reshape(mine.shape)
            mine.copy_(theirs)

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x H x W, RGB in 0..1, to N x 3 x sH x sW, not clipped. The last convolution runs in f32."""
        first = F.conv2d((x - self.mean) * 255.0, self.first, self.first_bias, padding=1)
        kernels, biases = self.body.unbind(0), self.biases.unbind(0)
        out, after_first, inner = first, first, first
        for block in range(self.BLOCKS):
            entry, at = out, 3 * block
            inner = F.silu(F.conv2d(entry, kernels[at], biases[at], padding=1))
            out = F.silu(F.conv2d(inner, kernels[at + 1], biases[at + 1], padding=1))
            out = F.conv2d(out, kernels[at + 2], biases[at + 2], padding=1)
            out = (out + entry) * (torch.sigmoid(out) - 0.5)
            after_first = out if block == 0 else after_first
        out = F.conv2d(out, kernels[-1], biases[-1], padding=1)
        out = F.conv2d(torch.cat([first, out, after_first, inner], 1), self.cat, self.cat_bias)
        with torch.autocast(x.device.type, enabled=False):
            out = F.conv2d(out.float(), self.last, self.last_bias, padding=1)
        return F.pixel_shuffle(out, self.scale)


def merged_start(inputs: int, outputs: int) -> Tensor:
    """outputs x inputs x 3 x 3: the convolution that equals a fresh shortcut plus chain of SPAN."""

    def uniform(*shape: int) -> Tensor:
        bound = (shape[1] * shape[2] * shape[3]) ** -0.5
        return torch.empty(*shape).uniform_(-bound, bound)

    narrow, wide = uniform(2 * inputs, inputs, 1, 1), uniform(2 * outputs, 2 * inputs, 3, 3)
    kernel = torch.einsum("ow,wvij,vc->ocij", uniform(outputs, 2 * outputs, 1, 1)[..., 0, 0], wide, narrow[..., 0, 0])
    kernel[:, :, 1, 1] += uniform(outputs, inputs, 1, 1)[..., 0, 0]
    return kernel


def build(config: dict) -> Compact | Span:
    """The network of a table of models.toml."""
    if config["network"] == "span":
        return Span(config["scale"], config["features"])
    return Compact(config["scale"], config["features"], config["hidden"])


def multiply_adds(net: Compact | Span) -> int:
    """Per input pixel: every weight of a convolution once."""
    return sum(p.numel() for name, p in net.named_parameters() if "bias" not in name and name != "slopes")


def restore(state: State) -> Compact | Span:
    """The network of an exported state dict, with its weights."""
    if "conv_cat.weight" in state:
        outputs, features = state["upsampler.0.weight"].shape[:2]
        net: Compact | Span = Span(round((outputs / 3) ** 0.5), features)
    else:
        last = max(int(name.split(".")[1]) for name in state)
        outputs, features = state[f"body.{last}.weight"].shape[:2]
        net = Compact(round((outputs / 3) ** 0.5), features, last // 2 - 1)
    net.take(state)
    return net.eval()
