"""Trains the small network that looks at a picture's pixels (analyzer/src/measures/glance).

    python glance.py LABELS.tsv PICTURES

LABELS and PICTURES are what `upwise-outcome --pictures PICTURES` wrote. The network learns what every way to enlarge a picture
came to, and beside that what had been done to the picture. It sees two thirds of the sources; on the others, on which it is as good
as on any stranger, `fit.py` calibrates the odds.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F

from labels import read

OUT = Path(__file__).parent.parent / "src/measures/glance"
HALF, QUARTER, SEEN, HIDDEN = 32, 48, 48, 64  # channels at half and at a quarter of the size, channels pooled, width of the head
SLOPE = 0.1  # of leaky ReLU
# The six answers: a plain filter's utility, what a network gains over it, what a fix before gains over that; by 2 and by 4.
ANSWERS = 6
GAIN_WEIGHT = 2.0  # gains are a third as spread as utilities
DAMAGE = 7
BATCH, CROP, WHOLE = 24, 64, 0.2  # crops of whole pictures until the last fifth of the steps
RATE, DECAY, AVERAGE = 3e-3, 2e-2, 0.998
FLOOR = 1e-4  # of a variance


def haar(x: Tensor) -> Tensor:
    """Blocks of 2x2 as their mean and three differences, which are small and matter most; N x 3 x H x W to N x 12 x H/2 x W/2."""
    n, _, height, width = x.shape
    a, b, c, d = F.pixel_unshuffle(x, 2).view(n, 3, 4, height // 2, width // 2).unbind(2)
    return torch.cat([(a + b + c + d) / 2, (a - b + c - d) * 6, (a + b - c - d) * 6, (a - b - c + d) * 10], 1)


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


class Glance(nn.Module):
    """Six convolutions, mean and deviation of what they see, two layers on top."""

    def __init__(self):
        super().__init__()
        self.body = nn.ModuleList([
            convolution(12, HALF), convolution(HALF, HALF), convolution(HALF, QUARTER, 2),
            convolution(QUARTER, QUARTER), convolution(QUARTER, QUARTER), convolution(QUARTER, SEEN),
        ])
        self.norm = nn.BatchNorm1d(2 * SEEN)
        self.hidden = nn.Linear(2 * SEEN, HIDDEN)
        self.answer = nn.Linear(HIDDEN, ANSWERS + DAMAGE)

    def seen(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Pictures, 0 to 1, of sides that are multiples of four; `mask` is 0 outside smaller ones of a batch."""
        x = haar(x - 0.5 if mask is None else (x - 0.5) * mask)
        masks = {2: None, 4: None} if mask is None else {step: mask[:, :, ::step, ::step] for step in (2, 4)}
        for i, layer in enumerate(self.body):
            x = layer(x)
            x = x if i + 1 == len(self.body) else F.leaky_relu(x, SLOPE, inplace=True)
            inside = masks[2 if i < 2 else 4]
            x = x if inside is None else x * inside
        share = 1.0 if mask is None else masks[4].mean((2, 3))
        mean = x.mean((2, 3)) / share
        variance = (x.square().mean((2, 3)) / share - mean.square()).clamp(min=0)
        return torch.cat([mean, (variance + FLOOR).log()], 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        hidden = F.relu(self.hidden(self.norm(self.seen(x, mask))))
        return self.answer(F.dropout(hidden, 0.1, self.training))

    def exported(self) -> dict[str, Tensor]:
        """As the analyzer runs it: differences and normalisations are part of the weights."""
        tensors = {}
        for i, (conv, norm) in enumerate(self.body):
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            weight, bias = conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
            if i == 0:
                # From the channels of `haar` to those of a pixel unshuffle.
                basis = haar(F.pixel_shuffle(torch.eye(12)[:, :, None, None], 2))[:, :, 0, 0].T
                weight = torch.einsum("ohyx,hp->opyx", weight, basis)
            tensors[f"body.{i}.weight"], tensors[f"body.{i}.bias"] = weight, bias
        scale = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        shift = self.norm.bias - self.norm.running_mean * scale
        tensors["hidden.weight"] = self.hidden.weight * scale
        tensors["hidden.bias"] = self.hidden.bias + self.hidden.weight @ shift
        tensors["answer.weight"], tensors["answer.bias"] = self.answer.weight[:ANSWERS], self.answer.bias[:ANSWERS]
        return {name: tensor.detach().half().contiguous() for name, tensor in tensors.items()}


def answers(rows) -> Tensor:
    columns = []
    for scale in (2, 4):
        bicubic, direct, chain = (rows.column(f"u{scale}.{name}") for name in ("bicubic", "direct", "chain"))
        columns += [bicubic, direct - bicubic, chain - direct]
    return torch.tensor(np.stack(columns, axis=1), dtype=torch.float32)


def utilities(answered: np.ndarray) -> np.ndarray:
    """Utilities of a plain filter, a network, and a fix before it, from answers; N x 2 x 3."""
    return answered.reshape(-1, 2, 3).cumsum(axis=2)


def damage(rows) -> Tensor:
    """What had been done to each picture, in numbers of about 1."""
    found = []
    for words in rows.text("damage"):
        done = {name: float(value) for name, value in (word.split("=") for word in words.split())}
        found.append([
            math.log1p(done.get("noise", done.get("early-noise", 0))) / 2, done.get("blur", 0), math.log(done.get("factor", 1)),
            (100 - done.get("jpeg", 100)) / 50, (100 - done.get("first-jpeg", 100)) / 50, math.log1p(done.get("motion", 0)),
            1 - done.get("contrast", 1),
        ])
    return torch.tensor(found)


def pictures(rows, folder: Path) -> list[Tensor]:
    """3 x H x W, 8 bits, sides cut to multiples of four."""
    found = []
    for case in rows.text("case"):
        pixels = np.array(Image.open(folder / f"{case.replace('/', '-')}.png").convert("RGB"))
        height, width = (side // 4 * 4 for side in pixels.shape[:2])
        found.append(torch.from_numpy(pixels[:height, :width]).permute(2, 0, 1).contiguous())
    return found


def turned(random: np.random.Generator, x: Tensor) -> Tensor:
    """One of eight orientations."""
    way = random.integers(8)
    x = x.flip(2) if way & 1 else x
    x = x.flip(1) if way & 2 else x
    return x.transpose(1, 2) if way & 4 else x


def cropped(random: np.random.Generator, x: Tensor) -> Tensor:
    top, left = (random.integers(0, side - CROP + 1) for side in x.shape[1:])
    return x[:, top : top + CROP, left : left + CROP]


def batch(chosen: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Pictures of several sizes on one canvas, and where they are."""
    height, width = (max(x.shape[i] for x in chosen) for i in (1, 2))
    canvas, mask = torch.zeros(len(chosen), 3, height, width), torch.zeros(len(chosen), 1, height, width)
    for i, x in enumerate(chosen):
        canvas[i, :, : x.shape[1], : x.shape[2]] = x / 255
        mask[i, :, : x.shape[1], : x.shape[2]] = 1
    return canvas, mask


@torch.inference_mode()
def ask(net: Glance, images: list[Tensor]) -> np.ndarray:
    """Answers about whole pictures."""
    net.eval()
    found = [net(x[None] / 255)[0, :ANSWERS] for x in images]
    net.train()
    return torch.stack(found).numpy()


def train(images: list[Tensor], wanted: Tensor, done: Tensor, steps: int, report) -> Glance:
    random = np.random.default_rng(1)
    torch.manual_seed(1)
    net, average = (Glance().to(memory_format=torch.channels_last) for _ in range(2))
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=DECAY)
    weight = torch.tensor([1, GAIN_WEIGHT, GAIN_WEIGHT] * 2)
    order: list[int] = []
    started = time.monotonic()
    for step in range(steps):
        part = step / steps
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * (1 + math.cos(math.pi * part)) / 2
        if len(order) < BATCH:
            order = list(random.permutation(len(images)))
        chosen, order = order[:BATCH], order[BATCH:]
        views = [turned(random, images[i]) for i in chosen]
        if part < 1 - WHOLE:
            views = torch.stack([cropped(random, x) for x in views])
            given = net(views.to(torch.float32, memory_format=torch.channels_last) / 255)
        else:
            given = net(*batch(views))
        loss = F.smooth_l1_loss(given[:, :ANSWERS] * weight, wanted[chosen] * weight, beta=0.05)
        loss = loss + 0.1 * F.smooth_l1_loss(given[:, ANSWERS:], done[chosen], beta=0.2)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        keep = min(AVERAGE, (step + 1) / (step + 11))
        with torch.no_grad():
            for mine, now in zip(average.state_dict().values(), net.state_dict().values()):
                mine.copy_(keep * mine + (1 - keep) * now if mine.is_floating_point() else now)
        if (step + 1) % max(1, steps // 8) == 0:
            print(f"{step + 1} steps, {time.monotonic() - started:.0f} s: {report(average)}", flush=True)
    return average


def golden(net: Glance) -> str:
    """Utilities of two pictures that the analyzer's test draws as well, from the weights as they are written."""
    exported = {name: tensor.float() for name, tensor in net.exported().items()}
    lines = []
    for width, height, draw in (
        (96, 72, lambda x, y, c: 128 + (x * 3 + y * 2 + c * 40) % 97 - x * y // 7 % 61),
        (64, 100, lambda x, y, c: (x * 7 + y * 13 + c * 29) * 37 % 256 + x * y),
    ):
        c, y, x = np.indices((3, height, width))
        picture = torch.from_numpy((draw(x, y, c) % 256).astype(np.float32))
        v = F.pixel_unshuffle(picture[None] / 255 - 0.5, 2)
        for i in range(len(net.body)):
            v = F.conv2d(v, exported[f"body.{i}.weight"], exported[f"body.{i}.bias"], 2 if i == 2 else 1, 1)
            v = v if i + 1 == len(net.body) else F.leaky_relu(v, SLOPE)
        pooled = torch.cat([v.mean((2, 3)), (v.var((2, 3), correction=0) + FLOOR).log()], 1)
        hidden = F.relu(F.linear(pooled, exported["hidden.weight"], exported["hidden.bias"]))
        answered = F.linear(hidden, exported["answer.weight"], exported["answer.bias"])
        lines.append("\t".join(f"{u:.5f}" for u in utilities(answered.detach().numpy()).ravel()))
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for glance.safetensors and golden.tsv")
    args = parser.parse_args()
    rows = read(args.labels).split("train")
    learned, held = rows.part("seen"), rows.part("strangers")
    strangers = pictures(held, args.pictures)
    works = held.flag("works_4x")

    def report(net: Glance) -> str:
        given = ask(net, strangers)
        error = np.abs(given - answers(held).numpy()).mean(axis=0)
        area = roc_auc_score(works, utilities(given)[:, 1].max(axis=1))
        return f"mean errors {' '.join(f'{e:.4f}' for e in error)}, AUROC of 4x {area:.4f} on {len(held)} strangers"

    net = train(pictures(learned, args.pictures), answers(learned), damage(learned), args.steps, report)
    save_file(net.eval().exported(), args.out / "glance.safetensors")
    (args.out / "golden.tsv").write_text(golden(net))


if __name__ == "__main__":
    main()
