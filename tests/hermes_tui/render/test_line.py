"""Measuring and cutting by cells."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hermes_tui.render.line import (
    Line,
    Role,
    Span,
    blank,
    cells,
    crop,
    fill,
    fit,
    graphemes,
    head,
    is_narrow,
    join,
    line_cells,
    pad,
    pad_left,
    plain,
    reach,
    span,
)
from hermes_tui.render.safe import safe

TEXT = st.text(st.one_of(st.characters(), st.sampled_from("ab 桂林、é❤️👨‍👩‍👧")), max_size=60)


def test_cells_are_not_characters() -> None:
    assert cells("桂林旅行計画") == 12
    assert cells("e\u0301") == 1
    assert cells("👨‍👩‍👧") == 2


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("Sketch a schema", 15, "Sketch a schema"),
        ("Sketch a schema", 9, "Sketch a…"),
        ("Sketch a schema", 10, "Sketch a…"),
        ("桂林旅行", 8, "桂林旅行"),
        ("桂林旅行", 7, "桂林旅…"),
        ("桂林旅行", 6, "桂林…"),
        ("x👨‍👩‍👧y", 3, "x…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_text_is_cut_at_the_end_with_no_space_before_the_mark(text: str, width: int, expected: str) -> None:
    assert fit(safe(text), width) == expected


@pytest.mark.slow
@given(TEXT, st.integers(0, 40))
def test_a_cut_text_is_never_too_wide(text: str, width: int) -> None:
    shown = fit(safe(text), width)
    assert cells(shown) <= max(width, 0)
    assert cells(text[: reach(safe(text), width)]) <= width or width < 1
    assert " …" not in shown or " …" in text


@pytest.mark.slow
@given(TEXT)
def test_what_counts_as_narrow_takes_one_cell_for_each_character(text: str) -> None:
    passed = safe(text)
    assert not is_narrow(passed) or cell_len(passed) == len(passed)


def test_all_of_the_narrow_characters_are_narrow() -> None:
    narrow = [chr(code) for code in range(0x3000) if code not in range(0x20) and code != 0x7F and is_narrow(chr(code))]
    assert {cell_len(character) for character in narrow} == {1}


def test_ideographs_kana_and_korean_take_two_cells_each() -> None:
    """Mutants: the wide ones counted once; combining marks (U+302A, U+3099) among them; a cut one cell too late."""
    ranges = ((0x3000, 0x3100), (0x4E00, 0xA000), (0xAC00, 0xD7B0), (0xFF00, 0xFF70))
    for char in map(chr, chain.from_iterable(range(*points) for points in ranges)):
        assert cells(char) == cell_len(char), f"{ord(char):x}"
    for text in ("大别山 and more", "a大b别c山", "カ\u3099キ", "大\u302aあ", "별 세 개", "大e\u0301别"):
        assert cells(text) == cell_len(text)
        for width in range(-1, 20):
            kept = text[: reach(text, width)]
            assert cell_len(kept) <= max(width, 0)
            rest = text[len(kept) :]
            assert not rest or cell_len(kept + graphemes_of(rest)) > width


def graphemes_of(text: str) -> str:
    """The first symbol of a text."""
    return text[: graphemes(text)[0][1]]


def test_padding_counts_cells() -> None:
    assert pad(safe("桂"), 4) == "桂  "
    assert pad_left(safe("桂"), 4) == "  桂"
    assert pad(safe("long"), 2) == "long"


LINE: Line = (span("ab ", Role.DIM), Span(safe("docker"), Role.ACCENT, bold=True, underline=True), span(" build"))


def test_a_line_is_cut_across_its_spans() -> None:
    assert plain(crop(LINE, 15)) == "ab docker build"
    assert plain(crop(LINE, 10)) == "ab docker…"
    assert plain(crop(LINE, 7)) == "ab doc…"
    assert plain(crop(LINE, 4)) == "ab…"
    assert plain(crop((blank(5), span("x")), 3)) == "…"
    assert crop(LINE, 7)[-1].underline is False


@pytest.mark.slow
@given(st.lists(TEXT, max_size=5), st.integers(1, 40))
def test_a_cut_line_is_never_too_wide(texts: list[str], width: int) -> None:
    line = tuple(span(text) for text in texts)
    assert line_cells(crop(line, width)) <= width
    assert line_cells(head(line, width)) <= width


def test_lines_are_filled_and_joined() -> None:
    assert plain(fill((span("a"),), 3)) == "a  "
    assert fill(LINE, 3) == LINE
    assert plain(join([(span("a"),), (span("b"), span("c"))], span(" · "))) == "a · bc"
    assert join([], span(" · ")) == ()


def test_a_span_passes_the_gate() -> None:
    assert span("\x1b[31m").text == "␛[31m"
