"""The bodies of messages that a transcript has at hand, and those it has asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from store.models import Message

AT_HAND = 1024
"""Bodies that are kept; far more than any screen needs at once."""
CHUNK = 64
"""Bodies that are asked for at once."""


class Bodies:
    """Messages by id, those least used given up first."""

    def __init__(self) -> None:
        self._here: OrderedDict[int, Message] = OrderedDict()
        self._kept: dict[int, Message] = {}
        self._asked: set[int] = set()

    def keep(self, messages: Iterable[Message]) -> None:
        """Take bodies that cannot be asked for again; they stay."""
        self._kept.update((message.id, message) for message in messages if message.id is not None)

    def put(self, messages: Iterable[Message]) -> None:
        """Take bodies that were asked for."""
        for message in messages:
            if message.id is not None:
                self._asked.discard(message.id)
                self._here[message.id] = message
        while len(self._here) > AT_HAND:
            self._here.popitem(last=False)

    def get(self, message_id: int) -> Message | None:
        """The body of a message, None where it is not at hand."""
        if (message := self._here.get(message_id)) is None:
            return self._kept.get(message_id)
        self._here.move_to_end(message_id)
        return message

    def ask(self, message_ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Those of `message_ids` that are neither at hand nor asked for, in chunks; from now on they are asked for."""
        wanted = [wanted for wanted in message_ids if wanted not in self._asked and self.get(wanted) is None]
        self._asked.update(wanted)
        for start in range(0, len(wanted), CHUNK):
            yield tuple(wanted[start : start + CHUNK])

    def forget_asked(self) -> None:
        """What was asked for did not come: it may be asked for again."""
        self._asked.clear()
