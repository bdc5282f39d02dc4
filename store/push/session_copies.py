"""Sessions of a home as they are copied: whole, or only what came since the copy before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..base.models import Head, SectionVersion
from ..engine.operations import RawRow
from ..engine.ports import Engine
from ..engine.push_target import SessionCopy

PAGE = 256
"""Heads that are asked for at once: where no index has a session together, a page walks a multiple of it."""
MOST_SEEN = 4_096
"""Sessions whose digests are remembered."""


@dataclass(slots=True)
class _Seen:
    """The messages of a session as they were copied."""

    version: SectionVersion
    digest: Any
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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen: dict[str, _Seen] = {}

    def copy(self, session_id: str, known: str, *, whole: bool) -> SessionCopy:
        """A session and its new mark.

        Args:
            known: Its mark at the copy before, "" for none.
            whole: Read every message, so that an edit is noticed that changes no count.
        """
        engine = self._engine
        row = engine.repairs.session_row(session_id)
        prompt = None
        if row is not None and row.get("system_prompt_hash"):
            found = (engine.records.session(session_id) or {}).get("system_prompt")
            prompt = found if isinstance(found, str) else None
        before = known.partition(" ")[2]
        version = engine.messages.versions([session_id]).get(session_id, SectionVersion())
        grown = None if whole else self._grown(session_id, before, version)
        messages, after = grown or self._whole(session_id, before, version)
        mark = f"{mark_of([row or {}])} {self._seen[session_id].mark}"
        return SessionCopy(session_id, mark, row, prompt, messages, after)

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
        seen = self._seen[session_id] = _Seen(version, hashlib.blake2b(digest_size=16))
        after = 0 if before == seen.mark else None
        rows: list[RawRow] = []
        for row in self._engine.repairs.message_rows([head.id for head in self._heads(session_id, 0)]):
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


def mark_of(rows: Iterable[RawRow]) -> str:
    """Digest of every cell of some rows."""
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        _update(digest, row)
    return digest.hexdigest()


def _update(digest: Any, row: RawRow) -> None:
    """Add the cells of a row; an empty one is no cell, so that a new column changes nothing."""
    for name in sorted(name for name, cell in row.items() if cell is not None):
        digest.update(f"{name}={row[name]!r}\x1f".encode(errors="surrogatepass"))
    digest.update(b"\x1e")
