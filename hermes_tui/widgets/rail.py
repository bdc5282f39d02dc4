"""Rail of a transcript: one cell beside the scroll column for each row, from a byte for each message."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from hermes_tui.render.rail import Mark
from hermes_tui.widgets.message_index import is_undone
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from hermes_tui.widgets.transcript_layout import estimated_heights
from hermes_tui.widgets.transcript_moves import is_under_seam

AT_ONCE = 512
"""Messages whose own marks are set in one go."""
ROOM = 80
"""Cells of a line by which heights are estimated: a mark keeps its row whatever was drawn before and however wide."""

PROMPT, SEAM, HIT, MACHINE = map(int, (Mark.PROMPT, Mark.SEAM, Mark.HIT, Mark.MACHINE))
_WITHOUT_HITS = bytes(mark & ~HIT for mark in range(256))


class Rail:
    """Marks of the messages of a cursor, and the rows of the pane that they lie on; nothing is drawn for it."""

    def __init__(self, cursor: TranscriptCursor) -> None:
        self._cursor = cursor
        self._marks = bytearray()
        self._bottoms = array("Q")
        self._bodies: dict[int, int] = {}
        self._hits = bytearray()
        self._rows: list[int] = []
        self._drawn_for: tuple[int, ...] = ()
        self._changes = 0

    @property
    def behind(self) -> bool:
        """Messages are left whose marks are to be set."""
        return len(self._marks) < len(self._cursor.layout)

    def forget(self) -> None:
        """Begin again: another session, or the same with messages in other places."""
        self._marks.clear()
        del self._bottoms[:]
        self._bodies.clear()
        self._hits.clear()
        self._changes += 1

    def take(self, marks: Iterable[tuple[int, int]]) -> None:
        """Take marks that need the bodies of messages; by index."""
        for index, mark in marks:
            self._bodies[index] = int(mark)
            if index < len(self._marks):
                self._marks[index] = self._with_body(index, self._marks[index])
        self._changes += 1

    def show_hits(self, indices: Iterable[int], *, more: bool = False) -> None:
        """Mark messages as hits, and no others unless they are `more`."""
        if not more:
            self._hits.clear()
            self._marks[:] = self._marks.translate(_WITHOUT_HITS)
        for index in indices:
            if index >= len(self._hits):
                self._hits.extend(bytes(index + 1 - len(self._hits)))
            self._hits[index] = HIT
            if index < len(self._marks):
                self._marks[index] |= HIT
        self._changes += 1

    def marks(self, rows: Sequence[int]) -> list[int | None]:
        """The marks of rows of the pane; None where all of the transcript is on the screen."""
        viewport = self._cursor.viewport
        if not viewport.thumb[1]:
            return [None] * len(rows)
        drawn_for = (viewport.height, len(self._marks), self._changes)
        if drawn_for != self._drawn_for:
            self._drawn_for, self._rows = drawn_for, self._placed(viewport.height)
        return [self._rows[row] if row < len(self._rows) else None for row in rows]

    def catch_up(self) -> None:
        """Set the marks of messages that came, from what is known without their bodies; of some of them at once."""
        cursor, marks, start = self._cursor, self._marks, len(self._marks)
        index = cursor.layout.index
        heads = index.heads[start : start + AT_ONCE]
        owned = index.heads.has_calls_above(start)
        seams = {*index.seams[bisect_left(index.seams, start) : bisect_left(index.seams, start + AT_ONCE)]}
        seams.update(index.after_seen())
        heights = estimated_heights(heads, ROOM, owned=owned)
        above = self._bottoms[-1] if start else 0
        self._bottoms.extend(above + height for height in accumulate(heights))
        for place, head in enumerate(heads, start):
            mark = 0 if head.role != "user" or is_undone(head) else PROMPT
            mark |= SEAM if place and place in seams and is_under_seam(cursor, place) else 0
            mark |= self._hits[place] if place < len(self._hits) else 0
            marks.append(self._with_body(place, mark))

    def _with_body(self, index: int, mark: int) -> int:
        known = mark | self._bodies.get(index, 0)
        return known & ~PROMPT if known & MACHINE else known

    def _placed(self, height: int) -> list[int]:
        """The marks of each row of the pane, by the heights of the messages as they were estimated."""
        bottoms = self._bottoms
        total, rows, start = bottoms[-1] if bottoms else 0, [], 0
        for row in range(1, height + 1):
            end = bisect_left(bottoms, total * row / height) + 1 if row < height else len(bottoms)
            rows.append(_all_of(self._marks[start:end]))
            start = max(start, end)
        return rows


def _all_of(marks: bytearray) -> int:
    """What any of some messages has; a mark is looked at once, whatever the number of messages that have it."""
    found = 0
    while marks:
        found |= marks[0]
        marks = marks.translate(None, bytes(marks[:1]))
    return found
