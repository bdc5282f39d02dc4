"""Moves of the reader: prompts, seams, days, half pages."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from hermes_tui.widgets.message_index import Section, Seen, head_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from hermes_tui.widgets.transcript_moves import READER, is_prompt, is_under_seam, prompt_above
from store.models import Head, Message
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


def passed(cursor: TranscriptCursor, move: str, start: int) -> list[int]:
    """The places that a key leads to, one after the other, until it leads no further."""
    cursor.bar, places = start, [start]
    READER[move](cursor)
    while cursor.bar != places[-1]:
        places.append(cursor.bar)
        READER[move](cursor)
    return places[1:]


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


def test_seams_and_prompts_are_found_among_those_that_every_message_was_asked_for() -> None:
    """The oracle asks every message; the first one stands under its day.

    Mutants: the first one left out; `differs` blind to the state, to the hour, or to a missing time.
    """
    chance, now = random.Random(4), datetime(2026, 11, 26, tzinfo=UTC)
    for _ in range(20):
        cursor, next_id, time = TranscriptCursor(now=lambda: now), 1, 1.7e9
        for number in range(chance.randint(1, 3)):
            heads = []
            for _ in range(chance.randint(0, 25)):
                time += chance.choice((1, 60, 20_000))
                active, compacted = chance.choice(((True, False),) * 4 + ((False, False), (False, True)))
                moment = chance.choice((time, time, time, None))
                role = chance.choice(("user", "assistant", "tool"))
                heads.append(Head(next_id, role, 9, None, False, False, active, compacted, moment))
                next_id += 1
            cursor.layout.add(Section(f"s{number}", tuple(heads[:5]), "§" if number else ""))
            cursor.layout.extend(heads[5:])
        index = cursor.layout.index
        index.seen = chance.choice((None, Seen(chance.randint(1, next_id), time)))
        index.undone_shown = chance.random() < 0.3
        walked, place = list[int](), index.after(-1)
        while place < len(index):
            walked.append(place)
            place = index.after(place)
        for move, wanted in (("seam", is_under_seam), ("prompt", is_prompt)):
            first = {0} if move == "seam" else set()
            expected = [place for place in walked if place in first or wanted(cursor, place)]
            assert passed(cursor, f"next_{move}", -1) == expected
            assert passed(cursor, f"previous_{move}", len(index)) == expected[::-1]


def test_a_key_looks_at_no_message_between_it_and_where_it_leads() -> None:
    """Mutant: a walk from message to message."""
    heads = [Head(number, "assistant", 9, None, False, False, True, False, 1.7e9) for number in range(5_000)]
    cursor = TranscriptCursor(now=lambda: datetime(2026, 11, 26, tzinfo=UTC))
    cursor.layout.add(Section("s", tuple(heads)))
    assert cursor.layout.index.seams == [0]
    assert cursor.layout.index.prompts == []


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
