"""Navigation of the browser: the moves of the focus between search row, list and transcript."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hermes_tui.commands.registry import Place
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.screens.browse.subscriptions import Controllers


class Navigation:
    """Moves the focus at once, so that the next key, typed fast, finds it there."""

    def __init__(self, widgets: BrowserWidgets, controllers: Controllers, changed: Changed) -> None:
        self._state = controllers.state
        self._search = controllers.search
        self._reading = controllers.reading
        self._find = controllers.find
        self._widgets = widgets
        self._changed = changed

    @property
    def list(self) -> Place:
        """The list on the screen."""
        return Place.HITS if self._state.hits_shown else Place.SESSIONS

    def search(self) -> None:
        """Let the user type."""
        self._widgets.search_bar.to_end()
        self._go(Place.SEARCH)

    def search_all(self) -> None:
        """Let the user type a search of all sessions; a find is ended."""
        self._find.clear()
        self.search()

    def next_scope(self) -> None:
        """Find in other messages."""
        self._find.next_scope()

    def search_for(self, text: str) -> None:
        """Search for a text as if it had been typed."""
        self._state.history.keep(self._widgets.search_bar.text)
        self._widgets.search_bar.put(text)
        self._go(Place.SEARCH)

    def recall(self) -> None:
        """Put the search before into the search row."""
        if (text := self._state.history.older(self._widgets.search_bar.text)) is not None:
            self._widgets.search_bar.put(text)

    def down(self) -> None:
        """Back to what was typed, on a walk through the history; else to the list."""
        if (text := self._state.history.newer(self._widgets.search_bar.text)) is not None:
            self._widgets.search_bar.put(text)
        else:
            self.enter_list()

    def enter_list(self) -> None:
        """To the list."""
        self._state.history.keep(self._widgets.search_bar.text)
        self._go(self.list)

    def enter_transcript(self) -> None:
        """To the transcript, if there is one."""
        if self._state.reading.row is None:
            self.open_chosen()
        if self._state.reading.row is not None:
            self._go(Place.TRANSCRIPT)

    def back(self) -> None:
        """From the transcript to the list, from the list to the search row; a find is ended first."""
        if self._state.focus is Place.TRANSCRIPT and self._state.reading.find is not None:
            self._find.clear()
            return
        (self.enter_list if self._state.focus is Place.TRANSCRIPT else self.search)()

    def other_pane(self) -> None:
        """From the list to the transcript, and back."""
        (self.enter_list if self._state.focus is Place.TRANSCRIPT else self.enter_transcript)()

    def open_chosen(self, *, enter: bool = False) -> None:
        """Read the session or the hit under the list's cursor, and go there."""
        self._widgets.observe(self._state)
        self._reading.open_chosen()
        if enter:
            self.enter_transcript()

    def find(self) -> None:
        """Let the user type what is to be found in the session."""
        self._find.begin()
        self._widgets.find_bar.input.value = ""
        self._go(Place.FIND)

    def leave_find(self, *, keep: bool) -> None:
        """Back to the text, at the match or where the find began."""
        (self._find.keep if keep else self._find.cancel)()
        self._go(Place.TRANSCRIPT)

    def next_hit(self, step: int) -> None:
        """To the next match of a find; else to the next hit of the list, and to its message where the reader is."""
        if self._state.inside and self._state.reading.find is not None:
            self._find.step(step)
        elif self._search.next_hit(step) and self._state.inside:
            self.open_chosen()

    def widen_context(self, step: int) -> None:
        """More or fewer messages around hits; beyond the last step the whole session, and back from there."""
        if self._state.inside:
            if step < 0:
                self.enter_list()
        elif not self._search.widen_context(step):
            self.open_chosen(enter=True)

    def leave_family(self, session_id: str | None) -> None:
        """Read the member of a family that was chosen; the list goes to it where it has it."""
        row = self._state.catalog.row(session_id) if session_id is not None else None
        if session_id is not None and row is None:
            self._state.show_notice("this session has not been read yet")
            self._changed(Part.FRAME)
        if row is not None:
            if not self._state.hits_shown:
                self._widgets.session_list.move_to(session_id)
            self._reading.open_section(row)
            self._go(Place.TRANSCRIPT)

    def leave_repair(self, session_id: str | None) -> None:
        """Read the session that was asked for after a repair."""
        row = self._state.catalog.row(session_id) if session_id is not None else None
        if row is not None:
            self._reading.open(row)
            self._go(Place.TRANSCRIPT)
        self._changed(Part.LISTS)

    def _go(self, place: Place) -> None:
        self._state.inside = place in {Place.TRANSCRIPT, Place.FIND}
        self._widgets.focus(place)
        self._changed(Part.FRAME)


MOVES: Mapping[str, Callable[[Navigation], None]] = {
    "search": Navigation.search,
    "clear": lambda navigation: navigation.search_for(""),
    "recall": Navigation.recall,
    "down": Navigation.down,
    "list": Navigation.enter_list,
    "back": Navigation.back,
    "search_all": Navigation.search_all,
    "find": Navigation.find,
    "keep_find": lambda navigation: navigation.leave_find(keep=True),
    "cancel_find": lambda navigation: navigation.leave_find(keep=False),
    "next_scope": Navigation.next_scope,
    "other_pane": Navigation.other_pane,
}
"""The moves that keys ask for, by the argument of the action `go`."""
