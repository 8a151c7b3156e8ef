"""One class per engine: `load` a folder that export.py wrote, then `run` as often as asked.

Each is set up as its documentation advises for one picture at a time on a given number of threads, in f32
throughout, or in bf16 if that is asked for and the engine has it on this kind of processor. `run` is what is
timed; `pixels` makes channels x height x width of what it returns; `detail` says what was chosen.
"""

import json
import time
from collections import Counter

import numpy as np


class OnnxRuntime:
    """It has no switch for its instruction set: MLAS takes the best that the processor has. Its bf16 is for Arm."""

    def load(self, folder, threads, _precision):
        import onnxruntime

        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        path = str(folder / "model.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.input = np.load(folder / "input.npy")[None]
        self.detail = {}

    def run(self):
        return self.session.run(None, {"in": self.input})

    def pixels(self, result):
        return result[0][0]


class OpenVino:
    """Left alone it computes in bf16 where the processor can, hence the precision hint."""

    def load(self, folder, threads, precision):
        import openvino

        self.version = openvino.__version__.split("-")[0]
        options = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
        }
        compiled = openvino.Core().compile_model(folder / "model.onnx", "CPU", options)
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(np.load(folder / "input.npy")[None]))
        self.detail = {"kernels": self.kernels(compiled)}

    def run(self):
        self.request.infer()
        return self.request.get_output_tensor()

    def pixels(self, result):
        return result.data[0]

    @staticmethod
    def kernels(compiled):
        """What the convolutions run on, such as `brgconv_avx2_f32 x 21`: proof of the instruction set."""
        kinds = Counter()
        for op in compiled.get_runtime_model().get_ops():
            info = op.get_rt_info()
            if info["layerType"].astype(str) == "Convolution":
                kinds[info["primitiveType"].astype(str)] += 1
        return ", ".join(f"{kind} x {count}" for kind, count in kinds.items())


class Ncnn:
    """The wheel picks its instruction set when a layer is made, and has no switch for it."""

    def load(self, folder, threads, precision):
        import ncnn

        self.version = ncnn.__version__
        self.ncnn = ncnn
        self.net = ncnn.Net()
        self.net.opt.num_threads = threads
        for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage"):
            setattr(self.net.opt, f"use_{name}", name.startswith(precision))
        if self.net.load_param(str(folder / "model.ncnn.param")):
            raise RuntimeError("cannot read model.ncnn.param")
        if self.net.load_model(str(folder / "model.ncnn.bin")):
            raise RuntimeError("cannot read model.ncnn.bin")
        # A Mat made of an array does not keep it alive, so the array has to outlast the copy.
        array = np.load(folder / "input.npy")
        self.input = ncnn.Mat(array).clone()
        self.detail = {}

    def run(self):
        extractor = self.net.create_extractor()
        extractor.input("in", self.input)
        failed, output = extractor.extract("out")
        if failed:
            raise RuntimeError("extract failed")
        return output

    def pixels(self, result):
        return np.array(result)


class Torch:
    """PyTorch has several ways to run one network. All are tried, and the fastest is the one that is timed."""

    def load(self, folder, threads, precision):
        import torch
        from safetensors.torch import load_file

        import networks

        self.version = torch.__version__.split("+")[0]
        self.torch = torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        family = networks.FAMILIES[json.loads((folder / "facts.json").read_text())["network"]]
        weights = load_file(folder / "model.safetensors")
        number = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
        x = torch.from_numpy(np.load(folder / "input.npy")[None]).to(number)

        def net(layout):
            net = family.make().eval().requires_grad_(False)
            net.load_state_dict(weights)
            return net.to(number, memory_format=layout)

        planes, pixels = torch.contiguous_format, torch.channels_last
        ways = {
            "eager": lambda: (net(planes), x),
            "eager, channels last": lambda: (net(pixels), x.to(memory_format=pixels)),
            "TorchScript, fused for oneDNN": lambda: (self.script(folder), x),
            "torch.compile, frozen": lambda: (self.compile(net(pixels)), x.to(memory_format=pixels)),
        }
        if precision != "f32":
            # The exported script has its weights in f32.
            del ways["TorchScript, fused for oneDNN"]
        seconds, failed = {}, {}
        for way, make in ways.items():
            try:
                candidate = make()
                seconds[way] = self.time(*candidate)
            except Exception as e:  # torch.compile needs a C++ compiler; the other ways remain
                failed[way] = f"{type(e).__name__}: {e}"[:200]
                continue
            if seconds[way] == min(seconds.values()):
                self.way, (self.net, self.input) = way, candidate
        self.detail = {
            "way": self.way,
            "seconds by way": {way: round(s, 4) for way, s in seconds.items()},
            "failed": failed,
            "isa": torch.backends.cpu.get_cpu_capability(),
        }

    def run(self):
        return self.net(self.input)

    def pixels(self, result):
        return result[0].float().numpy()

    def script(self, folder):
        return self.torch.jit.optimize_for_inference(self.torch.jit.load(folder / "model.pt").eval())

    def compile(self, net):
        import torch._inductor.config as inductor

        inductor.freezing = True
        return self.torch.compile(net, fullgraph=True, dynamic=False)

    @staticmethod
    def time(net, x):
        """Seconds of the best run within a second or so. The first two do not count: they prepare."""
        net(x)
        net(x)
        seconds = []
        while sum(seconds) < 1:
            start = time.perf_counter()
            net(x)
            seconds.append(time.perf_counter() - start)
        return min(seconds)


ENGINES = {
    "onnxruntime": OnnxRuntime,
    "OpenVINO": OpenVino,
    "ncnn": Ncnn,
    "PyTorch": Torch,
}
