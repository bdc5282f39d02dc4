"""Rows of the in-memory engine: dicts of cells, and the handle through which a reader sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from store.base.cancel import Cancel
from store.base.errors import ColumnMissing, Interrupted, StoreError, StoreMissing
from store.engine.operations import Cell, OperationHeader, RawRow, RepairIntent, StepRecord
from store.engine.rows import RowDict

SESSION_DEFAULTS: RawRow = {
    **dict.fromkeys(("id", "source", "user_id", "model", "model_config", "system_prompt", "parent_session_id")),
    **dict.fromkeys(("started_at", "ended_at", "end_reason", "title", "cwd", "profile_name")),
    **dict.fromkeys(("message_count", "tool_call_count", "archived", "hidden"), 0),
    **dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"), 0
    ),
    **dict.fromkeys(("estimated_cost_usd", "actual_cost_usd", "cost_status", "cost_source", "pricing_version")),
    **dict.fromkeys(("billing_provider", "billing_base_url", "billing_mode", "git_branch", "git_repo_root")),
    **dict.fromkeys(("session_key", "chat_id", "chat_type", "thread_id")),
    "api_call_count": 0,
}
"""Every field of a session, and its value where none is given."""

MESSAGE_DEFAULTS: RawRow = {
    **dict.fromkeys(("id", "session_id", "role", "content", "tool_call_id", "tool_calls", "tool_name", "timestamp")),
    **dict.fromkeys(("token_count", "finish_reason", "reasoning", "reasoning_content", "reasoning_details")),
    **dict.fromkeys(("codex_reasoning_items", "codex_message_items", "platform_message_id", "effect_disposition")),
    **dict.fromkeys(("api_content", "display_kind", "display_metadata", "display_identity")),
    **dict.fromkeys(("observed", "compacted", "_compressed_summary"), 0),
    "active": 1,
}
"""Every field of a message, likewise."""


@dataclass(slots=True)
class RememberedOperation:
    """A repair in the journal."""

    header: OperationHeader
    intent: RepairIntent
    steps: list[StepRecord] = field(default_factory=list)
    """Those that were not undone, first to last."""
    number: int = 0
    """Steps that it ever had."""


@dataclass(slots=True)
class Tables:
    """One state of the database; a transaction changes a copy of it."""

    sessions: dict[str, RawRow] = field(default_factory=dict)
    messages: dict[int, RawRow] = field(default_factory=dict)
    highest: int = 0
    """The highest message id that was ever given out."""
    keys: dict[tuple[str, str], tuple[list[int], bytes]] = field(default_factory=dict)
    """(session, key) -> ids and digest of a keyed append."""
    operations: dict[str, RememberedOperation] = field(default_factory=dict)
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Session -> who is at work on it, and until when."""

    def copy(self) -> Tables:
        """Another one that shares no row with this one."""
        return Tables(
            {name: dict(row) for name, row in self.sessions.items()},
            {name: dict(row) for name, row in self.messages.items()},
            self.highest,
            dict(self.keys),
            {
                name: RememberedOperation(known.header, known.intent, list(known.steps), known.number)
                for name, known in self.operations.items()
            },
            dict(self.leases),
        )

    def of(self, session_id: str | None) -> list[RawRow]:
        """Messages of a session in the order of their ids."""
        return sorted((row for row in self.messages.values() if row["session_id"] == session_id), key=id_of)

    def rows(self) -> list[RawRow]:
        """Sessions, newest start first."""
        return sorted(
            self.sessions.values(), key=lambda row: (number(row, "started_at") or 0.0, text(row, "id")), reverse=True
        )

    def orphans(self) -> list[str]:
        """Ids of sessions that have messages and no row."""
        return sorted({text(row, "session_id") for row in self.messages.values()} - self.sessions.keys())


class MemoryDatabase:
    """The database of one home, shared by its engines.

    Args:
        exists: False for a home that has none yet.
    """

    def __init__(self, *, exists: bool = True) -> None:
        self.tables = Tables()
        self.exists = exists
        self.version = 0
        self.busy = False
        """Another program holds the lock."""
        self.lock = threading.Lock()
        self.writing: int | None = None
        """The thread that is in a transaction."""


class Handle:
    """An engine's way to its database."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.closed = False

    @property
    def tables(self) -> Tables:
        """The last committed state.

        Raises:
            StoreMissing: There is no database.
            StoreError: The engine was closed.
        """
        if self.closed:
            raise StoreError("the database in memory was closed; open it again")
        if not self.database.exists:
            raise StoreMissing("there is no database in memory")
        return self.database.tables


class Reads:
    """Verbs that read."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    @property
    def _tables(self) -> Tables:
        return self._handle.tables


def steps_of(tables: Tables, session_id: str | None = None) -> Iterator[tuple[OperationHeader, StepRecord]]:
    """Steps of the repairs of a session, or of all."""
    for known in tables.operations.values():
        if session_id in (None, known.header.session_id):
            yield from ((known.header, done) for done in known.steps)


def present_ids(tables: Tables, session_id: str, ids: Iterable[int]) -> list[int]:
    """Ids of messages after the repairs of their session."""
    moves = {old: new for _, done in steps_of(tables, session_id) for old, new in done.moves}
    return [_followed(name, dict(moves)) for name in ids]


def _followed(name: int, moves: dict[int, int]) -> int:
    while name in moves:
        name = moves.pop(name)
    return name


def present(fields: Mapping[str, object], values: Mapping[str, Cell]) -> RawRow:
    """The values that say something.

    Raises:
        ColumnMissing: One has no field.
    """
    for name, value in values.items():
        if value not in (None, "") and name not in fields:
            raise ColumnMissing(name)
    return {name: value for name, value in values.items() if value is not None and name in fields}


def id_of(row: RawRow) -> int:
    """A message's id."""
    return whole(row, "id")


def text(row: RawRow, name: str) -> str:
    """A cell as text, "" for none."""
    return str(cell) if (cell := row.get(name)) is not None else ""


def maybe(row: RawRow, name: str) -> str | None:
    """A cell as text, None for none."""
    return None if row.get(name) is None else text(row, name)


def number(row: RawRow, name: str) -> float | None:
    """A cell as a number, None for none."""
    return float(cell) if isinstance(cell := row.get(name), int | float) else None


def whole(row: RawRow, name: str) -> int:
    """A cell as an integer, 0 for none."""
    return int(number(row, name) or 0)


def as_dict(row: RawRow) -> RowDict:
    """A copy for agents."""
    return {**row}


def go_on(cancel: Cancel | None) -> None:
    """Raise `Interrupted` once a request was cancelled."""
    if cancel is not None and cancel.cancelled:
        raise Interrupted("the request was cancelled")
