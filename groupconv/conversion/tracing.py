"""What reads what in a model: one run on an example, watched from outside."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves

from groupconv.testing.equivariance import evaluating

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from groupconv.testing.examples import Example


@dataclass(frozen=True)
class Flow:
    """Where a tensor comes from.

    Attributes:
        sources: The mixing modules whose outputs reach it, with no other mixing module between.
        arrays: The bare parameters and buffers that it is made of, and of nothing else.
        spatial: The spatial size of the map that it is, or that it was flattened from.
    """

    sources: frozenset[int] = frozenset()
    arrays: frozenset[str] = frozenset()
    spatial: tuple[int, ...] = ()


@dataclass(frozen=True)
class Call:
    """One call of a watched module.

    Attributes:
        path: The path of the module.
        module: The module.
        flow: Where its input comes from.
        shape: The shape of the input.
        out_shape: The shape of the output.
    """

    path: str
    module: nn.Module
    flow: Flow
    shape: tuple[int, ...]
    out_shape: tuple[int, ...]


@dataclass
class Trace:
    """What one run shows.

    Attributes:
        calls: The calls of watched modules, in their order.
        outputs: Where the outputs of the model come from, and their shapes, by their place.
        meetings: Bare arrays that were joined to data behind a mixing module: the path, the
            function, the shape that the array had by then, and where the data come from.
    """

    calls: list[Call] = field(default_factory=list)
    outputs: dict[int, tuple[Flow, tuple[int, ...]]] = field(default_factory=dict)
    meetings: list[tuple[str, str, tuple[int, ...], Flow]] = field(default_factory=list)


def trace(
    model: nn.Module,
    example: Example,
    watched: dict[str, nn.Module],
    mixing: Collection[int],
    dimension: int,
    *,
    in_its_own_mode: bool = False,
) -> Trace:
    """Run a model in evaluation mode, and note what each watched module reads.

    Args:
        model: The model; nothing of it is changed.
        example: What it is run on.
        watched: The modules that are looked at from outside, by path; one entry for each module.
        mixing: The identities of those whose output is no longer their input, cell by cell.
        dimension: The number of spatial axes.
        in_its_own_mode: Whether to run it as it is, for what runs only in training.
    """
    watch = _Watch(model, watched.values(), dimension)
    hooks = []
    for path, module in watched.items():
        hooks.append(module.register_forward_pre_hook(watch.enter, with_kwargs=True))
        leave = watch.leaver(path, is_mixing=id(module) in mixing)
        hooks.append(module.register_forward_hook(leave))
    try:
        with (unchanged if in_its_own_mode else evaluating)(model), watch:
            outputs = example.copied().run(model)
    finally:
        for hook in hooks:
            hook.remove()
    watch.trace.outputs = {
        place: (watch.flow(y), tuple(y.shape))
        for place, y in enumerate(tree_leaves(outputs))
        if isinstance(y, Tensor)
    }
    return watch.trace


@contextlib.contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Without gradients; statistics and random numbers are as before in the end."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            for name, buffer in model.named_buffers():
                if name in before:
                    buffer.copy_(before[name])


class _Watch(TorchFunctionMode):
    """Marks every tensor with its flow; what happens within a watched module is its own affair."""

    def __init__(self, model: nn.Module, watched: Iterable[nn.Module], dimension: int) -> None:
        super().__init__()
        self.trace, self.dimension, self.depth = Trace(), dimension, 0
        self.inside: list[tuple[Flow, tuple[int, ...]]] = []
        owned = {id(a) for part in watched for a in (*part.parameters(), *part.buffers())}
        arrays = (*model.named_parameters(), *model.named_buffers())
        self.arrays = {id(array): path for path, array in arrays if id(array) not in owned}

    def flow(self, tensor: Tensor) -> Flow:
        if path := self.arrays.get(id(tensor)):
            return Flow(arrays=frozenset({path}))
        return getattr(tensor, "_groupconv_flow", None) or Flow(spatial=self._spatial(tensor))

    def _spatial(self, tensor: Tensor) -> tuple[int, ...]:
        d = self.dimension
        return tuple(tensor.shape[2:]) if tensor.ndim == d + 2 else (1,) * d

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.depth:
            return result
        given = [a for a in tree_leaves((args, kwargs)) if isinstance(a, Tensor)]
        made = [a for a in tree_leaves(result) if isinstance(a, Tensor)]
        if func is Tensor.__setitem__:
            made = given[:1]
        if given and made:
            flows = [self.flow(tensor) for tensor in given]
            for tensor in made:
                if id(tensor) not in self.arrays:
                    self._mark(tensor, self._joined(func, given, flows, tensor))
        return result

    def _joined(
        self, func: Callable[..., Any], given: list[Tensor], flows: list[Flow], made: Tensor
    ) -> Flow:
        sources = frozenset[int]().union(*(flow.sources for flow in flows))
        arrays = frozenset[str]().union(*(flow.arrays for flow in flows))
        if sources and arrays:
            name = resolve_name(func) or getattr(func, "__name__", str(func))
            for tensor, flow in zip(given, flows, strict=True):
                if not flow.sources and max(tensor.shape, default=1) > 1:  # not a single number
                    shape = tuple(tensor.shape)
                    self.trace.meetings += [(p, name, shape, Flow(sources)) for p in flow.arrays]
            arrays = frozenset()
        spatial = self._spatial(made)
        main = max(given, key=Tensor.numel)
        is_kept = made.numel() == main.numel() or func in (torch.cat, torch.concat, torch.stack)
        if made.ndim != self.dimension + 2 and is_kept:  # a view, or cell by cell
            spatial = flows[[g is main for g in given].index(True)].spatial
        return Flow(sources, arrays, spatial)

    def _mark(self, tensor: Tensor, flow: Flow) -> None:
        tensor._groupconv_flow = flow  # type: ignore[attr-defined]

    def enter(self, _: nn.Module, arguments: Any, named: Any) -> None:
        if not self.depth:
            tensors = [a for a in tree_leaves((arguments, named)) if isinstance(a, Tensor)]
            flows = list(map(self.flow, tensors))
            sources = frozenset[int]().union(*(flow.sources for flow in flows))
            self.inside.append(
                (Flow(sources, frozenset(), flows[0].spatial), tuple(tensors[0].shape))
            )
        self.depth += 1

    def leaver(self, path: str, *, is_mixing: bool) -> Callable[..., None]:
        def leave(module: nn.Module, _: Any, output: Any) -> None:
            self.depth -= 1
            if self.depth:
                return
            flow, shape = self.inside.pop()
            sources = frozenset({id(module)}) if is_mixing else flow.sources
            made = [y for y in tree_leaves(output) if isinstance(y, Tensor)]
            for y in made:
                is_kept = y.ndim != self.dimension + 2 and not is_mixing
                spatial = flow.spatial if is_kept else self._spatial(y)
                self._mark(y, Flow(sources, frozenset(), spatial))
            self.trace.calls.append(Call(path, module, flow, shape, tuple(made[0].shape)))

        return leave
