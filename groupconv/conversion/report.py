"""What became of every module of a converted network."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from groupconv.testing.columns import columns


@dataclass(frozen=True)
class Row:
    """One module.

    Attributes:
        path: Its path in the model.
        before: The class that it was.
        after: The class that it is.
        shape: The shape of what it gave on the example.
        new_shape: The shape of what it gives now.
        parameters: The number of its own parameters before.
        new_parameters: And after.
        note: What became of it, and why.
    """

    path: str
    before: str
    after: str
    shape: tuple[int, ...]
    new_shape: tuple[int, ...]
    parameters: int
    new_parameters: int
    note: str


@dataclass(frozen=True)
class ConversionReport:
    """What `convert` did, module by module; it prints as a table.

    Attributes:
        group: The name of the group.
        rows: The modules, in the order in which they ran.
        parameters: The number of parameters of the network before.
        new_parameters: And after.
        widths: The number of channels on the group that stands for each planar one.
        error: The equivariance error of the result on the example, relative to its output; None
            where it was not measured.
        deviation: With planar weights, how far it is from the planar network over all moved inputs,
            relative to that; None where it was not measured.
    """

    group: str
    rows: tuple[Row, ...]
    parameters: int
    new_parameters: int
    widths: dict[int, int] = field(default_factory=dict)
    error: float | None = None
    deviation: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        lines: list[tuple[str, ...]] = [
            ("module", "was", "is", "gave", "gives", "parameters", "now", "")
        ]
        for row in self.rows:
            shapes = tuple("×".join(map(str, shape)) for shape in (row.shape, row.new_shape))
            counts = (f"{row.parameters:,}", f"{row.new_parameters:,}")
            lines.append((row.path, row.before, row.after, *shapes, *counts, row.note))
        lines.append(("all", *[""] * 4, f"{self.parameters:,}", f"{self.new_parameters:,}", ""))
        aligned = columns(lines, right={5, 6})
        if any(n != m for n, m in self.widths.items()):
            found = ", ".join(f"{n} → {m}" for n, m in sorted(self.widths.items()))
            aligned.append(f"channels, divided by the root of the order and rounded: {found}")
        if self.error is not None:
            aligned.append(f"equivariance error under {self.group}: {self.error:.1e}")
        if self.deviation is not None:
            aligned.append(f"from the planar network over the group: {self.deviation:.1e}")
        return "\n".join(aligned)
