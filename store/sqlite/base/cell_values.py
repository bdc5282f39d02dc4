"""Conversion of cells, which may have any type (docs/format.md §3.4, docs/reliability.md E13)."""

from __future__ import annotations

from functools import lru_cache

from ...formats import message_codec

Value = None | int | float | str | bytes


def text(cell: Value) -> str | None:
    """The cell as text; bytes that are not UTF-8 become U+FFFD, NULL is None."""
    if cell is None:  # many, as the cells below are nearly all: a page of the list asks for thousands
        return None
    if isinstance(cell, bytes):
        try:
            return cell.decode()
        except UnicodeDecodeError:
            return cell.decode("utf-8", "replace")
    return cell if isinstance(cell, str) else str(cell)


shared_text = lru_cache(maxsize=512)(text)
"""The same for columns whose values repeat (sources, models, roles): rows share one text of each."""


def is_text(cell: Value) -> bool:
    """False for bytes that are not UTF-8, which `text` cannot represent."""
    try:
        return not isinstance(cell, bytes) or cell.decode() is not None
    except UnicodeDecodeError:
        return False


def integer(cell: Value, default: int = 0) -> int:
    """The cell as an integer, or `default` for NULL, other text and infinity."""
    if isinstance(cell, int):
        return cell
    try:
        return default if cell is None else int(float(cell))
    except (ValueError, OverflowError):
        return default


def integer_or_none(cell: Value) -> int | None:
    """The same, None for NULL."""
    return cell if cell is None or isinstance(cell, int) else integer(cell)


def timestamp(cell: Value) -> float | None:
    """The cell as seconds since 1970 UTC, as `message_codec.timestamp` reads it."""
    if cell is None or (isinstance(cell, float) and message_codec.EARLIEST <= cell < message_codec.LATEST):
        return cell
    return message_codec.timestamp(text(cell) if isinstance(cell, bytes) else cell)
