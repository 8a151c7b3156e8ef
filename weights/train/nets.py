"""The networks that are trained, in the form in which they are trained.

They hold the 3x3 kernels of their body as one tensor (one for each width), so that an optimiser step is a few batched operations.
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


class Drunet(nn.Module):
    """DRUNet of DPIR (Zhang et al., "Plug-and-Play Image Restoration with Deep Denoiser Prior", 2021), of factor 1: residual blocks
    at four resolutions, each with half the pixels along an axis of the one before, without biases.

    The published network is told the noise's level by a fourth channel. Here that is always `LEVEL`, what spandrel and the engine
    tell it, and the network finds the level by itself.
    """

    LEVEL = 15.0 / 255.0

    def __init__(self, features: list[int], blocks: int):
        super().__init__()
        self.blocks, self.multiple = blocks, 2 ** (len(features) - 1)
        self.head = he_normal(features[0], 4, 3, 3)
        # For each level the convolutions on the way down and then those on the way up, two a block; of the last there is one way.
        convolutions = [4 * blocks] * (len(features) - 1) + [2 * blocks]
        self.body = nn.ParameterList(he_normal(n, f, f, 3, 3) for n, f in zip(convolutions, features))
        self.down = nn.ParameterList(he_normal(b, a, 2, 2, gain=0.7) for a, b in zip(features, features[1:]))
        self.up = nn.ParameterList(he_normal(b, a, 2, 2, gain=0.3) for a, b in zip(features, features[1:]))
        self.tail = he_normal(3, features[0], 3, 3, gain=0.03)
        with torch.no_grad():
            for kernels in self.body:
                kernels[1::2] *= 0.3
            # R, G and B pass through the outermost skip.
            self.head[:3] = 0.0
            self.head[range(3), range(3), 1, 1] = 1.0
            self.tail[range(3), range(3), 1, 1] += 1.0

    def kernels(self) -> list[nn.Parameter]:
        """The blocks' 3x3 kernels: convolutions x outputs x inputs x 3 x 3 for each level."""
        return list(self.body)

    def names(self, level: int) -> list[str]:
        """A level's convolutions in order."""
        levels, blocks = len(self.down), range(self.blocks)
        if level == levels:
            groups = [f"m_body.{i}" for i in blocks]
        else:
            groups = [f"m_down{level + 1}.{i}" for i in blocks] + [f"m_up{level + 1}.{i + 1}" for i in blocks]
        return [f"{group}.res.{i}" for group in groups for i in (0, 2)]

    def export(self) -> State:
        """The network under its usual names."""
        state = {"m_head.weight": self.head, "m_tail.weight": self.tail}
        for level, kernels in enumerate(self.body):
            state |= {f"{name}.weight": kernel for name, kernel in zip(self.names(level), kernels)}
        for level, (down, up) in enumerate(zip(self.down, self.up)):
            state |= {f"m_down{level + 1}.{self.blocks}.weight": down, f"m_up{level + 1}.0.weight": up}
        return state

    @torch.no_grad()
    def take(self, state: State) -> None:
        """Start from an exported network of the same shape."""
        for name, mine in self.export().items():
            mine.copy_(state[name])

    def multiply_adds(self) -> int:
        """Per input pixel: every weight of a convolution as often as its level has pixels."""
        weights = self.head.numel() + self.tail.numel() + sum(kernels.numel() / 4**level for level, kernels in enumerate(self.body))
        between = enumerate(zip(self.down, self.up), start=1)
        return round(weights + sum((down.numel() + up.numel()) / 4**level for level, (down, up) in between))

    def way(self, level: int, first: int, x: Tensor) -> Tensor:
        """The residual blocks of a level from convolution `first` on."""
        kernels = self.body[level].unbind(0)[first : first + 2 * self.blocks]
        for one, two in zip(kernels[::2], kernels[1::2]):
            x = x + F.conv2d(F.relu(F.conv2d(x, one, padding=1)), two, padding=1)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x H x W, RGB in 0..1, to the same, not clipped. Sides that cannot be halved that often are mirrored up to it."""
        height, width = x.shape[2:]
        if height % self.multiple or width % self.multiple:
            x = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple), "reflect")
        out = F.conv2d(torch.cat([x, torch.full_like(x[:, :1], self.LEVEL)], 1), self.head, padding=1)
        skips = [out]
        for level, down in enumerate(self.down):
            out = F.conv2d(self.way(level, 0, out), down, stride=2)
            skips.append(out)
        out = self.way(len(self.down), 0, out)
        for level in reversed(range(len(self.up))):
            out = F.conv_transpose2d(out + skips[level + 1], self.up[level], stride=2)
            out = self.way(level, 2 * self.blocks, out)
        with torch.autocast(x.device.type, enabled=False):
            out = F.conv2d((out + skips[0]).float(), self.tail, padding=1)
        return out[:, :, :height, :width]


def merged_start(inputs: int, outputs: int) -> Tensor:
    """outputs x inputs x 3 x 3: the convolution that equals a fresh shortcut plus chain of SPAN."""

    def uniform(*shape: int) -> Tensor:
        bound = (shape[1] * shape[2] * shape[3]) ** -0.5
        return torch.empty(*shape).uniform_(-bound, bound)

    narrow, wide = uniform(2 * inputs, inputs, 1, 1), uniform(2 * outputs, 2 * inputs, 3, 3)
    kernel = torch.einsum("ow,wvij,vc->ocij", uniform(outputs, 2 * outputs, 1, 1)[..., 0, 0], wide, narrow[..., 0, 0])
    kernel[:, :, 1, 1] += uniform(outputs, inputs, 1, 1)[..., 0, 0]
    return kernel


Net = Compact | Span | Drunet


def build(config: dict) -> Net:
    """The network of a table of models.toml."""
    if config["network"] == "span":
        return Span(config["scale"], config["features"])
    if config["network"] == "drunet":
        return Drunet(config["features"], config["blocks"])
    return Compact(config["scale"], config["features"], config["hidden"])


def multiply_adds(net: Net) -> int:
    """Per input pixel."""
    if isinstance(net, Drunet):
        return net.multiply_adds()
    return sum(p.numel() for name, p in net.named_parameters() if "bias" not in name and name != "slopes")


def restore(state: State) -> Net:
    """The network of an exported state dict, with its weights."""
    if "m_head.weight" in state:
        firsts = ("m_head", "m_down2.0.res.0", "m_down3.0.res.0", "m_body.0.res.0")
        blocks = sum(name.startswith("m_body.") for name in state) // 2
        net: Net = Drunet([len(state[f"{name}.weight"]) for name in firsts], blocks)
    elif "conv_cat.weight" in state:
        outputs, features = state["upsampler.0.weight"].shape[:2]
        net = Span(round((outputs / 3) ** 0.5), features)
    else:
        last = max(int(name.split(".")[1]) for name in state)
        outputs, features = state[f"body.{last}.weight"].shape[:2]
        net = Compact(round((outputs / 3) ** 0.5), features, last // 2 - 1)
    net.take(state)
    return net.eval()
