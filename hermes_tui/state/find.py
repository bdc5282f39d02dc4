"""Find in the session that is read: what was found so far, and which match the reader is at."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple

from hermes_tui.render.find import Needle
from store.base.late_dataclass import dataclass, field


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
    places: list[FoundMessage] = field(default_factory=list)
    """In reading order."""
    total: int = 0
    """Matches in all of them."""
    current: FoundMessage | None = None
    """The message that the reader is at, None as long as nothing was found."""
    nth: int = 0
    """Which of its matches, from 0."""
    _before: int = 0

    def add(self, found: FoundMessage) -> None:
        """Take a message."""
        insort(self.places, found)
        self.total += found.matches
        if self.current is not None and found < self.current:
            self._before += found.matches

    def to_first(self) -> None:
        """Go to the first match from where the reader was, or else to the first of all."""
        if self.places:
            self._go(bisect_left(self.places, (self.start,)) % len(self.places), 0)

    def step(self, step: int) -> None:
        """Go to the next match in reading order, or to the one before (-1), past an end to the other."""
        if self.current is None or not self.places:
            self.to_first()
        elif 0 <= self.nth + step < self.current.matches:
            self.nth += step
        else:
            place = (bisect_left(self.places, self.current) + step) % len(self.places)
            self._go(place, 0 if step > 0 else self.places[place].matches - 1)

    @property
    def number(self) -> int:
        """Which match the reader is at, from 1; 0 for none."""
        return 0 if self.current is None else self._before + self.nth + 1

    def _go(self, place: int, nth: int) -> None:
        self.current, self.nth = self.places[place], nth
        self._before = sum(found.matches for found in self.places[:place])
