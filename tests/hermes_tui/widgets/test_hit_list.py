"""What a search found, on the screen: sections, groups, three hits, context."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pytest

from hermes_tui.state.rows import HitGroup, HitKey, SessionRow
from hermes_tui.widgets.hit_list import HitList
from hermes_tui.widgets.hit_rows import GroupKey, HitsView, MoreKey, TitleKey
from hermes_tui.widgets.virtual_list import VirtualList
from store.models import ContextLine, Hit, Origin, Outline, Session, Status
from tests.hermes_tui.stage import NOW, Stage, at, screen
from tests.hermes_tui.widgets.test_session_list import HARMFUL
from tests.hostile import HOSTILE

OUTCOME = "the docker build fails"


def row(name: str) -> SessionRow:
    return SessionRow(Session(name, "cli", name, last_active=at(14), messages=9), Outline(Status.DONE), None)


def hit(name: str, number: int, text: str = OUTCOME, *, role: str = "user") -> Hit:
    start = text.find("docker")
    return Hit(name, number, role, text, ((start, start + 6),) if start >= 0 else (), at(14, 2))


def group(name: str, numbers: Sequence[int]) -> HitGroup:
    return HitGroup(row(name), tuple(hit(name, number) for number in numbers), len(numbers))


def hits() -> HitList:
    return HitList(now=lambda: NOW)


def under(widget: HitList) -> Hashable:
    """The key under the cursor, as a call, so that no checker takes it for a constant."""
    return widget.cursor.key


def belongs(widget: HitList) -> tuple[str | None, Hit | None]:
    return (widget.cursor_row.session.id if widget.cursor_row else None), widget.cursor_hit


async def test_titles_come_first_then_three_hits_of_each_session() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        widget.focus()
        widget.show(HitsView([row("a title")], [group("many", range(1, 6)), group("one", [9])]))
        await pilot.pause()
        lines = screen(widget)
        assert lines[0].startswith(" 1 title ─────")
        assert lines[1].startswith("▌✓D      3h  a title")
        assert lines[2].startswith(" messages ─────")
        assert lines[3].startswith(" ✓D      3h  many")
        assert lines[3].endswith("5 hits")
        assert [line[:36].strip() for line in lines[4:7]] == [f"user  {OUTCOME}"] * 3
        assert lines[4].endswith("14:02")
        widget.show(HitsView([row("a title")], [group("many", [1])], profiles=True))
        await pilot.pause()
        assert [line[13:27] for line in screen(widget)[1:4:2]] == ["default a titl", "default many  "]
        assert lines[7].strip() == "2 more · → shows them"
        assert lines[8].endswith("1 hit")
        assert lines[9].startswith("       user  the docker build fails")


@pytest.mark.slow
async def test_right_shows_all_hits_and_left_three_and_the_cursor_stays_near() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        widget.focus()
        widget.show(HitsView([], [group("many", range(1, 6)), group("one", [9])]))
        widget.move_to(MoreKey("many"))
        await pilot.press("right")
        assert under(widget) == HitKey("many", 4)
        assert MoreKey("many") not in widget.cursor.keys
        assert sum(isinstance(key, HitKey) for key in widget.cursor.keys) == 6
        await pilot.press("left")
        assert under(widget) == MoreKey("many")
        await pilot.press("enter")
        assert under(widget) == HitKey("many", 4)
        widget.move_to(HitKey("many", 2))
        await pilot.press("left")
        assert under(widget) == HitKey("many", 2)
        widget.show(HitsView([], [group("new", [77]), group("many", range(1, 6))]))
        await pilot.press("right")
        widget.show(HitsView([], [group("new", [77]), group("many", range(1, 8))]))
        assert HitKey("many", 7) in widget.cursor.keys


async def test_enter_chooses_hits_groups_and_titles() -> None:
    widget = hits()
    app = Stage(widget)
    async with app.run_test(size=(80, 24)) as pilot:
        widget.focus()
        widget.show(HitsView([row("t")], [group("many", [1, 2])]))
        await pilot.press("enter", "down", "enter", "down", "enter")
        assert [message.key for message in app.of(VirtualList.RowChosen)] == [
            TitleKey("t"),
            GroupKey("many"),
            HitKey("many", 1),
        ]


async def test_context_stands_around_its_hit_and_the_cursor_passes_it_by() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        widget.focus()
        widget.show(HitsView([], [group("many", [5, 8])]))
        await pilot.press("down")
        key = HitKey("many", 5)
        at_row = next(number for number, line in enumerate(screen(widget)) if line.startswith("▌"))
        around = [ContextLine(4, "assistant", "before it"), ContextLine(5, "user", "x", hit=True)]
        widget.set_context(key, [*around, ContextLine(6, "tool", "after it")])
        lines = screen(widget)
        here = next(number for number, line in enumerate(lines) if line.startswith("▌"))
        assert lines[here - 1].startswith("      agent    before it")
        assert lines[here + 1].startswith("       tool    after it")
        assert here in (at_row, at_row + 1)
        assert under(widget) == key
        await pilot.press("down")
        assert under(widget) == HitKey("many", 8)
        widget.show(HitsView([], [group("many", [5, 8])]))
        assert "before it" in "".join(screen(widget)), "what stays keeps its context"
        widget.clear_context()
        assert "before it" not in "".join(screen(widget))
        widget.set_context(HitKey("gone", 1), around)
        assert "before it" not in "".join(screen(widget))


@pytest.mark.slow
async def test_new_hits_leave_a_moved_cursor_on_its_hit_at_its_row() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 10)) as pilot:
        widget.focus()
        groups = [group(f"s{number}", [number]) for number in range(20)]
        widget.show(HitsView([], groups))
        await pilot.press(*["down"] * 13)
        assert under(widget) == HitKey("s6", 6)
        before = [line for line in screen(widget) if line.startswith("▌")]
        at_row = screen(widget).index(before[0])
        widget.show(HitsView([], [group("newest", [99]), *groups, group("older", [1])]))
        assert screen(widget)[at_row] == before[0]
        assert widget.cursor_hit == hit("s6", 6)


async def test_the_next_hit_passes_by_everything_else() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)):
        widget.show(HitsView([row("t")], [group("many", range(1, 6)), group("one", [9])]))
        found = [widget.move_hit(1) for _ in range(7)]
        assert [each and each.message_id for each in found] == [1, 2, 3, 4, 5, 9, None]
        back = [widget.move_hit(-1) for _ in range(6)]
        assert [each and each.message_id for each in back] == [5, 4, 3, 2, 1, None]


async def test_the_session_and_the_hit_under_the_cursor_are_known() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)):
        assert widget.cursor_row is None
        assert widget.cursor_hit is None
        widget.show(HitsView([row("t")], [group("many", range(1, 6))]))
        assert belongs(widget) == ("t", None)
        widget.move_to(GroupKey("many"))
        assert belongs(widget) == ("many", hit("many", 1))
        widget.move_to(HitKey("many", 2, Origin.SQLITE))
        assert widget.cursor_hit == hit("many", 2)


async def test_results_of_an_older_question_are_dim_until_new_ones_come() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        widget.show(HitsView([], [group("many", [1])]))
        await pilot.pause()
        bright = widget.render_line(2)
        widget.show(HitsView([], [group("many", [1])], dim=True))
        colours = {segment.style.color for segment in widget.render_line(2).crop(0, 79) if segment.style}
        assert len(colours) == 1
        widget.show(HitsView([], [group("many", [1])]))
        assert widget.render_line(2) == bright


async def test_titles_that_only_come_close_say_so() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 24)) as pilot:
        widget.show(HitsView([row("a")], [], close=True))
        await pilot.pause()
        assert screen(widget)[0].startswith(" 1 title is close ────")
        widget.show(HitsView([row("a"), row("b")], [], close=True))
        assert screen(widget)[0].startswith(" 2 titles are close ────")


@pytest.mark.slow
async def test_no_hit_puts_a_control_character_on_the_screen() -> None:
    widget = hits()
    async with Stage(widget).run_test(size=(80, 60)) as pilot:
        found = tuple(
            Hit(text, number, text, text, ((0, 3),), at(14), title=text) for number, text in enumerate(HOSTILE)
        )
        groups = [HitGroup(SessionRow(Session(each.session_id, each.text, each.text)), (each,), 1) for each in found]
        widget.show(HitsView([groups[0].row], groups))
        for each in found[:3]:
            lines = [ContextLine(1, each.role, each.text), ContextLine(2, "user", "", hit=True)]
            widget.set_context(HitKey(each.session_id, each.message_id), lines)
        await pilot.pause()
        assert not HARMFUL & set("".join(screen(widget)))
        assert "x9k" in "".join(screen(widget))
        assert all(widget.render_line(y).cell_length == 80 for y in range(60))
