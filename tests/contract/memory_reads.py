"""Sessions, messages and raw fields of the in-memory engine."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from store.base.cancel import Cancel
from store.base.models import ContextLine, Head, Message, Page, Relation, Scope, SectionVersion, Session, StoredTexts
from store.engine.operations import ActiveCounts, RawRow
from store.engine.rows import NO_COUNTS, Counts, MessageCells, SessionEnds, SessionStamp, StoredRow
from store.formats import message_codec
from store.formats.carried_copies import Copies, SectionRow, State, find_copies
from store.formats.compaction_overlap import SUMMARIES, Fingerprint
from store.formats.compared_message import ComparedMessage, compared
from store.formats.lineage import Lineage, Link
from store.formats.row_encoding import calls_in
from store.formats.session_state import Ending, is_live
from tests.contract.memory_tables import (
    MESSAGE_DEFAULTS,
    Reads,
    Tables,
    go_on,
    id_of,
    maybe,
    number,
    present_ids,
    text,
)

MAX_BODIES = 256
_MARKERS = {"branched": "_branched_from", "delegate": "_delegate_from", "reset": "_reset_from"}


class MemorySessions(Reads):
    """Implements `ports.SessionRows`."""

    def page(self, *, limit: int, cursor: object, now: float, profile: str) -> Page[Session]:
        """Sessions by newest start, then orphans by id; a cursor is the key of the last one."""
        tables = self._tables
        keys: list[tuple[int, float, str]] = [
            (0, -(number(row, "started_at") or 0.0), text(row, "id")) for row in tables.rows()
        ]
        keys += [(1, 0.0, orphan) for orphan in tables.orphans()]
        if isinstance(cursor, tuple):
            keys = keys[keys.index(cursor) + 1 :] if cursor in keys else []
        shown, more = keys[:limit], len(keys) > limit
        found = self.by_ids([name for _, _, name in shown], now=now, profile=profile)
        return Page(found, more, shown[-1] if more else None)

    def by_ids(self, ids: Iterable[str], *, now: float, profile: str) -> tuple[Session, ...]:
        """Those that have a row, newest start first, then those that have messages alone."""
        tables, wanted = self._tables, list(ids)
        lineage = lineage_of(tables)
        rows = [row for row in tables.rows() if row["id"] in wanted]
        found = [_session(tables, row, lineage, now, profile) for row in rows]
        found += [
            _orphan(tables, name, now, profile) for name in wanted if name not in tables.sessions and tables.of(name)
        ]
        return tuple(found)

    def newest(self) -> tuple[str, ...]:
        """Ids of the sessions of the newest messages."""
        rows = sorted(self._tables.messages.values(), key=id_of, reverse=True)
        return tuple(dict.fromkeys(text(row, "session_id") for row in rows))

    def ids(self) -> Sequence[str]:
        """Ids of all rows, newest start first."""
        return [text(row, "id") for row in self._tables.rows()]

    def orphans(self) -> list[str]:
        """Ids of sessions that have messages and no row."""
        return self._tables.orphans()

    def has(self, session_id: str) -> bool:
        """True where a session has a row."""
        return session_id in self._tables.sessions

    def counts(self, ids: Sequence[str]) -> dict[str, Counts]:
        """Number and edges of the messages of those that have any."""
        tables = self._tables
        return {name: found for name in ids if (found := _counts(tables, name)) is not NO_COUNTS}

    def row_counts(self, ids: Collection[str]) -> Mapping[str, Sequence[object]]:
        """Rows, highest id, active and compacted rows of those that are known."""
        tables = self._tables
        counted = {name: _counts(tables, name) for name in ids}
        return {
            name: (found.rows, found.last_id or 0, *_states(tables, name))
            for name, found in counted.items()
            if found.rows or name in tables.sessions
        }

    def scope(self) -> Scope:
        """Each session that is left out counted once: archived before child before hidden."""
        tables = self._tables
        lineage = lineage_of(tables)
        archived = {name for name, row in tables.sessions.items() if row["archived"]}
        children = {name for name in tables.sessions if _is_child(lineage, name)} - archived
        hidden = {name for name, row in tables.sessions.items() if row["hidden"]} - archived - children
        total = len(tables.sessions) + len(tables.orphans())
        return Scope(total, len(archived), len(children), len(hidden))

    def lineage(self, ids: Iterable[str]) -> Lineage:
        """The family of all sessions."""
        return lineage_of(self._tables)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain."""
        return lineage_of(self._tables).chain(session_id)

    def order(self, *, by_start: bool) -> Sequence[tuple[float, str]] | None:
        """Every session with its time."""
        rows = self.page(limit=1 << 62, cursor=None, now=0.0, profile="").items
        times = {row.id: row.started_at if by_start or row.last_active is None else row.last_active for row in rows}
        return sorted(((time or 0.0, key) for key, time in times.items()), reverse=True)

    def listed(
        self, ids: Sequence[str], *, now: float, profile: str
    ) -> Mapping[str, tuple[Session, SessionEnds | None]]:
        """None of them: each is read by the verbs for one."""
        del ids, now, profile
        return {}

    def find_by_name(self, text: str, *, limit: int) -> list[str]:
        """Ids and titles that contain the text; that very id first."""
        wanted = text.lower()
        found = [
            str(row["id"])
            for row in self._tables.rows()
            if wanted in str(row["id"]).lower() or wanted in str(row["title"] or "").lower()
        ]
        return sorted(found, key=lambda name: name != text)[:limit]

    def active_since(self, timestamp: float, *, cancel: Cancel | None = None) -> frozenset[str]:
        """Sessions that are not ended and have a message, or began, since a time."""
        go_on(cancel)
        tables = self._tables
        return frozenset(
            name
            for name, row in tables.sessions.items()
            if row["ended_at"] is None and _last_heard(tables, row) >= timestamp
        )


