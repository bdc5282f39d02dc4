"""Find in the session that is read: everywhere in it, with its scopes, and back to where the reader was."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from store import SessionDB
from tests.hermes_tui.browsing import WIDE, Stage, browsing

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A session with a word in each kind of place, far apart, and another session with it."""
    with closing(SessionDB(tmp_path / "state.db")) as db:
        db.create_session("s", source="cli")
        db.create_session("t", source="cli")
        db.append_message("t", "user", "quince elsewhere")
        for number in range(30):
            db.append_message("s", "user", "Where is the Quince?" if number == 4 else f"prompt {number}")
            call = {"name": "write_file", "arguments": json.dumps({"path": "a.md", "content": f"x\nquince {number}"})}
            calls = [{"id": f"c{number}", "type": "function", "function": call}]
            db.append_message("s", "assistant", f"reply {number}", tool_calls=calls if number == 9 else None)
            if number == 9:
                db.append_message("s", "tool", json.dumps({"output": "wrote\nthe quince"}), tool_call_id="c9")
            if number == 20:
                db.append_message("s", "assistant", "a **quince** tree")
    return tmp_path


async def reading(stage: Stage) -> None:
    await stage.press("down", "down", "enter")
    if "prompt" not in stage.text:
        await stage.press("escape", "up", "enter")
    await stage.shows("prompt")
    await stage.until(lambda: stage.place == "TRANSCRIPT")
    await stage.press("g")


def reversed_texts(stage: Stage) -> list[str]:
    rows = stage.widgets.transcript.cursor.viewport.rows
    return [str(part.text) for row in rows for part in row.text if part.reverse]


async def test_a_find_goes_through_the_whole_session_and_back(home: Path) -> None:
    """Mutants: only the texts that are drawn; results left out; `esc` staying at the match."""
    async with browsing(home, WIDE) as stage:
        await reading(stage)
        top = stage.lines[3:8]
        await stage.press("slash")
        assert stage.lines[0].startswith(" find ")
        await stage.type("quince")
        await stage.until(lambda: "1 of 4 in this session" in stage.status)
        assert reversed_texts(stage) == ["Quince"]
        await stage.press("escape")
        assert stage.lines[3:8] == top
        assert stage.place == "TRANSCRIPT"
        assert stage.lines[0].startswith(" / ")

        await stage.press("slash")
        await stage.type("quince")
        await stage.until(lambda: "1 of 4 in this session" in stage.status)
        await stage.press("enter")
        assert stage.place == "TRANSCRIPT"
        seen = []
        for _ in range(4):
            await stage.press("n")
            await stage.until(lambda: bool(reversed_texts(stage)))
            seen.append((stage.status[:6], stage.widgets.transcript.cursor.bar))
        assert [number for number, _ in seen] == ["2 of 4", "3 of 4", "4 of 4", "1 of 4"]
        assert len({bar for _, bar in seen}) == 3, "a call and its result are one message on the screen"
        await stage.press("N")
        assert stage.status.startswith("4 of 4")
        await stage.press("escape")
        assert "message" in stage.status
        assert reversed_texts(stage) == []
        assert stage.place == "TRANSCRIPT"
        await stage.press("escape")
        assert stage.place == "SEARCH", "from where it was entered"


async def test_each_match_of_a_message_is_gone_to_and_what_grows_is_looked_through(home: Path) -> None:
    """Mutants: one match for each message; what came is not looked through; parts that are folded are not counted."""
    async with browsing(home, WIDE) as stage:
        await reading(stage)
        await stage.press("slash")
        await stage.type("quince")
        await stage.until(lambda: stage.status.startswith("1 of 4"))
        await stage.press("enter")
        with closing(SessionDB(home / "state.db")) as db:
            calls = [
                {"id": "d", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}
            ]
            db.append_message("s", "assistant", "quince, quince", reasoning="a quince", tool_calls=calls)
            lines = "\n".join(
                "a quince and a quince" if number in (7, 90) else f"line {number}" for number in range(99)
            )
            db.append_message("s", "tool", lines, tool_call_id="d")
        await stage.until(lambda: stage.status.startswith("1 of 11"))
        seen = []
        for number in range(2, 12):
            await stage.press("n")
            await stage.until(lambda number=number: stage.status.startswith(f"{number} of 11"))  # type: ignore[misc]
            await stage.until(lambda: len(reversed_texts(stage)) == 1)
            rows = stage.widgets.transcript.cursor.viewport.rows
            [place] = [(row.index, row.line) for row in rows for part in row.text if part.reverse]
            seen.append(place)
        assert len(set(seen[3:])) == 4, "reasoning, text, and two lines of the result"
        assert seen[3:] == sorted(seen[3:]), "in reading order"
        await stage.press("n")
        await stage.until(lambda: stage.status.startswith("1 of 11"))
        await stage.press("N")
        await stage.until(lambda: stage.status.startswith("11 of 11"))
        rail = [line[-2] for line in stage.lines[3:-1]]
        assert "·" in rail
        await stage.press("escape")
        assert "·" not in [line[-2] for line in stage.lines[3:-1]]


async def test_the_scope_and_capitals_decide_what_is_found(home: Path) -> None:
    async with browsing(home, WIDE) as stage:
        await reading(stage)
        await stage.press("slash")
        await stage.type("quince")
        counts = {}
        for scope in ("prompts", "replies", "tools"):
            await stage.press("tab")
            await stage.until(lambda scope=scope: f"in this session · {scope}" in stage.status)  # type: ignore[misc]
            await stage.until(lambda: "still" not in stage.status)
            counts[scope] = stage.status.split(" in ")[0]
        assert counts == {"prompts": "1 of 1", "replies": "1 of 1", "tools": "1 of 2"}
        await stage.press("tab", *["backspace"] * 6)
        await stage.type("Quince")
        await stage.until(lambda: stage.status.startswith("1 of 1 in this session  "))
        await stage.press(*["backspace"] * 6)
        await stage.type("nothing such")
        await stage.until(lambda: stage.status.startswith("not in this session"))
        await stage.press("enter")
        assert stage.place == "TRANSCRIPT"
        assert "message" in stage.status
        await stage.press("ctrl+s")
        assert stage.place == "SEARCH"
