"""Acts on the session that is read or under the cursor: it is kept in order, or handed over to Hermes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from textual.app import App
from textual.screen import Screen

from hermes_tui.feed import Feed
from hermes_tui.render.row import title_of
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.manage_state import Act
from hermes_tui.state.resume import HandOver, hand_over
from store import TrashEntry
from store.base.late_dataclass import dataclass, replace

RESUME = "resume"
EXPORT = "export"


class MakeManageScreen(Protocol):
    """Makes the screen of what is done with sessions."""

    def __call__(
        self,
        feed: Feed,
        browser: BrowserState,
        act: Act,
        session_ids: Sequence[str],
        *,
        past: tuple[TrashEntry, bool] | None = None,
        left_out: int = 0,
    ) -> Screen[bool]:
        """Of an act on some sessions; with `past` of a deletion of before, True for the plan of its undo.

        `left_out` sessions that were chosen, too, are in files alone.
        """


@dataclass(frozen=True, slots=True)
class SessionScreens:
    """The screens for it, and what starts Hermes."""

    manage: MakeManageScreen
    """Gives whether something was written."""
    export: Callable[[Feed, BrowserState, Sequence[str]], Screen[bool]]
    """Gives whether a file was written."""
    resume: Callable[[BrowserState, HandOver], Screen[bool]]
    """Gives whether Hermes is to be started."""
    start: Callable[[HandOver], int]
    """Starts it; its exit code."""


class Owner(Protocol):
    """The browser's screen."""

    @property
    def app(self) -> App[object]:
        """The app."""

    def show_notice(self, text: str) -> None:
        """Show a sentence for a few seconds."""

    def action_retry(self) -> None:
        """Read everything again."""


class SessionActs:
    """Opens the screens, and does what was agreed to there.

    Args:
        owner: The browser's screen.
        state: Has the session.
        feed: Writes.
        home: Its folder, or why Hermes is not started for it.
        screens: Makes the screens.
    """

    def __init__(
        self,
        owner: Owner,
        state: BrowserState,
        feed: Feed,
        home: Path | str,
        *,
        screens: SessionScreens,
        changed: Changed,
    ) -> None:
        state.may_write = feed.writer.may_write
        self._owner, self._state, self._feed, self._home = owner, state, feed, home
        self._screens, self._changed = screens, changed

    def do(self, name: str) -> None:
        """Do what a key of the table names: an `Act`, `export` or `resume`."""
        if name == RESUME:
            self._resume()
        elif name == EXPORT:
            self._export()
        else:
            self._manage(Act(name))

    def _export(self) -> None:
        """The plan of an export of what is marked, else of the session."""
        if ids := self._state.chosen:
            self._owner.app.push_screen(self._screens.export(self._feed, self._state, ids), self._on_exported)

    def _on_exported(self, written: bool | None) -> None:
        if written:
            self._state.marked.clear()
            self._changed(Part.LISTS)

    def _manage(self, act: Act) -> None:
        """The plan of a deletion, a title or a mark, of what is marked, else of the session."""
        chosen = self._state.chosen
        ids = chosen if act is Act.DELETE else self._state.managed
        if self._feed.writer.writing:
            self._owner.show_notice("something is being written: wait for its end")
        elif act is Act.RENAME and len(ids) > 1:
            self._owner.show_notice(f"{len(ids)} sessions are marked, and a title is for one: * takes the marks away")
        elif ids:
            left_out = len(chosen) - len(ids)
            managed = self._screens.manage(self._feed, self._state, act, ids, left_out=left_out)
            self._owner.app.push_screen(managed, self._on_managed)

    def look_back(self, entry: TrashEntry, undo: bool) -> None:
        """The receipt of a deletion of before, or the plan of its undo."""
        if self._feed.writer.writing:
            self._owner.show_notice("something is being written: wait for its end")
            return
        ids = entry.session_ids or (entry.session_id,)
        managed = self._screens.manage(self._feed, self._state, Act.DELETE, ids, past=(entry, undo))
        self._owner.app.push_screen(managed, self._on_managed)

    def _on_managed(self, written: bool | None) -> None:
        if written:
            self._state.marked.clear()
            self._owner.action_retry()

    def _resume(self) -> None:
        """The question of the hand-over, or why there is none."""
        row = self._state.current
        if row is None:
            return
        wanted = hand_over(row.session, home=self._home, which=shutil.which, is_folder=Path.is_dir, here=Path.cwd())
        if isinstance(wanted, str):
            self._owner.show_notice(wanted)
        else:
            wanted = replace(wanted, title=title_of(row.session, row.outline))
            self._owner.app.push_screen(self._screens.resume(self._state, wanted), partial(self._on_resumed, wanted))

    def _on_resumed(self, wanted: HandOver, yes: bool | None) -> None:
        if not yes:
            return
        try:
            with self._owner.app.suspend():
                code = self._screens.start(wanted)
        except OSError as error:
            self._owner.show_notice(f"hermes could not be started: {error.strerror}")
        else:
            self._owner.show_notice(f"hermes ended with exit code {code}" if code else "back from hermes")
        self._owner.app.refresh(layout=True)
        self._feed.sessions.refresh()
