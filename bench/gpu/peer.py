"""PyTorch's times on the networks of a bundle, beside those of smalti.bench.DeviceTimes and in the same rows.

    python3 peer.py BUNDLE cpu|cuda SECONDS eager|channels_last|compiled fp32|tf32|fp16 [BATCH,BATCH…]

The network is built from the bundle's ONNX file, so that weights and layers are the same. A call takes its input from
the host's memory and ends when the pictures are there again, as a call of the runtime does. The last two columns are
the distance from ONNX Runtime's answer on the processor in levels of 255 (empty without the onnxruntime package).
"""

import os
import sys
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256]
LEAST_RUNS = 20
MOST_SHARE = 4
FEWEST_RUNS = 3
WARM_UP_SHARE = 0.3
DTYPES = {1: torch.float32, 2: torch.uint8, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16}


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def operator(node, constants):
    """A function of the node's inputs that are no constants, as PyTorch has it."""
    a = attributes(node)
    op = node.op_type

    def number(i, default=None):
        if i >= len(node.input) or not node.input[i]:
            return default
        return constants[node.input[i]]

    if op in ("Conv", "ConvTranspose"):
        pads = a.get("pads", [0, 0, 0, 0])
        strides = a.get("strides", [1, 1])
        dilations = a.get("dilations", [1, 1])
        group = a.get("group", 1)
        if pads[:2] != pads[2:] or a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise SystemExit(f"{node.name}: pads {pads} are not covered")
        if op == "Conv":
            return lambda x, w, b=None: F.conv2d(x, w, b, strides, pads[:2], dilations, group)
        extra = a.get("output_padding", [0, 0])
        return lambda x, w, b=None: F.conv_transpose2d(x, w, b, strides, pads[:2], extra, group, dilations)
    if op == "Gemm":
        alpha, beta = a.get("alpha", 1.0), a.get("beta", 1.0)

        def gemm(x, w, b=None):
            x = x.t() if a.get("transA", 0) else x
            y = F.linear(x * alpha if alpha != 1.0 else x, w if a.get("transB", 0) else w.t())
            return y if b is None else y + (b * beta if beta != 1.0 else b)

        return gemm
    if op == "Gather":
        axis = a.get("axis", 0)
        if axis == 0:
            return lambda table, i: F.embedding(i.long(), table) if table.dim() == 2 else table[i.long()]
        return lambda x, i: torch.index_select(x, axis, i.long().reshape(-1)).reshape(
            *x.shape[:axis], *i.shape, *x.shape[axis + 1 :]
        )
    if op == "Transpose":
        return lambda x: x.permute(a["perm"])
    if op == "Reshape":
        target = number(1)
        if target is None:
            raise SystemExit(f"{node.name}: a shape that is computed is not covered")
        target = [int(v) for v in target]
        return lambda x: x.reshape([x.shape[i] if v == 0 else v for i, v in enumerate(target)])
    if op == "Cast":
        to = DTYPES[a["to"]]
        return lambda x: x.to(to)
    if op == "Clip":
        least, most = number(1), number(2)
        return lambda x: torch.clamp(
            x, None if least is None else float(least), None if most is None else float(most)
        )
    if op == "Unsqueeze":
        axes = [int(v) for v in (number(1) if len(node.input) > 1 else a["axes"])]

        def unsqueeze(x):
            for axis in sorted(axes):
                x = x.unsqueeze(axis)
            return x

        return unsqueeze
    if op == "Softmax":
        return lambda x: torch.softmax(x, a.get("axis", -1))
    if op == "Concat":
        return lambda *x: torch.cat(x, a["axis"])
    if op == "BatchNormalization":
        return lambda x, s, b, m, v: F.batch_norm(x, m, v, s, b, eps=a.get("epsilon", 1e-5))
    simple = {
        "Relu": torch.relu,
        "LeakyRelu": lambda x: F.leaky_relu(x, a.get("alpha", 0.01)),
        "Tanh": torch.tanh,
        "Sigmoid": torch.sigmoid,
        "MatMul": torch.matmul,
        "Add": torch.add,
        "Sub": torch.sub,
        "Mul": torch.mul,
        "Div": torch.div,
        "Round": torch.round,
        "Floor": torch.floor,
        "Identity": lambda x: x,
    }
    if op in simple:
        return simple[op]
    raise SystemExit(f"{node.name}: {op} is not covered")


TAKEN_AS_NUMBERS = {"Reshape": [1], "Clip": [1, 2], "Unsqueeze": [1]}


