"""The command `groupconv new`: a package with a group of one's own, ready to be installed."""

from __future__ import annotations

import itertools
import json
import keyword
import re
import shlex
import string
from importlib import resources
from pathlib import Path

from groupconv import __version__, registry
from groupconv.algebra import CUBIC, HEXAGONAL, LINE, SQUARE, GeneratedGroup
from groupconv.algebra.triplets import read_triplet
from groupconv.cli.files import write_new_folder
from groupconv.errors import ArgumentError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z]")

TAKEN = {
    "gc", "group", "check", "test_group", "test_it_is_registered", "parametrize_with_group_checks",
    "Any", "Element", "Expr", "ImmutableMatrix", "SplitGroup",
}  # fmt: skip
"""Names that the written files use themselves."""

LATTICES = {lattice.name: lattice for lattice in (LINE, SQUARE, HEXAGONAL, CUBIC)}


def new(name: str, generators: list[str], lattice: str | None, folder: Path | None) -> None:
    """Write a package that registers a group; all of it, or nothing."""
    if not NAME.fullmatch(name):
        expected = "letters, digits and . _ / - with a letter first, as for names in pyproject.toml"
        raise ArgumentError(f"name={name!r}: expected {expected}")
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower())
    distribution = f"groupconv-{slug.replace('_', '-')}"
    entries, problem = registry.groups(), ""
    if name in entries:
        problem = f"is already a group of {entries[name].distribution}"
    elif any(distribution in entry.distribution.split(", ") for entry in entries.values()):
        problem = f"would be in the distribution {distribution!r}, which is already installed"
    if problem:
        raise ArgumentError(f"name={name!r} {problem}; choose another name")
    folder = Path(re.sub(r"[^A-Za-z0-9._-]", "-", name)) if folder is None else folder
    if folder.exists():
        raise ArgumentError(f"--output={str(folder)!r} exists already; name a new folder")
    if lattice is not None and not generators:
        raise ArgumentError(f"--lattice={lattice} needs --from-generators; formulas name their own")
    module, note = f"groupconv_{slug}", ""
    words = {"name": name, "distribution": distribution, "version": __version__, "module": module}
    if generators:
        given = _matrices(generators)
        group = GeneratedGroup.from_matrices(name, given, LATTICES[lattice] if lattice else None)
        words |= _generated(group, slug)
        if {g.name: [list(row) for row in g.matrix] for g in group.generators} != given:
            others = f"other generators, {', '.join(g.name for g in group.generators)}"
            law = f"so that each element is {words['law']} in exactly one way"
            note = f"note: {others}, replace the given ones, {law}"
    else:
        words |= _formulas(name, slug)
    templates = {place: place for place in ("pyproject.toml", "README.md")}
    templates[f"{module}.py"] = "generated.py" if generators else "formulas.py"
    templates[f"tests/test_{slug}.py"] = "tests.py"
    files = {place: _filled(template, words) for place, template in templates.items()}
    write_new_folder(folder, files, "--output")
    for place in files:
        print(f"  {folder / place}")
    if note:
        print(note)
    here = shlex.quote(str(folder) if folder.is_absolute() else f"./{folder}")
    print(f"next: pip install -e {here}, then groupconv verify {name}")


def _filled(template: str, words: dict[str, str]) -> str:
    """A file of the package, by its template."""
    source = resources.files("groupconv.cli") / "templates" / f"{template}.template"
    return string.Template(source.read_text("utf-8")).substitute(words)


def _formulas(name: str, slug: str) -> dict[str, str]:
    """The words of a module with two formulas."""
    variable = "".join(part.capitalize() for part in slug.split("_"))
    variable = f"{variable}Group" if variable in TAKEN else variable
    summary = f"{name}: translations and mirrors, by two formulas"
    return {"summary": summary, "variable": variable, "object": f"{variable}()"}


def _generated(group: GeneratedGroup, slug: str) -> dict[str, str]:
    """The words of a module with a generated group; a broken one is refused."""
    is_free = slug.isidentifier() and not keyword.iskeyword(slug) and slug not in TAKEN
    variable = slug if is_free else f"{slug}_group"
    constant = group.lattice.name.upper()
    rows = ((g.name, [list(row) for row in g.matrix], g.order) for g in group.generators)
    return {
        "summary": f"{group.name}: {group.stabilizer.name} on the {group.lattice.name} lattice",
        "variable": variable,
        "object": variable,
        "imports": f"{constant}, GeneratedGroup",
        "index": f"({', '.join(group.coordinate_names)})",
        "law": " ".join(f"{g.name.upper()}^{g.name}" for g in group.generators),
        "lattice": constant,
        "generators": "\n".join(f'        "{name}": ({A}, {order}),' for name, A, order in rows),
    }


def _matrices(texts: list[str]) -> dict[str, object]:
    """Matrices and triplets by their names; `a, b, …` if unnamed."""
    parts = [text.rpartition("=") for text in texts]
    named = {name.strip() for name, sign, _ in parts if sign}
    letters = itertools.chain(string.ascii_lowercase, (f"a{n}" for n in itertools.count(1)))
    free = (letter for letter in letters if letter not in named)
    matrices: dict[str, object] = {}
    for text, (name, sign, value) in zip(texts, parts, strict=True):
        name = name.strip() if sign else next(free)
        if name in matrices:
            raise ArgumentError(f"--from-generators={text!r} names {name!r} a second time")
        matrices[name] = _matrix(text, value)
    return matrices


def _matrix(text: str, value: str) -> object:
    """A matrix as rows, from rows or from a triplet."""
    try:
        if "[" not in value:
            return [list(row) for row in read_triplet(value)]
        return json.loads(value)
    except ArgumentError as error:
        raise ArgumentError(f"--from-generators={text!r}: {error}") from error
    except ValueError as error:
        raise ArgumentError(
            f"--from-generators={text!r} is not a matrix; write rows such as "
            f"'r=[[0, -1], [1, 0]]', or a coordinate triplet such as 'r=-y,x'"
        ) from error
