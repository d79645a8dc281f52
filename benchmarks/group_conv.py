"""Forward and backward of a group convolution, as a ratio to the planar convolution inside it.

The limit is `torch.nn.functional.conv2d` with the expanded filter bank as a parameter of its own:
the same arithmetic without the group. Plain indexing, `weight[..., index]`, is measured too. All
three run in turn, in random order, and the ratios are taken pair by pair.

    python benchmarks/group_conv.py [--device cuda] [--repeats 60] [--bare]

A process that has never freed a large block gives memory back to the system at every step and
pays for touching it again, in all three variants, but most where most is allocated. Training
processes have freed such a block (the data set, say) before their first step, and so has this
one; `--bare` measures without.
"""

from __future__ import annotations

import argparse
import functools
import platform
import random
import statistics
import time
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import groupconv as gc

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP = 5
LARGE_BLOCK = 7_500_000  # floats: just below the size that glibc always gives back
CASES = {
    # name: (group, channels, image size, batch)
    "p4m 45→45, 3×3, 8×8, batch 32": ("p4m", 45, 8, 32),
    "p4 10→10, 3×3, 12×12, batch 128": ("p4", 10, 12, 128),
    "p4m 7→7, 3×3, 12×12, batch 128": ("p4m", 7, 12, 128),
}


class Indexed(nn.Module):
    """The same layer with a plain gather, whose gradient scatters."""

    def __init__(self, layer: gc.nn.GroupConv) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.weight.detach().clone())
        self.bias = nn.Parameter(layer.bias.detach().clone())
        self.register_buffer("index", layer.bank_index)
        self.S = layer.group.order

    def forward(self, x: Tensor) -> Tensor:
        C_out, C_in, S = *self.weight.shape[:2], self.S
        bank = self.weight[..., self.index].transpose(1, 2).reshape(C_out * S, C_in * S, 3, 3)
        y = F.conv2d(x.flatten(1, 2), bank, self.bias.repeat_interleave(S), padding=1)
        return y.unflatten(1, (C_out, S))


class Planar(nn.Module):
    """The limit: one planar convolution with the expanded bank as its parameter."""

    def __init__(self, layer: gc.nn.GroupConv) -> None:
        super().__init__()
        S = layer.group.order
        bank = layer.filter_bank().detach().flatten(0, 1).flatten(1, 2)
        self.weight = nn.Parameter(bank.clone())
        self.bias = nn.Parameter(layer.bias.detach().repeat_interleave(S))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x.flatten(1, 2), self.weight, self.bias, padding=1)


def seconds(step: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def measure(name: str, device: torch.device, repeats: int) -> None:
    group, channels, size, batch = CASES[name]
    layer = gc.nn.GroupConv(channels, channels, 3, padding=1, group=group, device=device)
    modules = {"groupconv": layer, "indexed": Indexed(layer), "planar": Planar(layer)}
    modules = {key: module.to(device) for key, module in modules.items()}
    x = torch.randn(batch, channels, layer.group.order, size, size, device=device)
    x.requires_grad_()
    y = layer(x)
    grad = torch.randn_like(y)
    for module in modules.values():  # all three compute the same
        torch.testing.assert_close(module(x).view_as(y), y, rtol=1e-4, atol=1e-4)

    def step(key: str) -> None:
        x.grad = None
        modules[key].zero_grad()
        modules[key](x).backward(grad if key != "planar" else grad.flatten(1, 2))

    times: dict[str, list[float]] = {key: [] for key in modules}
    for repeat in range(repeats + WARM_UP):
        for key in random.sample(list(modules), len(modules)):  # none always follows the same one
            elapsed = seconds(functools.partial(step, key), device)
            if repeat >= WARM_UP:
                times[key].append(elapsed)
    print(name)
    for key, values in times.items():
        ratios = [value / limit for value, limit in zip(values, times["planar"], strict=True)]
        print(
            f"  {key:10} {1e3 * statistics.median(values):8.2f} ms   "
            f"ratio to planar {statistics.median(ratios):.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--bare", action="store_true", help="leave the allocator as it starts")
    arguments = parser.parse_args()
    if not arguments.bare:
        torch.ones(LARGE_BLOCK)  # allocated, touched and freed
    device = torch.device(arguments.device)
    hardware = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
    )
    print(f"{hardware}, torch {torch.__version__}, medians of {arguments.repeats}, interleaved")
    torch.manual_seed(0)
    for name in CASES:
        measure(name, device, arguments.repeats)


if __name__ == "__main__":
    main()
