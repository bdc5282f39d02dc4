"""Folds of a message that show a match: as few parts are opened as have it."""

from __future__ import annotations

from hermes_tui.render.find import Needle
from hermes_tui.render.folds import Fold, Folds
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from store.base.late_dataclass import dataclass, replace
from store.query.parse import Query

OPEN = Folds(Fold.OPEN, Fold.OPEN)
WHOLE = Folds(Fold.WHOLE, Fold.WHOLE, Fold.WHOLE)
SOURCE = Folds(Fold.WHOLE, Fold.WHOLE, Fold.WHOLE, source=True)


@dataclass(frozen=True, slots=True)
class Match:
    """A match of a message."""

    query: Query | Needle | None
    nth: int = 0
    """Which of them, from 0."""
    matches: int = 1
    """How many the message has, as far as that is known."""


def reveal(layout: TranscriptLayout, index: int, matching: int, match: Match) -> int:
    """Unfold a message until a match is drawn; where it has several, until all of them are, so that they can be
    counted.

    Args:
        layout: Where it is drawn.
        index: The message that is drawn.
        matching: The one that has the match: itself, or the result of a call.
        match: Which of its matches.

    Returns:
        The line of the match, or the first of the message's own lines.
    """
    result = matching if index != matching else None
    layout.mark(match.query, index, result, match.nth)
    before = layout.folds_of(index)
    most, fullest = 0, before
    for folds in (before, OPEN, WHOLE, SOURCE) if match.query else ():
        layout.fold(index, folds)
        line = _match_of(layout, index)
        if line is not None and match.matches == 1:
            return _narrowed(layout, index, before, folds)
        if line is not None and layout.marker.seen >= match.matches:
            return line
        if layout.marker.seen > most:
            most, fullest = layout.marker.seen, folds
    if most:
        layout.fold(index, fullest)
        layout.mark(match.query, index, result, min(match.nth, most - 1))
        return _match_of(layout, index) or 0
    call = layout.call_of(index, matching) if index != matching else None
    layout.fold(index, before if call is None else before.with_part(call, Fold.OPEN))
    return layout.begun(index, 1).seams


def _narrowed(layout: TranscriptLayout, index: int, before: Folds, folds: Folds) -> int:
    """Unfold no more of a message than what has its match: one call, the reasoning, or the text.

    Returns:
        The line of the match.
    """
    drawn = layout.drawn(index)
    line = drawn.match or 0
    part = drawn.part_at(line)
    level = max(folds.tools, Fold.OPEN)
    narrower = [before.with_part(part, level)] if part is not None else []
    if folds.text is Fold.WHOLE:
        narrower.insert(0, replace(before, text=Fold.WHOLE))
    for fewer in narrower if not folds.source and (folds != before or line in drawn.folds) else ():
        layout.fold(index, fewer)
        if (found := _match_of(layout, index)) is not None:
            return found
    layout.fold(index, folds)
    return _match_of(layout, index) or 0


def _match_of(layout: TranscriptLayout, index: int) -> int | None:
    """The line of a message's current match, in all of its text."""
    found = layout.drawn(index).match
    if found is None and (drawing := layout.unfinished([index]).get(index)):
        layout.finish(index, drawing, drawing.draw())
        found = layout.drawn(index).match
    return found
