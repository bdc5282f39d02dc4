"""One stream of hits from SQLite and from the files that know more: newest first, batch by batch, cancellable.

SQLite comes first, by row id: ids by the index, then the bodies of the few that are shown, each step a read
transaction of its own.
Then come the JSONL files of sessions that have no row, and of those that may hold messages SQLite lacks, the file
changed last first; of the latter only the messages that are missing in SQLite.
Last come what waits in the spool, and the snapshots of sessions that nothing else knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.deferred import deferring
from ..base.errors import CannotOpen, Damaged, StoreMissing
from ..base.fallbacks import Fallback, FallbackKind, ScanProgress
from ..base.late_dataclass import dataclass
from ..base.models import UNREADABLE, Batch, Hit, Message, Origin, Session
from ..drift import verdict
from ..drift.sources import read_sources
from ..engine.search import HitRow, SearchStep, SessionLabel
from ..files.verdict_cache import NOT_STORED
from ..formats import message_codec
from ..query.filters import passes
from ..query.json_escapes import searchable_arguments, searchable_text
from ..query.matcher import Marker
from ..query.parse import Query, accepts, matches
from ..query.raw_words import RawWords
from .copied_hits import CopiedHits
from .excerpt import Spans, cut, excerpt
from .session_states import SessionStates, row_counts

if TYPE_CHECKING:
    from ..engine.ports import Engine
    from ..files.file_sources import FileSources

FIRST, LATER = 8, 100
"""Hits of the first batch, which is on the screen before the second is asked for, and of the others."""
KEPT_BYTES = 16_384
"""A message up to which a hit is made when it is painted, and keeps it until then."""
FILE_BYTES = 64 * 1024 * 1024
"""Maximum bytes of JSONL that a search reads, the files changed last first."""

_AT_ONCE = 100
"""Files whose verdicts are looked up first; those of all others together."""


@dataclass(slots=True)
class Unread:
    """What a search left out because of damage."""

    rows: int = 0
    """Rows, at most, of which not even the id was read."""
    hits: int = 0

    def take_rows(self, rows: int) -> None:
        """Take the number of rows that a search of ids has passed over so far."""
        self.rows = max(self.rows, rows)

    @property
    def fallback(self) -> Fallback | None:
        """The number in all; None for none."""
        unread = self.rows + self.hits
        return Fallback(FallbackKind.PAGES_DAMAGED, unread=unread) if unread else None


class Search:
    """A search while it runs.

    Args:
        now: Seconds since 1970, for `is:live`.
        profile: Profile of the home.
        cancel: Cancels the search.
    """

    def __init__(
        self, engine: Engine, leftovers: FileSources, query: Query, *, now: float, profile: str, cancel: Cancel | None
    ) -> None:
        self._engine, self._leftovers, self._query = engine, leftovers, query
        self._files = leftovers.files
        self._cancel = cancel
        self.states = SessionStates(engine, self._files, query, now=now, profile=profile, cancel=cancel)
        self._marker = Marker(query)
        self._read: set[int] = set()
        self._copies = CopiedHits(engine, cancel)
        self._fallback: Fallback | None = None
        self._progress = ScanProgress.INDEXED
        self._rows_scanned = self._found = 0
        self._capped = False
        self._partial = False
        self.unread = Unread()

    def batches(self, limit: int, after_id: int) -> Iterator[Batch]:
        """SQLite's hits, then the files'; the last batch is `done`.

        Args:
            limit: Hits in all, from both sources.
            after_id: Only rows above this id, and no files: for a search that is continued while agents write.

        Raises:
            Interrupted: The search was cancelled.
            StoreError: SQLite cannot be read, nothing was found before, and there are no files either; else `fallbacks`
                says it.
        """
        if not self._query.has_conditions:
            yield Batch((), done=True)
            return
        try:
            yield from self._stored(limit, after_id)
        except StoreMissing as error:
            if not self._engine.capabilities.files:
                raise CannotOpen(str(error)) from None
            self.states.readable = False
            self._report(Fallback(FallbackKind.NO_STORE))
        except (CannotOpen, Damaged) as error:
            if after_id or not (self._found or self._leftovers.any):
                raise
            self.states.readable, self._partial = False, True
            self._report(Fallback(FallbackKind.STORE_UNREAD, error=str(error)))
        if not after_id and not self._capped:
            yield from self.written(limit)
        yield self._batch((), done=True)

    def _batch(self, hits: Sequence[Hit], *, done: bool = False) -> Batch:
        self._found += len(hits)
        shown = [] if self._progress.is_transient else [self._fallback]
        unread = self.unread.fallback
        fallbacks, partial = tuple(filter(None, [*shown, unread])), self._partial or unread is not None
        return Batch(tuple(hits), done, self._capped, fallbacks, self._rows_scanned, partial, self._progress)

    def _report(self, fallback: Fallback) -> None:
        """Report something other than a scan."""
        self._fallback, self._progress = fallback, ScanProgress.INDEXED

    def _stored(self, limit: int, after_id: int) -> Iterator[Batch]:
        """SQLite's hits; twice as many ids are read where copies were among them, until there are enough."""
        wanted, met = limit + 1, -1
        while met < self._copies.met and (met < 0 or (self._capped and self._found < limit)):
            met, self._capped = self._copies.met, False
            yield from self._page(limit, wanted, after_id)
            wanted *= 2

    def _page(self, limit: int, wanted: int, after_id: int) -> Iterator[Batch]:
        """Ids one more than asked for, so that it is known whether there are more; bodies of those asked for only."""
        for step in self.steps(limit=wanted, after_id=after_id):
            self._progress = step.progress
            self._fallback = step.fallback or self._fallback
            self.unread.take_rows(step.unread)
            self._rows_scanned = step.examined if self._fallback or step.progress.is_transient else 0
            fresh = [message_id for message_id in step.ids if message_id not in self._read]
            self._capped = self._capped or self._found + len(fresh) > limit
            ids = fresh[: limit - self._found]
            while ids:
                size = LATER if self._found else FIRST
                chunk, ids = ids[:size], ids[size:]
                # From batch to batch the order of rows stands in for the time.
                hits = self.hydrated(chunk, above=after_id, known=step.rows)
                yield self._batch(sorted(hits, key=lambda hit: -(hit.timestamp or 0.0)))
            if not (step.ids or step.done):
                yield self._batch(())
        if self._progress.is_transient:
            self._progress = ScanProgress.INDEXED

    def hydrated(self, ids: Sequence[int], *, above: int = 0, known: Sequence[HitRow] = ()) -> list[Hit]:
        """The hits of at most 256 rows, in their order, without those that are gone; each message once.

        Args:
            above: Messages with a row up to this id are left out: they were found before.
            known: Rows that were read with the ids, whatever their order; the others are read.
        """
        self._read.update(ids)
        hits = []
        rows = _in_order(ids, known) or self._engine.search.read_hits(ids, cancel=self._cancel)
        readable = [row for row in rows if row.role != UNREADABLE]
        self.unread.hits += len(rows) - len(readable)
        for row in self._copies.without(readable, above):
            if 0 < row.n_bytes <= KEPT_BYTES:
                whole = partial(self._hit_of_row, row)
                hits.append(_later(whole, row.session_id, row.id, row.role, row.timestamp))
            else:
                raise_if_cancelled(self._cancel)
                hits.append(self._hit_of_row(row))
        return hits

    def _hit_of_row(self, row: HitRow) -> Hit:
        """A row as a hit; most match in their text, and their other columns are not decoded."""
        shown, spans = excerpt(self._marker, row.text)
        if not spans:
            return hit(self._query, row.message(), row.label)
        return _hit(row, shown, spans, row.label, Origin.SQLITE)

    def steps(self, *, limit: int, after_id: int = 0) -> Iterator[SearchStep]:
        """Ids of SQLite's hits, newest first; raises as `TextSearch.matching_ids`."""
        above = self.states.above(after_id)
        if above is None:
            return iter((SearchStep((), 0, done=True),))
        return self._engine.search.matching_ids(
            self._query, limit=limit, above=above or None, session_filter=self.states.filter, cancel=self._cancel
        )

    def written(self, limit: int) -> Iterator[Batch]:
        """The hits of JSONL files, of the spool and of snapshots."""
        yield from self._written(limit)
        yield from self._beside(limit)

    def _written(self, limit: int) -> Iterator[Batch]:
        """The hits of files, each file a batch or several."""
        n_bytes, passed = FILE_BYTES, 0
        for session, rows in self._file_sessions():
            facts = self._files.facts(session.id)
            if facts is None or not verdict.may_know_more(session, self._files, rows) or not self._admits(session):
                continue
            n_bytes -= facts.size
            if n_bytes < 0:
                passed += 1
                self._report(Fallback(FallbackKind.FILES_LEFT_OUT, files=passed, n_bytes=FILE_BYTES))
                continue
            found = self._hits_of(session, limit - self._found)
            for start in range(0, len(found), LATER):
                yield self._batch(found[start : start + LATER])
            if self._capped:
                return

    def _beside(self, limit: int) -> Iterator[Batch]:
        """The hits of what waits in the spool, and of snapshots whose session nothing else knows."""
        for session, there in self._others():
            raise_if_cancelled(self._cancel)
            if self._capped or not self._admits(session):
                continue
            found = [message for message in reversed(there) if self._answered_by(message)]
            if found:
                yield self._batch(self._hits(session, found, limit - self._found))

    def _others(self) -> Iterator[tuple[Session, Sequence[Message]]]:
        for session_id in self._leftovers.spool.ids():
            session = next(iter(self.states.rows([session_id])), None) or self._leftovers.session(session_id)
            waiting = [message for message in self._leftovers.messages(session_id) if message.origin is Origin.SPOOL]
            if session is not None and waiting:
                yield session, waiting
        n_bytes = FILE_BYTES
        for session_id, size in self._leftovers.snapshot_only(lambda ids: {row.id for row in self.states.rows(ids)}):
            n_bytes -= size
            if n_bytes < 0:
                self._report(Fallback(FallbackKind.SNAPSHOTS_LEFT_OUT, n_bytes=FILE_BYTES))
                return
            if (session := self._leftovers.session(session_id)) is not None:
                yield session, self._leftovers.messages(session_id)

    def _file_sessions(self) -> Iterator[tuple[Session, Sequence[object]]]:
        """The sessions with a file worth reading, the file changed last first, as SQLite has them, and row counts."""
        stamps, words = self._files.stamps(), RawWords(self._query)
        ids = [key for _, key in sorted(((stamp[2], key) for key, stamp in stamps.items()), reverse=True)]
        for part in filter(None, (ids[:_AT_ONCE], ids[_AT_ONCE:])):
            listed = {key: stamps[key] for key in part}
            rows = row_counts(self._engine, part)
            page = [key for key in verdict.unsettled(listed, self._files, rows) if self._may_answer(words, key)]
            known = {session.id: session for session in self.states.rows(page)}
            for session_id in page:
                raise_if_cancelled(self._cancel)
                if (session := known.get(session_id) or self._files.session(session_id)) is not None:
                    yield session, rows.get(session_id, NOT_STORED)

    def _may_answer(self, words: RawWords, session_id: str) -> bool:
        """False for a file whose bytes surely lack the words."""
        raise_if_cancelled(self._cancel)
        try:
            return not words.surely_missing(self._files.raw(session_id))
        except (CannotOpen, Damaged):  # its facts say why
            return True

    def _hits_of(self, session: Session, room: int) -> list[Hit]:
        """The newest hits of one file that SQLite lacks, newest first."""
        missing = cache(partial(self._missing_places, session.id))  # compared once, where a message matches
        found: deque[Message] = deque(maxlen=room + 1)
        try:
            for place, record in enumerate(self._files.message_records(session.id)):
                raise_if_cancelled(self._cancel)
                message = message_codec.message_of_record(record.value, session_id=session.id, line=record.id)
                if self._answered_by(message) and (session.origin is Origin.JSONL or place in missing()):
                    found.append(message)
        except (CannotOpen, Damaged):  # removed, or no longer readable, since it was listed
            pass
        return self._hits(session, list(reversed(found)), room)

    def _hits(self, session: Session, found: Sequence[Message], room: int) -> list[Hit]:
        """The hits of a session for which there is room."""
        self._capped = len(found) > room
        label = SessionLabel(session.source, session.model, session.title)
        return [hit(self._query, message, label) for message in found[:room]]

    def _missing_places(self, session_id: str) -> frozenset[int]:
        """The places of a file's messages that SQLite lacks."""
        union = read_sources(self._engine, self._files, session_id).compared(self._engine).union
        return frozenset(here for here, there in union if here is not None and there is None)

    def _answered_by(self, message: Message) -> bool:
        return self._admits_message(message) and accepts(self._query, searchable_text(searchable(message)))

    def _admits(self, session: Session) -> bool:
        """The filters that speak of a session."""
        texts = {"source": session.source, "model": session.model, "cwd": session.cwd, "title": session.title}
        return self.states.passes(session) and all(passes(self._query, key, [text]) for key, text in texts.items())

    def _admits_message(self, message: Message) -> bool:
        """The filters that speak of a message."""
        tools = [message.tool_name, *(call.name for call in message.tool_calls)]
        if not passes(self._query, "role", [message.role]) or not passes(self._query, "tool", tools):
            return False
        return all(
            _passes(message, rule.key, rule.timestamp) is not rule.negated
            for rule in self._query.filters
            if rule.key in ("after", "before", "has")
        )


