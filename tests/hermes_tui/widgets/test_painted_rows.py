"""Rows of panes that are painted again: those that are different, and no other."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from unittest import mock

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from hermes_tui.state.ordered_ids import Rows
from hermes_tui.widgets.session_rows import SessionsView
from hermes_tui.widgets.transcript import Transcript
from tests.hermes_tui.stage import Stage
from tests.hermes_tui.widgets.test_session_list import row, sessions
from tests.hermes_tui.widgets.test_transcript import LIVE, Book, opened, talk

STEPS = 40


async def assert_on_the_screen(pilot: Pilot[None], widget: Widget) -> None:
    """What Textual keeps of the rows is what they would be painted as now."""
    await pilot.pause()
    kept = [list(strip) for strip in widget.render_lines(Region(0, 0, *widget.size))]
    widget._styles_cache.clear()
    if isinstance(widget, Transcript):
        widget._rows._strips.clear()
    assert kept == [list(strip) for strip in widget.render_lines(Region(0, 0, *widget.size))]


async def test_a_message_that_comes_below_the_screen_costs_the_rows_that_say_so() -> None:
    """Mutant: the whole pane is refreshed."""
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot, LIVE)
        transcript.append_heads("s", app.add(talk(1, start=101)))
        await pilot.pause()
        with mock.patch.object(transcript, "render_line", wraps=transcript.render_line) as painted:
            transcript.append_heads("s", app.add(talk(1, start=102)))
            await pilot.pause()
            assert mock.call(23) in painted.mock_calls
            assert painted.call_count <= 4
            transcript.put(talk(3))
            await pilot.pause()
            assert painted.call_count <= 4


async def test_a_row_that_scrolled_is_not_drawn_again() -> None:
    """Mutant: no strip is kept."""
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot, LIVE)
        transcript.do("follow")
        await pilot.pause()
        new = talk(1, start=101)
        with mock.patch.object(transcript, "_painted", wraps=transcript._painted) as drawn:
            transcript.put(new)
            transcript.append_heads("s", app.add(new))
            await pilot.pause()
        assert drawn.call_count <= 6
        await assert_on_the_screen(pilot, transcript)


async def test_a_session_that_has_changed_costs_its_row() -> None:
    """Mutants: the whole list is refreshed; a row is drawn to see whether it is different."""
    widget = sessions()
    known = {f"s{number}": row(f"s{number}") for number in range(40)}
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        widget.show(SessionsView((), Rows([*known], known.get)))
        await pilot.pause()
        known["s3"] = row("s3", "another title")
        with mock.patch.object(widget, "paint", wraps=widget.paint) as painted:
            widget.show(SessionsView((), Rows([*known], known.get)))
            await pilot.pause()
        assert [call.args[0] for call in painted.mock_calls] == ["s3"]
        await assert_on_the_screen(pilot, widget)


@pytest.mark.slow
async def test_what_stands_on_the_screen_is_what_would_be_painted_whatever_happened() -> None:
    """Mutants: the mark of the rail, the thumb, what is new, the fading not among the inputs; colours of before."""
    chance, app = Random(7), Book(talk(60))
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = await opened(app, pilot, LIVE)
        for step in range(STEPS):
            match chance.randrange(9):
                case 0 | 1:
                    transcript.append_heads("s", app.add(talk(chance.randint(1, 3), start=1000 + step * 10)))
                case 2:
                    transcript.action_move_by(chance.randint(-9, 9))
                case 3:
                    transcript.do(chance.choice(["follow", "top", "end"]))
                case 4:
                    transcript.faded = not transcript.faded
                case 5:
                    changed = replace(app.bodies[chance.randint(1, 60)], text=f"other words {step}")
                    app.bodies[changed.id] = changed
                    transcript.put([changed])
                case 6:
                    transcript.rail.show_hits([chance.randrange(60)], more=chance.random() < 0.5)
                case 7:
                    await pilot.resize_terminal(chance.randint(58, 60), chance.randint(9, 14))
                case 8:
                    app.theme = chance.choice(["textual-dark", "textual-light"])
            await assert_on_the_screen(pilot, transcript)


@pytest.mark.slow
async def test_so_it_does_in_a_list() -> None:
    """Mutants: the cursor, the thumb, the marks not among the inputs."""
    chance, widget, marked = Random(7), sessions(), set[str]()
    known = {f"s{number}": row(f"s{number}") for number in range(40)}
    async with Stage(widget).run_test(size=(80, 12)) as pilot:
        for step in range(STEPS):
            match chance.randrange(7):
                case 0:
                    name = f"s{chance.randrange(40)}"
                    known[name] = row(name, f"title {step}")
                case 1:
                    widget.action_move_by(chance.randint(-9, 9))
                case 2:
                    marked ^= {f"s{chance.randrange(12)}"}
                case 3:
                    known = {name: known[name] for name in sorted(known, key=lambda _: chance.random())}
                case 4:
                    widget.divider = not widget.divider
                case 5:
                    (widget.blur if widget.has_focus else widget.focus)()
                case 6:
                    widget.forget_cursor()
            widget.show(SessionsView((), Rows([*known], known.get), marked=frozenset(marked)))
            await assert_on_the_screen(pilot, widget)
