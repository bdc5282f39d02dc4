"""Values as JSON lines: written by what they are, read by the types that the verbs of `Browser` declare."""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import GenericAlias, NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..base import models, strict_json
from ..browse import protocol, reading
from ..query import ast

VERSION = 1
"""Of the protocol; both sides must have the same."""
MAX_BYTES = 16 << 20
"""Bytes of a line."""
MOST = 1 << 64
"""Above every row id and inode."""
TIMES = -62e9, 253e9
"""Seconds since 1970 of the years that a calendar has; other fractions do not cross."""
VERBS = frozenset(
    {
        "sessions",
        "recent",
        "session",
        "file_sessions",
        "outlines",
        "scope",
        "chain",
        "family",
        "named",
        "resolve",
        "reading",
        "pieces",
        "session_record",
        "records",
        "versions",
        "carried",
        "heads",
        "messages",
        "containing",
        "context",
        "file_messages",
        "snapshot_messages",
        "spooled",
        "waiting",
        "search",
        "rank",
        "oldest",
        "count",
        "meant",
        "glance",
        "survey",
        "verify",
        "facts",
        "all_facts",
        "drift",
        "check",
        "checks",
        "census",
        "where",
        "problems",
        "health",
    }
)
"""Verbs of `Browser` that cross the wire: they read, and neither repairs nor paths are in what they return."""
_NAMES = vars(models) | vars(reading) | vars(ast) | {"RowDict": dict[str, Any], "Query": ast.Query}
_BYTES = "$bytes"
_LISTS: dict[Any, Callable[[list[Any]], object]] = {
    tuple: tuple,
    frozenset: frozenset,
    list: list,
    Sequence: list,
    Iterable: list,
}


class WrongForm(ValueError):
    """A value that has another form than its type."""


def line(value: object) -> bytes:
    """One line of a message."""
    return strict_json.canonical(value).encode("ascii") + b"\n"


def encoded(value: object) -> object:
    """A value as JSON has it: dataclasses and mappings as objects, sets and tuples as lists."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encoded(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encoded(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [encoded(item) for item in value]
    raise WrongForm(type(value).__name__)


def decoded(value: object, hint: Any) -> Any:
    """The value of a declared type.

    Raises:
        WrongForm: It has another form.
    """
    if hint is Any or hint is object:
        return _plain(value)
    kind, args = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return _first_of(value, args)
    if kind in (NoneType, None, bool, str, int, float):
        return _scalar(value, kind)
    if is_dataclass(kind):
        return _instance(value, kind, args)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(value, kind)
    return _container(value, kind, args)


def _container(value: object, kind: Any, args: tuple[Any, ...]) -> object:
    if kind in (dict, Mapping) and isinstance(value, dict):
        return {key: decoded(item, args[1]) for key, item in value.items()}
    made = _LISTS.get(kind)
    if made is None or not isinstance(value, list):
        raise WrongForm(str(kind))
    if kind is tuple and args[-1:] != (...,):
        if len(value) != len(args):
            raise WrongForm(str(kind))
        return tuple(map(decoded, value, args))
    return made([decoded(item, args[0]) for item in value])


def _scalar(value: object, hint: Any) -> object:
    if hint is float and type(value) is int and abs(value) < MOST:
        value = float(value)
    if type(value) is not (NoneType if hint is None else hint):
        raise WrongForm(str(hint))
    first, last = TIMES if hint is float else (-MOST, MOST)
    if isinstance(value, int | float) and not first < value < last:
        raise WrongForm("a number out of range")
    return value


def _first_of(value: object, hints: tuple[Any, ...]) -> object:
    for hint in hints:
        try:
            return decoded(value, hint)
        except WrongForm:
            continue
    raise WrongForm("union")


def _member(value: object, kind: type[Enum]) -> Enum:
    try:
        return kind(value)
    except ValueError:
        raise WrongForm(kind.__name__) from None


def _instance(value: object, kind: Any, args: tuple[Any, ...]) -> object:
    """Unknown fields of a later version are left out, missing ones have their defaults."""
    if not isinstance(value, dict):
        raise WrongForm(kind.__name__)
    hints = _hints(kind)
    try:
        return kind(**{name: decoded(value[name], _bound(hint, args)) for name, hint in hints.items() if name in value})
    except TypeError:
        raise WrongForm(kind.__name__) from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, globalns=vars(sys.modules[kind.__module__]) | _NAMES)


def _bound(hint: Any, args: tuple[Any, ...]) -> Any:
    """A field's type with the argument of `Page[…]` in place of its variable."""
    inner = get_args(hint)
    is_open = args and any(isinstance(part, TypeVar) for part in inner)
    return GenericAlias(tuple, (args[0], ...)) if is_open else hint


def _plain(value: object) -> object:
    """A value without a declared type, with the bytes in it."""
    if isinstance(value, dict):
        if set(value) == {_BYTES}:
            try:
                return base64.b64decode(str(value[_BYTES]), validate=True)
            except binascii.Error:  # somebody's own mapping with that key
                return value
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@cache
def verb_hints(name: str) -> dict[str, Any]:
    """Types of the arguments and of the answer of a verb; of one that yields, of its items."""
    return get_type_hints(getattr(protocol.Browser, name), globalns=vars(protocol) | _NAMES | _UNSENT)


def yields(name: str) -> bool:
    """True for a verb that answers item by item."""
    return get_origin(verb_hints(name)["return"]) is Iterator


_UNSENT = {"Cancel": object, "Finding": models.Finding}
