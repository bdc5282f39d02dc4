"""The help: every key, every filter, nothing that does not work."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_tui.commands.registry import TABLE
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.legend import legend
from hermes_tui.render.line import line_cells, plain
from hermes_tui.screens.help import LANGUAGE, help_of
from store.query.filters import KEYS
from store.query.parse import parse
from tests import builders
from tests.hermes_tui.browsing import SIZES, browsing


def test_the_help_has_every_command_and_every_filter() -> None:
    said = "\n".join(plain(line) for line in help_of("", width=99, glyphs=UNICODE).lines)
    for command in TABLE:
        assert said.count(f" {command.shown} ") >= [other.shown for other in TABLE].count(command.shown)
    language = " ".join(f"{example} {meaning}" for example, meaning in LANGUAGE)
    assert [key for key in KEYS if f"{key}:" not in language] == []


def test_every_example_is_understood() -> None:
    for example, _ in LANGUAGE:
        query = parse(example, now=1_800_000_000.0)
        assert query.any_of or query.none_of or query.filters


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_help_fits_its_pane(width: int) -> None:
    assert max(line_cells(line) for line in help_of("", width=width, glyphs=UNICODE).lines) <= width
    assert all(plain(line).isascii() for line in help_of("", width=width, glyphs=ASCII).lines)


def test_every_mark_of_a_row_is_explained() -> None:
    for glyphs in (UNICODE, ASCII):
        marks = [plain(mark) for mark, _ in legend(glyphs)]
        assert {*glyphs.statuses.values(), *glyphs.drifts.values(), glyphs.partial, glyphs.bookmark} <= {*marks}


def test_a_wide_help_has_two_columns_and_the_same_in_fewer_rows() -> None:
    narrow, wide = (help_of("", width=width, glyphs=UNICODE) for width in (99, 140))
    words = [" ".join(sorted(" ".join(map(plain, page.lines)).replace("─", " ").split())) for page in (narrow, wide)]
    assert words[0] == words[1]
    assert len(wide.lines) < len(narrow.lines) * 0.75
    assert set(wide.starts) == set(narrow.starts)


def test_a_filter_leaves_the_entries_that_have_all_its_words() -> None:
    page = help_of("flag REPAIR", width=80, glyphs=UNICODE)
    said = [plain(line) for line in page.lines]
    assert any(line.startswith(" F ") for line in said)
    assert "In the doctor" not in page.starts
    assert help_of("nothing of the kind", width=80, glyphs=UNICODE).lines == []


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_the_help_begins_where_one_is_scrolls_filters_and_goes_away(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with browsing(builders.home(tmp_path), size) as stage:
        await stage.press("f1")
        await stage.shows("━ Help ━")
        assert any("In the search row" in line for line in stage.lines[:4])
        await stage.press("pagedown", "pagedown", "end")
        await stage.shows("has:reasoning")
        await stage.press("slash", *"bookmark")
        await stage.shows("━ Help bookmark ━")
        await stage.gone("has:reasoning")
        await stage.press("escape")
        await stage.shows("━ Help ━")
        await stage.press("escape")
        await stage.shows("No sessions here yet")
        await stage.press("tab", "question_mark")
        await stage.shows("━ Help ━")
        assert any("In the list ─" in line for line in stage.lines[:4])
        await stage.press("q")
        await stage.gone("━ Help ━")
