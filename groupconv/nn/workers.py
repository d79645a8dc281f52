"""Whole pieces of work for each of torch's threads, with one thread for the operations within.

torch splits every operation among its threads and waits for the slowest at its end. Where another
process keeps a core busy, many short operations spend most of their time so; here the threads
meet once, behind all of them. They are torch's own threads, those of OpenMP: any others would
share the cores with these, which stay busy for some milliseconds after each operation.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")
Room = TypeVar("Room")

WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _openmp() -> ctypes.CDLL | None:
    """The library whose threads torch uses; None where it lacks GNU's interface."""
    try:
        library = ctypes.CDLL(None)
        library.GOMP_parallel.argtypes = (WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
    except (AttributeError, OSError, TypeError):
        return None
    return library if torch.backends.openmp.is_available() else None


OPENMP = _openmp()


def run_all(
    compute: Callable[[Room, Item], Result],
    items: Sequence[Item],
    room: Callable[[], Room],
    threads: int,
) -> list[Result]:
    """Compute something of every item; no gradients are recorded.

    Args:
        compute: What is computed.
        items: The items; a thread that is free takes the next one.
        room: Makes what a thread keeps from item to item.
        threads: How many of torch's threads to use.
    """
    threads = min(len(items), threads)
    is_inference = torch.is_inference_mode_enabled()
    results: dict[int, Result] = {}
    numbers = iter(range(len(items)))

    def work() -> None:
        with torch.inference_mode(is_inference), torch.no_grad():  # a thread has modes of its own
            mine = room()
            for n in numbers:
                results[n] = compute(mine, items[n])

    if OPENMP is None or threads == 1:
        work()
    else:
        _in_threads(OPENMP, work, threads)
    return [results[n] for n in range(len(items))]


def _in_threads(openmp: ctypes.CDLL, work: Callable[[], None], threads: int) -> None:
    """Call a function in each of so many threads."""
    errors: list[BaseException] = []

    def call(_: object) -> None:
        try:
            work()
        except BaseException as error:  # which cannot leave a function that C calls
            errors.append(error)

    openmp.GOMP_parallel(WORK(call), None, threads, 0)
    if errors:
        raise errors[0]
