"""Arguments of a call as stored: a JSON object, JSON in a text, broken or cut JSON, or any other text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache

from store.base.late_dataclass import dataclass, field

LONGEST_PARSED = 1 << 20
"""Characters that are read as JSON; of a longer text the beginning is read as if it were cut."""
CUT_AT = 1 << 17
"""Characters of such a text that are read."""

_FIELD = re.compile(r'\s*(?:[{,]\s*)?"((?:[^"\\]|\\.){1,200})"\s*:\s*')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_ESCAPES = re.compile(r'(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))+')
_CUT_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?\Z")
_SCALAR = re.compile(r"[^,{}\[\]\"\s]+")


class Form(Enum):
    """Form in which a text holds an object."""

    WHOLE = auto()
    CUT = auto()
    """JSON that ends too early or is broken; the fields before that are known."""
    TEXT = auto()
    """No object."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of an object, as far as they can be read."""

    form: Form
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, *names: str) -> str | None:
        """The first of some fields that is a text, None where none is."""
        return next((value for name in names if isinstance(value := self.values.get(name), str)), None)


@lru_cache(maxsize=16)
def read(text: str, *, whole: bool = False) -> Fields:
    """Read an object from a text, JSON that was encoded twice included.

    Args:
        whole: Read a text of any length; else `LONGEST_PARSED` characters at most.

    Returns:
        No fields where the text holds none.
    """
    start = text[:64].lstrip()
    if not start.startswith(("{", '"')):
        return Fields(Form.TEXT)
    if whole or len(text) <= LONGEST_PARSED:
        value = _loaded(text)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _loaded(value)
        if isinstance(value, dict):
            return Fields(Form.WHOLE, value)
    found = _cut(text[:CUT_AT]) if start.startswith("{") else {}
    return Fields(Form.CUT if found else Form.TEXT, found)


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _cut(text: str) -> dict[str, object]:
    """The fields of an object up to where its JSON breaks; the last one may lack its end."""
    values: dict[str, object] = {}
    place = 0
    while found := _FIELD.match(text, place):
        key, place = _unescaped(found[1]), found.end()
        if string := _STRING.match(text, place):
            values[key], place = _unescaped(string[1]), string.end()
            continue
        value, place = _decoded(text, place)
        values[key] = value
        if place < 0:
            break
    return values


def _decoded(text: str, place: int) -> tuple[object, int]:
    """A value that is no string, and the place behind it; the text up to the end, and -1, where it is broken."""
    try:
        return json.JSONDecoder().raw_decode(text, place)
    except (ValueError, RecursionError):
        scalar = _SCALAR.match(text, place)
        rest = scalar[0] if scalar else text[place:]
        return rest, scalar.end() if scalar else -1


def _unescaped(text: str) -> str:
    """The text of a JSON string; escapes that are cut at its end are left out, others that are none stay."""
    return _ESCAPES.sub(lambda found: str(json.loads(f'"{found[0]}"')), _CUT_ESCAPE.sub(r"\1", text))
