"""Changes of a session that `show --follow` prints: new messages, changed ones again, and those that are gone."""

from __future__ import annotations

import time
from collections.abc import Iterator

from store import Browser, Message, Origin
from store.base.late_dataclass import dataclass, field
from store.browse.reading import in_state
from store.errors import SessionMissing
from store.models import Head

BODIES = 256
"""Messages that are read at once."""
COMPARED = 64
"""Last messages whose bodies are read again at each change."""
POLL, LOOK, LOOKING = 0.25, 2.0, 20.0
"""Seconds between two polls, seconds between two looks at least, and times as long as the last one took."""

Key = tuple[Origin, int]


@dataclass(frozen=True, slots=True)
class Removed:
    """A message that was printed and is no longer there."""

    message: Message


@dataclass(slots=True)
class Follower:
    """What was printed of a session, and what has changed since.

    Args:
        db: The store.
        session_id: The session; its chain is not followed.
    """

    db: Browser
    session_id: str
    _shown: dict[Key, Message] = field(default_factory=dict)

    def changes(self) -> Iterator[Message | Removed]:
        """What to print so that the output, message by message, is what `show` would print now."""
        now: dict[Key, Message] = {}
        try:
            reading = self.db.reading(self.session_id)
            for piece in self.db.pieces(reading, chain=False):
                now |= self._stored({head.id: head for head in piece.heads})
                now |= {(message.origin, message.id or 0): message for message in piece.messages}
        except SessionMissing:
            now = {}
        gone = [Removed(message) for key, message in self._shown.items() if key not in now]
        fresh = [message for key, message in now.items() if self._shown.get(key) != message]
        self._shown = now
        yield from gone
        yield from fresh

    def follow(self) -> Iterator[Message | Removed]:
        """What is there, and the same after each change, until the caller stops."""
        watch = self.db.watch()
        watch.poll()  # before the first look: what is written meanwhile is a change
        yield from self.changes()
        changed, next_look = False, 0.0
        while True:
            time.sleep(POLL)
            changed = watch.poll() is not None or changed
            began = time.monotonic()
            if changed and began >= next_look:
                changed = False
                yield from self.changes()
                now = time.monotonic()
                next_look = now + max(LOOK, LOOKING * (now - began))

    def _stored(self, heads: dict[int, Head]) -> dict[Key, Message]:
        """Messages of SQLite; of those that were printed long ago only the state is read again."""
        ids = list(heads)
        known = {key[1]: message for key, message in self._shown.items() if key[0] is Origin.SQLITE}
        old = {message_id for message_id in ids[:-COMPARED] if message_id in known}
        found = {message_id: known[message_id] for message_id in old}
        wanted = [message_id for message_id in ids if message_id not in old]
        for start in range(0, len(wanted), BODIES):
            bodies = self.db.messages(wanted[start : start + BODIES])
            found |= {message.id: message for message in bodies if message.id is not None}
        return {
            (Origin.SQLITE, message_id): in_state(found[message_id], heads[message_id])
            for message_id in ids
            if message_id in found
        }
