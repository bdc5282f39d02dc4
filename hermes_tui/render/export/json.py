"""JSON: a session with every field of its row, and each message with every field of its columns or its line."""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONEncoder
from math import isfinite

from hermes_tui.render.export.model import MANIFEST, About, ExportOptions, Record, Totals, manifest


class JsonWriter:
    """Implements `RecordWriter`; everything is ASCII, a message stands on a line."""

    def __init__(self) -> None:
        self._between = "\n  "

    def head(self, about: About) -> str:
        """The session, its sections, what has to be known of it."""
        fields = {"session": dict(about.record) or {"id": about.id}, "sections": list(about.sections)}
        fields |= {"notes": list(about.notes)}
        lines = "".join(f'"{name}": {as_json(value)},\n ' for name, value in fields.items())
        return f'{{{lines}"messages": ['

    def seam(self, section_id: str, place: int, sections: int) -> str:  # noqa: ARG002  each message has its section
        """Nothing."""
        return ""

    def record(self, record: Record) -> str:
        """A message on a line."""
        return as_json(record)

    def put(self, text: str, *, is_active: bool) -> str:  # noqa: ARG002  its fields say which state it is in
        """The message behind a comma, unless it is the first."""
        between, self._between = self._between, ",\n  "
        return between + text

    def tail(self, about: About, totals: Totals, options: ExportOptions) -> Iterator[str]:
        """The manifest."""
        yield f'\n ],\n "{MANIFEST}": {as_json(manifest(about, totals, options))}}}\n'


def as_json(value: object) -> str:
    """ASCII JSON; bytes as hexadecimal digits, lone surrogates as escapes, numbers that JSON lacks as texts."""
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(_finite(value))


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


_ENCODER = JSONEncoder(default=_plain, allow_nan=False, check_circular=False)
