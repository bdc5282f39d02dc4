"""Sessions of a database as they are copied: whole, or only what came since the copy before; and their marks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..base.models import Head, SectionVersion
from ..engine.copied import CopiedRows
from ..engine.operations import RawRow
from ..engine.ports import Engine
from ..engine.push_target import SessionCopy

PAGE = 256
"""Heads that are asked for at once: where no index has a session together, a page walks a multiple of it."""
MOST_SEEN = 4_096
"""Sessions whose digests are remembered."""
WALKED, WALKED_SESSIONS = 1_024, 256
"""Messages of a step of a walk, and sessions."""
MOST_PROMPTS = 64
"""Prompts that are remembered: most sessions share one."""


def _digest() -> Any:
    return hashlib.blake2b(digest_size=16)


@dataclass(slots=True)
class _Seen:
    """The messages of a session as they were copied."""

    version: SectionVersion = field(default_factory=SectionVersion)
    digest: Any = field(default_factory=_digest)
    """Of every cell, to be continued."""
    last: int = 0
    number: int = 0

    @property
    def mark(self) -> str:
        """Last id, number and digest."""
        return f"{self.last}.{self.number}.{self.digest.hexdigest()}"

    def take(self, row: RawRow) -> None:
        """Add the next message."""
        _update(self.digest, row)
        self.last, self.number = int(str(row["id"])), self.number + 1


class SessionCopies:
    """Makes the copies of one home, and remembers what was in them."""

    def __init__(self, engine: Engine, rows: CopiedRows) -> None:
        self._engine, self._rows = engine, rows
        self._seen: dict[str, _Seen] = {}
        self._prompts: dict[object, str | None] = {}

    def marks(self, ids: Iterable[str], found: dict[str, str]) -> Iterator[None]:
        """The marks of sessions as they are now, from one walk through all messages, in steps.

        Args:
            found: Where they are put, after the last step.
        """
        seen = {session_id: _Seen() for session_id in ids}
        for number, raw in enumerate(self._rows.every_message()):
            if (own := seen.get(str(raw.get("session_id")))) is not None:
                own.take(raw)
            if number % WALKED == 0:
                yield
        marks: dict[str, str] = {}
        for number, (key, own) in enumerate(seen.items()):
            marks[key] = _mark(None, own)
            if number % WALKED_SESSIONS == 0:
                yield
        for number, row in enumerate(self._rows.session_rows()):
            if (own := seen.get(key := str(row["id"]))) is not None:
                marks[key] = _mark(row, own)
            if number % WALKED_SESSIONS == 0:
                yield
        found |= marks

    def new(self, ids: Sequence[str]) -> Iterator[SessionCopy]:
        """Some sessions, whole, by a few reads for all of them."""
        rows = {str(row["id"]): row for row in self._rows.session_rows(ids)}
        messages: dict[str, list[RawRow]] = {session_id: [] for session_id in ids}
        for raw in self._rows.messages_of(ids):
            messages.get(str(raw.get("session_id")), []).append(raw)
        for session_id in ids:
            seen = _Seen()
            for raw in messages[session_id]:
                seen.take(raw)
            row = rows.get(session_id)
            yield SessionCopy(session_id, _mark(row, seen), row, self._prompt(row), messages.pop(session_id))

    def states(self, ids: Sequence[str]) -> dict[str, object]:
        """What changes with any act of Hermes on one of some sessions, by two reads for all of them."""
        versions = self._engine.messages.versions(ids)
        rows = {str(row["id"]): mark_of([row]) for row in self._rows.session_rows(ids)}
        return {session_id: (rows.get(session_id), versions.get(session_id)) for session_id in ids}

    def copy(self, session_id: str, known: str, *, whole: bool) -> SessionCopy:
        """A session and its new mark.

        Args:
            known: Its mark at the copy before, "" for none.
            whole: Read every message, so that an edit is noticed that changes no count.
        """
        row = next(self._rows.session_rows([session_id]), None)
        before = known.partition(" ")[2]
        version = self._engine.messages.versions([session_id]).get(session_id, SectionVersion())
        grown = None if whole else self._grown(session_id, before, version)
        messages, after = grown or self._whole(session_id, before, version)
        return SessionCopy(session_id, _mark(row, self._seen[session_id]), row, self._prompt(row), messages, after)

    def _prompt(self, row: RawRow | None) -> str | None:
        """The shared prompt that a row names by its hash."""
        if row is None or not (digest := row.get("system_prompt_hash")):
            return None
        if digest not in self._prompts:
            if len(self._prompts) >= MOST_PROMPTS:
                self._prompts.clear()
            found = (self._engine.records.session(str(row["id"])) or {}).get("system_prompt")
            self._prompts[digest] = found if isinstance(found, str) else None
        return self._prompts[digest]

    def _grown(
        self, session_id: str, before: str, version: SectionVersion
    ) -> tuple[Sequence[RawRow], int | None] | None:
        """The new messages of a session that only grew; None for any other."""
        seen = self._seen.get(session_id)
        if seen is None or seen.mark != before:
            return None
        heads, after = self._heads(session_id, seen.last), seen.last
        if seen.version.grown(heads) != version:
            return None
        rows = list(self._engine.repairs.message_rows([head.id for head in heads]))
        seen.version = version
        for row in rows:
            seen.take(row)
        return rows, after

    def _whole(self, session_id: str, before: str, version: SectionVersion) -> tuple[Sequence[RawRow], int | None]:
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        seen = self._seen[session_id] = _Seen(version)
        after = 0 if before == seen.mark else None
        rows: list[RawRow] = []
        for row in self._rows.messages_of([session_id]):
            seen.take(row)
            rows.append(row)
            if seen.mark == before:
                after, rows = seen.last, []
        return rows, after

    def _heads(self, session_id: str, after: int) -> list[Head]:
        page = self._engine.messages.heads(session_id, after=after, limit=PAGE)
        heads = [*page.items]
        while page.more:
            page = self._engine.messages.heads(session_id, after=heads[-1].id, limit=PAGE)
            heads += page.items
        return heads


def _mark(row: RawRow | None, seen: _Seen) -> str:
    return f"{mark_of([row or {}])} {seen.mark}"


def mark_of(rows: Iterable[RawRow]) -> str:
    """Digest of every cell of some rows."""
    digest = _digest()
    for row in rows:
        _update(digest, row)
    return str(digest.hexdigest())


def _update(digest: Any, row: RawRow) -> None:
    """Add the cells of a row; an empty one is no cell, so that a new column changes nothing."""
    cells = [(name, cell) for name, cell in sorted(row.items()) if cell is not None]
    digest.update(repr(cells).encode(errors="surrogatepass"))


NOTHING = _mark(None, _Seen())
"""Mark of a session of which SQLite has nothing."""
