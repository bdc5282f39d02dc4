"""Where a hit in a call leads, and where a reader stays while an agent writes fifty messages."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from store import SessionDB
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing

pytestmark = pytest.mark.slow


def reversed_texts(stage: Stage) -> list[str]:
    rows = stage.widgets.transcript.cursor.viewport.rows
    return [str(part.text) for row in rows for part in row.text if part.reverse]


def texts_read(stage: Stage) -> list[str]:
    """The rows of the pane without the thumb, the last one without the number of what came."""
    return [line[62:130].rstrip() for line in stage.lines[3:-2]]


def call(name: str, **arguments: object) -> list[dict[str, object]]:
    return [{"id": name, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}]


async def test_a_hit_inside_a_call_or_a_result_is_reversed_and_visible_after_enter(tmp_path: Path) -> None:
    """Mutants: a landing that unfolds nothing; results left folded."""
    lines = "\n".join(f"line {number}" for number in range(300))
    acts = [
        call("write_file", path="orchard.md", content=f"{lines}\nquinces are here\n{lines}"),
        call("patch", path="a.py", old_string="before", new_string=f"{lines}\nmedlars = 1"),
        call("terminal", command="echo " + "x" * 3000 + " damsons"),
        call("unheard_of", deep={"list": [1, {"text": f"{lines}\tsloes"}]}),
    ]
    with closing(SessionDB(tmp_path / "state.db")) as db:
        db.create_session("s", source="cli")
        for number, calls in enumerate(acts):
            name = str(calls[0]["id"])
            db.append_message("s", "user", f"prompt {number}")
            db.append_message("s", "assistant", "", tool_calls=calls)
            output = f"{lines}\nsome bullaces" if name == "terminal" else "ok"
            db.append_message("s", "tool", json.dumps({"output": output}), tool_call_id=name, tool_name=name)
            db.append_message("s", "assistant", lines)
    async with browsing(tmp_path, NARROW) as stage:
        for word in ("quinces", "medlars", "damsons", "sloes", "bullaces"):
            await stage.type(word)
            await stage.until(lambda: stage.state.search.results.done and bool(stage.state.search.results.hits))
            await stage.press("enter")
            await stage.until(lambda word=word: reversed_texts(stage) == [word])  # type: ignore[misc]
            assert any(word in line for line in stage.lines[3:-1])
            await stage.press("ctrl+s", "ctrl+u")
            assert stage.widgets.search_bar.text == ""


async def test_fifty_appends_move_nobody_but_who_follows(tmp_path: Path) -> None:
    """Mutants: a window that stays at its message while it follows; one that counts rows from the end."""
    with closing(SessionDB(tmp_path / "state.db")) as db:
        db.create_session("s", source="cli")
        for number in range(40):
            db.append_message("s", "user", f"old {number}\nof two lines")

        def append(number: int) -> None:
            db.append_message("s", "assistant" if number % 2 else "user", f"new {number}\n" + "a line\n" * (number % 5))

        async with browsing(tmp_path, WIDE) as stage:
            await stage.press("enter", "G")
            layout = stage.widgets.transcript.cursor.layout
            for number in range(50):
                append(number)
                if number % 10 == 9:
                    await stage.until(lambda number=number: len(layout) == 41 + number)  # type: ignore[misc]
                    await stage.shows(f"new {number}")
                    assert "following" in stage.lines[2]
            await stage.press("K", "K", "K", "k", "k")
            await stage.gone("following")
            read = texts_read(stage)
            for number in range(50, 100):
                append(number)
                if number % 10 == 9:
                    await stage.until(lambda number=number: len(layout) == 41 + number)  # type: ignore[misc]
                    assert texts_read(stage) == read
            await stage.shows("▼ 50 new")
