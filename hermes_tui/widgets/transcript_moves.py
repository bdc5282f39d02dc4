"""Moves in a transcript that keys ask for: by page, by prompt, by seam or day, and what is folded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from math import isnan

from hermes_tui.render import message_kind
from hermes_tui.render.gutter import GUTTER
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import HOUR, same_day
from hermes_tui.widgets.transcript_cursor import TranscriptCursor

LONGEST_PROMPT = 400
"""Characters of a prompt that are looked at."""
NONE = SafeText("")
SIDEWAYS = 8
"""Cells that a key moves sideways."""


def click(cursor: TranscriptCursor, x: int, y: int, *, is_double: bool) -> bool:
    """Put the bar on the message that is clicked; on a fold mark, or twice, fold. False where there is no message."""
    rows = cursor.viewport.rows
    if y >= len(rows):
        return False
    cursor.bar = rows[y].index
    on_mark = GUTTER <= x < GUTTER + 2
    if not (on_mark and cursor.fold_at(rows[y].index, rows[y].line)) and is_double:
        cursor.fold()
    return True


def scroll_pages(cursor: TranscriptCursor, halves: int) -> None:
    """Move by half pages, down if positive; two are a page less one row."""
    height = cursor.viewport.height
    rows = max(height // 2 if abs(halves) == 1 else height - 1, 1)
    cursor.scroll(rows if halves > 0 else -rows)


def to_prompt(cursor: TranscriptCursor, step: int) -> None:
    """Put the bar on the user's next message (1) or on the one before (-1); nothing happens where there is none."""
    prompts = cursor.layout.index.prompts
    if (place := _next(cursor, step, prompts, is_prompt)) is not None:
        cursor.put_bar(place)


def prompt_above(cursor: TranscriptCursor) -> tuple[SafeText, list[int]]:
    """The first words of the prompt that the first row on the screen answers, "" where it is on the screen itself.

    Returns:
        The words, and the id of the prompt where its text is to be read for them.
    """
    index, rows = cursor.layout.index, cursor.viewport.rows
    own = next((row for row in rows if not row.seam), None)
    if own is None or (is_prompt(cursor, own.index) and cursor.viewport.begins(own.index)):
        return NONE, []
    for place in reversed(index.prompts[: bisect_right(index.prompts, own.index)]):
        if is_prompt(cursor, place):
            message = cursor.layout.body(place)
            return (one_line(message.text[:LONGEST_PROMPT]) if message else NONE), [index.heads.ids[place]]
    return NONE, []


def to_seam(cursor: TranscriptCursor, step: int) -> None:
    """Go to the next message under a seam or of another day, the seam at the top; -1 for the one before.

    The first one stands under its day.
    """
    index = cursor.layout.index
    if (place := _next(cursor, step, sorted({*index.seams, *index.after_seen()}), _begins_part)) is not None:
        cursor.put_bar(place)
        cursor.viewport.place(place)


def _next(
    cursor: TranscriptCursor, step: int, places: Sequence[int], wanted: Callable[[TranscriptCursor, int], bool]
) -> int | None:
    """The nearest of some places beyond the bar that is wanted and has a row; a hidden run has one for its seam."""
    index = cursor.layout.index
    behind, ahead = places[: bisect_left(places, cursor.bar)], places[bisect_right(places, cursor.bar) :]
    for place in ahead if step > 0 else reversed(behind):
        run = index.undone_run(place) if index.is_hidden(place) else None
        if (run is None or run[0] == place) and place < len(index) and wanted(cursor, place):
            return place
    return None


def is_prompt(cursor: TranscriptCursor, place: int) -> bool:
    """Whether a user wrote a message; one that is not read yet is taken for such by its role."""
    index = cursor.layout.index
    if index.heads[place].role != "user" or index.is_hidden(place):
        return False
    message = cursor.layout.body(place)
    return message is None or not message_kind.is_machine_made(message)


def _begins_part(cursor: TranscriptCursor, place: int) -> bool:
    return place == 0 or is_under_seam(cursor, place)


def is_under_seam(cursor: TranscriptCursor, place: int) -> bool:
    """Whether a seam or a new day stands above a message."""
    index = cursor.layout.index
    run = index.undone_run(place)
    if index.label_at(place) or (run and run[0] == place) or index.begins_compacted(place):
        return True
    if index.seen_between(max(place - 1, 0), place):
        return True
    before, after = index.heads.times[max(place - 1, 0)], index.heads.times[place]
    if isnan(before) or isnan(after) or before // HOUR == after // HOUR:
        return False
    return not same_day(cursor.now(), before, after)


READER: Mapping[str, Callable[[TranscriptCursor], None]] = {
    "top": TranscriptCursor.to_top,
    "end": TranscriptCursor.to_end,
    "next_message": lambda cursor: cursor.step(1),
    "previous_message": lambda cursor: cursor.step(-1),
    "next_prompt": lambda cursor: to_prompt(cursor, 1),
    "previous_prompt": lambda cursor: to_prompt(cursor, -1),
    "next_seam": lambda cursor: to_seam(cursor, 1),
    "previous_seam": lambda cursor: to_seam(cursor, -1),
    "half_down": lambda cursor: scroll_pages(cursor, 1),
    "half_up": lambda cursor: scroll_pages(cursor, -1),
    "page_down": lambda cursor: scroll_pages(cursor, 2),
    "page_up": lambda cursor: scroll_pages(cursor, -2),
    "follow": TranscriptCursor.follow,
    "fold": TranscriptCursor.fold,
    "tools": TranscriptCursor.fold_tools,
    "reasoning": TranscriptCursor.fold_reasoning,
    "undone": TranscriptCursor.toggle_undone,
    "source": TranscriptCursor.toggle_source,
    "wrap": TranscriptCursor.toggle_wrap,
    "numbers": lambda cursor: cursor.layout.number(cursor.bar),
    "no_numbers": lambda cursor: cursor.layout.number(None),
    "right": lambda cursor: cursor.move_sideways(SIDEWAYS),
    "left": lambda cursor: cursor.move_sideways(-SIDEWAYS),
}
"""Moves that keys ask for, by the argument of the action `reader`."""
