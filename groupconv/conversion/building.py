"""A network's modules exchanged, in the order in which a map reaches them."""

from __future__ import annotations

import math
import traceback
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_leaves

from groupconv.conversion.layers import ProjectedOutputs, Repeated
from groupconv.conversion.report import Row
from groupconv.conversion.rules import MIXING, SPATIAL_RULES, Place, layer_norm
from groupconv.conversion.tracing import Flow, unchanged
from groupconv.errors import ConversionError, EquivarianceWarning, GroupConvError
from groupconv.testing.equivariance import evaluating
from groupconv.testing.recording import inner_layer, own_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from groupconv.conversion.plan import Plan
    from groupconv.conversion.tracing import Call
    from groupconv.testing.examples import Example

    Outputs = dict[int, tuple[Flow, tuple[int, ...]]]


@dataclass(frozen=True)
class Style:
    """The choices that hold for a whole network.

    Attributes:
        scale: How many times fewer channels there are on the group.
        pool: How the last layers project.
        is_planar: Whether weights start from the planar ones.
        projects: Whether outputs that are left on the group are projected as well.
        blocks: What has to divide the width that stands for a planar one.
        widths: The widths that were asked for so far.
    """

    scale: float
    pool: str
    is_planar: bool
    projects: bool = True
    blocks: dict[int, int] = field(default_factory=dict)
    widths: dict[int, int] = field(default_factory=dict)

    def width(self, channels: int) -> int:
        """The number of channels on the group that stands for a planar one."""
        block = self.blocks.get(channels, 1)
        self.widths[channels] = max(1, round(channels / self.scale / block)) * block
        return self.widths[channels]


def build(
    model: nn.Module, plan: Plan, style: Style, example: Example
) -> tuple[nn.Module, list[Row]]:
    """Exchange the modules of a planned network, and say what became of each.

    Each is made when the example reaches it, since only then the channels of its input are known:
    these follow from the widths in front of it, whatever code joined them.

    Raises:
        ConversionError: a module or the code between modules has no equivariant counterpart.
    """
    before = {path: _count(module) for path, module in plan.modules.items()}
    rows = list(_converted_arrays(model, plan, style))
    slots = {path: _Slot(path, plan, style) for path in plan.rules if _is_exchanged(path, plan)}
    waiting = {path: _Waiting(slot) for path, slot in slots.items()}
    given = {path: m for path, m in plan.overrides.items() if isinstance(m, nn.Module)}
    instead = waiting | given
    model = exchanged(model, {id(plan.modules[path]): instead[path] for path in instead})
    shapes: dict[str, tuple[int, ...]] = {}
    hooks = [
        instead.get(path, plan.modules[path]).register_forward_hook(_noting(shapes, path))
        for path in plan.calls
    ]
    try:
        with evaluating(model), warnings.catch_warnings():
            warnings.simplefilter("ignore", EquivarianceWarning)  # the check says it, with a cause
            runs = [(plan.traces[0].outputs, example.copied().run(model))]
            if len(plan.traces) > 1:
                model.train(True)
                with unchanged(model):
                    outputs = example.copied().run(model)
                runs.append((plan.traces[1].outputs, outputs))
    except GroupConvError:
        raise
    except Exception as error:
        raise ConversionError(_code_between(error, plan)) from error
    finally:
        for hook in hooks:
            hook.remove()
    made = {path: slot.finished() for path, slot in slots.items()}
    model = exchanged(model, {id(waiting[path]): made[path] for path in made})
    _tie(slots.values())
    for path, calls in plan.calls.items():
        new = made.get(path) or given.get(path) or plan.modules[path]
        note = slots[path].note if path in slots else _left_alone(path, plan)
        names = type(plan.modules[path]).__name__, _class_name(new)
        counts = before[path], _count(new)
        rows.append(Row(path, *names, calls[0].out_shape, shapes[path], *counts, note))
    return model, [*rows, *_project_outputs(model, plan, style, runs)]


