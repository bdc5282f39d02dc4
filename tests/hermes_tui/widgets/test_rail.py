"""Rail beside the transcript, without a screen.

Mutants that these tests were seen to catch: hits of earlier calls kept; a message under the row of its end; marks of
bodies lost where they came before the message's own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.rail import Mark, cell, marks_of
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.rail import AT_ONCE, Rail, _all_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from store.models import Message, ToolCall

HEIGHT = 10


def rail_of(messages: list[Message]) -> Rail:
    cursor = TranscriptCursor(now=lambda: datetime(2026, 7, 1, tzinfo=UTC))
    cursor.shape(80, HEIGHT, UNICODE)
    rail = Rail(cursor)
    cursor.layout.add(Section("s", tuple(map(head_of, messages))))
    cursor.settle()
    return rail


def drawn(rail: Rail) -> str:
    while rail.behind:
        rail.catch_up()
    cells = [None if marks is None else cell(marks, UNICODE) for marks in rail.marks(range(HEIGHT))]
    return "".join(drawn.text if drawn else " " for drawn in cells)


def said(number: int, role: str = "assistant", day: int = 0) -> Message:
    return Message(number, "s", role, "word", timestamp=1_780_000_000.0 + day * 86_400)


def test_a_cell_has_the_mark_of_the_messages_that_its_row_stands_for() -> None:
    messages = [said(number, "user" if number == 16 else "assistant", int(number > 70)) for number in range(1, 101)]
    rail = rail_of(messages)
    assert drawn(rail) == "│┃│││││╌││"
    rail.take([(45, Mark.ERROR), (25, Mark.DIFF), (15, Mark.MACHINE)])
    assert drawn(rail) == "││±│✗││╌││", "a message that no user wrote is no prompt"
    rail.show_hits([99])
    rail.show_hits([98, 44], more=True)
    assert drawn(rail) == "││±│·││╌│·"
    rail.show_hits([0])
    assert drawn(rail) == "·│±│✗││╌││"


def test_marks_of_bodies_may_come_before_those_of_heads() -> None:
    rail = rail_of([said(number) for number in range(1, 101)])
    rail.take([(99, Mark.ERROR)])
    rail.show_hits([0])
    assert drawn(rail) == "·││││││││✗"
    rail.forget()
    assert drawn(rail) == "││││││││││"


def test_hits_may_come_and_go_before_their_messages() -> None:
    """Mutants: hits of before kept for what comes; those that wait left out."""
    rail = rail_of([said(number) for number in range(1, 101)])
    rail.forget()
    rail.show_hits([99])
    rail.show_hits([0])
    rail.catch_up()
    assert drawn(rail) == "·│││││││││"


def test_where_everything_is_on_the_screen_there_is_no_rail() -> None:
    rail = rail_of([said(1, "user")])
    assert drawn(rail) == " " * HEIGHT


def test_the_marks_of_a_body_say_what_failed_what_was_edited_and_who_wrote() -> None:
    edit = ToolCall("c", "patch", json.dumps({"old_string": "a", "new_string": "b"}))
    read = ToolCall("c", "read_file", json.dumps({"path": "a"}))
    assert marks_of(Message(1, "s", "assistant", "", tool_calls=(read, edit))) == Mark.DIFF
    assert marks_of(Message(1, "s", "assistant", "", tool_calls=(read,))) == Mark.NONE
    assert marks_of(Message(1, "s", "tool", '{"output": "", "exit_code": 2}')) == Mark.ERROR
    assert marks_of(Message(1, "s", "tool", "@@ -1,2 +1,2 @@\n-a\n+b")) == Mark.DIFF
    assert marks_of(Message(1, "s", "tool", "fine")) == Mark.NONE
    assert marks_of(Message(1, "s", "user", "hello")) == Mark.NONE


def test_a_long_session_is_marked_in_several_goes_and_placed_once() -> None:
    rail = rail_of([said(number, "user" if number % 9 == 0 else "assistant") for number in range(1, 4 * AT_ONCE)])
    rail.catch_up()
    assert rail.behind
    assert len(rail._marks) == AT_ONCE
    drawn(rail)
    placed = rail._rows
    drawn(rail)
    assert rail._rows is placed


def test_marks_keep_their_rows_whatever_was_drawn_and_however_wide_the_pane_is() -> None:
    """Mutants: the heights of the layout in place of the estimates; the measure of the pane in place of `ROOM`."""
    messages = [said(number, "user" if number % 20 == 0 else "assistant") for number in range(1, 101)]
    messages = [replace(message, text="word " * 30 * ((message.id or 0) < 30)) for message in messages]
    rail = rail_of(messages)
    before = drawn(rail)
    for index in range(50):
        rail._cursor.layout.heights.put(index, 40)
    rail.show_hits(())
    assert drawn(rail) == before
    rail._cursor.shape(140, HEIGHT, UNICODE)
    rail.forget()
    assert drawn(rail) == before


def test_a_row_of_a_hundred_thousand_messages_is_looked_at_once_for_each_mark() -> None:
    class Counted(bytearray):
        looks = 0

        def translate(self, *args: Any) -> Any:
            Counted.looks += 1
            return Counted(super().translate(*args))

    marks = [Mark.PROMPT, Mark.HIT, Mark.ERROR, 0]
    assert _all_of(Counted(marks * 25_000)) == Mark.PROMPT | Mark.HIT | Mark.ERROR
    assert Counted.looks == len(marks)
    assert _all_of(bytearray()) == 0


def test_a_step_of_a_long_chain_looks_at_the_seams_of_its_own_messages() -> None:
    rail = rail_of([said(1)])
    index = rail._cursor.layout.index
    for number in range(2, 4 * AT_ONCE):
        rail._cursor.layout.add(Section(f"s{number}", (head_of(said(number)),)))
    looked = list[int]()

    class Seams(list[int]):
        def __getitem__(self, part: Any) -> Any:
            found = super().__getitem__(part)
            looked.extend(found if isinstance(part, slice) else ())
            return found

    index.seams = Seams(index.seams)
    while rail.behind:
        rail.catch_up()
    assert len(looked) <= len(index.seams)
