"""The list under the lists: its cost, its cursor, its track."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pytest
from textual.pilot import Pilot

from hermes_tui.render.line import Line, blank, span
from hermes_tui.widgets.theme import ASCII_CLASS
from hermes_tui.widgets.virtual_list import VirtualList
from tests.hermes_tui.stage import Stage, screen, strips, wheel


class Numbers(VirtualList):
    """Rows are numbers; the cursor passes by those below zero."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[Hashable] = []

    def under(self) -> Hashable:
        """The key under the cursor, as a call, so that no checker takes it for a constant."""
        return self.cursor.key

    def can_stand_on(self, key: Hashable) -> bool:
        return super().can_stand_on(key) and isinstance(key, int) and key >= 0

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        self.painted.append(key)
        return (span(f"{'>' if cursor else ' '}row {key}"), blank(3))


async def shown(pilot: Pilot[None], numbers: Numbers, keys: Sequence[int]) -> None:
    numbers.focus()
    numbers.set_keys(keys)
    await pilot.pause()


async def test_a_hundred_thousand_rows_cost_what_is_on_the_screen() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(80, 24)) as pilot:
        await shown(pilot, numbers, range(100_000))
        assert len(set(numbers.painted)) == 24
        numbers.painted.clear()
        await pilot.press("end")
        assert set(numbers.painted) == set(range(99_976, 100_000))


async def test_a_step_of_the_cursor_paints_two_rows() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(80, 24)) as pilot:
        await shown(pilot, numbers, range(1000))
        numbers.painted.clear()
        await pilot.press("down")
        assert set(numbers.painted) == {0, 1}


@pytest.mark.slow
async def test_the_cursor_stays_on_its_key_at_the_same_row_of_the_screen() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(100))
        await pilot.press(*["down"] * 15)
        row = screen(numbers).index(">row 15")
        numbers.set_keys([*range(1000, 1020), *range(100)])
        assert numbers.under() == 15
        assert screen(numbers)[row] == ">row 15"
        numbers.set_keys(range(10, 100))
        assert numbers.under() == 15
        assert len(screen(numbers)) == 10


async def test_a_cursor_that_nobody_moved_stays_on_the_first_row() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(100))
        numbers.set_keys(range(-1, 100))
        assert numbers.under() == 0
        numbers.set_keys([500, *range(100)])
        assert numbers.under() == 500
        assert screen(numbers)[0].startswith(">row 500")
        await pilot.press("down")
        numbers.forget_cursor()
        assert numbers.under() == 500
        numbers.set_keys([600, 500])
        assert numbers.under() == 600


@pytest.mark.parametrize(
    ("keys", "heir"),
    [([1, 2, 4, 5], 4), ([1, 2], 2), ([9], 9), ([1, 2, -3, 5], 5)],
    ids=["next", "last", "other", "past"],
)
async def test_where_a_key_is_gone_the_cursor_goes_to_the_row_that_followed(keys: list[int], heir: int) -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, [1, 2, 3, 4, 5])
        numbers.move_to(3)
        numbers.set_keys(keys)
        assert numbers.under() == heir


@pytest.mark.slow
async def test_an_empty_list_has_no_cursor_and_every_key_is_harmless() -> None:
    numbers = Numbers()
    app = Stage(numbers)
    async with app.run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, [])
        await pilot.press("down", "up", "pagedown", "pageup", "home", "end", "enter", "j", "k", "g", "G")
        assert numbers.cursor.key is None
        assert app.of(VirtualList.RowChosen) == []
        numbers.set_keys([-1, -2])
        await pilot.press("down", "enter")
        assert numbers.cursor.key is None


@pytest.mark.slow
async def test_keys_move_by_a_row_a_page_and_to_the_ends() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(100))
        for key, there in [("j", 1), ("down", 2), ("k", 1), ("pagedown", 10), ("pagedown", 19), ("pageup", 10)]:
            await pilot.press(key)
            assert numbers.under() == there, key
        for key, there in [("G", 99), ("down", 99), ("g", 0), ("up", 0), ("end", 99), ("home", 0), ("pageup", 0)]:
            await pilot.press(key)
            assert numbers.under() == there, key


async def test_rows_that_cannot_be_stood_on_are_passed_by() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, [-1, 1, -2, -3, 2, -4])
        assert numbers.under() == 1
        await pilot.press("down")
        assert numbers.under() == 2
        await pilot.press("down")
        assert numbers.under() == 2
        await pilot.press("up", "up")
        assert numbers.under() == 1


