"""The transcript on the screen: what it asks for, where it stands, what moves it and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from textual.pilot import Pilot

from hermes_tui.render.folds import Fold
from hermes_tui.render.message import MessageDrawing
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets import first_picture, transcript_layout
from hermes_tui.widgets.message_index import head_of
from hermes_tui.widgets.transcript import Section, Transcript, together
from store.models import Head, Message, Origin, Session
from store.query.parse import parse
from tests.hermes_tui.stage import NOW, Stage, screen, strips, wheel
from tests.hermes_tui.widgets.test_session_list import HARMFUL
from tests.hermes_tui.widgets.test_transcript_layout import result, say
from tests.hostile import HOSTILE

ROW = SessionRow(Session("s", "cli", "Talk", messages=3))
LIVE = SessionRow(Session("s", "cli", "Talk", messages=3, live=True))


def talk(count: int, *, start: int = 1) -> list[Message]:
    """User messages of one line each, which take two rows with the blank one below (the first its time too)."""
    return [say(number, "user", f"words {number}.") for number in range(start, start + count)]


class Book(Stage):
    """Answers what the transcript asks for, unless told to wait."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self.transcript = Transcript(now=lambda: NOW)
        super().__init__(self.transcript)
        self.bodies = {message.id: message for message in messages}
        self.asked: list[tuple[int, ...]] = []
        self.waits = False

    def on_transcript_bodies_wanted(self, message: Transcript.BodiesWanted) -> None:
        self.asked.append(message.ids)
        if not self.waits:
            self.answer(message.ids)

    def answer(self, ids: Sequence[int]) -> None:
        self.transcript.put([self.bodies[wanted] for wanted in ids])

    def add(self, messages: Sequence[Message]) -> list[Head]:
        self.bodies.update({message.id: message for message in messages})
        return [head_of(message) for message in messages]

    def open(self, row: SessionRow = ROW) -> None:
        self.transcript.open(row, [Section("s", tuple(map(head_of, self.bodies.values())))])

    @property
    def position(self) -> Transcript.PositionChanged:
        return self.of(Transcript.PositionChanged)[-1]


async def opened(app: Book, pilot: Pilot[None], row: SessionRow = ROW) -> Transcript:
    app.transcript.focus()
    app.open(row)
    await pilot.pause()
    return app.transcript


def top(transcript: Transcript) -> str:
    return screen(transcript)[0].rstrip("┃ ")


