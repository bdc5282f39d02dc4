"""Message numbers, dates and times that a reader types.

Mutants that these tests are for: the day of today in place of the one that is read; what lies outside taken to an end;
a message that is not shown.
"""

from __future__ import annotations

from math import nan

import pytest

from hermes_tui.render.destination import Destination, destination
from tests.hermes_tui.render.samples import NOW, at

TIMES = [
    *(at(18, f"14:{number:02}", month=10) for number in range(10, 40)),
    *(at(22, f"09:{number:02}") for number in range(10)),
    nan,
]


def going(text: str, bar: int = 0) -> Destination:
    """Where a text leads; the first message of the second day is not shown."""
    return destination(text, TIMES, bar, NOW, hidden={30})


@pytest.mark.parametrize(
    ("text", "index"),
    [("1", 0), (" 41 ", 40), ("2026-10-18", 0), ("2026-10-19", 31), ("2026-11-22", 31), ("14:30", 20)],
)
def test_what_is_typed_leads_to_a_message(text: str, index: int) -> None:
    assert going(text) == Destination(index)


def test_a_time_is_one_of_the_day_that_is_read() -> None:
    assert going("09:05", bar=39) == Destination(35)
    assert going("9:05").complaint == "Sun 18 Oct has messages from 14:10 to 14:39"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0", "messages 1 to 41 are here"),
        ("42", "messages 1 to 41 are here"),
        ("2026-10-17", "messages are here from Sun 18 Oct 2026 to Sun 22 Nov 2026"),
        ("2026-11-23", "messages are here from Sun 18 Oct 2026 to Sun 22 Nov 2026"),
        ("23:00", "Sun 18 Oct has messages from 14:10 to 14:39"),
        ("25:00", "25:00 is no message number, date or time: 120, 2026-10-18, 14:30"),
        ("2026-02-31", "2026-02-31 is no message number, date or time: 120, 2026-10-18, 14:30"),
        ("\x1b[2J", "␛[2J is no message number, date or time: 120, 2026-10-18, 14:30"),
        ("", " is no message number, date or time: 120, 2026-10-18, 14:30"),
    ],
)
def test_what_lies_outside_says_what_there_is(text: str, complaint: str) -> None:
    assert going(text) == Destination(complaint=complaint)


def test_lines_that_are_no_messages_have_no_number() -> None:
    """Mutants: the index for the number; one such line looked past, not each."""
    times = [1.0, 2.0, 3.0, 4.0]
    assert [destination(text, times, 0, NOW, unnumbered=(0, 2)).index for text in "12"] == [1, 3]
    assert destination("3", times, 0, NOW, unnumbered=(0, 2)).complaint == "messages 1 to 2 are here"


def test_a_session_without_times_says_so() -> None:
    for text in ("2026-10-18", "14:30"):
        assert destination(text, [nan], 0, NOW).complaint == "no message here has a time"
