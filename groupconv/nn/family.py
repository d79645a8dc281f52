"""The layers bound to one group."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from groupconv.errors import ArgumentError
from groupconv.nn.conv import GroupConv, GroupConvTranspose, LiftingConv
from groupconv.nn.cosets import CosetPool, Induce, Restrict
from groupconv.nn.norm import BatchNorm, ChannelDropout, GroupNorm, InstanceNorm, LayerNorm
from groupconv.nn.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, MaxPool
from groupconv.nn.regions import Mask, Subsample
from groupconv.nn.resampling import BlurPool, CenterCrop, Upsample
from groupconv.nn.vectors import VectorHead
from groupconv.registry import as_group

if TYPE_CHECKING:
    from torch import nn

    from groupconv.algebra import SplitGroup

LAYERS: dict[str, type[nn.Module]] = {
    layer.__name__: layer
    for layer in (
        *(LiftingConv, GroupConv, GroupConvTranspose, CosetPool, Restrict, Induce),
        *(MaxPool, AvgPool, AdaptiveMaxPool, AdaptiveAvgPool, BlurPool, Upsample, CenterCrop),
        *(BatchNorm, InstanceNorm, GroupNorm, LayerNorm, ChannelDropout),
        *(Mask, Subsample, VectorHead),
    )
}
"""Every layer by its name; dropout of whole channels has no `group=`."""


class _Bound(type):
    """The class of layer classes with `group=` filled in.

    Calling one makes a layer of the class it stands for, which pickles as any other; so its
    instances are all layers of that class and group. Subclasses are classes of their own.
    """

    layer: type[nn.Module]
    bound_group: SplitGroup
    options: dict[str, Any]

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        if "layer" not in vars(cls):
            return super().__call__(*arguments, **named)
        return cls.layer(*arguments, **cls._with_group(named))

    def __instancecheck__(cls, instance: object) -> bool:
        if "layer" not in vars(cls):
            return super().__instancecheck__(instance)
        group = getattr(instance, "larger", getattr(instance, "group", None))
        return isinstance(instance, cls.layer) and group == cls.bound_group

    def _with_group(cls, named: dict[str, Any]) -> dict[str, Any]:
        given = named.get("group", cls.bound_group)
        if as_group(given) != cls.bound_group:
            raise ArgumentError(
                f"group={given!r}: the layers of this family belong to {cls.bound_group.name!r}; "
                f"use layers({given!r}).{cls.layer.__name__}"
            )
        return cls.options | named | {"group": cls.bound_group}


def _bound(layer: type[nn.Module], group: SplitGroup, options: dict[str, Any]) -> Any:
    """A layer class with its group and some options filled in."""

    def initialize(self: nn.Module, *arguments: Any, **named: Any) -> None:
        layer.__init__(self, *arguments, **bound._with_group(named))

    signature = inspect.signature(layer)
    own = [p for name, p in signature.parameters.items() if name != "group"]
    body = {
        "__init__": initialize,
        "__doc__": layer.__doc__,
        "__module__": layer.__module__,
        "__qualname__": layer.__qualname__,
        "__signature__": signature.replace(parameters=own),
        "layer": layer,
        "bound_group": group,
        "options": options,
    }
    bound = _Bound(layer.__name__, (layer,), body)
    return bound


class LayerFamily:
    """Every layer class of `groupconv.nn`, with its `group=` filled in.

    They are classes: `isinstance(layer, p4.GroupConv)` holds for group convolutions of that group,
    however they were made, and `class Mine(p4.GroupConv)` is a layer of it. A layer of another
    group is refused.

    Attributes:
        group: The group.
        options: Arguments that its layers have by default, as far as they take them.
        LiftingConv: `groupconv.nn.LiftingConv` for this group; so for the others.

    Examples:
        >>> p4 = layers("p4")
        >>> p4.GroupConv(8, 8, 3).group
        P4()
        >>> isinstance(GroupConv(8, 8, 3, group="p4m"), p4.GroupConv)
        False
    """

    def __init__(self, group: SplitGroup | str, **options: Any) -> None:
        self.group, self.options = as_group(group), options
        known = {name for layer in LAYERS.values() for name in inspect.signature(layer).parameters}
        for name in options:
            if name not in known - {"group"}:
                raise TypeError(f"no layer takes an argument {name!r}")

    def __getattr__(self, name: str) -> Any:
        if name not in LAYERS:
            known = ", ".join(LAYERS)
            raise AttributeError(f"a layer family has no layer {name!r}; it has {known}")
        layer: Any = LAYERS[name]
        parameters = inspect.signature(layer).parameters
        if "group" in parameters:
            options = {k: value for k, value in self.options.items() if k in parameters}
            layer = _bound(layer, self.group, options)
        setattr(self, name, layer)
        return layer

    def __dir__(self) -> list[str]:
        return ["group", *LAYERS]

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(layers, **self.options), (self.group,)

    def __repr__(self) -> str:
        options = (f", {name}={value!r}" for name, value in self.options.items())
        return f"layers({self.group!r}{''.join(options)})"


def layers(group: SplitGroup | str, **options: Any) -> LayerFamily:
    """The layer family of one group.

    Args:
        group: A group, or the name of an installed one.
        options: Arguments that all layers get that take them and are not given others, such as
            `strict=True`, `bias=False` or `support="lattice"`.

    Raises:
        PluginError: there is no such plugin, or it does not load.

    Examples:
        >>> layers("p4m").LiftingConv(3, 16, 3).out_channels
        16
        >>> layers("p4m", strict=True).GroupConv(16, 16, 3).strict
        True
    """
    return LayerFamily(group, **options)
