"""Breaking lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.render.line import cells
from hermes_tui.render.safe import safe
from hermes_tui.render.text import breaks, wrap
from tests.cpu_time import spent

TEXT = st.text(st.one_of(st.characters(), st.sampled_from("ab c   桂林、。（é❤️👨‍👩‍👧")), max_size=80)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("the quick brown fox", 10, ["the quick", "brown fox"]),
        ("the quick   brown", 9, ["the quick", "brown"]),
        ("", 10, [""]),
        ("   ", 10, [""]),
        ("a\n\nb", 10, ["a", "", "b"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("ab abcdefghij", 4, ["ab", "abcd", "efgh", "ij"]),
        ("  1. pin the image here", 14, ["  1. pin the", "  image here"]),
        ("\tx", 20, ["    x"]),
        ("桂林旅行計画", 5, ["桂林", "旅行", "計画"]),
        ("三泊四日、雨", 8, ["三泊四", "日、雨"]),
        ("行く（雨）", 6, ["行く", "（雨）"]),
        ("docker を使う", 9, ["docker を", "使う"]),
        ("éé éé éé", 5, ["éé éé", "éé"]),
        (" " * 30 + "far", 10, ["far"]),
    ],
)
def test_a_text_is_broken_where_a_reader_would(text: str, width: int, expected: list[str]) -> None:
    assert wrap(text, width) == expected


@pytest.mark.slow
@given(TEXT, st.integers(2, 40))
def test_no_line_is_wider_than_the_width_and_no_symbol_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(wrap(text, 100_000)).replace(" ", "")


@pytest.mark.slow
@given(TEXT, st.integers(1, 40))
def test_pieces_are_in_order_and_apart(text: str, width: int) -> None:
    _, pieces = breaks(safe(text), width)
    assert pieces
    assert all(start <= end for start, end in pieces)
    assert all(before[1] <= after[0] for before, after in pairwise(pieces))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["word ", "x", "桂", "é桂 "])
def test_breaking_takes_time_in_proportion_to_the_text(unit: str) -> None:
    small, large = safe(unit * 2_000), safe(unit * 20_000)
    assert spent(lambda: breaks(large, 60), tries=2) < 40 * spent(lambda: breaks(small, 60)) + 0.01
