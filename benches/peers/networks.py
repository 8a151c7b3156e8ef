"""The networks that are timed, with random weights, under the names that the field's checkpoints use.

Speed does not depend on what the weights are, as long as no number leaves its usual range: `build` scales
every convolution so that its output has unit variance, as trained networks roughly do.
"""

import copy
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn

SEED = 20_26


def conv(inside, out, side=3):
    return nn.Conv2d(inside, out, side, padding=side // 2)


class Compact(nn.Module):
    """SRVGGNetCompact (Real-ESRGAN, 2021). `depth` counts the convolutions between the first and the last."""

    def __init__(self, features, depth, scale):
        super().__init__()
        self.scale = scale
        chain = [conv(3, features), nn.PReLU(features)]
        for _ in range(depth):
            chain += [conv(features, features), nn.PReLU(features)]
        self.body = nn.Sequential(*chain, conv(features, 3 * scale**2))

    def forward(self, x):
        enlarged = F.interpolate(x, scale_factor=float(self.scale), mode="nearest")
        return F.pixel_shuffle(self.body(x), self.scale) + enlarged


class Merged(nn.Module):
    """SPAN's 3x3 convolution with its training-time branches merged."""

    def __init__(self, inside, out):
        super().__init__()
        self.eval_conv = conv(inside, out)

    def forward(self, x):
        return self.eval_conv(x)


class SpanBlock(nn.Module):
    """Three convolutions and parameter-free attention; returns the first's activated result as well."""

    def __init__(self, features):
        super().__init__()
        self.c1_r = Merged(features, features)
        self.c2_r = Merged(features, features)
        self.c3_r = Merged(features, features)

    def forward(self, x):
        inner = F.silu(self.c1_r(x))
        v = self.c3_r(F.silu(self.c2_r(inner)))
        return (v + x) * (torch.sigmoid(v) - 0.5), inner


class Span(nn.Module):
    """SPAN (NTIRE 2024) as it is run: branches merged, the mean of DIV2K subtracted from the input."""

    BLOCKS = 6

    def __init__(self, features, scale):
        super().__init__()
        mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)
        self.conv_1 = Merged(3, features)
        for i in range(1, self.BLOCKS + 1):
            setattr(self, f"block_{i}", SpanBlock(features))
        self.conv_2 = Merged(features, features)
        self.conv_cat = conv(4 * features, features, 1)
        self.upsampler = nn.Sequential(conv(features, 3 * scale**2), nn.PixelShuffle(scale))

    def forward(self, x):
        feature = y = self.conv_1((x - self.mean) * 255.0)
        inner = first = None
        for i in range(1, self.BLOCKS + 1):
            y, inner = getattr(self, f"block_{i}")(y)
            first = y if first is None else first
        maps = torch.cat([feature, self.conv_2(y), first, inner], 1)
        return self.upsampler(self.conv_cat(maps))


class DenseBlock(nn.Module):
    """Five convolutions, each over the input and all results before it."""

    def __init__(self, features, growth):
        super().__init__()
        for i in range(4):
            setattr(self, f"conv{i + 1}", conv(features + i * growth, growth))
        self.conv5 = conv(features + 4 * growth, features)

    def forward(self, x):
        maps = [x]
        for i in range(1, 5):
            maps.append(F.leaky_relu(getattr(self, f"conv{i}")(torch.cat(maps, 1)), 0.2))
        return x + 0.2 * self.conv5(torch.cat(maps, 1))


class ResidualInResidual(nn.Module):
    """Three dense blocks with a residual around them."""

    def __init__(self, features, growth):
        super().__init__()
        self.rdb1 = DenseBlock(features, growth)
        self.rdb2 = DenseBlock(features, growth)
        self.rdb3 = DenseBlock(features, growth)

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class Rrdb(nn.Module):
    """ESRGAN's generator for a factor of four."""

    def __init__(self, blocks, features, growth):
        super().__init__()
        self.conv_first = conv(3, features)
        self.body = nn.Sequential(*(ResidualInResidual(features, growth) for _ in range(blocks)))
        self.conv_body = conv(features, features)
        self.conv_up1 = conv(features, features)
        self.conv_up2 = conv(features, features)
        self.conv_hr = conv(features, features)
        self.conv_last = conv(features, 3)

    def forward(self, x):
        feature = self.conv_first(x)
        y = feature + self.conv_body(self.body(feature))
        for up in (self.conv_up1, self.conv_up2):
            y = F.leaky_relu(up(F.interpolate(y, scale_factor=2.0, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(y), 0.2))


@dataclasses.dataclass(frozen=True)
class Family:
    """A network: how to make it, and the mean and deviation of its last convolution's output."""

    make: object
    mean: float
    deviation: float


# A picture file carries outputs to the check of upwise, so they have to stay between 0 and 1. Compact adds
# its input to what its convolutions make.
FAMILIES = {
    "Compact 64x16": Family(lambda: Compact(64, 16, 4), 0.0, 0.05),
    "SPAN-48": Family(lambda: Span(48, 4), 0.5, 0.1),
    "RRDB 23x64/32": Family(lambda: Rrdb(23, 64, 32), 0.5, 0.1),
}


def picture(side):
    """Structure at several scales from 0.3 to 0.7; a file of 16 bits holds every sample exactly."""
    random = torch.Generator().manual_seed(SEED)
    x = torch.zeros(1, 3, side, side)
    for step in (1, 4, 16):
        noise = torch.rand(1, 3, -(-side // step), -(-side // step), generator=random)
        x += F.interpolate(noise, size=(side, side), mode="bilinear") / 3
    return ((0.3 + 0.4 * x) * 65535).round() / 65535


@torch.no_grad()
def build(name):
    """The network called `name`, its weights random and always the same."""
    family = FAMILIES[name]
    torch.manual_seed(SEED)
    net = family.make().eval().requires_grad_(False)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    last = convolutions[-1]

    def normalise(module, _, output):
        gain = (family.deviation if module is last else 1.0) / output.std()
        module.weight *= gain
        module.bias *= gain
        return output * gain

    for module in convolutions:
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias)
    hooks = [module.register_forward_hook(normalise) for module in convolutions]
    net(picture(32))
    for hook in hooks:
        hook.remove()
    last.bias.fill_(family.mean)
    return net


@torch.no_grad()
def macs_per_pixel(net):
    """Multiply-adds of all convolutions per input pixel, counted directly."""
    total, side = 0, 64

    def count(module, _, output):
        nonlocal total
        total += module.weight.numel() * output.shape[2] * output.shape[3]

    net = copy.deepcopy(net).to("meta")
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    net(torch.empty(1, 3, side, side, device="meta"))
    return total // side**2