_later = deferring(Hit, "session_id", "message_id", "role", "timestamp")


def _in_order(ids: Sequence[int], known: Sequence[HitRow]) -> list[HitRow]:
    """The known rows in the order of the ids; none where one is missing."""
    there = {row.id: row for row in known}
    found = [there[key] for key in ids if key in there]
    return found if len(found) == len(ids) else []


def _passes(message: Message, key: str, timestamp: float | None) -> bool:
    if key == "has":
        return bool(message.reasoning)
    if message.timestamp is None or timestamp is None:
        return False
    return message.timestamp >= timestamp if key == "after" else message.timestamp < timestamp


def searchable(message: Message) -> str:
    """Text of a message as an index holds it: content, tool name, calls, reasoning (once part of the content)."""
    return " ".join(part for part in (message.text, message.tool_name, *_calls(message), message.reasoning) if part)


def _calls(message: Message) -> Iterator[str]:
    return (f"{call.name} {searchable_arguments(call.arguments)}" for call in message.tool_calls)


def hit(query: Query, message: Message, label: SessionLabel) -> Hit:
    """A message as a search shows it: the part that contains a match, cut around the first one."""
    parts = [part for part in (message.text, *_calls(message), message.tool_name, message.reasoning) if part]
    found = ((part, spans) for part in parts if (spans := matches(query, part)))
    text, spans = next(found, (parts[0] if parts else "", ()))
    return _hit(message, *cut(text, spans), label, message.origin)


def _hit(row: HitRow | Message, text: str, spans: Spans, label: SessionLabel, origin: Origin) -> Hit:
    found = (row.session_id, row.id or 0, row.role, text, spans, row.timestamp)
    return Hit(*found, label.source, label.model, label.title, origin, row.tool_name)
