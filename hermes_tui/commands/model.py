"""What a command is, and the places it can work in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Place(StrEnum):
    """What has the focus, and so which commands apply."""

    SEARCH = "search row"
    SESSIONS = "sessions"
    HITS = "hits"
    TRANSCRIPT = "transcript"
    REPAIR = "repair"
    FLAGGED = "flagged sessions"
    DIFFERENCE = "difference"
    DOCTOR = "doctor"


LISTS = frozenset({Place.SESSIONS, Place.HITS})
PANES = LISTS | {Place.TRANSCRIPT}
BROWSER = PANES | {Place.SEARCH}
"""The browser's places,"""
MENDING = frozenset({Place.REPAIR, Place.FLAGGED, Place.DIFFERENCE})
"""and those of the screen that repairs."""
EVERYWHERE = frozenset(Place)


@dataclass(frozen=True, slots=True)
class Key:
    """Keys that do one thing."""

    keys: str
    """As Textual names them, joined by commas."""
    action: str
    """An action of the screen."""
    title: str = ""
    """What the palette calls it; "" leaves it out there."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table."""

    id: str
    shown: str
    """The keys as people read them."""
    word: str
    """What the footer says beside them; "" keeps the command out of the footer."""
    sentence: str
    """For the help and the README."""
    places: frozenset[Place] = PANES
    rank: int = 100
    """Lower stands further left in the footer."""
    keys: tuple[Key, ...] = field(default=(), kw_only=True)
    """What the screen binds; () where a widget or Textual does."""
    words: Mapping[Place, str] = field(default_factory=dict, kw_only=True)
    """Where the footer says something else than `word`, by place."""
    needs: str = field(default="", kw_only=True)
    """A condition that the screen knows: "failed", "rows", "wide", "roomy", "hits", "typed", "sought", "rankable",
    "family" or "flagged", of a repair "applies", "running", "idle", "done", "undoable" or "mergeable", of the doctor
    "waiting"; "" for none.
    """

    def word_in(self, place: Place) -> str:
        """What the footer says in that place."""
        return self.words.get(place, self.word)


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that the palette can run."""

    title: str
    shown: str
    """Its keys as people read them."""
    run: Callable[[], object]


@runtime_checkable
class Offers(Protocol):
    """A screen that has commands for the palette."""

    def offered(self) -> Iterator[Offer]:
        """What can be run now."""
