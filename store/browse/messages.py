"""Messages for a reader: heads, bodies, context, and messages outside SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged
from ..base.models import ContextLine, Head, Message, Origin, Page, SectionVersion, StoredTexts
from ..files.jsonl_files import SESSION_META
from ..formats.compaction_overlap import EDGE_ROWS, Fingerprint, carried_over_ids
from ..formats.row_encoding import storable
from .sessions import StoredSessions

if TYPE_CHECKING:
    from ..formats.carried_copies import Copies
    from ..home_store import HomeStore

CONTEXT_BYTES = 8192
"""Maximum bytes of a plain text in a line of context."""


class StoredMessages:
    """Messages of one home; a session that is not there has none."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def copies(self, session_id: str) -> Copies:
        """The rows of a session that only copy others of it, because of compactions in place."""
        return self._store.engine.messages.copies(session_id)

    def versions(self, session_ids: Iterable[str]) -> dict[str, SectionVersion]:
        """Versions of sessions, to see whether anything in them changed; of those without rows the empty one."""
        ids = list(session_ids)
        found = self._store.engine.messages.versions(ids)
        return {session_id: found.get(session_id, SectionVersion()) for session_id in ids}

    def carried(self, session_id: str, before: str) -> frozenset[int]:
        """Ids of the rows that only repeat rows of the section before, because a compaction carried them over.

        None where a page is damaged: a message shown twice is better than a missing one.

        Args:
            session_id: A section of a chain.
            before: The section before it, "" for the first: then none is returned.
        """
        try:
            return self._carried(session_id, before)
        except Damaged:
            return frozenset()

    def _carried(self, session_id: str, before: str) -> frozenset[int]:
        rows = self._store.engine.messages
        end = rows.last_heads(storable(before), limit=EDGE_ROWS)
        if not end:
            return frozenset()
        beginning = end if len(end) < EDGE_ROWS else rows.heads(storable(before), after=0, limit=EDGE_ROWS).items
        edges = beginning, end, rows.heads(storable(session_id), after=0, limit=EDGE_ROWS).items
        first, last, start = ([head for head in edge if head.role != SESSION_META] for edge in edges)
        carried = carried_over_ids(first, last, start, partial(self._fingerprints, {}))
        return carried | rows.marked_copies(session_id, before)

    def _fingerprints(self, known: dict[int, Fingerprint], heads: Sequence[Head]) -> list[Fingerprint]:
        """Fingerprints of rows; those that are not `known` are read, and are from then on."""
        if unread := [head.id for head in heads if head.id not in known]:
            found = self._store.engine.messages.fingerprints(unread)
            known |= {key: found.get(key, Fingerprint(str(key).encode())) for key in unread}
        return [known[head.id] for head in heads]

    def heads(self, session_id: str, *, after: int = 0, limit: int = 4096) -> Page[Head]:
        """A session's messages without their bodies, in id order, inactive ones included.

        Args:
            after: The id before the first one; the page's cursor is the last id, where more follow.
        """
        return self._store.engine.messages.heads(storable(session_id), after=after, limit=limit)

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """Messages by row id in the requested order, without deleted ones.

        A row on a damaged page becomes a message of the role `UNREADABLE`, and hides no other.

        Raises:
            ValueError: More than 256 ids.
        """
        return self._store.engine.messages.readable_bodies(ids)

    def containing(self, ids: Sequence[int], words: str) -> frozenset[int]:
        """Those of some messages that may have a text, in any case: at least those that have it. None is decoded.

        Args:
            ids: At most 4,096.
            words: ASCII, of characters that JSON does not escape.

        Raises:
            ValueError: More ids.
        """
        return self._store.engine.messages.containing(ids, words)

    def stored_texts(self, ids: Sequence[int], *, replies_only: bool = False) -> StoredTexts:
        """Texts of some messages that are read as they are stored, joined; the others are for `messages`.

        Args:
            ids: At most 4,096.
            replies_only: Answers and their reasoning alone; nothing says of which messages they are not here.

        Raises:
            ValueError: More ids.
        """
        return self._store.engine.messages.stored_texts(ids, replies_only=replies_only)

    def context(self, session_id: str, message_id: int, *, width: int = 1) -> tuple[ContextLine, ...]:
        """The messages around one, `width` on each side, in id order within the session: one read transaction.

        A plain text is cut after its first 8 kB.
        """
        return self._store.engine.messages.window(session_id, message_id, width=width, n_bytes=CONTEXT_BYTES)

    def file_messages(self, session_id: str, *, asides: bool = False) -> tuple[Message, ...]:
        """The messages of a session outside SQLite: its JSONL file's, then those that wait in the spool; a snapshot's
        only where neither has the session. `Message.origin` is the source.

        Args:
            asides: Include the lines of the JSONL file that are no messages (`Message.aside`).
        """
        found = self._store.leftovers.messages(session_id, asides=asides)
        return () if found and found[0].origin is Origin.SNAPSHOT and self._is_stored(session_id) else found

    def _is_stored(self, session_id: str) -> bool:
        """True where SQLite has a row or messages of the session and can be read."""
        try:
            return bool(StoredSessions(self._store).rows([session_id]))
        except (CannotOpen, Damaged):
            return False

    def snapshot_messages(self, session_id: str) -> tuple[Message, ...]:
        """The messages of a session's JSON snapshot, none without one; it may lack messages."""
        snapshot = self._store.leftovers.snapshots.get(session_id)
        return snapshot.messages if snapshot else ()

    def spooled(self) -> frozenset[str]:
        """Ids of the sessions that have messages in the spool; those of the others need not be asked for."""
        return frozenset(self._store.leftovers.spool.ids())

    def waiting(self, session_id: str) -> tuple[Message, ...]:
        """The messages that wait in the spool because they could not be written into SQLite."""
        return self._store.leftovers.waiting(session_id)
