"""How long each installed group takes to load, and its tables to build, in a process that has none.

    python benchmarks/catalogue.py [--kernel-size N] [--repeats N]

A group is loaded by its name; then its tables are built from nothing: the stabilizer's, checked
against the axioms, and those of a filter on the group. Importing torch and sympy is not counted.
All groups take turns, and the median of each counts.
"""

from __future__ import annotations

import argparse
import gc as garbage
import json
import os
import statistics
import time
import warnings

import sympy

import groupconv as gc

SLOWEST = 5


def measure(name: str, kernel_size: int) -> tuple[float, float]:
    """The milliseconds of loading and of building, in a child process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        start = time.perf_counter()
        group = gc.group(name)
        loaded = time.perf_counter()
        transform = gc.filter_transform(group, kernel_size)
        _ = transform.index, transform.inverse
        times = 1000 * (loaded - start), 1000 * (time.perf_counter() - loaded)
        os.write(write, json.dumps(times).encode())
        os._exit(0)
    os.waitpid(child, 0)
    load, build = json.loads(os.read(read, 64))
    os.close(read)
    os.close(write)
    return load, build


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel-size", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    a = parser.parse_args()
    warnings.simplefilter("ignore", gc.errors.ExperimentalWarning)
    sympy.expand(sympy.Symbol("x") + 1)  # sympy imports parts of itself at the first sum
    garbage.collect()
    garbage.freeze()  # else a collection goes through all that was imported, at some group or other
    start = time.perf_counter()
    names = list(gc.groups())
    print(f"{len(names)} groups are listed in {time.perf_counter() - start:.2f} s")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(a.repeats):
        for name in names:
            times[name].append(measure(name, a.kernel_size))
    medians = {
        name: tuple(map(statistics.median, zip(*t, strict=True))) for name, t in times.items()
    }
    slowest = sorted(names, key=lambda name: medians[name][1], reverse=True)[:SLOWEST]
    print(f"{'':8}   load   tables at kernel size {a.kernel_size}, ms")
    for name in slowest:
        print(f"{name:8} {medians[name][0]:6.0f} {medians[name][1]:8.0f}")
    load, build = (statistics.median(column) for column in zip(*medians.values(), strict=True))
    print(f"{'median':8} {load:6.0f} {build:8.0f}")


if __name__ == "__main__":
    main()
