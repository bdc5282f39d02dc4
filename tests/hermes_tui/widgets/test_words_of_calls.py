"""Words of calls and of their results: all of them are drawn once a message is unfolded, on the demo.

Mutants that this test is for: the result alone; a shape that leaves a field out.
"""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hermes_tui.demo.home import make_home
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from hermes_tui.widgets.match_folds import WHOLE
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from store import SessionDB
from store.models import Message

NOW = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
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
    lines = (cursor.layout.drawn(index).lines for index in range(len(messages)))
    return cursor, ["".join("".join(plain(line)[10:].split()) for line in own) for own in lines]


@pytest.mark.slow
def test_every_word_of_the_demos_calls_and_results_is_drawn(tmp_path: Path) -> None:
    home = make_home(tmp_path / ".hermes", now=NOW.timestamp())
    seen = 0
    with closing(SessionDB(home / "state.db", read_only=True)) as db:
        for session in db.sessions(limit=100).items:
            ids = [head.id for head in db.heads(session.id, limit=60).items][:60]
            messages = list(db.messages(ids))
            cursor, letters = drawn(messages)
            for index, message in enumerate(messages):
                leader = cursor.layout.index.leader(index)
                said = [call.arguments for call in message.tool_calls]
                said += [message.text] if message.role == "tool" else []
                for word in (word for text in said for word in stored(text)):
                    assert word in letters[leader], (session.id, message, word)
                    seen += 1
    assert seen > 1_000
