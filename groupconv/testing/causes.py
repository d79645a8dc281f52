"""Why a step of a network does not commute with a group: rules, each for what is certain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from groupconv.algebra import SplitGroup
from groupconv.arguments import as_sizes
from groupconv.errors import GroupConvError
from groupconv.nn.functional import act
from groupconv.testing.recording import inner_layer
from groupconv.transforms import Window, require_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.testing.recording import Step

Cause = tuple[str, str]
"""What is wrong, and the change that fixes it."""

WINDOWED = re.compile("conv|(max|avg|lp)_pool|.*(Conv|ConvTranspose|MaxPool|AvgPool|LPPool)$")
"""The names of modules and functions that have windows, without the number of dimensions."""

CROPPING = re.compile("(getitem|narrow|split|chunk|tensor_split|index_select|select)$")
RESHAPING = re.compile(
    "(reshape|view|(un)?flatten|permute|transpose|movedim|swapaxes|(channel|pixel)_shuffle|"
    "(Un)?[Ff]latten|(Channel|Pixel)Shuffle)$"
)

SIGNATURES: dict[str, tuple[str, ...]] = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose": (
        *("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    ),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    "interpolate": ("input", "size", "scale_factor", "mode", "align_corners"),
    "upsample": ("input", "size", "scale_factor", "mode", "align_corners"),
    "pad": ("input", "pad", "mode", "value"),
}
"""The arguments of torch's functions by position; many are built in and have no signature."""


LINEAR = ("linear", "bilinear", "trilinear")


@dataclass(frozen=True)
class Case:
    """A step that breaks, and what is known around it.

    Attributes:
        step: The step.
        group: The group.
        space: The layout of its input, in words; empty if it is not known.
    """

    step: Step
    group: SplitGroup
    space: str

    @property
    def kind(self) -> str:
        """The name of the function, without the number of dimensions: `conv`, `max_pool`."""
        return re.sub("(?<=[a-zA-Z])_?[123]d$", "", self.step.name.removesuffix("_with_indices"))

    def setting(self, name: str, default: Any = None) -> Any:
        """An attribute of a module, or an argument of a function."""
        if self.step.is_module:
            return getattr(self.layer, name, default)
        if name in self.step.named:
            return self.step.named[name]
        names = SIGNATURES.get(self.kind, ())
        place = names.index(name) if name in names else len(self.step.arguments)
        return self.step.arguments[place] if place < len(self.step.arguments) else default

    @property
    def layer(self) -> Any:
        """The module, or the layer that it wraps."""
        return inner_layer(self.step.call)

    @property
    def spatial(self) -> tuple[int, ...]:
        """The spatial size of the input."""
        return tuple(self.step.inputs[0].shape[-self.group.dimension :])

    def sizes(self, name: str, default: Any) -> tuple[int, ...]:
        """A setting with one value per axis."""
        value = self.setting(name, default)
        return self.read(name, default if value is None else value)

    def read(self, name: str, value: Any) -> tuple[int, ...]:
        """One value per spatial axis, where a module may count the planes among these."""
        d = self.group.dimension
        if isinstance(value, (tuple, list)) and len(value) == d + 1:
            value = tuple(value)[1:]
        return as_sizes(name, value, d, least=0)


def cause_of(case: Case) -> Cause | None:
    """The first rule that applies to a step; none if no rule is certain."""
    for rule in RULES:
        try:
            found = rule(case)
        except (GroupConvError, TypeError, ValueError):
            continue  # not such a step
        if found is not None:
            return found
    return None


def _other_group(case: Case) -> Cause | None:
    own = getattr(case.layer, "larger", getattr(case.layer, "group", None))
    if not isinstance(own, SplitGroup) or own.stabilizer.contains(case.group.stabilizer):
        return None
    S, T = own.stabilizer, case.group.stabilizer
    return (
        f"it is a layer of {own.name!r}, with {S.order} planes, and the map belongs to "
        f"{case.group.name!r}, with {T.order}",
        f"use layers({case.group.name!r}), or Restrict to a common subgroup in front of it",
    )


def _kernel_size(case: Case) -> tuple[int, ...]:
    kernel = case.setting("kernel_size")
    kernel = tuple(case.step.inputs[1].shape[2:]) if kernel is None else kernel
    return case.read("kernel_size", kernel)


def _window(case: Case) -> Window:
    if isinstance(own := getattr(case.layer, "window", None), Window):
        return own
    kernel = _kernel_size(case)
    stride = case.setting("stride")
    if stride is None or stride == ():
        stride = kernel if "ool" in case.kind else 1
    steps, pads = case.read("stride", stride), case.setting("padding", 0)
    pads = pads if isinstance(pads, str) else case.read("padding", pads)
    gaps = case.sizes("dilation", 1)
    return Window.read(case.group.stabilizer, kernel, steps, pads, gaps, group=case.group.name)


