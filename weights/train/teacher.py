"""What a mean of networks makes of a picture, as part of the truth.

A pair's truth is one of many that would have given the same small picture; a network that is fitted to squared errors wants their
mean. Networks in eight orientations are nearer to it than any alone (self-ensemble; Timofte et al. 2016), the one that is being
trained among them, and learning from it takes noise from each step. A network of a larger factor can teach too: what it makes is
reduced to the truth's size.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from images import resize_matrix
from nets import Net, restore


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
        outs = sum(reduced(self.mean(net, low), *high.shape[1:3]) for net in self.nets) / len(self.nets)
        truth = high + (outs.permute(0, 2, 3, 1) * 255.0 - high) * self.share
        return truth.round().clamp(0, 255).to(torch.uint8)

    def mean(self, net: Net, low: Tensor) -> Tensor:
        """What a network makes of N x 3 x H x W in eight orientations."""
        outs = []
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            for quarters in range(4):
                for flipped in ((), (3,)):
                    out = net(low.rot90(quarters, (2, 3)).flip(flipped)).float()
                    outs.append(out.flip(flipped).rot90(-quarters, (2, 3)))
        return sum(outs) / len(outs)


def reduced(images: Tensor, height: int, width: int) -> Tensor:
    """N x C x H x W by MATLAB's bicubic to height x width, untouched where that is their size."""
    if images.shape[2:] == (height, width):
        return images
    rows, columns = (
        torch.from_numpy(resize_matrix(*sides)).to(images) for sides in zip(images.shape[2:], (height, width))
    )
    return rows @ images @ columns.T
