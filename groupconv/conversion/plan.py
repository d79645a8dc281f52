"""Where the modules of a network stand: which lift, which project, which see maps on the group."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from torch import nn

from groupconv.conversion.rules import MIXING, rule_of
from groupconv.conversion.tracing import trace
from groupconv.errors import ArgumentError, ConversionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupconv.algebra import SplitGroup
    from groupconv.conversion.rules import Rule
    from groupconv.conversion.tracing import Call, Flow

SPACES = ("group", "lattice")


class Plan:
    """What one run of a planar network shows.

    Args:
        model: The network.
        group: The group.
        example: What it is run on.
        overrides: What a person knows better, by path.

    Attributes:
        modules: The modules that are looked at from outside, by path.
        rules: The rule of each that is to be exchanged, by path.
        calls: The calls of each, by path.
        traces: What a run in evaluation mode shows and, where some modules run in training alone,
            what one in training mode does.
        projecting: The identities of the modules whose output is on the lattice.
        arrays: The parameters of the model's own that are to be repeated over planes, each with
            the axis of its channels, by path.

    Raises:
        ConversionError: a module did not run, or carries what would be lost.
    """

    def __init__(
        self,
        model: nn.Module,
        group: SplitGroup,
        example: Any,
        overrides: Mapping[str, nn.Module | str],
    ) -> None:
        self.group, self.overrides = group, overrides
        for path, module in model.named_modules():
            if type(module).__module__.startswith(("groupconv.nn.", "groupconv.conversion.")):
                raise ConversionError(
                    f"{path!r} ({type(module).__name__}) is a layer of a group already; convert "
                    f"takes networks of torch's modules",
                    path,
                )
        self.modules = _watched(model, overrides)
        self.rules: dict[str, Rule] = {}
        for path, module in self.modules.items():
            rule = rule_of(module)
            if rule and overrides.get(path, "group") in SPACES:
                self.rules[path] = rule
        mixing = {id(m): path for path, m in self.modules.items() if self._mixes(path, m)}
        arguments = model, example, self.modules, mixing, group.dimension
        self.traces = [trace(*arguments)]
        reached = {call.path for call in self.traces[0].calls}
        if model.training and not reached.issuperset(self.rules):  # heads that only help to train
            self.traces.append(trace(*arguments, in_its_own_mode=True))
        self.calls: dict[str, list[Call]] = defaultdict(list)
        for each in self.traces:
            new = set(self.calls)
            for call in each.calls:
                if call.path not in new:
                    self.calls[call.path].append(call)
        self.projecting = self._projecting(mixing)
        self.arrays = self._arrays(model)
        for path, module in self.modules.items():
            if path in self.calls and self._is_unknown(path):
                self._require_harmless(path, module)
        for path, value in overrides.items():
            if isinstance(value, str) and value in SPACES and id(self.modules[path]) not in mixing:
                raise ArgumentError(
                    f"overrides={{{path!r}: {value!r}}}: only the output of a convolution or of a "
                    f"linear layer can be put there"
                )
        for path in self.rules:
            self._require_convertible(path, self.modules[path])

    def _mixes(self, path: str, module: nn.Module) -> bool:
        """Whether the output of a module is no longer its input, cell by cell."""
        if path in self.rules:
            return isinstance(module, MIXING)
        if path in self.overrides:
            return isinstance(self.overrides[path], nn.Module)
        return False

    def _is_unknown(self, path: str) -> bool:
        """Whether a module of torch has parameters, and no rule."""
        module = self.modules[path]
        is_own = path in self.rules or path in self.overrides
        return not is_own and any(True for _ in module.parameters())

    def on_group(self, flow: Flow) -> bool:
        """Whether a tensor is a map on the group."""
        return self.group.order > 1 and bool(flow.sources - self.projecting)

    def planes(self, path: str) -> int:
        """The planes of a module's input; 1 on the lattice."""
        spaces = {self.on_group(call.flow) for call in self.calls[path]}
        if len(spaces) > 1:
            raise ConversionError(
                f"{path!r} takes maps on the lattice in one call and maps on the group in another; "
                f"use two modules",
                path,
            )
        return self.group.order if spaces == {True} else 1

    def blocks(self) -> dict[int, int]:
        """What has to divide the width that stands for each, where channels fall into blocks."""
        found: dict[int, int] = {}
        for path in self.rules:
            module: Any = self.modules[path]
            if 1 < getattr(module, "groups", 1) < module.in_channels:
                for channels in (module.in_channels, module.out_channels):
                    found[channels] = math.lcm(module.groups, found.get(channels, 1))
        return found

    def _projecting(self, mixing: Mapping[int, str]) -> frozenset[int]:
        """The modules that no other one reads, if only such are joined in an output."""
        read = {
            source
            for each in self.traces
            for call in each.calls
            if id(call.module) in mixing or self._is_unknown(call.path)
            for source in call.flow.sources
        }
        joined = [set(flow.sources) for each in self.traces for flow, _ in each.outputs.values()]
        last = set[int]().union(*joined) - read
        for key, path in mixing.items():
            if path in self.overrides:
                last.discard(key)
            if self.overrides.get(path) == "lattice":
                last.add(key)
        while wrong := [sources for sources in joined if sources & last and sources - last]:
            last -= set[int]().union(*wrong)
        return frozenset(last)

    def _arrays(self, model: nn.Module) -> dict[str, int]:
        found = {}
        for path, function, met, flow in (m for each in self.traces for m in each.meetings):
            owner, _, name = path.rpartition(".")
            array = getattr(model.get_submodule(owner), name)
            axes = [axis for axis, n in enumerate(array.shape) if n > 1]
            is_one = len(axes) < 2 and sum(n > 1 for n in met) < 2
            if is_one and not self.on_group(flow):
                continue
            if not is_one or not isinstance(array, nn.Parameter):
                raise ConversionError(
                    f"{path!r}, of shape {tuple(array.shape)}, meets a map on the group in "
                    f"{function}: only a parameter with one entry per channel has an equivariant "
                    f"counterpart; positional embeddings depend on the place, filters have to be "
                    f"in modules of torch.nn, and buffers in modules of your own, given by "
                    f"overrides=",
                    path,
                )
            if axes:
                found[path] = axes[0]
        return found

    def _require_harmless(self, path: str, module: nn.Module) -> None:
        """Refuse a module of torch with parameters on the group for which there is no rule."""
        if self.planes(path) > 1:
            raise ConversionError(
                f"{path!r} ({type(module).__name__}) has parameters, and there is no rule for what "
                f"it does on the group; exchange it for convolutions or linear layers, or give "
                f"overrides={{{path!r}: …}}",
                path,
            )

    def _require_convertible(self, path: str, module: nn.Module) -> None:
        if path not in self.calls:
            raise ConversionError(
                f"{path!r} did not run on the example, so nothing is known of its input; give an "
                f"example that reaches it, a model in training mode if it runs only there, or "
                f"overrides={{{path!r}: 'keep'}} if it never runs",
                path,
            )
        if (
            hasattr(module, "parametrizations")
            or module._forward_pre_hooks
            or module._forward_hooks
        ):
            raise ConversionError(
                f"{path!r} has hooks or parametrizations, such as a weight norm, which would be "
                f"lost; remove them first",
                path,
            )


def _watched(model: nn.Module, overrides: Mapping[str, nn.Module | str]) -> dict[str, nn.Module]:
    """The modules that are looked at from outside, each by the first of its paths."""
    known = dict(model.named_modules(remove_duplicate=False))
    for path, value in overrides.items():
        if path not in known:
            raise ArgumentError(f"overrides={path!r}: there is no such module; see named_modules()")
        if not isinstance(value, nn.Module) and value not in ("keep", *SPACES):
            raise ArgumentError(
                f"overrides={{{path!r}: {value!r}}}: expected 'keep', 'group', 'lattice' or a "
                f"module"
            )
    opaque = tuple(f"{path}." for path, value in overrides.items() if value not in SPACES)
    watched: dict[int, tuple[str, nn.Module]] = {}
    for path, module in known.items():
        is_plain = type(module).__module__.startswith("torch.nn.") and not list(module.children())
        if not path.startswith(opaque) and (path in overrides or rule_of(module) or is_plain):
            watched.setdefault(id(module), (path, module))
    return dict(watched.values())
