"""Values of JSON as lines that people read: keys and values first, then all of these, or pretty JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from hermes_tui.render.block import OUTPUT_LINES, Block
from hermes_tui.render.highlight import highlighted
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.look import Look
from hermes_tui.render.safe import safe_line
from hermes_tui.render.tools.media import media_label
from store.base.late_dataclass import replace

DEEPEST = 40
"""Depth from which a value stands as JSON on one line."""
_LINKS = ("url", "link", "href")
_STATES = {"completed": "✓", "in_progress": "◐", "pending": "·", "cancelled": "✗"}


def fields_block(value: object, *, like: Span, indent: int = 2) -> Block:
    """A value with each key and each item on lines of its own.

    The whole of it is pretty JSON where `OUTPUT_LINES` show all of these lines, else all of them: in pretty JSON a text
    of many lines is one, and its words stand behind escapes.

    Args:
        like: How values look; keys are dim.
    """

    def rows(look: Look, limit: int | None) -> tuple[Sequence[Line], int]:
        readable = _rows_of(value, 0, look, like)
        shown = list(islice(readable, OUTPUT_LINES + 1 if limit is None else limit))
        if limit is not None:
            return shown, sum(1 for _ in readable)
        if len(shown) > OUTPUT_LINES:
            return [*shown, *readable], 0
        return highlighted("json", like)(_pretty(value).split("\n")), 0

    return Block(rows, indent, 2)


def _pretty(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:
        return str(value)


def _rows_of(value: object, depth: int, look: Look, like: Span) -> Iterator[Line]:
    """The rows of a value, indented by two cells a level."""
    if depth >= DEEPEST:
        yield _indented(depth, (replace(like, text=safe_line(_pretty(value).replace("\n", " "))),))
    elif isinstance(value, Mapping):
        yield from _object_rows(value, depth, look, like)
    elif isinstance(value, list):
        for item in value:
            yield from _item_rows(item, depth, look, like)
    else:
        yield from _text_rows(value, depth, look, like)


def _object_rows(value: Mapping[str, object], depth: int, look: Look, like: Span) -> Iterator[Line]:
    for key, inner in value.items():
        name = span(safe_line(key.replace("\n", " ")), Role.DIM)
        if isinstance(inner, (Mapping, list)) or (isinstance(inner, str) and "\n" in inner.strip("\n")):
            if inner:
                yield _indented(depth, (name,))
                yield from _rows_of(inner, depth + 1, look, like)
        elif inner not in (None, ""):
            yield _indented(depth, (name, blank(1), *_scalar(inner, key, look, like)))


def _item_rows(item: object, depth: int, look: Look, like: Span) -> Iterator[Line]:
    """An item of a list behind a bullet: a result of a search by its title and its link, a task by its state."""
    if isinstance(item, Mapping) and _is_listed(item):
        yield from _listed_rows(item, depth, look, like)
        return
    bullet = span(look.glyphs.words("•"), Role.DIM)
    for place, row in enumerate(_rows_of(item, 0, look, like)):
        yield _indented(depth, (bullet if place == 0 else blank(1), blank(1), *row))


def _is_listed(item: Mapping[str, object]) -> bool:
    titled = isinstance(item.get("title"), str)
    task = isinstance(item.get("content"), str) and item.get("status") in _STATES
    place = isinstance(item.get("path"), str) and isinstance(item.get("line"), int)
    return titled or task or place


def _listed_rows(item: Mapping[str, object], depth: int, look: Look, like: Span) -> Iterator[Line]:
    """One line for what an item is, then its link, then its other fields."""
    rest = dict(item)
    if isinstance(item.get("title"), str):
        front = span(look.glyphs.words("•") + " ", Role.DIM)
        yield _indented(depth, (front, span(safe_line(_flat(rest.pop("title"))), bold=True)))
        for name in _LINKS:
            if isinstance(address := rest.get(name), str) and address:
                del rest[name]
                yield _indented(depth + 1, (replace(like, text=safe_line(_flat(address)), underline=True),))
    elif "status" in item:
        mark = look.glyphs.words(
            {"✓": look.glyphs.ok, "✗": look.glyphs.failed, "◐": look.glyphs.running}.get(
                _STATES[str(rest.pop("status"))], look.glyphs.waiting
            )
        )
        yield _indented(depth, (span(mark + " ", Role.DIM), replace(like, text=safe_line(_flat(rest.pop("content"))))))
    else:
        place = f"{rest.pop('path')}:{rest.pop('line')}"
        found = _flat(rest.pop("content", ""))
        yield _indented(
            depth, (span(safe_line(_flat(place)), Role.DIM), blank(2), replace(like, text=safe_line(found)))
        )
    yield from _object_rows(rest, depth + 1, look, like)


def _text_rows(value: object, depth: int, look: Look, like: Span) -> Iterator[Line]:
    if isinstance(value, str) and (label := media_label(value, look.glyphs)):
        yield _indented(depth, (span(label, Role.DIM),))
        return
    for line in _scalar_text(value).strip("\n").split("\n"):
        yield _indented(depth, (replace(like, text=safe_line(line)),))


def _scalar(value: object, key: str, look: Look, like: Span) -> Line:
    if isinstance(value, str) and (label := media_label(value, look.glyphs)):
        return (span(label, Role.DIM),)
    shown = replace(like, text=safe_line(_scalar_text(value).strip("\n")))
    return (replace(shown, underline=key in _LINKS),)


def _scalar_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _flat(value: object) -> str:
    """A value on one line."""
    return re.sub(r"\s+", " ", str(value)).strip()


def _indented(depth: int, line: Line) -> Line:
    return (blank(2 * depth), *line) if depth else line
