"""Bodies of messages that a transcript has at hand, and those that were requested."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence

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
        self._stale: set[int] = set()

    def keep(self, messages: Iterable[Message]) -> None:
        """Take bodies that cannot be requested again; they stay."""
        self._kept.update((message.id, message) for message in messages if message.id is not None)

    @property
    def kept(self) -> Mapping[int, Message]:
        """Bodies that cannot be requested."""
        return self._kept

    def put(self, messages: Iterable[Message]) -> list[int]:
        """Take bodies that were requested; the ids of those that are not as they were."""
        changed = []
        for message in messages:
            if message.id is not None:
                self._requested.discard(message.id)
                self._stale.discard(message.id)
                if self._here.get(message.id) != message:
                    changed.append(message.id)
                self._here[message.id] = message
        while len(self._here) > AT_HAND:
            self._stale.discard(self._here.popitem(last=False)[0])
        return changed

    def get(self, message_id: int) -> Message | None:
        """The body of a message, None where it is not at hand."""
        if (message := self._here.get(message_id)) is None:
            return self._kept.get(message_id)
        self._here.move_to_end(message_id)
        return message

    def request(self, message_ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Those of `message_ids` that are neither at hand nor requested, in chunks; from now on they are requested."""
        missing = [
            id_ for id_ in message_ids if id_ not in self._requested and (id_ in self._stale or self.get(id_) is None)
        ]
        self._requested.update(missing)
        for start in range(0, len(missing), CHUNK):
            yield tuple(missing[start : start + CHUNK])

    def expire(self) -> None:
        """Request every body again as soon as it is wanted: it may have been changed."""
        self._stale = set(self._here)

    def forget_requests(self) -> None:
        """Allow another request for what did not come."""
        self._requested.clear()