class Network(torch.nn.Module):
    """The nodes of a graph with one input and one output, in their order."""

    def __init__(self, graph):
        super().__init__()
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant":
                constants[node.output[0]] = numpy_helper.to_array(attributes(node)["value"])
        self.names = {}
        self.steps = []
        for node in graph.node:
            if node.op_type == "Constant":
                continue
            skipped = TAKEN_AS_NUMBERS.get(node.op_type, [])
            inputs = [name for i, name in enumerate(node.input) if i not in skipped and name]
            for name in inputs:
                if name in constants and name not in self.names:
                    self.names[name] = f"c{len(self.names)}"
                    self.register_buffer(self.names[name], torch.from_numpy(constants[name].copy()))
            self.steps.append((operator(node, constants), inputs, node.output[0]))
        self.input = graph.input[0].name
        self.output = graph.output[0].name

    def forward(self, x):
        values = {self.input: x}
        for step, inputs, output in self.steps:
            values[output] = step(
                *(getattr(self, self.names[name]) if name in self.names else values[name] for name in inputs)
            )
        return values[self.output]


def half(network):
    """In 16 bits but for what the graph casts to by its own account."""
    for name, buffer in list(network.named_buffers()):
        if buffer.dtype == torch.float32:
            network.register_buffer(name, buffer.half())
    return network


def request(graph, batch):
    """What one call is given: codes or noise."""
    tensor = graph.input[0].type.tensor_type
    sizes = [d.dim_value for d in tensor.shape.dim]
    random = np.random.default_rng(1)
    if tensor.elem_type == 7:
        table = next(
            numpy_helper.to_array(t).shape[0]
            for n in graph.node
            if n.op_type == "Gather"
            for t in graph.initializer
            if t.name == n.input[0]
        )
        side = int(os.environ.get("SIDE", "8"))
        return random.integers(0, table, [batch] + [side if s == 0 else s for s in sizes[1:]])
    return random.standard_normal([batch] + sizes[1:]).astype(np.float32)


def main():
    if len(sys.argv) < 6:
        raise SystemExit(__doc__)
    bundle, device, seconds, form, numbers = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], sys.argv[5]
    batches = [int(b) for b in sys.argv[6].split(",")] if len(sys.argv) > 6 else BATCHES
    stem = "detokenize" if os.path.exists(os.path.join(bundle, "detokenize.onnx")) else "generator"
    path = os.path.join(bundle, stem + ".onnx")
    graph = onnx.load(path).graph
    torch.backends.cuda.matmul.allow_tf32 = numbers == "tf32"
    torch.backends.cudnn.allow_tf32 = numbers == "tf32"
    # the fastest algorithm of each shape, as a user who cares sets it
    torch.backends.cudnn.benchmark = True
    network = Network(graph).eval()
    if numbers == "fp16":
        network = half(network)
    network = network.to(device)
    if form != "eager":
        # the layout that a GPU's matrix units want
        for name, buffer in list(network.named_buffers()):
            if buffer.dim() == 4:
                network.register_buffer(name, buffer.contiguous(memory_format=torch.channels_last))
    if form == "compiled":
        network.compile(mode="max-autotune-no-cudagraphs" if os.environ.get("AUTOTUNE") else None, dynamic=False)

    try:
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except ImportError:
        session = None

    label = f"torch {torch.__version__} {form}\t{device}\t{numbers}\t{os.path.basename(bundle.rstrip('/'))}/{stem}"
    for batch in batches:
        given = torch.from_numpy(request(graph, batch))
        given = given.pin_memory() if device == "cuda" else given

        def call():
            with torch.inference_mode():
                x = given.to(device, non_blocking=True)
                if numbers == "fp16" and x.dtype == torch.float32:
                    x = x.half()
                return network(x).cpu()

        pictures = call()
        most, mean = "", ""
        if session is not None:
            expected = session.run(None, {graph.input[0].name: given.numpy()})[0]
            difference = np.abs(pictures.numpy().astype(int) - expected.astype(int))
            most, mean = int(difference.max()), f"{difference.mean():.4f}"
        end = time.perf_counter() + WARM_UP_SHARE * seconds
        while time.perf_counter() < end:
            call()
        times = []
        begun = start = time.perf_counter()
        while (
            start - begun < seconds
            or (len(times) < LEAST_RUNS and start - begun < MOST_SHARE * seconds)
            or len(times) < FEWEST_RUNS
        ):
            call()
            now = time.perf_counter()
            times.append(now - start)
            start = now
        p50, p99 = np.quantile(times, [0.5, 0.99], method="inverted_cdf") * 1e6
        print(
            f"{label}\t{batch}\t{p50:.1f}\t{p99:.1f}\t{len(times)}\t{batch * len(times) / sum(times):.0f}\t{most}\t{mean}",
            flush=True,
        )


main()
