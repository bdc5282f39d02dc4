"""Commands, and the places that they work in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Place(StrEnum):
    """Part of the screen that has the focus; it decides which commands work."""

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
"""The places of the browser."""
REPAIRS = frozenset({Place.REPAIR, Place.FLAGGED, Place.DIFFERENCE})
"""The places of the screen of repairs."""
EVERYWHERE = frozenset(Place)


@dataclass(frozen=True, slots=True)
class Key:
    """Keys that do one thing."""

    keys: str
    """As Textual names them, joined by commas."""
    action: str
    """An action of the screen."""
    title: str = ""
    """The title in the palette; "" leaves it out there."""


@dataclass(frozen=True, slots=True)
class Text:
    """Texts of a command."""

    shown: str
    """The keys as people read them."""
    word: str
    """The word beside them in the footer; "" leaves the command out there."""
    sentence: str
    """For the help and the README."""


@dataclass(frozen=True, slots=True)
class When:
    """Places and condition of a command, and its rank in the footer."""

    places: frozenset[Place] = PANES
    rank: int = 100
    """Lower stands further left in the footer."""
    needs: str = ""
    """A condition that the screen knows: "failed", "rows", "wide", "roomy", "hits", "typed", "history", "rankable",
    "family" or "flagged", of a repair "applies", "running", "idle", "done", "undoable" or "mergeable", of the doctor
    "waiting"; "" for none.
    """
    words: Mapping[Place, str] = field(default_factory=dict)
    """Other words for the footer than that of the text, by place."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table."""

    text: Text
    when: When = When()
    keys: tuple[Key, ...] = ()
    """The screen's bindings; () where a widget or Textual binds them."""

    def word_in(self, place: Place) -> str:
        """The word of the footer in that place."""
        return self.when.words.get(place, self.text.word)


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that the palette can run."""

    title: str
    shown: str
    """Its keys as people read them."""
    run: Callable[[], object]


@runtime_checkable
class Offers(Protocol):
    """A screen or an app with commands for the palette."""

    def offered(self) -> Iterator[Offer]:
        """The commands that can be run now."""


@runtime_checkable
class AsksToQuit(Protocol):
    """A screen from which something is written, and which asks before the app is left."""

    def ask_to_quit(self) -> None:
        """Ask whether to quit after the step that is being written."""
