"""Window on a transcript, without a screen."""

from __future__ import annotations

from hermes_tui.render.line import plain
from hermes_tui.widgets.message_index import head_of
from hermes_tui.widgets.viewport import AHEAD, Anchor, Viewport
from tests.hermes_tui.widgets.test_transcript_layout import say, written


def window(count: int, *, height: int = 6, here: bool = True) -> Viewport:
    messages = [say(number, "user", f"words {number}.") for number in range(1, count + 1)]
    viewport = Viewport(written(*messages, here=here))
    viewport.height = height
    return viewport


def first(viewport: Viewport) -> str:
    """The first row below the day."""
    row = next(row for row in viewport.rows if not row.seam)
    return str(plain(row.text)).rpartition("┃ ")[2].rstrip()


def test_the_window_starts_at_the_top_and_has_as_many_rows_as_the_screen() -> None:
    viewport = window(100)
    assert (len(viewport.rows), first(viewport), viewport.at_end) == (6, "words 1.", False)
    assert len(window(2).rows) < 6
    assert window(2).thumb == (0, 0)
    assert window(0).rows == ()


def test_it_follows_the_end_from_when_it_is_reached_until_it_is_told_to_stay() -> None:
    viewport = window(20)
    viewport.scroll(1000)
    assert (viewport.following, viewport.at_end) == (True, True)
    viewport.stay()
    anchor, rows = viewport.anchor, viewport.rows
    assert (viewport.following, viewport.at_end) == (False, True)
    viewport.invalidate()
    assert (viewport.anchor, viewport.rows) == (anchor, rows)
    viewport.scroll(-1000)
    assert (first(viewport), viewport.following) == ("words 1.", False)


def test_a_message_is_put_on_a_row_as_far_as_the_ends_allow() -> None:
    viewport = window(50)
    viewport.place(20, 0, 3)
    assert viewport.place_of(20) == Anchor(20, 0, 3)
    assert viewport.begins(20)
    viewport.place(0, 0, 3)
    assert viewport.place_of(0) == Anchor(0, 2, 2), "below its day"
    viewport.place(49)
    assert viewport.at_end
    assert len(viewport.rows) == 6


def test_bodies_of_the_screen_are_wanted_before_those_around_it() -> None:
    layout = written(*(say(number, "user", f"words {number}.") for number in range(1, 201)), here=False)
    viewport = Viewport(layout)
    viewport.height = 6
    viewport.place(100)
    wanted = viewport.wanted()
    assert wanted[0] == 101
    assert set(wanted) <= set(range(101, 101 + 6)), "the screen alone, as long as it lacks a body"
    layout.put([say(number, "user", f"words {number}.") for number in wanted])
    viewport.invalidate()
    around = viewport.wanted()
    assert around[: len(wanted)] == wanted
    assert set(around) <= set(range(101 - AHEAD, 101 + 6 + AHEAD))
    assert {101 - AHEAD, 101 + AHEAD} <= set(around)


def test_new_messages_move_nothing_but_a_window_that_follows() -> None:
    layout = written(*(say(number, "user", "w") for number in range(1, 21)))
    viewport = Viewport(layout)
    viewport.height = 6
    viewport.to_end()
    layout.extend([head_of(say(21, "user", "w"))])
    layout.bodies.put([say(21, "user", "w")])
    viewport.invalidate()
    assert viewport.rows[-1].index == 20
    viewport.place(3)
    before = viewport.rows
    layout.extend([head_of(say(22, "user", "w"))])
    viewport.invalidate()
    assert viewport.rows == before
