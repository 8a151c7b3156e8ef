"""One training step, on a CPU as it stands, on CUDA captured once as a graph and replayed."""

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from data import Pool, crops
from nets import Net, State
from optim import Muon

LUMA = (0.299, 0.587, 0.114)  # of R, G and B (ITU-R BT.601)
CONTRAST = 0.03**2  # variance that SSIM adds, so that it says little of plain parts
WARM_UP = 3  # steps before a graph is captured, in which libraries choose their algorithms


def luma(images: Tensor) -> Tensor:
    """N x H x W of N x 3 x H x W."""
    return sum(share * images[:, channel] for channel, share in enumerate(LUMA))


def luma_error(out: Tensor, high: Tensor) -> Tensor:
    """Squared error of each crop, four fifths of it of luma: what PSNR-Y measures, with colour kept in sight."""
    error = out - high
    return 0.8 * luma(error).square().mean(dim=(1, 2)) + 0.2 * error.square().mean(dim=(1, 2, 3))


def luma_l2(out: Tensor, high: Tensor) -> Tensor:
    """Its mean over the crops."""
    return luma_error(out, high).mean()


def psnr(floor: float, out: Tensor, high: Tensor) -> Tensor:
    """The mean of its logarithm: what a mean of PSNR-Y over images measures. Well below `floor` a crop has nothing left to learn."""
    return (luma_error(out, high) + floor).log().mean()


def structure(out: Tensor, high: Tensor) -> Tensor:
    """1 less the contrast and structure of SSIM on luma (Wang et al., 2004), the mean over windows of 8 and 16 pixels, for each crop.

    Squared errors make detail that is partly known fainter than it is; this wants its contrast to be the truth's.
    """
    x, y = luma(out), luma(high)
    lost = []
    for side in (8, 16):
        maps = torch.stack([x, y, x * x, y * y, x * y], dim=1)
        mx, my, xx, yy, xy = torch.nn.functional.avg_pool2d(maps, side, side // 2).unbind(1)
        likeness = (2.0 * (xy - mx * my) + CONTRAST) / (xx - mx * mx + yy - my * my + CONTRAST)
        lost.append(1.0 - likeness.mean(dim=(1, 2)))
    return sum(lost) / len(lost)


def psnr_structure(floor: float, weight: float, out: Tensor, high: Tensor) -> Tensor:
    """`psnr`, and `weight` times the logarithm of what `structure` finds lost. A crop that has lost well below 0.01 has nothing left to learn."""
    return psnr(floor, out, high) + weight * (structure(out, high) + 0.01).log().mean()


def losses(config: dict) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """By the name that models.toml has for them."""
    plain = {"l1": torch.nn.functional.l1_loss, "l2": torch.nn.functional.mse_loss, "luma_l2": luma_l2}
    floored = {"psnr": partial(psnr, config["floor"]), "psnr_structure": partial(psnr_structure, config["floor"], config["structure"])}
    return plain | floored


def computes_bf16(device: str) -> bool:
    """Where a processor has no arithmetic for bf16, every step would first be converted: ten times slower than f32."""
    return device == "cuda" or torch.cpu._is_avx512_bf16_supported()


class Step:
    """The network, its average, both optimisers, and the step that moves them.

    What changes from step to step (crops, learning rates, the average's weight) lies in tensors on the device, which
    a replayed graph reads anew.
    """

    def __init__(self, net: Net, config: dict, pool: Pool, device: str):
        self.config, self.pool, self.device = config, pool, device
        self.losses = losses(config)
        self.mixed = computes_bf16(device)
        self.net = net.to(device)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.keep, self.kernel_rate, self.rate = (torch.zeros((), device=device) for _ in range(3))
        kernels = self.net.kernels()
        others = [p for p in self.net.parameters() if not any(p is k for k in kernels)]
        self.muon = Muon(kernels, self.kernel_rate)
        self.adam = torch.optim.Adam(others, self.rate, betas=(0.9, 0.99), fused=True, capturable=device == "cuda")
        self.drawn = torch.zeros(config["batch"], 6, dtype=torch.int64, device=device)
        self.error = torch.zeros((), device=device)  # summed absolute error in 8-bit units
        self.graph: torch.cuda.CUDAGraph | None = None
        self.loss, self.eager = "", 0
        self.run_net = torch.compile(self.net) if self.mixed and config["compile"] else self.net

    def __call__(self, drawn: Tensor, factor: float, step: int, loss: str) -> None:
        """Take step number `step` (from 0) on the drawn crops at `factor` of the peak learning rates."""
        config = self.config
        self.drawn.copy_(drawn, non_blocking=True)
        self.kernel_rate.fill_(config["kernel_learning_rate"] * factor)
        self.rate.fill_(config["learning_rate"] * factor)
        self.keep.fill_(min(config["ema"], (step + 1) / (step + 11)))
        if loss != self.loss:
            self.loss, self.graph, self.eager = loss, None, 0
        if self.graph:
            self.graph.replay()
        elif self.device != "cuda":
            self._step()
        elif self.eager < WARM_UP:
            self.eager += 1
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                self._step()
            torch.cuda.current_stream().wait_stream(side)
        else:
            self.net.zero_grad(set_to_none=True)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self._step()
            self.graph.replay()

    def _step(self) -> None:
        patch = self.config["patch"]
        low = crops(self.pool.low, self.drawn, patch)
        high = crops(self.pool.high, self.drawn, patch, self.pool.scale)
        self.net.zero_grad(set_to_none=True)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed, cache_enabled=False):
            out = self.run_net(low)
        self.losses[self.loss](out, high).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config["clip"])
        self.muon.step()
        self.adam.step()
        with torch.no_grad():
            self.error += (out - high).abs().mean() * 255.0
            averages, values = list(self.average.parameters()), list(self.net.parameters())
            torch._foreach_mul_(averages, self.keep)
            torch._foreach_add_(averages, torch._foreach_mul(values, 1.0 - self.keep))

    def mean_error(self, steps: int) -> float:
        """Mean absolute error of the last `steps` steps in 8-bit units; starts counting anew."""
        mean = self.error.item() / max(steps, 1)
        self.error.zero_()
        return mean

    def state(self) -> dict:
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "momentum": [self.muon.state[p]["momentum"] for p in self.net.kernels()],
            "adam": self.adam.state_dict()["state"],
        }

    def load(self, held: dict) -> None:
        self.net.load_state_dict(held["net"])
        self.average.load_state_dict(held["average"])
        for parameter, momentum in zip(self.net.kernels(), held["momentum"]):
            self.muon.state[parameter]["momentum"].copy_(momentum)
        groups = self.adam.state_dict()["param_groups"]
        self.adam.load_state_dict({"state": held["adam"], "param_groups": groups})
        for group in self.adam.param_groups:
            group["lr"] = self.rate

    def start_from(self, state: State) -> None:
        """Begin with an exported network of the same shape."""
        for net in (self.net, self.average):
            net.take({name: tensor.float().to(self.device) for name, tensor in state.items()})

    def exported(self) -> State:
        """The averaged network, ready to be written."""
        return {name: tensor.detach().float().contiguous() for name, tensor in self.average.export().items()}
