"""A verification as one HTML page: self-contained, its statements typeset in MathML."""

from __future__ import annotations

import itertools
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupconv.verification.report import Check, Counterexample, TextRows, VerificationReport

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem; vertical-align: top; }
th, td { border-bottom: 1px solid #8884; }
td.ms { text-align: right; }
.holds { color: #2a8a3e; } .fails { color: #d03030; } .undecided { color: #a07000; }
.counterexample { border-left: 4px solid #d03030; padding: .25rem 1rem; margin: .5rem 0; }
.counterexample dt { font-weight: 600; } .counterexample dd { margin: 0 0 .4rem 1rem; }
math { font-size: 1.1em; }
"""

CLASSES = {"✓": "holds", "✗": "fails", "–": "undecided"}


def html_page(
    reports: Iterable[VerificationReport], errors: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The page of some verifications, and of groups that could not be loaded, with the reason.

    Examples:
        >>> from groupconv import verify
        >>> html_page([verify("z2")]).startswith("<!doctype html>")
        True
    """
    reports = list(reports)
    title = "Verification of " + ", ".join([*(report.group for report in reports), *errors])
    broken = (
        f'<section><h2>{escape(name)}: <span class="fails">not loaded</span></h2>'
        f"<p>{escape(error)}</p></section>"
        for name, error in errors.items()
    )
    sections = "\n".join([*map(_section, reports), *broken])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{sections}\n</body>\n</html>\n"
    )


def _section(report: VerificationReport) -> str:
    rows = "\n".join(map(_row, report.checks))
    kind = "holds" if report.passed else "fails"
    return (
        f'<section>\n<h2>{escape(report.group)}: <span class="{kind}">{escape(report.verdict)}'
        f"</span></h2>\n<table>\n<thead><tr><th></th><th>check</th><th>statement</th><th>how</th>"
        f"<th>ms</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</section>"
    )


def _row(check: Check) -> str:
    from latex2mathml.converter import convert

    found = check.counterexample
    shown = _counterexample(found) if found is not None else ""
    return (
        f'<tr><td class="{CLASSES[check.mark]}">{check.mark}</td><td>{escape(check.name)}</td>'
        f'<td title="{escape(check.statement)}">{convert(check.latex)}{shown}</td>'
        f'<td>{escape(check.how)}</td><td class="ms">{1000 * check.seconds:.0f}</td></tr>'
    )


def _counterexample(found: Counterexample) -> str:
    places = []
    for element, rows in itertools.zip_longest(found.elements, found.matrices):
        matrix = f" = {_matrix(rows)}" if rows else ""
        places.append(f"<code>({escape(', '.join(map(str, element)))})</code>{matrix}")
    sides = {"left side": found.left, "right side": found.right, "difference": found.difference}
    facts = {"at": ", ".join(places)}
    facts |= {name: f"<code>{escape(text)}</code>" for name, text in sides.items() if text}
    facts |= {"cause": escape(found.cause)}
    items = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
    return f'<dl class="counterexample">{items}</dl>'


def _matrix(rows: TextRows) -> str:
    """A matrix in MathML."""
    entries = [[f"<mtd><mi>{escape(entry)}</mi></mtd>" for entry in row] for row in rows]
    cells = "".join(f"<mtr>{''.join(row)}</mtr>" for row in entries)
    return f"<math><mrow><mo>(</mo><mtable>{cells}</mtable><mo>)</mo></mrow></math>"
