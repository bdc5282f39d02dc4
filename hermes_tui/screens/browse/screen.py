"""The browser: the one place where the keys, the lists, the transcript and the feed meet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.actions import parse
from textual.binding import Binding, BindingType

from hermes_tui.commands.registry import BROWSER, TABLE, Command, Offer, Place, applying
from hermes_tui.screens.browse.search_keys import PREVIEW_AFTER, SIGN_AFTER, TYPED_AFTER, Seeker
from hermes_tui.screens.family import FamilyScreen
from hermes_tui.screens.hidden import HiddenScreen
from hermes_tui.state.copy_text import What, copied, resume_command
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.virtual_list import VirtualList
from store.errors import UnsafeId
from store.models import Drift

TICK = 30.0
"""Seconds after which ages are painted anew, and live sessions looked at."""

_BY_ACTION: dict[tuple[str, tuple[object, ...]], list[Command]] = {}
for _command in TABLE:
    for _key in _command.keys:
        _, _name, _parameters = parse(_key.action)
        _BY_ACTION.setdefault((_name, _parameters), []).append(_command)


class BrowserScreen(Seeker):
    """Lists the sessions of a home, searches them, shows one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the focused widget: a key that moves the focus is done when the next one, typed fast, is looked at.
        Binding(key.keys, key.action, command.sentence, show=False, id=f"{command.id}.{number}", priority=True)
        for command in TABLE
        if command.places & BROWSER
        for number, key in enumerate(command.keys)
    ]

    def on_mount(self) -> None:
        """Ask for everything; from now on the feed posts."""
        self.feed.sessions.load()
        self.keeper.ask()
        self.set_interval(TICK, self._tick)
        self.set_timer(SIGN_AFTER, self.draw)

    def on_unmount(self) -> None:
        """End the threads."""
        self.feed.close()
        self.keeper.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command works where the table says so."""
        commands = _BY_ACTION.get((action, parameters))
        if commands is None:
            return True
        place, met = self.place, {"", *self.conditions}
        return any(place in command.places and command.needs in met for command in commands)

    def offered(self) -> Iterator[Offer]:
        """For the palette: what works here, and from the search row what works in the list."""
        places = [self.place]
        if self.place is Place.SEARCH:
            places.append(Place.HITS if self.hits_shown else Place.SESSIONS)
        commands = {command.id: command for place in places for command in applying(place, self.conditions)}
        for command in commands.values():
            for key in command.keys:
                if key.title:
                    yield Offer(key.title, command.shown, partial(self._run, command, key.action))
        yield from self.searches_offered()

        if self.comparing:
            yield Offer("Stop comparing sessions", "", self._stop_comparing)

    def _stop_comparing(self) -> None:
        self.feed.sessions.stop_comparing()
        self.compared = None
        self.tell("stopped: the other flags go by counts")
        self.draw()

    async def _run(self, command: Command, action: str) -> None:
        if self.place not in command.places:
            self.action_enter_list()
        await self.run_action(action)

    # The lists

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualList.RowHighlighted) -> None:
        pane = self.hit_list if self.hits_shown else self.session_list
        if event.list is pane and self.two_panes:
            self._open(delay=TYPED_AFTER if self.place is Place.SEARCH and self.hits_shown else PREVIEW_AFTER)
        if event.list is self.hit_list:
            self._ask_context()
        self.draw()

    @on(VirtualList.RowsShown)
    def _on_rows_shown(self) -> None:
        unknown = [key for key in self._shown_sessions() if (row := self.catalog.row(key)) and row.outline is None]
        if unknown:
            self.feed.sessions.outlines(unknown)

    # The transcript

    @on(Transcript.BodiesWanted)
    def _on_bodies_wanted(self, event: Transcript.BodiesWanted) -> None:
        self.feed.transcript.bodies(event.ids)

    @on(Transcript.PositionChanged)
    def _on_position_changed(self, event: Transcript.PositionChanged) -> None:
        self.position = event
        self.draw()

    # The frame

    @on(events.DescendantFocus)
    def _on_focus_moved(self) -> None:
        self.inside = self.place is Place.TRANSCRIPT
        self.divide()
        self.draw()

    @on(events.Resize)
    def _on_size_changed(self) -> None:
        self.paint()

    def _tick(self) -> None:
        self.feed.sessions.refresh()
        self.session_list.refresh()
        self.hit_list.refresh()

    # Keys

    def action_back(self) -> None:
        """From the transcript to the list, from the list to the search row."""
        if self.place is Place.TRANSCRIPT:
            self.action_enter_list()
        else:
            self.action_search()

    def action_other_pane(self) -> None:
        """From the list to the transcript, and back."""
        if self.place is Place.TRANSCRIPT:
            self.action_enter_list()
        else:
            self._go_inside()

    def action_maximise(self) -> None:
        """One pane over the whole width, or two again."""
        self.single = not self.single
        self.divide()
        self.paint()

    def action_retry(self) -> None:
        """Read again what could not be read."""
        self.restart()

    def action_hidden(self) -> None:
        """Say what the list leaves out and where a session is; in the transcript, show what the user took back."""
        if self.place is Place.TRANSCRIPT:
            self.transcript.undone()
        else:
            scope, listed = self.catalog.scope, self.catalog.plain
            self.app.push_screen(
                HiddenScreen(self.feed, listed=listed, scope=scope, everything=self.everything, glyphs=self.glyphs),
                self._show_everything,
            )

    def _show_everything(self, toggled: bool | None) -> None:
        if toggled:
            self.everything = not self.everything
            self.paint()

    def action_family(self) -> None:
        """See the family of the session as a tree."""
        if (row := self.current) is not None:
            screen = FamilyScreen(self.feed, row, drift=self._drift_of, now=self.now, glyphs=self.glyphs)
            self.app.push_screen(screen, self._open_kin)

    def _drift_of(self, session_id: str) -> Drift | None:
        row = self.catalog.row(session_id)
        return row.drift if row else None

    def _open_kin(self, session_id: str | None) -> None:
        """Read the member of a family that was chosen; the list goes to it where it has it."""
        if session_id is None:
            return
        if (row := self.catalog.row(session_id)) is None:
            self.tell("this session has not been read yet")
            return
        if not self.hits_shown:
            self.session_list.move_to(session_id)
        self.reading.open_section(row)
        self._go_inside()
        self.draw()

    def action_reader(self, verb: str) -> None:
        """What the transcript does with its keys."""
        getattr(self.transcript, verb)()
        self.draw()

    def action_copy(self, what: str) -> None:
        """Put the message, the resume command or the id into the clipboard."""
        try:
            text = self._wanted(What(what))
        except UnsafeId as error:
            self.tell(str(error))
            return
        if text:
            self.app.copy_to_clipboard(text)
            self.tell(f"copied {len(text)} characters")

    def _wanted(self, what: What) -> str:
        """The text that a key copies, "" where there is none yet; raises UnsafeId."""
        if what is What.MESSAGE:
            message = self.transcript.focused_message
            return copied(message.text) if message else ""
        if (row := self.current) is None:
            return ""
        return copied(row.session.id) if what is What.ID else resume_command(row.session.id)
