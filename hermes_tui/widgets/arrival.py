"""Arrival in a session where a reader left it, and what is kept of that place."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_tui.kept.values import ReadingPlace
from hermes_tui.render.folds import Fold, Folds
from hermes_tui.widgets.message_index import Seen
from hermes_tui.widgets.transcript_cursor import Target, TranscriptCursor
from store.base.late_dataclass import dataclass, field

EVERY = 0
"""No message has this id: under it are the folds of all messages that were not folded on their own."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a session is opened, and what is known of the reader's last visit."""

    place: Target | None = None
    """None for its start, or its end where `following`."""
    following: bool = False
    seen: Seen | None = None
    folds: Mapping[int, Folds] = field(default_factory=dict)
    """Folds of single messages, by id; those of all others under `EVERY`."""

    def apply(self, cursor: TranscriptCursor) -> None:
        """Have an empty layout begin there."""
        cursor.begin_with(self.folds.get(EVERY, cursor.usual))
        cursor.layout.own_folds.update((id_, folds) for id_, folds in self.folds.items() if id_ != EVERY)
        cursor.viewport.following = self.following
        cursor.target = self.place


class Arrivals:
    """Where sessions begin that are opened next."""

    def __init__(self) -> None:
        self.expected: tuple[str, Arrival] | None = None
        """A session, and where it is opened."""
        self.returns: tuple[str, Target] | None = None
        """A session, and the place in it that a search has left: it goes first."""
        self._seen: Seen | None = None

    def begin(self, cursor: TranscriptCursor, session_id: str, *, again: bool) -> None:
        """Have an empty layout begin where that is wanted.

        Args:
            again: The session was on the pane already; what was seen of it stays as it was.
        """
        expected, returns = self.expected, self.returns
        self.expected = self.returns = None
        if expected is not None and expected[0] == session_id:
            self._seen = expected[1].seen
            expected[1].apply(cursor)
        elif not again:
            self._seen = None
            cursor.begin_with(cursor.usual)
        cursor.layout.index.seen = self._seen
        if returns is not None and returns[0] == session_id:
            cursor.go_to(returns[1])


def arrival(place: ReadingPlace | None, *, live: bool) -> Arrival:
    """Where to open a session: at its end while it is live or where that was shown, else at the place that was kept."""
    if place is None:
        return Arrival(following=live)
    at_end = live or place.message_id is None
    target = None if at_end or place.message_id is None else Target(place.message_id, place.line, place.row)
    seen = None if place.seen_id is None else Seen(place.seen_id, place.at)
    return Arrival(target, at_end, seen, {fold[0]: _folds(fold) for fold in place.folds})


def reading_place(cursor: TranscriptCursor, *, unseen: int, newest: float | None, now: float) -> ReadingPlace:
    """What is kept of the place of a reader who leaves a session.

    Args:
        unseen: Messages at its end that the reader has not seen.
        newest: The time of its newest message, as far as it is known.
        now: Seconds since 1970.
    """
    heads, position = cursor.layout.index.heads, cursor.target or cursor.position
    last = heads[-1 - unseen] if unseen < len(heads) else None
    seen_at = last.timestamp if last else None
    if not unseen and newest is not None:
        seen_at = max(newest, seen_at or newest)
    return ReadingPlace(
        now,
        last.id if last else None,
        seen_at,
        message_id=position.message_id if position else None,
        line=position.line if position else 0,
        row=position.row if position else 0,
        folds=(
            *(_numbers(message_id, folds) for message_id, folds in cursor.layout.own_folds.items()),
            _numbers(EVERY, cursor.folds),
        ),
    )


def _numbers(message_id: int, folds: Folds) -> tuple[int, ...]:
    parts = (number for part in folds.parts.items() for number in part)
    return (message_id, folds.tools, folds.reasoning, folds.text, *parts)


def _folds(numbers: tuple[int, ...]) -> Folds:
    parts = zip(numbers[4::2], map(Fold, numbers[5::2]), strict=True)
    return Folds(Fold(numbers[1]), Fold(numbers[2]), Fold(numbers[3]), dict(parts))
