"""Order of messages in one place where a question or an answer is lost on both sides, and what clocks say of it.

Each test fails under the mutant of `tests/torture/mutants.py` that names this file and its rule.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from store.formats.clocks import Clocks, agree
from store.formats.compared_message import ComparedMessage
from store.formats.turn_order import Between, Slot, Turns, order
from tests.builders import Dict, say
from tests.store.formats.test_comparison import found, local, told

CALL = ComparedMessage(b"c", role="assistant", calls=("call_1",))
USER, ANSWER = ComparedMessage(b"u", role="user"), ComparedMessage(b"a", role="assistant")
RESULT = ComparedMessage(b"r", role="tool", answers="call_1")


def at(turn: int) -> Slot:
    """A line's turn."""
    return Slot(turn, certain=True)


def until(turn: int) -> Slot:
    """A row's turn: this one, or an earlier one that the file lacks."""
    return Slot(turn, certain=False)


def test_an_answer_whose_question_is_lost_may_open_a_conversation() -> None:
    turns = Turns([at(0)], [until(1), until(1)], None, at(2))
    between = Between([ANSWER], [USER, ANSWER], None, USER, numbers=(0,), turns=turns)

    assert order(between, None) is None, "behind the question of the next turn it is an answer to it"


def test_a_question_whose_answer_is_lost_may_end_a_conversation() -> None:
    between = Between([USER], [ANSWER], CALL, None, numbers=(1,), turns=Turns([at(2)], [until(1)], at(1), None))

    assert order(between, None) is None, "in front of the answer of the turn before it is answered by that"


def test_a_row_may_be_of_a_turn_that_the_file_lacks() -> None:
    turns = Turns([at(0)], [until(0), until(0)], None, at(1))
    between = Between([USER], [USER, ANSWER], None, USER, numbers=(0,), turns=turns)

    assert order(between, None) is None, "the answer may be that to either question"


def test_the_end_of_a_certain_turn_is_certain_whatever_is_known_of_the_next_one() -> None:
    clocks = Clocks((0, 1), (100.0, 9_000.0), (0.0, 0.0), late=0.05, open=frozenset({1}))

    assert clocks.bounds(1) == (100.0, 9_000.0 + 3_600.0 + 0.05)


def test_an_estimate_of_how_long_a_turn_takes_does_not_overrule_structure() -> None:
    clocks = Clocks((0,), (643.8,), (0.0,), late=0.05, longest=17.4)
    rows = [ComparedMessage(b"c", role="assistant", calls=("call_1",), time=621.4), RESULT]
    rows[1] = ComparedMessage(b"r", role="tool", answers="call_1", time=641.3)
    turns = Turns([at(0)], [until(0), until(0)], None, at(0))
    between = Between([USER], rows, None, ANSWER, numbers=(0,), turns=turns)

    assert order(between, clocks) is None


def test_an_answer_from_before_the_end_of_a_turn_does_not_end_it() -> None:
    clocks = Clocks((0, 1), (100.0, 15_000.0), (0.0, 0.0), late=0.05, open=frozenset({1}))
    rows = [replace(ANSWER, time=4_000.0), replace(USER, time=12_000.0), replace(ANSWER, time=12_010.0)]
    turns = Turns([at(1)], [until(1), until(1), until(1)], at(0), None)
    between = Between([USER], rows, ANSWER, None, numbers=(1,), turns=turns)
    fitting = replace(between, rows=[replace(ANSWER, time=11_500.0), *rows[1:]])

    assert order(fitting, clocks) == [0]
    assert order(between, clocks) is None, "both the answer of the line's turn and the question of the row's are lost"


def spoken(*turns: tuple[float, str, str]) -> tuple[list[Dict], list[Dict]]:
    """Lines with one time a turn, at its end, and rows with their own: (end, question, answer) of each."""
    lines, rows = list[Dict](), list[Dict]()
    for end, question, answer in turns:
        for role, text, time in (("user", question, end - 2.0), ("assistant", answer, end)):
            lines.append(local(say(role, text, timestamp=1_770_000_000.0 + end), "UTC"))
            rows.append(say(role, text, timestamp=1_770_000_000.0 + time))
    return lines, rows


