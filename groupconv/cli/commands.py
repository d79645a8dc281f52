"""The command `groupconv`: its subcommands and their options."""

from __future__ import annotations

import io
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from groupconv.errors import ExperimentalWarning, GroupConvError

EXIT_AT_CLOSED_PIPE = 141
"""What shells report when the reader of a pipe has left, as in `groupconv groups | head -1`."""


def main() -> None:
    """Run the command; a warning becomes one line, an error one line and exit code 2."""
    warnings.simplefilter("always", ExperimentalWarning)
    warnings.showwarning = _show_warning
    _open_streams()
    stdout = sys.stdout
    try:
        try:
            app(prog_name="groupconv")
        except SystemExit as end:  # at a closed pipe, click replaces the stream and exits with 1
            if sys.stdout is not stdout or isinstance(end.__context__, BrokenPipeError):
                raise BrokenPipeError from None  # the second is how rich reports it
            raise
        finally:
            sys.stdout.flush()
    except GroupConvError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:  # a closed pipe or a full disk behind standard output
        sys.stdout = None  # nothing more can be flushed at exit
        if isinstance(error, BrokenPipeError):
            sys.exit(EXIT_AT_CLOSED_PIPE)
        click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
        sys.exit(2)


def _open_streams() -> None:
    """Replace a closed stream by one that drops its text, and let the others escape signs."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8", closefd=False))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    click.echo(f"warning: {message}", err=True)


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from groupconv import __version__

        click.echo(f"groupconv {__version__}")
        context.exit()


@click.group(name="groupconv", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def app() -> None:
    """Symmetry groups as plugins, proved, and turned into equivariant convolution layers."""


NAME = click.argument("name")
SPACE = click.Choice(["lattice", "group"])
FILE = click.Path(path_type=Path)


@app.command("groups")
@click.option("--load/--no-load", default=None, help="Load the groups; the default, unless --json.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_groups(load: bool | None, as_json: bool) -> None:
    """List the installed groups by dimension and lattice."""
    from groupconv.cli import listing

    listing.list_groups(not as_json if load is None else load, as_json)


@app.command()
@NAME
def show(name: str) -> None:
    """Show a group's structure, its elements and how they compose."""
    from groupconv.cli import inspection

    inspection.show(name)


@app.command()
@click.argument("names", nargs=-1, metavar="NAME…")
@click.option("--all", "every", is_flag=True, help="Every installed group.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@click.option("--html", type=FILE, help="Also write the reports to an HTML page.")
def verify(names: tuple[str, ...], every: bool, as_json: bool, html: Path | None) -> None:
    """Prove the axioms of groups; exit code 0 only if all hold."""
    from groupconv.cli import proofs

    sys.exit(proofs.verify(list(names), every, as_json, html))


@app.command()
@NAME
@click.option("--output", "-o", type=FILE, required=True, help="The .npz file to write.")
@click.option("--kernel-size", default=3, show_default=True, help="The size of the filter's box.")
@click.option(
    "--in-space", type=SPACE, default="group", show_default=True, help="Where the input lives."
)
@click.option(
    "--out-space", type=SPACE, default="group", show_default=True, help="Where the output lives."
)
def indices(name: str, output: Path, kernel_size: int, in_space: str, out_space: str) -> None:
    """Write the index table of a filter transform to a file."""
    from groupconv.cli import inspection

    inspection.indices(name, output, kernel_size, in_space, out_space)


@app.command()
@NAME
@click.option(
    "--output", "-o", type=FILE, required=True, help="The file to write: .svg, .png or .pdf."
)
@click.option(
    "--what",
    type=click.Choice(["cayley", "subgroups", "table", "filters", "feature-map"]),
    default="cayley",
    show_default=True,
    help="What to draw.",
)
@click.option("--kernel-size", type=int, help="With filters: the size of the box; 5 by default.")
@click.option(
    "--generator",
    "generators",
    type=int,
    multiple=True,
    help="With cayley: the flat index of a generator; repeatable.",
)
def plot(
    name: str, output: Path, what: str, kernel_size: int | None, generators: tuple[int, ...]
) -> None:
    """Draw a group's graphs, table, filters or feature maps."""
    from groupconv.cli import pictures

    pictures.plot(name, what, output, kernel_size, list(generators) or None)


@app.command()
@NAME
@click.option(
    "--from-generators",
    "generators",
    multiple=True,
    metavar="NAME=MATRIX",
    help="A matrix in lattice coordinates, such as 'r=[[0,-1],[1,0]]' or the triplet "
    "'r=-y,x'; repeatable.",
)
@click.option(
    "--lattice",
    type=click.Choice(["line", "square", "hexagonal", "cubic"]),
    help="The lattice; by default the standard one.",
)
@click.option("--output", "-o", type=FILE, help="The new folder; by default NAME.")
def new(name: str, generators: tuple[str, ...], lattice: str | None, output: Path | None) -> None:
    """Write a package with a group of your own and its tests.

    Without generators, the package has the two formulas of a mirror group, for you to change.
    """
    from groupconv.cli import scaffold

    scaffold.new(name, list(generators), lattice, output)


@app.command()
@click.argument("model", metavar="MODULE:NAME")
@click.option(
    "--input",
    "shapes",
    multiple=True,
    required=True,
    metavar="B,C,…",
    help="The shape of an input; repeatable, one for each.",
)
@click.option("--group", help="The group; by default that of the network's layers.")
@click.option("--circular", is_flag=True, help="Arrays are tori, as with circular padding.")
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
def doctor(
    model: str, shapes: tuple[str, ...], group: str | None, circular: bool, as_json: bool
) -> None:
    """Find the part of a network that does not commute with a group.

    MODULE:NAME is a network, or a function that makes one. The exit code is 0 if every part
    commutes.
    """
    from groupconv.cli.diagnosis import examine

    sys.exit(examine(model, list(shapes), group, circular, as_json))


@app.command()
@click.option("--data", type=FILE, help="A folder with MNIST; by default, bundled digits.")
@click.option("--group", default="p4", show_default=True, help="A group on the square lattice.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Epochs per training: 15, or 5 with --data.",
)
@click.option(
    "--output",
    "-o",
    type=FILE,
    default="groupconv-demo",
    show_default=True,
    help="The folder for the picture.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62),
    default=0,
    show_default="0",
    help="The seed of everything random.",
)
@click.option("--device", default="cpu", show_default=True, help="Where to train: cpu, cuda, …")
def demo(
    data: Path | None, group: str, epochs: int | None, output: Path, seed: int, device: str
) -> None:
    """Train a group's network and a planar one on digits.

    The group is proved first; at the end, a picture shows what its first layer sees.
    """
    from groupconv.cli.demo import run_demo

    run_demo(data, group, epochs, output, seed, device)
