"""Words of the seams above a message of a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isnan

from hermes_tui.render.compaction_seam import compacted_seam, new_seam, undone_seam
from hermes_tui.render.line import Role
from hermes_tui.render.time import day, same_day
from hermes_tui.widgets.message_index import MessageIndex

UNDATED = 256
"""Messages without a time beyond which none is looked for."""


def seam_words(
    index: MessageIndex, place: int, above: int | None, now: datetime, *, is_drawn: bool
) -> Iterator[tuple[str, Role]]:
    """The words above a message and their colours: of a section that begins, of undone or compacted messages, of a new
    day, of messages that came since the reader was there.

    Args:
        above: The message above, None for the first that is shown.
        is_drawn: The message has lines of its own.
        now: Aware; its zone is the reader's.
    """
    if label := index.label_at(place):
        yield label, Role.DIM
    if (run := index.undone_run(place)) and run[0] == place:
        yield undone_seam(run[1] - run[0], shown=index.undone_shown), Role.DIM
    if compacted := index.compacted_from(place):
        yield compacted_seam(compacted), Role.DIM
    timestamp = index.heads[place].timestamp
    if timestamp is not None and is_drawn:
        before = _time_above(index, above)
        if before is None or not same_day(now, before, timestamp):
            yield day(now, timestamp, year=before is None), Role.DIM
    if is_drawn and above is not None and (seen := index.seen_between(above, place)) is not None:
        yield new_seam(now, seen.at), Role.ACCENT


def _time_above(index: MessageIndex, above: int | None) -> float | None:
    """The time of the nearest message from `above` upwards that has one; None where none of them has."""
    if above is None:
        return None
    times = index.heads.times
    nearest = range(above, max(above - UNDATED, -1), -1)
    return next((times[place] for place in nearest if not isnan(times[place])), None)
