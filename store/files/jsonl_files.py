"""JSONL files of a home, read once each and cached by (inode, size, mtime).

They are never written, moved or removed (docs/decisions/0010).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import CannotOpen, Damaged, UnsafeId
from ..base.late_dataclass import dataclass, replace
from ..base.long_sort import highest_first
from ..base.models import UNREADABLE, Drift, JsonlFacts, Message, Origin, Outline, Session
from ..formats import jsonl, message_codec, titles
from ..formats.compared_message import ComparedMessage, compared
from ..formats.session_state import TURNS, outline_of
from . import home, jsonl_reader
from .listing import Listing
from .verdict_cache import NOT_STORED, VerdictCache, mark, marks

SESSION_META = "session_meta"
"""Role of a line or a row that describes the session and is no message (docs/format.md §3.1)."""


@dataclass(frozen=True, slots=True)
class _FileSummary:
    """Facts, session and outline of one file."""

    stamp: home.FileStamp
    facts: JsonlFacts
    session: Session
    outline: Outline | None
    """None where facts and session come from the verdict cache and the file was not read."""
    unfinished: bool = False
    """Its last line was being written; a minute later the same bytes are damage, so it is not kept."""


def is_message(record: jsonl.Record) -> bool:
    """True for a line that holds a message."""
    return record.value.get("role") != SESSION_META


class JsonlFiles:
    """Legacy transcripts of one folder; every method may be called from any thread.

    Args:
        folder: `sessions/` of a home; a missing one has no files.
        profile: Of sessions that are in a file only.
        cache: The verdict cache; nothing is cached where it is None.
    """

    def __init__(self, folder: Path, *, profile: str = "default", cache: VerdictCache | None = None) -> None:
        self.folder = folder
        self._profile = profile
        self._cache = cache or VerdictCache(None, folder)
        self._summaries: dict[str, _FileSummary] = {}
        self._listing = Listing(lambda: home.transcript_files(self.folder))

    def find(self, session_id: str) -> home.FileStat | None:
        """The file of a session, None for none; an id that must not become a path is looked up in the listing."""
        try:
            path = f"{self.folder}/{home.safe_id(session_id)}.jsonl"
            state = os.lstat(path)
        except UnsafeId:
            return self._listing.files().get(session_id)
        except OSError:
            return None
        if not stat.S_ISREG(state.st_mode):
            return None
        return home.FileStat.of(Path(path), state)

    def facts(self, session_id: str) -> JsonlFacts | None:
        """Facts of the session's file, None without one; an unchanged file is not read again."""
        summary = self._summary(session_id, self.find(session_id))
        return summary.facts if summary else None

    def facts_at_hand(
        self, session_ids: Sequence[str], row_counts: Callable[[list[str]], Mapping[str, Sequence[object]]]
    ) -> dict[str, JsonlFacts]:
        """The same where no file has to be read for it: of files that were read, or compared in an earlier run.

        Args:
            session_ids: Sessions; those without a file have no facts.
            row_counts: Their `row_counts` by id, asked for those alone whose file was not read in this run.
        """
        if not self.folder.is_dir():
            return {}
        files = {key: file for key in session_ids if (file := self.find(key)) is not None}
        known = {key: self._summaries[key] for key in files if key in self._summaries}
        facts = {key: summary.facts for key, summary in known.items() if summary.stamp == files[key].stamp}
        unread = [key for key in files if key not in facts]
        for key, rows in row_counts(unread).items() if unread else ():
            if (file := files.get(key)) is not None:
                compared = self._cache.get(mark(key, file.stamp, rows), key, profile=self._profile)
                facts |= {key: compared.facts(file.stamp)} if compared else {}
        return facts

    def session(self, session_id: str) -> Session | None:
        """The session by its file alone, None without one."""
        summary = self._summary(session_id, self.find(session_id))
        return summary.session if summary else None

    def outline(self, session_id: str) -> Outline | None:
        """Status and first words by the file alone, None without one."""
        state = self.find(session_id)
        summary = self._summary(session_id, state)
        if summary is None or summary.outline is not None or state is None:
            return summary.outline if summary else None
        return self._remember(session_id, self._read(session_id, state)).outline

    def verdict(self, session_id: str, rows: Sequence[object]) -> tuple[bool, Drift | None]:
        """Whether a session's present state was compared by content, and its flag then.

        Args:
            session_id: The session.
            rows: Its `row_counts`; `NOT_STORED` where SQLite has no row of it.
        """
        file = self.find(session_id)
        if file is None:
            return False, None
        own_mark = mark(session_id, file.stamp, rows)
        return self._cache.is_known(own_mark), self._cache.flag(own_mark)

    def verdicts(
        self, stamps: Mapping[str, home.FileStamp], rows: Mapping[str, Sequence[object]]
    ) -> dict[str, Drift | None]:
        """The flags of those sessions whose state with these stamps and rows was compared by content."""
        own = marks(stamps, rows)
        return {own[known]: flag for known, flag in self._cache.flags(own).items()}

    def stamps(self) -> dict[str, home.FileStamp]:
        """The stamp of every file, by session; one folder listing, nothing is read."""
        return home.transcript_stamps(self.folder)

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Facts of every file, the one changed last first; each that changed is read.

        Raises:
            Interrupted: It was cancelled between two files.
        """
        for session_id, state in self.newest_first():
            raise_if_cancelled(cancel)
            summary = self._summary(session_id, state)
            if summary:
                yield summary.facts

    def ids_without(self, known: Container[str]) -> list[str]:
        """Ids of the files whose session is not in `known`, the one changed last first."""
        unknown = {session_id: stamp for session_id, stamp in self.stamps().items() if session_id not in known}
        return highest_first(unknown, key=lambda session_id: (unknown[session_id][2], session_id))

    def newest_first(self) -> list[tuple[str, home.FileStat]]:
        """Ids and files, the one changed last first; one folder listing, nothing is read."""
        return home.newest_first(home.transcript_files(self.folder))

    def raw(self, session_id: str) -> bytes:
        """The bytes of the session's file; empty without one.

        Raises:
            StoreError: As `jsonl_reader.read_raw`.
        """
        try:
            return jsonl_reader.read_raw(f"{self.folder}/{home.safe_id(session_id)}.jsonl")
        except (UnsafeId, CannotOpen):
            file = self.find(session_id)
            return b"" if file is None else jsonl_reader.read_raw(file.path)

    def records(self, session_id: str) -> Iterator[jsonl.Record | jsonl.BadLine]:
        """Lines of the session's file, none without one; raises as `jsonl_reader.read_records`."""
        file = self.find(session_id)
        if file is not None:
            yield from jsonl_reader.read_records(file.path)

    def message_records(self, session_id: str) -> Iterator[jsonl.Record]:
        """Its messages as written, without damaged lines and session_meta."""
        for record in self.records(session_id):
            if isinstance(record, jsonl.Record) and is_message(record):
                yield record

    def messages(self, session_id: str) -> tuple[Message, ...]:
        """Its messages, with the ids of their records."""
        return tuple(line for line in self.lines(session_id) if not line.aside)

    def lines(self, session_id: str) -> tuple[Message, ...]:
        """All of its lines that are not blank or being written, with the ids of their records: messages and asides."""
        return tuple(
            _message_of_line(record, session_id)
            for record in self.records(session_id)
            if not (isinstance(record, jsonl.BadLine) and record.unfinished)
        )

    def compared_messages(self, session_id: str) -> Iterator[ComparedMessage]:
        """Its messages for comparison."""
        for record in self.message_records(session_id):
            yield compared_message(record.value)

    def _summary(self, session_id: str, state: home.FileStat | None) -> _FileSummary | None:
        if state is None:
            self._summaries.pop(session_id, None)
            return None
        known = self._summaries.get(session_id)
        if known is None or known.stamp != state.stamp:
            known = self._remember(session_id, self._cached(session_id, state.stamp) or self._read(session_id, state))
        return known

    def _remember(self, session_id: str, summary: _FileSummary) -> _FileSummary:
        if not summary.unfinished:
            self._summaries[session_id] = summary
        return summary

    def _cached(self, session_id: str, stamp: home.FileStamp) -> _FileSummary | None:
        cached = self._cache.get(mark(session_id, stamp, NOT_STORED), session_id, profile=self._profile)
        if cached is None or cached.session is None:
            return None
        return _FileSummary(stamp, cached.facts(stamp), cached.session, None)

    def _read(self, session_id: str, state: home.FileStat) -> _FileSummary:
        facts = JsonlFacts(session_id, state.size, state.mtime_ns, state.inode)
        metas: list[dict[str, object]] = []
        times: list[float] = []
        first_turns: dict[object, jsonl.Record] = {}
        last_turns: list[jsonl.Record] = []
        messages = bad = 0
        unfinished = False
        try:
            for record in jsonl_reader.read_records(state.path):
                if isinstance(record, jsonl.BadLine):
                    bad += not record.unfinished
                    unfinished |= record.unfinished
                    continue
                if is_message(record):
                    messages += 1
                    if (role := record.value.get("role")) in TURNS:
                        first_turns.setdefault(role, record)
                        last_turns = [record]
                else:
                    metas.append(_meta_fields(record.value))
                time = message_codec.timestamp(record.value.get("timestamp"))
                times = times if time is None else [*times[:1], time]
        except (CannotOpen, Damaged) as error:
            facts = replace(facts, problem=str(error))
        last = times[-1] if times else None
        facts = replace(facts, messages=messages, meta_lines=len(metas), bad_lines=bad, last_active=last)
        deciding = [_message(record, session_id) for record in (*first_turns.values(), *last_turns)]
        return _FileSummary(state.stamp, facts, self._session(facts, metas, times), outline_of(deciding), unfinished)

    def _session(self, facts: JsonlFacts, metas: list[dict[str, object]], times: list[float]) -> Session:
        """The session by its first session_meta and its times."""
        meta = metas[0] if metas else {}
        begun = message_codec.time_of_id(facts.session_id)
        ended = begun  # a copied or unpacked file has the time of that
        if ended is None:
            ended = message_codec.timestamp(facts.mtime_ns / 1e9)
        return Session(
            id=facts.session_id,
            source=str(meta.get("platform") or ""),
            title=titles.title_from_file(meta.get("title")),
            model=str(meta["model"]) if meta.get("model") else None,
            started_at=times[0] if times else begun,
            last_active=times[-1] if times else ended,
            messages=facts.messages,
            profile=self._profile,
            origin=Origin.JSONL,
        )


