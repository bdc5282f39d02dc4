"""Sections of a transcript as fast as the screen takes them, those that come meanwhile together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from hermes_tui.feed.answers import Answer, SectionArrived, SectionsArrived

TOGETHER, PER_SECTION = 4096, 64
"""Messages after which no more are read before the screen has taken them; a section costs as much as some of them."""
EACH = 0.05
"""Seconds between two answers, at least: each costs a look at the whole screen."""
REST = 0.02
"""Seconds of rest after an answer at most: as long as its reading took, so that keys come through."""
LOOK, LOOKS = 0.004, 50
"""Seconds between two looks whether the screen has taken an answer, and how many of them there are."""


def paced(
    found: Iterable[Answer],
    is_behind: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Answer]:
    """The answers in their order; later parts of a transcript wait for the screen, and for each other.

    Args:
        found: Answers to one request for a transcript.
        is_behind: Whether the screen has not taken yet what it got.
        clock: Seconds that only go forward.
        sleep: Waits so many seconds.
    """
    waiting: list[SectionArrived] = []
    size, began = 0, clock()
    for answer in found:
        if not isinstance(answer, SectionArrived) or (answer.first and answer.place == 1):
            yield answer
            began = clock()
            continue
        waiting.append(answer)
        size += len(answer.heads) + PER_SECTION
        if not answer.done and size < TOGETHER and (clock() - began < EACH or is_behind()):
            continue
        sleep(min(clock() - began, REST))
        for _ in range(LOOKS):
            if not is_behind():
                break
            sleep(LOOK)
        yield waiting[0] if len(waiting) == 1 else SectionsArrived(answer.generation, tuple(waiting))
        waiting, size, began = [], 0, clock()
