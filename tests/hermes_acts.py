"""Acts of hermes-agent 0.19.0 on a session in state.db, each by its own statements (docs/format.md §3.7, §3.8).

Read from its source and written down again: the store's own code plays no part.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from store import SessionDB

START = 1_780_000_000.0
COLUMNS = ("role", "content", "tool_call_id", "tool_calls", "tool_name", "timestamp")

Dict = dict[str, Any]


class Hermes:
    """An agent with one session, which it resumes from the database before each act.

    Args:
        path: The state.db; created where it is missing.
        session_id: Its session; created too.
    """

    def __init__(self, path: Path, session_id: str = "s1") -> None:
        self.path, self.session_id = path, session_id
        self._clock = itertools.count(1)
        with_row = SessionDB(path)
        with_row.create_session(session_id, "cli")
        with_row.close()

    def append(self, *messages: Dict) -> list[int]:
        """A turn: one `append_message` for each message."""
        return [self._write(lambda db, one=message: self._append(db, one)) for message in messages]

    def turn(self, text: str) -> list[int]:
        """A question and its answer."""
        return self.append({"role": "user", "content": text}, {"role": "assistant", "content": f"answer to {text}"})

    def call(self, text: str) -> list[int]:
        """A question that the agent answers after a tool call."""
        name = f"call-{text.replace(' ', '-')}"
        call = {"id": name, "type": "function", "function": {"name": "terminal", "arguments": "{}"}}
        return self.append(
            {"role": "user", "content": text},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": f"output of {text}", "tool_call_id": name, "tool_name": "terminal"},
            {"role": "assistant", "content": f"answer to {text}"},
        )

    def active(self) -> list[Dict]:
        """The messages of `get_messages_as_conversation`, with their times."""

        def _read(db: apsw.Connection) -> list[Dict]:
            sql = f"SELECT {', '.join(COLUMNS)} FROM messages WHERE session_id = ? AND active = 1 ORDER BY id"
            return [dict(zip(COLUMNS, row, strict=True)) for row in db.execute(sql, (self.session_id,))]

        rows = self._write(_read)
        return [{**row, "tool_calls": json.loads(row["tool_calls"] or "null")} for row in rows]

    def rewind(self, message_id: int) -> None:
        """`rewind_to_message`: /undo."""

        def _do(db: apsw.Connection) -> None:
            db.execute(
                "UPDATE messages SET active = 0 WHERE session_id = ? AND id >= ? AND active = 1",
                (self.session_id, message_id),
            )
            db.execute("UPDATE sessions SET rewind_count = COALESCE(rewind_count, 0) + 1 WHERE id = ?", self._key)

        self._write(_do)

    def restore(self, message_id: int) -> None:
        """`restore_rewound`."""
        sql = "UPDATE messages SET active = 1 WHERE session_id = ? AND id >= ? AND active = 0"
        self._write(lambda db: db.execute(sql, (self.session_id, message_id)).fetchall())

    def replace(self, messages: Sequence[Dict], *, active_only: bool = False) -> None:
        """`replace_messages`: /retry, /undo and /compress of a gateway, and editing."""

        def _do(db: apsw.Connection) -> None:
            db.execute(
                f"DELETE FROM messages WHERE session_id = ?{' AND active = 1' if active_only else ''}", self._key
            )
            self._insert(db, messages)

        self._write(_do)

    def compact(self, first: int, last: int, *, timed: bool = True, superseded: bool = False) -> None:
        """`archive_and_compact` with copies of the first and the last messages around a summary.

        Args:
            timed: The agent had loaded the messages, so that they have times.
            superseded: The originals of the last ones are marked as later versions do with `tail_count`.
        """
        kept = [message if timed else {**message, "timestamp": None} for message in self.active()]
        summary = {"role": "user", "content": f"[CONTEXT COMPACTION] {next(self._clock)}"}
        tail = kept[max(first, len(kept) - last) :] if last else []

        def _do(db: apsw.Connection) -> None:
            if superseded:
                sql = "SELECT id FROM messages WHERE session_id = ? AND active = 1 ORDER BY id DESC LIMIT ?"
                ids = [row[0] for row in db.execute(sql, (self.session_id, len(tail)))]
                db.execute(
                    "UPDATE messages SET active = 0, compacted = 0 WHERE id IN (SELECT value FROM json_each(?))",
                    (json.dumps(ids),),
                )
            db.execute("UPDATE messages SET active = 0, compacted = 1 WHERE session_id = ? AND active = 1", self._key)
            self._insert(db, [*kept[:first], summary, *tail])

        self._write(_do)

    def clear(self) -> None:
        """`clear_messages`."""

        def _do(db: apsw.Connection) -> None:
            db.execute("DELETE FROM messages WHERE session_id = ?", self._key)
            self._count(db, 0, 0)

        self._write(_do)

    def delete(self) -> None:
        """`delete_session`, and `prune_sessions` for each session that it deletes."""

        def _do(db: apsw.Connection) -> None:
            db.execute("UPDATE sessions SET parent_session_id = NULL WHERE parent_session_id = ?", self._key)
            db.execute("DELETE FROM messages WHERE session_id = ?", self._key)
            db.execute("DELETE FROM sessions WHERE id = ?", self._key)

        self._write(_do)

    def split(self, session_id: str, last: int) -> None:
        """A compaction that rotates: the session ends, and a continuation has a summary and the last messages."""
        tail = self.active()[-last:] if last else []
        summary = {"role": "user", "content": f"[CONTEXT COMPACTION] {next(self._clock)}"}

        def _do(db: apsw.Connection) -> None:
            now = START + 3 * next(self._clock)
            db.execute(
                "UPDATE sessions SET ended_at = ?, end_reason = 'compression' WHERE id = ?", (now, self.session_id)
            )
            db.execute(
                "INSERT INTO sessions (id, source, parent_session_id, started_at) VALUES (?, 'cli', ?, ?)",
                (session_id, self.session_id, now),
            )
            self.session_id = session_id
            self._insert(db, [summary, *tail])

        self._write(_do)

    def counters(self) -> tuple[int, int]:
        """`message_count` and `tool_call_count` as Hermes' lists read them."""
        sql = "SELECT message_count, tool_call_count FROM sessions WHERE id = ?"
        found = self._write(lambda db: db.execute(sql, self._key).fetchall())
        return int(found[0][0]), int(found[0][1])

    def counted(self) -> tuple[int, int]:
        """What they mean: active messages without session_meta, and their calls."""
        rows = [row for row in self.active() if row["role"] != "session_meta"]
        return len(rows), sum(len(row["tool_calls"] or ()) for row in rows)

    @property
    def _key(self) -> tuple[str]:
        return (self.session_id,)

    def _write(self, work: Any) -> Any:
        connection = apsw.Connection(str(self.path))
        try:
            connection.set_busy_timeout(10_000)
            with connection:
                return work(connection)
        finally:
            connection.close()

    def _append(self, db: apsw.Connection, message: Dict) -> int:
        [row_id] = self._rows(db, [message])
        calls = len(message.get("tool_calls") or ())
        db.execute(
            "UPDATE sessions SET message_count = message_count + 1, tool_call_count = tool_call_count + ? WHERE id = ?",
            (calls, self.session_id),
        )
        return row_id

    def _insert(self, db: apsw.Connection, messages: Sequence[Dict]) -> None:
        self._rows(db, messages)
        self._count(db, len(messages), sum(len(message.get("tool_calls") or ()) for message in messages))

    def _count(self, db: apsw.Connection, messages: int, calls: int) -> None:
        sql = "UPDATE sessions SET message_count = ?, tool_call_count = ? WHERE id = ?"
        db.execute(sql, (messages, calls, self.session_id))

    def _rows(self, db: apsw.Connection, messages: Sequence[Dict]) -> list[int]:
        now, ids = START + 3 * next(self._clock), []
        for message in messages:
            given = message.get("timestamp")
            time = now if given is None else float(given)
            calls = json.dumps(message["tool_calls"]) if message.get("tool_calls") else None
            values = (
                self.session_id,
                *(message.get(name) for name in COLUMNS[:3]),
                calls,
                message.get("tool_name"),
                time,
            )
            db.execute(
                f"INSERT INTO messages (session_id, {', '.join(COLUMNS)}, active) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
                values,
            )
            ids.append(db.last_insert_rowid())
            now = max(now + 1e-6, time + 1e-6)
        return ids
