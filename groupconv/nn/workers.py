"""Threads that take whole pieces of work, each with one thread for torch's operations within.

torch splits every operation among its threads and waits for the slowest at its end. Where another
process keeps a core busy, many short operations spend most of their time so; here the threads
meet once, behind all of them.
"""

from __future__ import annotations

import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")


def run_all(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run tasks side by side on as many threads as torch uses; no gradients are recorded."""
    threads, is_inference = torch.get_num_threads(), torch.is_inference_mode_enabled()

    def run(task: Callable[[], Result]) -> Result:
        with torch.inference_mode(is_inference), torch.no_grad():  # a thread has modes of its own
            return task()

    if threads == 1 or len(tasks) == 1:
        return list(map(run, tasks))
    return list(_pool(threads).map(run, tasks))


@functools.lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    all_started = threading.Barrier(threads)

    def start() -> None:
        torch.get_num_threads()  # the first question takes the setting of the process
        torch.set_num_threads(1)
        all_started.wait()

    pool = ThreadPoolExecutor(threads, "groupconv", start)
    list(pool.map(abs, range(threads)))
    torch.set_num_threads(threads)  # of threads that start later on, which follow the last call
    return pool


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
