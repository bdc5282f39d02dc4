"""Verbs of the engine's parts: statements that run on a reader's connection or on that of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

import apsw

if TYPE_CHECKING:
    from .base.schema_probe import Layout
    from .connect.reader import Reader

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Runs(Protocol):
    """Whatever runs statements: a part that reads, or a transaction."""

    def run(self, statement: Callable[[apsw.Connection, Layout], T]) -> T:
        """The result of a statement, by the layout of its file."""


def statement(verb: Callable[Concatenate[apsw.Connection, Layout, P], R]) -> Callable[Concatenate[Runs, P], R]:
    """A verb that runs a statement."""

    @wraps(verb)
    def _call(whole: Runs, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return whole.run(lambda connection, layout: verb(connection, layout, *args, **kwargs))

    return _call


class Reads:
    """Statements that read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def run(self, statement: Callable[[apsw.Connection, Layout], T]) -> T:
        """The result of a statement, in one read transaction."""
        return self.reader.read(statement)


def reader_of(reads: Reads) -> Reader:
    """The reader of a part."""
    return reads.reader
