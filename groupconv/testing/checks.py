"""What every group must pass: as an object, as mathematics, as tables, and in layers."""

from __future__ import annotations

import copy
import itertools
import pickle
import sys
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

import groupconv
from groupconv.errors import ConformanceError
from groupconv.nn import BatchNorm, CosetPool, GroupConv, LiftingConv
from groupconv.testing.equivariance import assert_equivariant
from groupconv.transforms import filter_transform
from groupconv.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupconv.algebra import Element, SplitGroup
    from groupconv.algebra.exact import IntArray

__tracebackhide__ = True  # so that pytest ends at the line of the test

SIDE = 5
"""The side of the torus that layers are tried on: odd, and larger than the kernel."""

KERNEL_SIZE = 3


def check_object(group: SplitGroup) -> None:
    """A group is immutable and hashable; pickle, copies and `repr` give it back."""
    for how, back in (
        ("pickle", lambda: pickle.loads(pickle.dumps(group))),
        ("copy.deepcopy", lambda: copy.deepcopy(group)),
        ("eval of its repr", lambda: eval(repr(group), _names(group))),
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                other = back()
        except Exception as error:
            problem = f"{how} does not give {group!r} back: {type(error).__name__}: {error}"
            step = "define the class at the top of a module, one with parameters as a dataclass"
            raise ConformanceError(f"{problem}; {step}") from error
        if other != group or hash(other) != hash(group):
            given = f"{how} of {group!r} gives {other!r}, another group"
            raise ConformanceError(f"{given}; compare parameters")
    try:
        group.name = group.name
    except AttributeError:
        return
    raise ConformanceError(f"{group!r} can be changed; groups are immutable, as a frozen dataclass")


def _names(group: SplitGroup) -> dict[str, object]:
    """The names that a `repr` may use: those of groupconv and of the plugin's module."""
    ours = {name: getattr(groupconv, name) for name in groupconv.__all__}
    generator = {"Generator": groupconv.algebra.Generator}
    return ours | generator | vars(sys.modules[type(group).__module__])


def check_axioms(group: SplitGroup) -> None:
    """Every axiom is proved by `groupconv.verify`."""
    verify(group).raise_if_failed()


def check_tables(group: SplitGroup) -> None:
    """The tables of filter transforms are the group's own products (section 7.1)."""

    def matrices(elements: Iterable[Element]) -> IntArray:  # shape: (n, d+1, d+1)
        found = [group.formulas.matrix(*g).tolist() for g in elements]  # the plugin's, not a table
        return np.array(found, dtype=np.int64)

    S, elements = group.order, map(group.element, range(group.order))
    back = matrices(map(group.formulas.inverse, elements))[:, None]  # shape: (S, 1, d+1, d+1)
    for in_space, planes in (("lattice", 1), ("group", S)):
        index = filter_transform(group.stabilizer, KERNEL_SIZE, in_space, "group").index
        inside = index[0, 0] >= 0
        support = map(tuple, (np.argwhere(inside) - KERNEL_SIZE // 2).tolist())
        points = matrices(
            itertools.starmap(group.element, itertools.product(range(planes), support))
        )
        moved = back @ points
        if planes == 1:  # a point of the lattice is a translation
            points, moved = points[..., -1], moved[..., -1]
        number = {point.tobytes(): n for n, point in enumerate(points)}
        values = [[number.get(point.tobytes(), -1) for point in row] for row in moved]
        expected = np.full_like(index, -1)
        expected[..., inside] = np.reshape(values, (S, planes, -1))
        for place in map(tuple, np.argwhere(index != expected).tolist()):
            raise ConformanceError(
                f"the table of {group.name!r} from the {in_space} reads parameter {index[place]} "
                f"at {place}, and g⁻¹(g(s')⁻¹ g(s, x)) is {expected[place]}"
            )


def check_layers(group: SplitGroup, dtype: torch.dtype) -> None:
    """Layers commute with every element; on a torus, which has no edge that could spoil it."""
    step = (1,) + (0,) * (group.dimension - 1)
    elements = [group.element(s, t) for s in range(group.order) for t in (None, step)]
    for in_space, layer in _layers(group).items():
        layer, x = layer.to(dtype), _input(group, in_space).to(dtype)
        assert_equivariant(
            layer, x, group=group, in_space=in_space, elements=elements, circular=True
        )


def check_state(group: SplitGroup) -> None:
    """A layer's state is its weight and bias; it loads, pickles and copies."""
    for in_space, layers in _layers(group).items():
        layer, x = layers[0], _input(group, in_space)
        if sorted(layer.state_dict()) != ["bias", "weight"]:
            raise ConformanceError(f"the state of {layer} is {sorted(layer.state_dict())}")
        expected = layer(x)
        fresh = _layers(group)[in_space][0]
        fresh.load_state_dict(layer.state_dict())
        for how, other in (
            ("load_state_dict", fresh),
            ("pickle", pickle.loads(pickle.dumps(layer))),
            ("copy.deepcopy", copy.deepcopy(layer)),
        ):
            _require_equal(other(x), expected, f"{how} changes what {layer} computes")


def check_compile(group: SplitGroup) -> None:
    """`torch.compile` takes a network in one graph, forward and backward, and changes nothing."""
    if (net := _layers(group).get("lattice")) is None:
        return
    torch.compiler.reset()  # so that many groups in one process do not fill its cache
    compare_compiled(net, torch.compile(net, fullgraph=True, backend="aot_eager"), group)


def compare_compiled(net: nn.Module, compiled: Callable[..., Tensor], group: SplitGroup) -> None:
    """A network from the lattice gives what its compiled form gives, and has its gradient."""
    x, results = _input(group, "lattice").requires_grad_(), []
    with warnings.catch_warnings():  # torch's compiler uses what torch deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        for module in (net, compiled):
            y = module(x)
            results.append((y, *torch.autograd.grad(y.square().sum(), x)))
    for eager, traced in zip(*results, strict=True):
        _require_equal(traced, eager, f"torch.compile changes what {net} computes")


def _layers(group: SplitGroup) -> dict[str, nn.Sequential]:
    """A network from the lattice and one from the group; none where torch has no convolution."""
    if group.dimension > 3:
        return {}
    quotient = group.subgroups()[len(group.subgroups()) // 2]
    options: dict[str, Any] = {"padding": KERNEL_SIZE // 2, "padding_mode": "circular"}
    options["group"] = group
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {
            "lattice": nn.Sequential(
                LiftingConv(2, 3, KERNEL_SIZE, **options),
                BatchNorm(3),
                nn.ReLU(),
                GroupConv(3, 2, KERNEL_SIZE, out_space=quotient, **options),
                CosetPool(group=group, in_space=quotient),
            ),
            "group": nn.Sequential(
                GroupConv(2, 2, KERNEL_SIZE, groups=2, **options),
                GroupConv(2, 2, KERNEL_SIZE, out_space="lattice", **options),
            ),
        }


def _input(group: SplitGroup, space: str) -> Tensor:
    planes = () if space == "lattice" or group.order == 1 else (group.order,)
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 2, *planes, *(SIDE,) * group.dimension, generator=generator)


def _require_equal(found: Tensor, expected: Tensor, problem: str) -> None:
    try:
        torch.testing.assert_close(found, expected)
    except AssertionError as error:
        raise ConformanceError(f"{problem}: {error}") from error


CHECKS: dict[str, Callable[[SplitGroup], None]] = {
    "object": check_object,
    "axioms": check_axioms,
    "tables": check_tables,
    "layers_float32": partial(check_layers, dtype=torch.float32),
    "layers_float64": partial(check_layers, dtype=torch.float64),
    "state": check_state,
    "compile": check_compile,
}
"""Every check by its name, in the order in which they run."""
