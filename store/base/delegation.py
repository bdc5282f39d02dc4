"""Verbs of a part as verbs of the whole, one line each, with the part's signature, docstring and types."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Concatenate, ParamSpec, TypeVar

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

    if isinstance(verb, _LateVerb):
        return verb.of(part)  # type: ignore[no-any-return]

    @wraps(verb)
    def _call(whole: Whole, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return verb(part(whole), *args, **kwargs)

    return _call


class Late:
    """Stands for a part's class, or a module of verbs, that is imported with the first use of one of its verbs.

    Args:
        module: The module's full name.
        name: Of the class; None for the module itself.
    """

    def __init__(self, module: str, name: str | None = None) -> None:
        self._module, self._name = module, name

    def load(self) -> Any:
        """The class, or the module."""
        module = import_module(self._module)
        return module if self._name is None else getattr(module, self._name)

    def __call__(self, *args: object) -> Any:
        """An instance of the class."""
        return self.load()(*args)

    def __getattr__(self, verb: str) -> Any:
        """Stands for a method or a function, for `delegate` alone."""
        return _LateVerb(self, verb)


class _LateVerb:
    """A verb of a whole that becomes the one of `delegate` when it is first looked up."""

    def __init__(self, late: Late, verb: str) -> None:
        self._late, self._verb = late, verb

    def of(self, part: Callable[[Any], Any]) -> Any:
        """The same, on the part that `part` returns."""
        self._part = part
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, whole: object, owner: type) -> Any:
        made = delegate(self._part, getattr(self._late.load(), self._verb))
        setattr(self._owner, self._name, made)
        return made.__get__(whole, owner)

    def __call__(self, *_: object, **__: object) -> None:
        """Never called: it is looked up first."""
