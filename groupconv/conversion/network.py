"""`convert`: a network of torch's modules made equivariant, without touching its source."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, Literal

import torch

from groupconv.arguments import choice, flag
from groupconv.conversion.building import Style, build
from groupconv.conversion.comparison import deviation_from, require_same_cuts
from groupconv.conversion.plan import Plan
from groupconv.conversion.report import ConversionReport
from groupconv.errors import ConversionError
from groupconv.registry import as_group
from groupconv.testing import diagnose
from groupconv.testing.examples import Example

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from groupconv.algebra import SplitGroup


def convert(
    model: nn.Module,
    group: SplitGroup | str,
    *,
    example: Tensor | tuple[Any, ...] | Mapping[str, Any],
    width: Literal["parameters", "channels"] = "parameters",
    pool: Literal["mean", "max"] = "mean",
    init: Literal["random", "planar"] = "random",
    outputs: Literal["lattice", "group"] = "lattice",
    overrides: Mapping[str, nn.Module | str] | None = None,
    check: bool = True,
) -> tuple[nn.Module, ConversionReport]:
    """A group-equivariant network from a planar one, module by module (section 9).

    Convolutions, linear layers, norms, pools and upsampling are exchanged for those of the group;
    maps between modules are `(B, C·S, *spatial)`, channel-major, so the code of the model stays as
    it is. The first convolutions that the input reaches lift; the last ones, or linear layers,
    project back to the lattice. Which these are is found by running the example.

    Args:
        model: The network. It is not changed.
        group: A group, or the name of an installed one.
        example: An input that the network takes: a tensor, its arguments, or its named arguments.
        width: Whether to keep the number of `"parameters"`, by `1/√S` times as many channels on
            the group, rounded; or the `"channels"`, which are `S` planes each.
        pool: How the last layers project: the `"mean"` or the `"max"` over the planes.
        init: Whether weights start at `"random"` or from the `"planar"` network. With
            `width="channels"` the result computes, in evaluation mode, the mean or the maximum of
            the planar network's last layer over all transformed inputs; with
            `width="parameters"` only the lifting layers start from planar filters.
        outputs: Where outputs live that the code returns from the middle of the network, such as
            features: projected to the `"lattice"`, or left on the `"group"`, planes and all.
        overrides: What a person knows better, by the path of a module: `"keep"` it as it is, or
            another module to take its place, or its output's space, `"group"` or `"lattice"`.
        check: Whether to measure the result on the example.

    Returns:
        The network, a copy, and a report.

    Raises:
        ConversionError: a module or the code between modules has no equivariant counterpart.
        EquivarianceError: the result is not equivariant on an input of this size.
        ArgumentError: an argument is not one of those above.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> planar = nn.Sequential(
        ...     nn.Conv2d(1, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        ...     nn.Linear(16, 10),
        ... )
        >>> net, report = convert(planar, "p4", example=torch.randn(1, 1, 9, 9))
        >>> net[0].layer
        LiftingConv(1, 8, kernel_size=(3, 3), group='p4', planes=1→4)
        >>> net(torch.zeros(2, 1, 9, 9)).shape
        torch.Size([2, 10])
    """
    group = as_group(group)
    choice("width", width, ("parameters", "channels"))
    choice("pool", pool, ("mean", "max"))
    choice("init", init, ("random", "planar"))
    choice("outputs", outputs, ("lattice", "group"))
    is_checked = flag("check", check)
    try:
        planar, new = copy.deepcopy(model), copy.deepcopy(model)
    except RuntimeError as failure:
        raise ConversionError(
            f"the network cannot be copied: {failure}; delete what it keeps of earlier runs"
        ) from failure
    given = Example.read(example)
    given.require_maps(group)
    plan = Plan(new, group, given, dict(overrides or {}))
    scale = math.sqrt(group.order) if width == "parameters" else 1.0
    projects = outputs == "lattice"
    style = Style(scale, pool, init == "planar", projects, plan.blocks())
    new, rows = build(new, plan, style, given)
    require_same_cuts(planar, new, given, group)
    before, after = (sum(p.numel() for p in part.parameters()) for part in (model, new))
    error = deviation = None
    if is_checked:
        if not given.is_moved(group):
            given = given.mapped(torch.rand_like)
        out_space: Any = None if projects else "group"
        diagnosis = diagnose(_without_zeros(new), given, group=group, out_space=out_space)
        diagnosis.raise_if_broken()
        error = diagnosis.error
        if init == "planar" and width == "channels" and projects:
            deviation = deviation_from(planar, new, given, group, pool)
    counts = before, after, style.widths
    return new, ConversionReport(group.name, tuple(rows), *counts, error, deviation)


@torch.no_grad()
def _without_zeros(model: nn.Module) -> nn.Module:
    """A copy with noise for weights and gates that are zero, behind which nothing could be seen.

    Biases stay: they hide nothing, and large ones would leave every rectifier behind them dead.
    """
    stirred = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        for name, parameter in stirred.named_parameters():
            if not name.endswith("bias") and not parameter.any():
                parameter.uniform_(0.5, 1)
    return stirred
