"""Find in the session that is read: what was found so far, and which match the reader is at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hermes_tui.render.find import Needle
from store.base.late_dataclass import dataclass, field

NARROW = 1_024
"""Messages in which a longer text is looked for one by one."""


class FoundMessage(NamedTuple):
    """A message that has the text."""

    place: int
    """Its index in the transcript."""
    id: int
    matches: int
    """How often it has the text; at least once."""


@dataclass(slots=True)
class Find:
    """One find."""

    needle: Needle
    start: int = 0
    """Index of the message that the reader was at."""
    is_kept: bool = False
    """The keys are the text's again."""
    is_done: bool = False
    """All messages that were asked for were looked through."""
    asked: int = 0
    """Messages of the transcript that were asked for."""
    places: list[int] = field(default_factory=list)
    """Of the messages that have the text, in reading order: no objects, which the collector of cycles would walk."""
    total: int = 0
    """Matches in all of them."""
    current: FoundMessage | None = None
    """The message that the reader is at, None as long as nothing was found."""
    nth: int = 0
    """Which of its matches, from 0."""
    _ids: list[int] = field(default_factory=list)
    _matches: list[int] = field(default_factory=list)
    _before: int = 0

    def add(self, found: Iterable[FoundMessage]) -> None:
        """Take messages that are not known yet."""
        batch = sorted(found)
        if not batch:
            return
        at = bisect_left(self.places, batch[0].place)
        end = bisect_left(self.places, batch[-1].place)
        between = map(FoundMessage, self.places[at:end], self._ids[at:end], self._matches[at:end])
        merged = sorted((*between, *batch)) if end > at else batch
        self.places[at:end], self._ids[at:end], self._matches[at:end] = zip(*merged, strict=True)
        self.total += sum(message.matches for message in batch)
        if self.current is not None:
            self._before += sum(message.matches for message in batch if message < self.current)

    def to_first(self) -> None:
        """Go to the first match from where the reader was, or else to the first of all."""
        if self.places:
            self._go(bisect_left(self.places, self.start) % len(self.places), 0)

    def step(self, step: int) -> None:
        """Go to the next match in reading order, or to the one before (-1), past an end to the other."""
        if self.current is None or not self.places:
            self.to_first()
        elif 0 <= self.nth + step < self.current.matches:
            self.nth += step
        else:
            at = (bisect_left(self.places, self.current.place) + step) % len(self.places)
            self._go(at, 0 if step > 0 else self._matches[at] - 1)

    def ids_from(self, place: int) -> Sequence[int]:
        """Messages that have the text, those from a place on first."""
        first = bisect_left(self.places, place)
        return self._ids[first:] + self._ids[:first]

    @property
    def may_narrow(self) -> bool:
        """Whether a longer text is better looked for in these messages than in all."""
        return self.is_done and len(self.places) <= NARROW

    @property
    def number(self) -> int:
        """Which match the reader is at, from 1; 0 for none."""
        return 0 if self.current is None else self._before + self.nth + 1

    def _go(self, at: int, nth: int) -> None:
        self.current = FoundMessage(self.places[at], self._ids[at], self._matches[at])
        self.nth, self._before = nth, sum(self._matches[:at])
