"""Writes of the in-memory engine: a transaction works on a copy of the tables, which replaces them when it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from store.base.errors import KeyReused, PlanChanged, Refused, SessionMissing
from store.engine.operations import (
    RUNNING,
    UNDOING,
    UNDONE,
    UNFINISHED,
    OperationHeader,
    RawRow,
    RepairFacts,
    RepairIntent,
    RepairStep,
    RowWrite,
    StepRecord,
    StepResult,
    UndoStep,
    step_record,
)
from store.engine.rows import SessionStamp, SessionVersion
from store.formats import message_codec
from store.formats.row_encoding import MessageRow, storable
from tests.contract.memory_reads import active_counts_of, stamp_of
from tests.contract.memory_tables import (
    MESSAGE_DEFAULTS,
    SESSION_DEFAULTS,
    RememberedOperation,
    Tables,
    id_of,
    number,
    present,
    present_ids,
    steps_of,
    text,
    whole,
)

Values = Mapping[str, int | float | str | bytes | None]

_FILLED = (
    *("model", "model_config", "system_prompt", "session_key", "chat_id", "chat_type", "thread_id"),
    *("parent_session_id", "cwd", "profile_name"),
)
_ADDED = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    "api_call_count",
)
_ADDED_COSTS = ("estimated_cost_usd", "actual_cost_usd")
_BACKFILLED = ("model", "billing_provider", "billing_base_url", "billing_mode")
_NOT_OVERWRITTEN = (*_ADDED, *_ADDED_COSTS, *_BACKFILLED)


class MemoryTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def create_session(self, session_id: str, values: Values, /) -> None:
        """Insert a row; of one that is there the fields are filled in that are None and may be."""
        row = present(SESSION_DEFAULTS, {"id": storable(session_id), **values})
        known = self._tables.sessions.get(session_id, {})
        row = {name: cell for name, cell in row.items() if not known or (name in _FILLED and known[name] is None)}
        parent = row.get("parent_session_id")
        if parent is not None and parent not in self._tables.sessions:
            raise SessionMissing(f"there is no session {parent!r} to be a parent; create it first")
        self._tables.sessions[storable(session_id) or ""] = {**SESSION_DEFAULTS, **known, **row}

    def end_session(self, session_id: str, reason: str, now: float, /) -> None:
        """Mark as ended; the first reason wins."""
        for row in self._row(session_id):
            if row["ended_at"] is None:
                row.update(ended_at=now, end_reason=reason)

    def reopen_session(self, session_id: str, /) -> None:
        """Take the end back."""
        for row in self._row(session_id):
            row.update(ended_at=None, end_reason=None)

    def set_prompt(self, session_id: str, prompt: str, /) -> None:
        """Store the system prompt."""
        for row in self._row(session_id):
            row["system_prompt"] = prompt

    def add_tokens(self, session_id: str, values: Values, now: float, /, *, absolute: bool = False) -> None:
        """Add to counters and costs or set them, overwrite the state of the cost, fill in model and billing."""
        given = present(SESSION_DEFAULTS, {name: value or None for name, value in values.items()})
        used = bool(given.keys() & {*_ADDED, *_ADDED_COSTS})
        for row in self._row(session_id):
            if used and {"model", "billing_provider"} <= given.keys() and not row["api_call_count"]:
                row.update({name: given.get(name) for name in _BACKFILLED})
            for name in _ADDED:
                row[name] = whole(given, name) + (0 if absolute else whole(row, name))
            for name in _ADDED_COSTS:
                if name in given or name == "estimated_cost_usd":
                    row[name] = (number(given, name) or 0.0) + (0.0 if absolute else number(row, name) or 0.0)
            row.update({name: cell for name, cell in given.items() if name not in _NOT_OVERWRITTEN})
            empty = [name for name in _BACKFILLED if used and row[name] is None]
            row.update({name: given[name] for name in empty if name in given})

    def delete_session(self, session_id: str, /, *, delegates: bool, ended_only: bool = False) -> list[str]:
        """Delete a session with its messages and keys; children lose their parent."""
        tables = self._tables
        if any(ended_only and row["ended_at"] is None for row in self._row(session_id)):
            return []
        if session_id not in tables.sessions:
            return []
        doomed = [session_id]
        for parent in doomed if delegates else ():
            marker = f'"_delegate_from": "{parent}"'
            doomed += [
                name
                for name, row in tables.sessions.items()
                if row["parent_session_id"] == parent and marker in text(row, "model_config") and name not in doomed
            ]
        for row in tables.sessions.values():
            if row["parent_session_id"] in doomed:
                row["parent_session_id"] = None
        for name in doomed:
            self._delete_messages(name)
            del tables.sessions[name]
        tables.keys = {key: done for key, done in tables.keys.items() if key[0] not in doomed}
        return doomed

    def assign_title(self, session_id: str | None, title: str | None, /) -> bool:
        """Name a session; the title moves along a compression chain.

        Raises:
            ValueError: Another session has it.
        """
        tables = self._tables
        for name, row in tables.sessions.items():
            if title is not None and row["title"] == title and name != session_id:
                if name not in self._older_sections(session_id):
                    raise ValueError(f"Title '{title}' is already in use by session {name}")
                row["title"] = None
        for row in self._row(session_id):
            row["title"] = title
            return True
        return False

    def _older_sections(self, session_id: str | None) -> list[str]:
        found: list[str] = []
        row = self._tables.sessions.get(session_id or "")
        while row is not None:
            parent = self._tables.sessions.get(text(row, "parent_session_id"))
            ended = parent is not None and parent["end_reason"] == "compression" and text(parent, "id") not in found
            row = parent if ended else None
            found += [text(row, "id")] if row is not None else []
        return found

    def append(self, session_id: str, rows: Sequence[MessageRow], /) -> list[int]:
        """Append messages; their ids."""
        ids = [self._insert(session_id, row, self._tables.highest + 1) for row in rows]
        self._count(session_id, len(rows), sum(row.calls for row in rows))
        return ids

    def append_once(self, session_id: str, rows: Sequence[MessageRow], /, *, key: str, now: float) -> list[int]:
        """The same once for each key; a repair that moved the messages since is followed."""
        digest = b"".join(_identity(row.values) for row in rows)
        known = self._tables.keys.get((session_id, key))
        if known is None:
            ids = self.append(session_id, rows)
            self._tables.keys[session_id, key] = (ids, digest)
            return ids
        if known[1] != digest:
            raise KeyReused(f"the key {key!r} of session {session_id} stands for other messages already")
        return present_ids(self._tables, session_id, known[0])

    def append_after(
        self, session_id: str, expected: SessionStamp, rows: Sequence[MessageRow], /
    ) -> SessionStamp | None:
        """The same unless others wrote since `expected`."""
        if stamp_of(self._tables, session_id) != expected:
            return None
        self.append(session_id, rows)
        return stamp_of(self._tables, session_id)

    def replace(self, session_id: str, rows: Sequence[MessageRow], /, *, active_only: bool = False) -> None:
        """Put messages in place of all that a session has, or of the active ones."""
        kept = [row for row in self._tables.of(session_id) if active_only and not row["active"]]
        self.clear(session_id)
        self._tables.messages.update({id_of(row): row for row in kept})
        self.append(session_id, rows)

    def clear(self, session_id: str, /) -> None:
        """Delete a session's messages."""
        self._delete_messages(session_id)
        for row in self._row(session_id):
            row.update(message_count=0, tool_call_count=0)

    def apply_step(self, step: RepairStep, /) -> StepResult:
        """Check, write and journal one step of a repair."""
        tables, header, session_id = self._tables, step.header, step.header.session_id
        self._check(step)
        if step.block:
            header = replace(header, base=tables.highest, size=step.block)
            tables.highest += step.block
        if step.session is not None:
            self._create(session_id, step.session)
        done = self._written(header, step.writes)
        inserted, moved = len(done.inserted_ids), len(done.moves)
        self._count(session_id, inserted, done.calls)
        known = tables.operations.setdefault(
            header.operation, RememberedOperation(header, step.intent or RepairIntent((), ()))
        )
        known.header = header
        if step.writes:
            known.number += 1
            known.steps.append(replace(done, step=known.number))
        up_to = header.base + header.size if header.size else step.version.highest or 0
        return StepResult(header, version_of(tables, session_id, up_to), up_to, inserted, moved)

    def undo_step(self, step: UndoStep, /) -> tuple[int, int]:
        """Take the last step back; what came since stays."""
        tables, header, done = self._tables, step.header, step.done
        self._refuse_if_busy(step.conversation, header.changed_at)
        known = tables.operations[header.operation]
        if (known.steps[-1] if known.steps else None) != done:
            raise PlanChanged(f"{header.operation} went on, or was undone, meanwhile; look again")
        known.header = header
        if done is None:
            if step.counted is not None and header.session_id in tables.sessions:
                counted = active_counts_of(tables, header.session_id)
                tables.sessions[header.session_id].update(message_count=counted.messages, tool_call_count=counted.calls)
            if header.created and not tables.of(header.session_id):
                tables.sessions.pop(header.session_id, None)
            return 0, 0
        if any(old in tables.messages for old, _ in done.moves):
            raise Refused(f"an id that {header.operation} has to give back was given to another message since")
        taken = [name for name in done.inserted_ids if tables.messages.pop(name, None) is not None]
        if not step.touched:
            self._count(header.session_id, -len(taken), -done.calls if taken else 0)
        back = [self._move(new, old) for old, new in done.moves]
        known.steps.pop()
        return len(taken), sum(back)

    def _check(self, step: RepairStep) -> None:
        session_id, tables = step.header.session_id, self._tables
        open_ones = [
            known.header
            for known in tables.operations.values()
            if known.header.session_id == session_id and known.header.state in UNFINISHED
        ]
        expected = [] if step.intent else [step.header.operation]
        if [one.operation for one in open_ones] != expected or any(one.state == UNDOING for one in open_ones):
            raise PlanChanged(f"another repair of {session_id} was begun, finished or undone; look again")
        self._refuse_if_busy(step.conversation, step.header.changed_at)
        if not step.unchanged():
            raise PlanChanged(f"the JSONL file of {session_id} changed; look again")
        if version_of(tables, session_id, step.up_to) != step.version:
            raise PlanChanged(f"others wrote to {session_id}; look again")
        if any(write.at in tables.messages for write in step.writes if not write.in_block):
            raise PlanChanged(f"ids that {session_id} was to get were taken by others; look again")

    def _refuse_if_busy(self, conversation: Sequence[str], now: float) -> None:
        if (holder := holder_of(self._tables, conversation, now)) is not None:
            raise Refused(f"Hermes is at work on {conversation[0]} ({holder}); try again when it is done")

    def _create(self, session_id: str, values: Values) -> None:
        row = {name: value for name, value in values.items() if name in SESSION_DEFAULTS}
        if any(known["title"] == row.get("title") for known in self._tables.sessions.values()):
            row.pop("title", None)
        self.create_session(session_id, row)

    def _written(self, header: OperationHeader, writes: Sequence[RowWrite]) -> StepRecord:
        ids: list[int] = []
        moves: list[tuple[int, int]] = []
        calls = 0
        for write in writes:
            at = write.at + header.base if write.in_block else write.at
            if write.row is not None:
                ids.append(self._insert(header.session_id, write.row, at))
                calls += write.row.calls
            elif self._move(write.old, at):
                moves.append((write.old, at))
        return step_record(ids, moves, calls)

    def _move(self, old: int, new: int) -> bool:
        row = self._tables.messages.pop(old, None)
        if row is not None:
            self._tables.messages[new] = {**row, "id": new}
        return row is not None

    def _insert(self, session_id: str, row: MessageRow, at: int) -> int:
        values = present(MESSAGE_DEFAULTS, row.values)
        if session_id not in self._tables.sessions:
            raise SessionMissing(f"there is no session {session_id} to write to; create it first")
        self._tables.messages[at] = {**MESSAGE_DEFAULTS, **values, "id": at, "session_id": storable(session_id)}
        self._tables.highest = max(self._tables.highest, at)
        return at

    def _count(self, session_id: str, messages: int, calls: int) -> None:
        for row in self._row(session_id):
            row["message_count"] = max(0, whole(row, "message_count") + messages)
            row["tool_call_count"] = max(0, whole(row, "tool_call_count") + calls)

    def _row(self, session_id: str | None) -> Iterator[RawRow]:
        """The row of a session, if there is one."""
        if (row := self._tables.sessions.get(session_id or "")) is not None:
            yield row

    def _delete_messages(self, session_id: str) -> None:
        for row in self._tables.of(session_id):
            del self._tables.messages[id_of(row)]


