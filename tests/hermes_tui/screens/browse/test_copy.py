"""Copies: a message as Markdown with its calls, a block by its number, a long text into a file as well.

Mutants that these tests are for: a fence that a text ends; the window that any key leaves open; a file that others may
read, or that stays.
"""

from __future__ import annotations

import json
import stat
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hermes_tui.screens.browse.copy_controller import CopyController
from hermes_tui.state import copy_blocks
from hermes_tui.state.browser_state import ListPane
from hermes_tui.state.copy_file import LONGEST, CopyFile
from hermes_tui.state.copy_text import CopyTarget
from hermes_tui.widgets.transcript import Transcript
from store.models import Message, Session, ToolCall
from tests import builders
from tests.hermes_tui.browsing import NARROW, browsing
from tests.hermes_tui.screens.browse.states import Drawn, browser_state, put

TEXT = """Two ways:

```python
print("one")
```

- and in a list

  ```sh
  echo two
  ```
"""
CALL = ToolCall("c", "terminal", json.dumps({"command": "ls"}))


def test_a_message_is_copied_as_markdown_with_its_calls() -> None:
    message = Message(1, "s", "assistant", "I look.", tool_calls=(CALL,))
    result = Message(2, "s", "tool", "a\n```\nb")
    found = copy_blocks.whole(message, [result])

    assert found.text == 'I look.\n\n**terminal**\n\n```json\n{"command": "ls"}\n```\n\n````\na\n```\nb\n````'
    assert copy_blocks.answer(message).text == "I look."
    assert copy_blocks.whole(Message(1, "s", "assistant", "", tool_calls=(CALL,)), []).name == "the call"


def test_blocks_are_the_code_of_the_text_and_the_calls() -> None:
    message = Message(1, "s", "assistant", TEXT, tool_calls=(CALL,))
    found = copy_blocks.blocks(message, [])

    assert [block.name for block in found] == ["the code python", "the code sh", "the call terminal"]
    assert [block.text.strip() for block in found[:2]] == ['print("one")', "echo two"]
    assert len(copy_blocks.blocks(Message(1, "s", "assistant", TEXT * 9), [])) == copy_blocks.MOST


def test_a_long_copy_goes_to_one_file_as_well(tmp_path: Path) -> None:
    file = CopyFile(tmp_path / "run")
    assert file.put("x" * LONGEST) is None
    first, second = file.put("é" * LONGEST), file.put("y" * (LONGEST + 1))

    assert first == second is not None
    assert second.read_text() == "y" * (LONGEST + 1)
    assert stat.S_IMODE(second.stat().st_mode) == 0o600
    file.remove()
    assert list((tmp_path / "run").iterdir()) == []


def test_each_key_copies_what_it_names_and_an_id_that_is_no_argument_is_said_and_not_copied() -> None:
    """Mutant: the command for every key but that of the id."""
    state, taken = browser_state(Session("one")), list[str]()
    pane = SimpleNamespace(app=SimpleNamespace(copy_to_clipboard=taken.append))
    controller = CopyController(state, Drawn(), cast("Transcript", pane))
    state.pane = ListPane(state.catalog.row("one"), has_rows=True)
    controller.copy(CopyTarget.RESUME)
    controller.copy(CopyTarget.LINK)
    controller.copy(CopyTarget.ID)
    assert taken == ["hermes --resume one", "@session:default/one", "one"]
    state.pane = ListPane()
    controller.copy(CopyTarget.ID)
    assert state.notice is not None
    assert state.notice.text == "there is no session to copy from"
    put(state, [Session("-rf x; echo")])
    state.pane = ListPane(state.fresh[0])
    controller.copy(CopyTarget.RESUME)
    controller.copy(CopyTarget.LINK)
    assert taken == ["hermes --resume one", "@session:default/one", "one"]


@pytest.mark.slow
async def test_a_digit_copies_a_block_until_another_key_is_pressed(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [builders.say("user", "How?"), builders.say("assistant", TEXT)])
        db.end_session("s1", "done")
    async with browsing(home, NARROW) as stage:
        await stage.press("tab", "enter", "J", "y")
        await stage.shows("copied the message, ")
        assert stage.app.clipboard == TEXT
        await stage.shows("python  1")
        stage.state.copying_until += 3600.0  # no clock ends it
        await stage.press("2")
        await stage.shows("copied the code sh")
        assert stage.app.clipboard.strip() == "echo two"
        await stage.press("K")
        await stage.gone("python  1")
        assert "message 1 of 2" in stage.status or "copied" in stage.status
        await stage.press("1")
        assert stage.app.clipboard.strip() == "echo two"
