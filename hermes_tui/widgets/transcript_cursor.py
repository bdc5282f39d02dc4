"""Position in a transcript: which part is in view, which message has the bar, what is folded and marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.message import FOLDED, Fold, Folds
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from hermes_tui.widgets.viewport import Anchor, Viewport
from store.query.parse import Query

NEXT_TOOLS = {Fold.HIDDEN: Fold.SHORT, Fold.SHORT: Fold.OPEN, Fold.OPEN: Fold.HIDDEN}
OPEN = Folds(Fold.OPEN, Fold.OPEN)
WHOLE = Folds(Fold.WHOLE, Fold.WHOLE, Fold.WHOLE)


@dataclass(frozen=True, slots=True)
class Target:
    """A message to go to as soon as it is here."""

    message_id: int
    line: int = 0
    row: int = 0
    first_match: bool = False
    """The line is that of the first match, and what hides it is unfolded."""


class TranscriptCursor:
    """A bar on one message of a layout, and the viewport that keeps it in view; pure but for `now`."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        self._now = now
        self.folds = FOLDED
        """Folds of messages that were not folded on their own."""
        self._query: Query | None = None
        self.reset()

    def reset(self) -> None:
        """Take an empty layout; folds and query stay."""
        self.layout = TranscriptLayout(now=self._now, folds=self.folds)
        self.layout.mark(self._query)
        self.viewport = Viewport(self.layout)
        self.bar = 0
        """Index of the message with the bar."""
        self.target: Target | None = None

    def shape(self, width: int, height: int, glyphs: Glyphs) -> None:
        """Take the size of the pane, its scroll column included."""
        self.layout.shape(width, glyphs)
        self.viewport.height = height
        self.viewport.invalidate()

    @property
    def position(self) -> Target | None:
        """The message and line on the screen, for a later layout of the session; None where it follows or is empty."""
        heads = self.layout.index.heads
        if not heads or self.viewport.following:
            return None
        anchor = self.viewport.place_of(self.bar) or self.viewport.anchor
        return Target(heads[anchor.index].id, anchor.line, anchor.row)

    def places(self) -> list[Target]:
        """Where the reader is, and the messages before it, the nearest first, in case that one is gone."""
        position, heads = self.target or self.position, self.layout.index.heads
        if position is None:
            return []
        index = self.layout.index.index_of(position.message_id)
        return [position, *(Target(heads[place].id, row=position.row) for place in range((index or 0) - 1, -1, -1))]

    def return_to(self, places: Sequence[Target]) -> None:
        """Go to the first of some messages that is here and shown."""
        index = self.layout.index
        for target in places:
            place = index.index_of(target.message_id)
            if place is not None and not index.is_hidden(place):
                self.target = target
                return

    def settle(self) -> None:
        """Take in what has come: go to the target, and keep the bar on a message that is drawn."""
        self.viewport.invalidate()
        if self.target is not None and self.viewport.height > 0:
            self._go(self.target)
        if self.viewport.rows and not self.layout.lines(self.bar):
            self.bar = self.layout.index.leader(self.bar)

    def scroll(self, lines: int) -> None:
        """Move by lines, down if positive; a bar that leaves the screen goes to the nearest message on it."""
        self.target = None
        self.viewport.scroll(lines)
        shown = [row.index for row in self.viewport.rows if not row.seam]
        if not shown or self.bar in shown:
            return
        begun = [index for index in shown if self.viewport.begins(index)] or shown
        self.bar = begun[0] if lines > 0 else begun[-1]

    def to_top(self) -> None:
        """Go to the first message."""
        self.target = None
        self.viewport.place(0)
        self.bar = 0

    def to_end(self) -> None:
        """Go to the end and follow."""
        self.target = None
        self.viewport.to_end()
        self.bar = self.viewport.rows[-1].index if self.viewport.rows else 0

    def follow(self) -> None:
        """Go to the end and stay there while the session grows, or stop that."""
        if self.viewport.following:
            self.viewport.stay()
        else:
            self.to_end()

    def go_to(self, target: Target) -> None:
        """Go to a message as soon as it is here."""
        self.viewport.following = False
        self.target = target

    def step(self, messages: int) -> None:
        """Put the bar on the next message (1) or on the one before (-1)."""
        neighbour = self.layout.index.after if messages > 0 else self.layout.index.before
        place = neighbour(self.bar)
        while 0 <= place < len(self.layout) and not self.layout.lines(place):
            place = neighbour(place)
        if 0 <= place < len(self.layout):
            self._put_bar(place)

    def fold(self) -> None:
        """Unfold the message with the bar one step further, or fold it again after the last."""
        if self.bar >= len(self.layout):
            return
        now, before, bar = self.layout.folds_of(self.bar), self.layout.lines(self.bar), self.viewport.place_of(self.bar)
        steps = (OPEN, WHOLE, FOLDED)
        at = 1 if Fold.WHOLE in {now.tools, now.text} else 0 if Fold.OPEN in {now.tools, now.reasoning} else -1
        for step in range(1, len(steps)):
            self.layout.fold(self.bar, steps[(at + step) % len(steps)])
            if self.layout.lines(self.bar) != before:
                break
        else:
            self.layout.fold(self.bar, now)
        self._keep_bar(bar)

    def fold_tools(self) -> None:
        """Calls of tools everywhere: short, in full, hidden, and again."""
        self._fold_all(replace(self.folds, tools=NEXT_TOOLS[self.folds.tools]))

    def fold_reasoning(self) -> None:
        """Reasoning everywhere: one line, or open."""
        opened = self.folds.reasoning is Fold.OPEN
        self._fold_all(replace(self.folds, reasoning=Fold.SHORT if opened else Fold.OPEN))

    def toggle_undone(self) -> None:
        """Show the messages that the user undid, or leave them out again."""
        bar = self.viewport.place_of(self.bar)
        self.layout.show_undone(not self.layout.index.undone_shown)
        self._keep_bar(bar)

    def mark(self, query: Query | None) -> None:
        """Mark the words of a query, or none."""
        self._query = query
        self.layout.mark(query)

    def _fold_all(self, folds: Folds) -> None:
        """Fold everything alike; the message with the bar stays where it is on the screen."""
        bar = self.viewport.place_of(self.bar)
        self.folds = folds
        self.layout.fold_all(folds)
        self._keep_bar(bar)

    def _put_bar(self, index: int) -> None:
        """Put the bar on a message, and bring all of it into view that fits."""
        self.target = None
        self.bar = index
        drawn, height, rows = self.layout.drawn(index), self.viewport.height, self.viewport.rows
        lines = len(drawn.lines) - drawn.seams
        place = self.viewport.place_of(index)
        if place is not None and place.line == drawn.seams and place.row + lines <= height:
            return
        if lines >= height or (rows and index <= rows[0].index):
            self.viewport.place(index)
        else:
            self.viewport.place(index, len(drawn.lines) - 1, height - 1)

    def _keep_bar(self, before: Anchor | None) -> None:
        """Keep the message with the bar on the row where it was, though it has other lines now."""
        following = self.viewport.following
        if before is None:
            self.viewport.place(self.bar)
        else:
            # The first line has another number where seams have come or gone; any other line is one inside.
            seams = self.layout.drawn(self.bar).seams
            self.viewport.place(self.bar, seams if before.row > 0 else max(before.line, seams), before.row)
        self.viewport.following = following and self.viewport.at_end

    def _go(self, target: Target) -> None:
        """Go to a message, if it is here; the target is reached once its bodies are here too."""
        index = self.layout.index.index_of(target.message_id)
        if index is None:
            return
        if self.layout.index.is_hidden(index):
            self.layout.show_undone(True)
        leader = self.layout.index.leader(index)
        if not target.first_match:
            self.bar = leader
            self.viewport.place(leader, target.line, target.row)
        else:
            self.bar = leader if self.layout.lines(leader) and not self.layout.lines(index) else index
            self.viewport.place(self.bar, self._reveal(self.bar, index), self.viewport.height // 3)
        if self.layout.complete(index) or not target.first_match:
            self.target = None

    def _reveal(self, index: int, matching: int) -> int:
        """Unfold a message until its first match is drawn.

        Args:
            index: The message that is drawn.
            matching: The one that has the match: itself, or the result of a call.

        Returns:
            The line of the first match, or the first of the message's own lines.
        """
        self.layout.mark(self._query, index)
        before = self.layout.folds_of(index)
        in_result = index != matching
        for folds in (OPEN, WHOLE) if in_result else (before, OPEN, WHOLE):
            if folds != before:
                self.layout.fold(index, folds)
            for line, text in enumerate(self.layout.lines(index) if self._query else ()):
                if any(span.reverse for span in text):
                    return line
        self.layout.fold(index, OPEN if in_result else before)
        return self.layout.drawn(index).seams


READER: Mapping[str, Callable[[TranscriptCursor], None]] = {
    "top": TranscriptCursor.to_top,
    "end": TranscriptCursor.to_end,
    "next_message": lambda cursor: cursor.step(1),
    "previous_message": lambda cursor: cursor.step(-1),
    "follow": TranscriptCursor.follow,
    "fold": TranscriptCursor.fold,
    "tools": TranscriptCursor.fold_tools,
    "reasoning": TranscriptCursor.fold_reasoning,
    "undone": TranscriptCursor.toggle_undone,
}
"""Moves that keys ask for, by the argument of the action `reader`."""
