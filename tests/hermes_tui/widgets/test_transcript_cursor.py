"""Bar, folds and targets in a transcript, without a screen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hermes_tui.render.folds import Fold
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.gutter import shifted
from hermes_tui.render.line import plain
from hermes_tui.widgets.arrival import arrival, reading_place
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_cursor import Target, TranscriptCursor
from store.models import Message, ToolCall
from store.query.parse import parse
from tests.hermes_tui.stage import NOW
from tests.hermes_tui.widgets.test_transcript_layout import result, say


def reading(*messages: Message, height: int = 8, here: bool = True) -> TranscriptCursor:
    cursor = TranscriptCursor(now=lambda: NOW)
    cursor.shape(80, height, UNICODE)
    fill(cursor, *messages, here=here)
    return cursor


def fill(cursor: TranscriptCursor, *messages: Message, here: bool = True) -> None:
    cursor.layout.add(Section("s", tuple(map(head_of, messages))))
    if here:
        cursor.layout.bodies.put(messages)
    cursor.settle()


def talk(count: int) -> list[Message]:
    return [say(number, "user", f"words {number}.") for number in range(1, count + 1)]


def shown(cursor: TranscriptCursor) -> str:
    return "\n".join(plain(row.text) for row in cursor.viewport.rows)


def test_the_bar_steps_from_message_to_message_and_stays_in_view() -> None:
    call = say(2, "assistant", "calling", calls=("a",))
    cursor = reading(
        say(1, "user", "ask"), call, result(3, "a"), *(say(n, "user", f"words {n}.") for n in range(4, 40))
    )
    cursor.step(1)
    cursor.step(1)
    assert cursor.bar == 3, "a result is drawn with its call"
    for _ in range(20):
        cursor.step(1)
        assert cursor.viewport.place_of(cursor.bar) is not None
    cursor.step(-1)
    assert cursor.bar == 22


def test_scrolling_takes_the_bar_along() -> None:
    cursor = reading(*talk(50))
    cursor.scroll(30)
    assert any(row.index == cursor.bar for row in cursor.viewport.rows)
    cursor.to_end()
    assert (cursor.bar, cursor.viewport.following) == (49, True)
    cursor.follow()
    assert not cursor.viewport.following
    cursor.to_top()
    assert cursor.bar == 0


def test_a_target_is_reached_as_soon_as_its_message_and_its_body_are_here() -> None:
    messages = talk(50)
    cursor = reading(*messages[:20])
    cursor.go_to(Target(41, first_match=True))
    cursor.settle()
    assert cursor.bar == 0
    cursor.layout.extend(map(head_of, messages[20:]))
    cursor.settle()
    assert (cursor.bar, cursor.target is None) == (40, False)
    cursor.layout.bodies.put(messages)
    cursor.settle()
    assert cursor.target is None
    assert "words 41." in shown(cursor)


def test_a_number_leads_to_a_result_that_stands_alone_and_to_the_call_of_any_other() -> None:
    """Mutants: always the message with calls above; a target that is reached before its bodies are here."""
    call = say(2, "assistant", "", calls=("a",))
    late = (result(5, "b"), say(6, "assistant", "", calls=("b",)))
    messages = [say(1, "user", "ask"), call, result(3, "a"), result(4, "a"), *late, *talk(20)[6:]]
    for wanted, bar in ((3, 1), (4, 3), (2, 1), (5, 5), (6, 5)):
        for here in (True, False):
            cursor = reading(*messages, height=4, here=here)
            cursor.go_to(Target(wanted))
            cursor.settle()
            cursor.layout.put(messages)
            cursor.settle()
            assert (cursor.bar, cursor.target) == (bar, None)
            assert cursor.viewport.rows[0].index == bar


def test_a_match_in_a_folded_result_is_unfolded() -> None:
    cursor = reading(*talk(9), say(10, "assistant", calls=("a",)), result(11, "a", "line\n" * 60 + "docker here"))
    cursor.mark(parse("docker", now=0.0))
    cursor.go_to(Target(11, first_match=True))
    cursor.settle()
    assert cursor.bar == 9
    assert "docker here" in shown(cursor)
    assert cursor.layout.folds_of(9).of_call(0) is Fold.WHOLE


@pytest.mark.parametrize("first_match", [True, False])
def test_what_is_gone_to_is_shown_though_calls_are_hidden(first_match: bool) -> None:
    """Mutants: the look for hidden calls left out; all calls shown."""
    calls = [say(n, "assistant", calls=("a",)) if n % 2 else result(n, "a", f"out {n}") for n in range(1, 41)]
    cursor = reading(*talk(1), *(replace(call, id=(call.id or 0) + 1) for call in calls))
    cursor.fold_tools()
    cursor.fold_tools()
    assert cursor.folds.tools is Fold.HIDDEN
    assert "tool_a" not in shown(cursor)
    cursor.mark(parse("20", now=0.0))
    cursor.go_to(Target(21, first_match=first_match))
    cursor.settle()
    assert cursor.bar == 19
    assert shown(cursor).count("tool_a") == 1
    assert ("out 20" in shown(cursor)) is first_match


def test_folding_everything_keeps_the_message_with_the_bar_on_its_row() -> None:
    calls = [say(n, "assistant", calls=("a",)) if n % 2 else result(n, "a", "out\n" * 5) for n in range(1, 41)]
    cursor = reading(*calls)
    for _ in range(9):
        cursor.step(1)
    row = cursor.viewport.place_of(cursor.bar)
    cursor.fold_tools()
    assert cursor.folds.tools is Fold.OPEN
    assert cursor.viewport.place_of(cursor.bar) == row


def test_a_later_layout_is_read_on_from_the_same_place_with_the_same_folds() -> None:
    messages = talk(50)
    cursor = reading(*messages)
    cursor.fold_reasoning()
    cursor.scroll(31)
    position, before = cursor.position, shown(cursor)
    cursor.reset()
    cursor.target = position
    cursor.shape(80, 8, UNICODE)
    fill(cursor, *messages)
    assert shown(cursor) == before
    assert cursor.layout.folds_of(0).reasoning is Fold.OPEN


def test_undone_messages_are_shown_and_left_out_again() -> None:
    cursor = reading(say(1, "user", "kept"), say(2, "user", "gone", active=False), say(3, "user", "more"))
    assert "gone" not in shown(cursor)
    cursor.toggle_undone()
    assert "gone" in shown(cursor)
    cursor.toggle_undone()
    assert "gone" not in shown(cursor)


def test_enter_on_a_hit_opens_the_one_call_that_holds_it_and_reverses_the_first_match() -> None:
    """Mutant: unfolding every call of the message; drawing no arguments."""
    content = "line\n" * 70 + "the quinces here"
    calls = (
        ToolCall("a", "terminal", '{"command": "ls"}'),
        ToolCall("b", "write_file", json.dumps({"path": "a.md", "content": content})),
        ToolCall("c", "terminal", '{"command": "pwd"}'),
    )
    made = Message(10, "s", "assistant", "", None, calls)
    answers = [result(11, "a", "out"), result(12, "b", "ok"), result(13, "c", "x")]
    cursor = reading(*talk(9), made, *answers, *(say(n, "user", "more") for n in range(14, 40)), height=24)
    cursor.mark(parse("quinces", now=0.0))
    cursor.go_to(Target(10, first_match=True))
    cursor.settle()
    folds = cursor.layout.folds_of(9)
    assert [folds.of_call(place) for place in range(3)] == [Fold.SHORT, Fold.WHOLE, Fold.SHORT]
    rows = [place for place, row in enumerate(cursor.viewport.rows) if any(part.reverse for part in row.text)]
    assert rows == [24 // 3]


def test_a_match_in_a_result_is_the_current_one_though_its_call_has_the_word_too() -> None:
    calls = (ToolCall("a", "terminal", '{"command": "docker ps"}'), ToolCall("b", "terminal", '{"command": "docker"}'))
    made = Message(10, "s", "assistant", "docker it is", None, calls)
    cursor = reading(*talk(9), made, result(11, "a", "no docker"), result(12, "b", "a docker"), height=24)
    cursor.mark(parse("docker", now=0.0))
    cursor.go_to(Target(12, first_match=True))
    cursor.settle()
    shown = [plain(row.text) for row in cursor.viewport.rows if any(part.reverse for part in row.text)]
    assert len(shown) == 1
    assert "a docker" in shown[0]
    assert cursor.layout.folds_of(9).of_call(0) is Fold.SHORT


def test_a_click_on_the_mark_of_a_call_unfolds_that_call_alone() -> None:
    made = Message(1, "s", "assistant", "", None, tuple(ToolCall(str(n), "terminal", "words of it") for n in range(3)))
    cursor = reading(made, height=24)
    line = next(place for place, part in cursor.layout.drawn(0).folds.items() if part == 1)
    assert cursor.fold_at(0, line)
    assert [cursor.layout.folds_of(0).of_call(place) for place in range(3)] == [Fold.SHORT, Fold.OPEN, Fold.SHORT]
    assert cursor.fold_at(0, line)
    assert cursor.layout.folds_of(0).of_call(1) is Fold.SHORT
    assert not cursor.fold_at(0, 99)


def test_the_source_of_a_message_is_shown_and_taken_back() -> None:
    calls = (ToolCall("a", "terminal", '{"command": "ls"}'),)
    cursor = reading(Message(1, "s", "assistant", "# Head of **it**", None, calls), result(2, "a", '{"output": "o"}'))
    before = shown(cursor)
    assert "# Head" not in before
    cursor.toggle_source()
    source = shown(cursor)
    assert all(text in source for text in ("# Head of **it**", '{"command": "ls"}', '{"output": "o"}'))
    cursor.toggle_source()
    assert shown(cursor) == before


def test_unbroken_lines_are_read_sideways_as_far_as_they_go() -> None:
    cursor = reading(say(1, "user", "start " + "word " * 30 + "end"))
    cursor.move_sideways(8)
    assert cursor.left == 0, "nothing is beyond the pane"
    cursor.toggle_wrap()
    for _ in range(50):
        cursor.move_sideways(8)
    line = plain(shifted(cursor.viewport.rows[2].text, cursor.left))
    assert line.startswith("   user ┃ ")
    assert line.endswith("word end")
    assert len(line) == 77
    cursor.move_sideways(-1_000)
    assert plain(shifted(cursor.viewport.rows[2].text, cursor.left)).startswith("   user ┃ start word")
    cursor.toggle_wrap()
    assert cursor.left == 0


def test_a_match_that_only_the_source_has_is_shown_there() -> None:
    made = say(1, "assistant", "see [here](http://x.example) &nbsp; <b>x</b> ![](quinces.png)\n\n| a |\n|--|\n| b |\n")
    cursor = reading(made, say(2, "user", "x"), height=20)
    cursor.mark(parse("nbsp", now=0.0))
    cursor.go_to(Target(1, first_match=True))
    cursor.settle()
    assert cursor.layout.folds_of(0).source
    assert any(part.reverse for row in cursor.viewport.rows for part in row.text)


@pytest.mark.slow
def test_a_match_beyond_the_first_part_of_a_long_answer_is_reached() -> None:
    text = "\n\n".join(f"Paragraph {number} is here." for number in range(700)) + "\n\nthe quinces"
    cursor = reading(say(1, "assistant", text), say(2, "user", "x"), height=20)
    cursor.mark(parse("quinces", now=0.0))
    cursor.go_to(Target(1, first_match=True))
    cursor.settle()
    assert "the quinces" in shown(cursor)


def test_a_place_that_was_kept_is_come_back_to_with_its_folds() -> None:
    """Mutants: folds left out; the last message seen though it came below the screen."""
    first = reading(*talk(40))
    for _ in range(9):
        first.step(1)
    first.layout.fold(first.bar, first.folds.with_part(0, Fold.OPEN))
    kept = reading_place(first, unseen=2, newest=None, now=5.0)
    assert (kept.message_id, kept.seen_id) == (10, 38)

    second = TranscriptCursor(now=lambda: NOW)
    second.shape(80, 8, UNICODE)
    arrival(kept, live=False).apply(second)
    fill(second, *talk(41))
    assert (second.bar, shown(second)) == (first.bar, shown(first))
    assert second.layout.folds_of(second.bar).parts == {0: Fold.OPEN}


def test_what_came_since_the_last_visit_stands_under_a_seam() -> None:
    """Mutant: the seam above every new message."""
    cursor = reading(*talk(40))
    kept = reading_place(cursor, unseen=3, newest=None, now=NOW.timestamp() - 60)
    later = TranscriptCursor(now=lambda: NOW)
    later.shape(80, 12, UNICODE)
    opened = arrival(kept, live=True)
    opened.apply(later)
    later.layout.index.seen = opened.seen
    fill(later, *talk(40))
    assert later.viewport.following
    assert shown(later).count("new since 17:01") == 1
    assert shown(later).index("words 37") < shown(later).index("new since") < shown(later).index("words 38")
