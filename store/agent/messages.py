"""Verbs of agents on messages, by upstream's names (docs/format.md §3, §6, §8)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ..base.late_dataclass import dataclass, replace
from ..base.models import UNREADABLE
from ..base.strict_json import load_or
from ..engine.ports import Transaction
from ..engine.rows import RowDict
from ..engine.search import AgentHit, AgentSearchOptions
from ..formats import message_codec, replay
from ..formats.row_encoding import MessageRow, message_rows, storable
from ..formats.session_encoding import session_row
from ..home_store import HomeStore
from .source_choice import load_transcript

CONTEXT = 200
"""Characters of a message in the context of a hit, each of four bytes at most."""
_LISTS = ("reasoning_details", "codex_reasoning_items", "codex_message_items")
_SAID = ("role", "content", "tool_name", "tool_calls", "tool_call_id", "token_count", "finish_reason")
_REASONED = ("reasoning", "reasoning_content", "reasoning_details", "codex_reasoning_items", "codex_message_items")
_FIELDS = (*_SAID, *_REASONED, "platform_message_id", "observed", "effect_disposition", "timestamp", "api_content")
"""Fields of `append_message`, in the order of its arguments."""


@dataclass(frozen=True, slots=True)
class ImportedSession:
    """A session of another store."""

    id: str
    fields: Mapping[str, object]
    """Of its row: `source` and `started_at` (seconds since 1970 UTC), and any other column."""
    messages: Sequence[Mapping[str, object]]
    """As `append_messages` takes them; those with `active` False were undone, with `compacted` compacted."""


class AgentMessages:
    """Messages as dicts; a session that is not there has none."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def append_message(  # noqa: PLR0917  upstream's signature
        self,
        session_id: str,
        role: str,
        content: object = None,
        tool_name: str | None = None,
        tool_calls: object = None,
        tool_call_id: str | None = None,
        token_count: int | None = None,
        finish_reason: str | None = None,
        reasoning: str | None = None,
        reasoning_content: str | None = None,
        reasoning_details: object = None,
        codex_reasoning_items: object = None,
        codex_message_items: object = None,
        platform_message_id: str | None = None,
        observed: bool = False,
        effect_disposition: str | None = None,
        timestamp: object = None,
        api_content: str | None = None,
        *,
        key: str | None = None,
    ) -> int:
        """Add one message and return its row id; `key` and what is raised, see `append_messages`."""
        said = role, content, tool_name, tool_calls, tool_call_id, token_count, finish_reason
        thought = reasoning, reasoning_content, reasoning_details, codex_reasoning_items, codex_message_items
        about = platform_message_id, observed or None, effect_disposition, timestamp, api_content
        given = zip(_FIELDS, (*said, *thought, *about), strict=True)
        message = {name: value for name, value in given if value is not None}
        return self.append_messages(session_id, [message], key=key)[0]

    def append_messages(
        self, session_id: str, messages: Sequence[Mapping[str, object]], *, key: str | None = None
    ) -> list[int]:
        """Add a turn, all of it or nothing, and return the row ids; the counters follow in the same transaction.

        Once it has returned, the turn is on the disk: it survives `kill -9` of any process and a loss of power.

        Args:
            messages: Dicts with the keys of `append_message`, and `message_id` for `platform_message_id`,
                `display_kind`, `display_metadata`. Others are ignored. `timestamp` is seconds, ISO text or a datetime;
                without one it is now and a microsecond more each. Reasoning is kept for assistants only.
            key: The caller's own name for this turn, unique within the session. A second call with it writes nothing
                and returns the rows of the first, so that a turn whose first try failed or was killed can be
                written again. Role, content and calls are compared; times and the rest may differ between tries.
                Keys are kept in `hermes_tui_operations`, in the turn's transaction.

        Raises:
            SessionMissing: The session has no row.
            ColumnMissing: A field is not empty and has no column in this file.
            ValueError: A time is not finite, a number needs more than 64 bits, a value is nested more than 200 deep or
                has no text, the key is no text, or a row is larger than 250 MB, all columns together.
            KeyReused: The key stands for other messages; nothing was written.
            Locked: The lock was not free within the patience. Nothing was written; try again. It says who holds
                it and who else has the store open or waits.
            Replaced: Another file is at the path, or its WAL was taken away; `SessionRecorder` keeps the turn.
            UnsafeFilesystem: The file lies where locks cannot be trusted; nothing was written.
            StoreError: Any other failure to write.
        """
        if key is not None and not isinstance(key, str):
            raise ValueError(f"the key of a turn must be a text, not {type(key).__name__}")
        now = time.time()
        rows = message_rows(messages, now=now)
        if not rows:
            return []
        if key is not None:
            return self._store.write(lambda tx: tx.append_once(session_id, rows, key=key, now=now))
        return self._store.write(lambda tx: tx.append(session_id, rows))

    def import_sessions(self, sessions: Sequence[ImportedSession]) -> int:
        """Write sessions that began elsewhere or earlier, whole, all in one transaction.

        Args:
            sessions: Their messages get ids in this order; those that have a row already are left out.

        Returns:
            The number of messages written.

        Raises:
            SessionMissing: A parent has no row and is not among them.
            StoreError, ValueError: See `append_messages`.
        """
        fresh = [session for session in sessions if not self._store.engine.sessions.has(session.id)]
        created = [(session_row(session.fields), session.id) for session in fresh]
        created.sort(key=lambda session: float(session[0].get("started_at") or 0.0))  # parents before their children
        written = [(session.id, _rows_with_states(session.messages)) for session in fresh]

        def _import(tx: Transaction) -> int:
            for values, session_id in created:
                tx.create_session(session_id, values)
            return sum(len(tx.append(session_id, rows)) for session_id, rows in written)

        return self._store.write(_import)

    def replace_messages(
        self, session_id: str, messages: Sequence[Mapping[str, object]], active_only: bool = False
    ) -> None:
        """Replace all messages of the session by these, or only the active ones; see `append_messages`.

        The session's counters count these alone.
        """
        rows = message_rows(messages, now=time.time())
        self._store.write(lambda tx: tx.replace(session_id, rows, active_only=active_only))

    def clear_messages(self, session_id: str) -> None:
        """Delete the session's messages; its counters are 0."""
        self._store.write(lambda tx: tx.clear(session_id))

    def message_count(self, session_id: str | None = None) -> int:
        """Number of message rows, inactive ones included, of one session or of all."""
        return self._store.engine.records.count_messages(storable(session_id))

    def get_messages(
        self, session_id: str, include_inactive: bool = False, limit: int | None = None, offset: int = 0
    ) -> list[RowDict]:
        """Every column of the session's active rows in id order, content and calls decoded; [] for invalid calls.

        Args:
            limit: None or a negative one for no limit.
            offset: Rows that are passed over first.
        """
        paged = {"limit": -1 if limit is None else limit, "offset": offset}
        return self._decoded([session_id], include_inactive=include_inactive, **paged)

    def get_messages_as_conversation(
        self,
        session_id: str,
        include_ancestors: bool = False,
        include_inactive: bool = False,
        repair_alternation: bool = False,
    ) -> list[RowDict]:
        """The active rows as an agent replays them: role and content, and every other field that is not empty.

        Args:
            include_ancestors: The messages of all sessions above this one, too, without questions that came twice.
            include_inactive: Those that were undone or compacted, too.
            repair_alternation: Join neighbours of one role, and leave out results without their call.
        """
        sessions = self._store.engine.records.ancestors(session_id) if include_ancestors else [session_id]
        rows = self._decoded(sessions, include_inactive=include_inactive)
        if include_ancestors:
            rows = replay.without_repeated_questions(rows)
        return [_replayed(row) for row in (replay.with_alternating_roles(rows) if repair_alternation else rows)]

    def _decoded(
        self, session_ids: Sequence[str], *, include_inactive: bool, limit: int = -1, offset: int = 0
    ) -> list[RowDict]:
        names = [storable(name) or "" for name in session_ids]
        found = self._store.engine.records.messages(
            names, include_inactive=include_inactive, limit=limit, offset=offset
        )
        for row in found:
            row["content"] = message_codec.decode(text) if isinstance(text := row["content"], str) else text
            if row.get("tool_calls"):
                row["tool_calls"] = load_or(row["tool_calls"], [])
        return found

    def load_transcript(self, session_id: str) -> list[RowDict]:
        """The same from SQLite or from the JSONL file, whichever has more messages; a tie goes to SQLite."""
        return load_transcript(
            session_id,
            files=self._store.files,
            count=self._store.engine.messages.count,
            conversation=self.get_messages_as_conversation,
        )

    def search_messages(  # noqa: PLR0917  upstream's signature
        self,
        query: str,
        source_filter: Sequence[str] | None = None,
        exclude_sources: Sequence[str] | None = None,
        role_filter: Sequence[str] | None = None,
        limit: int = 20,
        offset: int = 0,
        sort: str | None = None,
        include_inactive: bool = False,
    ) -> list[RowDict]:
        """Ranked hits, each with a snippet and with the message before and after it.

        No text raises an error. The hits are one read transaction, each context another. Beside a damaged page hits
        come as far as they can be read; one that cannot be has its id, the role `error` and the reason as its snippet.

        Args:
            query: FTS5's words, phrases, AND OR NOT and prefixes; everything else is removed.
            source_filter: Only these; none where it is empty, all where it is None.
            role_filter: Only these; all where it is empty or None.
            sort: newest, oldest, or by rank.
            include_inactive: Find undone messages, too.
        """
        from dataclasses import asdict

        options = AgentSearchOptions(source_filter, exclude_sources, role_filter, limit, offset, sort, include_inactive)
        hits = self._store.engine.records.search(query, options)
        return [asdict(hit) | {"context": self._context(hit)} for hit in hits]

    def export_session(self, session_id: str) -> RowDict | None:
        """The session's row with all its messages, inactive ones too, under `messages`."""
        row = self._store.engine.records.session(storable(session_id))
        return None if row is None else {**row, "messages": self.get_messages(session_id, include_inactive=True)}

    def export_all(self, source: str | None = None) -> list[RowDict]:
        """Every session as `export_session` gives it, newest start first."""
        rows = self._store.engine.records.newest(storable(source), -1, 0)
        return [{**row, "messages": self.get_messages(str(row["id"]), include_inactive=True)} for row in rows]

    def _context(self, hit: AgentHit) -> list[RowDict]:
        if hit.role == UNREADABLE:
            return []
        lines = self._store.engine.messages.window(hit.session_id, hit.id, width=1, n_bytes=4 * CONTEXT)
        return [{"role": line.role, "content": line.text[:CONTEXT]} for line in lines]


def _rows_with_states(messages: Sequence[Mapping[str, object]]) -> list[MessageRow]:
    """Rows of messages that may have been undone or compacted."""
    rows = message_rows(messages, now=time.time())
    return [
        row if message.get("active", True) else replace(row, values={**row.values, **_inactive(message)})
        for row, message in zip(rows, messages, strict=True)
    ]


def _inactive(message: Mapping[str, object]) -> dict[str, int]:
    return {"active": 0, "compacted": 1} if message.get("compacted") else {"active": 0}


def _replayed(row: RowDict) -> RowDict:
    lists = {name: load_or(row[name], None) for name in _LISTS if row.get(name)}
    return message_codec.conversation_of_record(row | lists)
