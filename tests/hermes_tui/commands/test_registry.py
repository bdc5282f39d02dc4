"""The table of commands, and what comes from it."""

from __future__ import annotations

import pytest
from textual.actions import parse

from hermes_tui.app import HermesApp
from hermes_tui.commands.key_table import key_table
from hermes_tui.commands.registry import BROWSER, REPAIRS, TABLE, Place, applying, footer, works
from hermes_tui.screens.browse.navigation import MOVES
from hermes_tui.screens.browse.screen import BrowserScreen
from hermes_tui.screens.doctor import DoctorScreen
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.widgets.transcript_moves import READER

CONDITIONS = (
    *("rows", "session", "wide", "roomy", "hits", "typed", "flagged", "any_flagged"),
    *("applies", "readable", "undoable", "idle", "next", "mergeable", "waiting"),
)


def test_every_action_of_the_table_is_there() -> None:
    for command in TABLE:
        for key in command.keys:
            namespace, name, parameters = parse(key.action)
            if namespace == "app":
                assert hasattr(HermesApp, f"action_{name}"), key
                continue
            for screen in (
                [BrowserScreen] * bool(command.places & BROWSER)
                + [RepairScreen] * bool(command.places & REPAIRS)
                + [DoctorScreen] * (Place.DOCTOR in command.places)
            ):
                assert hasattr(screen, f"action_{name}"), key
            if name in {"reader", "go"}:
                assert parameters[0] in {"reader": READER, "go": MOVES}[name], key


def test_a_list_without_hits_offers_nothing_of_a_session() -> None:
    """Mutants: `I`, `@` and the arrows of a list of hits need nothing."""
    offered = {keys for keys, _ in footer(Place.HITS, {"typed"})}
    assert not offered & {"I", "Y", "@", "O", "b", "→ ←", "enter", "r"}
    assert {"esc", "q"} <= offered


@pytest.mark.parametrize("place", Place)
def test_a_key_does_one_thing_in_a_place(place: Place) -> None:
    bound = [key for command in applying(place, CONDITIONS) for keys in command.keys for key in keys.keys.split(",")]
    assert len(bound) == len(set(bound))


def test_the_footer_says_what_is_needed_most_first() -> None:
    listed = footer(Place.SESSIONS, ("rows",))
    assert listed[:5] == (("↑↓", "rows"), ("enter", "open"), ("/", "search"), ("q", "quit"), ("v", "hidden"))
    hits = footer(Place.HITS, ("rows", "session", "hits", "typed", "rankable"))
    keys = [keys for keys, _ in hits]
    assert keys[:9] == ["↑↓", "enter", "[ ]", "n N", "esc", "→ ←", "R", "q", "ctrl+p"]
    assert {"/", "Y", "I"} <= set(keys[9:]), "a wide screen has room for these"
    assert len({word for _, word in hits}) == len(hits)
    reader = footer(Place.TRANSCRIPT, ())
    assert reader[:5] == (
        ("esc", "back"),
        ("J K", "message"),
        ("space", "fold"),
        ("t", "tools"),
        ("T", "reasoning"),
    )


@pytest.mark.parametrize("place", [Place.HITS, Place.TRANSCRIPT])
def test_the_way_back_is_among_the_first_five(place: Place) -> None:
    assert "esc" in [keys for keys, _ in footer(place, CONDITIONS)[:5]]


def test_after_an_error_trying_again_comes_first() -> None:
    assert footer(Place.SESSIONS, ("failed",))[0] == ("R", "try again")
    assert ("R", "try again") not in footer(Place.SESSIONS)


def test_the_key_table_has_a_line_for_every_command() -> None:
    lines = key_table().splitlines()
    assert sum(line.startswith("| `") for line in lines) == len(TABLE)
    folded = ["<details><summary>In list and transcript</summary>", "", "| Key | What it does |", "|---|---|"]
    assert lines[:4] == folded
    assert lines.count(folded[2]) == lines.count("</details>") == sum(line.startswith("<details>") for line in lines)
    assert "| `esc` | take the search out |" in lines


def test_the_key_that_searches_from_everywhere_is_no_unused_one_in_the_search_row() -> None:
    assert all(works("go", ("search_all",), place) for place in BROWSER)
