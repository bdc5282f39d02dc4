"""Acts on the session that is read or under the cursor: it is kept in order, or handed over to Hermes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from textual.app import App
from textual.screen import Screen

from hermes_tui.feed import Feed
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.manage_state import Act
from hermes_tui.state.resume import HandOver, hand_over

RESUME = "resume"


@dataclass(frozen=True, slots=True)
class SessionScreens:
    """The screens for it, and what starts Hermes."""

    manage: Callable[[Feed, BrowserState, Act, Sequence[str]], Screen[bool]]
    """Gives whether something was written."""
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
    ) -> None:
        state.may_write = feed.writer.may_write
        self._owner, self._state, self._feed, self._home = owner, state, feed, home
        self._screens = screens

    def do(self, name: str) -> None:
        """Do what a key of the table names: an `Act`, or `resume`."""
        if name == RESUME:
            self._resume()
        else:
            self._manage(Act(name))

    def _manage(self, act: Act) -> None:
        """The plan of a deletion, a title or a mark."""
        row = self._state.current
        if self._feed.writer.writing:
            self._owner.show_notice("something is being written: wait for its end")
        elif row is not None:
            managed = self._screens.manage(self._feed, self._state, act, (row.session.id,))
            self._owner.app.push_screen(managed, self._on_managed)

    def _on_managed(self, written: bool | None) -> None:
        if written:
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
