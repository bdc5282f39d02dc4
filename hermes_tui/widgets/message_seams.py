"""Words of the seams above a message of a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hermes_tui.render.compaction_seam import compacted_seam, undone_seam
from hermes_tui.render.time import day, same_day
from hermes_tui.widgets.message_index import MessageIndex


def seam_words(index: MessageIndex, place: int, above: int | None, now: datetime, *, is_drawn: bool) -> Iterator[str]:
    """The words above a message: of a section that begins, of undone or compacted messages, of a new day.

    Args:
        above: The message above, None for the first that is shown.
        is_drawn: The message has lines of its own.
        now: Aware; its zone is the reader's.
    """
    if label := index.label_at(place):
        yield label
    if (run := index.undone_run(place)) and run[0] == place:
        yield undone_seam(run[1] - run[0], shown=index.undone_shown)
    if compacted := index.compacted_from(place):
        yield compacted_seam(compacted)
    timestamp = index.heads[place].timestamp
    if timestamp is None or not is_drawn:
        return
    before = timestamp if above is None else index.heads[above].timestamp
    if above is None or (before is not None and not same_day(now, before, timestamp)):
        yield day(now, timestamp, year=above is None)
