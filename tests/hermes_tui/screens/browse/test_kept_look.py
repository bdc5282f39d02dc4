"""Folds and the divider, kept for the next run.

Mutants: `keep_folds` without effect; the column of the divider not kept; what the file has taken without a look.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.feed import KeptState
from hermes_tui.render.folds import Fold
from tests import builders
from tests.hermes_tui.browsing import browsing


@pytest.mark.slow
async def test_folds_and_the_width_of_the_list_stand_in_the_next_run(tmp_path: Path) -> None:
    folder, kept = builders.home(tmp_path), KeptState(None)
    with closing(builders.db(folder)) as db:
        builders.store(db, "s1", builders.talk(4))
    kept.set("tools", 77)
    async with browsing(folder, (140, 40), kept=kept) as stage:
        await stage.shows("message 0")
        cursor = stage.widgets.transcript.cursor
        assert (cursor.folds.tools, stage.state.layout.list_width) == (Fold.SHORT, 62)
        await stage.press("tab", "enter", "t", "T")
        assert (cursor.folds.tools, cursor.folds.reasoning) != (Fold.SHORT, Fold.SHORT)
        expected = cursor.folds.tools, cursor.folds.reasoning
        divider = stage.state.layout.list_width
        await stage.pilot.mouse_down(offset=(divider, 10))
        await stage.pilot.hover(offset=(80, 10))
        await stage.pilot.mouse_up(offset=(80, 10))
        await stage.until(lambda: stage.state.layout.list_width == 80)
        await stage.pilot.hover(offset=(100, 10))
        await stage.pilot.pause()
        assert stage.state.layout.list_width == 80, "the button is up"
    async with browsing(folder, (140, 40), kept=kept) as stage:
        cursor = stage.widgets.transcript.cursor
        assert (cursor.folds.tools, cursor.folds.reasoning) == expected
        await stage.until(lambda: stage.state.layout.list_width == 80)