def _identity(values: Mapping[str, object]) -> bytes:
    return message_codec.identity(*(values.get(name) for name in ("role", "content", "tool_calls", "tool_call_id")))


def version_of(tables: Tables, session_id: str, up_to: int | None) -> SessionVersion:
    """Rows of a session, counted, as far as an id."""
    rows = [row for row in tables.of(session_id) if up_to is None or id_of(row) <= up_to]
    return SessionVersion(
        len(rows),
        id_of(rows[0]) if rows else None,
        id_of(rows[-1]) if rows else None,
        sum(bool(row["active"]) for row in rows),
        sum(not row["active"] and bool(row["compacted"]) for row in rows),
    )


def holder_of(tables: Tables, conversation: Sequence[str], now: float) -> str | None:
    """Who is at work on a conversation."""
    held = (tables.leases[name] for name in conversation if name in tables.leases)
    return next((holder for holder, until in held if until > now), None)


def facts_of(tables: Tables, session_id: str, conversation: Sequence[str], now: float) -> RepairFacts:
    """What speaks for and against a repair of a session."""
    known = [known for known in tables.operations.values() if known.header.session_id == session_id]
    stopped = next((one for one in known if one.header.state == RUNNING), None)
    return RepairFacts(
        holder=holder_of(tables, conversation, now),
        undoing=next((one.header for one in known if one.header.state == UNDOING), None),
        stopped=stopped.header if stopped else None,
        intent=stopped.intent if stopped else None,
        done=tuple(stopped.steps) if stopped else (),
    )


def kept_free(tables: Tables) -> set[int]:
    """Ids that an undo will give back."""
    return {old for header, done in steps_of(tables) if header.state != UNDONE for old, _ in done.moves}
