"""The JSONL files of a home: looked at once each, remembered by (inode, size, mtime).

They are read and never written, moved or removed (docs/decisions/0010).
"""

from __future__ import annotations

import stat
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..base.cancel import Cancel
from ..base.errors import CannotOpen, Damaged, Interrupted, UnsafeId
from ..base.models import UNREADABLE, Drift, JsonlFacts, Message, Origin, Outline, Session
from ..formats import jsonl, message_codec, session_state, titles
from ..formats.alignment import ComparedMessage
from . import home, jsonl_reader
from .verdict_cache import NOT_STORED, VerdictCache, mark

SESSION_META = "session_meta"
"""Role of a line or a row that describes the session and is no message (docs/format.md §3.1)."""

TURNS = ("user", "assistant", "tool")
"""Roles that a status speaks of (docs/format.md §4.9)."""

FIRST_WORDS = 200
"""Characters of an outline's first words."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one reading of a file told."""

    facts: JsonlFacts
    session: Session
    outline: Outline | None
    """None where this is remembered from another start, and nothing was read."""


def is_message(record: jsonl.Record) -> bool:
    """True for a line that holds a message."""
    return record.value.get("role") != SESSION_META


class JsonlFiles:
    """The folder of legacy transcripts; every method may be called from any thread.

    Args:
        folder: `sessions/` of a home; a missing one has no files.
        profile: Of the sessions that only a file knows.
        cache: What is remembered of such sessions; nothing where it is None.
    """

    def __init__(self, folder: Path, *, profile: str = "default", cache: VerdictCache | None = None) -> None:
        self.folder = folder
        self._profile = profile
        self._cache = cache or VerdictCache(None, folder)
        self._looks: dict[str, _Look] = {}

    def find(self, session_id: str) -> home.FileStat | None:
        """The file of a session, None where there is none; an id that must not become a path is looked up by name."""
        try:
            path = self.folder / f"{home.safe_id(session_id)}.jsonl"
            state = path.lstat()
        except UnsafeId:
            return home.transcript_files(self.folder).get(session_id)
        except OSError:
            return None
        if not stat.S_ISREG(state.st_mode):
            return None
        return home.FileStat(path, state.st_size, state.st_mtime_ns, state.st_ino)

    def facts(self, session_id: str) -> JsonlFacts | None:
        """What the session's file tells, None without one; an unchanged file is not read again."""
        look = self._look(session_id, self.find(session_id))
        return look.facts if look else None

    def session(self, session_id: str) -> Session | None:
        """The session as its file alone describes it, None without one."""
        look = self._look(session_id, self.find(session_id))
        return look.session if look else None

    def outline(self, session_id: str) -> Outline | None:
        """Status and first words as the file alone tells them, None without one."""
        state = self.find(session_id)
        look = self._look(session_id, state)
        if look is None or look.outline is not None or state is None:
            return look.outline if look else None
        look = self._looks[session_id] = self._read(session_id, state)
        return look.outline

    def verdict(self, session: Session) -> tuple[bool, Drift | None]:
        """Whether the session was compared by content as it is now, and its flag then."""
        file = self.find(session.id)
        if file is None:
            return False, None
        rows = (session.messages, session.last_id or 0) if session.origin is Origin.SQLITE else NOT_STORED
        own = mark(session.id, (file.inode, file.size, file.mtime_ns), rows)
        return self._cache.is_known(own), self._cache.flag(own)

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Every file, the one changed last first; one folder listing, and a reading of each that changed.

        Raises:
            Interrupted: `cancel` was withdrawn between two files.
        """
        for session_id, state in self.newest_first():
            if cancel is not None and cancel.cancelled:
                raise Interrupted("the question was withdrawn")
            look = self._look(session_id, state)
            if look:
                yield look.facts

    def ids_without(self, known: Container[str]) -> list[str]:
        """Ids of the files whose session is not among the known ones, the one changed last first."""
        return [session_id for session_id, _ in self.newest_first() if session_id not in known]

    def newest_first(self) -> list[tuple[str, home.FileStat]]:
        """Ids and files, the one changed last first; one folder listing, nothing is read."""
        found = home.transcript_files(self.folder)
        return sorted(found.items(), key=lambda item: (item[1].mtime_ns, item[0]), reverse=True)

    def records(self, session_id: str) -> Iterator[jsonl.Record | jsonl.BadLine]:
        """The lines of the session's file, none without one.

        Raises:
            CannotOpen: The system refuses to open it.
            Damaged: The disk cannot read it to its end.
        """
        found = self.find(session_id)
        if found is not None:
            yield from jsonl_reader.read_records(found.path)

    def message_records(self, session_id: str) -> Iterator[jsonl.Record]:
        """Its messages as they were written, without damaged lines and session_meta."""
        for record in self.records(session_id):
            if isinstance(record, jsonl.Record) and is_message(record):
                yield record

    def messages(self, session_id: str) -> tuple[Message, ...]:
        """Its messages, the line number as id."""
        return tuple(one for one in self.lines(session_id) if not one.aside)

    def lines(self, session_id: str) -> tuple[Message, ...]:
        """All of its lines that hold anything, the number as id: messages, and asides among them."""
        return tuple(_line(record, session_id) for record in self.records(session_id))

    def compared_messages(self, session_id: str) -> Iterator[ComparedMessage]:
        """What is compared of its messages."""
        for record in self.message_records(session_id):
            yield compared_message(record.value)

    def _look(self, session_id: str, state: home.FileStat | None) -> _Look | None:
        if state is None:
            self._looks.pop(session_id, None)
            return None
        known = self._looks.get(session_id)
        stamp = (state.inode, state.size, state.mtime_ns)
        if known is None or (known.facts.inode, known.facts.size, known.facts.mtime_ns) != stamp:
            known = self._remembered(session_id, stamp) or self._read(session_id, state)
            self._looks[session_id] = known
        return known

    def _remembered(self, session_id: str, stamp: home.FileStamp) -> _Look | None:
        found = self._cache.get(mark(session_id, stamp, NOT_STORED), session_id, profile=self._profile)
        if found is None or found.session is None:
            return None
        return _Look(found.facts(stamp), found.session, None)

    def _read(self, session_id: str, state: home.FileStat) -> _Look:
        facts = JsonlFacts(session_id, state.size, state.mtime_ns, state.inode)
        metas: list[dict[str, object]] = []
        times: list[float] = []
        ends = _Ends()
        messages = bad = 0
        try:
            for record in jsonl_reader.read_records(state.path):
                if isinstance(record, jsonl.BadLine):
                    bad += 1
                    continue
                if is_message(record):
                    messages += 1
                    ends.take(record)
                else:
                    metas.append(_about(record.value))
                time = message_codec.timestamp(record.value.get("timestamp"))
                times = times if time is None else [*times[:1], time]
        except (CannotOpen, Damaged) as error:
            facts = replace(facts, problem=str(error))
        last = times[-1] if times else None
        facts = replace(facts, messages=messages, meta_lines=len(metas), bad_lines=bad, last_active=last)
        return _Look(facts, self._session(facts, metas, times), ends.outline())

    def _session(self, facts: JsonlFacts, metas: list[dict[str, object]], times: list[float]) -> Session:
        """The session as far as its file knows it: its first session_meta names where it came from."""
        about = metas[0] if metas else {}
        return Session(
            id=facts.session_id,
            source=str(about.get("platform") or ""),
            title=titles.title_from_file(about.get("title")),
            model=str(about["model"]) if about.get("model") else None,
            started_at=times[0] if times else None,
            last_active=times[-1] if times else facts.mtime_ns / 1e9,
            messages=facts.messages,
            profile=self._profile,
            origin=Origin.JSONL,
        )


@dataclass(slots=True)
class _Ends:
    """The messages of a file that its outline is made of."""

    first: jsonl.Record | None = None
    """The user's first,"""
    last: jsonl.Record | None = None
    """and the last of a turn."""
    has_turns: bool = False

    def take(self, record: jsonl.Record) -> None:
        """Look at the next message."""
        role = record.value.get("role")
        if role in TURNS:
            self.last = record
            self.has_turns |= role != "tool"
        if role == "user" and self.first is None:
            self.first = record

    def outline(self) -> Outline:
        """Status and first words; calls at the very end have no result."""
        words = " ".join(_message(self.first).text.split())[:FIRST_WORDS] if self.first else ""
        tail = _tail(_message(self.last)) if self.last else None
        return Outline(session_state.status_of(tail, has_turns=self.has_turns, live=False), words)


