"""Seams between messages: a new day, a section of a lineage, what the user undid, what is new (docs/look.md §7)."""

from __future__ import annotations

from datetime import datetime

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.gutter import measure
from hermes_tui.render.line import Line, Role, blank, cells, fit, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.time import clock, date_and_clock, many, same_day


def seam(text: str, *, width: int, glyphs: Glyphs, role: Role = Role.DIM) -> Line:
    """Draw a seam across a pane of `width` cells: `╌╌ Sat 21 Nov ╌╌╌╌`.

    Args:
        text: Words of ours: those below, or `time.day` for a new day.
        role: The colour of the words.
    """
    room = measure(width) + 7
    label = fit(one_line(glyphs.words(text)), room - 5, glyphs.truncated)
    tail = glyphs.seam * (room - 4 - cells(label))
    return (blank(2), span(glyphs.seam * 2 + " ", Role.HAIR), span(label + " ", role), span(tail, Role.HAIR))


def section_seam(section: int, sections: int, *, now: datetime, compacted_at: float | None, messages: int) -> str:
    """The words of the seam before a section of a lineage: `§2 of 3 · compacted 22 Nov 14:31 · 412 messages …`."""
    when = "" if compacted_at is None else f" · compacted {date_and_clock(now, compacted_at)}"
    what = f" · {many(messages, 'message')} became a summary" if messages else ""
    return f"§{section} of {sections}{when}{what}"


def compacted_seam(messages: int) -> str:
    """The words above messages that a compaction in place left as history: `10 messages compacted, kept as history`."""
    return f"{many(messages, 'message')} compacted, kept as history"


def new_seam(now: datetime, seen_at: float) -> str:
    """The words above what came since the reader was there: `new since 14:02`, with the day where it is another."""
    when = clock if same_day(now, seen_at, now.timestamp()) else date_and_clock
    return f"new since {when(now, seen_at)}"


def undone_seam(messages: int, *, shown: bool = False) -> str:
    """The words where the user undid messages: `6 messages undone · v shows them`."""
    hint = "hides" if shown else "shows"
    return f"{many(messages, 'message')} undone · {bound('hidden')} {hint} {'it' if messages == 1 else 'them'}"
