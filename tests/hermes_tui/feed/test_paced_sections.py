"""Parts of a transcript on their way to the screen: few answers for thousands of sections, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from hermes_tui.feed import transcript_requests
from hermes_tui.feed.answers import Answer, SectionArrived, SectionsArrived, SectionsCounted
from hermes_tui.feed.latest_first import AT_ONCE, LatestBatches
from hermes_tui.feed.paced_sections import TOGETHER, paced
from store.models import Head, Message

CHAIN = 2_000


class _Screen:
    """A screen that takes what was posted after some pauses, and a clock that only waiting and reading move."""

    def __init__(self, pauses: int = 1) -> None:
        self.now = 0.0
        self.waiting = 0
        self._pauses = pauses

    def is_behind(self) -> bool:
        return self.waiting > 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waiting = max(0, self.waiting - 1)

    def take(self, found: list[SectionArrived]) -> list[Answer]:
        """What is posted of some answers, each read in a millisecond."""

        def _read() -> Iterator[Answer]:
            yield SectionsCounted(1, {})
            for answer in found:
                self.now += 0.001
                yield answer

        posted = list[Answer]()
        for answer in paced(_read(), self.is_behind, lambda: self.now, self.sleep):
            posted.append(answer)
            self.waiting += self._pauses
        return posted


def _section(place: int, *, places: int, heads: int = 2, first: bool = True) -> SectionArrived:
    some = tuple(Head(place * 10 + number, "user", 4) for number in range(heads))
    return SectionArrived(1, f"s{place}", some, place, places, first, place == places)


def _pieces(posted: list[Answer]) -> list[SectionArrived]:
    found = list[SectionArrived]()
    for answer in posted:
        found += answer.pieces if isinstance(answer, SectionsArrived) else ()
        found += (answer,) if isinstance(answer, SectionArrived) else ()
    return found


def test_a_chain_of_thousands_comes_in_a_few_dozen_answers_to_a_slow_screen_and_a_fast_one() -> None:
    chain = [_section(place, places=CHAIN) for place in range(1, CHAIN + 1)]
    for pauses in (0, 1, 5):
        posted = _Screen(pauses).take(chain)
        assert _pieces(posted) == chain
        assert len(posted) < CHAIN / 25


def test_the_beginning_is_posted_before_anything_else_is_read() -> None:
    screen, read = _Screen(), list[int]()

    def _read() -> Iterator[Answer]:
        for place in (1, 2, 3):
            read.append(place)
            yield _section(place, places=3)

    next(paced(_read(), screen.is_behind, lambda: screen.now, screen.sleep))
    assert read == [1]


def test_no_more_than_a_page_of_messages_is_held_back() -> None:
    pages = [_section(1, places=2, heads=TOGETHER, first=not number) for number in range(5)]
    posted = _Screen().take(pages)
    assert [type(answer) for answer in posted] == [SectionsCounted, *[SectionArrived] * 5]


def test_each_answer_waits_until_the_screen_has_taken_the_one_before() -> None:
    screen = _Screen()
    found = paced(
        (_section(1, places=2, heads=TOGETHER, first=not number) for number in range(3)),
        screen.is_behind,
        lambda: screen.now,
        screen.sleep,
    )
    next(found)
    screen.waiting = 9
    next(found)
    assert not screen.is_behind()


def test_the_marks_of_a_long_session_rest_after_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rests, waiting = list[float](), LatestBatches[int]()
    monkeypatch.setattr("hermes_tui.feed.transcript_requests.time.sleep", rests.append)
    waiting.add(range(1, 10 * AT_ONCE + 1))
    kept = {number: Message(number, "s", "user", "word") for number in range(1, 10 * AT_ONCE + 1)}
    db = Mock(messages=lambda ids: ())
    assert not list(transcript_requests._marked(waiting, lambda _: 0, kept, db, 1))
    assert len(rests) == 10
    assert all(0 <= rest <= transcript_requests.MARKS_REST for rest in rests)