def _project_outputs(
    model: nn.Module, plan: Plan, style: Style, runs: list[tuple[Outputs, Any]]
) -> Iterator[Row]:
    """Project what the code of the network returns of maps on the group, in each of its modes."""
    forms: dict[str, dict[int, tuple[int, int]]] = {}
    for number, (planar, outputs) in enumerate(runs):
        leaves, spec = tree_flatten(outputs)
        axes = forms.setdefault(str(spec), {})
        for place, y in enumerate(leaves):
            flow, shape = planar.get(place, (Flow(), ()))
            if not plan.on_group(flow) or not y.is_floating_point() or y.ndim != len(shape):
                continue
            differing = [
                axis for axis, (n, m) in enumerate(zip(shape, y.shape, strict=True)) if n != m
            ]
            if not differing:  # the code has reduced the channels and planes
                continue
            axis = differing[0]
            if len(differing) > 1 or y.shape[axis] % plan.group.order:
                raise ConversionError(
                    f"output {place}, of shape {tuple(y.shape)} where the planar network has "
                    f"{shape}, is on the group and has no axis of channels and planes; return it "
                    f"from a convolution or a linear layer"
                )
            axes[place] = axis, y.shape[axis]
            new = list(y.shape)
            if style.projects:
                new[axis] //= plan.group.order
            note = f"projected to the lattice ({style.pool} over planes)"
            note = note if style.projects else "left on the group"
            if number == 0:
                yield Row(f"(output {place})", "", "", shape, tuple(new), 0, 0, note)
    if any(forms.values()) and style.projects:
        model.register_forward_hook(ProjectedOutputs(forms, plan.group.order, style.pool))


def _is_exchanged(path: str, plan: Plan) -> bool:
    """Whether a module has to be another one: it convolves, has a window, or lies on the group."""
    module, rule = plan.modules[path], plan.rules[path]
    return isinstance(module, MIXING) or rule in SPATIAL_RULES or plan.planes(path) > 1


def exchanged(model: nn.Module, new: dict[int, nn.Module]) -> nn.Module:
    """The model with new modules in the place of old ones, wherever these are."""
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if id(child) in new:
                setattr(parent, name, new[id(child)])
    return new.get(id(model), model)


class _Waiting(nn.Module):
    """Stands in a network until a map reaches it."""

    def __init__(self, slot: _Slot) -> None:
        super().__init__()
        self.slot = slot

    def forward(self, x: Tensor) -> Any:
        return self.slot(x)


class _Slot:
    """The place of one module: what it was, and what it becomes when its channels are known."""

    def __init__(self, path: str, plan: Plan, style: Style) -> None:
        self.path, self.plan, self.style = path, plan, style
        self.old, self.planes = plan.modules[path], plan.planes(path)
        self.made: nn.Module | None = None
        self.note, self.count = "", 0

    def __call__(self, x: Tensor) -> Any:
        calls = self.plan.calls[self.path]
        call = calls[min(self.count, len(calls) - 1)]
        self.count += 1
        axis = 1
        if isinstance(self.old, nn.Linear):
            axis = x.ndim - 1
        elif self.plan.rules[self.path] is layer_norm:
            shape: Any = self.old.normalized_shape
            axis = x.ndim - len(shape)
        self._require_same(x, call, axis)
        if self.made is None:
            self.made = self._make(x, call, axis)
        return self.made(x)

    def finished(self) -> nn.Module:
        """What was made, in the mode of the old module."""
        if self.made is None:
            raise ConversionError(
                f"{self.path!r} ran in the planar network and not in the converted one: a branch "
                f"depends on data; give an example that takes the same way in both",
                self.path,
            )
        return self.made.train(self.old.training)

    def _require_same(self, x: Tensor, call: Call, axis: int) -> None:
        """A map differs from the planar one in the number of its channels alone."""
        own, planar = list(x.shape), list(call.shape)
        is_same = len(own) == len(planar)
        own[axis] = planar[axis] = 0
        if not is_same or own != planar:
            raise ConversionError(
                f"{self.path!r} gets a tensor of shape {tuple(x.shape)} where the planar network "
                f"has {call.shape}: the code in front of it has a fixed number of channels, as "
                f"x.view(-1, 400) has; read it off the tensor, as x.flatten(1) does",
                self.path,
            )

    def _make(self, x: Tensor, call: Call, axis: int) -> nn.Module:
        old, spatial = self.old, call.flow.spatial
        cells = math.prod(spatial) if x.ndim == 2 else 1
        if isinstance(old, nn.Linear) and (cells == 1 or old.in_features % cells):
            spatial, cells = (1,) * self.plan.group.dimension, 1
        elif cells > 1 and not isinstance(old, nn.Linear):
            raise ConversionError(
                f"{self.path!r} ({type(old).__name__}) treats every place of a flattened map by "
                f"itself; put it in front of the flattening, or pool first",
                self.path,
            )
        channels, rest = divmod(x.shape[axis], self.planes * cells)
        if rest:
            raise ConversionError(
                f"{self.path!r} gets {x.shape[axis]} channels, which are not maps of {self.planes} "
                f"planes: a map on the lattice was joined to them, such as the image, or the code "
                f"reduced the channels to a few; give overrides={{{self.path!r}: …}} a module from "
                f"the lattice to the lattice if all are on it",
                self.path,
            )
        place = Place(
            self.plan.group,
            self.planes,
            id(old) in self.plan.projecting,
            self.style.pool,
            channels,
            self.style.width,
            self.style.scale == 1,
            spatial,
            axis,
            self.style.is_planar,
        )
        try:
            made, self.note = self.plan.rules[self.path](old, place)
        except GroupConvError as error:
            problem = f"{self.path!r} ({type(old).__name__}) cannot be converted: {error}"
            raise ConversionError(problem, self.path) from error
        return made.eval()


