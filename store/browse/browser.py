"""The verbs that a screen and a command line ask: pages, windows, flags; nothing here writes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..agent import reads
from ..agent.messages import MessageVerbs
from ..base.cancel import Cancel
from ..base.errors import CannotOpen, Damaged, StoreMissing
from ..base.models import (
    Batch,
    Census,
    Check,
    ContextLine,
    Count,
    Drift,
    FamilyMember,
    Finding,
    FirstListing,
    Head,
    Hit,
    JsonlFacts,
    Message,
    Origin,
    Outline,
    Page,
    Scope,
    Session,
    SessionLocation,
    SurveyStep,
)
from ..drift import verdict as drift
from ..drift.survey import Survey
from ..files import outbox
from ..files.jsonl_files import SESSION_META
from ..formats.compaction_overlap import EDGE_ROWS, Fingerprint, carried_over_ids
from ..formats.row_encoding import storable
from ..health import doctor
from ..query.parse import Query, parse
from ..query.tokenizer import cjk_runs, fold
from ..search import stream as search
from ..search.ranking import Ranking
from ..sqlite.rows import comparison_rows, messages, orphan_sessions, sessions, vocabulary
from ..sqlite.rows.counts import NO_COUNTS, counts
from ..sqlite.rows.orphan_sessions import OrphanCursor
from ..sqlite.rows.sessions import DamagedTableCursor, SessionCursor
from . import locate
from .watch import Watch

CONTEXT_BYTES = 8192
"""Bytes of a plain text that a line of context shows at most."""


class BrowserVerbs(MessageVerbs):
    """What is not there is empty or None; what cannot be read is a StoreError."""

    def sessions(self, *, limit: int = 200, cursor: object = None) -> Page[Session]:
        """A page of all sessions in SQLite, newest start first: archived, hidden and child ones included.

        At the end come those that have messages and no row (`Session.orphan`), by id.
        Where a page of the file is damaged, sessions may come twice, and those that cannot be read say so.

        Args:
            cursor: `Page.cursor` of the page before.
        """
        now, profile = time.time(), self._profile
        rows: Page[Session] = Page(())
        if not isinstance(cursor, OrphanCursor):
            rows = self._page(limit, cursor)
            if rows.more:
                return rows
            cursor = OrphanCursor()
        room = limit - len(rows.items)
        alone = orphan_sessions.page(self._reader, limit=room, cursor=cursor, now=now, profile=profile)
        return Page((*rows.items, *alone.items), alone.more, alone.cursor)

    def _page(self, limit: int, cursor: object) -> Page[Session]:
        """The rows behind the cursor; from where a page is damaged all of them once more, by id."""
        now, profile = time.time(), self._profile
        if not isinstance(cursor, DamagedTableCursor):
            after = cursor if isinstance(cursor, SessionCursor) else None
            try:
                return sessions.page(self._reader, limit=limit, cursor=after, now=now, profile=profile)
            except Damaged:
                cursor = DamagedTableCursor()
        return sessions.page_by_id(self._reader, limit=limit, cursor=cursor, now=now, profile=profile)

    def recent(self, *, limit: int = 200) -> tuple[Session, ...]:
        """The sessions of the newest messages and the newest started ones, last active first: for the first frame.

        Where the newest messages lie on a damaged page, those started last.
        """
        try:
            active = sessions.newest(self._reader)[:limit]
        except Damaged:
            active = ()
        found = {row.id: row for row in (*self._rows(active), *self.sessions(limit=limit).items)}
        return tuple(sorted(found.values(), key=lambda row: (row.last_active or 0.0, row.id), reverse=True)[:limit])

    def glance(self, *, limit: int = 200) -> FirstListing:
        """The sessions of `recent` and the newest of those that only JSONL files know, with their quick flags.

        Where there is no state.db yet, the files alone.
        """
        try:
            rows = self.recent(limit=limit)
        except StoreMissing:
            rows = ()
        return self._survey.glance(rows, most=limit)

    def survey(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts by content of all sessions that have a JSONL file, as flags.

        First those that are remembered from an earlier start, in one step, then one session after the other, the newest
        first; what was found is remembered, where this SessionDB has a `cache_dir`.

        Raises:
            Interrupted: `cancel` was withdrawn.
        """
        return self._survey.run(cancel=cancel)

    def verify(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The same of some sessions, which changed; those without a JSONL file are passed over.

        Raises:
            Interrupted: `cancel` was withdrawn.
        """
        return self._survey.again(session_ids, cancel=cancel)

    @property
    def _survey(self) -> Survey:
        return Survey(self._reader, self._files, self._cache, profile=self._profile)

    def session(self, session_id: str) -> Session | None:
        """One session, from SQLite or from files that alone know it: JSONL, the spool, a snapshot as the last resort.

        Where SQLite cannot be read, the files speak for it.
        """
        try:
            found = next(iter(self._rows([session_id])), None)
        except (CannotOpen, Damaged):
            if (alone := self.leftovers.session(session_id)) is None:
                raise
            return alone
        return found or self.leftovers.session(session_id)

    def _rows(self, ids: Iterable[str]) -> tuple[Session, ...]:
        return sessions.by_ids(self._reader, ids, now=time.time(), profile=self._profile)

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know: those with a JSONL file, the file changed last first, then the spool's,
        then the snapshots'; `Session.origin` tells which.

        Where SQLite cannot be read, all that have a file.
        """
        try:
            known = {*comparison_rows.session_ids(self._reader), *orphan_sessions.ids(self._reader)}
        except (CannotOpen, Damaged):
            known = set()
        return tuple(self.leftovers.sessions(known))

    def outlines(self, session_ids: Iterable[str]) -> dict[str, Outline]:
        """Status and first words of the sessions that are there: for what is on the screen.

        Where SQLite cannot be read, of those that have a file.
        """
        wanted = list(session_ids)
        try:
            rows = self._rows(wanted)
        except (CannotOpen, Damaged):
            rows = ()
        found = {row.id: self._outline(row) for row in rows}
        alone = ((one, self.leftovers.outline(one)) for one in wanted if one not in found)
        return found | {one: outline for one, outline in alone if outline is not None}

    def _outline(self, row: Session) -> Outline:
        try:
            return reads.outline(self._reader, row)
        except Damaged:
            return Outline(None)

    def scope(self) -> Scope:
        """How many sessions SQLite has, and how many the default list leaves out and why."""
        return sessions.scope(self._reader)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain that a session belongs to, root first; its own id where it is alone."""
        return sessions.lineage_of(self._reader, [session_id]).chain(session_id) or (session_id,)

    def family(self, session_id: str) -> tuple[FamilyMember, ...]:
        """The whole family of a session as a tree: what it continues, branches, delegates; itself where it is alone."""
        tree = sessions.lineage_of(self._reader, [session_id]).tree(session_id)
        rows = {row.id: row for row in self._rows([one for one, _ in tree])}
        return tuple(FamilyMember(rows[one], depth) for one, depth in tree if one in rows)

    def carried(self, session_id: str, before: str) -> frozenset[int]:
        """Ids of the rows that only repeat what the section before has, because a compaction carried them over.

        Where a page is damaged none are told: better twice than not at all.

        Args:
            session_id: A section of a chain.
            before: The section before it, "" for the first: then only rows that have a twin in it are told.
        """
        try:
            return self._carried(session_id, before)
        except Damaged:
            return frozenset()

    def _carried(self, session_id: str, before: str) -> frozenset[int]:
        marked = comparison_rows.marked_copies(self._reader, session_id, before)
        count = counts(self._reader, [before]).get(before, NO_COUNTS)
        if count.last_id is None:
            return frozenset(marked)
        edges = (
            messages.heads(self._reader, storable(before), after=0, limit=EDGE_ROWS).items,
            messages.last_heads(self._reader, storable(before), limit=EDGE_ROWS),
            messages.heads(self._reader, storable(session_id), after=0, limit=EDGE_ROWS).items,
        )
        first, last, start = ([head for head in one if head.role != SESSION_META] for one in edges)
        return carried_over_ids(first, last, start, self._fingerprints) | marked

    def _fingerprints(self, heads: Sequence[Head]) -> list[Fingerprint]:
        found = comparison_rows.fingerprints(self._reader, [head.id for head in heads])
        return [found.get(head.id, Fingerprint(str(head.id).encode())) for head in heads]

    def heads(self, session_id: str, *, after: int = 0, limit: int = 4096) -> Page[Head]:
        """What is known of a session's messages without their bodies, in id order, inactive ones included.

        Args:
            after: The id before the first one; the page's cursor is the last id, where more follow.
        """
        return messages.heads(self._reader, storable(session_id), after=after, limit=limit)

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """Messages by row id in the order asked for, without those that are gone.

        One that lies on a damaged page is a message of the role `UNREADABLE` that says so, and hides no other.

        Raises:
            ValueError: More than 256 ids.
        """
        return messages.readable_bodies(self._reader, ids)

    def context(self, session_id: str, message_id: int, *, width: int = 1) -> tuple[ContextLine, ...]:
        """The messages round one, `width` on each side, in id order within the session: one critical section.

        A plain text is cut after its first 8 kB.
        """
        return messages.window(self._reader, session_id, message_id, width=width, n_bytes=CONTEXT_BYTES)

    def search(
        self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None, after_id: int = 0
    ) -> Iterator[Batch]:
        """Hits newest first, from SQLite and from files that know more, batch by batch.

        Args:
            query: Words as they are typed, or what `query.parse` made of them.
            limit: Hits in all.
            cancel: Withdraws the question.
            after_id: Only messages of SQLite above this id.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: `cancel` was withdrawn.
        """
        now = time.time()
        asked = parse(query, now=now) if isinstance(query, str) else query
        return search.stream(
            self._reader,
            self.leftovers,
            asked,
            now=now,
            limit=limit,
            after_id=after_id,
            profile=self._profile,
            cancel=cancel,
        )

    def rank(
        self,
        query: Query | str,
        *,
        limit: int = 20,
        found: Sequence[Hit] | None = None,
        cancel: Cancel | None = None,
    ) -> Batch:
        """The best hits, best first; of equally good ones the newer first.

        Of many matches the newest 50,000 are ranked, and `fallback` says so.
        Hits of files are put in by their own worth.

        Args:
            query: Words as they are typed, or what `query.parse` made of them.
            limit: Hits in all.
            found: The newest hits, where a search gave them: they are ranked where no index can rank more.
            cancel: Withdraws the question.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: `cancel` was withdrawn.
        """
        return self._ranking(query, cancel).best(limit, found)

    def oldest(self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None) -> Batch:
        """The oldest hits, oldest first; every match is looked at.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: `cancel` was withdrawn.
        """
        return self._ranking(query, cancel).oldest(limit)

    def count(self, query: Query | str, *, cap: int | None = None, cancel: Cancel | None = None) -> Count:
        """How many messages a search has to find and in how many sessions, those of files too.

        Args:
            cap: Count no further than that.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: `cancel` was withdrawn.
        """
        return self._ranking(query, cancel).count(cap)

    def meant(self, query: Query | str, *, cancel: Cancel | None = None) -> dict[str, str]:
        """What was meant, perhaps, where nothing was found: words that the index lacks, each with the closest it has.

        Chinese, Japanese and Korean words, and those that are still being typed, are left out.
        Where SQLite cannot be read there is nothing to propose; the search itself has said why.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: `cancel` was withdrawn.
        """
        asked = parse(query, now=time.time()) if isinstance(query, str) else query
        words = {word for term in asked.terms if not term.prefix for word in term.words if not cjk_runs(word)}
        try:
            found = {
                word: vocabulary.similar_words(self._reader, fold(word).letters, limit=1, cancel=cancel)
                for word in sorted(words)
            }
        except (CannotOpen, Damaged):
            return {}
        return {word: close[0] for word, close in found.items() if close}

    def _ranking(self, query: Query | str, cancel: Cancel | None) -> Ranking:
        now = time.time()
        asked = parse(query, now=now) if isinstance(query, str) else query
        return Ranking(self._reader, self.leftovers, asked, now=now, profile=self._profile, cancel=cancel)

    def facts(self, session_id: str) -> JsonlFacts | None:
        """What the session's JSONL file tells, None without one."""
        return self._files.facts(session_id)

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Every JSONL file, the one changed last first; an unchanged one is not read again."""
        return self._files.all_facts(cancel=cancel)

    def file_messages(self, session_id: str, *, asides: bool = False) -> tuple[Message, ...]:
        """The messages of a session that lie beside SQLite, none where none do: its JSONL file's, then those that wait
        in the spool; a snapshot's only where neither has the session. `Message.origin` tells which.

        Args:
            asides: Give the lines of the JSONL file that are no messages, too (`Message.aside`).
        """
        found = self.leftovers.messages(session_id, asides=asides)
        return () if found and found[0].origin is Origin.SNAPSHOT and self._is_stored(session_id) else found

    def _is_stored(self, session_id: str) -> bool:
        """SQLite has a row or messages of the session, as far as it can be read."""
        try:
            return bool(self._rows([session_id]))
        except (CannotOpen, Damaged):
            return False

    def snapshot_messages(self, session_id: str) -> tuple[Message, ...]:
        """What a session's JSON snapshot holds, none without one; it may have lost messages, so it is asked for."""
        snapshot = self.leftovers.snapshots.get(session_id)
        return snapshot.messages if snapshot else ()

    def waiting(self, session_id: str) -> tuple[Message, ...]:
        """The messages that wait in the spool because they could not be written into SQLite."""
        return self.leftovers.waiting(session_id)

    def drift(self, session: Session, facts: JsonlFacts | None) -> Drift | None:
        """The quick flag, by counts and stat; None where nothing speaks for a difference."""
        return drift.flag(session, facts)

    def check(self, session_id: str) -> Check:
        """Compare both sources of a session by content.

        Raises:
            SessionMissing: Neither knows it.
        """
        return drift.Checker(self._reader, self._files).check(session_id)

    def checks(self, ids: Iterable[str] | None = None, *, cancel: Cancel | None = None) -> Iterator[Check]:
        """Compare one session after the other: those asked for, or all, newest first."""
        return drift.Checker(self._reader, self._files).checks(ids, cancel=cancel)

    def named(self, text: str, *, limit: int) -> list[str]:
        """Ids of sessions in SQLite that have this id, begin so or have it in their title; that very id first."""
        found = sessions.find_by_name(self._reader, storable(text) or "", limit=limit)
        found += [one for one in orphan_sessions.ids(self._reader) if one.startswith(text)]
        return sorted(found, key=lambda one: one != text)[:limit]

    def census(self) -> Census:
        """How many sessions this home has by their source, what waits or cannot be read, and the other profiles."""
        return locate.census(self)

    def where(self, text: str) -> tuple[SessionLocation, ...]:
        """Where the sessions are that an id, the start of one or a part of a title may mean, in this and all profiles.

        Returns:
            This profile's first; () for what is not on this machine.
        """
        return locate.where(self, text)

    def problems(self) -> tuple[str, ...]:
        """A sentence for each part of this store that could not be read, where the others could; see `ProfilesDB`."""
        return ()

    def watch(self) -> Watch:
        """A watch on this store and its JSONL files, for one thread."""
        return Watch(self._reader, self.sessions_dir)

    def health(self, *, cancel: Cancel | None = None) -> Iterator[Finding]:
        """How the store is: permissions, journal, lock, indexes, integrity and more; nothing is changed.

        Raises:
            Interrupted: `cancel` was withdrawn; a copy that was being checked is removed.
        """
        return doctor.findings(self._reader, cancel=cancel or Cancel())

    def refused(self) -> tuple[Path, ...]:
        """The files that keep messages which this store would not take; `replay` writes them."""
        return outbox.pending_files(outbox.folder_of(self.path))
