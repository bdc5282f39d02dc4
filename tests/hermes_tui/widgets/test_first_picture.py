"""First picture of a session: held while its messages or the end are awaited, and never longer than that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from rich.segment import Segment
from textual.strip import Strip

from hermes_tui.widgets.first_picture import HELD, FirstPicture
from hermes_tui.widgets.transcript_cursor import TranscriptCursor


@dataclass
class Staged:
    """A pane, the cursor of its transcript and a clock, as far as a picture asks them."""

    session_id: str | None = "a"
    painted: int = 0
    complete: bool = False
    following: bool = False
    waits: bool = False
    waits_begun: int = 0
    calls: list[Callable[[], None]] = field(default_factory=list)
    """What is called at the end of a wait, unless that was stopped."""

    def refresh_rows(self) -> None:
        """Count a painting."""
        self.painted += 1

    def call_after(self, seconds: float, call: Callable[[], None]) -> Any:
        """A timer."""
        assert seconds == HELD
        self.waits_begun += 1
        self.calls.append(call)
        return SimpleNamespace(stop=self.calls.clear)

    @property
    def cursor(self) -> TranscriptCursor:
        """What is on the screen: one message."""
        viewport = SimpleNamespace(rows=[SimpleNamespace(index=0)], following=self.following, waits=self.waits)
        return cast(
            "TranscriptCursor",
            SimpleNamespace(layout=SimpleNamespace(complete=lambda _: self.complete), viewport=viewport),
        )

    def paint(self, picture: FirstPicture) -> int:
        """Paint, and the number of paintings so far."""
        picture._cursor = self.cursor
        picture.paint()
        return self.painted


def test_a_session_is_painted_when_its_messages_are_there_or_the_wait_is_over() -> None:
    """Mutants: no wait at all; one that nothing ends."""
    stage = Staged()
    picture = FirstPicture(stage, stage.cursor, stage.call_after, stage.refresh_rows)
    assert stage.paint(picture) == 0
    assert picture.row(0, 3, lambda _: Strip.blank(3)).cell_length == 3
    stage.complete = True
    assert stage.paint(picture) == 1
    assert stage.calls == [], "the wait is over"
    stage.session_id, stage.complete = "b", False
    assert stage.paint(picture) == 1
    [late] = stage.calls
    late()
    assert stage.painted == 2
    assert stage.paint(picture) == 3, "nothing is held any more"


def test_the_picture_stays_until_the_end_that_was_asked_for_is_there() -> None:
    """Mutants: an end that is not awaited, whose picture is painted twice; one that is awaited again at each look."""
    stage = Staged(complete=True)
    picture = FirstPicture(stage, stage.cursor, stage.call_after, stage.refresh_rows)
    assert stage.paint(picture) == 1
    before, after = Strip([Segment("old")]), Strip([Segment("new")])
    assert picture.row(0, 3, lambda _: before) is before
    stage.following = stage.waits = True
    assert [stage.paint(picture), stage.paint(picture)] == [1, 1]
    assert stage.waits_begun == 2
    assert picture.row(0, 3, lambda _: after) is before
    stage.waits = False
    assert stage.paint(picture) == 2
    assert picture.row(0, 3, lambda _: after) is after
