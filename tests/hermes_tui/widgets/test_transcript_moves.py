"""Moves of the reader: prompts, seams, days, half pages."""

from __future__ import annotations

from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from hermes_tui.widgets.transcript_moves import READER, prompt_above
from store.models import Message
from tests.hermes_tui.stage import at
from tests.hermes_tui.widgets.test_transcript_cursor import fill, reading, talk
from tests.hermes_tui.widgets.test_transcript_layout import result, say


def bars(cursor: TranscriptCursor, *moves: str) -> list[int]:
    found = []
    for move in moves:
        READER[move](cursor)
        cursor.settle()
        found.append(cursor.bar)
        assert cursor.viewport.place_of(cursor.bar) is not None
    return found


def test_prompts_are_what_the_user_wrote_and_not_what_hermes_put_in() -> None:
    """Mutant: every message under the user's role."""
    cursor = reading(
        say(1, "user", "first"),
        say(2, "assistant", "x", calls=("a",)),
        result(3, "a"),
        say(4, "user", "[SYSTEM: The user has invoked the skill]"),
        say(5, "user", "gone", active=False),
        say(6, "user", "second"),
        say(7, "assistant", "end"),
    )
    assert bars(cursor, "next_prompt", "next_prompt", "previous_prompt", "previous_prompt") == [5, 5, 0, 0]


def test_seams_and_days_are_gone_to_with_the_seam_at_the_top() -> None:
    cursor = reading(*talk(9), height=6)
    tuesday = [Message(n, "s", "user", f"later {n}", at(9, 5, day=24)) for n in range(10, 19)]
    cursor.layout.extend(map(head_of, tuesday))
    cursor.layout.bodies.put(tuesday)
    cursor.layout.add(Section("t", (head_of(say(1, "user", "new")),), "§2 of 2"))
    fill(cursor, *(Message(n, "u", "user", f"more {n}", at(9, 6, day=24)) for n in range(30, 40)))
    assert bars(cursor, "next_seam", "next_seam") == [9, 18]
    assert bars(cursor, "previous_seam") == [9]
    assert cursor.viewport.rows[0].seam


def test_half_pages_and_pages_keep_a_row_of_what_was_read() -> None:
    cursor = reading(*talk(60), height=10)
    top = cursor.viewport.rows[0]
    READER["half_down"](cursor)
    assert cursor.viewport.rows[0].text != top.text
    READER["half_up"](cursor)
    assert cursor.viewport.rows[0] == top
    last = cursor.viewport.rows[-1]
    READER["page_down"](cursor)
    assert cursor.viewport.rows[0] == last
    READER["page_up"](cursor)
    assert cursor.viewport.rows[0] == top


def test_the_prompt_above_the_screen_is_the_one_that_is_answered_there() -> None:
    """Mutants: the prompt on the screen itself; a text that Hermes put in; a prompt that the user took back."""
    cursor = reading(
        say(1, "user", "Why?\x1b[2J"),
        say(2, "user", "gone", active=False),
        say(3, "user", "[SYSTEM: The user has invoked the skill]"),
        *(say(number, "assistant", f"because {number}") for number in range(4, 30)),
        say(30, "user", "And then?"),
    )
    assert prompt_above(cursor) == ("", [])
    cursor.scroll(14)
    assert prompt_above(cursor) == ("Why?␛[2J", [1])
    cursor.to_end()
    assert prompt_above(cursor) == ("Why?␛[2J", [1])
