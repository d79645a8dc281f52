"""One lowered layer against its limit: the planar convolution with the expanded bank.

The limit runs in the better of the two memory formats, and the layer in the same one. Beside it
runs the layer by default, where that goes by Fourier, and the lowering of the paper's own code
written naively, `weight[..., index]`, whose gradient scatters.
"""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

import groupconv as gc

from .harness import geometric_mean, interleave, peak_bytes, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .harness import Report, Task


class Case(NamedTuple):
    """A layer from C to C channels on arrays of one size."""

    group: str
    channels: int
    size: int
    batch: int
    kernel: int = 3

    def __str__(self) -> str:
        box = "×".join([str(self.kernel)] * gc.group(self.group).dimension)
        return f"{self.group} {self.channels} {box} at {self.size}, batch {self.batch}"


CASES = [
    Case("p4", 10, 24, 64),
    Case("p4", 16, 32, 32),
    Case("p4m", 11, 32, 32),
    Case("p4m", 23, 16, 32),
    Case("p4m", 45, 8, 32),
    Case("p4m", 64, 8, 32),
    Case("p6m", 16, 16, 32),
    Case("P432", 4, 16, 4),
    Case("p4m", 32, 16, 32, 1),
    Case("p4m", 64, 8, 32, 1),
]


PLANAR = ("planar", "planar channels_last")
"""The limit in both formats."""


class Planar(nn.Module):
    """The limit: the same convolution of the flattened planes, without the group."""

    def __init__(self, layer: gc.nn.GroupConv) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.planar_weight().detach().clone())
        self.bias = nn.Parameter(layer.planar_bias().detach().clone())
        self.convolve, self.padding = layer._convolve, layer.padding

    def forward(self, x: Tensor) -> Tensor:
        return self.convolve(x, self.weight, self.bias, padding=self.padding)


class Indexed(nn.Module):
    """The same layer with a plain gather, whose gradient scatters."""

    def __init__(self, layer: gc.nn.GroupConv) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.weight.detach().clone())
        self.bias = nn.Parameter(layer.bias.detach().clone())
        index = torch.tensor(layer.transform.index)
        self.mask: Tensor | None
        self.register_buffer("mask", (index >= 0).float() if (index < 0).any() else None)
        self.register_buffer("index", index.clamp(min=0))
        self.convolve, self.padding = layer._convolve, layer.padding

    def forward(self, x: Tensor) -> Tensor:
        bank = self.weight[..., self.index]  # shape: (C_out, C_in, S_out, S_in, *kernel)
        bank = bank if self.mask is None else bank * self.mask
        bank = bank.transpose(1, 2).flatten(0, 1).flatten(1, 2)
        bias = self.bias.repeat_interleave(len(self.index))
        return self.convolve(x.flatten(1, 2), bank, bias, padding=self.padding)


IMAGES = {"cpu": 1, "cuda": 16}
"""How many times the images of a case there are: a GPU takes more at once."""


RATIOS = {"ratio": ", lowered", "by_default": ", by default"}
"""Those of lowered layers, and on a CPU those of layers by default."""


class Setting(NamedTuple):
    """Where and how cases run, and which ones."""

    device: torch.device
    dtype: torch.dtype = torch.float32
    is_tf32: bool = False
    is_compiled: bool = False
    has_graphs: bool = False
    cases: Sequence[Case] = CASES

    @property
    def name(self) -> str:
        """What distinguishes it, such as `bfloat16, compiled`."""
        more = {"compiled": self.is_compiled, "CUDA graphs": self.has_graphs}
        kind = "TF32" if self.is_tf32 else str(self.dtype).removeprefix("torch.")
        return ", ".join([kind, *(key for key, is_so in more.items() if is_so)])

    def section(self, name: str) -> str:
        """The name of a section; on a CPU there is one setting."""
        return name if self.device.type == "cpu" else f"{name}, {self.name}"

    def on_device(self, case: Case) -> Case:
        """The case with as many images as the device takes."""
        return case._replace(batch=case.batch * IMAGES[self.device.type])


def settings(device: torch.device) -> list[Setting]:
    """The settings that a device is measured in."""
    if device.type == "cpu":
        return [Setting(device)]
    half, few = torch.bfloat16, [CASES[n] for n in (1, 3, 5, 7)]
    return [
        Setting(device),
        Setting(device, is_tf32=True),
        Setting(device, half),
        Setting(device, half, has_graphs=True),
        Setting(device, half, is_compiled=True, cases=few),
    ]


