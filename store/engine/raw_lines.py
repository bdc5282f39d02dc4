"""Raw rows as lines of JSON, for backups and the trash.

A text is a JSON string, a number a number; `{"blob": hex}`, `{"text": hex}` for a text that is no UTF-8 and
`{"real": "inf"}` stand for values that JSON has no form for.
"""

from __future__ import annotations

import json
import math

from ..base.errors import BackupFailed
from ..base.strict_json import BadJson, load
from .operations import Cell, RawRow, RawText


def plain(row: RawRow) -> dict[str, object]:
    """A row as values that JSON has."""
    return {name: _written(cell) for name, cell in row.items()}


def row_of(value: dict[str, object]) -> RawRow:
    """The row of what `plain` made."""
    return {name: _read(cell) for name, cell in value.items()}


def line_of(row: RawRow) -> bytes:
    """A row as one line.

    Raises:
        BackupFailed: The line would not read back as the row.
    """
    line = json.dumps(plain(row)).encode() + b"\n"
    if row_of_line(line) != row:
        raise BackupFailed(f"message {row.get('id')!r} cannot be written down as it is; nothing was changed")
    return line


def row_of_line(line: bytes) -> RawRow:
    """The row of a line; empty where it is no object.

    Raises:
        BackupFailed: It is no JSON.
    """
    try:
        value = load(line.decode("utf-8"))
    except (BadJson, UnicodeDecodeError) as error:
        raise BackupFailed("a line of the backup is no JSON; it was changed since") from error
    return row_of(value) if isinstance(value, dict) else {}


def _written(cell: Cell) -> object:
    if isinstance(cell, bytes):
        return {"blob": cell.hex()}
    if isinstance(cell, RawText):
        return {"text": cell.raw.hex()}
    if isinstance(cell, float) and not math.isfinite(cell):
        return {"real": str(cell)}
    return cell


def _read(value: object) -> Cell:
    match value:
        case {"blob": str(n_bytes)}:
            return bytes.fromhex(n_bytes)
        case {"text": str(n_bytes)}:
            return RawText(bytes.fromhex(n_bytes))
        case {"real": str(number)}:
            return float(number)
        case None | int() | float() | str():
            return value
        case _:
            return None
