"""Outline of a session: the prompts, their tools, a filter, and the way to one.

Mutants that these tests are for: prompts that the user took back among them; texts that are never requested; a filter
that looks through replies.
"""

from __future__ import annotations

import json
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import line_cells, plain
from hermes_tui.render.outline_row import Prompt, outline_row
from hermes_tui.widgets.message_index import MessageIndex, Section
from hermes_tui.widgets.outline_list import Prompts
from store.models import Head
from tests import builders
from tests.hermes_tui.browsing import NARROW, browsing
from tests.hermes_tui.render.samples import NOW, at

HOSTILE = "\x1b]52;c;evil\x07\x9b31m\u202e桂林 🧵\n\t" * 20


def test_prompts_are_counted_with_their_tools() -> None:
    index = MessageIndex()
    roles = ("system", "user", "assistant", "tool", "tool", "assistant", "user", "user", "tool")
    heads = [Head(number, role, active=number != 8) for number, role in enumerate(roles, 1)]
    index.add(Section("s", tuple(heads)))

    prompts = Prompts(index)
    assert [(message_id, prompts.prompt(message_id).tools) for message_id in prompts.ids] == [(2, 2), (7, 1)]
    assert [prompts.at(place) for place in (0, 1, 5, 6, 8)] == [None, 2, 2, 7, 7]


@pytest.mark.parametrize("width", [24, 40, 79, 160])
@pytest.mark.parametrize("words", [None, "", "Why?", HOSTILE])
def test_a_row_has_its_width_and_no_control_character(width: int, words: str | None) -> None:
    prompt = Prompt(1, at(21, "14:02"), 12)
    line = outline_row(prompt, words, width=width, now=NOW, glyphs=UNICODE, cursor=True)

    assert line_cells(line) == width
    assert plain(line).isprintable()
    assert "Sat" in plain(line)


def test_a_row_has_the_time_below_one_of_the_same_day_and_the_day_below_another() -> None:
    """Mutant: the month alone on each row of a session that is read later."""
    times = [at(21, "23:59", month=9), at(22, "00:01", month=9), at(22, "14:02", month=9)]
    rows = [
        plain(outline_row(Prompt(1, time, 0), "", width=40, now=NOW, glyphs=UNICODE, above=above)).split()
        for above, time in pairwise([None, *times])
    ]
    assert rows == [["21", "Sep"], ["22", "Sep"], ["14:02"]]


@pytest.mark.slow
async def test_the_outline_is_filtered_and_leads_to_a_prompt(tmp_path: Path) -> None:
    home, messages = builders.home(tmp_path), list[builders.Dict]()
    for turn in range(60):
        messages.append(builders.say("user", f"question {turn} [b]{HOSTILE}" if turn == 7 else f"question {turn}"))
        function = {"name": "terminal", "arguments": json.dumps({"command": f"question {turn}"})}
        messages.append(builders.say("assistant", "", tool_calls=[{"id": f"c{turn}", "function": function}]))
        messages.append(builders.say("tool", f"out {turn}", tool_call_id=f"c{turn}"))
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", messages)
        db.end_session("s1", "done")
    async with browsing(home, NARROW) as stage:
        await stage.press("tab", "enter")
        await stage.shows("message 1 of 180")
        await stage.press("o")
        await stage.shows("60 prompts")
        await stage.shows("question 3 ")
        assert "1 tool" in stage.text
        await stage.press("pagedown", "pagedown", "pagedown")
        await stage.shows("question 58")
        await stage.type("4")
        await stage.shows("15 of 60 prompts")
        assert "question 34" in stage.text
        await stage.type("zz")
        await stage.shows("0 of 60 prompts")
        await stage.press("enter")
        await stage.shows("no prompt has these words")
        await stage.press("backspace", "backspace")
        await stage.type("2")
        await stage.shows("1 of 60 prompts")
        await stage.press("enter")
        await stage.shows("message 127 of 180")
        await stage.press("o")
        await stage.shows("Prompts of")
        await stage.press("escape")
        assert stage.place == "TRANSCRIPT"
