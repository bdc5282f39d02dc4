"""Stored rows of a session as a recorder compares its list with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..base.late_dataclass import dataclass, replace
from ..engine.ports import MessageRows
from ..engine.rows import SessionStamp, StoredRow
from ..formats import continuation
from . import recorder_keys
from .recorder_keys import Author, RecordedCall


@dataclass(frozen=True, slots=True)
class StoredBase:
    """Rows and keys of a session, as of one read."""

    stamp: SessionStamp
    rows: tuple[StoredRow, ...]
    """Without session_meta, oldest first, inactive ones included."""
    keys: frozenset[str]
    """Of all its appends."""
    calls: dict[int, RecordedCall]
    """Row id -> the call of a recorder that wrote the row."""
    is_empty: bool
    """No message is stored."""

    def has_call(self, key: str) -> bool:
        """True where a call or a later one of the same recorder is stored: they are written in order."""
        call = recorder_keys.parsed(key)
        if key in self.keys or call is None:
            return key in self.keys
        return any(found.author == call.author and found.number > call.number for found in self.calls.values())

    def last_length(self, held: Sequence[bytes], author: Author) -> int | None:
        """Length of the list that the author handed over last, where this one continues it: what follows is new."""
        last = next(iter(self._own_calls(author)), None)
        return last.length if last is not None and last.begins(held) else None

    def missing(self, held: Sequence[bytes], author: Author) -> list[int]:
        """Indexes of the messages of a list that are not stored, for a recorder that has handed over none before.

        They follow what is longest in the list: an earlier list of the author, an end of the active rows without those
        of other named writers, or an end of the same without all that others wrote since the author's first row.
        Otherwise all is new.
        """
        bases = self._own(author), [row.message.identity for row in self._active(author)]
        base = max(bases, key=lambda base: continuation.length_of_seam(base, held))
        earlier = max((call.length for call in self._own_calls(author) if call.begins(held)), default=0)
        if earlier and earlier >= continuation.length_of_seam(base, held):
            return list(range(earlier, len(held)))
        return continuation.new_after(base, held)

    def split(self, author: Author) -> tuple[StoredBase, list[bytes]]:
        """The state without what an agent that was started again wrote, and what that was.

        Args:
            author: The recorder before; the one of the new start has its name, or none either.
        """
        later = {row.id: row for row in self.rows if self._follows(row, author)}
        earlier = tuple(row for row in self.rows if row.id not in later)
        return replace(self, rows=earlier), [row.message.identity for row in later.values()]

    def without_undone(self, base: Sequence[bytes], author: Author) -> list[bytes]:
        """A list without the messages whose rows were undone: the latest copies that no other row stands for."""
        mine = [row for row in self.rows if self._may_be_of(row, author)]
        undone = Counter(row.message.identity for row in mine if not (row.message.active or row.compacted))
        there = Counter(row.message.identity for row in mine if row.message.active or row.compacted)
        lost = {name: min(count, undone[name]) for name, count in (Counter(base) - there).items()}
        kept: list[bytes] = []
        for name in reversed(base):
            if lost.get(name, 0) > 0:
                lost[name] -= 1
            else:
                kept.append(name)
        return kept[::-1]

    def _follows(self, row: StoredRow, author: Author) -> bool:
        call = self.calls.get(row.id)
        same = call is not None and call.author.writer == author.writer
        return call is not None and same and call.author.instance > author.instance

    def _own_calls(self, author: Author) -> list[RecordedCall]:
        """The author's calls, the last first."""
        own = {call for row in self.rows if (call := self.calls.get(row.id)) is not None and author.wrote(call)}
        return sorted(own, key=lambda call: call.order, reverse=True)

    def _own(self, author: Author) -> list[bytes]:
        """The author's own active rows, and those before them that it may have begun with; none without a row of its
        own."""
        active = self._active(author)
        own = [self._is_own(row, author) for row in active]
        if True not in own:
            return []
        first = own.index(True)
        kept = [*active[:first], *(row for row, mine in zip(active[first:], own[first:], strict=True) if mine)]
        return [row.message.identity for row in kept]

    def _active(self, author: Author) -> list[StoredRow]:
        return [row for row in self.rows if row.stored.active and self._may_be_of(row, author)]

    def _is_own(self, row: StoredRow, author: Author) -> bool:
        call = self.calls.get(row.id)
        return call is not None and author.wrote(call)

    def _may_be_of(self, row: StoredRow, author: Author) -> bool:
        call = self.calls.get(row.id)
        return call is None or call.author.writer is None or author.wrote(call)


def read(messages: MessageRows, session_id: str) -> StoredBase:
    """The rows and keys of a session; the stamp is the older, so a write in between is noticed."""
    stamp = messages.stamp(session_id)
    rows = tuple(row for row in messages.stored(session_id) if not row.meta)
    appends = messages.appends(session_id)
    called = [(call, ids) for key, ids in appends.items() if (call := recorder_keys.parsed(key)) is not None]
    calls = {name: call for call, ids in called for name in ids}
    return StoredBase(stamp, rows, frozenset(appends), calls, is_empty=not rows)
