"""Norms, pools, and an epoch of P4CNN against the same network written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import groupconv as gc

from .harness import interleave

if TYPE_CHECKING:
    from .harness import Report, Task

MAPS = {"cpu": [(32, 23, 16), (64, 64, 16)], "cuda": [(32, 23, 16), (512, 23, 16), (512, 64, 32)]}
"""Batch, channels and size."""

EPOCH = 3  # batches of 128 digits in a turn; an epoch of the paper has 94, and the same ratio


class ByHand(nn.Module):
    """P4CNN as planar convolutions with expanded filters, which a group does not tie."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for module in net.layers:
            if isinstance(module, gc.nn.GroupConv):
                weight, bias = module.planar_weight(), module.planar_bias()
                conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[-1])
                conv.load_state_dict({"weight": weight, "bias": bias})
                self.layers.append(conv)
            elif isinstance(module, gc.nn.BatchNorm):
                self.layers.append(nn.BatchNorm3d(module.norm.num_features))
            elif isinstance(module, gc.nn.MaxPool):
                self.layers.append(nn.MaxPool2d(2))
            else:
                self.layers.append(nn.ReLU())
        self.planes = net.group.order

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            if isinstance(layer, nn.BatchNorm3d):
                x = layer(x.unflatten(1, (-1, self.planes))).flatten(1, 2)
            else:
                x = layer(x)
        return x.unflatten(1, (-1, self.planes)).amax(2).mean((-2, -1))


def epoch(net: nn.Module, device: torch.device) -> Task:
    """Steps of Adam on a few batches."""
    net = net.to(device)
    optimizer = torch.optim.Adam(net.parameters())
    images = torch.randn(EPOCH, 128, 1, 28, 28, device=device)
    labels = torch.randint(10, (EPOCH, 128), device=device)

    def run() -> None:
        for x, y in zip(images, labels, strict=True):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

    return run


def backward(module: nn.Module, x: Tensor) -> Task:
    """Forward and backward of a layer."""
    x = x.detach().requires_grad_()
    grad = torch.randn_like(module(x))

    def run() -> None:
        x.grad = None
        module(x).backward(grad)

    return run


def measure(report: Report, device: torch.device, seconds: float) -> None:
    """These are not convolutions alone."""
    for B, C, n in MAPS[device.type]:
        x = torch.randn(B, C, 8, n, n, device=device)
        flat: dict[str, Any] = {
            "": x.flatten(1, 2),
            ", channels_last": x.flatten(1, 2).to(memory_format=torch.channels_last),
        }
        for name, planes in flat.items():
            ours, stock = gc.nn.BatchNorm(C).to(device), nn.BatchNorm2d(8 * C).to(device)
            tasks = {
                "ours": backward(ours, planes.unflatten(1, (C, 8))),
                "stock": backward(stock, planes),
            }
            timing = interleave(tasks, seconds=seconds, device=device)
            report.add(
                "norms and pools", f"batch norm of p4m, {C} at {n}, batch {B}, training{name}",
                limit_ms=1000 * timing.median("stock"), **timing.ratio("ours", "stock"),
            )  # fmt: skip
    pool = gc.nn.CosetPool(group="p4m")
    tasks = {"ours": backward(pool, x), "stock": _amax(x)}
    timing = interleave(tasks, seconds=seconds, device=device)
    report.add(
        "norms and pools", "coset pooling, against amax", limit_ms=1000 * timing.median("stock"),
        **timing.ratio("ours", "stock"),
    )  # fmt: skip
    net = gc.models.P4CNN(group="p4").train()
    tasks = {"ours": epoch(net, device), "by hand": epoch(ByHand(net), device)}
    timing = interleave(tasks, seconds=6 * seconds, device=device)
    report.add(
        "networks", f"P4CNN, {EPOCH} steps of 128 digits, against one written by hand",
        limit_ms=1000 * timing.median("by hand"), **timing.ratio("ours", "by hand"),
    )  # fmt: skip


def _amax(x: Tensor) -> Task:
    class Amax(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.amax(2)

    return backward(Amax(), x)
