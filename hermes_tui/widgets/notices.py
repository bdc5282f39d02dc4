"""Notices on any screen: in the place that it has for them, else in its last row."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.screen import Screen

from hermes_tui.commands.key_names import shown_name, textual_name
from hermes_tui.commands.model import HearsKeys, ShowsNotices, TakesText
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.time import many
from hermes_tui.widgets.footer import Footer


def say(screen: Screen[Any], notice: str) -> None:
    """Show a sentence for a few seconds."""
    if isinstance(screen, ShowsNotices):
        screen.show_notice(notice)
        return
    for foot in screen.query(Footer):
        foot.say(notice)


def say_unused(screen: Screen[Any], event: events.Key) -> None:
    """Say why a key does nothing."""
    typed = event.character or ""
    key = typed if event.is_printable and not typed.isspace() else shown_name(event.key)
    if isinstance(screen, HearsKeys):
        screen.take_unused_key(key, printable=event.is_printable)
    else:
        say(screen, f"{key} does nothing here · esc goes back")


def say_pasted(screen: Screen[Any], number: int) -> None:
    """Say that so many characters were dropped, and the key behind which they can be pasted where there is one."""
    key = bound("search") if isinstance(screen, TakesText) else "/"
    way = f" · {key} then paste" if textual_name(key) in screen.active_bindings else ""
    say(screen, f"pasted {many(number, 'character')}{way}")