def _is_windowed(case: Case) -> bool:
    return hasattr(case.layer, "window") or WINDOWED.match(case.kind) is not None


def _asymmetric(case: Case) -> Cause | None:
    """A kernel, stride or padding that differs between axes that the group exchanges."""
    if not _is_windowed(case):
        return None
    values = {"kernel_size": _kernel_size(case), "stride": case.setting("stride", 1)}
    values |= {"padding": case.setting("padding", 0), "dilation": case.setting("dilation", 1)}
    for name, value in values.items():
        if isinstance(value, (str, type(None))):
            continue
        sizes = case.read(name, value)
        try:
            require_symmetric(case.group.stabilizer, name, sizes)
        except GroupConvError:
            return (
                f"its {name}={sizes} differs between axes that {case.group.name!r} exchanges",
                "give these axes one value",
            )
    return None


def _planes_as_space(case: Case) -> Cause | None:
    """A window or a factor that counts the planes among the places."""
    d = case.group.dimension
    x, y = case.step.inputs[0], case.step.output
    if not case.step.name.endswith(f"{d + 1}d") and case.kind not in ("interpolate", "Upsample"):
        return None
    if x.ndim != d + 3 or y.ndim != d + 3:
        return None
    kernel = case.setting("kernel_size") or 1
    first = kernel[0] if isinstance(kernel, (tuple, list)) else kernel
    if first == 1 and x.shape[2] == y.shape[2]:
        return None
    return (
        "it takes the planes of the group for a spatial axis",
        f"use a layer of groupconv.nn, or give 1 for the first of {d + 1} axes",
    )


def _remainder(case: Case) -> Cause | None:
    """Windows that leave cells over at one end."""
    if not _is_windowed(case):
        return None
    if "ranspose" in case.step.name:
        extra = case.sizes("output_padding", 0)
        if any(extra[axis] for axis in case.group.stabilizer.reversed_axes):
            return (
                f"output_padding={extra} adds cells at one end of an axis",
                "use a kernel larger by as many, without it",
            )
        return None
    problem, _, remedy = _window(case).problem(case.spatial).partition("; ")
    if not problem:
        return None
    if case.setting("ceil_mode", False):
        return "ceil_mode=True adds a window that hangs over one end of the array", remedy
    return f"it {problem}", remedy


def _padding(case: Case) -> Cause | None:
    """Cells added to the two ends of an axis in unequal number, or a constant beyond the edges."""
    pad = case.setting("padding") if "Pad" in case.kind else case.setting("pad")
    is_pad = case.kind == "pad" or case.kind.endswith("Pad")
    if not is_pad or pad is None:
        return None
    S, d = case.group.stabilizer, case.group.dimension
    flat = [pad] * (2 * d) if isinstance(pad, int) else list(pad)
    pairs = list(zip(flat[::2], flat[1::2], strict=True))[::-1]
    pairs = [(0, 0)] * (d - len(pairs)) + pairs[-d:]
    for axis in S.reversed_axes:
        if pairs[axis][0] != pairs[axis][1]:
            return (
                f"it adds {pairs[axis][0]} cells in front of axis {axis} and {pairs[axis][1]} "
                f"behind it, and {case.group.name!r} exchanges its ends",
                "pad both ends alike",
            )
    if not S.permutes_axes:
        value = case.setting("value", 0) or 0
        return (
            f"it pads with {value} beyond the edges of the array, where {case.group.name!r} moves "
            f"cells of the map to",
            "pad with zeros, and put a Mask behind",
        )
    return None


def _resampling(case: Case) -> Cause | None:
    """Upsampling that reads cells unevenly."""
    if case.kind not in ("interpolate", "Upsample", "UpsamplingNearest", "upsample"):
        return None
    mode = case.setting("mode", "nearest")
    n, m = case.spatial, tuple(case.step.output.shape[-case.group.dimension :])
    if str(mode).startswith("nearest") and any(b % a for a, b in zip(n, m, strict=True)):
        return (
            f"mode={mode!r} reads the {n} cells unevenly for a size of {m}",
            f"use mode={LINEAR[case.group.dimension - 1]!r}, or a multiple of the size",
        )
    return None


def _crop(case: Case) -> Cause | None:
    """A part of an array that does not lie in its middle."""
    d = case.group.dimension
    x, y = case.step.inputs[0], case.step.output
    if case.step.is_module or not CROPPING.match(case.kind) or x.ndim != y.ndim:
        return None
    for axis in case.group.stabilizer.reversed_axes:
        n, m = x.shape[axis - d], y.shape[axis - d]
        if 0 < m < n and _has_steps(case):
            return (
                f"it reads every few cells along axis {axis}, {m} of {n}, from one end",
                "read an odd number of cells with a step that divides the way from first to last, "
                "or use a convolution with a stride",
            )
        if m < n:
            odd = (n - m) % 2
            return (
                f"it keeps {m} of {n} cells along axis {axis}, "
                + ("which cannot be centred" if odd else "not those in the middle"),
                f"keep {m - 1} or {m + 1}, (n - m) / 2 off each end"
                if odd
                else "cut the same number off both ends, as CenterCrop does",
            )
    return None