def test_a_row_close_behind_a_turn_may_be_a_late_one_of_it() -> None:
    words = [told("user", name)["content"] for name in ("q3", "a3", "q4", "a4", "q5", "a5", "a2")]
    lines, rows = spoken(
        (0.0, "yes", "Done."),
        (80.0, "yes", words[6]),
        (160.0, words[0], words[1]),
        (240.0, words[2], words[3]),
        (320.0, words[4], "Done."),
    )
    rows[0]["timestamp"], rows[1]["timestamp"] = 1_770_000_000.7, 1_770_000_000.71
    del rows[2], lines[5]

    comparison = found(lines, rows)

    assert comparison.clocks is not None
    assert comparison.union[:4] == ((0, 0), (1, 1), (2, None), (3, 2))


@pytest.mark.parametrize("apart", [0.0, 0.001])
def test_rows_of_which_some_turns_were_written_at_once_show_no_agreement(apart: float) -> None:
    turns = [(80.0 * number, told("user", f"q{number}x")["content"], f"w{number} " * 12) for number in range(5)]
    lines, rows = spoken(*turns)
    whole = found(lines[:3] + lines[4:], rows[:6] + rows[7:])
    rows[0]["timestamp"] = rows[1]["timestamp"] - apart

    assert whole.clocks is not None
    assert found(lines[:3] + lines[4:], rows[:6] + rows[7:]).clocks is None


def test_an_answer_and_the_next_turn_without_its_question_written_at_once_show_no_agreement() -> None:
    turns = [(80.0 * number, told("user", f"q{number}x")["content"], f"w{number} " * 12) for number in range(5)]
    lines, rows = spoken(*turns)
    lost = rows[:2] + rows[3:]

    assert found(lines[:1] + lines[2:6] + lines[7:], lost).clocks is not None
    lost[1]["timestamp"] = lost[2]["timestamp"] - 0.001
    assert found(lines[:1] + lines[2:6] + lines[7:], lost).clocks is None


def test_times_of_a_file_that_fall_by_more_than_a_clock_is_set_back_show_no_agreement() -> None:
    set_forward = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    rows = [
        told(role, f"{role[0]}{number}x") | {"timestamp": set_forward + 60.0 * minutes}
        for number, minutes in enumerate((-30, -20, 50, 52, 130, 132, 140, 150))
        for role in ("user", "assistant")
    ]
    lines = [local(row, "Europe/Berlin") for row in rows]

    assert found(lines[2:], rows[:-2]).clocks is not None
    assert found(lines[:4] + lines[8:12] + lines[4:8] + lines[12:], rows[:-2]).clocks is None


def test_clocks_of_which_one_certain_message_says_otherwise_are_not_used() -> None:
    """Between the two times of a turn's end, its row's and its line's, a row of the next turn was written."""
    lines = [ComparedMessage(b"%d" % place, time=time) for place, time in enumerate((100.0, 500.0, 500.0, 600.0))]
    rows = [ComparedMessage(b"%d" % place, time=time) for place, time in enumerate((99.0, 150.0, 400.0, 599.0))]
    certain = [(place, place) for place in range(4)]

    assert agree(lines, rows, certain) is not None
    assert agree(lines, [*rows[:3], replace(rows[3], time=450.0)], certain) is None


def test_times_of_rows_that_were_written_in_one_go_are_not_used() -> None:
    """Nobody asks within half a second of an answer."""
    roles = ("user", "assistant", "user")
    lines, rows = (
        [
            ComparedMessage(b"%d" % place, role=role, time=time)
            for place, (role, time) in enumerate(zip(roles, times, strict=True))
        ]
        for times in ((100.0, 100.0, 500.0), (99.0, 99.5, 101.0))
    )
    certain = [(place, place) for place in range(3)]

    assert agree(lines, rows, certain) is not None
    assert agree(lines, [*rows[:2], replace(rows[2], time=99.8)], certain) is None