def _message_of_line(record: jsonl.Record | jsonl.BadLine, session_id: str) -> Message:
    """A line as it is displayed."""
    if isinstance(record, jsonl.BadLine):
        shown = f": {record.text}" if record.text else ""
        text = f"Line {record.line} holds no message ({record.reason}){shown}"
        return Message(record.id, session_id, UNREADABLE, text, aside=True, origin=Origin.JSONL)
    if is_message(record):
        return _message(record, session_id)
    fields, tools = _meta_fields(record.value), record.value.get("tools")
    facts = [str(value) for value in fields.values() if value]
    facts += [f"{len(tools)} tools"] if isinstance(tools, list) and tools else []
    return Message(record.id, session_id, SESSION_META, ", ".join(facts), aside=True, origin=Origin.JSONL)


def _message(record: jsonl.Record, session_id: str) -> Message:
    message = message_codec.message_of_record(record.value, session_id=session_id, line=record.id)
    return replace(message, replaced=True) if record.replaced else message


def _meta_fields(meta: dict[str, object]) -> dict[str, object]:
    """The fields kept of a session_meta line; its tool schemas are large and dropped."""
    return {name: meta[name] for name in ("platform", "model", "title") if name in meta}


def compared_message(value: dict[str, object]) -> ComparedMessage:
    """A JSONL message for comparison."""
    return compared(
        value.get("role"),
        value.get("content"),
        value.get("tool_calls"),
        value.get("tool_call_id"),
        platform_id=value.get("message_id") or value.get("platform_message_id"),
        time=message_codec.wall_clock(value.get("timestamp")),
    )
