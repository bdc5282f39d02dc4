"""Commands, and the places that they work in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Protocol, runtime_checkable

from store.base.late_dataclass import dataclass, field, replace
from store.base.late_pattern import late_pattern


class Place(StrEnum):
    """Part of the screen that has the focus; it decides which commands work."""

    SEARCH = "search row"
    SESSIONS = "sessions"
    HITS = "hits"
    TRANSCRIPT = "transcript"
    FIND = "find in session"
    GOTO = "go to"
    DETAILS = "details"
    REPAIR = "repair"
    FLAGGED = "flagged sessions"
    DIFFERENCE = "difference"
    DOCTOR = "doctor"
    JOURNAL = "repairs"
    MANAGE = "sessions in order"
    RESUME = "resume"
    EXPORT = "export"
    STATS = "statistics"


LISTS = frozenset({Place.SESSIONS, Place.HITS})
PANES = LISTS | {Place.TRANSCRIPT}
INSIDE = frozenset({Place.TRANSCRIPT, Place.FIND, Place.GOTO, Place.DETAILS})
"""The places from which a session is read."""
BROWSER = PANES | INSIDE | {Place.SEARCH}
"""The places of the browser."""
REPAIRS = frozenset({Place.REPAIR, Place.FLAGGED, Place.DIFFERENCE})
"""The places of the screen of repairs."""
EVERYWHERE = frozenset(Place)


_ARGUMENT = late_pattern(r"\('(\w+)'\)")
_IDS = {
    "rows(-1)": "row_up",
    "rows(1)": "row_down",
    "pages(-1)": "page_back",
    "pages(1)": "page_on",
    "context(-1)": "less_context",
    "context(1)": "more_context",
    "next_hit(1)": "next_hit",
    "next_hit(-1)": "previous_hit",
    "repair(True)": "difference",
    "mark(True)": "mark_all",
    "app.quit_by_letter": "quit",
    "copy('message')": "copy_message",
    "copy('resume')": "copy_resume",
    "copy('id')": "copy_id",
    "copy_block(0)": "copy_answer",
    "answer(True)": "start_hermes",
    "answer(False)": "resume_nothing",
}
"""Names of actions whose argument does not name them."""


@dataclass(frozen=True, slots=True)
class Key:
    """Keys that do one thing."""

    keys: str
    """As Textual names them, joined by commas."""
    action: str
    """An action of the screen."""
    title: str = ""
    """The title in the palette; "" leaves it out there."""

    @property
    def names(self) -> tuple[str, ...]:
        """The keys one by one."""
        return tuple(self.keys.split(","))

    @property
    def id(self) -> str:
        """The name of the action for a config file: `next_order`, `rows_down`."""
        if self.action in _IDS:
            return _IDS[self.action]
        named = _ARGUMENT.search(self.action)
        return named[1] if named else self.action.removeprefix("app.").partition("(")[0]


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table."""

    shown: str
    """The keys as people read them."""
    word: str
    """The word beside them in the footer; "" leaves the command out there."""
    sentence: str
    """For the help and the README."""
    places: frozenset[Place] = PANES
    rank: int = 100
    """Lower stands further left in the footer."""
    needs: str = ""
    """A condition that the screen knows: "failed", "rows", "session", "wide", "roomy", "hits", "typed", "untyped",
    "history", "rankable", "family", "flagged", "details", "unwrapped", "profiles" or "copying" (the two seconds after a
    copy), of a repair "applies", "running", "idle", "asked" (the plan of an undo), "done", "undoable" or "mergeable",
    of the doctor "waiting", of sessions kept in order "managed", "deletable", "forceable", "children" or "renames", of
    an export "choosing", "maskable", "chained" or "several", of marked sessions "marked", of statistics "counted"; ""
    for none.
    """
    words: Mapping[Place, str] = field(default_factory=dict)
    """Other words for the footer, by place."""
    keys: tuple[Key, ...] = ()
    """The screen's bindings; () where a widget or Textual binds them."""
    mentions: tuple[str, ...] = ()
    """The ids of other commands whose keys the sentence names."""

    def when(
        self, *places: Place, rank: int = 100, needs: str = "", words: Mapping[Place, str] | None = None
    ) -> Command:
        """The same command in some places, under a condition."""
        return replace(self, places=frozenset(places), rank=rank, needs=needs, words=words or {})

    def key(self, keys: str, action: str, title: str = "") -> Command:
        """The same command with one more binding."""
        return replace(self, keys=(*self.keys, Key(keys, action, title)))

    def mentioning(self, *ids: str) -> Command:
        """The same, whose sentence names the keys of other commands."""
        return replace(self, mentions=ids)

    def digits(self, action: str) -> Command:
        """The same with the digits 1 to 9, which an action gets as its argument."""
        return replace(self, keys=(*self.keys, *(Key(str(digit), f"{action}({digit})") for digit in range(1, 10))))


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that the palette can run."""

    title: str
    shown: str
    """Its keys as people read them."""
    run: Callable[[], object]
    preview: Callable[[], object] | None = None
    """What is done while the cursor is on it."""
    hidden: bool = False
    """It is found by typing and not listed before."""


@runtime_checkable
class Offers(Protocol):
    """A screen or an app with commands for the palette."""

    def offered(self) -> Iterator[Offer]:
        """The commands that can be run now."""


@runtime_checkable
class HasPlace(Protocol):
    """A screen that knows which of its places has the focus."""

    @property
    def help_place(self) -> Place:
        """The place, whose help is shown first."""


@runtime_checkable
class AsksToQuit(Protocol):
    """A screen from which something is written, and which asks before the app is left."""

    def ask_to_quit(self) -> None:
        """Ask whether to quit after the step that is being written."""


@runtime_checkable
class ShowsNotices(Protocol):
    """A screen with a place for a sentence that is shown for a few seconds."""

    def show_notice(self, text: str) -> None:
        """Show it."""


@runtime_checkable
class TakesText(Protocol):
    """A screen with a search row, where text that is pasted goes."""

    def take_text(self, text: str) -> None:
        """Put it there."""


@runtime_checkable
class SeesKeys(Protocol):
    """A screen on which a key may end what the key before it began."""

    def see_key(self, key: str) -> None:
        """A key, as Textual names it, was pressed; nothing was done yet."""


@runtime_checkable
class HearsKeys(Protocol):
    """A screen that has to know of every key, whether it means something there or not."""

    def hear_key(self, at: float) -> None:
        """A key was pressed at that time, in seconds of Textual's events; nothing was done yet."""

    def take_unused_key(self, key: str, *, printable: bool) -> None:
        """A key was pressed that does nothing here, named as people read it; "" for a paste."""
