"""Muon for the body's kernels, the learning-rate schedule, and the running average of the weights."""

import torch
from torch import Tensor, nn


def orthogonalised(matrices: Tensor) -> Tensor:
    """Roughly U V^T of the singular value decomposition U S V^T, by five quintic Newton-Schulz steps.

    `matrices`: layers x rows x columns with no more rows than columns. Coefficients: Jordan et al., "Muon" (2024).
    """
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised per kernel (outputs x inputs*9). Parameters are layers x outputs x inputs x 3 x 3.

    The update is scaled to Adam's usual root-mean-square of 0.2 (Liu et al. 2025, "Muon is scalable"), so that
    both optimisers take the same learning rate. `lr` is a tensor: a captured graph reads it anew on every replay.
    """

    def __init__(self, parameters: list[nn.Parameter], lr: Tensor, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        for parameter in parameters:
            self.state[parameter]["momentum"] = torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                momentum = self.state[parameter]["momentum"]
                momentum.mul_(group["momentum"]).add_(parameter.grad)
                ahead = (parameter.grad + group["momentum"] * momentum).flatten(2)
                update = orthogonalised(ahead) * (0.2 * max(ahead.shape[1:]) ** 0.5)
                parameter.sub_(update.view_as(parameter) * group["lr"])


def rate(step: int, warmup: int, decayed: float) -> float:
    """Warmup-stable-decay factor in 0..1 for 0-based `step` (Hu et al. 2024; Haegele et al. 2024: 1 - sqrt)."""
    return min(1.0, (step + 1) / warmup) * (1.0 - decayed**0.5)
