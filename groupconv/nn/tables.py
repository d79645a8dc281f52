"""Integer tables as buffers that rebuild themselves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    import numpy as np
    import numpy.typing as npt

__all__ = ["TableModule", "as_tensor"]


def as_tensor(table: npt.NDArray[np.int64], device: torch.device | None = None) -> Tensor:
    """A copy of a read-only table as a tensor, fit for training whatever mode is on."""
    with torch.inference_mode(False):
        return torch.tensor(table, dtype=torch.int64, device=device)


class TableModule(nn.Module):
    """A module with tables that derive from its recipe, and so never enter its state.

    The tables are non-persistent buffers: they follow the module to any device, and are built
    anew whenever it is moved, so that they survive the meta device and `to_empty`.
    """

    @abstractmethod
    def _tables(self) -> Mapping[str, npt.NDArray[np.int64]]:
        """The tables by the names of their buffers."""

    def _register_tables(self, device: torch.device | str | None) -> None:
        for name, table in self._tables().items():
            tensor = as_tensor(table, torch.device(device) if device is not None else None)
            self.register_buffer(name, tensor, persistent=False)

    def _table(self, name: str, device: torch.device) -> Tensor:
        """A table on the device where it is needed; built there if the module never was moved.

        Parameters can change their device without a move, as when a state is assigned to a module
        on the meta device.
        """
        table: Tensor = getattr(self, name)
        if table.device != device:
            table = as_tensor(self._tables()[name], device)
            setattr(self, name, table)
        return table

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        recipe = self._tables()
        # A table on the meta device cannot be copied from it, and need not be.
        for name, table in recipe.items():
            if getattr(self, name).is_meta:
                setattr(self, name, as_tensor(table, torch.device("cpu")))
        super()._apply(fn, recurse)
        for name, table in recipe.items():
            setattr(self, name, as_tensor(table, getattr(self, name).device))
        return self