def _last_heard(tables: Tables, row: RawRow) -> float:
    times = [number(message, "timestamp") or 0.0 for message in tables.of(text(row, "id"))]
    return max(times, default=number(row, "started_at") or 0.0)


def lineage_of(tables: Tables) -> Lineage:
    """The family of all sessions."""
    return Lineage(
        Link(
            name,
            maybe(row, "parent_session_id"),
            text(row, "source"),
            number(row, "started_at"),
            number(row, "ended_at"),
            maybe(row, "end_reason"),
            _markers(row),
        )
        for name, row in tables.sessions.items()
    )


def _markers(row: RawRow) -> frozenset[str]:
    parent = row["parent_session_id"]
    config = json.loads(text(row, "model_config") or "{}")
    return frozenset(name for name, key in _MARKERS.items() if parent is not None and config.get(key) == parent)


def _is_child(lineage: Lineage, name: str) -> bool:
    return lineage.chain(name)[-1] != name or lineage.relation(name) is Relation.DELEGATE


def _counts(tables: Tables, session_id: str) -> Counts:
    rows = tables.of(session_id)
    if not rows:
        return NO_COUNTS
    copied = len(_copies(tables, session_id).originals)
    return Counts(len(rows) - copied, len(rows), id_of(rows[0]), id_of(rows[-1]), number(rows[-1], "timestamp"))


def _states(tables: Tables, session_id: str) -> tuple[int, int]:
    """Active and compacted rows."""
    rows = tables.of(session_id)
    active = sum(row.get("active") != 0 for row in rows)
    return active, sum(row.get("active") == 0 and row.get("compacted") == 1 for row in rows)


