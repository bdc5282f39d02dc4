"""Names in the merged list of all profiles.

A session is `<profile>/<id>`; the root's own keep their ids, as upstream's links `@session:<profile>/<id>` have them
(docs/format.md §1.1). Row ids of messages are unique in one file only; here the profile's place is their last digit,
to the base of the number of profiles, so that they stay in order within a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import singledispatchmethod
from typing import TypeVar, cast

from ..base.models import (
    Check,
    ContextLine,
    FamilyMember,
    FirstListing,
    Head,
    Hit,
    JsonlFacts,
    Message,
    Origin,
    Page,
    SectionVersion,
    Session,
    SessionLocation,
    SurveyStep,
)
from ..browse.reading import Piece, SessionReading
from ..files.home import DEFAULT_PROFILE
from ..repair.model import Operation, Plan

T = TypeVar("T")

_NAMED_FIELDS: dict[type, tuple[str, ...]] = {
    Page: ("items",),
    FamilyMember: ("session",),
    Check: ("session_id",),
    JsonlFacts: ("session_id",),
    Operation: ("session_id",),
    Plan: ("check",),
    SurveyStep: ("drifts", "facts", "checks"),
    FirstListing: ("sessions", "drifts", "facts"),
    SessionReading: ("session", "facts"),
    Piece: ("section_id", "row", "heads", "messages"),
}
"""Fields of values that have no other names in them."""


class ProfileNames:
    """Names of sessions and rows, from a profile to the merged list and back.

    Args:
        profiles: Names of the profiles, the root first.
    """

    def __init__(self, profiles: Sequence[str]) -> None:
        self.profiles = tuple(profiles)
        self._places = {name: place for place, name in reversed(list(enumerate(self.profiles)))}
        """The first of each name."""

    def split(self, session_id: str) -> tuple[int, str]:
        """The place of a session's profile, and its id there."""
        name, slash, own = session_id.partition("/")
        if slash and name in self._places and name != DEFAULT_PROFILE:
            return self._places[name], own
        return 0, session_id

    def own(self, session: str | Session) -> tuple[int, str | Session]:
        """The place of a session's profile, and its id, or itself, as it is there."""
        if isinstance(session, str):
            return self.split(session)
        place, own = self.split(session.id)
        return place, replace(session, id=own) if place else session

    def by_place(self, session_ids: Iterable[str]) -> dict[int, list[str]]:
        """Some sessions' own ids by profile."""
        found: dict[int, list[str]] = {}
        for place, own in map(self.split, session_ids):
            found.setdefault(place, []).append(own)
        return found

    def row(self, place: int, own: int) -> int:
        """A message's row id among all profiles."""
        return own * len(self.profiles) + place

    def own_row(self, row: int) -> int:
        """A message's row id in its profile."""
        return row // len(self.profiles)

    def rows_by_place(self, rows: Iterable[int]) -> dict[int, list[int]]:
        """Some messages' row ids by profile, still among all."""
        found: dict[int, list[int]] = {}
        for row in rows:
            found.setdefault(row % len(self.profiles), []).append(row)
        return found

    def renamed(self, place: int, value: T) -> T:
        """A value of one profile with the names of the merged list."""
        return cast("T", self._named(value, place))

    @singledispatchmethod
    def _named(self, value: object, place: int) -> object:
        names = _NAMED_FIELDS.get(type(value))
        if names is None:
            return value
        fields = {name: self._named(getattr(value, name), place) for name in names}
        return replace(value, **fields)  # type: ignore[type-var]

    @_named.register
    def _(self, value: str, place: int) -> str:
        return f"{self.profiles[place]}/{value}" if place and not isinstance(value, StrEnum) else value

    @_named.register
    def _(self, value: tuple, place: int) -> tuple[object, ...]:  # type: ignore[type-arg]
        return tuple(self._named(item, place) for item in value)

    @_named.register
    def _(self, value: Mapping, place: int) -> dict[object, object]:  # type: ignore[type-arg]
        return {self._named(key, place): self._named(item, place) for key, item in value.items()}

    @_named.register
    def _(self, value: Session, place: int) -> Session:
        return replace(
            value,
            id=self.renamed(place, value.id),
            parent_id=self.renamed(place, value.parent_id),
            profile=self.profiles[place],
            first_id=None if value.first_id is None else self.row(place, value.first_id),
            last_id=None if value.last_id is None else self.row(place, value.last_id),
        )

    @_named.register
    def _(self, value: SessionLocation, place: int) -> SessionLocation:
        if value.session.profile not in self._places:  # it was made after these were listed
            return value
        place = self._places[value.session.profile]
        return replace(value, session=self.renamed(place, value.session), family=self.renamed(place, value.family))

    @_named.register
    def _(self, value: SectionVersion, place: int) -> SectionVersion:
        if not value.rows:
            return value
        ids = value.active_ids * len(self.profiles) + place * value.active
        return replace(value, last_id=self.row(place, value.last_id), active_ids=ids)

    @_named.register(Head)
    @_named.register(ContextLine)
    def _(self, value: Head | ContextLine, place: int) -> object:
        return replace(value, id=self.row(place, value.id))

    @_named.register
    def _(self, value: Message, place: int) -> Message:
        own = value.id if value.origin is not Origin.SQLITE or value.id is None else self.row(place, value.id)
        return replace(value, id=own, session_id=self.renamed(place, value.session_id))

    @_named.register
    def _(self, value: Hit, place: int) -> Hit:
        own = self.row(place, value.message_id) if value.origin is Origin.SQLITE else value.message_id
        return replace(value, session_id=self.renamed(place, value.session_id), message_id=own)
