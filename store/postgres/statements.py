"""Statements of one transaction: each waits for the next one whose rows are needed, and goes with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .connection import Connection
from .prepared import Statement
from .reader import Params, Row, sendable

MOST_SENT = 4_000_000
"""Characters after which statements are sent, since the server takes a gigabyte at once."""


class Statements:
    """What a transaction sends over a connection.

    Args:
        begin: What begins it.
    """

    def __init__(self, connection: Connection, begin: Statement) -> None:
        self._connection = connection
        self._waiting = [begin]
        self.answered = False
        """True once the server answered: before that nothing of it can be stored."""

    def begin(self) -> None:
        """Send what waits, and find out whether a process of the server is this connection's own."""
        [[(process,)]] = self.answers([("SELECT pg_catalog.pg_backend_pid()", ())])
        self._connection.prepared.is_direct = process == self._connection.info.backend_pid

    def commit(self) -> None:
        """Commit, with what waits, but never with the first statement: a lost connection is noticed by that."""
        if not self.answered:
            self.begin()
        self.run("COMMIT", ())
        self.answers([])

    def run(self, sql: str, params: Params) -> None:
        """Let a statement wait for the next one whose rows are needed."""
        self._waiting.append((sql, params))

    def rows(self, sql: str, params: Params) -> list[Row]:
        """The rows of a statement that returns some."""
        return self.answers([(sql, params)])[0]

    def answers(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """The rows of each of some statements that return rows, sent with those that wait."""
        found: list[list[Row]] = []
        sent, self._waiting = [*self._waiting, *statements], []
        for batch in _batches(sent):
            params = [sendable(value) for _, bound in batch for value in bound]
            found += self._connection.answers(self._connection.prepared.written(batch), params)
            self.answered = True
        return found[len(found) - len(statements) :]


def _batches(statements: Iterable[Statement]) -> Iterator[list[Statement]]:
    """Statements that are sent at once: a large one with those before it, so that no lock is held while it travels."""
    batch: list[Statement] = []
    length = 0
    for statement in statements:
        batch.append(statement)
        length += sum(len(value) for value in statement[1] if isinstance(value, str))
        if length > MOST_SENT:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch
