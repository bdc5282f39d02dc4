"""Navigation of the browser: the moves of the focus between search row, list and transcript."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hermes_tui.commands.registry import INSIDE, Place
from hermes_tui.render.bound_keys import bound
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.painter import Painter
from hermes_tui.screens.browse.ports import Part
from hermes_tui.screens.browse.subscriptions import Controllers
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.hit_rows import MoreRow, ProposedRow
from hermes_tui.widgets.transcript_cursor import Target
from hermes_tui.widgets.virtual_list import VirtualList

ROW_KEYS = frozenset({"enter", "up", "down", "pageup", "pagedown", "ctrl+j", "ctrl+k"})
"""Keys of the search row that act on the list."""


class Navigation:
    """Moves the focus at once, so that the next key, typed fast, finds it there."""

    def __init__(self, widgets: BrowserWidgets, controllers: Controllers, painter: Painter) -> None:
        self._state = controllers.state
        self._search = controllers.search
        self._reading = controllers.reading
        self._find, self._rail = controllers.find, controllers.rail
        self._moves, self.details = controllers.moves, controllers.details
        self._widgets = widgets
        self._changed, self._catch_up = painter.changed, painter.catch_up
        self._copying = controllers.copying
        self._came_from = Place.SESSIONS

    @property
    def list(self) -> Place:
        """The list on the screen."""
        return Place.HITS if self._state.hits_shown else Place.SESSIONS

    def is_early(self, key: str) -> bool:
        """Whether a key acts on rows or on a text that are awaited; typing goes on meanwhile."""
        self._widgets.observe(self._state)
        focus, state = self._state.focus, self._state
        if focus is Place.TRANSCRIPT:
            return state.reading.requested_at is not None
        if focus is Place.SEARCH:
            return key in ROW_KEYS and state.awaits_rows
        return focus is not Place.FIND and state.awaits_rows

    def see_key(self, key: str) -> None:
        """A key that types nothing acts on what is there now; any but those of a copy ends the choice of a block."""
        if not self._widgets.search_bar.query_input.has_focus or key in ROW_KEYS | {"tab", "escape"}:
            self._catch_up()
            self._search.list_all()
        self._copying.see_key(key)

    def search(self) -> None:
        """Let the user type."""
        self._widgets.search_bar.to_end()
        self._go(Place.SEARCH)

    def search_all(self) -> None:
        """Let the user type a search of all sessions; a find is ended."""
        self._find.clear()
        self.search()

    def next_error(self) -> None:
        """Go to the next call that failed."""
        self._moves.next_error()

    def next_scope(self) -> None:
        """Find in other messages."""
        self._find.next_scope()

    def toggle_everything(self) -> None:
        """List the sessions that are usually left out too, or no more."""
        self._state.everything = not self._state.everything
        self._changed(Part.LISTS)

    def search_for(self, text: str) -> None:
        """Search for a text as if it had been typed."""
        self._state.history.keep(self._widgets.search_bar.text)
        self._widgets.search_bar.put(text)
        self._go(Place.SEARCH)

    def recall(self, text: str) -> None:
        """Put a search of before into the search row."""
        self._widgets.search_bar.put(text)
        self._go(Place.SEARCH)

    def move(self, rows: int) -> None:
        """Move the cursor of the list, from the search row too."""
        self._pane.action_move_by(rows)

    def move_page(self, pages: int) -> None:
        """Move the cursor of the list by its height."""
        self._pane.action_move_page(pages)

    def enter_list(self) -> None:
        """To the list."""
        self._state.history.keep(self._widgets.search_bar.text)
        self._go(self.list)

    def enter_transcript(self) -> None:
        """To the transcript, if there is one."""
        if self._state.reading.row is None:
            self.open_chosen()
        if self._state.reading.row is not None:
            if self._state.focus is not Place.TRANSCRIPT:
                self._came_from = self._state.focus
            self._go(Place.TRANSCRIPT)

    def back(self) -> None:
        """From the transcript to where it was entered; a find is ended first."""
        if self._state.reading.find is not None:
            self._find.clear()
            return
        (self._go_to_row if self._came_from is Place.SEARCH else self.enter_list)()

    def clear(self) -> None:
        """Take the search out and stay in the list."""
        self._state.history.keep(self._widgets.search_bar.text)
        self._widgets.search_bar.put("")
        self._search.take_text("")
        self._go(self.list)

    def stay(self) -> None:
        """Take the marks away; where there are none, say which key quits."""
        if self._state.marked:
            self._state.marked.clear()
            self._changed(Part.LISTS)
        else:
            self.say(f"{bound('quit')} quits")

    def say(self, notice: str) -> None:
        """Show a sentence for a few seconds."""
        self._state.show_notice(notice)
        self._changed(Part.FRAME)

    def next_order(self) -> None:
        """List other sessions first."""
        self._state.kept.set("order", self._state.order.next)
        self._changed(Part.LISTS)

    def maximise(self) -> None:
        """One pane over the whole width, or two again."""
        self._state.single = not self._state.single
        self._changed(Part.LISTS)

    def bookmark(self) -> None:
        """Bookmark the session under the cursor, or the message with the bar; again takes it back."""
        state, message = self._state, self._widgets.transcript.focused_message
        row = state.current
        if row is None:
            self.say("there is nothing to bookmark")
            return
        place: tuple[str, int | None] = row.session.id, None
        if state.inside and message is not None and not state.reading.from_file:
            place = message.session_id, message.id
        is_set = not state.kept.is_marked(*place)
        state.kept.mark(*place, is_set=is_set)
        what = "session" if place[1] is None else "message"
        self.say(f"{what} bookmarked · is:bookmarked lists them" if is_set else f"{what} is bookmarked no longer")
        self._changed(Part.LISTS)

    def other_pane(self) -> None:
        """From the list to the transcript, and back."""
        (self.enter_list if self._state.focus is Place.TRANSCRIPT else self.enter_transcript)()

    def open_row(self) -> None:
        """Do what the row under the cursor stands for: read it, show more, search for what was meant."""
        pane = self._pane
        if isinstance(pane.cursor.key, ProposedRow):
            self.search_for(pane.cursor.key.text)
        elif isinstance(pane.cursor.key, MoreRow):
            pane.action_choose()
        elif not self._is_picked():
            self._state.history.keep(self._widgets.search_bar.text)
            pane.cursor.touched = True
            self.open_chosen(enter=True)

    def _is_picked(self) -> bool:
        """Whether the session under the cursor was handed on, in place of being opened."""
        self._widgets.observe(self._state)
        row, pick = self._state.pane.row, self._state.pick
        if row is not None and pick is not None:
            pick(row.session.id)
        return row is not None and pick is not None

    def open_at(self, row: SessionRow, message_id: int | None) -> None:
        """Read a session, from one of its messages on where it is named."""
        self._came_from = self.list
        self._go(Place.TRANSCRIPT)
        if message_id is not None:
            self._widgets.transcript.return_to(row.session.id, Target(message_id))
        self._reading.open(row)

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

    def ask_destination(self) -> None:
        """Let the user type where to go in the session."""
        self._widgets.goto_bar.input.value = ""
        self._go(Place.GOTO)

    def go_to_destination(self) -> None:
        """Go where was typed, or say what there is; `q` quits."""
        typed = self._widgets.goto_bar.input.value.strip()
        self._go(Place.TRANSCRIPT)
        if typed == "q":
            app = self._widgets.transcript.app
            app.call_later(app.action_quit)
        elif typed:
            self._moves.go_to(typed)

    def toggle_details(self) -> None:
        """Show the details of the session and go there, or close them; from the list the session is opened."""
        in_list = not self._state.inside
        if in_list and not self._state.details.shown:
            self.open_chosen(enter=True)
        self.details.toggle()
        self._go(Place.DETAILS if self._state.details.shown else self.list if in_list else Place.TRANSCRIPT)

    def leave_details(self, *, back: bool = False) -> None:
        """From the details to the list beside them, else to the text, and there if `back`."""
        if self._state.two_panes and not back:
            self.enter_list()
        else:
            self._go(Place.TRANSCRIPT)

    def next_hit(self, step: int) -> None:
        """To the next match of a find, to the next hit in reading order where the user reads, or to the list's next."""
        if not self._state.inside:
            self._search.next_hit(step)
        elif self._state.reading.find is not None:
            self._find.step(step)
        elif self._search.next_hit(step, self._rail.place_of):
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
            self._came_from = self.list
            self._go(Place.TRANSCRIPT)  # before it is opened: the pane of a list shows the row under the cursor
            self._reading.open_section(row)

    def leave_repair(self, session_id: str | None) -> None:
        """Read the session that was asked for after a repair."""
        row = self._state.catalog.row(session_id) if session_id is not None else None
        if row is not None:
            self._came_from = self.list
            self._go(Place.TRANSCRIPT)
            self._reading.open(row)
        self._changed(Part.LISTS)

    @property
    def _pane(self) -> VirtualList:
        return self._widgets.list_pane(hits_shown=self._state.hits_shown)

    def _go_to_row(self) -> None:
        self._go(Place.SEARCH)

    def _go(self, place: Place) -> None:
        self._state.inside = place in INSIDE
        self._widgets.focus(place)
        self._changed(Part.FRAME)


