"""Subscriptions to a feed, and the threads and the state of its requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.feed import Feed
from hermes_tui.feed.answers import (
    Answer,
    ChecksEnded,
    FamilyArrived,
    HitsArrived,
    OutlinesArrived,
    RepairAnswer,
    SectionArrived,
    StoreChanged,
    WhereaboutsArrived,
)
from store import Session, SessionDB, StoreError
from store.models import Finding, Outline
from store.query.parse import parse
from tests import builders


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state.db with one session."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(3))
    return home / "state.db"


@pytest.fixture
def feed(path: Path) -> Iterator[Feed]:
    """A feed of it, closed on the way out."""
    feed = Feed(lambda: SessionDB(path, read_only=True), debounce=0.0, pause=0.02)
    yield feed
    feed.close()


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_subscriber_gets_the_classes_it_asked_for_and_their_subclasses_alone(feed: Feed) -> None:
    """Mutant: with `post` that looks at the exact class, `everything` stays empty."""
    everything: list[Answer] = []
    families: list[FamilyArrived] = []
    repairs: list[RepairAnswer] = []
    feed.subscribe(everything.append, Answer)
    feed.subscribe(families.append, FamilyArrived)
    feed.subscribe(repairs.append, RepairAnswer)
    feed.sessions.look_up("")
    feed.sessions.family("s1")
    until(lambda: families)
    assert [type(message) for message in everything] == [WhereaboutsArrived, FamilyArrived]
    assert families[0] is everything[1]
    assert repairs == []
    feed.repairs.plan("s1")
    until(lambda: repairs)


def test_an_ended_subscription_gets_nothing_and_the_others_go_on(feed: Feed) -> None:
    """Mutant: with an `end` that takes nothing away, the screen that left gets the second answer, too."""
    left: list[FamilyArrived] = []
    stayed: list[FamilyArrived] = []
    end = feed.subscribe(left.append, FamilyArrived)
    feed.subscribe(stayed.append, FamilyArrived)
    feed.sessions.family("s1")
    until(lambda: stayed)
    end()
    end()
    feed.sessions.family("s1")
    until(lambda: len(stayed) == 2)
    assert len(left) == 1


def test_the_same_callable_may_subscribe_twice_and_end_once(feed: Feed) -> None:
    """Mutant: with `end` that goes by the callable, the second subscription ends with the first."""
    taken: list[Answer] = []
    end = feed.subscribe(taken.append, FamilyArrived)
    feed.subscribe(taken.append, WhereaboutsArrived)
    end()
    feed.sessions.family("s1")
    feed.sessions.look_up("")
    until(lambda: taken)
    assert [type(message) for message in taken] == [WhereaboutsArrived]


def test_subscriptions_begin_and_end_while_answers_are_posted(feed: Feed) -> None:
    """Mutant: with one list that is changed in place, an answer is lost for the subscriber behind the one that went."""
    ends: list[Callable[[], None]] = []
    last: list[int] = []
    ends.append(feed.subscribe(lambda _: ends[0](), FamilyArrived))
    feed.subscribe(lambda message: last.append(message.generation), FamilyArrived)
    for _ in range(5):
        feed.sessions.family("s1")
        generation = feed.generation("family")
        until(lambda: last and last[-1] == generation)  # noqa: B023  waited for in the same round


def test_each_kind_of_request_has_threads_of_its_own(path: Path) -> None:
    """One that hangs keeps none of the others waiting.

    Mutant: with two kinds on one thread, the second is never answered.
    """
    hanging = threading.Event()
    threads: dict[str, str] = {}

    class Noting(SessionDB):
        def note(self, verb: str) -> None:
            threads[verb] = threading.current_thread().name
            hanging.wait(60)

        def outlines(self, session_ids: object) -> dict[str, Outline]:
            self.note("outlines")
            return {}

        def health(self, **asked: object) -> Iterator[Finding]:
            self.note("health")
            yield from ()

        def reading(self, *asked: object, **more: object) -> Any:
            self.note("reading")
            raise StoreError("no transcript")

        def search(self, *asked: object, **more: object) -> Iterator[Any]:
            self.note("search")
            yield from ()

        def plan(self, *asked: object, **more: object) -> Any:
            self.note("plan")
            raise StoreError("no plan")

    feed = Feed(lambda: Noting(path, read_only=True), debounce=0.0)
    try:
        feed.sessions.outlines(["s1"])
        feed.health.check()
        feed.transcript.open(Session("s1"))
        feed.search.start(parse("words", now=time.time()))
        feed.repairs.plan("s1")
        until(lambda: threads.keys() == {"outlines", "health", "reading", "search", "plan"})
        assert threads == {
            "outlines": "hermes-tui rows",
            "health": "hermes-tui health",
            "reading": "hermes-tui transcript",
            "search": "hermes-tui search",
            "plan": "hermes-tui plans",
        }
    finally:
        hanging.set()
        feed.close()


def test_what_requests_keep_is_there_before_a_subscriber_gets_the_answer(feed: Feed, path: Path) -> None:
    """Mutant: with the feed's own subscriptions behind the screen's, the screen may ask from what is not known yet."""
    seen: list[tuple[int, int]] = []
    feed.subscribe(lambda message: seen.append((feed.sessions.newest, message.change.newest_id)), StoreChanged)
    feed.sessions.load()
    until(lambda: feed.sessions.newest)
    with closing(SessionDB(path)) as db:
        new = db.append_message("s1", "user", "more")
    until(lambda: any(newest_id == new for _, newest_id in seen))
    assert all(newest >= newest_id for newest, newest_id in seen)


@pytest.mark.slow
def test_a_change_reaches_the_search_and_the_transcript_without_a_screen(feed: Feed, path: Path) -> None:
    """Mutant: with the subscription to `StoreChanged` left out of either, its answer never comes."""
    hits: list[HitsArrived] = []
    sections: list[SectionArrived] = []
    grown: list[Answer] = []
    feed.subscribe(hits.append, HitsArrived)
    feed.subscribe(sections.append, SectionArrived)
    feed.subscribe(grown.append, Answer)
    feed.sessions.load()
    feed.search.start(parse("zebra", now=time.time()))
    feed.transcript.open(Session("s1"))
    until(lambda: hits and sections)
    with closing(SessionDB(path)) as db:
        new = db.append_message("s1", "user", "zebra")
    until(lambda: any(hit.message_id == new for message in hits for hit in message.batch.hits))
    until(lambda: any(type(message).__name__ == "GrowthArrived" for message in grown))


def test_a_cancelled_check_of_health_posts_nothing_more(feed: Feed) -> None:
    """Mutant: with `cancel` that begins no new generation, the end of the checks is posted."""
    ended: list[ChecksEnded] = []
    outlines: list[OutlinesArrived] = []
    feed.subscribe(ended.append, ChecksEnded)
    feed.subscribe(outlines.append, OutlinesArrived)
    feed.health.check()
    until(lambda: ended)
    feed.health.check()
    feed.health.cancel()
    feed.sessions.outlines(["s1"])
    until(lambda: outlines)
    assert len(ended) == 1
