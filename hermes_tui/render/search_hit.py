"""Rows below a session's head in a list of hits: hit, context, more, and the rule over a section
(docs/look.md §6)."""

from __future__ import annotations

from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.gutter import role_label
from hermes_tui.render.line import Line, Role, blank, crop, fill, fit, line_cells, pad_left, span
from hermes_tui.render.readable_hit import readable
from hermes_tui.render.row import TITLE_FROM, with_cursor
from hermes_tui.render.safe import one_line
from hermes_tui.render.snippet import snippet
from hermes_tui.render.time import hit_time, in_words
from store.models import ContextLine, Hit

NO_TEXT = "(no text)"
"""Stands in a row beside a hit for a message without any."""


def hit_row(hit: Hit, *, width: int, now: datetime, glyphs: Glyphs, cursor: bool = False) -> Line:
    """Draw a hit: role, the sentence around the first match, time.

    Returns:
        Exactly `width` cells, for any width of 24 and more.
    """
    when = hit_time(now, hit.timestamp)
    room = _room(width, when)
    text, spans = readable(hit.text, hit.spans, is_tool=hit.role == "tool", words=glyphs.words)
    body = snippet(text, spans, width=room, mark=glyphs.truncated)
    return _row(hit.role, body, when, room, glyphs=glyphs, cursor=cursor)


def context_row(line: ContextLine, *, width: int, now: datetime, glyphs: Glyphs) -> Line:
    """Draw a message beside a hit: the same columns, dim, the text indented by 2."""
    when = hit_time(now, line.timestamp)
    room = _room(width, when)
    shown, _ = readable(line.text[: room * 8], (), is_tool=line.role == "tool", words=glyphs.words)
    text = fit(one_line(shown.strip() or NO_TEXT), room - 2, glyphs.truncated)
    return _row(line.role, (span("  " + text, Role.DIM),), when, room, glyphs=glyphs, cursor=False)


def more_row(number: int, *, width: int, glyphs: Glyphs, cursor: bool = False, named: bool = True) -> Line:
    """Draw the row below the hits that are shown: `2 more · → shows them`; the key only where it works (`named`)."""
    front: Line = (blank(TITLE_FROM - 1), span(f"{in_words(number)} more", Role.DIM))
    ways: Line = (
        span(glyphs.words(" · "), Role.DIM),
        span(glyphs.words("→"), Role.ACCENT, bold=True),
        span(" shows it" if number == 1 else " shows them", Role.DIM),
    )
    line = (*front, *ways) if named else front
    return with_cursor(fill(crop(line, width - 1, glyphs.truncated), width - 1), glyphs, cursor=cursor)


def meant_row(text: str, *, width: int, glyphs: Glyphs, cursor: bool = False) -> Line:
    """Draw what might be typed instead, under the words of a search that found nothing."""
    line: Line = (
        blank(4),
        span("did you mean ", Role.DIM),
        span(one_line(text), Role.ACCENT, bold=True),
        span("? ", Role.DIM),
        span(glyphs.words("enter"), Role.ACCENT, bold=True),
    )
    explained = (*line, span(" searches for it", Role.DIM))
    line = explained if line_cells(explained) < width else line
    return with_cursor(fill(crop(line, width - 1, glyphs.truncated), width - 1), glyphs, cursor=cursor)


def without_row(
    word: str, hits: int, *, capped: bool = False, width: int, glyphs: Glyphs, cursor: bool = False
) -> Line:
    """Draw the word that keeps a sentence from being found: `without “why”: 3 hits · enter`."""
    quoted = fit(one_line(word), max(width - 40, 8), glyphs.truncated)
    line: Line = (
        blank(4),
        span(glyphs.words(f"without “{quoted}”: "), Role.DIM),
        span(f"{in_words(hits)}{'+' if capped else ''}"),
        span(" hit" if hits == 1 else " hits", Role.DIM),
        span(glyphs.words(" · "), Role.DIM),
        span(glyphs.words("enter"), Role.ACCENT, bold=True),
    )
    return with_cursor(fill(crop(line, width - 1, glyphs.truncated), width - 1), glyphs, cursor=cursor)


def _room(width: int, when: str) -> int:
    """Cells of text between the title's column and the time; a long time (`28 Nov`) takes its sixth cell here."""
    return width - 15 - max(5, len(when))


def _row(role: str, body: Line, when: str, room: int, *, glyphs: Glyphs, cursor: bool) -> Line:
    label = pad_left(fit(role_label(role), 10, glyphs.truncated), 10)
    gap = blank(room - line_cells(body))
    line = (span(label + "  ", Role.DIM), *body, gap, span(f" {when:>5}", Role.DIM), blank(1))
    return with_cursor(line, glyphs, cursor=cursor)
