"""Results that are kept, up to a number of bytes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Sized(Protocol):
    """A result that knows its size in bytes."""

    @property
    def nbytes(self) -> int:
        """The size in bytes."""


Result = TypeVar("Result", bound=Sized)


class Memo:
    """Results by their keys; those not used for longest are dropped beyond a number of bytes.

    Args:
        limit: The most bytes that are kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.nbytes = 0
        self._kept: dict[Hashable, Sized] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """The result of `make`, or what it gave before for this key."""
        with self._lock:
            if (kept := self._kept.pop(key, None)) is not None:
                self._kept[key] = kept  # at the end: used last
                return cast("Result", kept)
        made = make()
        if made.nbytes <= self.limit:
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = made
                    self.nbytes += made.nbytes
                while self.nbytes > self.limit:
                    self.nbytes -= self._kept.pop(next(iter(self._kept))).nbytes
        return made
