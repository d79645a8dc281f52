"""`diagnose`: whether a network commutes with a group and, if not, where that breaks and why."""

from __future__ import annotations

import contextlib
import copy
import math
import warnings
from collections import defaultdict
from dataclasses import asdict, dataclass
from itertools import permutations, zip_longest
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from groupconv.algebra import SplitGroup
from groupconv.arguments import flag
from groupconv.errors import ArgumentError, EquivarianceError, EquivarianceWarning, GroupConvError
from groupconv.registry import as_group
from groupconv.testing.causes import Case, cause_of
from groupconv.testing.columns import columns
from groupconv.testing.equivariance import evaluating, group_of, tolerance_of
from groupconv.testing.examples import Example
from groupconv.testing.layouts import invariant, layouts
from groupconv.testing.recording import record
from groupconv.transforms import invariant_region

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupconv.algebra import Subgroup
    from groupconv.testing.causes import Cause
    from groupconv.testing.layouts import Layout
    from groupconv.testing.recording import Recording, Step

UNKNOWN = "unknown"
MASKED = "if the input fills its array, put a Mask on it first"


@dataclass(frozen=True)
class Stage:
    """One module in the order of execution.

    Attributes:
        path: Its path in the network.
        name: Its class, or the function that the code between modules calls.
        shape: The shape of what it gives.
        space: Where that lives, as far as an element of the group can tell; `"?"` if nowhere.
        error: The equivariance error of what it gives, relative to its largest entry.
    """

    path: str
    name: str
    shape: tuple[int, ...]
    space: str
    error: float


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` finds; it prints as a table.

    Attributes:
        group: The name of the group.
        stages: The modules, in the order of execution; the code between them where it is at fault.
        error: The equivariance error of the outputs in the network's own arithmetic.
        exact_error: The same in the type in which the stages are compared.
        rounding: How large an error rounding in the network's own arithmetic explains.
        arithmetic: The type in which the stages were compared.
        dtype: The network's own type.
        culprit: The first stage that breaks equivariance, if any.
        cause: Why it does, or `"unknown"`.
        remedy: The change that fixes it.
    """

    group: str
    stages: tuple[Stage, ...]
    error: float
    exact_error: float
    rounding: float
    arithmetic: str
    dtype: str
    culprit: Stage | None = None
    cause: str = ""
    remedy: str = ""

    @property
    def passed(self) -> bool:
        """Whether the network commutes with the group."""
        return not self.cause

    def raise_if_broken(self) -> None:
        """Raise if the network does not commute with the group.

        Raises:
            EquivarianceError: it does not; the message names the first part that breaks it.
        """
        if not self.passed:
            raise EquivarianceError(self._verdict())

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain data."""
        return asdict(self) | {"passed": self.passed}

    def _verdict(self) -> str:
        ran = f"error {self.error:.1e} in {self.dtype}"
        if self.passed:
            explained = f"where rounding explains {self.rounding:.1e}"
            return f"equivariant under {self.group}: {ran}, {explained}"
        place = ""
        if self.culprit is not None:
            where = repr(self.culprit.path) if self.culprit.path else "the network"
            place = f" {where} ({self.culprit.name}) breaks it:"
        remedy = f"; {self.remedy}" if self.remedy else ""
        ran += f", {self.exact_error:.1e} in {self.arithmetic}"
        return f"not equivariant under {self.group}: {ran};{place} {self.cause}{remedy}"

    def __str__(self) -> str:
        lines = [("module", "is", "gives", "space", "error")]
        for stage in self.stages:
            shape = "×".join(map(str, stage.shape))
            mark = "  ← breaks it" if stage is self.culprit else ""
            lines.append((stage.path, stage.name, shape, stage.space, f"{stage.error:.1e}{mark}"))
        return "\n".join([*columns(lines), f"compared in {self.arithmetic}", self._verdict()])


def diagnose(
    model: nn.Module,
    x: Any,
    *,
    group: SplitGroup | str | None = None,
    circular: bool = False,
    out_space: Literal["group"] | None = None,
) -> Diagnosis:
    """Run a network on an input and on moved ones, and find the first part that does not commute.

    It runs in evaluation mode, without gradients and, if it can, in double precision on a copy, so
    that rounding hides nothing. Elements are the group's generators. Where a tensor lives is found
    by trying: with planes or without, apart or flattened into the channels.

    Args:
        model: The network.
        x: Its input, `(B, C, *spatial)`; or a tuple of arguments, or a mapping of named ones.
        group: The group; by default that of the layers in the network.
        circular: Whether arrays are tori, as for layers with circular padding: then a translation
            is tried as well.
        out_space: An output without spatial axes, `(B, K)`, is taken to be invariant; `"group"`
            allows it to hold planes, which change places.

    Raises:
        ArgumentError: no input is a map that the group acts on, the group is not known, or nothing
            is measured.

    Examples:
        >>> import groupconv as gc
        >>> conv = gc.nn.LiftingConv(1, 4, 3, stride=2, group="p4")
        >>> net = nn.Sequential(conv, nn.ReLU(), gc.nn.CosetPool(group="p4"))
        >>> report = diagnose(net, torch.randn(1, 1, 8, 8))
        >>> report.passed, report.culprit.path
        (False, '0')
        >>> diagnose(net, torch.randn(1, 1, 9, 9)).passed
        True
    """
    G = group_of(model) if group is None else as_group(group)
    given = Example.read(x)
    given.require_maps(G)
    is_circular = flag("circular", circular)
    if not given.is_moved(G):
        raise ArgumentError(
            "x stays as it is under every element, which measures nothing; give another x, such as "
            "torch.randn"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EquivarianceWarning)  # what it says is among the causes
        return _Examination(model, given, G, out_space, is_circular=is_circular).diagnosis()


class _Examination:
    """A network under the generators of a group: every step of every run, side by side."""

    def __init__(
        self,
        model: nn.Module,
        given: Example,
        group: SplitGroup,
        out_space: str | None,
        *,
        is_circular: bool,
    ) -> None:
        self.model, self.given, self.group, self.is_circular = model, given, group, is_circular
        self.elements = [group.element(s) for s in group.stabilizer.generators]
        if is_circular:
            self.elements += [group.element(0, (1,) + (0,) * (group.dimension - 1))]
        self.spaces = _spaces(model, group)
        self.out_space = out_space
        self.exact, self.dtype = _in_double_precision(model, given)
        self.base = self._recorded(given)
        self.again = self._recorded(given)
        if not any(y.any() for y in self.base.outputs):
            raise ArgumentError(
                "the network gives zeros alone, which measures nothing; give another x, or weights "
                "that are not zero"
            )
        moved = [given.moved(g, group, circular=is_circular) for g in self.elements]
        self.moved = list(map(self._recorded, moved))
        d = group.dimension
        shapes = (tuple(step.output.shape) for step in self.base.steps if step.output.ndim == d + 2)
        self.sizes = list(dict.fromkeys(shape[2:] for shape in shapes))
        types = {y.dtype for step in self.base.steps if (y := step.output).is_floating_point()}
        self.dtype = max({self.dtype, *types}, key=tolerance_of)
        self.limit = tolerance_of(self.dtype)

    def _recorded(self, given: Example) -> Recording:
        if self.exact is not self.model:
            given = given.mapped(Tensor.double)
        with evaluating(self.exact):
            return record(self.exact, given)

    def measured(
        self, y: Tensor, moved: Sequence[Tensor], kinds: Iterable[Layout] | None = None
    ) -> tuple[float, Layout | None]:
        """The error of a tensor in the layout in which it is least, and that layout."""
        best: tuple[float, Layout | None] = math.inf, None
        scale = y.abs().max().item() or 1.0
        for layout in kinds or layouts(y, self.spaces, self.sizes):
            errors = [
                layout.error(y, x, g, self.group, circular=self.is_circular) / scale
                for x, g in zip(moved, self.elements, strict=True)
            ]
            error = math.inf if any(map(math.isnan, errors)) else max(errors, default=0.0)
            if error < best[0]:
                best = error, layout
            if error <= self.limit:
                break
        return best

    def outputs(self) -> tuple[float, list[Layout | None]]:
        """The largest error of the outputs, and the layout of each."""
        found: list[tuple[float, Layout | None]] = []
        for n, y in enumerate(self.base.outputs):
            if not y.is_floating_point():
                found.append((0.0, None))
                continue
            kinds = None
            if y.ndim <= 2 and self.out_space is None:
                kinds = [invariant(self.group)]
            found.append(self.measured(y, [run.outputs[n] for run in self.moved], kinds))
        errors, kinds_found = zip(*found, strict=True)
        return max(errors), list(kinds_found)

    def own_error(self, kinds: list[Layout | None]) -> tuple[float, float, torch.dtype]:
        """The error in the network's own arithmetic, how much rounding explains, and its type."""
        with evaluating(self.model):
            runs = [self.given.copied().run(self.model)]
            for g in self.elements:
                moved = self.given.moved(g, self.group, circular=self.is_circular)
                runs.append(moved.copied().run(self.model))
        own = [[y for y in tree_leaves(run) if isinstance(y, Tensor)] for run in runs]
        exact = [run.outputs for run in (self.base, *self.moved)]
        error = rounding = 0.0
        for n, layout in enumerate(kinds):
            if layout is None:
                continue
            scale = exact[0][n].abs().max().item() or 1.0
            found, _ = self.measured(own[0][n], [run[n] for run in own[1:]], [layout])
            error = max(error, found)
            off = [
                (a[n].double() - b[n].double()).abs().max().item()
                for a, b in zip(own, exact, strict=True)
            ]
            rounding = max(rounding, (off[0] + max(off[1:], default=0.0)) / scale)
        return error, rounding, own[0][0].dtype

    def diagnosis(self) -> Diagnosis:
        stages: list[Stage] = []
        culprit: Stage | None = None
        cause = remedy = ""
        error, kinds = self.outputs()
        errors = self._step_errors()
        broken: int | None = None
        if unsteady := self._unsteady():
            broken, (cause, remedy) = unsteady
        elif error > self.limit:
            broken = self._first_broken([found > self.limit for found, _ in errors])
            cause, remedy = self._cause(broken, errors)
        for n, step in enumerate(self.base.steps):
            if step.is_module or n == broken:
                found, layout = errors[n]
                name = step.name if step.is_module else f"{step.name} at {step.line}"
                space = layout.name if layout is not None and found <= self.limit else "?"
                stage = Stage(step.path, name, tuple(step.output.shape), space, found)
                stages.append(stage)
                if n == broken:
                    culprit = stage
        own, rounding, dtype = self.own_error(kinds)
        if not cause and own > tolerance_of(dtype):
            cause = f"{_short(dtype)} only: in {_short(self.dtype)} the error is {error:.1e}"
            remedy = "compute in float32, or scale the input and the weights"
        return Diagnosis(
            self.group.name,
            tuple(stages),
            own,
            error,
            rounding,
            _short(self.dtype),
            _short(dtype),
            culprit,
            cause,
            remedy,
        )

    def _step_errors(self) -> list[tuple[float, Layout | None]]:
        """The error and the layout of what every step gives."""
        found: list[tuple[float, Layout | None]] = []
        for n, step in enumerate(self.base.steps):
            runs = [run.steps[n].output for run in self.moved if n < len(run.steps)]
            if len(runs) < len(self.moved) or not step.output.is_floating_point():
                found.append((0.0, None))
            else:
                found.append(self.measured(step.output, runs))
        return found

    def _unsteady(self) -> tuple[int | None, Cause] | None:
        """A step that gives something else the second time, or is not there for a moved input."""
        for n, (one, two) in enumerate(zip(self.base.steps, self.again.steps, strict=False)):
            if one.output.shape != two.output.shape or not torch.equal(one.output, two.output):
                return n, (
                    "it gives something else when the same input comes again: it is random, or "
                    "keeps a state",
                    "fix what is random in evaluation mode, such as F.dropout without training=",
                )
        names = [[(step.path, step.name) for step in run.steps] for run in (self.base, *self.moved)]
        for other in names[1:]:
            for n, (name, other_name) in enumerate(zip_longest(names[0], other)):
                if name != other_name:
                    return (n if n < len(names[0]) else None), (
                        "the code takes another way for a moved input: a branch depends on data",
                        "let it depend on what the group does not change, such as a sum over cells",
                    )
        return None

    def _first_broken(self, is_broken: list[bool]) -> int | None:
        """The first step that is broken, unless all steps that read it are right again."""
        readers: dict[int, list[int]] = defaultdict(list)
        for n, step in enumerate(self.base.steps):
            for parent in step.parents:
                if parent is not None and parent >= 0:
                    readers[parent].append(n)
        excused = [False] * len(is_broken)
        for n in reversed(range(len(is_broken))):
            excused[n] = (
                is_broken[n]
                and bool(readers[n])
                and all(not is_broken[m] or excused[m] for m in readers[n])
            )
        wrong = (n for n in range(len(is_broken)) if is_broken[n] and not excused[n])
        return next(wrong, None)

    def _cause(self, broken: int | None, errors: list[tuple[float, Layout | None]]) -> Cause:
        """What is known about the first broken step."""
        if found := self._other_axes():
            return found
        if broken is None:
            return UNKNOWN, ""
        step = self.base.steps[broken]
        known = [errors[parent][1] for parent in step.parents if parent is not None and parent >= 0]
        space = next((layout.name for layout in known if layout is not None), "")
        return (
            cause_of(Case(step, self.group, space))
            or self._at_the_corners(step, broken)
            or (UNKNOWN, "" if self.group.stabilizer.permutes_axes else MASKED)
        )

    def _at_the_corners(self, step: Step, n: int) -> Cause | None:
        """Whether only what lies outside the part of the array that the group keeps is wrong."""
        S, d = self.group.stabilizer, self.group.dimension
        if S.permutes_axes or step.output.ndim < d + 2:
            return None
        region = torch.as_tensor(invariant_region(S, step.output.shape[-d:]))
        runs = [run.steps[n].output * region for run in self.moved]
        error, _ = self.measured(step.output * region, runs)
        if error > self.limit:
            return None
        size = tuple(step.output.shape[-d:])
        return (
            f"only what lies outside the part of the array that {self.group.name!r} keeps is wrong",
            f"put Mask({size}) behind it",
        )

    def _other_axes(self) -> Cause | None:
        """Whether the network commutes with the same group on other axes."""
        S, d = self.group.stabilizer, self.group.dimension
        for axes in permutations(range(d)):
            other = self.group.transposed(axes) if axes != tuple(range(d)) else self.group
            if other.stabilizer.contains(S):
                continue
            with contextlib.suppress(GroupConvError, RuntimeError):
                options = {"is_circular": self.is_circular}
                seen = _Examination(self.model, self.given, other, self.out_space, **options)
                if seen.outputs()[0] <= seen.limit:
                    return (
                        "the network commutes with the same elements on other axes",
                        f"give group=groupconv.group({self.group.name!r}).transposed({axes})",
                    )
        return None


def _spaces(model: nn.Module, group: SplitGroup) -> list[tuple[SplitGroup, Subgroup]]:
    """The spaces on which maps of a network may live, under the group or one that contains it."""
    S = group.stabilizer
    found = [(group, S.whole), (group, S.trivial)]
    for part in model.modules():
        for name in ("group", "larger"):
            own = getattr(part, name, None)
            if isinstance(own, SplitGroup) and own.stabilizer.contains(S):
                spaces = (getattr(part, space, None) for space in ("in_space", "out_space"))
                known = [H for H in spaces if H is not None and H.stabilizer == own.stabilizer]
                found += [(own, H) for H in (own.stabilizer.trivial, *known)]
    return list(dict.fromkeys(found))


def _in_double_precision(model: nn.Module, given: Example) -> tuple[nn.Module, torch.dtype]:
    """A copy of the network in double precision; the network itself if that does not run."""
    try:
        exact = copy.deepcopy(model).double()
        with evaluating(exact):
            given.mapped(Tensor.double).copied().run(exact)
    except Exception:
        types = [x.dtype for x in given.tensors() if x.is_floating_point()]
        return model, max(types, key=tolerance_of)
    return exact, torch.float64


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
