"""The input of one line that all screens have."""

from __future__ import annotations

import re

import pytest

from hermes_tui.widgets.line_input import LineInput
from tests.hermes_tui.stage import Stage, strips
from tests.source_tree import ROOT


async def test_without_colours_the_cursor_is_seen_and_keys_edit_as_a_shell_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: Textual's look of a cursor; its ctrl+f, which takes a word out."""
    monkeypatch.setenv("NO_COLOR", "1")
    entry = LineInput(placeholder="a title", id="title")
    async with Stage(entry).run_test(size=(40, 3)) as pilot:
        entry.focus()
        await pilot.press(*"two words", "ctrl+a", "ctrl+f", "ctrl+f", "ctrl+b", "ctrl+d")
        await pilot.pause()
        assert entry.value == "to words"
        reversed_cells = [segment.text for segment in strips(entry)[0] if segment.style and segment.style.reverse]
        assert reversed_cells == ["o"]


def test_no_screen_has_another_input() -> None:
    """Mutant: Textual's own in the plan of a name."""
    sources = (ROOT / "hermes_tui").rglob("*.py")
    assert not [path.name for path in sources if re.search(r"(?<![\w.])Input\(", path.read_text())]
