"""Every command by keyboard, by palette and by mouse; keys, footer, help and README say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from hermes_tui.commands.key_names import shown_keys, textual_name
from hermes_tui.commands.model import Command, Place
from hermes_tui.commands.registry import (
    BROWSER,
    DOCTOR,
    EXPORT,
    JOURNAL,
    MANAGE,
    REPAIRS,
    RESUME,
    STATS,
    TABLE,
    applying,
    footer,
)
from hermes_tui.render.line import plain
from hermes_tui.screens.browse.screen import BrowserScreen
from hermes_tui.screens.doctor import DoctorScreen
from hermes_tui.screens.export import ExportScreen
from hermes_tui.screens.manage import ManageScreen
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.screens.repairs import RepairsScreen
from hermes_tui.screens.resume import ResumeScreen
from hermes_tui.screens.statistics import StatisticsScreen
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.key_targets import key_at
from hermes_tui.widgets.page_frame import key_bindings, offers
from hermes_tui.widgets.text_page import TextPage
from tests import builders
from tests.hermes_tui.browsing import NARROW, browsing
from tests.source_tree import ROOT

SCREENS: tuple[tuple[frozenset[Place], type[Screen[Any]]], ...] = (
    (BROWSER, BrowserScreen),
    (REPAIRS, RepairScreen),
    (DOCTOR, DoctorScreen),
    (JOURNAL, RepairsScreen),
    (MANAGE, ManageScreen),
    (RESUME, ResumeScreen),
    (EXPORT, ExportScreen),
    (STATS, StatisticsScreen),
)
CONDITIONS = {command.needs for command in TABLE}
TYPED = frozenset({Place.SEARCH, Place.FIND, Place.GOTO})
"""Rows that are typed in: the palette takes the focus from them, and what they end would be ended."""
ON_THE_SPOT = {
    *("rows(-1)", "rows(1)", "pages(-1)", "pages(1)", "go('stay')", "back", "app.help"),
    *("reader('next_message')", "reader('previous_message')", "reader('right')", "reader('left')"),
    *("reader('half_down')", "reader('half_up')", "reader('page_down')", "reader('page_up')"),
    *("copy_block(0)", *(f"copy_block({number})" for number in range(1, 10))),
}
"""Moves of what is on the screen, which the palette would cover; the two seconds after a copy are over in it."""


def squeezed(text: str) -> str:
    """A text with one space wherever it has any, and without the marks of code."""
    return " ".join(text.replace("`", "").replace("\\", "").split())


def unnamed(command: Command, place: Place) -> set[str]:
    """Keys of a command that its line names, and that no binding of the table has."""
    bound = {name for key in command.keys for name in key.names}
    return {key for key in shown_keys(command.shown) if bound and textual_name(key) not in bound}


@pytest.mark.parametrize(("places", "screen"), SCREENS)
def test_every_key_of_the_table_is_bound_and_named_in_its_line(
    places: frozenset[Place], screen: type[Screen[Any]]
) -> None:
    """Mutant: a command whose line has another key than its binding."""
    bound = {(binding.key, binding.action) for binding in key_bindings(places)}  # type: ignore[union-attr]
    for command in TABLE:
        for place in command.places & places:
            assert {(key.keys, key.action) for key in command.keys} <= bound
            assert not unnamed(command, place), command
    on_screen = {(binding.key, binding.action) for binding in screen.BINDINGS}  # type: ignore[union-attr]
    assert bound <= on_screen


@pytest.mark.slow
async def test_every_command_is_clicked_chosen_and_explained(tmp_path: Path) -> None:
    """Mutants: a title left out of the table; a footer whose bold keys are no targets; a help with half of it."""
    readme = squeezed((ROOT / "README.md").read_text(encoding="utf-8"))
    async with browsing(builders.home(tmp_path), NARROW) as stage:
        foot = stage.browser.query_one(Footer)
        for place in Place:
            foot.show((*footer(place, CONDITIONS), ("f1", "help")), ("?", "help"))
            line = foot.line(4000)
            width = sum(len(part.text) for part in line)
            clicked = {key_at(line, x) for x in range(width)}
            listed = {"f1", "?", *(key for keys, _ in footer(place, CONDITIONS) for key in shown_keys(keys))}
            assert listed <= clicked, place
            commands = applying(place, CONDITIONS)
            titles = {offer.title for offer in offers(commands, lambda *_: None)}
            for command in commands:
                keys = [key for key in command.keys if key.action not in ON_THE_SPOT]
                assert place in TYPED or {key.title for key in keys} <= titles, command
        await stage.press("f1")
        await stage.until(lambda: stage.app.screen is not stage.browser)
        page = stage.app.screen.query_one(TextPage)
        await stage.until(lambda: bool(page._lines))
        said = squeezed(" ".join(plain(line) for line in page._lines))
        for command in TABLE:
            assert squeezed(command.sentence) in said, command
            assert f"{squeezed(' '.join(command.shown.split()))} | {squeezed(command.sentence)}" in readme, command
