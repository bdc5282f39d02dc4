"""The sentences of the status line, word for word."""

from __future__ import annotations

import pytest

from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Role, plain
from hermes_tui.render.status import (
    SearchProgress,
    busy_sentence,
    error_sentence,
    hits_sentence,
    left_out,
    partial_sentence,
    position_sentence,
    sessions_sentence,
    totals,
)
from store.models import Scope

SCOPE = Scope(1_311, archived=61, children=46)


def test_the_scope_names_its_reasons() -> None:
    line = sessions_sentence(1_204, SCOPE)
    assert plain(line) == "1 204 of 1 311 sessions (archived 61, children 46: press v)"
    assert [(part.text, part.role, part.bold) for part in line if part.role is not Role.DIM] == [
        ("1 204", Role.TEXT, False),
        ("v", Role.ACCENT, True),
    ]
    assert plain(sessions_sentence(1_311, SCOPE)) == "1 311 of 1 311 sessions"
    assert plain(sessions_sentence(1, Scope(1))) == "1 of 1 session"
    assert plain(sessions_sentence(0, Scope(0))) == "0 of 0 sessions"
    assert left_out(Scope(9, hidden=1_200)) == "internal 1 200"


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (
            SearchProgress(3_104, 87, shown=12, milliseconds=4.2, searching=True),
            "12 of 3 104 hits in 87 sessions · newest first · 4 ms · still searching…",
        ),
        (
            SearchProgress(3_104, 87, shown=12, order="ranked", milliseconds=41),
            "12 of 3 104 hits in 87 sessions · ranked · 41 ms",
        ),
        (
            SearchProgress(3_104, 87, shown=12, milliseconds=41, rerank=True),
            "12 of 3 104 hits in 87 sessions · newest first · R re-ranks",
        ),
        (
            SearchProgress(2_000, 412, capped=True, milliseconds=12),
            "2 000+ hits in 412 sessions · newest first · 12 ms",
        ),
        (
            SearchProgress(14, 3, fallback="index damaged, scanning 38 %"),
            "14 hits in 3 sessions · index damaged, scanning 38 %",
        ),
        (SearchProgress(1, 1, milliseconds=0.3), "1 hit in 1 session · newest first · 0 ms"),
    ],
)
def test_the_hits_are_counted_with_their_whole(progress: SearchProgress, expected: str) -> None:
    assert plain(hits_sentence(progress, glyphs=UNICODE)) == expected


def test_only_the_number_and_what_is_alive_have_colour() -> None:
    line = hits_sentence(SearchProgress(3_104, 87, shown=12, milliseconds=4, searching=True), glyphs=UNICODE)
    assert [(part.text, part.role) for part in line if part.role is not Role.DIM] == [
        ("12", Role.TEXT),
        ("still searching…", Role.ACCENT),
    ]


def test_the_other_sentences_are_the_pages() -> None:
    position = position_sentence(3, 994, tools="short", reasoning="folded", glyphs=UNICODE)
    assert plain(position) == "message 3 of 994 · tools short · reasoning folded"
    assert plain(busy_sentence(glyphs=UNICODE)) == "◐I state.db is locked by another program"
    wrong = error_sentence("after:yesterdya is not a date · try after:7d or after:2026-04-01", glyphs=UNICODE)
    assert plain(wrong) == "✗E after:yesterdya is not a date · try after:7d or after:2026-04-01"
    partial = partial_sentence("37 sessions from JSONL files", "state.db cannot be read", glyphs=UNICODE)
    assert plain(partial) == "△P partial: 37 sessions from JSONL files; state.db cannot be read"


def test_the_totals_say_less_on_a_narrow_screen() -> None:
    assert [plain(line) for line in totals(2, 7, width=140, glyphs=UNICODE)] == ["● 2 live  7 flagged"]
    assert [plain(line) for line in totals(2, 7, width=80, glyphs=UNICODE)] == ["7 flagged"]
    assert [plain(line) for line in totals(2, 0, width=140, glyphs=UNICODE)] == ["● 2 live"]
    assert totals(0, 0, width=140, glyphs=UNICODE) == ((),)
    assert [plain(line) for line in totals(0, 3, uncompared=2, width=80, glyphs=UNICODE)] == [
        "3 flagged  2 not compared"
    ]
    assert [plain(line) for line in totals(2, 7, width=140, glyphs=ASCII)] == ["* 2 live  7 flagged"]


def test_a_comparison_that_runs_has_a_bar_which_takes_less_where_there_is_no_room() -> None:
    assert [plain(line) for line in totals(0, 7, (1204, 10_000), width=80, glyphs=UNICODE)] == [
        "comparing ━───────── 1 204 of 10 000  7 flagged",
        "comparing ━─────────  7 flagged",
        "━─────────  7 flagged",
        "7 flagged",
    ]
    assert [plain(line) for line in totals(0, 7, (10, 10), width=80, glyphs=UNICODE)] == ["7 flagged"]
    assert plain(totals(0, 0, (5, 10), width=80, glyphs=ASCII)[0]) == "comparing =====----- 5 of 10"


def test_ascii_sentences_are_ascii() -> None:
    lines = [
        hits_sentence(SearchProgress(9, 2, shown=1, searching=True), glyphs=ASCII),
        position_sentence(1, 2, tools="short", reasoning="folded", glyphs=ASCII),
        partial_sentence("3 sessions", "1 profile cannot be read", glyphs=ASCII),
    ]
    assert all(plain(line).isascii() for line in lines)


def test_nothing_is_counted_before_anything_was_answered() -> None:
    """Mutant: without `asked` it says `0 hits in 0 sessions` for the length of a frame, while nobody has looked."""
    assert hits_sentence(SearchProgress(0, 0, asked=True), glyphs=UNICODE) == ()
    assert plain(hits_sentence(SearchProgress(0, 0, asked=True, searching=True), glyphs=UNICODE)) == "still searching…"