@pytest.mark.slow
async def test_a_hundred_thousand_messages_open_by_drawing_only_what_is_on_the_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counts, not times: what is drawn and what is asked for follow the screen."""
    drawn: list[Message] = []

    def counted(message: Message, *options: Any, **more: Any) -> MessageDrawing:
        drawn.append(message)
        return MessageDrawing(message, *options, **more)

    monkeypatch.setattr(transcript_layout, "MessageDrawing", counted)
    app = Book(talk(100_000))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        assert transcript.total == 100_000
        assert 0 < len(drawn) <= 24
        assert sum(map(len, app.asked)) <= 64
        await pilot.press("end")
        await pilot.pause()
        assert any("words 100000." in line for line in screen(transcript))
        assert len(drawn) <= 64


@pytest.mark.slow
async def test_bodies_are_asked_for_once_in_chunks_the_screen_s_own_first() -> None:
    app = Book(talk(500))
    app.waits = True
    async with app.run_test(size=(80, 60)) as pilot:
        transcript = await opened(app, pilot)
        transcript.action_move_by(1)
        await pilot.pause()
        asked = [number for chunk in app.asked for number in chunk]
        assert asked[:3] == [1, 2, 3]
        assert len(asked) == len(set(asked))
        assert max(map(len, app.asked)) <= 64
        assert not any("words" in line for line in screen(transcript))
        transcript.ask_again()
        await pilot.pause()
        assert app.asked[-1][0] == 1
        for chunk in app.asked:
            app.answer(chunk)
        assert any("words 2." in line for line in screen(transcript))


@pytest.mark.slow
async def test_heights_that_turn_out_otherwise_move_nothing_above_the_reader() -> None:
    """Bodies above and on the screen come late and are higher than thought; the top line stays."""
    app = Book([say(number, "user", f"{number}: " + "a\n" * 30) for number in range(1, 200)])
    app.waits = True
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        transcript.action_move_by(100)
        await pilot.pause()
        app.waits = False
        for chunk in app.asked:
            app.answer(chunk)
        await pilot.pause()
        here = top(transcript)
        for _ in range(5):
            await pilot.press("down")
        assert screen(transcript)[0] != here
        for _ in range(5):
            await pilot.press("up")
        assert top(transcript) == here


@pytest.mark.slow
async def test_one_who_reads_further_up_is_not_moved_by_what_comes_and_is_told() -> None:
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot, LIVE)
        await pilot.press("pagedown", "pagedown")
        before = screen(transcript)
        transcript.append_heads("s", app.add(talk(12, start=101)))
        await pilot.pause()
        after = screen(transcript)
        assert after[:20] == before[:20]
        assert after[-1].rstrip("┃ ").endswith("▼ 12 new · G")
        assert app.position.new_below == 12
        await pilot.press("G")
        await pilot.pause()
        assert any("words 112." in line for line in screen(transcript))
        assert "new" not in screen(transcript)[-1]
        assert (app.position.new_below, app.position.following) == (0, True)


@pytest.mark.slow
async def test_one_who_follows_sees_what_comes_until_they_scroll_up() -> None:
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot, LIVE)
        transcript.do("follow")
        transcript.append_heads("s", app.add(talk(3, start=101)))
        await pilot.pause()
        assert "words 103." in screen(transcript)[-1]
        asked = len(app.asked)
        new = talk(1, start=204)
        transcript.put(new)
        transcript.append_heads("s", app.add(new))
        await pilot.pause()
        assert "words 204." in screen(transcript)[-1]
        assert len(app.asked) == asked  # it was never empty; mutant: its body is requested
        await pilot.press("up")
        assert not app.transcript.cursor.viewport.following
        before = screen(transcript)[:-1]
        transcript.append_heads("s", app.add(talk(3, start=205)))
        await pilot.pause()
        assert screen(transcript)[:-1] == before
        await pilot.press("end")
        assert app.position.following
        transcript.do("follow")
        assert not app.transcript.cursor.viewport.following
        assert "words 207." in screen(transcript)[-1]


@pytest.mark.slow
async def test_the_end_is_shown_when_it_is_here_and_until_then_what_was_there() -> None:
    """Mutants: the last of what is here shown as the end; a reader at the last of it who follows unasked; the end
    shown to one who has moved on."""
    app = Book(talk(40))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)

        async def more(start: int, *, is_last: bool = False) -> None:
            transcript.append_heads("s", app.add(talk(10, start=start)), live=False, more=not is_last)
            await pilot.pause()

        await more(41)
        before = screen(transcript)
        transcript.do("end")
        await more(51)
        assert [line[:70] for line in screen(transcript)] == [line[:70] for line in before]
        await more(61, is_last=True)
        assert "words 70." in screen(transcript)[-1]
        transcript.do("top")
        await more(71)
        transcript.do("end")
        transcript.do("page_down")
        await more(81, is_last=True)
        assert "words 90." not in screen(transcript)[-1]
        await more(91)
        transcript.action_move_by(10_000)
        transcript.action_move_by(-1)
        transcript.action_move_by(1)
        await more(101, is_last=True)
        assert "words 100." in "".join(screen(transcript))
        assert not transcript.cursor.viewport.following


async def test_pages_of_what_was_there_are_not_new_and_doubles_are_left_out() -> None:
    app = Book(talk(50))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        transcript.append_heads("s", app.add(talk(20, start=40)), live=False)
        transcript.append_heads("another", app.add(talk(5, start=900)))
        await pilot.pause()
        assert transcript.total == 59
        assert app.position.new_below == 0
        transcript.action_move_to_end()
        await pilot.pause()
        assert transcript.focused_message == app.bodies[59]


async def test_the_rail_of_a_session_that_is_shown_no_more_is_worked_out_no_further() -> None:
    """Mutant: the marks of before, which a call that waits goes on from: there is no such message."""
    app = Book(talk(40))
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = await opened(app, pilot)
        assert not transcript.rail.behind
        transcript.show_nothing()
        transcript.rail._go_on()
        assert not transcript.rail.behind


@pytest.mark.slow
async def test_a_picture_that_is_held_is_held_whatever_paints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: a rail that refreshes the pane itself; rows drawn of the session whose messages are not here."""
    monkeypatch.setattr(first_picture, "HELD", 60.0)
    app = Book(talk(40))
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = await opened(app, pilot)
        before, app.waits = screen(transcript), True
        app.bodies = {message.id: message for message in talk(40, start=100)}
        app.open(replace(ROW, session=replace(ROW.session, id="other")))
        with mock.patch.object(transcript, "refresh") as painted:
            transcript.rail.show_hits([1])
            transcript.rail._go_on()
            painted.assert_not_called()
        transcript.refresh()
        await pilot.pause()
        assert screen(transcript) == before
        for ids in app.asked[-2:]:
            app.answer([message_id for message_id in ids if message_id in app.bodies])
        await pilot.pause()
        assert "words 100" in "".join(screen(transcript))


