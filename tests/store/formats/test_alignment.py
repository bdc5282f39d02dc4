"""Alignment and comparison of the two sources of a session.

Mutants that these tests were seen to catch: an order by the first times only, or in spite of an unknown one; undone
rows that stand for no message, or for any number; copies without the length check; doubles of one side only; no second
kind of anchors; no bound on the full comparison; a step of it left out; a certain order where nothing is missing; the
union always JSONL first.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.formats import alignment as merge
from store.formats.alignment import align, repeated_blocks
from store.formats.compared_message import ComparedMessage
from store.formats.comparison import compare
from store.models import Verdict
from tests.cpu_time import spent


def keys(text: str) -> list[bytes]:
    """One identity for each character."""
    return [character.encode() for character in text]


def entries(text: str, *, start: float | None = None, undone: str = "") -> list[ComparedMessage]:
    """One message for each character, a second apart; those in `undone` are inactive."""
    return [
        ComparedMessage(character.encode(), None if start is None else start + place, character not in undone)
        for place, character in enumerate(text)
    ]


def longest(left: str, right: str) -> int:
    """The length of the longest common subsequence, the slow way."""
    row = [0] * (len(right) + 1)
    for here in left:
        above = row[:]
        for place, there in enumerate(right):
            row[place + 1] = above[place] + 1 if here == there else max(above[place + 1], row[place])
    return row[-1]


@pytest.mark.slow
@given(st.text("abcd", max_size=24), st.text("abcd", max_size=24))
def test_a_small_alignment_is_a_longest_common_subsequence(left: str, right: str) -> None:
    alignment = align(keys(left), keys(right))
    assert all(left[i] == right[j] for i, j in alignment.pairs)
    assert all(a < c and b < d for (a, b), (c, d) in zip(alignment.pairs, alignment.pairs[1:], strict=False))
    assert len(alignment.pairs) == longest(left, right)


@pytest.mark.slow
@given(st.text("abcdefgh", max_size=24), st.text("abcdefgh", max_size=24))
def test_anchors_alone_still_pair_equal_messages_in_order(left: str, right: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "MAX_FULL_COMPARISON", 0)
        alignment = align(keys(left), keys(right))
    assert all(left[i] == right[j] for i, j in alignment.pairs)
    assert all(a < c and b < d for (a, b), (c, d) in zip(alignment.pairs, alignment.pairs[1:], strict=False))
    assert bool(alignment.pairs) == bool(set(left) & set(right))


@pytest.mark.slow
@given(st.text("abc", max_size=20), st.text("abc", max_size=20))
def test_gaps_and_pairs_are_all_of_both_lists(left: str, right: str) -> None:
    alignment = align(keys(left), keys(right))
    gaps = list(alignment.gaps())
    assert len(gaps) == len(alignment.pairs) + 1
    assert sorted([i for gap in gaps for i in gap.left] + [i for i, _ in alignment.pairs]) == list(range(len(left)))
    assert sorted([j for gap in gaps for j in gap.right] + [j for _, j in alignment.pairs]) == list(range(len(right)))


def test_equal_texts_are_matched_by_their_place_so_that_repeats_survive() -> None:
    assert align(keys("aobo"), keys("aoboo")).pairs == ((0, 0), (1, 1), (2, 2), (3, 3))


@pytest.mark.slow
def test_a_hundred_thousand_messages_with_holes_align_in_near_linear_time() -> None:
    left = [str(number).encode() for number in range(100_000)]
    right = [key for place, key in enumerate(left) if place % 1_000] + [b"new"] * 5
    alignment = align(left, right)
    assert len(alignment.pairs) == 99_900
    small = spent(lambda: align(left[:10_000], right[:9_990]))
    assert spent(lambda: align(left, right), tries=1) < 40 * small + 0.01


def test_a_large_side_that_holds_every_message_twice_is_still_aligned() -> None:
    once = [str(number).encode() for number in range(3_000)]
    twice = [key for key in once for _ in range(2)]
    alignment = align([b"first", *twice, b"last"], [b"other", *once, b"end"])
    assert len(alignment.pairs) == 3_000


def test_large_gaps_without_a_common_message_stay_unmatched() -> None:
    alignment = align([b"l%d" % place for place in range(3_000)], [b"r%d" % place for place in range(3_000)])
    assert alignment.pairs == ()


@pytest.mark.parametrize(
    ("text", "doubled"),
    [
        ("", ""),
        ("abcabd", ""),
        ("aabbccdd", "1357"),
        ("abcdabcd", "4567"),
        ("xabab", "34"),
        ("aaa", "12"),
        ("abacabac", "4567"),
        ("abcxabc", ""),
    ],
)
def test_copies_are_what_repeats_the_block_right_before_it(text: str, doubled: str) -> None:
    assert repeated_blocks(keys(text)) == {int(place) for place in doubled}


@pytest.mark.slow
@given(st.text("ab", max_size=14))
def test_every_reported_copy_ends_or_lies_in_a_block_that_equals_the_one_before(text: str) -> None:
    allowed = {
        place
        for size in range(1, len(text) // 2 + 1)
        for start in range(len(text) - 2 * size + 1)
        if text[start : start + size] == text[start + size : start + 2 * size]
        for place in range(start + size, start + 2 * size)
    }
    assert repeated_blocks(keys(text)) <= allowed


@pytest.mark.slow
@given(st.lists(st.integers(0, 50), unique=True, min_size=1), st.integers(1, 3))
def test_a_history_written_again_and_again_is_found_whole(history: list[int], times: int) -> None:
    block = [b"%d" % number for number in history]
    assert repeated_blocks(block * (times + 1)) == set(range(len(block), len(block) * (times + 1)))


@pytest.mark.parametrize(
    ("jsonl", "sqlite", "verdict", "missing", "lacking"),
    [
        ("abc", "abc", Verdict.SAME, 0, 0),
        ("abcd", "cd", Verdict.JSONL_AHEAD, 2, 0),
        ("ab", "abcd", Verdict.SQLITE_AHEAD, 0, 2),
        ("abc", "bcd", Verdict.DIVERGED, 1, 1),
        ("", "", Verdict.SAME, 0, 0),
        ("", "ab", Verdict.SQLITE_AHEAD, 0, 2),
        ("ooo", "oo", Verdict.JSONL_AHEAD, 1, 0),
    ],
)
def test_the_verdict_speaks_of_content(jsonl: str, sqlite: str, verdict: Verdict, missing: int, lacking: int) -> None:
    found = compare(entries(jsonl), entries(sqlite))
    assert (found.verdict, found.missing_in_sqlite, found.missing_in_jsonl) == (verdict, missing, lacking)


def test_an_undone_row_counts_as_present_in_its_place_and_out_of_it() -> None:
    in_place = compare(entries("abcd"), entries("abcd", undone="cd"))
    out_of_place = compare(entries("acb"), entries("abc", undone="b"))
    assert (in_place.verdict, in_place.repairable) == (Verdict.SAME, False)
    assert (out_of_place.verdict, out_of_place.missing_in_sqlite) == (Verdict.SAME, 0)


@pytest.mark.parametrize(("jsonl", "sqlite", "missing"), [("obo", "o", 2), ("acdoo", "aocd", 1)])
def test_one_undone_row_stands_for_one_message_only(jsonl: str, sqlite: str, missing: int) -> None:
    assert compare(entries(jsonl), entries(sqlite, undone="o")).missing_in_sqlite == missing


def test_a_gap_that_only_one_side_fills_is_certain() -> None:
    found = compare(entries("abxcd"), entries("abcyd"))
    assert found.repairable
    assert found.union == ((0, 0), (1, 1), (2, None), (3, 2), (None, 3), (4, 4))


def test_a_gap_that_both_sides_fill_is_uncertain_without_times() -> None:
    found = compare(entries("axb"), entries("ayb"))
    assert (found.verdict, found.certain, found.repairable) == (Verdict.DIVERGED, False, False)
    assert found.union == ((0, 0), (1, None), (None, 1), (2, 2))


def test_sides_that_share_nothing_follow_each_other_only_where_no_time_zone_explains_it() -> None:
    first = compare(entries("abc", start=100), entries("de", start=100_000))
    last = compare(entries("abc", start=100_000), entries("de", start=100))
    assert (first.repairable, last.repairable) == (True, True)
    assert first.union == ((0, None), (1, None), (2, None), (None, 0), (None, 1))
    assert last.union == ((None, 0), (None, 1), (0, None), (1, None), (2, None))
    assert not compare(entries("abc", start=100), entries("de", start=40_000)).certain


def test_sides_that_overlap_in_time_or_touch_are_uncertain() -> None:
    assert not compare(entries("abc", start=100), entries("de", start=101)).certain
    assert not compare(entries("abc", start=100), entries("de", start=102)).certain


def test_one_unknown_time_makes_an_order_uncertain() -> None:
    jsonl = [*entries("ab", start=100), ComparedMessage(b"c")]
    assert not compare(jsonl, entries("de", start=200)).certain


def test_doubles_of_either_side_are_counted_once_in_the_union() -> None:
    assert compare(entries("aabbcc"), entries("")).doubled == 3
    assert compare(entries("aabbcc"), entries("aabbcc")).doubled == 3
    assert compare(entries("abc"), entries("aabbcc")).doubled == 3


@pytest.mark.slow
@given(st.text("abcdef", max_size=16), st.text("abcdef", max_size=16), st.sets(st.sampled_from("abcdef")))
def test_the_counts_and_the_union_agree(left: str, right: str, undone: set[str]) -> None:
    found = compare(entries(left), entries(right, undone="".join(undone)))
    assert len(left) - found.missing_in_sqlite == len(right) - found.missing_in_jsonl
    assert [place for _, place in found.union if place is not None] == list(range(len(right)))
    lefts = [place for place, _ in found.union if place is not None]
    assert lefts == sorted(set(lefts))
    assert len(found.union) == len(right) + found.missing_in_sqlite