async def test_the_head_scrolls_away_and_comes_back_with_the_first_row() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(50))
        numbers.set_head([(span("notice"),), ()])
        assert screen(numbers)[0].startswith("notice")
        assert screen(numbers)[2] == ">row 0"
        await pilot.press("pagedown", "pagedown")
        assert "notice" not in screen(numbers)[0]
        await pilot.press("home")
        assert screen(numbers)[0].startswith("notice")
        assert numbers.cursor.keys == list(range(50))
        numbers.set_head([])
        assert screen(numbers)[0].startswith(">row 0")


async def test_it_tells_what_is_highlighted_chosen_and_shown() -> None:
    numbers = Numbers()
    app = Stage(numbers)
    async with app.run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(20))
        await pilot.press("down", "enter")
        assert [message.key for message in app.of(VirtualList.RowHighlighted)] == [0, 1]
        assert [message.key for message in app.of(VirtualList.RowChosen)] == [1]
        assert app.of(VirtualList.RowsShown)[-1].keys == tuple(range(10))
        await pilot.press("end")
        assert app.of(VirtualList.RowsShown)[-1].keys == tuple(range(10, 20))
        told = len(app.told)
        numbers.set_keys(range(20))
        await pilot.pause()
        assert not [message for message in app.told[told:] if isinstance(message, VirtualList.RowHighlighted)]


@pytest.mark.slow
async def test_a_click_highlights_a_double_click_chooses_and_the_wheel_leaves_the_cursor() -> None:
    numbers = Numbers()
    app = Stage(numbers)
    async with app.run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(30))
        await pilot.click(numbers, offset=(4, 3))
        assert numbers.under() == 3
        assert app.of(VirtualList.RowChosen) == []
        await pilot.click(numbers, offset=(4, 5), times=2)
        assert [message.key for message in app.of(VirtualList.RowChosen)] == [5]
        await wheel(pilot, numbers, down=True)
        assert screen(numbers)[0].strip("┃ ").endswith("row 3")
        assert numbers.under() == 5


@pytest.mark.slow
async def test_a_resize_keeps_the_cursor_in_view() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 20)) as pilot:
        await shown(pilot, numbers, range(100))
        await pilot.press(*["down"] * 18)
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        assert any(row.startswith(">row 18") for row in screen(numbers))


async def test_a_list_whose_place_was_asked_for_before_it_was_laid_out_knows_its_height() -> None:
    """Mutant: with Textual's Resize alone, a list that was hidden has no rows."""
    numbers = Numbers()
    numbers.display = False
    async with Stage(numbers).run_test(size=(40, 20)) as pilot:
        numbers.screen._compositor._full_map_invalidated = True  # as after a wheel
        numbers.display = True
        assert numbers in numbers.screen._compositor.full_map
        await pilot.pause()
        assert numbers.cursor.height == 20


async def test_the_last_column_is_the_track_and_no_row_reaches_into_it() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(100))
        cells = [strip.text[39] for strip in strips(numbers)]
        assert cells == ["┃", *" " * 9]
        numbers.divider = True
        assert [strip.text[39] for strip in strips(numbers)] == ["┃", *"│" * 9]
        numbers.set_keys(range(3))
        assert [strip.text[39] for strip in strips(numbers)] == ["│"] * 10
        pilot.app.add_class(ASCII_CLASS)
        assert [strip.text[39] for strip in strips(numbers)] == ["|"] * 10


async def test_a_cursor_row_is_filled_to_the_edge_and_differs_by_focus() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(3))
        focused = {segment.style.bgcolor for segment in strips(numbers)[0].crop(0, 39) if segment.style}
        other = {segment.style.bgcolor for segment in strips(numbers)[1] if segment.style}
        assert len(focused) == 1
        assert focused != other
        pilot.app.set_focus(None)
        await pilot.pause()
        resting = {segment.style.bgcolor for segment in strips(numbers)[0].crop(0, 39) if segment.style}
        assert resting not in (focused, other)


async def test_a_new_theme_repaints_what_is_on_the_screen() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(3))
        numbers.painted.clear()
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert set(numbers.painted) == {0, 1, 2}


async def test_control_keys_move_by_half_a_page_and_a_page() -> None:
    numbers = Numbers()
    async with Stage(numbers).run_test(size=(40, 10)) as pilot:
        await shown(pilot, numbers, range(100))
        for key, under in (("ctrl+d", 5), ("ctrl+d", 10), ("ctrl+u", 5), ("ctrl+f", 14), ("ctrl+b", 5)):
            await pilot.press(key)
            assert numbers.under() == under