def _session(tables: Tables, row: RawRow, lineage: Lineage, now: float, profile: str) -> Session:
    name, counted = text(row, "id"), _counts(tables, text(row, "id"))
    started, ended, chain = number(row, "started_at"), number(row, "ended_at"), lineage.chain(name)
    last_active = started if counted.last_active is None else counted.last_active
    return Session(
        id=name,
        source=text(row, "source"),
        title=maybe(row, "title"),
        model=maybe(row, "model"),
        started_at=started,
        ended_at=ended,
        end_reason=maybe(row, "end_reason"),
        last_active=last_active,
        messages=counted.messages,
        rows=counted.rows,
        parent_id=maybe(row, "parent_session_id"),
        relation=lineage.relation(name),
        chain=len(chain),
        section=chain.index(name) + 1,
        archived=bool(row["archived"]),
        hidden=bool(row["hidden"]),
        cwd=maybe(row, "cwd"),
        profile=profile,
        profile_name=maybe(row, "profile_name"),
        live=is_live(ended_at=ended, last_active=last_active, now=now),
        first_id=counted.first_id,
        last_id=counted.last_id,
    )


def _orphan(tables: Tables, name: str, now: float, profile: str) -> Session:
    counted = _counts(tables, name)
    return Session(
        id=name,
        started_at=number(tables.of(name)[0], "timestamp"),
        last_active=counted.last_active,
        messages=counted.messages,
        rows=counted.rows,
        orphan=True,
        profile=profile,
        live=is_live(ended_at=None, last_active=counted.last_active, now=now),
        first_id=counted.first_id,
        last_id=counted.last_id,
    )


