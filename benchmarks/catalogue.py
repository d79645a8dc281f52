"""How long the tables of each installed group take to build, in a process that knows no group.

    python benchmarks/catalogue.py [--kernel-size N]

Every group is loaded by its name and its tables are built from nothing: the stabilizer's, checked
against the axioms, and those of a filter on the group. Importing torch and sympy is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import warnings

import sympy

import groupconv as gc

SLOWEST = 5


def build(name: str, kernel_size: int) -> float:
    """The seconds it takes in a child process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        start = time.perf_counter()
        transform = gc.filter_transform(name, kernel_size)
        _ = transform.index, transform.inverse
        os.write(write, json.dumps(time.perf_counter() - start).encode())
        os._exit(0)
    os.waitpid(child, 0)
    seconds: float = json.loads(os.read(read, 64))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel-size", type=int, default=3)
    a = parser.parse_args()
    warnings.simplefilter("ignore", gc.errors.ExperimentalWarning)
    sympy.expand(sympy.Symbol("x") + 1)  # sympy imports parts of itself at the first sum
    start = time.perf_counter()
    names = list(gc.groups())
    print(f"{len(names)} groups are listed in {time.perf_counter() - start:.2f} s")
    seconds = {name: build(name, a.kernel_size) for name in names}
    print(f"tables at kernel size {a.kernel_size}, loading included:")
    for name in sorted(seconds, key=seconds.__getitem__, reverse=True)[:SLOWEST]:
        print(f"  {name:8} {1000 * seconds[name]:4.0f} ms")
    print(f"  median   {1000 * statistics.median(seconds.values()):4.0f} ms")


if __name__ == "__main__":
    main()
