"""The command `groupconv demo`: from a proof to a trained network and a picture."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import sys
from typing import TYPE_CHECKING

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from groupconv.cli.console import plain_table, wide_console
from groupconv.cli.files import atomic_write, make_folder, require_writable
from groupconv.data import ImageSet, bundled_digits, mnist_draw, rotated
from groupconv.errors import ArgumentError
from groupconv.experiments import Progress as TrainingProgress
from groupconv.experiments import count_parameters, train
from groupconv.models import P4CNN, Z2CNN
from groupconv.nn import GroupConv
from groupconv.nn.functional import act
from groupconv.plotting import equivariance_figure
from groupconv.plotting.layout import element_label
from groupconv.registry import group as load_group
from groupconv.testing import equivariance_error
from groupconv.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    from groupconv.algebra import SplitGroup

PLANAR_CHANNELS = 20
DIGITS_EPOCHS, MNIST_EPOCHS = 15, 5
PICTURE = "feature-maps.png"


def run_demo(
    folder: Path | None, name: str, epochs: int | None, output: Path, seed: int, device: str
) -> None:
    """Prove, train, compare, draw; every step says what it does."""
    console = wide_console()
    place = _device(device)
    group = load_group(name)
    if group.order == 1:
        planar = f"group={name!r} has only translations, so its network is the planar one"
        raise ArgumentError(f"{planar}; choose another, such as p4")
    networks = _twins(group)
    upright = bundled_digits() if folder is None else mnist_draw(folder)
    epochs = epochs or (DIGITS_EPOCHS if folder is None else MNIST_EPOCHS)
    picture = output / PICTURE
    make_folder(output, "--output")
    require_writable(picture, "--output")
    report = verify(group)
    report.raise_if_failed()
    proved = f"{len(report.checks)} checks hold for all its elements ({report.seconds:.2f} s)"
    console.print(f"1. {name} is a group: {proved}")
    sizes = f"{len(upright.train_x):,} training, {len(upright.test_x):,} test images"
    console.print(f"2. {upright.name}: {sizes}, turned by random angles")
    console.print(f"3. training two networks twice on {place}; epochs of each: {epochs}")
    trained = _compare(console, networks, group, upright, epochs, seed, place)
    atomic_write(picture, _draw(trained.cpu(), upright.test_x[:1], group), "--output")
    print(f"4. what the first layer of the {name} CNN sees: {picture}")


def _compare(
    console: Console,
    networks: dict[str, Callable[[], nn.Module]],
    group: SplitGroup,
    upright: ImageSet,
    epochs: int,
    seed: int,
    place: torch.device,
) -> nn.Module:
    """Train each network on both sets, print the table, return the first that is the group's."""
    table = plain_table("train → test", "network", "accuracy", "parameters", "s", "equiv. error")
    for column in table.columns[2:]:
        column.justify = "right"
    kept: dict[str, nn.Module] = {}
    for source, images in (
        ("rotated", rotated(upright, seed)),
        ("upright", rotated(upright, seed, train=False)),
    ):
        for label, build in networks.items():
            torch.manual_seed(seed)
            model = build().to(place)
            with _progress(console, f"{label}, {source} digits", epochs) as report:
                result = train(model, images, epochs=epochs, seed=seed, report=report)
            error = equivariance_error(model, images.test_x[:16].to(place), group=group)
            numbers = f"{result.accuracy:.1%}", f"{result.parameters:,}", f"{result.seconds:.0f}"
            table.add_row(f"{source} → rotated", label, *numbers, f"{error.worst:.0e}")
            kept.setdefault(label, model)
        table.add_section()
    console.print(table)
    return kept[f"{group.name} CNN"]


def _device(name: str) -> torch.device:
    try:
        place = torch.device(name)
        torch.zeros(1, device=place).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError(f"device={name!r} cannot be used: {reason}; try cpu") from error
    return place


def _twins(group: SplitGroup) -> dict[str, Callable[[], nn.Module]]:
    """The group's network, and a planar one with as many parameters or slightly more."""
    # That of width C / √S has about as many as a planar one of width C (section 8.1), which is then
    # widened. Neither uses dropout, with which the planar one does worse on so few images.
    width = round(PLANAR_CHANNELS / math.sqrt(group.order))
    wanted = count_parameters(P4CNN(channels=width, group=group))
    widths = itertools.count(PLANAR_CHANNELS)
    planar = next(c for c in widths if count_parameters(Z2CNN(channels=c)) >= wanted)
    return {
        "planar CNN": lambda: Z2CNN(channels=planar, dropout=0.0),
        f"{group.name} CNN": lambda: P4CNN(channels=width, group=group),
    }


@contextlib.contextmanager
def _progress(
    console: Console, label: str, epochs: int
) -> Iterator[Callable[[TrainingProgress], None]]:
    """A bar on a terminal; elsewhere, a line now and then."""
    if not sys.stdout.isatty():
        every = max(1, epochs // 3)

        def print_line(done: TrainingProgress) -> None:
            if done.epoch % every == 0 or done.epoch == epochs:
                console.print(f"   {label}: epoch {done.epoch} of {epochs}, loss {done.loss:.3f}")

        yield print_line
        return
    columns = (
        TextColumn("   {task.description}"),
        BarColumn(bar_width=24),
        TextColumn("epoch {task.completed} of {task.total}  {task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(label, total=epochs, loss="")
        yield lambda done: bars.update(task, completed=done.epoch, loss=f"loss {done.loss:.3f}")


def _draw(model: nn.Module, image: torch.Tensor, group: SplitGroup) -> bytes:
    """The most oriented channel of the first layer, for a digit and for the digit moved."""
    first = next(layer for layer in model.modules() if isinstance(layer, GroupConv))
    stabilizer = tuple(int(size > 1) for size in group.stabilizer_shape)
    element = group.element(stabilizer)
    images = [image, act(image, element, group)]
    with torch.no_grad():
        maps = [first(each)[0] for each in images]  # (C, S, H, W)
    channel = int(maps[0].std(dim=1).mean((-2, -1)).argmax())
    moved_by = element_label(group, group.flat_index(stabilizer))
    titles = ["a digit and its feature map", f"the digit moved by {moved_by}"]
    drawn, planes = [each[0, 0] for each in images], [each[channel] for each in maps]
    figure = equivariance_figure(drawn, planes, titles, group)
    law = "moving the input moves every plane, and each plane along the arrows"
    figure.suptitle(f"{group.name}: {law}")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120)
    return file.getvalue()
