"""Table of every module with the first line of its docstring, as ARCHITECTURE.md has it between two marks.

`python -m tests.architecture_table --write` renews it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from itertools import groupby

from tests.source_tree import PACKAGES, ROOT, Source, sources

PAGE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- modules -->\n", "<!-- /modules -->"


def table() -> str:
    """One table for each folder, in the order of their paths."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for folder, files in groupby(sorted(sources(*PACKAGES), key=_place), key=lambda source: _place(source)[0]):
        first, *rest = files
        yield f"### {folder}/\n\n{_summary(first)}\n"
        if rest:
            yield "| module | contents |\n|---|---|"
            yield from (f"| `{source.path.name}` | {_summary(source)} |" for source in rest)
            yield ""


def _place(source: Source) -> tuple[str, bool, str]:
    """Folder and name; `__init__` first."""
    name = source.path.name
    return source.path.parent.relative_to(ROOT).as_posix(), name != "__init__.py", name


def _summary(source: Source) -> str:
    return (ast.get_docstring(source.tree) or "").partition("\n")[0].replace("|", "\\|")


def renewed(page: str) -> str:
    """The page with the table as it is now.

    Raises:
        ValueError: The page lacks one of the marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        message = f"ARCHITECTURE.md lacks {BEGIN.strip()} or {END}"
        raise ValueError(message)
    return f"{before}{begin}{table()}{end}{after}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(renewed(PAGE.read_text()))
    else:
        sys.stdout.write(table())