def _has_steps(case: Case) -> bool:
    """Whether a slice has a step."""
    index = case.step.arguments[1] if len(case.step.arguments) > 1 else ()
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, slice) and (part.step or 1) > 1 for part in parts)


def _some_planes(case: Case) -> Cause | None:
    """A part of the planes, which the group exchanges."""
    d, S = case.group.dimension, case.group.order
    x, y = case.step.inputs[0], case.step.output
    is_cut = not case.step.is_module and CROPPING.match(case.kind)
    if not is_cut or x.ndim != d + 3 or x.shape[2] != S or (y.ndim == x.ndim and y.shape[2] == S):
        return None
    left = y.shape[2] if y.ndim == x.ndim else 1
    return (
        f"it takes {left} of {S} planes, which {case.group.name!r} exchanges",
        "use CosetPool, or Restrict for the planes of a subgroup",
    )


def _place_dependent(case: Case) -> Cause | None:
    """A constant that differs from place to place, and not as the group allows."""
    d, G = case.group.dimension, case.group
    for constant in (
        c for c in case.step.constants if c.is_floating_point() or c.dtype == torch.int64
    ):
        if case.step.is_module or constant.ndim < d or _is_windowed(case):
            continue
        size = tuple(constant.shape[-d:])
        if max(size) == 1:
            continue
        maps = constant.reshape(1, -1, *size)
        for s in G.stabilizer.generators:
            moved = act(maps, G.element(s), G, "lattice")
            if moved.shape != maps.shape or not torch.allclose(moved, maps):
                return (
                    f"a tensor of shape {tuple(constant.shape)} that differs from place to place "
                    f"joins the map, such as a positional embedding or a coordinate",
                    f"leave it out, or make it invariant under {G.name!r}: the distance from the "
                    f"centre, say",
                )
    return None


def _per_plane(case: Case) -> Cause | None:
    """A constant, or a module of torch, with a number for every plane."""
    S = case.group.order
    if "group" not in case.space and "planes" not in case.space:
        return None
    name = type(case.layer).__name__ if case.step.is_module else case.kind
    is_norm = "Norm" in name or name.endswith("norm")
    is_torch = case.step.is_module and type(case.layer).__module__.startswith("torch.")
    if is_norm and (is_torch or not case.step.is_module):
        return (
            "it normalises every plane by itself, or has a parameter or a statistic for each",
            "use a norm of groupconv.nn, such as BatchNorm or LayerNorm: one of each per channel",
        )
    x = case.step.inputs[0]
    if is_torch and name.startswith(("Conv", "Linear")):
        return (
            "it is a planar layer, and mixes the planes of the group freely",
            "use GroupConv",
        )
    for constant in case.step.constants:
        flat = x.shape[1] if x.ndim > 1 else 0
        if any(n in (S, flat) and n > 1 for n in constant.shape):
            return (
                f"a tensor of shape {tuple(constant.shape)} has a number for every plane",
                "give it one number per channel, the same for all planes",
            )
    return None


def _planar(case: Case) -> Cause | None:
    """An ordinary convolution, or a linear layer over the places of a map."""
    module = case.layer
    is_torch = type(module).__module__.startswith("torch.nn")
    if (is_torch and case.kind.startswith("Conv")) or case.kind in ("conv", "conv_transpose"):
        return (
            "it is an ordinary convolution, whose filters do not turn with the map",
            "use LiftingConv or GroupConv, or convert the network with groupconv.convert",
        )
    if isinstance(module, nn.Linear) or case.kind == "linear":
        return (
            "it is a linear layer over places or planes, each with a weight of its own",
            "pool over planes and places in front of it",
        )
    return None


def _reshaped(case: Case) -> Cause | None:
    """A reshape after which the planes of a map no longer lie together."""
    if not RESHAPING.match(case.kind):
        return None
    shapes = f"{tuple(case.step.inputs[0].shape)} to {tuple(case.step.output.shape)}"
    if case.step.output.ndim == 2:
        return (
            f"it reshapes {shapes}, so that every plane and place is a feature of its own",
            "pool over planes and over space in front of it (CosetPool, AdaptiveAvgPool(1))",
        )
    return (
        f"it reshapes {shapes}, so that planes or places of different channels are mixed, or "
        f"planes come apart in another order than their cosets",
        "keep the planes of a channel together; Restrict cuts a map into maps of a subgroup",
    )


RULES: tuple[Callable[[Case], Cause | None], ...] = (
    *(_other_group, _planes_as_space, _asymmetric, _remainder, _padding, _resampling, _crop),
    *(_some_planes, _reshaped, _place_dependent, _per_plane, _planar),
)
"""In this order: what is said of a step first is the more specific."""
