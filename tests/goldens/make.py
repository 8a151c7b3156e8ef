"""Makes the golden files in this folder: tiny seeded networks of every family, and what PyTorch computes.

    python make.py            (needs torch, safetensors and numpy; a second of one core)

For each network there is NAME.safetensors, its weights in the family's own key style, and
NAME.golden.safetensors with `input` (1 x channels x height x width, values in [0, 1]) and `output`. The
forward passes are written as functions over the weights, straight from the papers, in double precision;
weights are rounded to the type that they are stored in first. The types vary on purpose.

The sizes are odd and small: files stay at a few kilobytes and every edge is met.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = Path(__file__).parent
LEAKY_RRDB, LEAKY_RLFN = 0.2, 0.05


class Weights(dict):
    """State dict that grows as layers are declared; numbers come from its own generator."""

    def __init__(self, seed, dtype):
        super().__init__()
        self.random = torch.Generator().manual_seed(seed)
        self.dtype = dtype

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.random, dtype=torch.float64)

    def put(self, name, value):
        self[name] = value.to(self.dtype)

    def conv(self, name, inside, out, side, gain=1.4):
        """A convolution whose output varies about as much as its input."""
        self.put(f"{name}.weight", self.normal(out, inside, side, side) * gain / (inside * side * side) ** 0.5)
        self.put(f"{name}.bias", self.normal(out) * 0.1)

    def bare(self, name, shape, gain=1.4):
        """The same without a bias; `shape` as in the state dict."""
        self.put(f"{name}.weight", self.normal(*shape) * gain / (shape[1] * shape[2] * shape[3]) ** 0.5)

    def apply(self, name, x, stride=1, padding=None):
        weight, bias = self[f"{name}.weight"].double(), self[f"{name}.bias"].double()
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2 if padding is None else padding)


def compact(w, channels, features, depth, scale, activation="prelu"):
    last = 2 * depth + 2
    w.conv("body.0", channels, features, 3)
    for i in range(2, last, 2):
        w.conv(f"body.{i}", features, features, 3)
    w.conv(f"body.{last}", features, channels * scale**2, 3)
    if activation == "prelu":
        for i in range(1, last, 2):
            w.put(f"body.{i}.weight", w.normal(features) * 0.3)

    def forward(x):
        y = x
        for i in range(0, last, 2):
            y = w.apply(f"body.{i}", y)
            slope = w[f"body.{i + 1}.weight"].double() if activation == "prelu" else None
            y = F.prelu(y, slope) if slope is not None else F.leaky_relu(y, {"relu": 0.0, "leakyrelu": 0.1}[activation])
        y = F.pixel_shuffle(w.apply(f"body.{last}", y), scale)
        return y + x.repeat_interleave(scale, 2).repeat_interleave(scale, 3)

    return forward


def span(w, features, blocks, scale, training, norm):
    names = ["conv_1", *(f"block_{b}.c{i}_r" for b in range(1, blocks + 1) for i in (1, 2, 3)), "conv_2"]
    for name in names:
        inside = 3 if name == "conv_1" else features
        # Inputs of up to 255 are brought back to the size that attention and SiLU work at.
        gain = 0.01 if name == "conv_1" and norm else 1.4
        if training:
            w.conv(f"{name}.sk", inside, features, 1, gain / 2)
            w.conv(f"{name}.conv.0", inside, 2 * inside, 1, gain)
            w.conv(f"{name}.conv.1", 2 * inside, 2 * features, 3, 1)
            w.conv(f"{name}.conv.2", 2 * features, features, 1, 1)
        # In training form this is never used, and random: whoever reads it fails.
        w.conv(f"{name}.eval_conv", inside, features, 3, gain)
    w.conv("conv_cat", 4 * features, features, 1)
    w.conv("upsampler.0", features, 3 * scale**2, 3)
    if not norm:
        w.put("no_norm", torch.zeros(1))

    def conv(name, x):
        if not training:
            return w.apply(f"{name}.eval_conv", x)
        y = w.apply(f"{name}.conv.0", F.pad(x, (1, 1, 1, 1)), padding=0)
        y = w.apply(f"{name}.conv.2", w.apply(f"{name}.conv.1", y, padding=0), padding=0)
        return y + w.apply(f"{name}.sk", x)

    def forward(x):
        if norm:
            x = (x - torch.tensor([0.4488, 0.4371, 0.4040], dtype=torch.float64).view(3, 1, 1)) * 255
        feature = out = conv("conv_1", x)
        ends = []
        for b in range(1, blocks + 1):
            inner = F.silu(conv(f"block_{b}.c1_r", out))
            v = conv(f"block_{b}.c3_r", F.silu(conv(f"block_{b}.c2_r", inner)))
            out = (v + out) * (torch.sigmoid(v) - 0.5)
            ends.append(out)
        maps = torch.cat([feature, conv("conv_2", out), ends[0], inner], 1)
        return F.pixel_shuffle(w.apply("upsampler.0", w.apply("conv_cat", maps)), scale)

    return forward


def rrdb(w, features, growth, blocks, ups, unshuffle):
    w.conv("conv_first", 3 * unshuffle**2, features, 3)
    dense = [f"body.{b}.rdb{r}" for b in range(blocks) for r in (1, 2, 3)]
    for name in dense:
        for i in range(1, 5):
            w.conv(f"{name}.conv{i}", features + (i - 1) * growth, growth, 3)
        w.conv(f"{name}.conv5", features + 4 * growth, features, 3)
    for name in ["conv_body", *(f"conv_up{i}" for i in range(1, ups + 1)), "conv_hr"]:
        w.conv(name, features, features, 3)
    w.conv("conv_last", features, 3, 3)

    def dense_block(name, x):
        maps = [x]
        for i in range(1, 5):
            maps.append(F.leaky_relu(w.apply(f"{name}.conv{i}", torch.cat(maps, 1)), LEAKY_RRDB))
        return x + 0.2 * w.apply(f"{name}.conv5", torch.cat(maps, 1))

    def forward(x):
        if unshuffle > 1:
            x = F.pixel_unshuffle(x, unshuffle)
        feature = y = w.apply("conv_first", x)
        for b in range(blocks):
            inner = y
            for r in (1, 2, 3):
                inner = dense_block(f"body.{b}.rdb{r}", inner)
            y = y + 0.2 * inner
        y = feature + w.apply("conv_body", y)
        for i in range(1, ups + 1):
            y = y.repeat_interleave(2, 2).repeat_interleave(2, 3)
            y = F.leaky_relu(w.apply(f"conv_up{i}", y), LEAKY_RRDB)
        return w.apply("conv_last", F.leaky_relu(w.apply("conv_hr", y), LEAKY_RRDB))

    return forward


def rlfn(w, features, middle, attention, blocks, scale):
    w.conv("conv_1", 3, features, 3, 0.01)
    for b in range(1, blocks + 1):
        name = f"block_{b}"
        w.conv(f"{name}.c1_r", features, middle, 3)
        w.conv(f"{name}.c2_r", middle, middle, 3)
        w.conv(f"{name}.c3_r", middle, features, 3)
        w.conv(f"{name}.c5", features, features, 1)
        w.conv(f"{name}.esa.conv1", features, attention, 1)
        w.conv(f"{name}.esa.conv_f", attention, attention, 1)
        w.conv(f"{name}.esa.conv2", attention, attention, 3)
        w.conv(f"{name}.esa.conv3", attention, attention, 3)
        w.conv(f"{name}.esa.conv4", attention, features, 1)
    w.conv("conv_2", features, features, 3)
    # Its output is in the range of 0 to 255 as well.
    w.conv("upsampler.0", features, 3 * scale**2, 3, 100)

    def attend(name, x):
        reduced = w.apply(f"{name}.conv1", x)
        y = F.max_pool2d(w.apply(f"{name}.conv2", reduced, stride=2, padding=0), 7, 3)
        y = F.interpolate(w.apply(f"{name}.conv3", y), x.shape[2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(w.apply(f"{name}.conv4", y + w.apply(f"{name}.conv_f", reduced)))

    def forward(x):
        feature = y = w.apply("conv_1", x * 255)
        for b in range(1, blocks + 1):
            z = y
            for i in (1, 2, 3):
                z = F.leaky_relu(w.apply(f"block_{b}.c{i}_r", z), LEAKY_RLFN)
            y = attend(f"block_{b}.esa", w.apply(f"block_{b}.c5", z + y))
        y = w.apply("upsampler.0", w.apply("conv_2", y) + feature)
        return F.pixel_shuffle(y, scale) / 255

    return forward


def drunet(w, features, blocks):
    """Zhang et al. 2021 (DPIR), told that the noise has a level of 15 of 255."""
    levels = len(features)

    def residual(way, places, width):
        for i in places:
            w.bare(f"{way}.{i}.res.0", (width, width, 3, 3))
            w.bare(f"{way}.{i}.res.2", (width, width, 3, 3), 0.5)

    w.bare("m_head", (features[0], 4, 3, 3))
    for level in range(1, levels):
        above, below = features[level - 1], features[level]
        residual(f"m_down{level}", range(blocks), above)
        w.bare(f"m_down{level}.{blocks}", (below, above, 2, 2))
        w.put(f"m_up{level}.0.weight", w.normal(below, above, 2, 2) / below**0.5)
        residual(f"m_up{level}", range(1, blocks + 1), above)
    residual("m_body", range(blocks), features[-1])
    w.bare("m_tail", (3, features[0], 3, 3), 0.3)

    def conv(name, x, **options):
        return F.conv2d(x, w[f"{name}.weight"].double(), **options)

    def blocks_of(way, places, x):
        for i in places:
            inner = F.relu(conv(f"{way}.{i}.res.0", x, padding=1))
            x = x + conv(f"{way}.{i}.res.2", inner, padding=1)
        return x

    def forward(x):
        height, width = x.shape[2:]
        whole = 2 ** (levels - 1)
        x = F.pad(x, (0, -width % whole, 0, -height % whole), "reflect")
        level_map = torch.full_like(x[:, :1], 15 / 255)
        skips = [conv("m_head", torch.cat([x, level_map], 1), padding=1)]
        for level in range(1, levels):
            y = blocks_of(f"m_down{level}", range(blocks), skips[-1])
            skips.append(conv(f"m_down{level}.{blocks}", y, stride=2))
        y = blocks_of("m_body", range(blocks), skips[-1])
        for level in range(levels - 1, 0, -1):
            y = F.conv_transpose2d(y + skips[level], w[f"m_up{level}.0.weight"].double(), stride=2)
            y = blocks_of(f"m_up{level}", range(1, blocks + 1), y)
        return conv("m_tail", y + skips[0], padding=1)[:, :, :height, :width]

    return forward


def make(name, seed, dtype, size, build, metadata=None):
    weights = Weights(seed, dtype)
    forward = build(weights)
    channels, height, width = size
    x = torch.rand(1, channels, height, width, generator=weights.random).double()
    with torch.no_grad():
        y = forward(x)
    weights = {k: v.contiguous() for k, v in weights.items()}
    save_file(weights, HERE / f"{name}.safetensors", metadata)
    save_file({"input": x.float(), "output": y.float().contiguous()}, HERE / f"{name}.golden.safetensors")
    print(f"{name:28} {tuple(y.shape)}, {float(y.min()):.2f} to {float(y.max()):.2f}")
    return weights


def main():
    f16, bf16, f32, f64 = torch.float16, torch.bfloat16, torch.float32, torch.float64
    plain = make("compact-8x2-x2", 1, f32, (3, 13, 10), lambda w: compact(w, 3, 8, 2, 2))
    make("compact-4x1-x3-grey", 2, f64, (1, 7, 9), lambda w: compact(w, 1, 4, 1, 3))
    make("compact-6x2-x1-rgba", 3, f16, (4, 9, 8), lambda w: compact(w, 4, 6, 2, 1))
    for seed, act in ((4, "relu"), (5, "leakyrelu")):
        make(f"compact-4x1-x2-{act}", seed, f32, (3, 6, 7), lambda w: compact(w, 3, 4, 1, 2, act), {"act_type": act})
    make("span-6-x2", 6, f16, (3, 12, 9), lambda w: span(w, 6, 2, 2, True, True))
    make("span-5-x3-slim", 7, f32, (3, 8, 7), lambda w: span(w, 5, 3, 3, False, False))
    make("rrdb-8-x4", 8, f16, (3, 9, 11), lambda w: rrdb(w, 8, 4, 1, 2, 1))
    make("rrdb-6-x2", 9, bf16, (3, 12, 14), lambda w: rrdb(w, 6, 3, 1, 2, 2))
    make("rlfn-6-x2", 10, f32, (3, 17, 22), lambda w: rlfn(w, 6, 8, 4, 2, 2))
    make("drunet-4", 11, f16, (3, 24, 16), lambda w: drunet(w, [4, 6, 5, 8], 2))

    # PyTorch's own containers, with the wrappers and prefixes that trainers leave, and one tensor that is
    # a transposed view of its storage.
    first = plain["body.2.weight"]
    view = first.transpose(0, 1).contiguous().transpose(0, 1)
    tensors = {f"module.{k}": (view if v is first else v) for k, v in plain.items()}
    torch.save({"epoch": 3, "lr": 1e-4, "params": {}, "params_ema": tensors}, HERE / "compact-8x2-x2.pth")
    torch.save(
        {"state_dict": {f"netG.{k}": torch.nn.Parameter(v) for k, v in plain.items()}},
        HERE / "compact-8x2-x2-legacy.pth",
        _use_new_zipfile_serialization=False,
    )


if __name__ == "__main__":
    main()
