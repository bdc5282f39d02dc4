"""The browser: the one place where the feed, the lists, the transcript and the frame meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ClassVar

from textual import events, on
from textual.actions import parse
from textual.binding import Binding, BindingType
from textual.widgets import Input

from hermes_tui import messages as told
from hermes_tui.commands import TABLE, Command, Place, footer
from hermes_tui.feed import Feed, OpenStore
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.render.message import Fold
from hermes_tui.render.status import busy_sentence, error_sentence, position_sentence, totals
from hermes_tui.screens import chrome
from hermes_tui.screens.catalog import Catalog
from hermes_tui.screens.copying import copied
from hermes_tui.screens.finder import Finder
from hermes_tui.screens.frame import Frame
from hermes_tui.screens.help import HelpScreen
from hermes_tui.screens.reading import Reading
from hermes_tui.widgets.hit_list import HitKey
from hermes_tui.widgets.session_list import SessionRow
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.virtual_list import VirtualList
from store.errors import StoreError
from store.models import Hit, Origin

CALM = 0.25
"""Seconds between two pictures of what streams in: a number may change four times a second."""
PREVIEW_AFTER = 0.08
MINUTE = 30.0
"""Seconds after which ages are painted anew, and live sessions looked at."""
MOST_CONTEXT = 3


def bindings() -> list[BindingType]:
    """What the table of commands has for the screen."""
    return [
        Binding(key.keys, key.action, command.sentence, show=False, id=f"{command.id}.{number}")
        for command in TABLE
        for number, key in enumerate(command.keys)
    ]


class BrowserScreen(Frame):
    """Lists the sessions of a home, searches them, shows one.

    Args:
        open_store: Opens the store; called in a thread.
        owner: What the search row says at its end.
        where: The home's folder as people write it.
        glyphs: The marks to paint with.
        now: The time, aware.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings()

    def __init__(
        self, open_store: OpenStore, *, owner: str, where: str, glyphs: Glyphs, now: Callable[[], datetime]
    ) -> None:
        super().__init__(owner=owner, glyphs=glyphs, now=now)
        self.feed = Feed(open_store, self.post_message)
        self.catalog = Catalog()
        self.finder = Finder(self.feed, self.catalog, lambda: now().timestamp())
        self.reading = Reading(self.feed, self.catalog, self.transcript, self.banner, now)
