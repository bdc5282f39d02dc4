"""A reader of a manuscript: which part is in view, which message has the bar, what is folded and sought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.message import Fold, Folds
from hermes_tui.widgets.transcript_layout import Manuscript
from hermes_tui.widgets.viewport import Row, Viewport
from store.query.parse import Query

NEXT_TOOLS = {Fold.HIDDEN: Fold.SHORT, Fold.SHORT: Fold.OPEN, Fold.OPEN: Fold.HIDDEN}
FOLDED = Folds()
OPEN = Folds(Fold.OPEN, Fold.OPEN)
WHOLE = Folds(Fold.WHOLE, Fold.WHOLE, Fold.WHOLE)


@dataclass(frozen=True, slots=True)
class Aim:
    """A message to go to as soon as it is here."""

    message_id: int
    line: int = 0
    row: int = 0
    rows_scanned: bool = False
    """The line is that of the first match, and what hides it is unfolded."""


class Reader:
    """Where someone is in a manuscript; pure but for `now`."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self.folds = FOLDED
        """What is folded in messages that were not folded on their own."""
        self.query: Query | None = None
        self.bar = 0
        """The message with the bar."""
        self.begin()

    def begin(self) -> None:
        """Take an empty manuscript; folds and query stay."""
        self.text = Manuscript(now=self._now)
        self.text.folds = self.folds
        self.text.seek(self.query)
        self.port = Viewport(self.text)
        self.bar = 0
        self.aim: Aim | None = None

    def shape(self, width: int, height: int, glyphs: Glyphs) -> None:
        """Read in a pane of that size, its scroll column included."""
        self.text.shape(width, glyphs)
        self.port.height = height
        self.port.changed()

    def here(self) -> Aim | None:
        """Where the reader is, so that a later manuscript of the same session can be read on from there."""
        if not self.text.heads or self.port.following:
            return None
        if (place := self._bar_place()) is not None:
            row, shown = place
            return Aim(self.text.heads[self.bar].id, shown.line, row)
        anchor = self.port.anchor
        return Aim(self.text.heads[anchor.index].id, anchor.line, anchor.row)

    def settle(self) -> None:
        """Look at what has come: go where it was aimed at, and keep the bar on a message that is drawn."""
        self.port.changed()
        if self.aim is not None and self.port.height > 0:
            self._go(self.aim)
        if self.port.rows and not self.text.lines(self.bar):
            self.bar = self.text.leader(self.bar)

    # Moving

    def scroll(self, lines: int) -> None:
        """Move by lines, down if positive; a bar that leaves the screen goes to the nearest message on it."""
        self.aim = None
        self.port.scroll(lines)
        shown = [row.index for row in self.port.rows if not row.seam]
        if not shown or self.bar in shown:
            return
        begun = [index for index in shown if self.port.begins(index)] or shown
        self.bar = begun[0] if lines > 0 else begun[-1]

    def to_top(self) -> None:
        """Go to the first message."""
        self.aim = None
        self.port.place(0)
        self.bar = 0

    def to_end(self) -> None:
        """Go to the end and follow."""
        self.aim = None
        self.port.to_end()
        self.bar = self.port.rows[-1].index if self.port.rows else 0

    def step(self, messages: int) -> None:
        """Put the bar on the next message (1) or on the one before (-1)."""
        way = self.text.after if messages > 0 else self.text.before
        place = way(self.bar)
        while 0 <= place < len(self.text) and not self.text.lines(place):
            place = way(place)
        if 0 <= place < len(self.text):
            self.put_bar(place)

    def put_bar(self, index: int) -> None:
        """Put the bar on a message, and bring all of it into view that fits."""
        self.aim = None
        self.bar = index
        drawn, height, rows = self.text.drawn(index), self.port.height, self.port.rows
        lines = len(drawn.lines) - drawn.seams
        if self.port.begins(index) and (self.port.row_of(index) or 0) + lines <= height:
            return
        if lines >= height or (rows and index <= rows[0].index):
            self.port.place(index)
        else:
            self.port.place(index, len(drawn.lines) - 1, height - 1)

    # Folding

    def fold(self) -> None:
        """Unfold the message with the bar one step further, or fold it again after the last."""
        if self.bar >= len(self.text):
            return
        now, before, place = self.text.folds_of(self.bar), self.text.lines(self.bar), self._bar_place()
        steps = (OPEN, WHOLE, FOLDED)
        at = 1 if Fold.WHOLE in {now.tools, now.text} else 0 if Fold.OPEN in {now.tools, now.reasoning} else -1
        for step in range(1, len(steps)):
            self.text.fold(self.bar, steps[(at + step) % len(steps)])
            if self.text.lines(self.bar) != before:
                break
        else:
            self.text.fold(self.bar, now)
        self._stand(place)

    def fold_tools(self) -> None:
        """Calls of tools everywhere: short, in full, hidden, and again."""
        self._fold_all(replace(self.folds, tools=NEXT_TOOLS[self.folds.tools]))

    def fold_reasoning(self) -> None:
        """Reasoning everywhere: one line, or open."""
        opened = self.folds.reasoning is Fold.OPEN
        self._fold_all(replace(self.folds, reasoning=Fold.SHORT if opened else Fold.OPEN))

    def show_undone(self, shown: bool) -> None:
        """Show the messages that the user took back, or leave them out."""
        place = self._bar_place()
        self.text.show_undone(shown)
        self._stand(place)

    def _fold_all(self, folds: Folds) -> None:
        """Fold everything alike; the message with the bar stays where it is on the screen."""
        place = self._bar_place()
        self.folds = self.text.folds = folds
        self._stand(place)

    def _bar_place(self) -> tuple[int, Row] | None:
        """The first row of the screen that the message with the bar has, and what is on it."""
        rows = enumerate(self.port.rows)
        return next(((row, shown) for row, shown in rows if shown.index == self.bar and not shown.seam), None)

    def _stand(self, place: tuple[int, Row] | None) -> None:
        """Keep the message with the bar where it was on the screen, though it has other lines now."""
        following = self.port.following
        if place is None:
            self.port.place(self.bar)
        else:
            row, shown = place
            # The first line has another number where seams have come or gone; any other line is one inside.
            seams = self.text.drawn(self.bar).seams
            self.port.place(self.bar, seams if row > 0 else max(shown.line, seams), row)
        self.port.following = following and self.port.at_end

    # Searching

    def seek(self, query: Query | None) -> None:
        """Mark the words of a query, or none."""
        self.query = query
        self.text.seek(query)

    def _go(self, aim: Aim) -> None:
        """Go to a message, if it is here; once its bodies are here too, that was it."""
        found = self.text.index_of(aim.message_id)
        if found is None:
            return
        if self.text.is_hidden(found):
            self.text.show_undone(True)
        leader = self.text.leader(found)
        if not aim.rows_scanned:
            self.bar = leader
            self.port.place(leader, aim.line, aim.row)
        else:
            self.bar = leader if self.text.lines(leader) and not self.text.lines(found) else found
            self.port.place(self.bar, self._reveal(self.bar, found), self.port.height // 3)
        if self.text.complete(found) or not aim.rows_scanned:
            self.aim = None

    def _reveal(self, index: int, found: int) -> int:
        """Unfold a message until its first match is drawn; the line that it is on, or the first of its own lines."""
        self.text.seek(self.query, index)
        before = self.text.folds_of(index)
        behind = index != found  # the match is in the result of a call
        for folds in (OPEN, WHOLE) if behind else (before, OPEN, WHOLE):
            if folds != before:
                self.text.fold(index, folds)
            for line, text in enumerate(self.text.lines(index) if self.query else ()):
                if any(span.reverse for span in text):
                    return line
        self.text.fold(index, OPEN if behind else before)
        return self.text.drawn(index).seams
