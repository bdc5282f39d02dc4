"""Folds that are kept with the place in a session.

Mutants that these tests are for: folds of all messages that go on in the next session; those of single ones lost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hermes_tui.kept.state_codec import decode, encode
from hermes_tui.kept.values import HomeKept, Kept
from hermes_tui.render.folds import FOLDED, Fold
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.widgets.arrival import Arrivals, arrival, reading_place
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from store.models import Message

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)
OPEN = replace(FOLDED, tools=Fold.OPEN)


def test_a_session_opens_with_the_folds_it_was_left_with_and_another_with_the_usual_ones() -> None:
    cursor, arrivals = TranscriptCursor(now=lambda: NOW), Arrivals()
    cursor.shape(80, 24, UNICODE)
    cursor.layout.add(Section("s", tuple(head_of(Message(number, "s", "user", "x")) for number in range(1, 200))))
    cursor.begin_with(OPEN)
    for index in range(60):
        cursor.layout.fold(index, replace(FOLDED, reasoning=Fold.OPEN))
    place = reading_place(cursor, unseen=0, newest=None, now=9.0)
    kept = decode(encode(Kept(homes={"h": HomeKept(places={"s": place})})), now=9.0).homes["h"].places["s"]

    cursor.begin_with(FOLDED)
    cursor.reset()
    arrivals.expected = "s", arrival(kept, live=False)
    arrivals.begin(cursor, "s", again=False)
    assert cursor.folds == OPEN
    assert cursor.layout.own_folds[60] == replace(FOLDED, reasoning=Fold.OPEN)
    assert 0 not in cursor.layout.own_folds
    cursor.reset()
    arrivals.begin(cursor, "other", again=False)
    assert cursor.folds == FOLDED
    cursor.fold_tools()
    cursor.reset()
    arrivals.begin(cursor, "third", again=False)
    assert cursor.folds == OPEN, "what was asked for last"
