"""Every step of a run of a network: what each module and each function between modules gives."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupconv.testing.examples import Example

LIBRARIES = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))


@dataclass(frozen=True, eq=False)
class Step:
    """One call of a module, or of a function of torch outside of such modules.

    Attributes:
        path: The path of the module, or of the one whose code calls the function.
        call: The module or the function.
        arguments: Its arguments, as they were given.
        named: And those by name.
        output: The first tensor that it gives.
        inputs: The tensors that it is given.
        parents: The steps that made these; -1 stands for an input of the network.
        line: The line of the model's code, as `file.py, line 7: x = ...`.
    """

    path: str
    call: Any
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    output: Tensor
    inputs: tuple[Tensor, ...]
    parents: tuple[int | None, ...]
    line: str = ""

    @property
    def is_module(self) -> bool:
        """Whether it is a module."""
        return isinstance(self.call, nn.Module)

    @property
    def name(self) -> str:
        """The name of the class or of the function."""
        if self.is_module:
            return type(inner_layer(self.call)).__name__
        return str(getattr(self.call, "__name__", self.call)).strip("_")

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """Its inputs that depend on no input of the network: parameters, buffers, and new ones."""
        given = zip(self.inputs, self.parents, strict=True)
        return tuple(x for x, parent in given if parent is None)


@dataclass(frozen=True)
class Recording:
    """A run.

    Attributes:
        steps: In the order in which they ended.
        outputs: The tensors that the network gives.
        made_outputs: The numbers of the steps that gave these.
    """

    steps: list[Step]
    outputs: list[Tensor]
    made_outputs: list[int | None]


def record(model: nn.Module, example: Example) -> Recording:
    """Run a network and keep what every step gives."""
    recorder, own = _Recorder(model), example.copied()
    recorder.step_of = {id(x): -1 for x in own.tensors()}
    try:
        with recorder:
            outputs = own.run(model)
    finally:
        for hook in recorder.hooks:
            hook.remove()
    found = [y for y in tree_leaves(outputs) if isinstance(y, Tensor)]
    return Recording(recorder.steps, found, [recorder.step_of.get(id(y)) for y in found])


def is_opaque(module: nn.Module) -> bool:
    """Whether a module is one step: a layer of this package, or one of torch without parts."""
    home = type(module).__module__
    if home.startswith(("groupconv.nn.", "groupconv.conversion.")):
        return True
    return home.startswith("torch.nn.modules.") and not list(module.children())


class _Recorder(TorchFunctionMode):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.step_of: dict[int, int] = {}
        self.alive: list[Any] = []  # so that no identity is used twice
        self.paths, self.depth = [""], 0
        self.hooks = []
        for path, module in model.named_modules():
            enter, leave = self._hooks(path, is_whole=is_opaque(module))
            self.hooks.append(module.register_forward_pre_hook(enter, with_kwargs=True))
            self.hooks.append(module.register_forward_hook(leave, with_kwargs=True))

    def _hooks(self, path: str, *, is_whole: bool) -> tuple[Callable[..., None], ...]:
        def enter(*_: Any) -> None:
            self.paths.append(path)
            self.depth += is_whole

        def leave(*call: Any) -> None:  # the module, its arguments, named ones, and its output
            self.depth -= is_whole
            if is_whole and not self.depth:
                self._add(*call)
            self.paths.pop()

        return enter, leave

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.depth:
            made = args[0] if func is Tensor.__setitem__ else result
            self._add(func, args, kwargs or {}, made)
        return result

    def _add(self, call: Any, arguments: Any, named: Any, result: Any) -> None:
        made = [y for y in tree_leaves(result) if isinstance(y, Tensor)]
        given = tuple(x for x in tree_leaves((arguments, named)) if isinstance(x, Tensor))
        parents = tuple(self.step_of.get(id(x)) for x in given)
        if not made or all(parent is None for parent in parents):
            return  # nothing, or a constant
        number = len(self.steps)
        self.step_of |= {id(y): number for y in made}
        self.alive += [*made, *given]
        line = "" if isinstance(call, nn.Module) else own_line(traceback.extract_stack())
        self.depth += 1  # what follows is not a step
        output = made[0].detach().clone()
        self.depth -= 1
        self.steps.append(
            Step(self.paths[-1], call, tuple(arguments), dict(named), output, given, parents, line)
        )


def inner_layer(module: Any) -> Any:
    """The layer that a module of a converted network wraps; of others, the module itself."""
    inner = getattr(module, "layer", module)
    return inner[0] if inner is not module and isinstance(inner, nn.Sequential) else inner


def own_line(frames: Iterable[traceback.FrameSummary]) -> str:
    """The innermost line that is neither torch's nor groupconv's, as `file.py, line 7: x = …`."""
    own = [frame for frame in frames if not frame.filename.startswith(LIBRARIES)]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}: {own[-1].line}" if own else ""
