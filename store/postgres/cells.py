"""Conversion of cells as psycopg returns them, and of content with PostgreSQL's prefixes (docs/postgres.md §6)."""

from __future__ import annotations

import base64
import binascii
import json
import math

from ..base.strict_json import load_or
from ..formats import message_codec

JSON, BYTES = "\x01json:", "\x01bytes:"
"""Prefixes of a content cell that is not a plain text."""


def text(cell: object) -> str | None:
    """The cell as text; None for NULL."""
    if cell is None or isinstance(cell, str):
        return cell
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def integer(cell: object) -> int:
    """The cell as an integer, 0 for NULL and for what is no number."""
    if isinstance(cell, int):
        return cell
    written = "0" if cell is None else str(cell)
    try:
        return int(written)
    except ValueError:
        pass
    try:
        number = float(written)
    except ValueError:
        return 0
    return int(number) if math.isfinite(number) else 0


def timestamp(cell: object) -> float | None:
    """The cell as seconds since 1970 UTC; None for an impossible time."""
    return message_codec.timestamp(cell if isinstance(cell, float | int | str) else None)


def content(cell: object) -> str | None:
    """A content cell in the form of SQLite, which `message_codec` decodes."""
    found = text(cell)
    if found is None or not found.startswith("\x01"):
        return found
    if found.startswith(JSON):
        inner = found[len(JSON) :]
        value = load_or(inner, None)
        return value if isinstance(value, str) else message_codec.PREFIX + inner
    if found.startswith(BYTES):
        try:
            return base64.b64decode(found[len(BYTES) :], validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return found
    return found


def stored_content(cell: str | None) -> str | None:
    """A content cell of SQLite's form in that of PostgreSQL, whose text holds no NUL."""
    if cell is None:
        return None
    if cell.startswith(message_codec.PREFIX):
        inner = cell[len(message_codec.PREFIX) :]
        if "\x00" not in inner and not isinstance(load_or(inner, ""), str):
            return JSON + inner
    if "\x00" in cell or cell.startswith((JSON, BYTES)):
        return JSON + json.dumps(cell)
    return cell


def stored_text(cell: str) -> str:
    """A text without NUL, which becomes U+FFFD."""
    return cell.replace("\x00", "\ufffd")
