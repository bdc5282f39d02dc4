"""The list of sessions on the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hermes_tui.state.ordered_ids import Rows
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.session_list import SessionList
from hermes_tui.widgets.session_rows import SessionsView
from store.models import Drift, Outline, Session, Status
from tests.hermes_tui.stage import NOW, Stage, at, screen
from tests.hostile import HOSTILE

HARMFUL = {chr(code) for code in (*range(32), *range(0x7F, 0xA0))} | set("\u202e\u2066\u200b\ufeff\u2028")


def row(name: str, title: str | None = None, *, drift: Drift | None = None, hour: int = 14) -> SessionRow:
    session = Session(name, "telegram", title or name, "opus-4.1", last_active=at(hour, 2), messages=12)
    return SessionRow(session, Outline(Status.DONE), drift)


def listed(*rows: SessionRow) -> SessionsView:
    """A view of these rows."""
    known = {row.session.id: row for row in rows}
    return SessionsView((), Rows([*known], known.get))


def sessions() -> SessionList:
    return SessionList(now=lambda: NOW)


@pytest.mark.parametrize("width", [80, 62, 44])
async def test_rows_stand_in_the_columns_of_the_look(width: int) -> None:
    widget = sessions()
    async with Stage(widget).run_test(size=(width, 24)) as pilot:
        widget.focus()
        widget.show(listed(row("a", "Deploy the gateway"), row("b", "Fix the docker build", drift=Drift.JSONL_AHEAD)))
        await pilot.press("down")
        lines = screen(widget)
        assert lines[0].startswith(" ✓D      3h  Deploy the gateway")
        assert lines[1].startswith("▌✓D ⇡A   3h  Fix the docker build")


async def test_one_row_is_painted_again_when_more_is_known_of_it() -> None:
    widget = sessions()
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        known = {"a": row("a"), "b": replace(row("b", "Second"), outline=None)}
        widget.show(SessionsView((), Rows([*known], known.get)))
        await pilot.pause()
        assert screen(widget)[1].startswith("         3h  Second")
        known["b"] = replace(known["b"], outline=Outline(Status.ERROR), drift=Drift.DIVERGED)
        widget.update_row(known["b"])
        assert screen(widget)[1].startswith(" ✗E ≠D   3h  Second")
        widget.update_row(row("unknown"))
        assert widget.cursor.keys == ["a", "b"]


@pytest.mark.slow
async def test_the_cursor_stays_on_its_session_while_others_come_and_go() -> None:
    widget = sessions()
    async with Stage(widget).run_test(size=(80, 10)) as pilot:
        widget.focus()
        rows = [row(f"s{number}") for number in range(30)]
        widget.show(listed(*rows))
        await pilot.press(*["down"] * 12)
        before = screen(widget).index(next(line for line in screen(widget) if line.startswith("▌")))
        widget.show(listed(row("new one"), *rows[3:]))
        assert widget.cursor.key == "s12"
        assert widget.cursor_row == rows[12]
        assert screen(widget)[before].startswith("▌✓D      3h  s12")


async def test_what_a_search_found_in_a_title_is_marked() -> None:
    widget = sessions()
    async with Stage(widget).run_test(size=(80, 10)) as pilot:
        widget.show(listed(replace(row("a", "Fix the docker build"), matches=((8, 14),))))
        await pilot.pause()
        marked = [segment.text for segment in widget.render_line(0) if segment.style and segment.style.underline]
        assert marked == ["docker"]


async def test_no_title_puts_a_control_character_on_the_screen() -> None:
    widget = sessions()
    async with Stage(widget).run_test(size=(80, 30)) as pilot:
        rows = [
            SessionRow(Session(text, text, text, text, messages=3), Outline(Status.DONE, text), None)
            for text in HOSTILE
        ]
        widget.show(listed(*rows))
        await pilot.pause()
        assert not HARMFUL & set("".join(screen(widget)))
        assert all("x9k" in line for line in screen(widget)[: len(rows)])
        assert all(widget.render_line(y).cell_length == 80 for y in range(30))


async def test_a_wide_title_keeps_the_columns() -> None:
    widget = sessions()
    async with Stage(widget).run_test(size=(80, 10)) as pilot:
        widget.show(listed(row("a", "桂林旅行計画：三泊四日、雨の場合の代案も、そして帰りの電車の時刻表と宿の一覧")))
        await pilot.pause()
        assert widget.render_line(0).cell_length == 80
        assert screen(widget)[0].rstrip("┃ ").endswith("telegram    12")
