"""Bar, folds and targets in a transcript, without a screen."""

from __future__ import annotations

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from hermes_tui.render.message import Fold
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_cursor import Target, TranscriptCursor
from store.models import Message
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


def test_a_match_in_a_folded_result_is_unfolded() -> None:
    cursor = reading(*talk(9), say(10, "assistant", calls=("a",)), result(11, "a", "line\n" * 60 + "docker here"))
    cursor.mark(parse("docker", now=0.0))
    cursor.go_to(Target(11, first_match=True))
    cursor.settle()
    assert cursor.bar == 9
    assert "docker here" in shown(cursor)
    assert cursor.layout.folds_of(9).tools is Fold.WHOLE


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