@pytest.mark.slow
async def test_a_message_is_shown_with_its_first_match_reversed() -> None:
    messages = talk(200)
    messages[149] = say(150, "assistant", "line\n" * 300 + "here is the docker word\n" + "line\n" * 20)
    app = Book(messages)
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        transcript.show_at(150, parse("docker", now=0.0))
        await pilot.pause()
        await pilot.pause()
        shown = [line for line in screen(transcript) if "docker" in line]
        assert len(shown) == 1
        assert shown[0].startswith("▌")
        reversed_ = [each.text for strip in strips(transcript) for each in strip if each.style and each.style.reverse]
        assert reversed_ == ["docker"]
        assert app.position.index == 150


@pytest.mark.slow
async def test_a_hit_in_a_folded_result_unfolds_it() -> None:
    lines = "\n".join(f"row {number}" for number in range(100))
    messages = [
        *talk(30),
        say(31, "assistant", calls=("a",)),
        result(32, "a", f"{lines}\nthe needle\n"),
        *talk(30, start=33),
    ]
    app = Book(messages)
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        transcript.show_at(32, parse("needle", now=0.0))
        await pilot.pause()
        await pilot.pause()
        assert any("the needle" in line for line in screen(transcript))


async def test_a_message_that_is_not_here_yet_is_waited_for() -> None:
    app = Book(talk(50))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        transcript.show_at(90)
        assert "╌╌ Mon 23 Nov 2026 ╌" in top(transcript)
        transcript.append_heads("s", app.add(talk(50, start=51)), live=False)
        await pilot.pause()
        assert any(line.startswith("▌  user ┃ words 90.") for line in screen(transcript))


@pytest.mark.slow
async def test_opening_the_same_session_again_leaves_the_reader_in_place() -> None:
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        await pilot.press("pagedown", "pagedown")
        transcript.do("next_message")
        transcript.do("next_message")
        before = screen(transcript)
        app.open()
        await pilot.pause()
        assert screen(transcript) == before
        transcript.open(SessionRow(Session("t", messages=1)), [Section("t", tuple(app.add(talk(60))))])
        await pilot.pause()
        assert "╌╌ Mon 23 Nov 2026 ╌" in top(transcript)


async def test_the_bar_goes_from_message_to_message_and_results_belong_to_their_call() -> None:
    messages = [say(1, "user", "ask"), say(2, "assistant", calls=("a",)), result(3, "a"), say(4, "assistant", "answer")]
    app = Book(messages)
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        seen = []
        for _ in range(4):
            seen.append(next(line for line in screen(transcript) if line.startswith("▌"))[10:].split("  ")[0])
            transcript.do("next_message")
        assert seen == ["ask", "▸ tool_a", "answer", "answer"]
        transcript.do("previous_message")
        await pilot.pause()
        assert app.position.index == 2
        assert transcript.focused_message == messages[1]


@pytest.mark.slow
async def test_a_bar_that_leaves_the_screen_goes_to_a_message_on_it() -> None:
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        await pilot.press("pagedown")
        assert sum(line.startswith("▌") for line in screen(transcript)) >= 1
        for _ in range(30):
            transcript.do("next_message")
        await pilot.pause()
        barred = [line for line in screen(transcript) if line.startswith("▌")]
        assert len(barred) == 1
        pilot.app.set_focus(None)
        await pilot.pause()
        assert not any(line.startswith("▌") for line in screen(transcript)), "the bar is a sign of focus"


