"""Statements of one transaction: each waits for the next one whose rows are needed, and goes with it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from .connection import MARGIN, Connection
from .prepared import Statement
from .reader import Params, Row, sendable

MOST_SENT = 4_000_000
"""Characters after which statements are sent, since the server takes a gigabyte at once."""


RESTED = 1.0
"""Seconds after which an idle connection may have been lost unnoticed, so that it is asked for a sign of life first."""


class Statements:
    """What a transaction sends over a connection; nothing before the first rows are needed.

    Args:
        begin: What begins it.
        patience: Seconds that each answer may take.
    """

    def __init__(self, connection: Connection, begin: Statement, patience: float) -> None:
        self._connection, self._patience = connection, patience
        self._waiting = [begin]
        self.answered = False
        """True once the server answered: before that nothing of it can be stored."""

    def _ask(self) -> None:
        """Ask a connection that is new or rested for a sign of life, and whose process of the server has it.

        Nothing is begun by that: to write a large text for the server may take longer than a transaction may be idle.
        """
        connection = self._connection
        if not connection.prepared.is_direct or time.monotonic() - connection.given_at > RESTED:
            connection.patience = MARGIN
            [[(process,)]] = self._sent([("SELECT pg_catalog.pg_backend_pid()", ())])
            connection.prepared.is_direct = process == connection.info.backend_pid
        connection.patience = self._patience

    def commit(self) -> None:
        """Commit, with what waits, but never with the first statement: a lost connection is noticed by that."""
        if not self.answered:
            self.answers([])
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
        if not self.answered:
            self._ask()
        sent, self._waiting = [*self._waiting, *statements], []
        found = self._sent(sent)
        return found[len(found) - len(statements) :]

    def _sent(self, statements: Iterable[Statement]) -> list[list[Row]]:
        found: list[list[Row]] = []
        for batch in _batches(statements):
            params = [sendable(value) for _, bound in batch for value in bound]
            found += self._connection.answers(self._connection.prepared.written(batch), params)
            self.answered = True
        return found


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
