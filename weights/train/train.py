"""Train a model of models.toml.

    python train.py photo-fast-x4 --run RUN --photo TILES --watch SET5 SET14
    python train.py photo-fast-x4 --run RUN --photo TILES --watch SET5 SET14 --decay 9000
    python train.py photo-fast-x4 --run RUN --photo TILES --watch SET5 SET14 --minutes 30

Run again with the same --run to go on after any interruption (SIGTERM saves first). The learning rate stays constant
until a run is given --decay N: it then falls to zero over N more steps, and the run is finished. --minutes plans both.
--start-from a weight file, or another run's checkpoint.pt, begins with what that has learned.
"""

import argparse
import csv
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from data import Pair, Pool, Recipe, draw, endless_pairs, split, to_tensor
from degrade import BENCHMARK
from fonts import list_fonts
from images import crop_to_multiple, list_images, psnr_y, read_rgb, to_u8
from nets import build, multiply_adds
from optim import rate
from pages import page
from step import Step, computes_bf16
from teacher import Teacher

COLUMNS = ["step", "seconds", "learning_rate", "mean_error_8bit", "validation_psnr_y"]
DECAY_SHARE = 0.3  # of --minutes
PAGE_SEED = 7


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a table of models.toml")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoint.pt, average.safetensors, curve.csv")
    parser.add_argument("--photo", type=Path, help="folder of photographs, at least 256 pixels on each side")
    parser.add_argument("--art", type=Path, help="folder of renders and drawings, likewise")
    parser.add_argument("--fonts", type=Path, help="folder of .ttf and .otf files for rendered pages")
    parser.add_argument("--watch", type=Path, nargs="*", default=[], help="folders of truth that are only measured")
    parser.add_argument("--held-out", type=int, default=10, help="tiles of each folder kept for validation")
    parser.add_argument("--decay", type=int, help="bring the learning rate to zero over this many steps, then stop")
    parser.add_argument("--minutes", type=float, help=f"plan the whole run: the last {DECAY_SHARE:.0%} decays")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change settings of the model's table")
    parser.add_argument("--start-from", type=Path, help="where a new --run begins: .safetensors or checkpoint.pt")
    parser.add_argument("--teachers", type=Path, nargs="*", default=[], help="weight files whose mean is mixed into the truths")
    parser.add_argument("--measure-every", type=int, default=1000, help="steps")
    parser.add_argument("--save-every", type=int, default=120, help="seconds")
    parser.add_argument("--pool", type=int, default=0, help="pairs held at a time; 0: 1,024 on a CPU, 12,288 on CUDA")
    parser.add_argument("--workers", type=int, default=1, help="processes that make pairs")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def read_config(model: str, changes: list[str]) -> dict:
    """The model's table over the table of defaults, and `KEY=VALUE` changes, in TOML, over both."""
    tables = tomllib.loads((Path(__file__).parent / "models.toml").read_text())
    return tables["defaults"] | tables[model] | tomllib.loads("\n".join(changes))


def prepare(args: argparse.Namespace, config: dict) -> tuple[Recipe, dict[str, list[Pair]]]:
    """What to learn from, and the pairs that are only measured: validation first, then the watched folders."""
    folders = {"photo": args.photo, "art": args.art}
    fonts = list_fonts(args.fonts) if args.fonts else []
    shares = {k: v for k, v in config["material"].items() if folders.get(k) or (k == "pages" and fonts) or k == "plain"}
    if missing := sorted(config["material"].keys() - shares.keys()):
        print(f"without {', '.join(missing)}: no folder was given", flush=True)
    if not shares:
        raise SystemExit("nothing to learn from: give --photo, --art or --fonts")
    total = sum(shares.values())
    scale, side = config["scale"], 256
    tiles, held = {}, []
    for kind in shares.keys() & folders.keys():
        tiles[kind], validation = split(folders[kind], args.held_out)
        held += [read_rgb(path) for path in validation]
    recipe = Recipe(
        scale=scale,
        damage=config["damage"],
        block=config["block"],
        shares={kind: share / total for kind, share in shares.items()},
        tiles=tiles,
        fonts=fonts,
        shrinks=tuple(config["shrinks"]),
        as_is=config["as_is"],
        turned=config["turned"],
        grey=config["grey"],
    )
    if "pages" in shares:
        held += [page(np.random.default_rng([PAGE_SEED, i]), fonts, side, side, scale) for i in range(args.held_out)]
    truths = {"validation": held} | {f.name: [read_rgb(path) for path in list_images(f)] for f in args.watch}
    damage = BENCHMARK[config["damage"]]
    measured = {}
    for name, images in truths.items():
        highs = [crop_to_multiple(image, scale) for image in images]
        measured[name] = [(damage(index, high, scale), high) for index, high in enumerate(highs)]
    return recipe, measured


@torch.inference_mode()
def mean_psnr(net: torch.nn.Module, pairs: list[Pair], scale: int, device: str) -> float:
    """Mean PSNR-Y in dB of a network, in f32."""
    scores = []
    for low, high in pairs:
        out = net(to_tensor(low[None]).to(device))[0].permute(1, 2, 0).cpu().numpy()
        scores.append(psnr_y(to_u8(out * 255.0), high, scale))
    return float(np.mean(scores))


class Run:
    """A run's folder, its position, and its plan."""

    def __init__(self, args: argparse.Namespace, config: dict, device: str):
        self.args, self.folder, self.config = args, args.run, config
        self.step, self.seconds, self.jobs = 0, 0.0, 0
        self.decay_start: int | None = None
        self.decay_steps = 0
        self.decay_seconds = 0.0
        self.random = np.random.default_rng(args.seed)
        torch.manual_seed(args.seed)
        self.recipe, self.measured = prepare(args, config)
        size = args.pool or (12288 if device == "cuda" else 1024)
        self.checkpoint = self.folder / "checkpoint.pt"
        held = torch.load(self.checkpoint, "cpu", weights_only=False) if self.checkpoint.exists() else None
        if held:
            self.step, self.seconds, self.jobs, decay, self.random = held["position"]
            self.decay_start, self.decay_steps, self.decay_seconds = decay
        pairs = endless_pairs(self.recipe, args.seed, self.jobs, args.workers)
        teacher = Teacher(args.teachers, config["taught"], device, computes_bf16(device)) if args.teachers else None
        self.pool = Pool(self.recipe, size, device, pairs, teacher)
        self.advance = Step(build(config), config, self.pool, device)
        if held:
            self.advance.load(held["step"])
            print(f"going on at step {self.step}", flush=True)
        elif args.start_from and args.start_from.suffix == ".safetensors":
            self.advance.start_from(load_file(args.start_from))
        elif args.start_from:
            self.advance.load(torch.load(args.start_from, "cpu", weights_only=False)["step"])

    def refresh(self, jobs: int) -> None:
        self.pool.refresh(jobs)
        self.jobs += jobs

    def begin_decay(self, steps: int, seconds: float) -> None:
        self.decay_start, self.decay_steps, self.decay_seconds = self.step, steps, self.seconds + seconds
        self.save("before-decay.pt")

    def decayed(self) -> float:
        """How much of the decay is done, 0..1, by steps or, where minutes were planned, by the clock."""
        if self.decay_start is None:
            return 0.0
        if self.decay_steps:
            return min(1.0, (self.step - self.decay_start) / self.decay_steps)
        length = self.args.minutes * 60.0 * DECAY_SHARE
        return min(1.0, max(0.0, 1.0 - (self.decay_seconds - self.seconds) / length))

    def save(self, name: str) -> None:
        decay = (self.decay_start, self.decay_steps, self.decay_seconds)
        position = (self.step, self.seconds, self.jobs, decay, self.random)
        part = self.folder / f"{name}.part"
        torch.save({"step": self.advance.state(), "position": position}, part)
        part.replace(self.folder / name)
        save_file(self.advance.exported(), self.folder / "average.safetensors")


def main() -> None:
    args = options()
    config = read_config(args.model, args.set)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    if args.threads:
        torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    run = Run(args, config, device)
    started = time.monotonic()
    run.refresh(len(run.pool.low) // 32)
    cost = multiply_adds(run.advance.net)
    print(f"{device}, {cost:,} multiply-adds a pixel, first pairs after {time.monotonic() - started:.0f} s", flush=True)

    if args.decay and run.decay_start is None:
        run.begin_decay(args.decay, 0.0)
    stop: list[bool] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(True))
    curve = run.folder / "curve.csv"
    begin = not curve.exists()
    saved = last = time.monotonic()
    measured_at = run.step
    with curve.open("a", newline="") as file:
        writer = csv.writer(file)
        if begin:
            writer.writerow(COLUMNS + [f"{name}_psnr_y" for name in list(run.measured)[1:]])
        while not stop:
            fresh = config["fresh"] * (1 if run.pool.filled == len(run.pool.low) else 4)
            run.refresh(int((run.step + 1) * fresh) - int(run.step * fresh))
            decaying = run.decay_start is not None
            factor = rate(run.step, config["warmup"], run.decayed() if decaying else 0.0)
            room = config["block"] - config["patch"]
            drawn = draw(run.random, run.pool.filled, config["batch"], room, config["upright"])
            run.advance(drawn, factor, run.step, config["decay_loss" if decaying else "loss"])
            run.step += 1
            if device == "cuda" and run.step % 20 == 0:
                torch.cuda.synchronize()  # so that the clock and the queue keep together
            now = time.monotonic()
            run.seconds += now - last
            last = now
            done = run.decayed() >= 1.0
            if done or run.step % args.measure_every == 0:
                error = run.advance.mean_error(run.step - measured_at)
                measured_at = run.step
                net = run.advance.average
                means = [f"{mean_psnr(net, p, config['scale'], device):.3f}" for p in run.measured.values()]
                row = [run.step, f"{run.seconds:.0f}", f"{config['learning_rate'] * factor:.2e}", f"{error:.4f}", *means]
                writer.writerow(row)
                file.flush()
                print(*row, flush=True)
            if args.minutes and run.decay_start is None and run.seconds >= args.minutes * 60 * (1 - DECAY_SHARE):
                run.begin_decay(0, args.minutes * 60 * DECAY_SHARE)
            if done or now - saved > args.save_every:
                run.save("checkpoint.pt")
                saved = now
            if done:
                break
    if not done:
        run.save("checkpoint.pt")
    run.pool.pairs.close()


if __name__ == "__main__":
    main()