@pytest.mark.slow
async def test_space_unfolds_one_message_step_by_step_and_folds_it_again() -> None:
    output = "\n".join(f"row {number}" for number in range(90))
    app = Book([say(1, "assistant", calls=("a",)), result(2, "a", output), say(3, "user", "next")])
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        folded = screen(transcript)
        transcript.do("fold")
        assert any("tool ┊ row 0" in line for line in screen(transcript))
        assert not any("more lines" in line for line in screen(transcript))
        transcript.action_move_by(20)
        assert any("50 more lines · space shows all" in line for line in screen(transcript))
        transcript.do("fold")
        transcript.action_move_by(60)
        assert any("row 89" in line for line in screen(transcript))
        transcript.action_move_to_top()
        transcript.do("fold")
        assert screen(transcript) == folded


@pytest.mark.slow
async def test_tools_and_reasoning_fold_everywhere_and_the_bar_stays_on_its_row() -> None:
    messages = [say(1, "user", "ask")]
    for number in range(2, 60, 2):
        messages += [
            say(number, "assistant", reasoning="because of it", calls=("a",)),
            result(number + 1, "a", "x\ny\nz"),
        ]
    app = Book([*messages, say(60, "user", "thanks")])
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        for _ in range(6):
            transcript.do("next_message")
        place = next(number for number, line in enumerate(screen(transcript)) if line.startswith("▌"))
        transcript.do("tools")
        assert transcript.cursor.folds.tools is Fold.OPEN
        await pilot.pause()
        assert next(number for number, line in enumerate(screen(transcript)) if line.startswith("▌")) == place
        assert any("tool ┊ x" in line for line in screen(transcript))
        transcript.do("tools")
        await pilot.pause()
        assert not any("tool_a" in line for line in screen(transcript))
        transcript.do("tools")
        transcript.do("reasoning")
        await pilot.pause()
        assert any("▾ reasoning" in line for line in screen(transcript))


@pytest.mark.slow
async def test_what_was_taken_back_can_be_shown() -> None:
    app = Book([say(1, "user", "kept"), say(2, "user", "gone", active=False), say(3, "user", "end")])
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        assert any("1 message undone · v shows it" in line for line in screen(transcript))
        transcript.do("undone")
        await pilot.pause()
        assert any("undone ┃ gone" in line for line in screen(transcript))
        transcript.do("undone")
        transcript.show_at(2)
        await pilot.pause()
        assert any("▌undone ┃ gone" in line for line in screen(transcript)), "a hit in it shows it"


@pytest.mark.slow
async def test_a_session_without_messages_says_so_and_before_the_first_there_is_nothing() -> None:
    app = Book()
    async with app.run_test(size=(80, 24)) as pilot:
        assert set(screen(app.transcript)) == {""}
        await pilot.press("down", "up", "pagedown", "home", "end")
        app.transcript.do("next_message")
        app.transcript.do("fold")
        app.transcript.do("tools")
        app.transcript.do("follow")
        app.open()
        await pilot.pause()
        assert screen(app.transcript)[0].strip() == "∅0  No messages in this session"
        assert app.transcript.focused_message is None
        assert app.position.index == app.position.total == 0


@pytest.mark.slow
async def test_a_session_of_a_file_needs_no_asking() -> None:
    app = Book()
    async with app.run_test(size=(80, 24)) as pilot:
        messages = [Message(n, "f", "user", f"line {n}", origin=Origin.JSONL) for n in range(1, 3000)]
        app.transcript.open_messages(SessionRow(Session("f", origin=Origin.JSONL)), messages)
        await pilot.press("end")
        app.transcript.action_move_to_end()
        await pilot.pause()
        assert app.asked == []
        assert "line 2999" in screen(app.transcript)[-1]


async def test_sections_follow_each_other_with_a_seam() -> None:
    app = Book(talk(3))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        transcript.append_section(Section("t", tuple(app.add(talk(2, start=10))), "§2 of 2 · compacted 22 Nov 14:31"))
        await pilot.pause()
        lines = screen(transcript)
        seam = next(number for number, line in enumerate(lines) if "╌╌ §2 of 2 · compacted 22 Nov 14:31 ╌" in line)
        assert lines[seam - 1].strip("┃ ") == lines[seam + 1].strip("┃ ") == ""
        assert "words 10." in lines[seam + 2]


@pytest.mark.slow
async def test_a_resize_keeps_the_message_at_the_top_and_every_row_as_wide_as_the_pane() -> None:
    app = Book([say(number, "user", f"number {number} " + "some longer words " * 20) for number in range(1, 100)])
    async with app.run_test(size=(140, 40)) as pilot:
        transcript = await opened(app, pilot)
        transcript.show_at(50)
        await pilot.pause()
        assert any("▌  user ┃ number 50" in line for line in screen(transcript))
        for width, height in ((80, 24), (44, 12), (120, 30)):
            await pilot.resize_terminal(width, height)
            async with asyncio.timeout(60):
                while {strip.cell_length for strip in strips(transcript)} != {width}:
                    await pilot.pause()
            assert any("number 50" in line for line in screen(transcript)), (width, height)


@pytest.mark.slow
async def test_the_wheel_scrolls_and_a_click_moves_the_bar() -> None:
    app = Book(talk(100))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        start = screen(transcript)
        await wheel(pilot, transcript, down=True)
        assert [line[1:70].rstrip() for line in screen(transcript)[:20]] == [
            line[1:70].rstrip() for line in start[3:23]
        ]
        await wheel(pilot, transcript, down=False)
        assert [line[1:] for line in screen(transcript)] == [line[1:] for line in start]
        await pilot.click(transcript, offset=(20, 10))
        assert [line[0] for line in screen(transcript) if line.startswith("▌")] == ["▌"]
        assert app.position.index > 3


@pytest.mark.slow
async def test_the_thumb_tells_where_the_reader_is() -> None:
    app = Book(talk(1000))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        thumbs = [row for row, strip in enumerate(strips(transcript)) if strip.text.endswith("┃")]
        assert thumbs == [0]
        await pilot.press("end")
        await pilot.pause()
        assert [row for row, strip in enumerate(strips(transcript)) if strip.text.endswith("┃")] == [23]
        app.transcript.open(SessionRow(Session("t")), [Section("t", tuple(app.add(talk(2))))])
        await pilot.pause()
        assert not any(strip.text.endswith("┃") for strip in strips(transcript))


async def test_an_answer_for_another_session_and_an_unknown_id_are_harmless() -> None:
    app = Book(talk(5))
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        before = screen(transcript)
        transcript.put([say(7777, "user", "not of this session")])
        transcript.show_at(8888)
        await pilot.pause()
        assert screen(transcript) == before


@pytest.mark.slow
async def test_nothing_of_a_message_puts_a_control_character_on_the_screen() -> None:
    messages = []
    for number, text in enumerate(HOSTILE):
        calls = (text,)
        messages += [
            say(3 * number + 1, "assistant", text, calls=calls, reasoning=text, finish_reason=text),
            result(3 * number + 2, text, text),
            say(3 * number + 3, text, text + "\ud800" + "long " * 2000),
        ]
    app = Book(messages)
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        seen = ""
        for _ in range(2):
            for _ in range(30):
                seen += "".join(screen(transcript))
                await pilot.press("pagedown")
            transcript.do("tools")
            transcript.do("reasoning")
            transcript.action_move_to_top()
            await pilot.pause()
        assert "x9k" in seen
        assert not HARMFUL & set(seen)
        assert not any("\ud800" <= character <= "\udfff" for character in seen)


async def test_a_megabyte_on_one_line_is_drawn_in_part() -> None:
    app = Book([say(1, "user", "x" * 1_000_000), say(2, "user", "after it")])
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await opened(app, pilot)
        await pilot.press("end")
        await pilot.pause()
        assert "after it" in "".join(screen(transcript))


async def test_a_hundred_sections_that_come_together_are_settled_once() -> None:
    book = Book(talk(101))
    transcript = book.transcript
    async with book.run_test(size=(80, 12)) as pilot:
        transcript.open(ROW, [Section("s", (head_of(book.bodies[1]),))], more=True)
        await pilot.pause()
        with mock.patch.object(transcript.cursor, "settle", wraps=transcript.cursor.settle) as settle:
            with together(transcript):
                for number in range(2, 102):
                    transcript.append_section(Section(f"s{number}", (head_of(book.bodies[number]),)))
            assert settle.call_count == 1
        assert transcript.total == 101
