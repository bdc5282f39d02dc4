"""The profiles of a root side by side: which one a session belongs to, and how it is called among all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..base.errors import CannotOpen, Damaged, StoreError, StoreMissing
from ..base.models import Batch, Message, Session
from ..files.home import DEFAULT_PROFILE, Home
from ..session_db import SessionDB

T = TypeVar("T")


class Parts(SessionDB):
    """Every profile's store; what is asked here goes to the root's, which is opened to read.

    Args:
        homes: The root first, as `Home.profiles` gives them.
        cache_dir: Where verdicts are remembered; None for nowhere.
    """

    def __init__(self, homes: Sequence[Home], *, cache_dir: Path | None = None) -> None:
        root = homes[0]
        super().__init__(root.state_db, read_only=True, sessions_dir=root.sessions_dir)
        self._parts = [
            SessionDB(home.state_db, read_only=True, sessions_dir=home.sessions_dir, cache_dir=cache_dir)
            for home in homes
        ]
        self._names = [home.name for home in homes]
        self._broken: dict[int, str] = {}

    def problems(self) -> tuple[str, ...]:
        """A sentence for each profile that could not be read when it was asked last."""
        return tuple(self._broken[place] for place in sorted(self._broken))

    def close(self) -> None:
        """Close every profile's connections."""
        super().close()
        for part in self._parts:
            part.close()

    @property
    def _places(self) -> range:
        return range(len(self._parts))

    def _stored(self, place: int, question: Callable[[SessionDB], T], otherwise: T) -> T:
        """The answer of one profile; `otherwise` where it has no state.db yet, or one that cannot be read."""
        try:
            answer = question(self._parts[place])
        except StoreMissing:
            return otherwise
        except (CannotOpen, Damaged) as error:
            self._note(place, error)
            return otherwise
        return answer

    def _as_far(self, place: int, answers: Iterable[T]) -> Iterator[T]:
        """What one profile answers until it cannot be read any further."""
        try:
            yield from answers
        except StoreMissing:
            return
        except (CannotOpen, Damaged) as error:
            self._note(place, error)

    def _whose(self, place: int, batch: Batch) -> str | None:
        """What a search says of a profile, by its name where it could not be read."""
        return f"profile {self._names[place]}: {batch.fallback}" if batch.partial else batch.fallback

    def _note(self, place: int, error: StoreError) -> str:
        """Keep in mind that a profile cannot be read; the sentence that says so."""
        self._broken[place] = f"profile {self._names[place]}: {error}"
        return self._broken[place]

    def _rows_of(self, place: int, question: Callable[[SessionDB], tuple[Session, ...]]) -> Iterator[Session]:
        return (self._named(place, row) for row in self._stored(place, question, tuple[Session, ...]()))

    def _split(self, session_id: str) -> tuple[int, str]:
        """The place of a session's profile, and its id there."""
        name, slash, own = session_id.partition("/")
        if slash and name in self._names and name != DEFAULT_PROFILE:
            return self._names.index(name), own
        return 0, session_id

    def _by_place(self, session_ids: Iterable[str]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for place, own in map(self._split, session_ids):
            found.setdefault(place, []).append(own)
        return found

    def _name(self, place: int, own: str) -> str:
        return f"{self._names[place]}/{own}" if place else own

    def _outer(self, place: int, row: int) -> int:
        return row * len(self._parts) + place

    def _named(self, place: int, row: Session) -> Session:
        """A row as the merged list has it."""
        return replace(
            row,
            id=self._name(place, row.id),
            parent_id=None if row.parent_id is None else self._name(place, row.parent_id),
            profile=self._names[place],
            first_id=None if row.first_id is None else self._outer(place, row.first_id),
            last_id=None if row.last_id is None else self._outer(place, row.last_id),
        )

    def _message(self, place: int, row: Message) -> Message:
        return replace(row, id=self._outer(place, row.id or 0), session_id=self._name(place, row.session_id))
