"""Screen of the browser: keys and events, on their way to the controllers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from hermes_tui.commands.registry import BROWSER, INSIDE, Command, Offer, Place, applying, works
from hermes_tui.commands.unused import why_unused
from hermes_tui.config import Config, Start
from hermes_tui.feed import Feed, ProfileEntry
from hermes_tui.feed.answers import Answer
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.followed_row import FollowedRow
from hermes_tui.screens.browse.marking import Marking
from hermes_tui.screens.browse.navigation import MOVES, Navigation
from hermes_tui.screens.browse.painter import Painter
from hermes_tui.screens.browse.ports import Part
from hermes_tui.screens.browse.saved_searches_controller import SavedSearchesController
from hermes_tui.screens.browse.screens_over import ScreensOver, SubScreens
from hermes_tui.screens.browse.session_acts import SessionActs
from hermes_tui.screens.browse.subscriptions import Controllers
from hermes_tui.state.browser_state import LOOK_AFTER, BrowserState
from hermes_tui.state.copy_text import CopyTarget
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.typed_text import MOST
from hermes_tui.widgets.banner import Banner
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.page_frame import key_bindings, offers
from hermes_tui.widgets.search_bar import QueryInput
from hermes_tui.widgets.status_line import StatusLine
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.virtual_list import VirtualList
from store import Session

TICK = 30.0
"""Seconds after which ages are painted again, and live sessions read."""


class BrowserScreen(Screen[None]):
    """Lists the sessions of a home, searches them, shows one.

    Args:
        profile: The store.
        now: The time, aware; its zone is the reader's.
        searches: The file of saved searches, None to keep none.
        sub_screens: Makes the screens over this one.
        settings: Where the focus is at first, whether lines are broken, whether searches are kept.
        has_profiles: There are other profiles to go to.
    """

    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#query"
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(BROWSER, priority=True)
    # Before the focused widget: a key that moves the focus is done when the next one, typed fast, is looked at.

    def __init__(
        self,
        profile: ProfileEntry,
        *,
        glyphs: Glyphs,
        now: Callable[[], datetime],
        searches: Path | None,
        sub_screens: SubScreens,
        settings: Config,
        has_profiles: bool,
    ) -> None:
        super().__init__()
        self.state = state = BrowserState(profile.owner, profile.where, glyphs, now, kept=profile.kept)
        state.history.is_kept, state.store, state.newest = settings.history, profile.store, profile.sessions
        state.has_profiles, self._settings = has_profiles, settings
        self.feed = feed = Feed(
            profile.open_store, open_to_write=profile.open_to_write, open_to_count=profile.open_to_count
        )
        self.widgets = BrowserWidgets(profile.owner, now)
        self.painter = Painter(state, self.widgets, partial(call_after, self))
        self._changed = changed = self.painter.changed
        saved = SavedSearchesController(state, searches, self.post_message, changed)
        self.controllers = Controllers(state, feed, changed, self.widgets, saved)
        self.painter.before_frame = FollowedRow(state, self.widgets, self.controllers.reading).follow
        self._acts = SessionActs(self, state, feed, profile.home, screens=sub_screens.acts, changed=changed)
        self._navigation = Navigation(self.widgets, self.controllers, self.painter)
        self._over = ScreensOver(self, sub_screens, feed, state, self._navigation)
        self.opening: tuple[Session, int | None] | None = None
        self._marking = Marking(state, self.widgets, changed)
        self._over.look_at_deletion = self._acts.look_back
        self._subscriptions = self.controllers.subscriptions()
        feed.subscribe(self.post_message, *self._subscriptions)
        feed.sessions.is_behind = feed.transcript.is_behind = lambda: self.message_queue_size > 0

    def compose(self) -> ComposeResult:
        """Search row, status line, head rule, panes, footer."""
        return self.widgets.compose()

    def on_mount(self) -> None:
        """Ask for everything; from now on the feed posts."""
        if self._settings.start is Start.LIST:
            self._navigation.enter_list()
        if not self._settings.wrap:
            self.widgets.transcript.do("wrap")
        if self.opening is not None:
            self._navigation.open_at(SessionRow(self.opening[0]), self.opening[1])
        self.controllers.sessions.load()
        self.controllers.saved.searches.ask()
        self.set_interval(TICK, self._tick)
        self._changed(Part.FRAME, after=LOOK_AFTER)

    def on_unmount(self) -> None:
        """End the threads."""
        self.feed.close()
        self.controllers.close()

    def show_notice(self, text: str) -> None:
        """Show a sentence for a few seconds, where it covers nothing."""
        self.state.show_notice(text)
        self._changed(Part.FRAME)

    # Commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command works where the table says so."""
        self.widgets.observe(self.state)
        return works(action, parameters, self.state.focus, self.state.conditions)

    def is_early(self, key: str) -> bool:
        """Whether a key acts on rows or on a text that are awaited."""
        return self._navigation.is_early(key)

    def hear_key(self, at: float) -> None:
        """Nothing is written from here."""

    def see_key(self, key: str) -> None:
        """A key may act on what is there now, and end what the one before began."""
        self._navigation.see_key(key)

    def take_unused_key(self, key: str, *, printable: bool) -> None:  # noqa: ARG002  nothing waits here
        """Say why a key does nothing."""
        if key:
            self._navigation.say(why_unused(key, self.state.focus, self.state.conditions))

    def take_text(self, text: str) -> None:
        """Type what was pasted into the search row."""
        self._navigation.search()
        self.widgets.search_bar.query_input.type_in(text)

    def offered(self) -> Iterator[Offer]:
        """For the palette: what works here, and from the search row what works in the list."""
        self.widgets.observe(self.state)
        state = self.state
        commands = [*applying(state.focus, state.conditions)]
        if state.focus is Place.SEARCH:
            commands += [each for each in applying(self._navigation.list, state.conditions) if each not in commands]
        yield from offers(commands, self._run)
        yield from self.controllers.saved.offers(self._navigation.search_for)
        if state.comparing:
            yield Offer("Stop comparing sessions", "", self.controllers.sessions.stop_comparing)

    async def _run(self, command: Command, action: str) -> None:
        self.widgets.observe(self.state)
        if self.state.focus not in command.places:
            self._navigation.enter_list()
        await self.run_action(action)

    # Events

    @on(Answer)
    def _on_feed_message(self, message: Answer) -> None:
        question, methods = self._subscriptions[type(message)]
        if question and message.generation != self.feed.generation(question):
            return
        self.widgets.observe(self.state)
        self.state.fresh = ()
        with self.painter.held():
            for method in methods:
                method(message)

    @on(Input.Changed, "#query")
    def _on_query_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.controllers.search.take_text(event.value):
            self.controllers.find.clear()
            self.widgets.transcript.set_query(self.state.search.query)

    @on(Input.Changed, "#find")
    def _on_find_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.controllers.find.take_text(event.value)

    @on(Input.Submitted, "#query")
    def _on_query_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._navigation.say("there is no row to open yet")

    @on(QueryInput.Cut)
    def _on_query_cut(self) -> None:
        self._navigation.say(f"only {MOST} characters of it were pasted")

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualList.RowHighlighted) -> None:
        self.widgets.observe(self.state)
        if event.list is self.widgets.list_pane(hits_shown=self.state.hits_shown):
            self.controllers.search.request_context()
        self._changed(Part.FRAME)

    @on(VirtualList.RowsShown)
    def _on_rows_shown(self) -> None:
        self.widgets.observe(self.state)
        self.controllers.sessions.request_outlines()
        self.controllers.search.list_where_read()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self) -> None:
        self._navigation.open_row()

    @on(VirtualList.FlagClicked)
    def _on_flag_clicked(self) -> None:
        self.widgets.observe(self.state)
        self.action_repair()

    @on(Banner.Clicked)
    def _on_banner_clicked(self, event: Banner.Clicked) -> None:
        self._over.repair(self.state.reading.row, whole=event.difference)

    @on(StatusLine.TotalClicked)
    def _on_total_clicked(self, event: StatusLine.TotalClicked) -> None:
        if event.word == "live":
            self._navigation.search_for("is:live ")
        elif self.state.catalog.any_comparable:
            self._over.repair_all()

    @on(Transcript.BodiesWanted)
    def _on_bodies_wanted(self, event: Transcript.BodiesWanted) -> None:
        self.feed.transcript.bodies(event.ids)

    @on(Transcript.PositionChanged)
    def _on_position_changed(self, event: Transcript.PositionChanged) -> None:
        self.state.reading.index, self.state.reading.total = event.index, event.total
        self._changed(Part.FRAME)

    @on(events.DescendantFocus)
    def _on_focus_moved(self) -> None:
        self.widgets.observe(self.state)
        state = self.state
        state.inside = state.focus in INSIDE
        self.widgets.show_prompt(state.focus)
        names_keys = bool(state.failure or state.unread or not state.catalog.plain)
        self._changed(Part.LISTS if names_keys else Part.FRAME)

    @on(events.Resize)
    def _on_size_changed(self, event: events.Resize) -> None:
        self.controllers.look.take_size(*event.size)

    def _tick(self) -> None:
        self.feed.sessions.refresh()
        self.widgets.refresh_lists()

    # Keys

    def action_go(self, move: str) -> None:
        """A move of the focus."""
        MOVES[move](self._navigation)

    def action_history(self) -> None:
        """What was searched for before."""
        self._over.show_history()

    def action_rows(self, rows: int) -> None:
        """Move the cursor of the list."""
        self._navigation.move(rows)

    def action_pages(self, pages: int) -> None:
        """Move the cursor of the list by its height."""
        self._navigation.move_page(pages)

    def action_next_hit(self, step: int) -> None:
        """The next hit of the list, and its message where the reader is."""
        self._navigation.next_hit(step)

    def action_context(self, step: int) -> None:
        """More or fewer messages around hits."""
        self._navigation.widen_context(step)

    def action_reader(self, name: str) -> None:
        """A key of the transcript."""
        self.widgets.transcript.do(name)
        self.controllers.look.keep_folds()
        self._changed(Part.FRAME)

    def action_copy(self, target: str) -> None:
        """Put the message, the resume command, the link or the id into the clipboard."""
        self.controllers.copying.copy(CopyTarget(target))

    def action_copy_block(self, number: int) -> None:
        """Put a block of the message that was just copied into the clipboard."""
        self.controllers.copying.copy_block(number)

    def action_retry(self) -> None:
        """Read again what could not be read."""
        self.controllers.restart()

    # Screens over this one

    def action_hidden(self) -> None:
        """The sessions that the list leaves out; in the transcript, the messages that the user took back."""
        if self.state.focus is Place.TRANSCRIPT:
            self.widgets.transcript.do("undone")
        else:
            self._over.hidden()

    def action_repair(self, whole: bool = False) -> None:
        """The plan of a repair of the session that is read or under the list's cursor, or all that differs in it."""
        self._over.repair(self.state.current, whole=whole)

    def action_outline(self) -> None:
        """The user's messages in the session that is read."""
        self._over.outline(self.widgets.transcript)

    def action_act(self, name: str) -> None:
        """The plan of a deletion, a title or a mark of the session, or the question of its hand-over to Hermes."""
        self._acts.do(name)

    def action_mark(self, every: bool = False) -> None:
        """Mark the session under the cursor for the next act, or all that are listed."""
        self.widgets.observe(self.state)
        self._marking.mark(every=every)

    def action_over(self, name: str) -> None:
        """A screen over this one, by the name of its command."""
        self._over.open(name)
