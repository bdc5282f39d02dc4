"""Statements that come again and again over one connection, prepared on the server: to plan one takes longer than to
append by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from psycopg import errors as pg

Statement = tuple[str, Sequence[object]]
"""SQL with `%s` for each parameter, and the parameters."""

FORGOTTEN = (pg.InvalidSqlStatementName, pg.DuplicatePreparedStatement)
"""Errors of a connection whose server does not know what was prepared; nothing of the transaction is stored then."""
CHANGED = pg.FeatureNotSupported
"""Error of a statement, among others, whose table has other types than when it was prepared."""
MOST = 64
"""Statements of a connection that are remembered."""
MOST_FORGOTTEN = 3
_KINDS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")


class Prepared:
    """What one connection has prepared: from the second time on, and nothing behind a pooler, where another process of
    the server may answer the next transaction.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        """Statement -> its name on the server, "" where it came once."""
        self._forgotten = 0
        self.is_direct = False
        """The process of the server that answers is the one that took the connection."""

    @property
    def any(self) -> bool:
        """True where something is prepared."""
        return any(self._names.values())

    def forget(self) -> None:
        """Prepare again under other names; after some times nothing any more."""
        self._names.clear()
        self._forgotten += 1

    def written(self, batch: Iterable[Statement]) -> str:
        """The text of a batch, without its parameters."""
        return "; ".join(part for sql, _ in batch for part in self._parts(sql))

    def _parts(self, sql: str) -> Iterator[str]:
        name = self._names.get(sql)
        if name or self._is_prepared_now(sql, name):
            marks = ", ".join(["%s"] * sql.count("%s"))
            if not name:
                name = self._names[sql] = self._name(sql)
                yield f"PREPARE {name} AS {_numbered(sql)}"
            yield f"EXECUTE {name}({marks})" if marks else f"EXECUTE {name}"
        else:
            yield sql

    def _is_prepared_now(self, sql: str, name: str | None) -> bool:
        if not self.is_direct or self._forgotten > MOST_FORGOTTEN:
            return False
        if name is None and len(self._names) < MOST and sql.startswith(_KINDS):
            self._names[sql] = ""
        return name is not None

    def _name(self, sql: str) -> str:
        return f"hermes_tui_{hashlib.blake2b(sql.encode(), digest_size=8).hexdigest()}_{self._forgotten}"


def _numbered(sql: str) -> str:
    """A statement with numbered parameters."""
    first, *rest = sql.split("%s")
    numbers = count(1)
    return first + "".join(f"${next(numbers)}{part}" for part in rest)
