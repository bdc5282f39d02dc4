"""Sentences that are shown for a few seconds: in the status line, or in the place of a footer's keys."""

from __future__ import annotations

from unittest import mock

import pytest

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import line_cells, plain, span
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.status_line import StatusLine

SENTENCE = (span("42"), span(" of 47 sessions (archived 2, children 3: press "), span("v"), span(")"))
LONG = "there is no hermes on the PATH: install it, or copy the command with Y"


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ("copied", "42 of 47 sessions (archived 2, children 3: press v)                  copied"),
        ("both sources agree, nothing to repair", "42 of 47 sessions  both sources agree, nothing to repair"),
        (LONG, LONG),
        (LONG + " " + LONG, "…"),
    ],
)
def test_a_notice_is_whole_and_the_sentence_beside_it_loses_whole_parts(notice: str, said: str) -> None:
    """Mutant: with half of the row for either, both end in the middle of a word."""
    row = StatusLine()
    row.set_reactive(StatusLine._shown, (SENTENCE, ()))
    row.set_reactive(StatusLine._notice, notice)
    with mock.patch.object(Bar, "glyphs", UNICODE):
        line = row.line(80)
    assert line_cells(line) <= 80
    assert " ".join(plain(line).split()).endswith(" ".join(said.split()))


@pytest.mark.parametrize(
    ("width", "said"),
    [(55, plain(SENTENCE)), (54, "42 of 47 sessions"), (21, "42 of 47 sessions"), (18, "42 of 47 sess…")],
)
def test_a_sentence_that_is_too_long_loses_whole_parts(width: int, said: str) -> None:
    """Mutants: cut in the middle of a word; nothing of it where its first part is too long."""
    row = StatusLine()
    row.set_reactive(StatusLine._shown, (SENTENCE, ()))
    row.set_reactive(StatusLine._notice, "")
    with mock.patch.object(Bar, "glyphs", UNICODE):
        assert plain(row.line(width)).strip() == said


def test_a_notice_that_is_longer_than_a_footer_is_cut_and_not_left_out() -> None:
    """Mutant: as an item of the footer, which is dropped whole where it does not fit."""
    row = Footer()
    row.set_reactive(Footer._shown, ("", (("y", "apply"),), ("?", "help")))
    row.set_reactive(Footer._notice, LONG + " " + LONG)
    with mock.patch.object(Bar, "glyphs", UNICODE):
        shown = plain(row.line(80))
    assert shown.startswith(f" {LONG[:-2]}")
    assert "…" in shown
    assert shown.endswith("? help")
