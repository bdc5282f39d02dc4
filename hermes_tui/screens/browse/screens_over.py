"""Screens over the browser: how each is made, opened and left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from textual.screen import Screen

from hermes_tui.commands.registry import Offer
from hermes_tui.feed import Feed
from hermes_tui.render.blocks import STORE
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.safe import one_line
from hermes_tui.screens.browse.navigation import Navigation
from hermes_tui.screens.browse.session_acts import SessionScreens
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_catalog import is_comparable
from hermes_tui.widgets.choices import Choices
from hermes_tui.widgets.transcript import Transcript
from store import TrashEntry
from store.base.late_dataclass import dataclass
from store.repair.model import Operation


class MakeRepairScreen(Protocol):
    """Makes the screen of repairs."""

    def __call__(
        self,
        feed: Feed,
        browser: BrowserState,
        session_id: str | None,
        *,
        whole: bool = False,
        past: tuple[Operation, bool] | None = None,
    ) -> Screen[str | None]:
        """Of one session, or of all flagged ones; with `whole` the whole difference first; a repair of before."""


class ChosenOperation(Protocol):
    """A repair or a deletion of the journal that is to be looked at."""

    @property
    def operation(self) -> Operation | TrashEntry:
        """Either."""

    @property
    def undo(self) -> bool:
        """With the plan of its undo."""


@dataclass(frozen=True, slots=True)
class SubScreens:
    """The screens over the browser, which ask its feed and know its state."""

    repair: MakeRepairScreen
    """Gives the id of a session that is to be read."""
    doctor: Callable[[Feed, BrowserState], Screen[None]]
    repairs: Callable[[Feed, BrowserState], Screen[Any]]
    """Gives the repair that is to be looked at, a `ChosenOperation`, or None."""
    family: Callable[[Feed, BrowserState, SessionRow], Screen[str | None]]
    """Gives the id of a member that is to be read."""
    hidden: Callable[[Feed, BrowserState], Screen[bool]]
    """Gives whether the list is to show what it leaves out, or no more."""
    outline: Callable[[Feed, BrowserState, Transcript], Screen[int | None]]
    """Gives the id of a message that is gone to."""
    statistics: Callable[[Feed, BrowserState, str], Screen[str | None]]
    """Gives the query of the sessions that were chosen."""
    acts: SessionScreens


class ScreensOver:
    """Opens the screens over one browser, and takes what they give when they are left.

    Args:
        screen: The browser's.
        make: Makes the others.
    """

    def __init__(
        self, screen: Screen[None], make: SubScreens, feed: Feed, state: BrowserState, navigation: Navigation
    ) -> None:
        self._screen = screen
        self._make = make
        self._feed = feed
        self._state = state
        self._navigation = navigation
        self.look_at_deletion: Callable[[TrashEntry, bool], None] = lambda *_: None
        """Opens the receipt of a deletion, or the plan of its undo."""

    def open(self, name: str) -> None:
        """Open the screen of a command by its name."""
        screens: dict[str, Callable[[], None]] = {
            "doctor": self.doctor,
            "family": partial(self.family, self._state.current),
            "repairs": self.repairs,
            "repair_all": self.repair_all,
            "statistics": self.statistics,
        }
        screens[name]()

    def hidden(self) -> None:
        """What the list leaves out."""
        self._screen.app.push_screen(self._make.hidden(self._feed, self._state), self._leave_hidden)

    def family(self, row: SessionRow | None) -> None:
        """The family of a session."""
        if row is not None:
            family = self._make.family(self._feed, self._state, row)
            self._screen.app.push_screen(family, self._navigation.leave_family)

    def repair(self, row: SessionRow | None, *, whole: bool = False) -> None:
        """The plan of a repair of a session, if a repair can look at it."""
        if row is not None and is_comparable(row):
            self._open_repair(row.session.id, whole=whole)

    def repair_all(self) -> None:
        """The plans of repairs of all flagged sessions."""
        self._open_repair(None)

    def repairs(self) -> None:
        """The repairs that were made."""
        self._screen.app.push_screen(self._make.repairs(self._feed, self._state), self._look_back)

    def outline(self, pane: Transcript) -> None:
        """The user's messages in the session that is read."""

        def _leave(message_id: int | None) -> None:
            if message_id is not None:
                pane.show_message(message_id)

        self._screen.app.push_screen(self._make.outline(self._feed, self._state, pane), _leave)

    def statistics(self) -> None:
        """The counts of the sessions that are searched for, else of all."""
        if not self._feed.counts.can_count:
            advice = f"sessions are counted in one home at a time: {bound('profiles')} goes to a profile"
            self._navigation.say(advice if self._state.store == STORE else "sessions on a server are not counted yet")
            return
        counted = self._make.statistics(self._feed, self._state, self._state.typed.strip())
        self._screen.app.push_screen(counted, self._leave_statistics)

    def doctor(self) -> None:
        """The store's health."""
        self._screen.app.push_screen(self._make.doctor(self._feed, self._state))

    def _look_back(self, chosen: ChosenOperation | None) -> None:
        if chosen is None:
            return
        operation = chosen.operation
        if isinstance(operation, TrashEntry):
            self.look_at_deletion(operation, chosen.undo)
        else:
            self._open_repair(operation.session_id, past=(operation, chosen.undo))

    def _open_repair(
        self, session_id: str | None, *, whole: bool = False, past: tuple[Operation, bool] | None = None
    ) -> None:
        repair = self._make.repair(self._feed, self._state, session_id, whole=whole, past=past)
        self._screen.app.push_screen(repair, self._navigation.leave_repair)

    def show_history(self) -> None:
        """The searches of before, the one used last first."""
        recall = self._navigation.recall
        past = [Offer(one_line(text), "", partial(recall, text)) for text in self._state.history.searches]
        self._screen.app.push_screen(Choices("Searches", past))

    def _leave_hidden(self, toggled: bool | None) -> None:
        """List everything, or no more, where that was asked for."""
        if toggled:
            self._navigation.toggle_everything()

    def _leave_statistics(self, query: str | None) -> None:
        """List the sessions that were chosen."""
        if query is not None:
            self._navigation.search_for(query)
