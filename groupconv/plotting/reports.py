"""What happened to a network, drawn: its training, and where it stops commuting with a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from groupconv.plotting.graphs import REFLECTION, ROTATION
from groupconv.plotting.layout import new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

LEAST_ERROR = 1e-17
"""What an error of zero is drawn as."""


class _Stage(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def error(self) -> float: ...


class _Diagnosis(Protocol):
    @property
    def group(self) -> str: ...
    @property
    def stages(self) -> Sequence[_Stage]: ...
    @property
    def culprit(self) -> _Stage | None: ...


def training_figure(curves: Mapping[str, Sequence[float]], label: str = "loss") -> Figure:
    """What networks reached after each epoch, a curve for each.

    Args:
        curves: For each network, by a name, its values from the first epoch on.
        label: What the values are.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    figure = new_figure(5, 3)
    from matplotlib.ticker import MaxNLocator  # after new_figure, which reports a missing one

    axes = figure.subplots()
    colours = (*ROTATION, *REFLECTION)
    for n, (name, values) in enumerate(curves.items()):
        colour = colours[n % len(colours)]
        axes.plot(range(1, len(values) + 1), values, "o-", ms=3, color=colour, label=name)
    axes.set(xlabel="epoch", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def diagnosis_figure(diagnosis: _Diagnosis) -> Figure:
    """What `testing.diagnose` found: the equivariance error behind every module, in their order.

    Blue stages commute with the group up to rounding, red ones do not; the first red one is where
    equivariance is lost.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    stages = diagnosis.stages
    figure = new_figure(6, 0.9 + 0.28 * len(stages))
    axes = figure.subplots()
    is_lost = False
    for n, stage in enumerate(stages):
        is_lost = is_lost or stage is diagnosis.culprit
        colour = ROTATION[0] if is_lost else REFLECTION[0]
        axes.plot([LEAST_ERROR, max(stage.error, LEAST_ERROR)], [n, n], color=colour, lw=6)
    names = [f"{stage.path} ({stage.name})" if stage.path else stage.name for stage in stages]
    axes.set_yticks(range(len(stages)), names, fontsize=8)
    axes.set(xscale="log", xlim=(LEAST_ERROR, 10), ylim=(len(stages) - 0.5, -0.5))
    axes.set_xlabel("equivariance error, relative to the largest entry")
    axes.spines[["top", "right"]].set_visible(False)
    at = diagnosis.culprit
    found = "commutes" if at is None else f"stops commuting at {at.path} ({at.name})"
    axes.set_title(f"{diagnosis.group}: the network {found}", fontsize=9)
    return figure
