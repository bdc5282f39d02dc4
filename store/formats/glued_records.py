"""Whole JSON objects inside a damaged line: records glued behind a torn one, behind each other, or between lost bytes.

A tear may lie inside a string, so whether a byte is inside one is unknown.
But quotes alternate, so a line has only two readings: it begins outside of a string, or inside one.
Each is parsed by a pushdown automaton that starts again after an error, in time linear in the size of the line.
A whole record behind one that is torn where a value may follow (`{"tool_calls": [{"role": …`) seems to be nested in it,
so an object that ends right before an error is found as well. What is a record is decided by `jsonl`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..base.late_pattern import late_pattern

Span = tuple[int, int]
"""First byte of an object, and the byte behind its last."""

_BLANK = rb"[ \t\r\n]*+"
_OUTSIDE = late_pattern(
    rb'(?:[^"{\\]++|\\["\\]|\\|\{(?!' + _BLANK + rb'")|"(?:[^"\\]++|\\.)*+")*+',
    re.DOTALL,
)
"""Bytes outside of strings and whole strings, up to a brace that begins an object with a key."""
_INSIDE = late_pattern(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
"""The rest of a string."""
_TOKEN = late_pattern(
    _BLANK + rb'([{}\[\]:,]|"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrtu])*+"|-?[0-9][0-9.eE+-]*+|true|false|null)',
)

_FIRST_KEY, _KEY, _COLON, _MEMBER, _AFTER_MEMBER, _FIRST_ITEM, _ITEM, _AFTER_ITEM = range(8)
_OPENS = {ord("{"): _FIRST_KEY, ord("["): _FIRST_ITEM}
_CLOSES = frozenset(b"}]")
_OBJECT = ord("{")


def _values(after: int) -> dict[int, int]:
    """Transitions by the first byte of a value."""
    return dict.fromkeys(b'"-0123456789tfn', after) | _OPENS


_TRANSITIONS: tuple[dict[int, int], ...] = (
    {ord('"'): _COLON, ord("}"): -1},
    {ord('"'): _COLON},
    {ord(":"): _MEMBER},
    _values(_AFTER_MEMBER),
    {ord(","): _KEY, ord("}"): -1},
    _values(_AFTER_ITEM) | {ord("]"): -1},
    _values(_AFTER_ITEM),
    {ord(","): _ITEM, ord("]"): -1},
)
"""For each state, the next one by the first byte of a token; the end of a container leads back to the one around it."""


def spans(line: bytes) -> list[Span]:
    """Places of objects that may be records, by their first bytes; those of two readings may overlap."""
    inside = _INSIDE.match(line)
    return sorted([*_reading(line, 0), *(_reading(line, inside.end()) if inside else ())])


def _reading(line: bytes, at: int) -> Iterator[Span]:
    """Objects of one reading of a line, from a byte outside of strings."""
    while True:
        skipped = _OUTSIDE.match(line, at)
        at = skipped.end() if skipped else at
        if line[at : at + 1] != b"{":
            return
        at, found = _object(line, at)
        if found is not None:
            yield found


def _object(line: bytes, start: int) -> tuple[int, Span | None]:
    """Parse an object up to its end or an error.

    Returns:
        The byte from which the reading goes on; the object, or the one inside it that ends right before the error.
    """
    opened, state, at = [start], _FIRST_KEY, start + 1
    closed: Span | None = None
    while opened and (token := _TOKEN.match(line, at)):
        first = line[token.start(1)]
        after = _TRANSITIONS[state].get(first)
        if after is None:
            break
        at, state, closed = token.end(), after, None
        if first in _OPENS:
            opened.append(token.start(1))
        elif first in _CLOSES:
            begun = opened.pop()
            closed = (begun, at) if line[begun] == _OBJECT else None
            state = _AFTER_MEMBER if opened and line[opened[-1]] == _OBJECT else _AFTER_ITEM
    return at, closed
