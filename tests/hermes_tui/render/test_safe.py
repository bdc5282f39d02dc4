"""The gate: nothing that acts on a terminal or has no width passes it, and what is readable stays readable."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.render.safe import json_safe, one_line, safe, safe_lines
from tests.cpu_time import spent
from tests.hostile import HOSTILE

JOINERS = "\u200c\u200d"
SELECTORS = {chr(code) for code in [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]}
VISIBLE = {"\u06dd", "\u070f", "\u08e2", "\U000110bd", "\U000110cd", *map(chr, range(0x600, 0x606))}
VISIBLE |= {"\u0890", "\u0891", *map(chr, range(0x13430, 0x13440))}
"""Signs of the category Cf that are drawn."""
HIDDEN = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"}
"""Signs of other categories that are not."""
TRICKY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x00\x1b\x7f\x9b\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u202e\u2028\u2060\u2066\ufe0f\ufeff"
            "\ud800\U000e0041\U000e0100\u3164❤👨👩ميक्षa1桂 \n\t"
        ),
    ),
    max_size=60,
)


def is_harmful(character: str) -> bool:
    """Tell what no text on the screen may hold, by its category and by name rather than by our own table."""
    category = unicodedata.category(character)
    return (
        category in {"Cc", "Cs", "Zl", "Zp"} or (category == "Cf" and character not in VISIBLE) or character in HIDDEN
    )


@pytest.mark.slow
def test_every_character_of_unicode_is_let_through_or_made_visible() -> None:
    harmful = [character for character in map(chr, range(0x110000)) if is_harmful(character)]
    assert [character for character in (*harmful, *SELECTORS) if safe(character) == character] == []


@pytest.mark.slow
@given(TRICKY)
def test_what_passes_has_no_control_bidi_zero_width_tag_or_surrogate(text: str) -> None:
    passed = safe(text)
    assert not [character for character in passed if is_harmful(character) and character not in JOINERS]
    passed.encode()


@pytest.mark.slow
@given(TRICKY)
def test_the_gate_is_one_for_one_and_a_second_pass_changes_nothing(drawn: str) -> None:
    text = re.sub("\x00+", "\x00", drawn)
    passed = safe(text)
    assert len(passed) == len(text)
    assert safe(passed) == passed
    assert all(a == b for a, b in zip(text, passed, strict=True) if b not in "\ufffd" and not "\u2400" <= b <= "\u2421")


@pytest.mark.slow
@given(TRICKY)
def test_a_joiner_stays_only_between_two_visible_characters(text: str) -> None:
    passed = safe(text)
    for index, character in enumerate(passed):
        if character in JOINERS:
            assert 0 < index < len(passed) - 1
            assert not {passed[index - 1], passed[index + 1]} & set(JOINERS + " \ufffdab1桂")
        if character in SELECTORS:
            assert index
            assert passed[index - 1] not in SELECTORS


@pytest.mark.parametrize("text", ["❤️", "👨‍👩‍👧", "❤️‍🔥", "1️⃣", "می‌خواهم", "क्‍ष", "葛󠄀城", "🏴‍☠️", "é", "👍🏽", "🇯🇵"])
def test_what_needs_a_joiner_or_a_selector_keeps_it(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x00\x07\x7f", "␀␇␡"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("\x9b31m", "�31m"),
        ("\u202egnp.exe", "�gnp.exe"),
        ("a\u200db", "a�b"),
        ("a\ufe0f", "a�"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f�"),
        ("\ud83d", "�"),
        ("\U000e0041", "�"),
        ("user\u200bname", "user�name"),
    ],
)
def test_harm_becomes_a_visible_symbol(text: str, expected: str) -> None:
    assert safe(text) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [("a" + "\x00" * 9000 + "b", ["a␀×9000b"]), ("\x00" * 2, ["␀×2"]), ("\x00" * 3 + "\n\x00", ["␀×3", "␀"])],
)
def test_a_run_of_nul_is_one_mark_with_its_length(text: str, lines: list[str]) -> None:
    assert safe_lines(text) == lines
    assert one_line(text) == " ".join(lines)


def test_hostile_strings_keep_their_mark_and_lose_their_teeth() -> None:
    for text in HOSTILE:
        passed = safe(text)
        assert "x9k" in passed
        assert not [character for character in passed if is_harmful(character) and character not in JOINERS]


def test_one_line_collapses_blanks_and_line_ends() -> None:
    assert one_line("  a \r\n\t b\n") == "a b"
    assert one_line("") == ""


def test_lines_are_split_at_line_feeds_and_tabs_expanded() -> None:
    assert safe_lines("a\r\n\tb\n") == ["a", "    b", ""]
    assert safe_lines("50%\r100%") == ["50%␍100%"]
    assert safe_lines("a\u2028b\x0bc") == ["a�b␋c"]


@pytest.mark.slow
@given(TRICKY)
def test_json_parses_to_what_was_given_and_is_safe_to_print(text: str) -> None:
    printed = json_safe({"text": text})
    assert json.loads(printed) == {"text": text}
    assert safe(printed) == printed


def test_json_keeps_what_people_can_read() -> None:
    assert json_safe({"a": "桂林 é ❤️", "b": "\x1b\x9b\u202e\U000e0041\x7f"}) == (
        '{"a": "桂林 é ❤️", "b": "\\u001b\\u009b\\u202e\\udb40\\udc41\\u007f"}'
    )


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["a", "\x9b", "\u200d", "❤\ufe0f\u200d", "م\u200c"])
def test_the_gate_takes_time_in_proportion_to_the_text(unit: str) -> None:
    small = spent(lambda: safe(unit * 10_000))
    assert spent(lambda: safe(unit * 100_000), tries=2) < 40 * small + 0.01
