"""Bodies of messages that a transcript has at hand, and those that were requested."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from store.models import Message

AT_HAND = 1024
"""Bodies that are kept; far more than any screen needs at once."""
CHUNK = 64
"""Bodies of one request."""


class BodyCache:
    """Messages by id; the least recently used are dropped first."""

    def __init__(self) -> None:
        self._here: OrderedDict[int, Message] = OrderedDict()
        self._kept: dict[int, Message] = {}
        self._requested: set[int] = set()

    def keep(self, messages: Iterable[Message]) -> None:
        """Take bodies that cannot be requested again; they stay."""
        self._kept.update((message.id, message) for message in messages if message.id is not None)

    def put(self, messages: Iterable[Message]) -> None:
        """Take bodies that were requested."""
        for message in messages:
            if message.id is not None:
                self._requested.discard(message.id)
                self._here[message.id] = message
        while len(self._here) > AT_HAND:
            self._here.popitem(last=False)

    def get(self, message_id: int) -> Message | None:
        """The body of a message, None where it is not at hand."""
        if (message := self._here.get(message_id)) is None:
            return self._kept.get(message_id)
        self._here.move_to_end(message_id)
        return message

    def request(self, message_ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Those of `message_ids` that are neither at hand nor requested, in chunks; from now on they are requested."""
        missing = [id_ for id_ in message_ids if id_ not in self._requested and self.get(id_) is None]
        self._requested.update(missing)
        for start in range(0, len(missing), CHUNK):
            yield tuple(missing[start : start + CHUNK])

    def forget_requests(self) -> None:
        """Allow another request for what did not come."""
        self._requested.clear()
