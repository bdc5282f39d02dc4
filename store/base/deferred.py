"""Values with fields that are made when one of them is asked for.

A search yields hundreds of hits and a screen paints twenty: their texts are decoded and marked when they are painted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from .late_dataclass import compiled

T = TypeVar("T", bound="Deferred")


class Deferred:
    """Base of slotted dataclasses of which some values are made by `deferring`: nobody sees a difference."""

    __slots__ = ("_rest",)
    """Makes the whole value; unset where there is one."""

    if not TYPE_CHECKING:  # else every name would be an attribute

        def __getattr__(self, name: str) -> Any:
            try:
                rest = object.__getattribute__(self, "_rest")
            except AttributeError:  # whole, maybe since another thread has asked
                return object.__getattribute__(self, name)
            whole = rest()
            for get, put in _slots(type(self)):
                put(self, get(whole))
            try:
                object.__delattr__(self, "_rest")  # and what it refers to
            except AttributeError:  # another thread was first
                pass
            return getattr(whole, name)


@cache
def _slots(kind: type[Deferred]) -> list[tuple[Callable[[object], object], Callable[[object, object], None]]]:
    """How each field of a class is read and set, past what a frozen one refuses."""
    found = [vars(kind)[name] for name in vars(kind)["__slots__"]]
    return [(slot.__get__, slot.__set__) for slot in found]


def deferring(kind: type[T], *names: str) -> Callable[..., T]:
    """A maker of values of which some fields are known: its arguments are what makes the whole, then these fields."""
    known: dict[str, Any] = {"_new": kind.__new__, "_kind": kind, "_put_rest": vars(Deferred)["_rest"].__set__}
    known |= {f"_put_{name}": vars(kind)[name].__set__ for name in names}
    puts = [f"_put_{name}(value, {name})" for name in ("rest", *names)]
    return compiled("_make", ["rest", *names], ["value = _new(_kind)", *puts, "return value"], known)
