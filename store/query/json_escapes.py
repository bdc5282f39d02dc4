r"""JSON escapes of text as Hermes stores it: ASCII, everything else as `\u5927` (docs/format.md §3.2, §3.3).

The indexes hold such cells as they are stored, so a word beyond ASCII occurs in them in two forms, and a word behind
the escape of a line end or a tab begins there with a letter of that escape: `\nquinces` is indexed as `nquinces`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Literal

from ..base.late_pattern import late_pattern
from ..base.strict_json import load_or

_ESCAPES = late_pattern(r"(?<!\\)(?:\\++u[0-9a-fA-F]{4})++")
_ESCAPE = late_pattern(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
"""A run of backslashes is read from its first one alone: any of them may begin it, and a text may be nothing else."""

_LONGEST = 200
"""Characters of a text of which both forms of Unicode are looked up."""
ESCAPE_LETTERS = "ntrbf"
"""Letters of the escapes of line ends, tabs and the like."""
_STRING = late_pattern(r'("arguments"\s*+:\s*+)?"((?:[^"\\]|\\.)*+)("?)', re.DOTALL)
"""A string of JSON, with the key of a call's arguments before it."""
_ONCE = late_pattern(rf"\\([{ESCAPE_LETTERS}])|\\.", re.DOTALL)
_TWICE = late_pattern(rf"\\\\(?:\\\\|([{ESCAPE_LETTERS}]))|\\([{ESCAPE_LETTERS}])|\\.", re.DOTALL)
"""Escapes in a string, and in a string that is JSON itself, whose backslashes are escaped."""


def escaped(text: str) -> str:
    r"""A text as escaped in such JSON: `é` as `\u00e9`; ASCII unchanged."""
    return json.dumps(text)[1:-1]


def escaped_forms(text: str) -> tuple[str, ...]:
    """A text as escaped in such JSON, in either form of Unicode; a long one in its composed form alone."""
    if text.isascii() and text.isalnum():
        return (text,)
    forms: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD") if len(text) <= _LONGEST else ("NFC",)
    return tuple(dict.fromkeys(escaped(unicodedata.normalize(form, text)) for form in forms))


def escaped_runs(text: str) -> tuple[str, ...]:
    """A text as escaped in such JSON, and in JSON that is a string of it, as arguments of a call are."""
    return tuple(dict.fromkeys((once := escaped(text), escaped(once))))


def searchable_text(text: str) -> str:
    """The text that a scan searches of a stored text: the text, then the same with its escapes decoded."""
    if "\\u" not in text:
        return text
    return f"{text} {_ESCAPES.sub(_unescaped, text)}"


def searchable_calls(cell: str) -> str:
    """The text that is searched of a cell of tool calls: as stored, with a tab or a line end for each escape of one.

    Arguments that are JSON in a string are unescaped as such. A cell that is cut or broken is read as far as it goes.
    """
    if cell.lstrip().startswith('"') and isinstance(inner := load_or(cell, None), str):  # encoded twice
        cell = inner
    return _STRING.sub(_without_controls, cell) if "\\" in cell else cell


def searchable_arguments(arguments: str) -> str:
    """The same of the arguments of one call."""
    return _ONCE.sub(_control, arguments) if _is_json(arguments) else arguments


def _without_controls(string: re.Match[str]) -> str:
    key, text, end = string.groups("")
    pattern = _TWICE if key and _is_json(text) else _ONCE
    return f'{key}"{pattern.sub(_control, text)}{end}'


def _control(escape: re.Match[str]) -> str:
    if not escape.lastindex:
        return escape[0]
    return "\t" if escape[escape.lastindex] == "t" else "\n"


def _is_json(text: str) -> bool:
    """True for a text that begins as an object, a list or a string of JSON, maybe of JSON in a string."""
    return text.lstrip().startswith(("{", "[", '"', '\\"'))


def _unescaped(escapes: re.Match[str]) -> str:
    """A run of escapes as text; surrogate pairs become one character, a lone surrogate U+FFFD."""
    units = b"".join(int(digits, 16).to_bytes(2, "big") for digits in _ESCAPE.findall(escapes[0]))
    return units.decode("utf-16-be", "replace")