def variants(case: Case, setting: Setting) -> tuple[dict[str, nn.Module], dict[str, Tensor]]:
    """Layer, limit and the naive form in both formats, and their inputs, which are the same."""
    group, k = gc.group(case.group), case.kernel
    options: dict[str, Any] = {"padding": k // 2, "group": group, "evaluation": "lowered"}
    layer = gc.nn.GroupConv(case.channels, case.channels, k, **options).to(setting.device)
    x = torch.randn(case.batch, case.channels, group.order, *(case.size,) * group.dimension)
    x = x.to(setting.device)
    format_ = torch.channels_last if group.dimension == 2 else torch.channels_last_3d
    modules, inputs = {}, {}
    for name, planar in (("", Planar(layer)), (" channels_last", Planar(layer))):
        flat = x.flatten(1, 2)
        if name:
            flat, planar = (value.to(memory_format=format_) for value in (flat, planar))
        planes = flat.unflatten(1, x.shape[1:3])
        for kind, module, given in (
            ("layer", layer, planes), ("planar", planar, flat), ("indexed", Indexed(layer), planes)
        ):  # fmt: skip
            inputs[kind + name] = given.detach().to(setting.dtype).requires_grad_()
            modules[kind + name] = module.to(setting.device, setting.dtype)
    expected = modules["planar"](inputs["planar"])
    for name, module in modules.items():
        torch.testing.assert_close(
            module(inputs[name]).reshape(expected.shape), expected, rtol=2e-2, atol=2e-2
        )
    if setting.is_compiled:
        modules = {k: m for k, m in modules.items() if not k.startswith("indexed")}
        modules = {name: torch.compile(module) for name, module in modules.items()}
    return modules, inputs


def evaluated(layer: nn.Module, evaluation: str) -> gc.nn.GroupConv:
    """A copy of a layer that is computed in another way."""
    other = copy.deepcopy(layer)
    assert isinstance(other, gc.nn.GroupConv)
    other.evaluation = evaluation
    return other


def goes_by_fourier(layer: gc.nn.GroupConv, x: Tensor, make: Callable[..., Task]) -> bool:
    """Whether a layer chooses the Fourier transform in a training step, or in inference."""
    with torch.set_grad_enabled(make is training_step):
        return layer.uses_fourier(x)


def training_step(module: nn.Module, x: Tensor, setting: Setting) -> Task:
    """Forward and backward, with the gradients of a network's inner layer."""
    if setting.has_graphs:
        module = torch.cuda.make_graphed_callables(copy.deepcopy(module).train(), (x,))
    grad = torch.randn_like(module(x))

    def step() -> None:
        x.grad = None
        module.zero_grad()
        module(x).backward(grad)

    return step


def inference(module: nn.Module, x: Tensor, setting: Setting) -> Task:
    """Evaluation without gradients."""
    module.eval()
    x = x.detach()

    def run() -> None:
        with torch.inference_mode():
            module(x)

    if not setting.has_graphs:
        return run
    with torch.inference_mode():
        module(x)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            module(x)
    return graph.replay


def limit(
    modules: Mapping[str, nn.Module],
    inputs: Mapping[str, Tensor],
    make: Callable[[nn.Module, Tensor, Setting], Task],
    setting: Setting,
) -> str:
    """The planar variant in the better format, found before anything is compared with it."""
    tasks = {name: make(modules[name], inputs[name], setting) for name in PLANAR}
    return min(PLANAR, key=interleave(tasks, seconds=0, device=setting.device).median)


def measure(report: Report, setting: Setting, seconds: float) -> None:
    """Training, inference and memory of every case, and the geometric means."""
    prepare(setting.device, tf32=setting.is_tf32)
    for case in map(setting.on_device, setting.cases):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of hexagons on arrays that have no middle cell
            _measure(report, setting, case, seconds)
    for name in ("training step", "inference"):
        section = setting.section(name)
        rows = report.sections[section]
        means = {key: geometric_mean(rows, key) for key in RATIOS if key in rows[0]}
        report.add(section, "geometric mean", **means)


def means(report: Report, settings: Sequence[Setting]) -> str:
    """The geometric means of a run as a table, a row for each setting."""
    lines = ["| setting | layers | training step | inference |", "|---|---|---|---|"]
    for setting in settings:
        rows = [report.sections[setting.section(s)][-1] for s in ("training step", "inference")]
        for key, way in RATIOS.items():
            if key in rows[0]:
                means = " | ".join(f"{row[key]:.3f}" for row in rows)
                lines.append(f"| {setting.name}{way} | {len(setting.cases)} | {means} |")
    return "\n".join(lines) + "\n"


def _measure(report: Report, setting: Setting, case: Case, seconds: float) -> None:
    modules, inputs = variants(case, setting)
    is_on_cpu = setting.device.type == "cpu"
    for section, make in (("training step", training_step), ("inference", inference)):
        is_step = make is training_step
        best = limit(modules, inputs, make, setting)
        layer, indexed = (best.replace("planar", kind) for kind in ("layer", "indexed"))
        pair = {name: make(modules[name], inputs[name], setting) for name in (best, layer)}
        timing = interleave(pair, seconds=seconds, device=setting.device)
        figures: dict[str, Any] = timing.ratio(layer, best)
        others = {}
        if is_step and indexed in modules:
            others["naive_ratio"] = make(modules[indexed], inputs[indexed], setting)
        if is_on_cpu:  # elsewhere layers are lowered by default
            figures["by_default"] = figures["ratio"]
            chosen = evaluated(modules[layer], "auto")
            if goes_by_fourier(chosen, inputs[layer], make):
                others["by_default"] = make(chosen, inputs[layer], setting)
        tasks = {best: pair[best], **others}
        beside = interleave(tasks, seconds=seconds / 3, device=setting.device)
        figures |= {name: beside.ratio(name, best)["ratio"] for name in others}
        if is_step and not setting.has_graphs:  # which hold their memory outside the allocator
            held = {
                name: peak_bytes(task, modules[name], inputs[name]) for name, task in pair.items()
            }
            figures["memory_ratio"] = held[layer] / held[best]
        report.add(
            setting.section(section), str(case), limit_ms=1000 * timing.median(best),
            format=best.partition(" ")[2] or "contiguous", **figures,
        )  # fmt: skip
        for module in modules.values():
            module.train()
