"""Hits of messages that compactions in place stored several times: one each, at the row that stands for the message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..base.models import UNREADABLE

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..engine.ports import Engine
    from ..engine.search import HitRow
    from ..formats.carried_copies import Copies

_COUNTED = 2_000
"""Sessions whose rows and messages are counted by one statement."""


class CopiedHits:
    """Copies among the hits of one search.

    Args:
        cancel: Cancels the search.
    """

    def __init__(self, engine: Engine, cancel: Cancel | None) -> None:
        self._engine, self._cancel = engine, cancel
        self._copies: dict[str, Copies] = {}
        self._given: set[int] = set()
        self.met = 0
        """Rows that were left out, because their message was found before."""

    def without(self, rows: Sequence[HitRow], above: int) -> list[HitRow]:
        """Rows with the first row of its message in the place of a copy, and each message once in all calls.

        Args:
            above: Messages with a row up to this id are left out.
        """
        if not (self._given or any(row.may_be_copy for row in rows)):
            return list(rows)
        firsts = [self._first(row) for row in rows]
        wanted = [first for row, first in zip(rows, firsts, strict=True) if first != row.id and first > above]
        originals = (
            {
                row.id: row
                for row in self._engine.search.read_hits(wanted, cancel=self._cancel)
                if row.role != UNREADABLE
            }
            if wanted
            else {}
        )
        found: list[HitRow] = []
        for row, first in zip(rows, firsts, strict=True):
            if first in self._given or (first != row.id and first <= above):
                self.met += 1
                continue
            if row.may_be_copy:
                self._given.add(first)
            found.append(originals.get(first, row))
        return found

    def of_sessions(self, session_ids: Collection[str]) -> dict[str, Copies]:
        """The sessions that have copies, by id."""
        ids = list(session_ids)
        parts = (self._engine.sessions.counts(ids[start : start + _COUNTED]) for start in range(0, len(ids), _COUNTED))
        fewer = (key for part in parts for key, counts in part.items() if counts.messages != counts.rows)
        return {key: copies for key in fewer if (copies := self._of(key)).originals}

    def _first(self, row: HitRow) -> int:
        return self._of(row.session_id).originals.get(row.id, row.id) if row.may_be_copy else row.id

    def _of(self, session_id: str) -> Copies:
        if session_id not in self._copies:
            self._copies[session_id] = self._engine.messages.copies(session_id)
        return self._copies[session_id]
