"""The screen of statistics: its figures are those of the store, and a chosen row leads to the list so filtered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import builders
from tests.builders import say
from tests.hermes_tui.browsing import browsing


@pytest.mark.slow
async def test_a_home_without_a_store_says_so_in_full(tmp_path: Path) -> None:
    """Mutant: the sentence in the status line, which cuts it."""
    home = builders.home(tmp_path)
    builders.jsonl(home, "filed", builders.talk(2))
    async with browsing(home, (60, 24)) as stage:
        await stage.press("tab", "S")
        await stage.shows("no numbers")
        await stage.says("✗ there is no state.db in")
        await stage.says("or name another home")


@pytest.mark.slow
async def test_a_source_a_day_and_a_session_lead_to_the_list_so_filtered(tmp_path: Path) -> None:
    """Mutants: a day whose query ends with its own beginning lists no session; a dot in the status line of ASCII."""
    home = builders.home(tmp_path)
    db = builders.db(home)
    for number, name in enumerate(("first", "second", "third")):
        db.create_session(name, "telegram" if number else "cli")
        db.append_messages(name, [say("user", f"words {i}", timestamp=1.7e9 + number * 1e6) for i in range(number + 2)])
        db.set_session_title(name, f"The {name} one")
    db.append_message("first", "tool", '{"exit_code": 1}', tool_name="terminal", timestamp=1.7e9)
    db.update_token_counts("second", input_tokens=1500, estimated_cost_usd=1.5)
    db.close()
    builders.jsonl(home, "filed", builders.talk(2))
    async with browsing(home, (100, 44), ascii_only=True) as stage:
        await stage.shows("The third one")
        await stage.press("tab", "S")
        await stage.shows("$0.00 actual - $1.50 estimated")
        await stage.shows("no cost   2 of 3 sessions")
        await stage.shows("1 result")
        await stage.shows("messages - 1 session in JSONL alone, not counted")
        assert "100.0 % failed" in stage.text
        assert stage.text.isascii()
        assert [word in stage.text for word in ("Mon", "most messages", "most expensive")] == [True] * 3
        await stage.press("enter")
        await stage.shows("1 of 4 sessions")
        assert "The third one" in stage.text
        assert "The second one" not in stage.text
        await stage.press("ctrl+u", "tab", "S")
        await stage.shows("telegram")
        await stage.press("down", "down", "down")
        await stage.shows("> telegram")
        await stage.press("enter")
        await stage.shows("2 of 4 sessions")
        await stage.press("tab", "S")
        await stage.shows("source:telegram")
        await stage.shows("2 sessions, 7 messages")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
