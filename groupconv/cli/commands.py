"""The command `groupconv`: its subcommands and their options."""

from __future__ import annotations

import io
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from groupconv.errors import ExperimentalWarning, GroupConvError

app = typer.Typer(
    name="groupconv",
    help="Symmetry groups as plugins, proved, and turned into equivariant convolution layers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EXIT_AT_CLOSED_PIPE = 141
"""What shells report when the reader of a pipe has left, as in `groupconv groups | head -1`."""

Name = Annotated[str, typer.Argument(help="The name of an installed group.")]
SpaceName = Literal["lattice", "group"]
LatticeName = Literal["line", "square", "hexagonal", "cubic"]
Picture = Literal["cayley", "subgroups", "table", "filters", "feature-map"]


def main() -> None:
    """Run the command; a warning becomes one line, an error one line and exit code 2."""
    warnings.simplefilter("always", ExperimentalWarning)
    warnings.showwarning = _show_warning
    _open_streams()
    try:
        try:
            app(prog_name="groupconv")
        except SystemExit as end:  # typer and rich exit with 1, as for a failed check
            if isinstance(end.__context__, BrokenPipeError):
                raise end.__context__ from None
            raise
        finally:
            sys.stdout.flush()
    except GroupConvError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:  # a closed pipe or a full disk behind standard output
        sys.stdout = None  # nothing more can be flushed at exit
        if isinstance(error, BrokenPipeError):
            sys.exit(EXIT_AT_CLOSED_PIPE)
        typer.echo(f"error: the output cannot be written: {error.strerror}", err=True)
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
    typer.echo(f"warning: {message}", err=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        from groupconv import __version__

        typer.echo(f"groupconv {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Symmetry groups as plugins, proved, and turned into equivariant convolution layers."""


@app.command("groups")
def list_groups(
    load: Annotated[
        bool | None,
        typer.Option("--load/--no-load", help="Load the groups; the default, unless --json."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the installed groups by dimension and lattice."""
    from groupconv.cli import inspection

    inspection.list_groups(not as_json if load is None else load, as_json)


@app.command()
def show(name: Name) -> None:
    """Show a group's structure, its elements and how they compose."""
    from groupconv.cli import inspection

    inspection.show(name)


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME…", help="Names of installed groups.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every installed group.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write the reports to an HTML page.")
    ] = None,
) -> None:
    """Prove the axioms of groups; exit code 0 only if all hold."""
    from groupconv.cli import proofs

    raise typer.Exit(proofs.verify(names or [], every, as_json, html))


@app.command()
def indices(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .npz file to write.")],
    kernel_size: Annotated[int, typer.Option(help="The size of the filter's box.")] = 3,
    in_space: Annotated[SpaceName, typer.Option(help="Where the input lives.")] = "group",
    out_space: Annotated[SpaceName, typer.Option(help="Where the output lives.")] = "group",
) -> None:
    """Write the index table of a filter transform to a file."""
    from groupconv.cli import inspection

    inspection.indices(name, output, kernel_size, in_space, out_space)


@app.command()
def plot(
    name: Name,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write: .svg, .png or .pdf.")
    ],
    what: Annotated[Picture, typer.Option(help="What to draw.")] = "cayley",
    kernel_size: Annotated[
        int | None, typer.Option(help="With filters: the size of the box; 5 by default.")
    ] = None,
    generator: Annotated[
        list[int] | None,
        typer.Option(help="With cayley: the flat index of a generator; repeatable."),
    ] = None,
) -> None:
    """Draw a group's graphs, table, filters or feature maps."""
    from groupconv.cli import pictures

    pictures.plot(name, what, output, kernel_size, generator)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The name of the new group.")],
    from_generators: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=MATRIX",
            help="A matrix in lattice coordinates, such as 'r=[[0,-1],[1,0]]' or the triplet "
            "'r=-y,x'; repeatable.",
        ),
    ] = None,
    lattice: Annotated[
        LatticeName | None, typer.Option(help="The lattice; by default the standard one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new folder; by default NAME.")
    ] = None,
) -> None:
    """Write a package with a group of your own and its tests.

    Without generators, the package has the two formulas of a mirror group, for you to change.
    """
    from groupconv.cli import scaffold

    scaffold.new(name, from_generators or [], lattice, output)


@app.command()
def doctor(
    model: Annotated[
        str, typer.Argument(metavar="MODULE:NAME", help="A network, or a function that makes one.")
    ],
    shapes: Annotated[
        list[str],
        typer.Option(
            "--input", metavar="B,C,…", help="The shape of an input; repeatable, one for each."
        ),
    ],
    group: Annotated[
        str | None, typer.Option(help="The group; by default that of the network's layers.")
    ] = None,
    circular: Annotated[bool, typer.Option(help="Arrays are tori, as with circular padding.")] = (
        False
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,
) -> None:
    """Find the part of a network that does not commute with a group; exit code 0 if all does."""
    from groupconv.cli.diagnosis import examine

    raise typer.Exit(examine(model, shapes, group, circular, as_json))


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="A folder with MNIST (npz or idx files); by default, bundled digits."),
    ] = None,
    group: Annotated[str, typer.Option(help="A group on the square lattice.")] = "p4",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs per training: 15, or 5 with --data.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the picture.")] = (
        Path("groupconv-demo")
    ),
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="The seed of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda, …")] = "cpu",
) -> None:
    """Train a group's network and a planar one on digits.

    The group is proved first; at the end, a picture shows what its first layer sees.
    """
    from groupconv.cli.demo import run_demo

    run_demo(data, group, epochs, output, seed, device)