def _converted_arrays(model: nn.Module, plan: Plan, style: Style) -> Iterator[Row]:
    """Exchange the parameters that the model itself joins to maps on the group."""
    for path, axis in plan.arrays.items():
        owner_path, _, name = path.rpartition(".")
        owner = model.get_submodule(owner_path)
        array = getattr(owner, name)
        shape, width = tuple(array.shape), style.width(array.shape[axis])
        kept = array.detach().narrow(axis, 0, width).clone()
        setattr(owner, name, nn.Parameter(kept, array.requires_grad))
        Repeated.register(owner, name, plan.group.order, axis)
        now = (*shape[:axis], width * plan.group.order, *shape[axis + 1 :])
        counts = array.numel(), width
        yield Row(path, "Parameter", "Parameter", shape, now, *counts, "one entry per channel")


def _tie(slots: Iterable[_Slot]) -> None:
    """Let modules that had a parameter in common have one again."""
    users: dict[int, list[tuple[_Slot, str]]] = defaultdict(list)
    for slot in slots:
        for name, parameter in slot.old.named_parameters(recurse=False):
            users[id(parameter)].append((slot, name))
    for (first, first_name), *others in users.values():
        for other, name in others:
            layers = [getattr(slot.made, "layer", slot.made) for slot in (first, other)]
            one, two = (
                getattr(part, n, None) for part, n in zip(layers, (first_name, name), strict=True)
            )
            if one is None or two is None or one.shape != two.shape:
                raise ConversionError(
                    f"{first.path!r} and {other.path!r} share their {name}, and their counterparts "
                    f"cannot, since they stand at different places; give each its own",
                    other.path,
                )
            setattr(layers[1], name, one)


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _class_name(module: nn.Module) -> str:
    return type(inner_layer(module)).__name__


def _left_alone(path: str, plan: Plan) -> str:
    if path in plan.overrides:
        return "as overrides= says"
    return "left alone" if plan.planes(path) > 1 else "left alone: on the lattice"


def _noting(shapes: dict[str, tuple[int, ...]], path: str) -> Callable[..., None]:
    def note(*call: Any) -> None:  # the module, its arguments and its output
        output = next(y for y in tree_leaves(call[-1]) if isinstance(y, Tensor))
        shapes.setdefault(path, tuple(output.shape))

    return note


def _code_between(error: Exception, plan: Plan) -> str:
    """Where the model's own code fails on maps of the group."""
    place = own_line(traceback.extract_tb(error.__traceback__))
    return (
        f"the code between the modules ({place}) does not take maps on {plan.group.name!r}, "
        f"{plan.group.order} planes for each channel: {type(error).__name__}: {error}; let it read "
        f"sizes off the tensors, put a linear layer between a vector, such as an embedding, and a "
        f"map, and give overrides={{path: 'lattice'}} for a layer whose one channel weighs a map"
    )
