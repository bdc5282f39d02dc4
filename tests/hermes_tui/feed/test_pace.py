"""Pace of what streams in: pages wait for the screen, marks come together, a ranking ends where a key would wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hermes_tui.feed import questions, transcript_requests
from hermes_tui.feed.answers import MarksArrived, SessionsArrived
from hermes_tui.feed.latest_first import AT_ONCE, LatestBatches
from hermes_tui.feed.near_titles import near_titles
from hermes_tui.feed.questions import StandingSearch
from store import Browser
from store.base.cancel import Cancel, raise_if_cancelled
from store.errors import Interrupted
from store.models import Batch, Message, Page, Scope, Session
from store.query.parse import parse


class Store:
    """A store of five pages, and of messages with a mark each."""

    def __init__(self) -> None:
        self.pages = 0
        self.ranks: Callable[[Cancel], Batch] = lambda _: Batch(())

    def glances(self, *, limit: int) -> Any:
        """No rows for the first frame."""
        yield type("Look", (), {"sessions": (), "drifts": {}, "facts": {}})

    def scope(self) -> Scope:
        """Nothing is counted."""
        return Scope(0, 0, 0, 0)

    def sessions(self, *, limit: int, cursor: object = None) -> Page[Session]:
        """The next page."""
        self.pages += 1
        return Page((Session(f"{self.pages}"),), self.pages < 5, self.pages)

    def messages(self, ids: Sequence[int]) -> list[Message]:
        """Messages."""
        return [Message(message_id, "s", "user", "text") for message_id in ids]

    def rank(self, query: object, *, limit: int, found: object, cancel: Cancel) -> Batch:
        """The best."""
        return self.ranks(cancel)


def test_a_page_is_not_read_before_the_screen_has_taken_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: without the wait pages pile up in front of the keys."""
    monkeypatch.setattr(questions, "LOOK", 0.0)
    store, looks, behind = Store(), list[int](), iter([True, True, False] * 9)

    def is_behind() -> bool:
        looks.append(store.pages)
        return next(behind)

    came = [*questions.listed(cast("Browser", store), 1, is_behind=is_behind)]
    assert len([answer for answer in came if isinstance(answer, SessionsArrived)]) == 6
    assert looks == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    store.pages = 0
    assert len([*questions.listed(cast("Browser", store), 1, is_behind=lambda: True)]) == 7, "a screen that hangs"


@pytest.mark.parametrize(("together", "most"), [(60.0, 1), (0.0, 40)])
def test_marks_that_come_fast_are_one_answer(monkeypatch: pytest.MonkeyPatch, together: float, most: int) -> None:
    """Mutants: an answer for each step costs a look at the screen each; marks behind the last answer are lost."""
    monkeypatch.setattr(transcript_requests, "MARKS_TOGETHER", together)
    waiting = LatestBatches[int]()
    waiting.add(range(40 * AT_ONCE))
    found = [*transcript_requests._marked(waiting, lambda _: 1, {}, cast("Browser", Store()), 1)]
    marks = [mark for answer in found if isinstance(answer, MarksArrived) for mark in answer.marks]
    assert len(found) == most
    assert marks == [(message_id, 1) for message_id in range(40 * AT_ONCE)]
    waiting.add(range(9))
    assert [*transcript_requests._marked(waiting, lambda _: 0, {}, cast("Browser", Store()), 1)] == []


def test_the_latest_batch_comes_first_and_every_item_once() -> None:
    """Mutant: steps that begin the batch again."""
    waiting = LatestBatches[int]()
    waiting.add(range(AT_ONCE + 6))
    steps = waiting.steps()
    assert next(steps) == [*range(AT_ONCE)]
    waiting.add([1_000, 1_001])
    assert [*steps] == [[1_000, 1_001], [*range(AT_ONCE, AT_ONCE + 6)]]


def test_a_ranking_that_takes_long_is_left_for_later_and_one_that_nobody_wants_ends() -> None:
    """Mutants: a ranking without an end; one that a key does not interrupt."""
    store, search = Store(), StandingSearch(1, parse("word", now=0.0), lambda: 0.0)
    assert questions.best_at_once(cast("Browser", store), search, ()) is not None

    def until_cancelled(cancel: Cancel) -> Batch:
        while True:
            raise_if_cancelled(cancel)

    store.ranks = until_cancelled
    assert questions.best_at_once(cast("Browser", store), search, ()) is None

    def typed_on(cancel: Cancel) -> Batch:
        search.cancel.cancel()
        return until_cancelled(cancel)

    store.ranks = typed_on
    with pytest.raises(Interrupted):
        questions.best_at_once(cast("Browser", store), search, ())


def test_titles_are_compared_only_as_long_as_somebody_waits_for_them() -> None:
    """Mutant: without the look each letter goes through all titles of a home."""
    read = list[int]()

    def titles() -> Iterator[tuple[str, str]]:
        for number in range(10_000):
            read.append(number)
            yield f"{number}", "a title"

    assert near_titles("words", titles(), cancelled=lambda: len(read) > 500) == {}
    assert len(read) < 1_000


def test_homes_none_of_which_can_be_read_have_no_flags() -> None:
    """Mutant: the screen stops with a survey that has no first step."""
    db = cast("Browser", SimpleNamespace(survey=lambda cancel: iter(())))
    every = list(questions.flagged(db, 1, Cancel(), lambda: 0.0))
    assert [(flags.drifts, flags.done, flags.total) for flags in every] == [({}, 0, 0)] * 2  # type: ignore[attr-defined]
