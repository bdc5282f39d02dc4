"""State of a find: messages come in any order and are counted in that of the transcript."""

from __future__ import annotations

import random

from hermes_tui.render.find import Needle
from hermes_tui.state.find import Find, FoundMessage


def test_messages_are_counted_in_reading_order_however_they_come() -> None:
    """Mutants: a batch put where its first message belongs, whatever is between; the number not moved by what comes
    before; a step to the first match of the message before."""
    chance = random.Random(4)
    for _ in range(40):
        known = [FoundMessage(place, 1000 - place, chance.randrange(1, 4)) for place in chance.sample(range(40), 12)]
        find, left = Find(Needle("a"), start=chance.randrange(40)), list(known)
        while left:
            size = chance.randrange(1, 5)
            find.add(left[:size])
            del left[:size]
            if find.current is None:
                find.to_first()
        ordered = sorted(known)
        matches = [(message, nth) for message in ordered for nth in range(message.matches)]
        assert find.total == len(matches)
        assert find.places == [message.place for message in ordered]
        assert find.ids_from(20) == [
            message.id for message in sorted(known, key=lambda found: (found.place < 20, found.place))
        ]
        at = next(place for place, match in enumerate(matches) if match[0] == find.current)
        for step in (1, 1, -1, -1, -1, 1, 1, 1, 1):
            assert (find.current, find.nth, find.number) == (*matches[at], at + 1)
            find.step(step)
            at = (at + step) % len(matches)