MOVES: Mapping[str, Callable[[Navigation], None]] = {
    "search": Navigation.search,
    "clear": Navigation.clear,
    "stay": Navigation.stay,
    "open": Navigation.open_row,
    "list": Navigation.enter_list,
    "back": Navigation.back,
    "search_all": Navigation.search_all,
    "find": Navigation.find,
    "keep_find": lambda navigation: navigation.leave_find(keep=True),
    "cancel_find": lambda navigation: navigation.leave_find(keep=False),
    "next_scope": Navigation.next_scope,
    "ask_destination": Navigation.ask_destination,
    "destination": Navigation.go_to_destination,
    "no_destination": Navigation.enter_transcript,
    "details": Navigation.toggle_details,
    "close_details": Navigation.toggle_details,
    "to_details": lambda navigation: navigation._go(Place.DETAILS),
    "from_details": Navigation.leave_details,
    "from_details_back": lambda navigation: navigation.leave_details(back=True),
    "fold_details": lambda navigation: navigation.details.fold(),
    "error": Navigation.next_error,
    "other_pane": Navigation.other_pane,
    "next_order": Navigation.next_order,
    "bookmark": Navigation.bookmark,
    "rerank": lambda navigation: navigation._search.rank(),
    "maximise": Navigation.maximise,
}
"""The moves that keys ask for, by the argument of the action `go`."""
