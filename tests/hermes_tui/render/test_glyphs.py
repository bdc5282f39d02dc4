"""Both sets of marks."""

from __future__ import annotations

from dataclasses import fields

import pytest

from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.line import cells
from store.models import Drift, Status


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_mark_takes_one_cell_and_a_state_or_a_branch_two(glyphs: Glyphs) -> None:
    for field in fields(Glyphs):
        value = getattr(glyphs, field.name)
        if isinstance(value, str):
            assert cells(value) == (2 if field.name in ("partial", "branch", "last_branch") else 1), field.name
    assert {cells(mark) for mark in [*glyphs.statuses.values(), *glyphs.drifts.values()]} == {2}
    assert set(glyphs.statuses) == set(Status)
    assert set(glyphs.drifts) == set(Drift)


def test_the_ascii_set_is_ascii_and_its_states_are_told_apart() -> None:
    marks = [*ASCII.statuses.values(), *ASCII.drifts.values(), ASCII.partial]
    assert all(mark.isascii() for mark in marks)
    assert len(set(marks)) == len(marks)
    assert all(getattr(ASCII, field.name).isascii() for field in fields(Glyphs) if field.type == "str")


def test_a_sentence_of_ours_is_written_with_what_there_is() -> None:
    assert UNICODE.words("2 more · → shows them…") == "2 more · → shows them…"
    assert ASCII.words("↑↓ “x” · § › ▼…") == 'up/down "x" - x > v~'
