"""Train a model of models.toml.

    python train.py photo-fast-x4 --data TILES --run RUN --watch SET5 SET14
    python train.py photo-fast-x4 --data TILES --run RUN --watch SET5 SET14 --decay 9000

Run again with the same --run to go on after any interruption (SIGTERM saves first). The learning rate stays constant
until a run is given --decay N: it then falls to zero over N more steps, and the run is finished.
--start-from another run's checkpoint.pt makes a fork.
"""

import argparse
import csv
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from data import Pairs, split, to_tensor
from images import crop_to_multiple, list_images, psnr_y, read_rgb, shrink, to_u8
from nets import CompactTrainer, run_compact
from optim import Muon, rate

COLUMNS = ["step", "seconds", "learning_rate", "loss_8bit", "validation_psnr_y"]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a table of models.toml")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of training tiles")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoint.pt, ema.pt and curve.csv")
    parser.add_argument("--watch", type=Path, nargs="*", default=[], help="folders that are only measured, never trained on")
    parser.add_argument("--held-out", type=int, default=10, help="tiles kept for validation")
    parser.add_argument("--decay", type=int, help="bring the learning rate to zero over this many steps, then stop")
    parser.add_argument("--start-from", type=Path, help="checkpoint to fork when --run is new")
    parser.add_argument("--measure-every", type=int, default=1000)
    parser.add_argument("--save-every", type=int, default=120, help="seconds")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def mean_psnr(state: dict[str, Tensor], images: list[np.ndarray], scale: int, device: str) -> float:
    """Mean PSNR-Y in dB of a state dict over high-resolution images, in f32."""
    scores = []
    for high in images:
        low = to_tensor(shrink(high, scale)[None]).to(device)
        with torch.inference_mode():
            out = run_compact(state, low, scale)[0].permute(1, 2, 0).cpu().numpy()
        scores.append(psnr_y(to_u8(out * 255.0), high, scale))
    return float(np.mean(scores))


class Run:
    """Everything that a checkpoint holds, and one training step."""

    def __init__(self, config: dict, pairs: Pairs, device: str):
        self.config, self.pairs, self.device = config, pairs, device
        self.net = CompactTrainer(config["features"], config["hidden"], config["scale"]).to(device)
        kernels = self.net.hidden_kernels()
        others = [p for p in self.net.parameters() if not any(p is k for k in kernels)]
        self.optimisers = [
            Muon(kernels, config["kernel_learning_rate"]),
            torch.optim.Adam(others, config["learning_rate"], betas=(0.9, 0.99), fused=True),
        ]
        self.peaks = [config["kernel_learning_rate"], config["learning_rate"]]
        self.average = {name: tensor.detach().clone() for name, tensor in self.net.merged().items()}
        self.step, self.seconds = 0, 0.0
        self.decay_start: int | None = None
        self.decay_steps = 0

    def advance(self) -> tuple[float, float]:
        """One step; returns (loss in 8-bit units, learning rate)."""
        config = self.config
        factor = rate(self.step, config["warmup"], self.decay_start, self.decay_steps)
        for optimiser, peak in zip(self.optimisers, self.peaks):
            optimiser.param_groups[0]["lr"] = peak * factor
        low, high = (t.to(self.device, non_blocking=True) for t in self.pairs.batch(config["batch"], config["patch"]))
        with torch.autocast(self.device, torch.bfloat16):
            out = self.net(low)
        kind = config["loss"] if self.decay_start is None else config["decay_loss"]
        loss = LOSSES[kind](out, high)
        self.net.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), config["clip"])
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        keep = min(config["ema"], self.step / (self.step + 10))
        with torch.no_grad():
            for name, tensor in self.net.merged().items():
                self.average[name].lerp_(tensor, 1.0 - keep)
            absolute = (out.detach() - high).abs().mean().item() * 255.0
        return absolute, config["learning_rate"] * factor

    def save(self, folder: Path) -> None:
        held = {
            "net": self.net.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
            "decay": (self.decay_start, self.decay_steps),
            "random": self.pairs.random.bit_generator.state,
            "torch_random": torch.get_rng_state(),
        }
        for name, value in (("checkpoint.pt", held), ("ema.pt", self.average)):
            torch.save(value, folder / f"{name}.part")
            (folder / f"{name}.part").replace(folder / name)

    def load(self, path: Path) -> None:
        held = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(held["net"])
        for optimiser, state in zip(self.optimisers, held["optimisers"]):
            optimiser.load_state_dict(state)
        self.average = held["average"]
        self.step, self.seconds = held["step"], held["seconds"]
        self.decay_start, self.decay_steps = held["decay"]
        self.pairs.random.bit_generator.state = held["random"]
        torch.set_rng_state(held["torch_random"].cpu())


LOSSES = {
    "l1": torch.nn.functional.l1_loss,
    "l2": torch.nn.functional.mse_loss,
}


def main() -> None:
    args = options()
    config = tomllib.loads((Path(__file__).parent / "models.toml").read_text())[args.model]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)

    scale = config["scale"]
    training, validation = split(args.data, args.held_out)
    watched = {folder.name: list_images(folder) for folder in args.watch}
    measured = {"validation": validation, **watched}
    measured = {name: [crop_to_multiple(read_rgb(f), scale) for f in files] for name, files in measured.items()}
    pairs = Pairs(training, scale, config["shrinks"], np.random.default_rng(args.seed))
    print(f"{len(training)} tiles at {len(config['shrinks'])} sizes, {len(validation)} held out, {device}", flush=True)

    run = Run(config, pairs, device)
    checkpoint = args.run / "checkpoint.pt"
    origin = checkpoint if checkpoint.exists() else args.start_from
    if origin:
        run.load(origin)
        print(f"going on from {origin} at step {run.step}", flush=True)
    if args.decay and run.decay_start is None:
        run.decay_start, run.decay_steps = run.step, args.decay

    stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(True))
    curve = args.run / "curve.csv"
    fresh = not curve.exists()
    losses: list[float] = []
    saved = last = time.monotonic()
    with curve.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(COLUMNS + [f"{name}_psnr_y" for name in watched])
        while not stop:
            loss, learning_rate = run.advance()
            losses.append(loss)
            now = time.monotonic()
            run.seconds += now - last
            last = now
            done = run.decay_start is not None and run.step >= run.decay_start + run.decay_steps
            if done or run.step % args.measure_every == 0:
                scores = [f"{mean_psnr(run.average, images, scale, device):.3f}" for images in measured.values() if images]
                row = [run.step, f"{run.seconds:.0f}", f"{learning_rate:.2e}", f"{np.mean(losses):.4f}", *scores]
                writer.writerow(row)
                file.flush()
                print(*row, flush=True)
                losses = []
            if done or now - saved > args.save_every:
                run.save(args.run)
                saved = now
            if done:
                return
    run.save(args.run)


if __name__ == "__main__":
    main()
