"""Newest rows on the terminal before Textual is imported, and who sets the terminal back."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.drivers.linux_driver import LinuxDriver

from hermes_tui.feed.kept_state import KeptHome, KeptState
from hermes_tui.first_rows import ALTERNATE, BACK, FirstLook, FirstRows, first_rows, picture, written
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import Span, line_cells, plain
from hermes_tui.render.safe import SafeText
from hermes_tui.state.layout import Layout
from hermes_tui.terminal_input import TerminalInput
from store import Browser, open_home
from store.errors import NotADatabase
from store.files.home import Home
from store.models import Session
from tests import builders
from tests.hermes_tui.stage import NOW, at
from tests.hostile import HOSTILE
from tests.terminal import FOREIGN, OWN_SEQUENCES, terminal

DAY = 86_400.0


def sessions(number: int) -> list[Session]:
    """Sessions of one day each."""
    return [
        Session(f"s{place:02}", "cli", f"title {place}", "opus", last_active=at(14, 2) - DAY * place, messages=3)
        for place in range(number)
    ]


def look(width: int, height: int, *, cursor: str | None = None) -> FirstLook:
    return FirstLook(Layout(width, height), UNICODE, NOW, cursor, {"s01"})


@pytest.mark.parametrize(("width", "height", "list_width"), [(140, 40, 62), (80, 24, 79), (80, 12, 79)])
def test_the_rows_stand_where_the_screen_has_them(width: int, height: int, list_width: int) -> None:
    """Mutants: with the rows a line higher, or without the rules of months, everything jumps when the screen comes."""
    left_out = Session("away", title="archived", last_active=at(14, 2), messages=1, archived=True)
    lines = picture([*sessions(60), left_out], look(width, height))
    shown = [plain(line) for line in lines]
    assert shown[2].startswith("─ Sessions newest first ─")
    assert shown[3].startswith("▌        3h  title 0")
    assert shown[4].startswith("         1d ◆title 1") or "◆" in shown[4]
    assert len(lines) == height - (0 if height < 14 else 1)
    assert {line_cells(line) for line in lines[3:]} == {list_width + 1}
    assert any(text.startswith(" October 2026 ──") for text in shown) == (height == 40)


def test_the_session_that_was_read_last_is_half_way_down() -> None:
    """Mutant: with the top row always the first, the list jumps to it."""
    lines = picture(sessions(60), look(80, 24, cursor="s30"))
    [row] = [y for y, line in enumerate(lines) if plain(line).startswith("▌")]
    assert row == 3 + 10
    assert picture([], look(80, 24)) == picture(sessions(3), look(30, 24)) == []


def test_no_text_of_the_store_acts_on_the_terminal() -> None:
    """Mutants: with titles that do not pass the gate; without the filter behind it."""
    hostile = [Session(f"{place}", text, text, text, messages=3, last_active=9.0) for place, text in enumerate(HOSTILE)]
    lines = picture(hostile, look(140, 40))
    drawn = written(lines)
    assert drawn.count("x9k") >= len(HOSTILE)
    assert not FOREIGN.search("".join(map(plain, lines)))
    assert written([(Span(SafeText("\x1bc\x9b"), bold=True),)]) == "\x1b[1;1H\x1b[1mc\x1b[0m"
    assert not FOREIGN.search(OWN_SEQUENCES.sub("", drawn))


@contextmanager
def drawing(kept: KeptHome, open_store: Callable[[], Browser]) -> Iterator[tuple[FirstRows, Callable[[], bytes]]]:
    """A picture on a pseudo-terminal, and what that was sent since the last look; it ends with the block."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.set_blocking(master, False)

    def sent() -> bytes:
        try:
            return os.read(master, 1 << 16)
        except BlockingIOError:
            return b""

    try:
        with first_rows(slave, ascii_only=False) as rows:
            rows.show(open_store, kept)
            yield rows, sent
        assert not rows.take()
    finally:
        os.close(slave)
        os.close(master)


def test_what_cannot_be_read_or_has_another_order_is_left_to_the_screen() -> None:
    def broken() -> Browser:
        raise NotADatabase("no database")

    kept = KeptState(None)
    with drawing(kept.home("h"), broken) as (rows, sent):
        assert sent() == b""
        assert not rows.take()
    kept.home("h").set("order", "by title")
    with drawing(kept.home("h"), lambda: pytest.fail("it was opened")) as (_, sent):
        assert sent() == b""


def test_the_terminal_is_set_back_unless_the_driver_has_taken_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a picture that stays when the app cannot start; a driver that clears it away, or never clears."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s", [builders.say("user", "hello")])
    kept = KeptState(None).home("h")
    with drawing(kept, lambda: open_home(Home(home))) as (rows, sent):
        assert sent().startswith(ALTERNATE.encode())
        rows.end()
        assert sent().startswith(BACK.encode())
    frames: list[str] = []
    monkeypatch.setattr(LinuxDriver, "write", lambda _, data: frames.append(data))
    driver = TerminalInput.__new__(TerminalInput)
    with drawing(kept, lambda: open_home(Home(home))) as (rows, sent):
        driver._app = SimpleNamespace(picture=rows)  # type: ignore[assignment]
        sent()
        for _ in range(2):
            driver.write(ALTERNATE)
        assert frames == [ALTERNATE], "after ctrl+z it is drawn from nothing"
        rows.end()
        assert sent() == b""


@pytest.mark.slow
def test_rows_are_on_the_terminal_though_textual_cannot_be_imported(tmp_path: Path) -> None:
    """Mutant: with the rows drawn behind the import of the app there is only the error."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s", [builders.say("user", "hello")])
        db.set_session_title("s", "Early bird")
    (tmp_path / "textual.py").write_text("raise ImportError('no screen today')")
    with terminal("--home", str(home), environ={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"}) as app:
        app.wait_for("no screen today")
        raw = bytes(app.raw)
    assert raw.index(b"Early bird") < raw.index(BACK.encode()) < raw.index(b"no screen today")
