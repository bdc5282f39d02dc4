"""Verbs of a part as verbs of the whole, one line each, with the part's signature, docstring and types."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Part = TypeVar("Part")
Whole = TypeVar("Whole")


def delegate(
    part: Callable[[Whole], Part], verb: Callable[Concatenate[Part, P], R]
) -> Callable[Concatenate[Whole, P], R]:
    """A method that calls `verb` on the part that `part` returns.

    Args:
        part: From the whole to its part.
        verb: A method of the part's class, unbound.
    """

    @wraps(verb)
    def _call(whole: Whole, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return verb(part(whole), *args, **kwargs)

    return _call
