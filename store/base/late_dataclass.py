"""Frozen, slotted dataclasses whose methods are made at the first instance.

`dataclasses` compiles seven functions a class, which is a third of the time that a verb takes to start; most classes of
a start are never used in it. Type checkers see the decorator of the standard library.
"""

from __future__ import annotations

import dataclasses
from copy import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool):
        """The decorator, for `frozen=True, slots=True` alone; neither base nor subclass is a dataclass."""
        if not (frozen and slots):
            raise TypeError("a dataclass whose methods are made late is frozen and slotted")
        return _late


__all__ = ["dataclass"]

_METHODS = ("__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__init__")
"""The last one ends the making: whoever has an instance has the others."""


def _late(cls: type) -> type:
    """A class with the fields and slots of a dataclass, and an `__init__` that makes the methods."""
    own = frozenset(vars(cls))
    late: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)

    def _make(self: object, *args: object, **kwargs: object) -> None:
        _complete(late, own)
        late.__init__(self, *args, **kwargs)  # type: ignore[misc]

    def _getstate(self: object) -> list[object]:
        return [getattr(self, field.name) for field in dataclasses.fields(late)]

    def _setstate(self: object, state: list[object]) -> None:
        _complete(late, own)
        for field, value in zip(dataclasses.fields(late), state, strict=True):
            object.__setattr__(self, field.name, value)

    for name, method in (("__init__", _make), ("__getstate__", _getstate), ("__setstate__", _setstate)):
        setattr(late, name, method)
    return late


def _complete(late: type, own: frozenset[str]) -> None:
    """Give a class the methods of an equal dataclass but those of its `own`; twice in two threads is the same."""
    fields = [(field.name, field.type, copy(field)) for field in dataclasses.fields(late)]
    after = {"__post_init__": late.__post_init__} if hasattr(late, "__post_init__") else {}
    made = dataclasses.make_dataclass(late.__name__, fields, namespace=after, frozen=True)
    for name in _METHODS:
        if name not in own:
            setattr(late, name, vars(made)[name])
