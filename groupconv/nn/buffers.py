"""Tables as buffers that rebuild themselves, and as tensors that are kept with a stabilizer."""

from __future__ import annotations

import functools
from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from groupconv.nn.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from typing import Self

    import numpy as np
    import numpy.typing as npt

    from groupconv.algebra import Stabilizer, Subgroup
    from groupconv.algebra.memo import Sized
    from groupconv.transforms import FilterTransform

    Integers = npt.NDArray[np.int64] | npt.NDArray[np.int32]
    Table = Integers | npt.NDArray[np.bool_] | npt.NDArray[np.float64]


Tensors = TypeVar("Tensors", bound="Sized")


def as_tensor(table: Table, device: torch.device | None = None) -> Tensor:
    """A copy of a read-only table as a tensor, fit for training in any mode."""
    with torch.inference_mode(False):
        return torch.tensor(table, device=device)


def kept_tensor(
    table: Callable[..., Table],
    source: FilterTransform | Subgroup,
    *arguments: Hashable,
    device: torch.device,
) -> Tensor:
    """A table of a source as a tensor on a device, made once and kept with its stabilizer.

    Layers share its memory; each has a tensor of its own, which can be moved by itself.
    """
    key = table, source, *arguments, device
    make = functools.partial(table, source, *arguments)
    return keep(source.stabilizer, key, lambda: as_tensor(make(), device)).detach()


def keep(stabilizer: Stabilizer, key: Hashable, make: Callable[[], Tensors]) -> Tensors:
    """What was made of a stabilizer before; fake tensors, as in an export, are made anew."""
    is_real = type(torch.empty(0)) is Tensor
    return stabilizer.memo.get(key, make) if is_real else make()


class TableModule(Layer):
    """A module with tables that derive from its recipe, and so never enter its state.

    The tables are non-persistent buffers: they follow the module to any device, and are placed
    anew whenever it is moved, so that they survive the meta device and `to_empty`.
    """

    @abstractmethod
    def _tables(self, device: torch.device) -> Mapping[str, Tensor | None]:
        """The tables on a device by the names of their buffers."""

    def _register_tables(self, device: torch.device | None = None) -> None:
        for name, table in self._tables(device or torch.get_default_device()).items():
            self.register_buffer(name, table, persistent=False)

    def _place_tables(self, device: torch.device) -> None:
        """Put the tables on the device where they are needed, if the module never was moved.

        Parameters can change their device without a move, as when a state is assigned to a module
        on the meta device.
        """
        for name, table in self._tables(device).items():
            setattr(self, name, table)

    def _table_devices(self) -> set[torch.device]:
        """The device of the tables, if there are any."""
        tables = (self._buffers[name] for name in self._non_persistent_buffers_set)
        return {table.device for table in tables if table is not None}

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # A table on the meta device cannot be copied from it, and need not be.
        if torch.device("meta") in self._table_devices():
            self._place_tables(torch.device("cpu"))
        super()._apply(fn, recurse)
        for device in self._table_devices():
            self._place_tables(device)
        return self
