"""What a mean of networks makes of a picture, as part of the truth.

A pair's truth is one of many that would have given the same small picture; a network that is fitted to squared errors wants their
mean. Networks in eight orientations are nearer to it than any alone (self-ensemble; Timofte et al. 2016), the one that is being
trained among them, and learning from it takes noise from each step.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from nets import restore


class Teacher:
    """`share` is the part that the networks' mean has in a truth; the rest stays what it was."""

    def __init__(self, files: list[Path], share: float, device: str, mixed: bool):
        states = [{name: tensor.float() for name, tensor in load_file(file).items()} for file in files]
        self.nets = [restore(state).to(device) for state in states]
        self.share, self.device, self.mixed = share, device, mixed

    @torch.no_grad()
    def truths(self, low: Tensor, high: Tensor) -> Tensor:
        """N x sH x sW x 3 uint8 for small pictures N x H x W x 3 and their truths, both uint8."""
        low = low.permute(0, 3, 1, 2).float() / 255.0
        mean = torch.zeros_like(high, dtype=torch.float32).permute(0, 3, 1, 2)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            for net in self.nets:
                for quarters in range(4):
                    for flipped in ((), (3,)):
                        out = net(low.rot90(quarters, (2, 3)).flip(flipped)).float()
                        mean += out.flip(flipped).rot90(-quarters, (2, 3)) / (8 * len(self.nets))
        truth = high + (mean.permute(0, 2, 3, 1) * 255.0 - high) * self.share
        return truth.round().clamp(0, 255).to(torch.uint8)
