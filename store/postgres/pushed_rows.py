"""Rows of a state.db as rows of a schema of ours; nothing of a cell is lost.

What a column cannot hold (another type, a NUL, bytes that are no text) and columns that the schema has not lie in one
JSON column, so that a home that gains columns needs no DDL.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping

from ..engine.operations import Cell, RawRow, RawText
from ..engine.push_target import SOURCE, source_of
from . import cells, hermes_columns
from .schema_probe import TERMS
from .terms import LONGEST, stored_terms, text_of

_NUMBERS, _WHOLE, _BYTES = "double precision", "bigint", "bytea"
EXTRA, LONG = "hermes_tui_extra", "hermes_tui_long"


def row_of(table: str, raw: RawRow) -> dict[str, object]:
    """The columns of a row, without those that are NULL by default.

    Args:
        table: `sessions` or `messages`.
        raw: Its cells in SQLite.
    """
    kinds = hermes_columns.kinds(table)
    found: dict[str, object] = {}
    extra: dict[str, object] = {}
    for name, cell in raw.items():
        if name == SOURCE:
            continue
        kind = kinds.get(name)
        value, fits = (None, False) if kind is None else _fitted(name, kind, cell)
        if kind is not None:
            found[name] = value
        if not fits and cell is not None:
            extra[name] = _kept(cell)
    found[EXTRA] = json.dumps(extra, sort_keys=True) if extra else None
    found[SOURCE] = source_of(raw)
    return found


def columns_of(table: str, rows: Iterable[RawRow]) -> list[str]:
    """Those columns that rows made of some raw ones have."""
    names = {name for raw in rows for name in raw} & hermes_columns.columns(table)
    return sorted(names | {EXTRA, SOURCE} | ({TERMS, LONG} if table == "messages" else set()))


def message_row(raw: RawRow) -> dict[str, object]:
    """The same of a message, with the words by which it is found."""
    found = row_of("messages", raw)
    words = stored_terms(text_of(found))
    long = words is None
    return {**found, TERMS: None if words is None else vector(words), LONG: long or None}


def vector(words: list[str]) -> str:
    """A tsvector of words, as text."""
    return " ".join("'" + word[:LONGEST].replace("\\", "\\\\").replace("'", "''") + "'" for word in words)


def same(table: str, raw: RawRow, stored: Mapping[str, object]) -> bool:
    """True where a stored row is what a raw one becomes."""
    return all(stored.get(name) == value for name, value in row_of(table, raw).items())


def _fitted(name: str, kind: str, cell: Cell) -> tuple[object, bool]:
    """A cell as its column holds it, and whether all of it is there."""
    if cell is None:
        return None, True
    if kind.startswith(_WHOLE):
        fits = isinstance(cell, int)
    elif kind == _BYTES:
        fits = isinstance(cell, bytes)
    elif kind == _NUMBERS:
        fits = isinstance(cell, int | float) and math.isfinite(cell) and float(cell) == cell
        return (float(str(cell)), True) if fits else (None, False)
    else:
        return _text_cell(name, cell)
    return (cell, True) if fits else (None, False)


def _text_cell(name: str, cell: int | float | str | bytes | RawText) -> tuple[str | None, bool]:
    if not isinstance(cell, str):
        return cells.stored_text(_text(cell)), False
    if name == "content":
        return cells.stored_content(cell), True
    return cells.stored_text(cell), "\x00" not in cell


def _text(cell: int | float | bytes | RawText) -> str:
    raw = cell.raw if isinstance(cell, RawText) else cell
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)


def _kept(cell: int | float | str | bytes | RawText) -> object:
    """A cell as JSON, from which it can be made again."""
    if isinstance(cell, RawText):
        return {"text": base64.b64encode(cell.raw).decode()}
    if isinstance(cell, bytes):
        return {"blob": base64.b64encode(cell).decode()}
    return {"real": repr(cell)} if isinstance(cell, float) else cell
