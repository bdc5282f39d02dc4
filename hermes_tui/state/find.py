"""Find in the session that is read: what was found so far, and which match the reader is at."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from hermes_tui.render.find import Needle


@dataclass(slots=True)
class Find:
    """One find."""

    needle: Needle
    start: int = 0
    """Index of the message that the reader was at."""
    is_kept: bool = False
    """The keys are the text's again."""
    is_done: bool = False
    """All of the session was looked through."""
    places: list[tuple[int, int]] = field(default_factory=list)
    """Index and id of each message with a match, in reading order."""
    current: int | None = None
    """The id of the message that the reader is at, None as long as nothing was found."""

    def add(self, index: int, message_id: int) -> None:
        """Take a message that has a match."""
        insort(self.places, (index, message_id))

    def first(self) -> int | None:
        """The first match from where the reader was, or else the first of all."""
        after = [message_id for index, message_id in self.places if index >= self.start]
        return after[0] if after else self.places[0][1] if self.places else None

    def step(self, step: int) -> int | None:
        """The next match in reading order, or the one before (-1), past an end from the other; None for no match."""
        if not self.places:
            return None
        ids = [message_id for _, message_id in self.places]
        place = ids.index(self.current) + step if self.current in ids else 0
        return ids[place % len(ids)]

    @property
    def number(self) -> int:
        """Which match the reader is at, from 1; 0 for none."""
        ids = [message_id for _, message_id in self.places]
        return ids.index(self.current) + 1 if self.current in ids else 0
