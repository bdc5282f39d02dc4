"""Keys of a recorder's calls: who made it, and a digest of the list that was handed over.

A key is stored with its rows (`Transaction.append_once`), so it says whose they are (docs/decisions/0029).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence

from ..base.late_dataclass import dataclass

_PREFIX = "recorder "


@dataclass(frozen=True, slots=True)
class Author:
    """A recorder."""

    writer: str | None
    """Its name; None where it was given none."""
    instance: str
    """Time of its start and random text: no other recorder has its keys, and a later one is greater."""

    def wrote(self, call: RecordedCall) -> bool:
        """True for its own calls, and for those of an earlier recorder of its name."""
        return self.instance == call.author.instance or (self.writer is not None and self.writer == call.author.writer)


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a recorder."""

    author: Author
    number: int
    length: int
    """Messages of the list that was handed over."""
    digest: str
    """Of their identities."""

    @property
    def key(self) -> str:
        """Its key, unique within the session."""
        return _PREFIX + json.dumps(
            [self.author.writer, self.author.instance, self.number, self.length, self.digest], ensure_ascii=True
        )

    @property
    def order(self) -> tuple[str, int]:
        """Sorts the calls of one name."""
        return self.author.instance, self.number

    def begins(self, held: Sequence[bytes]) -> bool:
        """True where a list continues the one of the call."""
        return 0 < self.length <= len(held) and digest(held[: self.length]) == self.digest


def new_instance() -> str:
    """An instance that starts now."""
    return f"{time.time_ns():016x}{os.urandom(4).hex()}"


def digest(identities: Sequence[bytes]) -> str:
    """Digest of a list."""
    return hashlib.blake2b(b"".join(identities), digest_size=16).hexdigest()


def parsed(key: str) -> RecordedCall | None:
    """The call with a key; None for keys that are no recorder's."""
    if not key.startswith(_PREFIX):
        return None
    try:
        writer, instance, number, length, list_digest = json.loads(key.removeprefix(_PREFIX))
    except (ValueError, TypeError, RecursionError):
        return None
    whole = isinstance(number, int) and isinstance(length, int)
    if not whole or not isinstance(instance, str) or not isinstance(writer, str | None):
        return None
    return RecordedCall(Author(writer, instance), number, length, str(list_digest))
