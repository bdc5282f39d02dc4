"""Position in a transcript: which part is in view, which message has the bar, what is folded and marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain

from hermes_tui.render.find import Needle
from hermes_tui.render.folds import FOLDED, REASONING, Fold, Folds
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.gutter import GUTTER
from hermes_tui.render.line import line_cells
from hermes_tui.widgets.match_folds import OPEN, WHOLE, Match, reveal
from hermes_tui.widgets.selection import Selection
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from hermes_tui.widgets.viewport import Anchor, Viewport
from store.base.late_dataclass import dataclass, replace
from store.query.parse import Query

NEXT_TOOLS = {Fold.HIDDEN: Fold.SHORT, Fold.SHORT: Fold.OPEN, Fold.OPEN: Fold.HIDDEN}


@dataclass(frozen=True, slots=True)
class Target:
    """A message to go to as soon as it is here."""

    message_id: int
    line: int = 0
    row: int = 0
    first_match: bool = False
    """The line is that of a match, the first one unless `nth` says another, and what hides it is unfolded."""
    nth: int = 0
    """Which match of the message, from 0."""
    matches: int = 1
    """How many it has, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Places:
    """A position, and the ids of the messages before it."""

    position: Target
    before: Sequence[int]


class TranscriptCursor:
    """A bar on one message of a layout, and the viewport that keeps it in view; pure but for `now`."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        self.now = now
        self.folds = FOLDED
        """Folds of messages that were not folded on their own."""
        self.usual = FOLDED
        """Those of a session whose own are not known: what was asked for last."""
        self._query: Query | Needle | None = None
        self._wraps = True
        self.reset()

    def reset(self) -> None:
        """Take an empty layout; folds, wrapping and query stay."""
        self.layout = TranscriptLayout(now=self.now, folds=self.folds)
        self.layout.mark(self._query)
        self.layout.wrap(self._wraps)
        self.viewport = Viewport(self.layout)
        self.bar = 0
        """Index of the message with the bar."""
        self.target: Target | None = None
        self.left = 0
        """Cells of unbroken lines that are left of the pane."""
        self.selection: Selection | None = None
        """What a drag selects."""

    def shape(self, width: int, height: int, glyphs: Glyphs) -> None:
        """Take the size of the pane, its scroll column included."""
        self.layout.shape(width, glyphs)
        self.viewport.height = height
        self.viewport.invalidate()

    @property
    def position(self) -> Target | None:
        """The message and line on the screen, for a later layout of the session; None where it follows or is empty."""
        ids = self.layout.index.heads.ids
        if not ids or self.viewport.following:
            return None
        anchor = self.viewport.place_of(self.bar) or self.viewport.anchor
        return Target(ids[anchor.index], anchor.line, anchor.row)

    def places(self) -> Places | None:
        """Where the reader is, and the messages before it, in case that one is gone; None where it follows."""
        position = self.target or self.position
        if position is None:
            return None
        index = self.layout.index.index_of(position.message_id)
        return Places(position, self.layout.index.heads.ids[: index or 0])

    def return_to(self, places: Places | None) -> None:
        """Go to the first of some messages that is here and shown, the nearest first."""
        index = self.layout.index
        before = (Target(id_, row=places.position.row) for id_ in reversed(places.before)) if places else ()
        for target in chain([places.position], before) if places else ():
            place = index.index_of(target.message_id)
            if place is not None and not index.is_hidden(place):
                self.target = target
                return

    def settle(self) -> None:
        """Take in what has come: go to the target, keep the bar on a drawn message, where it follows on the screen."""
        self.viewport.invalidate()
        if self.target is not None and self.viewport.height > 0:
            self._go(self.target)
        rows = self.viewport.rows
        if self.viewport.is_at_end and all(row.index != self.bar for row in rows):
            self.bar = rows[-1].index if rows else 0
        if rows and not self.layout.is_drawn(self.bar):
            self.bar = self.layout.drawn_with(self.bar)

    def scroll(self, lines: int) -> None:
        """Move by lines, down if positive; a bar that leaves the screen goes to the nearest message on it."""
        self.target = None
        self.viewport.scroll(lines)
        shown = list(dict.fromkeys(row.index for row in self.viewport.rows if not row.seam))
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
        """Go to the end and follow, as soon as it is here."""
        self.target = None
        self.viewport.to_end()
        if not self.viewport.waits:
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
        while 0 <= place < len(self.layout) and not self.layout.is_drawn(place):
            place = neighbour(place)
        if 0 <= place < len(self.layout):
            self.put_bar(place)

    def fold(self) -> None:
        """Unfold the message with the bar one step further, or fold it again after the last."""
        if self.bar >= len(self.layout):
            return
        now, before, bar = self.layout.folds_of(self.bar), self.layout.lines(self.bar), self.viewport.place_of(self.bar)
        message = self.layout.body(self.bar)
        has_parts = message is None or message.role == "tool" or message.tool_calls or message.reasoning
        steps = (OPEN, WHOLE, FOLDED) if has_parts else (WHOLE, FOLDED)
        shown = {now.tools, now.reasoning, *now.parts.values()}
        is_whole = now.source or Fold.WHOLE in {*shown, now.text}
        at = len(steps) - 2 if is_whole else 0 if has_parts and Fold.OPEN in shown else -1
        for step in range(1, len(steps)):
            self.layout.fold(self.bar, steps[(at + step) % len(steps)])
            if self.layout.lines(self.bar) != before or self.layout.unfinished([self.bar]):
                break
        else:
            self.layout.fold(self.bar, now)
        self._keep_bar(bar)

    def fold_at(self, index: int, line: int) -> bool:
        """Unfold the part of a message whose fold line is clicked, or fold it again; False where none is there."""
        part = self.layout.drawn(index).folds.get(line)
        if part is None:
            return False
        folds, bar = self.layout.folds_of(index), self.viewport.place_of(index)
        now = folds.of_reasoning if part == REASONING else folds.of_call(part)
        self.layout.fold(index, folds.with_part(part, Fold.SHORT if now > Fold.SHORT else Fold.OPEN))
        self.bar = index
        self._keep_bar(bar)
        return True

    def toggle_source(self) -> None:
        """Show the message with the bar as it is stored, or as it is drawn."""
        if self.bar < len(self.layout):
            folds, bar = self.layout.folds_of(self.bar), self.viewport.place_of(self.bar)
            self.layout.fold(self.bar, replace(folds, source=not folds.source))
            self._keep_bar(bar)

    def toggle_wrap(self) -> None:
        """Let lines go on to the right of the pane, or break them again."""
        bar = self.viewport.place_of(self.bar)
        self.left, self._wraps = 0, not self._wraps
        self.layout.wrap(self._wraps)
        self._keep_bar(bar)

    def move_sideways(self, cells: int) -> None:
        """Show what is further to the right of unbroken lines, or to the left if negative."""
        widest = max((line_cells(row.text) for row in self.viewport.rows if not row.seam), default=0)
        room = GUTTER + self.layout.measure
        self.left = min(max(self.left + cells, 0), max(widest - room, 0))

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

    def mark(self, query: Query | Needle | None) -> None:
        """Mark the words of a query, or none."""
        self._query = query
        self.layout.mark(query)

    def _fold_all(self, folds: Folds) -> None:
        """Fold everything alike; the message with the bar stays where it is on the screen."""
        bar = self.viewport.place_of(self.bar)
        self.usual = folds
        self.begin_with(folds)
        self._keep_bar(bar)

    def begin_with(self, folds: Folds) -> None:
        """Fold everything alike, as the session was left."""
        self.folds = folds
        self.layout.fold_all(folds)

    def put_bar(self, index: int) -> None:
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

    def _unhide(self, index: int, leader: int) -> None:
        """Show the calls of a message that is gone to, where they are hidden and it has nothing else."""
        layout, folds = self.layout, self.layout.folds_of(leader)
        if folds.tools is Fold.HIDDEN and not layout.is_drawn(leader) and not layout.is_drawn(index):
            layout.fold(leader, replace(folds, tools=Fold.SHORT))

    def _go(self, target: Target) -> None:
        """Go to a message, if it is here; the target is reached once its bodies are here too."""
        index = self.layout.index.index_of(target.message_id)
        if index is None:
            return
        if self.layout.index.is_hidden(index):
            self.layout.show_undone(True)
        leader = self.layout.drawn_with(index)
        self._unhide(index, leader)
        self.bar = leader if self.layout.is_drawn(leader) and not self.layout.is_drawn(index) else index
        if not target.first_match:
            self.viewport.place(self.bar, target.line, target.row)
        else:
            match = Match(self._query, target.nth, target.matches)
            self.viewport.place(self.bar, reveal(self.layout, self.bar, index, match), self.viewport.height // 3)
        if self.layout.complete(index) or (index == leader and not target.first_match):
            self.target = None
