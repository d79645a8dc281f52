"""Training a classifier: Adam with a one-cycle learning rate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from groupconv.arguments import number, positive
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from groupconv.data import ImageSet


@dataclass(frozen=True)
class Progress:
    """How many epochs of a training are done, and the mean loss of the last one."""

    epoch: int
    epochs: int
    loss: float


@dataclass(frozen=True)
class TrainingResult:
    """The share of test images that are right, the trained parameters, the seconds of training."""

    accuracy: float
    parameters: int
    seconds: float


def train(
    model: nn.Module,
    images: ImageSet,
    *,
    epochs: int,
    batch_size: int = 64,
    learning_rate: float = 0.01,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda _: None,
) -> TrainingResult:
    """Train a classifier of images `(B, C, H, W)`, with scores `(B, classes)`, and test it once.

    It is trained in place; an incomplete last batch is left out of its epoch. `learning_rate` is
    the peak of the one-cycle schedule, `seed` that of the order of the images, and `report` is
    called after every epoch.

    Raises:
        ArgumentError: a number is not positive, or the scores do not have one column per class.

    Examples:
        >>> import groupconv as gc
        >>> digits = gc.data.bundled_digits()
        >>> parts = [t[:64] for t in (digits.train_x, digits.train_y) * 2]
        >>> few = gc.data.ImageSet("few", *parts)
        >>> train(gc.models.P4CNN(), few, epochs=1).parameters
        24680
    """
    epochs, batch_size = positive("epochs", epochs), positive("batch_size", batch_size)
    learning_rate = number("learning_rate", learning_rate, 0, exclusive=True)
    device = _device_of(model)
    x, y = images.train_x.to(device), images.train_y.to(device)
    classes = 1 + int(torch.cat([images.train_y, images.test_y]).max())
    batch_size = min(batch_size, len(x))
    steps = len(x) // batch_size
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, epochs * steps)
    generator = torch.Generator().manual_seed(seed)
    start = time.perf_counter()
    for epoch in range(epochs):
        model.train()
        total = torch.zeros((), device=device)
        order = torch.randperm(len(x), generator=generator)[: steps * batch_size].to(device)
        for batch in order.view(steps, batch_size):
            scores = model(x[batch])
            if scores.shape[:-1] != (batch_size,) or scores.shape[-1] < classes:
                expected = f"expected ({batch_size}, {classes}) for {classes} classes"
                found = f"the model gives scores of shape {tuple(scores.shape)}, {expected}"
                raise ArgumentError(f"{found}; correct its last layer")
            loss = F.cross_entropy(scores, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach()
        report(Progress(epoch + 1, epochs, total.item() / steps))
    seconds = time.perf_counter() - start
    right = accuracy(model, images.test_x, images.test_y)
    return TrainingResult(right, count_parameters(model), seconds)


def _device_of(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def accuracy(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 500) -> float:
    """The share of images that a classifier gets right, in evaluation mode."""
    device = _device_of(model)
    model.eval()
    with torch.no_grad():
        right = sum(
            int((model(images.to(device)).argmax(1) == labels.to(device)).sum())
            for images, labels in zip(x.split(batch_size), y.split(batch_size), strict=True)
        )
    return right / len(x)


def count_parameters(model: nn.Module) -> int:
    """The number of parameters that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
