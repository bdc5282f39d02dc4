"""Words of the seams above a message of a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hermes_tui.render.compaction_seam import compacted_seam, undone_seam
from hermes_tui.render.time import day, same_day
from hermes_tui.widgets.message_index import MessageIndex


def seam_words(index: MessageIndex, place: int, above: int | None, now: datetime) -> Iterator[str]:
    """The words above a message: of a section that begins, of undone or compacted messages, of a new day.

    Args:
        above: The message above, None where nothing is drawn below the seams or above them.
        now: Aware; its zone is the reader's.
    """
    if label := index.label_at(place):
        yield label
    if (run := index.undone_run(place)) and run[0] == place:
        yield undone_seam(run[1] - run[0], shown=index.undone_shown)
    if compacted := index.compacted_from(place):
        yield compacted_seam(compacted)
    if above is not None:
        before, timestamp = index.heads[above].timestamp, index.heads[place].timestamp
        if before is not None and timestamp is not None and not same_day(now, before, timestamp):
            yield day(now, timestamp)
