"""New messages of a list that an agent hands over after another one.

Mutants that these tests were seen to catch: the rest new only as far as the base lacks it; the last place of a seam, or
no place of its own for an edited list; a shorter seam; nothing new before the seam, or all of it; messages before the
seam by set instead of by number; a seam inside the common beginning; all new where no end occurs; a Z function that
compares across the separator.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.formats import continuation
from store.formats.continuation import new_after, new_places


def keys(text: str) -> list[bytes]:
    """One identity for each character."""
    return [character.encode() for character in text]


def news(base: str, held: str) -> str:
    """What is new of a list."""
    return "".join(held[place] for place in new_places(keys(base), keys(held)))


@pytest.mark.parametrize(
    ("base", "held", "new"),
    [
        ("", "ab", "ab"),
        ("abc", "abcd", "d"),
        ("abc", "abc", ""),
        ("abc", "", ""),
        ("aobo", "aoboo", "o"),
        ("oo", "ooo", "o"),
        ("abcdef", "Sefg", "Sg"),
        ("abcdef", "Sefb", "Sb"),
        ("abcdef", "Sff", "Sf"),
        ("aobo", "Sboo", "So"),
        ("oao", "Soo", "So"),
        ("oxabc", "oSabc", "S"),
        ("abcd", "aoocde", "ooe"),
        ("oaobc", "oSobc", "S"),
        ("obobc", "oobco", "o"),
        ("obc", "oobco", "oo"),
        ("utoaok", "uToaokn", "Tn"),
        ("uoto", "uoTon", "Tn"),
        ("uoto", "uoToo", "To"),
        ("abco", "aozon", "zon"),
        ("abcd", "ab", ""),
        ("abcd", "abx", "x"),
        ("agog", "ago", ""),
        ("agog", "agox", "x"),
        ("abcd", "abcx", "x"),
        ("aboc", "abxyoz", "xyoz"),
        ("aob", "So", "So"),
        ("abcd", "Sbcx", "Sbcx"),
        ("abcd", "xy", "xy"),
        ("abcd", "xbcd", "x"),
    ],
)
def test_what_follows_the_seam_is_new_and_what_the_base_lacks_before_it(base: str, held: str, new: str) -> None:
    """S is a summary, T a tool result that was shortened in memory, o a word that is said again and again."""
    assert news(base, held) == new


@pytest.mark.slow
@given(st.text("ab", max_size=20), st.text("ab", max_size=6))
def test_a_list_that_continues_the_base_adds_the_rest_whatever_it_repeats(base: str, rest: str) -> None:
    assert news(base, base + rest) == rest


@pytest.mark.slow
@given(st.text("abc", min_size=1, max_size=20), st.data())
def test_a_summary_before_any_end_of_the_base_is_new_and_nothing_else(base: str, data: st.DataObject) -> None:
    kept = base[-data.draw(st.integers(1, len(base))) :]
    assert news(base, f"S{kept}") == "S"


@pytest.mark.slow
@given(st.text("abc", min_size=1, max_size=20), st.data())
def test_an_edited_message_is_new_and_nothing_else(said: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(said) - 1))
    assert news(f"{said}z", f"{said[:place]}E{said[place + 1 :]}z") == "E"


@pytest.mark.slow
@given(st.integers(1, 30), st.data())
def test_a_list_that_lost_messages_adds_the_summary_and_what_follows(count: int, data: st.DataObject) -> None:
    base = [b"%d" % number for number in range(count)]
    kept = [*data.draw(st.lists(st.sampled_from(range(count)), unique=True).map(sorted)), count - 1]
    kept = sorted(set(kept))
    rest = data.draw(st.lists(st.sampled_from([b"x", b"y"]), max_size=4))
    held = [b"summary", *(base[place] for place in kept), *rest]
    assert [held[place] for place in new_places(base, held)] == [b"summary", *rest]


@pytest.mark.slow
@given(st.text("abc", max_size=12), st.text("abcS", max_size=12))
def test_nothing_that_the_base_lacks_is_left_out(base: str, held: str) -> None:
    for character in set(held):
        assert news(base, held).count(character) >= held.count(character) - base.count(character)


@pytest.mark.parametrize(
    ("stored", "held", "new"),
    [("", "ab", "ab"), ("ab", "abc", "c"), ("abm", "abc", "abc"), ("abcd", "ab", "ab"), ("abcd", "Scde", "Se")],
)
def test_a_first_list_is_new_as_a_whole_where_no_end_of_what_is_stored_occurs_in_it(
    stored: str, held: str, new: str
) -> None:
    assert "".join(held[place] for place in new_after(keys(stored), keys(held))) == new


@pytest.mark.slow
@settings(deadline=None)
@given(st.text("ab", min_size=1, max_size=12), st.text("ab", max_size=12))
def test_shared_ends_are_what_a_plain_count_finds(whole: str, held: str) -> None:
    def plain(place: int) -> int:
        count = 0
        while count < min(len(whole), place) and whole[-1 - count] == held[place - 1 - count]:
            count += 1
        return count

    assert continuation.shared_ends(keys(whole), keys(held)) == [plain(place) for place in range(len(held) + 1)]
