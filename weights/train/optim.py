"""Muon for the hidden kernels, Adam for everything else, and the learning-rate schedule."""

import torch
from torch import Tensor


def orthogonalised(matrix: Tensor) -> Tensor:
    """Roughly U V^T of the singular value decomposition U S V^T, by five quintic Newton-Schulz steps.

    `matrix` has no more rows than columns. Coefficients: Jordan et al., "Muon" (2024).
    """
    x = matrix / (matrix.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised per kernel (outputs x inputs*9).

    The update is scaled to Adam's usual root-mean-square of 0.2 (Liu et al. 2025, "Muon is scalable"), so that
    both optimisers take the same learning rate.
    """

    def __init__(self, parameters: list[Tensor], lr: float, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
                ahead = parameter.grad + group["momentum"] * momentum
                update = orthogonalised(ahead.flatten(1)) * (0.2 * max(ahead.flatten(1).shape) ** 0.5)
                parameter.add_(update.view_as(parameter), alpha=-group["lr"])


def rate(step: int, warmup: int, decay_start: int | None, decay_steps: int) -> float:
    """Warmup-stable-decay factor in 0..1 for 0-based `step` (Hu et al. 2024; Haegele et al. 2024: 1 - sqrt)."""
    if decay_start is not None and step >= decay_start:
        return max(0.0, 1.0 - ((step - decay_start) / decay_steps) ** 0.5)
    return min(1.0, (step + 1) / warmup)
