"""Words of calls and of their results: all of them are drawn once a message is unfolded, on the demo and on the homes.

Mutants that this test is for: the result alone; a shape that leaves a field out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hermes_tui.demo.home import make_home
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import Line, plain
from hermes_tui.widgets.match_folds import WHOLE
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from store import SessionDB
from store.models import Message

NOW = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
LONG = 20_000
"""Bytes of the longest message; one of 90 KB, as each home has, takes as long as all others."""
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def words(value: object) -> list[str]:
    """Every word of the texts in a stored value, read without what draws it; an exit code is drawn as `✓ ok`."""
    if isinstance(value, dict):
        return [word for inner in value.values() for word in words(inner)]
    if isinstance(value, list):
        return [word for inner in value for word in words(inner)]
    return re.findall(r"\w+", COLOUR.sub("", value)) if isinstance(value, str) else []


def stored(text: str) -> list[str]:
    """The words of a stored text, which may be JSON."""
    try:
        return words(json.loads(text))
    except ValueError:
        return words(text)


def drawn(messages: list[Message]) -> tuple[TranscriptCursor, list[str]]:
    """A session with everything unfolded: the letters of each message."""
    cursor = TranscriptCursor(now=lambda: NOW)
    cursor.shape(80, 24, UNICODE)
    cursor.layout.add(Section("s", tuple(map(head_of, messages))))
    cursor.layout.put(messages)
    cursor.begin_with(WHOLE)
    lines = (whole(cursor.layout, index) for index in range(len(messages)))
    return cursor, ["".join("".join(plain(line)[10:].split()) for line in own) for own in lines]


def whole(layout: TranscriptLayout, index: int) -> Sequence[Line]:
    """All lines of a message, also those that are drawn in a thread."""
    layout.drawn(index)
    for place, drawing in layout.unfinished([index]).items():
        layout.finish(place, drawing, drawing.draw())
    return layout.drawn(index).lines


def words_drawn(db: SessionDB, limit: int) -> int:
    """Words of the calls and results of some sessions' beginnings, each of which was drawn."""
    seen = 0
    for session in db.sessions(limit=100).items:
        heads = db.heads(session.id, limit=limit).items
        messages = list(db.messages([head.id for head in heads if head.n_bytes <= LONG][:limit]))
        cursor, letters = drawn(messages)
        for index, message in enumerate(messages):
            leader = cursor.layout.index.leader(index)
            said = [call.arguments for call in message.tool_calls]
            said += [message.text] if message.role == "tool" else []
            for word in {word for text in said for word in stored(text)}:
                assert word in letters[leader], (session.id, message, word)
                seen += 1
    return seen


@pytest.mark.slow
def test_every_word_of_the_demos_calls_and_results_is_drawn(tmp_path: Path) -> None:
    home = make_home(tmp_path / ".hermes", now=NOW.timestamp())
    with closing(SessionDB(home / "state.db", read_only=True)) as db:
        assert words_drawn(db, 60) > 1_000


def test_every_word_of_the_calls_and_results_of_a_home_is_drawn(each_home: Path) -> None:
    with closing(SessionDB(each_home / ".hermes" / "state.db", read_only=True)) as db:
        calls = any(head.has_calls for session in db.sessions(limit=100).items for head in db.heads(session.id).items)
        assert (words_drawn(db, 200) > 0) is calls
