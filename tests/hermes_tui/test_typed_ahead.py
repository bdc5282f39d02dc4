"""Keys that come before the screen can take them: none is lost, none goes to another place."""

from __future__ import annotations

import os
import pty
import termios
import time
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual import events, timer

from hermes_tui.early_keys import early_keys
from hermes_tui.screens.help import HelpScreen
from hermes_tui.widgets.text_page import TextPage
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing
from tests.hermes_tui.screens.browse.test_screen import furnish

NAMED = {"\t": "tab", "\r": "enter", "\x1b": "escape", "/": "slash", "?": "question_mark", " ": "space"}


def test_what_was_typed_before_the_start_is_given_as_typed_and_the_terminal_set_back() -> None:
    """Mutants: without the replacement the Enter of a terminal that collects lines is a ctrl+j; with flow control no
    ctrl+q comes."""
    master, slave = pty.openpty()
    try:
        before = termios.tcgetattr(slave)
        os.write(master, b"\tjj\rk")
        echoed = b""
        while not echoed.endswith(b"k"):  # what the terminal echoed has arrived
            echoed += os.read(master, 99)
        with early_keys(slave) as typed:
            assert typed.text == "\tjj\rk"
            assert typed.terminal_before == before
            os.write(master, b"\x13\x11\r")
            assert os.read(slave, 9) == b"\x13\x11\r"
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def send(stage: Stage, keys: str) -> None:
    """Type keys faster than anything is done with one of them."""
    assert stage.app._driver is not None
    for key in keys:
        stage.app._driver.send_message(events.Key(NAMED.get(key, key), key if key.isprintable() else None))


def hold_up_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have 10 ms pass between two looks of a timer at the clock, as where another thread holds the interpreter."""
    looks = count()
    clock = SimpleNamespace(get_time=lambda: time.monotonic() + 0.01 * next(looks))
    monkeypatch.setattr(timer, "_time", clock)


@pytest.mark.slow
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_keys_typed_ahead_act_one_after_the_other_where_the_focus_is_by_then(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: with a patience of 0.0 for all, or without `is_early`, the enter opens another session; with Textual's
    `set_timer` in the queue no key does anything once one of them had to wait.
    """
    hold_up_timers(monkeypatch)
    async with browsing(furnish(tmp_path), size) as stage:
        third = stage.widgets.session_list.cursor.keys[2]
        send(stage, "\tjj\r")
        await stage.until(lambda: stage.place == "TRANSCRIPT")
        assert stage.state.reading.row is not None
        assert stage.state.reading.row.session.id == third
        send(stage, "\x1b?")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
        top = stage.app.screen.query_one(TextPage)._top
        send(stage, "\x1b?jjj")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
        await stage.until(lambda: stage.app.screen.query_one(TextPage)._top == top + 3)
        search = stage.browser.feed.search
        start = search.start
        monkeypatch.setattr(search, "start", lambda query: stage.app.set_timer(0.2, partial(start, query)))
        send(stage, "\x1b/zebra\r")
        await stage.until(lambda: stage.place == "TRANSCRIPT")
        assert stage.state.reading.row.session.id == "tools"
