"""Writes into a schema of ours: one transaction, a lock for each session that it names (docs/postgres.md §14)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from ..base.errors import ColumnMissing, KeyReused, ReadOnly, SessionMissing
from ..base.strict_json import load_or
from ..engine.operations import RepairStep, StepResult, UndoStep
from ..engine.ports import Values
from ..engine.rows import SessionStamp
from ..formats import message_codec
from ..formats.row_encoding import MessageRow, storable
from . import cells, column_sql, messages, terms
from .changes import REVISIONS
from .create import SHARDS
from .prepared import Statement
from .reader import Row
from .schema_probe import Layout
from .statements import Statements

_FILLED = (
    *("model", "model_config", "system_prompt", "session_key", "chat_id", "chat_type", "thread_id"),
    *("parent_session_id", "cwd", "profile_name"),
)
"""Columns that a later create fills in where they are NULL."""
_COUNTED = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    "api_call_count",
)
_COSTS = ("estimated_cost_usd", "actual_cost_usd")
_OVERWRITTEN = ("cost_status", "cost_source", "pricing_version")
_ROUTE = ("model", "billing_provider", "billing_base_url", "billing_mode")
_IDENTITY = ("role", "content", "tool_calls", "tool_call_id")


class Transaction:
    """Implements `engine.ports.Transaction`."""

    def __init__(self, statements: Statements, layout: Layout) -> None:
        self._run, self._rows, self._answers = statements.run, statements.rows, statements.answers
        self._layout = layout
        self._locked: set[str] = set()

    def create_session(self, session_id: str, values: Values, /) -> None:
        """Insert a row; of an existing one only what is empty is filled in."""
        self._lock(session_id)
        row = _present(self._layout, "sessions", {"id": storable(session_id), **values})
        parent = row.get("parent_session_id")
        if parent is not None and not self._rows(f"SELECT 1 FROM {self._sessions} WHERE id = %s", (parent,)):
            raise SessionMissing(f"there is no session {parent!r} to be a parent; create it first")
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(["%s"] * len(row))
        made = self._rows(
            f"INSERT INTO {self._sessions} ({names}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING RETURNING 1",
            tuple(row.values()),
        )
        filled = {name: row[name] for name in _FILLED if name in row}
        if made or not filled:
            return
        sets = ", ".join(f"{name} = COALESCE({name}, %s)" for name in filled)
        self._run(f"UPDATE {self._sessions} SET {sets} WHERE id = %s", (*filled.values(), session_id))

    def end_session(self, session_id: str, reason: str, now: float, /) -> None:
        """Mark as ended; the first reason wins."""
        self._lock(session_id)
        sql = f"UPDATE {self._sessions} SET ended_at = %s, end_reason = %s WHERE id = %s AND ended_at IS NULL"
        self._run(sql, (now, reason, session_id))

    def reopen_session(self, session_id: str, /) -> None:
        """Clear the end."""
        self._lock(session_id)
        self._run(f"UPDATE {self._sessions} SET ended_at = NULL, end_reason = NULL WHERE id = %s", (session_id,))

    def set_prompt(self, session_id: str, prompt: str, /) -> None:
        """Store the system prompt."""
        self._lock(session_id)
        sql = f"UPDATE {self._sessions} SET system_prompt = %s, system_prompt_hash = NULL WHERE id = %s"
        self._run(sql, (prompt, session_id))

    def add_tokens(self, session_id: str, values: Values, now: float, /, *, absolute: bool = False) -> None:
        """Add to counters and costs, or set them; what is added is counted for its model, too."""
        self._lock(session_id)
        given = _present(self._layout, "sessions", {name: value or None for name, value in values.items()})
        used = any(given.get(name) for name in (*_COUNTED, *_COSTS))
        if used and given.get("model") and given.get("billing_provider"):
            sets = ", ".join(f"{name} = %s" for name in _ROUTE)
            self._run(
                f"UPDATE {self._sessions} SET {sets} WHERE id = %s AND COALESCE(api_call_count, 0) = 0",
                (*(given.get(name) for name in _ROUTE), session_id),
            )
        counted: dict[str, object] = {"estimated_cost_usd": 0} if not absolute else {}
        for name in (*_COUNTED, *_COSTS):
            if name in given:
                counted[name] = given[name]
            elif absolute and name != "actual_cost_usd":
                counted[name] = 0
        before = "" if absolute else "COALESCE({0}, 0) + "
        sets_of = {f"{name} = {before.format(name)}%s": value for name, value in counted.items()}
        sets_of |= {f"{name} = %s": given[name] for name in _OVERWRITTEN if name in given}
        sets_of |= {f"{name} = COALESCE({name}, %s)": given[name] for name in _ROUTE if name in given and used}
        self._run(f"UPDATE {self._sessions} SET {', '.join(sets_of)} WHERE id = %s", (*sets_of.values(), session_id))
        if not absolute and any(given.get(name) for name in (*_COUNTED, "estimated_cost_usd")):
            self._share(session_id, given, now)

    def _share(self, session_id: str, given: Mapping[str, object], now: float) -> None:
        """Add to what the session used of this model."""
        usage = self._layout.table("session_model_usage")
        names = (*_COUNTED, *_COSTS)
        known = ", ".join(
            f"COALESCE(%s, NULLIF({name}, ''), '{'unknown' if name == 'model' else ''}')" for name in _ROUTE
        )
        added = ", ".join(f"{name} = used.{name} + excluded.{name}" for name in names)
        self._run(
            f"INSERT INTO {usage} AS used (session_id, {', '.join((*_ROUTE, *names))}, cost_status, cost_source,"
            f" first_seen, last_seen) SELECT id, {known}, {', '.join(['%s'] * (len(names) + 4))}"
            f" FROM {self._sessions} WHERE id = %s ON CONFLICT (session_id, {', '.join(_ROUTE)}, task) DO UPDATE"
            f" SET {added}, cost_status = COALESCE(excluded.cost_status, used.cost_status),"
            " cost_source = COALESCE(excluded.cost_source, used.cost_source), last_seen = excluded.last_seen",
            (
                *(given.get(name) for name in _ROUTE),
                *(given.get(name) or 0 for name in names),
                *(given.get(name) for name in ("cost_status", "cost_source")),
                *(now, now, session_id),
            ),
        )

    def delete_session(self, session_id: str, /, *, delegates: bool, ended_only: bool = False) -> Sequence[str]:
        """Delete a session with its messages; the ids of all that were deleted."""
        self._lock(session_id)
        ended = " AND ended_at IS NOT NULL" if ended_only else ""
        if not self._rows(f"SELECT 1 FROM {self._sessions} WHERE id = %s{ended}", (session_id,)):
            return []
        gone = [session_id]
        for parent in gone if delegates else ():
            rows = self._rows(
                f"SELECT id, model_config FROM {self._sessions} WHERE parent_session_id = %s ORDER BY id", (parent,)
            )
            gone += [str(row[0]) for row in rows if _delegate_of(row[1]) == parent and row[0] not in gone]
        self._run(f"UPDATE {self._sessions} SET parent_session_id = NULL WHERE parent_session_id = ANY(%s)", (gone,))
        for table, key in (
            *(("messages", "session_id"), ("hermes_tui_appends", "session_id"), ("session_model_usage", "session_id")),
            ("sessions", "id"),
        ):
            self._run(f"DELETE FROM {self._layout.table(table)} WHERE {key} = ANY(%s)", (gone,))
        return gone

    def assign_title(self, session_id: str | None, title: str | None, /) -> bool:
        """Name a session; False where there is none. A title of an older section of its chain moves to it.

        Raises:
            ValueError: Another session has it.
        """
        self._lock(session_id or "")
        if title is not None:
            sql = f"SELECT id FROM {self._sessions} WHERE title = %s AND id <> %s AND hermes_tui_gone_at IS NULL"
            for (holder,) in self._rows(sql, (title, session_id)):
                if holder not in self._older_sections(session_id):
                    raise ValueError(f"Title '{title}' is already in use by session {holder}")
                self._run(f"UPDATE {self._sessions} SET title = NULL WHERE id = %s", (holder,))
        sql = f"UPDATE {self._sessions} SET title = %s WHERE id = %s RETURNING 1"
        return bool(self._rows(sql, (title, session_id)))

    def _older_sections(self, session_id: str | None) -> list[str]:
        return [
            str(row[0])
            for row in self._rows(
                f"WITH RECURSIVE older(id) AS (SELECT %s::text UNION SELECT parent.id FROM older"
                f" JOIN {self._sessions} AS child ON child.id = older.id JOIN {self._sessions} AS parent"
                " ON parent.id = child.parent_session_id AND parent.end_reason = 'compression') SELECT id FROM older",
                (session_id,),
            )
        ]

    def append(self, session_id: str, rows: Sequence[MessageRow], /) -> list[int]:
        """Append messages; their ids."""
        return self._appended(session_id, rows, self._appending(session_id, rows))

    def _appended(self, session_id: str, rows: Sequence[MessageRow], statements: Sequence[Statement]) -> list[int]:
        self._lock(session_id)
        counted, *said = self._answers(statements)
        if rows and not counted:
            raise _missing(session_id)
        return _ids(said)

    def _appending(self, session_id: str, rows: Sequence[MessageRow], unless: Statement = ("", ())) -> list[Statement]:
        """The statements that count messages and insert them.

        Args:
            unless: A query; where it has a row they do nothing.
        """
        condition, bound = unless
        absent = condition and f" AND NOT EXISTS ({condition})"
        count = (
            f"UPDATE {self._sessions} SET message_count = COALESCE(message_count, 0) + %s,"
            f" tool_call_count = COALESCE(tool_call_count, 0) + %s WHERE id = %s{absent} RETURNING 1"
        )
        statements: list[Statement] = [(count, (len(rows), sum(row.calls for row in rows), session_id, *bound))]
        for row in rows:
            values = insertable(_present(self._layout, "messages", row.values))
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join(map(_mark, values))
            sql = (
                f"INSERT INTO {self._messages} (session_id, {names}) SELECT %s, {marks} WHERE true{absent} RETURNING id"
            )
            statements.append((sql, (session_id, *values.values(), *bound)))
        return statements

    def append_once(self, session_id: str, rows: Sequence[MessageRow], /, *, key: str, now: float) -> list[int]:
        """The same once for each key.

        Raises:
            KeyReused: Other messages were appended with it.
        """
        self._lock(session_id)
        table = self._layout.table("hermes_tui_appends")
        digest, place = _digest(rows), (session_id, key)
        of_key = f"FROM {table} WHERE session_id = %s AND key = %s"
        appending = self._appending(session_id, rows, (f"SELECT 1 {of_key}", place))
        known, counted, *said = self._answers([(f"SELECT ids, digest {of_key}", place), *appending])
        for ids, stored in known:
            if stored != digest:
                raise KeyReused(
                    f"the key {key!r} of session {session_id} was used for other messages, and nothing was written;"
                    " give every turn a key of its own"
                )
            return [cells.integer(row_id) for row_id in ids] if isinstance(ids, list) else []
        if rows and not counted:
            raise _missing(session_id)
        added = _ids(said)
        self._run(f"INSERT INTO {table} VALUES (%s, %s, %s::bigint[], %s, %s)", (*place, added, digest, now))
        return added

    def append_after(
        self, session_id: str, expected: SessionStamp, rows: Sequence[MessageRow], /
    ) -> SessionStamp | None:
        """The same unless others wrote since `expected`: the new stamp, None where nothing was written."""
        appending = self._appending(session_id, rows)
        self._lock(session_id)
        statement = messages.stamp_statement(self._layout)
        if self._rows(statement, (session_id,))[0] != expected:
            return None
        self._appended(session_id, rows, appending)
        return self._rows(statement, (session_id,))[0]

    def replace(self, session_id: str, rows: Sequence[MessageRow], /, *, active_only: bool = False) -> None:
        """Replace all messages of a session, or the active ones; its counters then count the new rows alone."""
        self._delete(session_id, f" AND {column_sql.active(self._layout)}" if active_only else "")
        self.append(session_id, rows)

    def clear(self, session_id: str, /) -> None:
        """Delete a session's messages."""
        self._delete(session_id, "")

    def _delete(self, session_id: str, condition: str) -> None:
        self._lock(session_id)
        self._run(f"DELETE FROM {self._messages} AS messages WHERE session_id = %s{condition}", (session_id,))
        self._run(f"UPDATE {self._sessions} SET message_count = 0, tool_call_count = 0 WHERE id = %s", (session_id,))

    def apply_step(self, step: RepairStep, /) -> StepResult:
        """None: see `Capabilities.repairs`."""
        _refuse(step)

    def undo_step(self, step: UndoStep, /) -> tuple[int, int]:
        """None: see `Capabilities.repairs`."""
        _refuse(step)

    @property
    def _sessions(self) -> str:
        return self._layout.sessions

    @property
    def _messages(self) -> str:
        return self._layout.messages

    def _lock(self, session_id: str) -> None:
        """Hold the session until the end of the transaction, and count its commit."""
        if session_id in self._locked:
            return
        self._locked.add(session_id)
        shard = zlib.crc32(session_id.encode(errors="replace")) % SHARDS
        self._run(
            "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%s, 0))",
            (lock_name(self._layout.schema, session_id),),
        )
        self._run(f"UPDATE {self._layout.table(REVISIONS)} SET revision = revision + 1 WHERE shard = %s", (shard,))


