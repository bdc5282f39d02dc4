"""A store of ours given the tables of another era: fewer columns, more, another order, none of the constraints.

The columns of each number: docs/format.md §2.2, §2.3.
"""

from __future__ import annotations

from pathlib import Path

import apsw

_SESSIONS_1 = [
    *("id", "source", "user_id", "model", "model_config", "system_prompt", "parent_session_id"),
    *("started_at", "ended_at", "end_reason"),
    *("message_count", "tool_call_count", "input_tokens", "output_tokens"),
]
_MESSAGES_1 = [
    *("id", "session_id", "role", "content", "tool_call_id", "tool_calls", "tool_name"),
    *("timestamp", "token_count"),
]
_SESSIONS_4, _MESSAGES_6 = [*_SESSIONS_1, "title"], [*_MESSAGES_1, "finish_reason", "reasoning"]
_LATER = ["archived", "cwd", "rewind_count"]

ERAS: dict[str, tuple[list[str] | None, list[str] | None]] = {
    "v1": (_SESSIONS_1, _MESSAGES_1),
    "v4": (_SESSIONS_4, [*_MESSAGES_1, "finish_reason"]),
    "v6": (_SESSIONS_4, _MESSAGES_6),
    "v15": ([*_SESSIONS_4, *_LATER], [*_MESSAGES_6, "active", "observed"]),
    "v22": (None, None),
    "odd": (None, None),
}
"""Columns of both tables; None for all. “odd” turns their order round, drops every constraint and adds unknown ones."""


def turn_into(path: Path, era: str) -> None:
    """Give a store at rest the tables of an era; rows and ids stay, indexes of words go."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
    for kind in ("trigger", "table"):
        names = [str(name) for (name,) in connection.execute(_WORDS, (kind,))]
        for name in names:
            connection.execute(f'DROP {kind} IF EXISTS "{name}"')
    for table, kept in zip(("sessions", "messages"), ERAS[era], strict=True):
        _rebuild(connection, table, kept, odd=era == "odd")
    connection.execute("CREATE INDEX idx_messages_session ON messages(session_id, timestamp)")
    if era != "odd":
        connection.execute("CREATE INDEX idx_sessions_started ON sessions(started_at DESC)")
    connection.close()


_WORDS = (
    "SELECT name FROM sqlite_master WHERE type = ? AND name LIKE 'messages_fts%'"
    " AND name NOT LIKE '%fts\\_%\\_%' ESCAPE '\\'"
)


def _rebuild(connection: apsw.Connection, table: str, kept: list[str] | None, *, odd: bool) -> None:
    about = list(connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)))
    wanted = [(str(name), str(kind), bool(key)) for name, kind, key in about if kept is None or name in kept]
    wanted = wanted[::-1] if odd else wanted
    columns = ", ".join(f'"{name}" {kind}{" PRIMARY KEY" if key else ""}' for name, kind, key in wanted)
    columns += ", unknown_one BLOB, unknown_two" if odd else ""
    names = ", ".join(f'"{name}"' for name, _, _ in wanted)
    connection.execute(f"CREATE TABLE made_{table} ({columns})")
    connection.execute(f"INSERT INTO made_{table} ({names}) SELECT {names} FROM {table}")
    connection.execute(f"DROP TABLE {table}; ALTER TABLE made_{table} RENAME TO {table}")
