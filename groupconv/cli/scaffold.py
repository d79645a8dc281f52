"""The command `groupconv new`: a package with a group of one's own, ready to be installed."""

from __future__ import annotations

import json
import keyword
import re
import shlex
import string
from pathlib import Path

from groupconv import registry
from groupconv.algebra import CUBIC, HEXAGONAL, LINE, SQUARE, GeneratedGroup
from groupconv.cli.console import wide_console
from groupconv.cli.files import write_new_folder
from groupconv.errors import ArgumentError

__all__ = ["new"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z]")
TAKEN = {
    "gc", "group", "check", "test_group", "test_it_is_registered", "parametrize_with_group_checks",
    "Any", "Element", "Expr", "ImmutableMatrix", "SplitGroup",
}  # fmt: skip
"""Names that the written files use themselves."""

LATTICES = {lattice.name: lattice for lattice in (LINE, SQUARE, HEXAGONAL, CUBIC)}

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "The group $name, as a plugin of groupconv"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["groupconv>=$version"]

[project.optional-dependencies]
test = ["pytest>=8"]

[project.entry-points."groupconv.groups"]
"$name" = "$module:$variable"

[tool.hatch.build.targets.wheel]
only-include = ["$module.py"]
"""

README = """\
# $name

A group for groupconv, in `$module.py`.

```
pip install .
groupconv verify "$name"
groupconv show "$name"
pip install '.[test]' && pytest
```

Wherever this package is installed, `gc.layers("$name")` makes its layers.
"""

GENERATED = '''\
"""$summary."""

from groupconv import $imports

__all__ = ["$variable"]

# Its index $index means $law, then the translation.
$variable = GeneratedGroup(
    "$name",
    {  # each generator's matrix, in lattice coordinates, and its order
$generators
    },
    $lattice,
)
'''

FORMULAS = '''\
"""$summary."""

from typing import Any

from groupconv import SQUARE, Element, SplitGroup
from sympy import Expr, ImmutableMatrix

__all__ = ["$variable"]


class $variable(SplitGroup):
    """Translations of the square lattice and mirrors of its first axis: make it your own."""

    name = "$name"
    lattice = SQUARE
    stabilizer_shape = (2,)  # m = 0, 1
    api_version = 1

    def matrix(self, m: Expr, u: Expr, v: Expr) -> ImmutableMatrix:
        """Mirror the first axis if `m`, then translate by `(u, v)`."""
        return ImmutableMatrix([[(-1) ** m, 0, u], [0, 1, v], [0, 0, 1]])

    def index(self, matrix: Any) -> Element:
        """The sign of the first axis, and the last column: the inverse of `matrix`."""
        return (1 - matrix[0, 0]) / 2, matrix[0, 2], matrix[1, 2]
'''

TESTS = '''\
"""Whatever groupconv promises of a group, tried on $name."""

import groupconv as gc
from groupconv.testing import parametrize_with_group_checks

from $module import $variable


@parametrize_with_group_checks([$object])
def test_group(group, check):
    check(group)


def test_it_is_registered():
    assert gc.group("$name") == $object
'''


def new(name: str, generators: list[str], lattice: str | None, folder: Path | None) -> None:
    """Write a package that registers a group; all of it, or nothing."""
    if not NAME.fullmatch(name):
        raise ArgumentError(
            f"name={name!r}: expected letters, digits and . _ / - with a letter first, since it "
            f"names a group in pyproject.toml"
        )
    if name in registry.groups():
        owner = registry.groups()[name].distribution
        raise ArgumentError(f"name={name!r} belongs to {owner} already; choose another")
    folder = Path(re.sub(r"[^A-Za-z0-9._-]", "-", name)) if folder is None else folder
    if folder.exists():
        raise ArgumentError(f"--output={str(folder)!r} exists already; name a new folder")
    if lattice is not None and not generators:
        raise ArgumentError(f"--lattice={lattice} needs --from-generators; formulas name their own")
    files = _files(name, generators, lattice)
    distribution = _distribution(name)
    for entry in registry.groups().values():
        if distribution in entry.distribution.split(", "):
            raise ArgumentError(
                f"name={name!r} makes the distribution {distribution!r}, and an installed one of "
                f"that name has the group {entry.name!r}; choose another name"
            )
    write_new_folder(folder, files, "--output")
    console = wide_console()
    for place in files:
        console.print(f"  {folder / place}")
    here = shlex.quote(str(folder) if folder.is_absolute() else f"./{folder}")
    console.print(f"next: pip install {here}, then groupconv verify {name}")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _distribution(name: str) -> str:
    return f"groupconv-{_slug(name).replace('_', '-')}"


def _files(name: str, generators: list[str], lattice: str | None) -> dict[str, str]:
    """The files of the package, by their place in it."""
    from groupconv import __version__

    slug = _slug(name)
    module = f"groupconv_{slug}"
    words = {
        "name": name,
        "distribution": _distribution(name),
        "module": module,
        "version": __version__,
    }
    if generators:
        is_free = slug.isidentifier() and not keyword.iskeyword(slug) and slug not in TAKEN
        variable = slug if is_free else f"{slug}_group"
        words |= {"variable": variable, "object": variable}
        chosen = None if lattice is None else LATTICES[lattice]
        words |= _generated(GeneratedGroup.from_matrices(name, _matrices(generators), chosen))
        source = GENERATED
    else:
        variable = "".join(part.capitalize() for part in slug.split("_"))
        variable = f"{variable}Group" if variable in TAKEN else variable
        words |= {"variable": variable, "object": f"{variable}()"}
        words["summary"] = f"{name}: translations and mirrors, by two formulas"
        source = FORMULAS
    return {
        place: string.Template(text).substitute(words)
        for place, text in {
            "pyproject.toml": PYPROJECT,
            "README.md": README,
            f"{module}.py": source,
            f"tests/test_{slug}.py": TESTS,
        }.items()
    }


def _generated(group: GeneratedGroup) -> dict[str, str]:
    """What the module of a generated group says."""
    constant = {lattice: lattice.name.upper() for lattice in LATTICES.values()}[group.lattice]
    names = [generator.name for generator in group.generators]
    law = " ".join(f"{name.upper()}^{name}" for name in names)
    kind = group.structure.name  # a broken group is refused before anything is written
    return {
        "summary": f"{group.name}: {kind} on the {group.lattice.name} lattice",
        "imports": f"{constant}, GeneratedGroup",
        "index": f"({', '.join(group.coordinate_names)})",
        "law": law,
        "lattice": constant,
        "generators": "\n".join(
            f'        "{g.name}": ({[list(row) for row in g.matrix]}, {g.order}),'
            for g in group.generators
        ),
    }


def _matrices(generators: list[str]) -> dict[str, object]:
    """Matrices by their names, from texts such as `r=[[0, -1], [1, 0]]`."""
    matrices: dict[str, object] = {}
    for letter, text in zip(string.ascii_lowercase, generators, strict=False):
        name, _, rows = text.partition("=") if "=" in text else (letter, "", text)
        name = name.strip()
        try:
            matrix = json.loads(rows)
            if not isinstance(matrix, list):
                raise ValueError(f"{rows} is no list of rows")
        except (ValueError, RecursionError) as error:
            raise ArgumentError(
                f"--from-generators={text!r} cannot be read: {error}; write a matrix such as "
                f"'r=[[0, -1], [1, 0]]'"
            ) from error
        if name in matrices:
            raise ArgumentError(f"--from-generators={text!r} names {name!r} a second time")
        matrices[name] = matrix
    return matrices
