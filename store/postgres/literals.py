"""Parameters written into the text of a batch, as SQL: in a third of the time that a cursor of psycopg's takes, which
is more than the server takes for some batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psycopg import errors as pg

MOST = 1_000_000_000
"""Bytes of a batch; the server ends the connection of one that is longer by a tenth."""


def bound(batch: str, params: Sequence[object], other: Callable[[object], str]) -> bytes:
    """A batch with its parameters in the places of `%s`.

    Args:
        other: Writes a value that is neither text, a whole number, NULL nor a list of texts.

    Raises:
        psycopg.DataError: A text has a NUL, at which libpq would cut the batch off.
        ValueError: It is larger than a server takes.
    """
    written = (batch % tuple(_literal(value, other) for value in params)).encode()
    if b"\x00" in written:
        raise pg.DataError("a text of PostgreSQL has no NUL")
    if len(written) > MOST:
        raise ValueError(f"a message takes {len(written)} bytes on its way to the server, which takes {MOST} at most")
    return written


def _literal(value: object, other: Callable[[object], str]) -> str:
    kind = type(value)
    if kind is str:
        return _quoted(value)  # type: ignore[arg-type]
    if value is None:
        return "NULL"
    if kind is int:
        return f" {value}"  # two signs in a row would begin a comment
    if kind is list and all(type(item) is str for item in value):  # type: ignore[attr-defined]
        return _quoted("{" + ",".join(map(_item, value)) + "}")  # type: ignore[call-overload]
    return other(value)


def _quoted(text: str) -> str:
    """A text whose backslashes mean themselves, whatever `standard_conforming_strings` is."""
    quoted = text.replace("'", "''")
    return " E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in quoted else f"'{quoted}'"


def _item(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
