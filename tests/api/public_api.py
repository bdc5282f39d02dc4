"""Text of the store's public API: each name of `store.__all__` with its signatures, fields or members.

`python -m tests.api.public_api --write` renews public_api.txt; whoever does so says in CHANGELOG.md what changed.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import store

KEPT = Path(__file__).with_name("public_api.txt")


def text() -> str:
    """The whole API, one line for each name, field, member and method."""
    return "".join(f"{line}\n" for name in store.__all__ for line in _lines(name, getattr(store, name)))


def _lines(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, type):
        yield f"def {name}{_signature(value)}" if callable(value) else f"{name}: {type(value).__name__}"
        return
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    yield f"class {name}({bases})" if bases else f"class {name}"
    if issubclass(value, enum.Enum):
        yield from (f"    {member.name} = {member.value!r}" for member in value)
        return
    if dataclasses.is_dataclass(value):
        yield from (f"    {field.name}: {field.type}{_default(field)}" for field in dataclasses.fields(value))
    elif "__init__" in _own(value) and not getattr(value, "_is_protocol", False):
        yield f"    def __init__{_signature(value.__init__)}"
    for member in sorted(_own(value)):
        if not member.startswith("_"):
            getattr(value, member, None)  # a verb whose module is imported when it is looked up
            yield from _member(member, inspect.getattr_static(value, member))


def _own(value: type) -> set[str]:
    """The names that a class and the project's classes above it define."""
    return {name for base in value.__mro__ if base.__module__.startswith("store") for name in vars(base)}


def _member(name: str, value: object) -> Iterator[str]:
    if isinstance(value, property):
        assert value.fget is not None
        yield f"    {name} -> {inspect.signature(value.fget).return_annotation}"
    elif isinstance(value, classmethod | staticmethod):
        yield f"    {type(value).__name__} {name}{_signature(value.__func__)}"
    elif inspect.isfunction(value):
        yield f"    def {name}{_signature(value)}"


class _Annotation(str):
    """An annotation that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(value: Callable[..., object]) -> inspect.Signature:
    found = inspect.signature(value)
    known = [each.replace(annotation=_plain(each.annotation)) for each in found.parameters.values()]
    return found.replace(parameters=known, return_annotation=_plain(found.return_annotation))


def _plain(annotation: object) -> object:
    return _Annotation(annotation) if isinstance(annotation, str) else annotation


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        return f" = {field.default!r}"
    return " = …" if field.default_factory is not dataclasses.MISSING else ""


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        KEPT.write_text(text())
    else:
        sys.stdout.write(text())