def _tail(last: Message) -> session_state.Tail:
    text, calls = bool(last.text.strip()), bool(last.tool_calls)
    return session_state.Tail(last.role, last.finish_reason, has_text=text, open_calls=calls)


def _line(record: jsonl.Record | jsonl.BadLine, session_id: str) -> Message:
    """A line as a reader sees it."""
    if isinstance(record, jsonl.BadLine):
        text = f"Line {record.line} holds no message ({record.reason}): {record.text}"
        return Message(record.line, session_id, UNREADABLE, text, aside=True, origin=Origin.JSONL)
    if is_message(record):
        return message_codec.message_of_record(record.value, session_id=session_id, line=record.line)
    about, tools = _about(record.value), record.value.get("tools")
    said = [str(value) for value in about.values() if value]
    said += [f"{len(tools)} tools"] if isinstance(tools, list) and tools else []
    return Message(record.line, session_id, SESSION_META, ", ".join(said), aside=True, origin=Origin.JSONL)


def _message(record: jsonl.Record) -> Message:
    return message_codec.message_of_record(record.value, session_id="", line=record.line)


def _about(meta: dict[str, object]) -> dict[str, object]:
    """What is remembered of a session_meta line: not its schemas of tools."""
    return {name: meta[name] for name in ("platform", "model", "title") if name in meta}


def compared_message(value: dict[str, object]) -> ComparedMessage:
    """What is compared of a message as it stands in a file."""
    identity = message_codec.identity(
        value.get("role"), value.get("content"), value.get("tool_calls"), value.get("tool_call_id")
    )
    return ComparedMessage(identity, message_codec.timestamp(value.get("timestamp")))
