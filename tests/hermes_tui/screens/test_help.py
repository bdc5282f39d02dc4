"""The help: every key, every filter, nothing that does not work."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_tui.commands.registry import TABLE
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import line_cells, plain
from hermes_tui.screens.help import LANGUAGE, help_lines
from store.query.filters import KEYS
from store.query.parse import parse
from tests import builders
from tests.hermes_tui.browsing import SIZES, browsing


def test_the_help_has_every_command_and_every_filter() -> None:
    said = "\n".join(plain(line) for line in help_lines(100, UNICODE))
    for command in TABLE:
        assert f" {command.shown} " in said
    language = " ".join(f"{example} {meaning}" for example, meaning in LANGUAGE)
    assert [key for key in KEYS if f"{key}:" not in language] == []


def test_every_example_is_understood() -> None:
    for example, _ in LANGUAGE:
        query = parse(example, now=1_800_000_000.0)
        assert query.any_of or query.none_of or query.filters


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_help_fits_its_pane(width: int) -> None:
    assert max(line_cells(line) for line in help_lines(width, UNICODE)) <= width
    assert all(plain(line).isascii() for line in help_lines(width, ASCII))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_the_help_opens_scrolls_and_goes_away(tmp_path: Path, size: tuple[int, int]) -> None:
    async with browsing(builders.home(tmp_path), size) as stage:
        await stage.press("f1")
        await stage.shows("━ Help ━")
        assert stage.lines[2].split()[0] == "Keys"
        await stage.press("pagedown", "pagedown", "end")
        await stage.shows("has:reasoning")
        await stage.press("escape")
        await stage.shows("No sessions here yet")
        await stage.press("tab", "question_mark")
        await stage.shows("━ Help ━")
        await stage.press("q")
        await stage.gone("━ Help ━")
