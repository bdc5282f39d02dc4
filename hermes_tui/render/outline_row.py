"""Row of the outline of a session: when a prompt was written, its first words, and how many tools it led to."""

from __future__ import annotations

from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, fill, fit, span
from hermes_tui.render.row import with_cursor
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.time import clock_or_day, many
from store.base.late_dataclass import dataclass

TIME = 6
"""Cells of the time."""
LONGEST = 400
"""Characters of a prompt that are looked at."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A message of the user's, as far as its row shows it."""

    message_id: int
    timestamp: float | None
    tools: int
    """Results of tools up to the next prompt."""


def outline_row(
    prompt: Prompt,
    words: str | None,
    *,
    width: int,
    now: datetime,
    glyphs: Glyphs,
    cursor: bool = False,
    above: float | None = None,
) -> Line:
    """Draw a prompt.

    Args:
        words: Its text, or the start of it; None as long as it was not read.
        now: Aware; its zone is the reader's.
        cursor: The row is under the cursor.
        above: The timestamp of the row above, None where there is none.

    Returns:
        Exactly `width` cells, for any width of 24 and more.
    """
    tools = safe(f"  {many(prompt.tools, 'tool')} ") if prompt.tools else safe(" ")
    room = max(width - 1 - TIME - 2 - cells(tools), 0)
    text = one_line((words or "")[:LONGEST])
    shown = fit(text, room, glyphs.truncated)
    line = (
        span(f"{clock_or_day(now, prompt.timestamp, above):>{TIME}}  ", Role.DIM),
        *fill((span(shown, bold=cursor),), room),
        span(tools, Role.DIM),
    )
    return with_cursor(line if room else (blank(width - 1),), glyphs, cursor=cursor)
