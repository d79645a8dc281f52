"""Tables as buffers that rebuild themselves, and as tensors that are kept with a stabilizer."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupconv.nn.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    import numpy as np
    import numpy.typing as npt

    from groupconv.algebra import Stabilizer

    Integers = npt.NDArray[np.int64] | npt.NDArray[np.int32]
    Table = Integers | npt.NDArray[np.bool_] | npt.NDArray[np.float64]


def as_tensor(table: Table, device: torch.device | str | None = None) -> Tensor:
    """A copy of a read-only table as a tensor, fit for training in any mode."""
    with torch.inference_mode(False):
        return torch.tensor(table, device=device)


def kept_tensor(
    stabilizer: Stabilizer, key: tuple[Any, ...], device: torch.device, make: Callable[[], Table]
) -> Tensor:
    """A table as a tensor on a device, made once and kept with the stabilizer it belongs to."""
    return stabilizer.memo.get((*key, device), lambda: as_tensor(make(), device))


class TableModule(Layer):
    """A module with tables that derive from its recipe, and so never enter its state.

    The tables are non-persistent buffers: they follow the module to any device, and are built
    anew whenever it is moved, so that they survive the meta device and `to_empty`.
    """

    @abstractmethod
    def _tables(self) -> Mapping[str, Table]:
        """The tables by the names of their buffers."""

    def _register_tables(self, device: torch.device | str | None = None) -> None:
        for name, table in self._tables().items():
            self.register_buffer(name, as_tensor(table, device), persistent=False)

    def _place_tables(self, device: torch.device) -> None:
        """Build the tables on the device where they are needed, if the module never was moved.

        Parameters can change their device without a move, as when a state is assigned to a module
        on the meta device.
        """
        for name, table in self._tables().items():
            setattr(self, name, as_tensor(table, device))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        recipe = self._tables()
        # A table on the meta device cannot be copied from it, and need not be.
        for name, table in recipe.items():
            if getattr(self, name).is_meta:
                setattr(self, name, as_tensor(table, "cpu"))
        super()._apply(fn, recurse)
        for name, table in recipe.items():
            setattr(self, name, as_tensor(table, getattr(self, name).device))
        return self