def lock_name(schema: str, session_id: str) -> str:
    """What a writer of a session locks."""
    return f"{schema}:{session_id}"


def _ids(inserted: Iterable[Sequence[Row]]) -> list[int]:
    return [cells.integer(row[0]) for rows in inserted for row in rows]


def _missing(session_id: str) -> SessionMissing:
    return SessionMissing(f"there is no session {session_id} to write to; create it first")


def insertable(values: Mapping[str, object]) -> dict[str, object]:
    """Columns of a message with its content in PostgreSQL's form, and the words by which it is found."""
    content = cells.text(values.get("content"))
    words = terms.stored_terms(terms.text_of(values))
    found = dict(values)
    if content is not None:
        found["content"] = cells.stored_content(content)
    return {**found, "hermes_tui_terms": words, "hermes_tui_long": True if words is None else None}


def _mark(name: str) -> str:
    return "pg_catalog.array_to_tsvector(%s::text[])" if name == "hermes_tui_terms" else "%s"


def _present(layout: Layout, table: str, values: Mapping[str, object]) -> dict[str, object]:
    """The values that have columns, without NULLs.

    Raises:
        ColumnMissing: A non-empty value has no column.
    """
    for name, value in values.items():
        if value not in (None, "") and not layout.has(table, name):
            raise ColumnMissing(name)
    return {name: value for name, value in values.items() if value is not None and layout.has(table, name)}


def _digest(rows: Sequence[MessageRow]) -> str:
    """Digest of the messages' identities; a retry may have other times."""
    identities = (message_codec.identity(*(row.values.get(name) for name in _IDENTITY)) for row in rows)
    return hashlib.blake2b(b"".join(identities), digest_size=16).hexdigest()


def _delegate_of(config: object) -> object:
    found = load_or(cells.text(config) or "", None)
    return found.get("_delegate_from") if isinstance(found, dict) else None


def _refuse(_: object) -> NoReturn:
    raise ReadOnly("a schema of PostgreSQL is not repaired: no message can be inserted between others there")