class MemoryMessages(Reads):
    """Implements `ports.MessageRows`."""

    def heads(self, session_id: str | None, *, after: int, limit: int) -> Page[Head]:
        """Messages without bodies, in order."""
        rows = [row for row in self._tables.of(session_id) if id_of(row) > after]
        more = len(rows) > limit
        shown = tuple(map(_head, rows[:limit]))
        return Page(shown, more, shown[-1].id if more and shown else None)

    def last_heads(self, session_id: str | None, *, limit: int) -> tuple[Head, ...]:
        """The last of them, in order."""
        return tuple(map(_head, self._tables.of(session_id)[-limit:]))

    def ids(self, session_id: str | None) -> Sequence[int]:
        """Ids of all of them."""
        return [id_of(row) for row in self._tables.of(session_id)]

    def bodies(self, ids: Sequence[int], *, cancel: Cancel | None = None) -> tuple[Message, ...]:
        """Whole messages by id."""
        if len(ids) > MAX_BODIES:
            raise ValueError(f"at most {MAX_BODIES} messages at a time, not {len(ids)}")
        go_on(cancel)
        rows = self._tables.messages
        return tuple(message_of(rows[name]) for name in ids if name in rows)

    def readable_bodies(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """The same: nothing here is damaged."""
        return self.bodies(ids)

    def containing(self, ids: Sequence[int], words: str) -> frozenset[int]:
        """Those of which a field has some words, in any case."""
        rows, names = self._tables.messages, ("content", "tool_calls", "reasoning", "reasoning_content")
        present = [name for name in ids if name in rows]
        return frozenset(
            id_ for id_ in present if any(words.lower() in text(rows[id_], name).lower() for name in names)
        )

    def stored_texts(self, ids: Sequence[int], *, replies_only: bool = False) -> StoredTexts:
        """None of them."""
        return StoredTexts.none_of(ids)

    def window(
        self, session_id: str, message_id: int, *, width: int, n_bytes: int | None = None
    ) -> tuple[ContextLine, ...]:
        """The messages around one."""
        rows = self._tables.of(session_id)
        place = next((place for place, row in enumerate(rows) if row["id"] == message_id), None)
        if place is None:
            return ()
        return tuple(
            ContextLine(
                id_of(row),
                text(row, "role"),
                _opening(row, n_bytes),
                row["id"] == message_id,
                number(row, "timestamp"),
            )
            for row in rows[max(0, place - width) : place + width + 1]
        )

    def first_user_text(self, session_id: str) -> str:
        """The beginning of the first message that the user wrote."""
        return next((_opening(row, 4096) for row in self._tables.of(session_id) if row["role"] == "user"), "")

    def ends_of(self, ids: Sequence[str]) -> dict[str, SessionEnds | None]:
        """Beginning and end of the sessions that have messages."""
        return {session_id: ends for session_id in ids if (ends := self.ends(session_id)) is not None}

    def ends(self, session_id: str) -> SessionEnds | None:
        """Beginning and end of a session."""
        rows = self._tables.of(session_id)
        if not rows:
            return None
        last = next(
            (row for row in reversed(rows) if row["active"] and row["role"] in ("user", "assistant", "tool")), None
        )
        has_turns = any(row["role"] in ("user", "assistant") for row in rows)
        described = any(row["role"] == "session_meta" for row in rows)
        ending = None if last is None else _ending(last)
        return SessionEnds(self.first_user_text(session_id), ending, has_turns, described)

    def columns(self) -> frozenset[str]:
        """Fields of a message."""
        return frozenset(MESSAGE_DEFAULTS)

    def versions(self, ids: Sequence[str]) -> Mapping[str, SectionVersion]:
        """Versions of the sessions that have rows."""
        found = {name: self.heads(name, after=0, limit=1 << 62).items for name in ids}
        return {name: SectionVersion().grown(heads) for name, heads in found.items() if heads}

    def copies(self, session_id: str) -> Copies:
        """The rows that only copy others."""
        return _copies(self._tables, session_id)

    def compared(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[ComparedMessage]:
        """The compared form of each message."""
        for row in self.stored(session_id):
            go_on(cancel)
            if row.is_message:
                yield row.message

    def stored(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[StoredRow]:
        """The same of every row."""
        del cancel
        copies = self.copies(session_id)
        return (_stored(row, copies) for row in self._tables.of(session_id))

    def cells(self, ids: Collection[str]) -> Mapping[str, Sequence[MessageCells]]:
        """Rows as they are stored, of sessions whose rows are all active."""
        names = ("role", "content", "tool_calls", "tool_call_id", "platform_message_id")
        found = {key: self._tables.of(key) for key in ids}
        whole = {key: rows for key, rows in found.items() if all(row["active"] for row in rows)}
        return {key: [tuple(row[name] for name in names) for row in rows] for key, rows in whole.items()}  # type: ignore[misc]

    def count(self, session_id: str) -> int:
        """Messages without session_meta, each once."""
        rows = sum(row["role"] != "session_meta" for row in self._tables.of(session_id))
        return rows - len(self.copies(session_id).originals)

    def stamp(self, session_id: str) -> SessionStamp:
        """An opaque version of a session's rows."""
        return stamp_of(self._tables, session_id)

    def appends(self, session_id: str) -> dict[str, list[int]]:
        """Keys of a session's appends, each with the present ids of its rows."""
        tables = self._tables
        done = {key: ids for (name, key), (ids, _) in tables.keys.items() if name == session_id}
        return {key: present_ids(tables, session_id, ids) for key, ids in done.items()}

    def fingerprints(self, ids: Sequence[int]) -> dict[int, Fingerprint]:
        """Fingerprints of messages by id."""
        rows = self._tables.messages
        return {
            name: Fingerprint(_identity(rows[name]), text(rows[name], "content").startswith(SUMMARIES))
            for name in ids
            if name in rows
        }

    def marked_copies(self, session_id: str, before: str) -> set[int]:
        """Rows with the display identity of one in the section before."""
        tables = self._tables
        others = {row["display_identity"] for row in tables.of(before)} - {None}
        return {id_of(row) for row in tables.of(session_id) if row["display_identity"] in others}


def stamp_of(tables: Tables, session_id: str) -> SessionStamp:
    """An opaque version of a session's rows."""
    rows = tables.of(session_id)
    return ("memory", len(rows), id_of(rows[-1]) if rows else None, sum(bool(row["active"]) for row in rows))


def active_counts_of(tables: Tables, session_id: str) -> ActiveCounts:
    """Active messages and their calls."""
    rows = [row for row in tables.of(session_id) if row["active"] and row["role"] != "session_meta"]
    return ActiveCounts(len(rows), sum(calls_in(row["tool_calls"]) for row in rows), stamp_of(tables, session_id))


def _n_bytes(row: RawRow, *names: str) -> int:
    return sum(len(text(row, name).encode()) for name in names)


def _head(row: RawRow) -> Head:
    return Head(
        id=id_of(row),
        role=text(row, "role"),
        n_bytes=_n_bytes(row, "content"),
        tool_name=maybe(row, "tool_name"),
        has_calls=_n_bytes(row, "tool_calls") > len("[]"),
        has_reasoning=_n_bytes(row, "reasoning", "reasoning_content") > 0,
        active=bool(row["active"]),
        compacted=bool(row["compacted"]),
        timestamp=number(row, "timestamp"),
    )


def _opening(row: RawRow, n_bytes: int | None) -> str:
    """A content as a reader sees it, cut where it is plain text."""
    cell = text(row, "content")
    if n_bytes is not None and not cell.startswith("\x00"):
        cell = cell.encode()[:n_bytes].decode(errors="replace")
    return message_codec.readable(message_codec.decode(cell))


def message_of(row: RawRow) -> Message:
    """A row decoded."""
    readable = message_codec.readable(message_codec.decode(maybe(row, "content")))
    said, thought = message_codec.split_thinking(text(row, "role"), readable)
    own = text(row, "reasoning_content") or text(row, "reasoning")
    return Message(
        id=id_of(row),
        session_id=text(row, "session_id"),
        role=text(row, "role"),
        text=said,
        timestamp=number(row, "timestamp"),
        tool_calls=message_codec.shown_calls(maybe(row, "tool_calls")),
        tool_call_id=maybe(row, "tool_call_id"),
        tool_name=maybe(row, "tool_name"),
        reasoning=message_codec.joined_reasoning(own, thought),
        finish_reason=maybe(row, "finish_reason"),
        active=bool(row["active"]),
        compacted=bool(row["compacted"]),
        display_kind=maybe(row, "display_kind"),
        observed=bool(row["observed"]),
        summary=bool(row["_compressed_summary"]) or message_codec.is_summary(said),
    )


def _identity(row: RawRow) -> bytes:
    return message_codec.identity(row["role"], row["content"], row["tool_calls"], row["tool_call_id"])


def _copies(tables: Tables, session_id: str) -> Copies:
    return find_copies(
        [
            SectionRow(
                id_of(row),
                _identity(row),
                number(row, "timestamp"),
                bool(row["active"]),
                not row["active"] and bool(row["compacted"]),
                _is_summary(row),
                mark if isinstance(mark := row["display_identity"], bytes) else None,
            )
            for row in tables.of(session_id)
            if row["role"] != "session_meta"
        ]
    )


def _is_summary(row: RawRow) -> bool:
    return bool(row["_compressed_summary"]) or text(row, "content").startswith(SUMMARIES)


def _stored(row: RawRow, copies: Copies) -> StoredRow:
    own = State(bool(row["active"]), not row["active"] and bool(row["compacted"]))
    shown = copies.states.get(id_of(row), own)
    return StoredRow(
        id=id_of(row),
        message=compared(
            *(row["role"], row["content"], row["tool_calls"], row["tool_call_id"]),
            platform_id=row["platform_message_id"],
            time=(number(row, "timestamp"), False),
            active=shown.active,
        ),
        stored=own,
        meta=row["role"] == "session_meta",
        compacted=shown.compacted,
        copy_of=copies.originals.get(id_of(row)),
        summary=_is_summary(row),
        n_bytes=_n_bytes(row, *row),
    )


def _ending(row: RawRow) -> Ending:
    return Ending(
        text(row, "role"),
        maybe(row, "finish_reason"),
        _n_bytes(row, "tool_calls") > len("[]"),
        bool(text(row, "content").strip()),
    )
