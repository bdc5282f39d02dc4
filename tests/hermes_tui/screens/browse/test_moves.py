"""Moves in the session that is read which need more than the pane has.

Mutants that these tests are for: an error before the bar found first; no going round; a key that types in the prompt.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests import builders
from tests.hermes_tui.browsing import WIDE, Stage, browsing

FAILED = (5, 11)
"""Places of the calls that failed, from 0."""


def home_with_errors(tmp_path: Path) -> Path:
    """A session with calls, two of which failed."""
    home, messages = builders.home(tmp_path), list[builders.Dict]()
    for turn in range(6):
        messages.append(builders.say("user", f"question {turn}"))
        function = {"name": "terminal", "arguments": json.dumps({"command": f"step {turn}"})}
        call = {"id": f"c{turn}", "type": "function", "function": function}
        messages.append(builders.say("assistant", "", tool_calls=[call]))
        result = json.dumps({"output": f"out {turn}", "exit_code": int(turn % 4 == 1)})
        messages.append(builders.say("tool", result, tool_call_id=f"c{turn}", tool_name="terminal"))
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", messages)
        db.end_session("s1", "done")
    return home


def bar(stage: Stage) -> int:
    """The index of the message with the bar."""
    return stage.widgets.transcript.cursor.bar


@pytest.mark.slow
async def test_errors_and_places_are_gone_to(tmp_path: Path) -> None:
    async with browsing(home_with_errors(tmp_path), WIDE) as stage:
        await stage.press("tab", "enter")
        await stage.shows("message 1 of 18")
        for index in (4, 16, 4):
            await stage.press("exclamation_mark")
            await stage.until(lambda index=index: bar(stage) == index)  # type: ignore[misc]  # the loop waits for it
        await stage.press("colon")
        await stage.type("10")
        assert "go to 10" in stage.lines[0]
        await stage.press("enter")
        await stage.shows("message 10 of 18")
        await stage.press("colon")
        await stage.type("99")
        await stage.press("enter")
        await stage.shows("messages 1 to 18 are here")
        assert bar(stage) == 9
        await stage.press("colon", "escape")
        assert stage.place == "TRANSCRIPT"
        await stage.press("colon", "q", "enter")
        await stage.until(lambda: stage.app._exit)
