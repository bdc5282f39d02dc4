"""Times, counts and sizes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from hermes_tui.render.time import (
    age,
    age_or_date,
    clock,
    count,
    date_and_clock,
    day,
    hit_time,
    in_words,
    many,
    same_day,
    size,
)
from tests.hermes_tui.render.samples import DAY, NOW, at


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (-3_600, "in 1h"),
        (-1_800, "in 1h"),
        (-20 * 3_600, "in 1d"),
        (-40 * DAY, "in 6w"),
        (-300 * DAY, "in 1y"),
        (-365 * DAY, "in 1y"),
        (-500, "now"),
        (0, "now"),
        (59, "now"),
        (60, "1m"),
        (3_599, "59m"),
        (3_600, "1h"),
        (DAY - 1, "23h"),
        (DAY, "1d"),
        (6.9 * DAY, "6d"),
        (7 * DAY, "1w"),
        (27.9 * DAY, "3w"),
        (28 * DAY, "Oct"),
        (320 * DAY, "Jan"),
        (336 * DAY, "2025"),
        (700 * DAY, "2024"),
    ],
)
def test_an_age_is_what_the_page_says(ago: float, expected: str) -> None:
    assert age(NOW, NOW.timestamp() - ago) == expected
    assert len(expected) <= 4 + (ago < -500)


def test_no_time_is_no_age() -> None:
    assert age(NOW, None) == hit_time(NOW, None) == ""


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (at(22, "14:02"), "14:02"),
        (at(22, "00:00"), "00:00"),
        (at(23, "09:00"), "09:00"),
        (at(21, "23:59"), "Sat"),
        (at(16, "10:00"), "Mon"),
        (at(15, "10:00"), "15 Nov"),
        (at(8, "10:00"), "8 Nov"),
        (at(18, "10:00", month=10), "Oct"),
        (at(8, "10:00", year=2024), "2024"),
    ],
)
def test_the_time_of_a_hit_gets_coarser_as_it_gets_older(timestamp: float, expected: str) -> None:
    assert hit_time(NOW, timestamp) == expected


def test_times_are_the_readers() -> None:
    there = datetime(2026, 11, 22, 17, 10, tzinfo=timezone(timedelta(hours=9)))
    assert clock(there, at(22, "01:00")) == "10:00"
    assert day(there, at(21, "20:00")) == "Sun 22 Nov"
    assert not same_day(there, at(22, "14:00"), at(22, "16:00"))
    assert same_day(NOW, at(22, "14:00"), at(22, "16:00"))


def test_a_day_of_another_year_says_so() -> None:
    assert day(NOW, at(21, "10:00")) == "Sat 21 Nov"
    assert day(NOW, at(1, "10:00", year=2024)) == "Fri 1 Nov 2024"
    assert date_and_clock(NOW, at(22, "14:31")) == "22 Nov 14:31"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "·"),
        (-1, "·"),
        (7, "7"),
        (1204, "1204"),
        (9_999, "9999"),
        (10_000, "10.0k"),
        (12_499, "12.4k"),
        (99_999, "99.9k"),
        (100_000, "100k"),
        (999_999, "999k"),
        (1_250_000, "1.2M"),
        (123_000_000, "123M"),
        (10**12, "999M"),
    ],
)
def test_a_count_fits_into_five_cells(number: int, expected: str) -> None:
    assert count(number) == expected
    assert len(expected) <= 5


def test_numbers_in_sentences_have_spaces() -> None:
    assert [in_words(number) for number in (0, 994, 1_204, 1_234_567)] == ["0", "994", "1 204", "1 234 567"]
    assert many(1, "hit") == "1 hit"
    assert many(3_104, "hit") == "3 104 hits"


@pytest.mark.parametrize(
    ("n_bytes", "expected"),
    [
        (0, "0 B"),
        (612, "612 B"),
        (1_023, "1023 B"),
        (3_277, "3.2 KB"),
        (41_984, "41.0 KB"),
        (1_023_999, "1.0 MB"),
        (1_500_000, "1.4 MB"),
        (5 * 2**30, "5.0 GB"),
    ],
)
def test_a_size_fits_into_eight_cells(n_bytes: int, expected: str) -> None:
    assert size(n_bytes) == expected
    assert len(expected) <= 8


def test_a_head_rule_has_the_date_where_the_age_is_a_month_or_more() -> None:
    now = NOW.timestamp()
    assert age_or_date(NOW, now - 34 * DAY) == age(NOW, now - 34 * DAY)
    assert age_or_date(NOW, at(18, "04:46", month=10)) == "18 Oct 04:46"
    assert age_or_date(NOW, at(18, "04:46", month=10, year=2024)) == "18 Oct 2024 04:46"
    assert age_or_date(NOW, None) == ""
