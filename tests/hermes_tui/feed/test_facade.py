"""The feed: a list takes its answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import psycopg
import pytest
from textual.message import Message

from hermes_tui.feed import Feed, answers, questions, search_requests
from store import Batch, Cancel, Interrupted, Locked, NotADatabase, Origin, Session, SessionDB, Verdict
from store.base.models import FirstListing
from store.query.parse import Query, parse
from tests import builders

Kind = TypeVar("Kind", bound=Message)

NO_WATCH = 600.0
"""Seconds before the first look at the files, which would read the newest rows beside the listing."""


class Listener:
    """A feed and what it has posted."""

    def __init__(self, open_db: Callable[[], SessionDB], *, debounce: float = 0.01, pause: float = 0.02) -> None:
        self.posted: list[Message] = []
        self.feed = Feed(open_db, debounce=debounce, pause=pause)
        self.feed.subscribe(self.posted.append, answers.Answer)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """What was posted of one kind, oldest first."""
        return [message for message in list(self.posted) if isinstance(message, kind)]

    def until(self, holds: Callable[[], object], *, seconds: float = 60.0) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.posted
            time.sleep(0.005)


@contextmanager
def listening(open_db: Callable[[], SessionDB], **options: float) -> Iterator[Listener]:
    """A feed that is closed on the way out."""
    running = Listener(open_db, **options)
    try:
        yield running
    finally:
        running.feed.close()


def ask(text: str) -> Query:
    """What was typed, understood."""
    return parse(text, now=time.time(), open_word=True)


class Slow(SessionDB):
    """A real store whose searches for `slow` wait until they are let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, read_only=True)
        self.started = threading.Event()
        self.let_go = threading.Event()
        self.running = 0
        self.most = 0
        self.cancels: list[Cancel] = []

    def search(
        self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None, after_id: int = 0
    ) -> Iterator[Batch]:
        self.running += 1
        self.most = max(self.most, self.running)
        if cancel is not None:
            self.cancels.append(cancel)
        if isinstance(query, Query) and query.text == "slow":
            self.started.set()
            self.let_go.wait(60)
        try:
            yield from super().search(query, limit=limit, after_id=after_id)
        finally:
            self.running -= 1


class Overtaken(SessionDB):
    """A real store whose first listing lets the look at the files overtake it, where that can."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, read_only=True)
        self._changed = threading.Event()

    def glances(self, *, limit: int = 200) -> Iterator[FirstListing]:
        self._changed.wait(1.0)
        return super().glances(limit=limit)

    def recent(self, *, limit: int = 200) -> tuple[Session, ...]:
        found = super().recent(limit=limit)
        self._changed.set()
        return found


@pytest.mark.slow
def test_the_newest_rows_come_first_then_every_row_in_pages_then_files_and_flags(tmp_path: Path) -> None:
    """However late the listing is. Mutant: a watch that begins with it has its rows posted before them."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(720):
            db.create_session(f"s{number:04}", "cli")
        builders.store(db, "ahead", builders.talk(2))
    builders.jsonl(home, "ahead", builders.talk(9))
    builders.jsonl(home, "alone", builders.talk(3))
    with listening(lambda: Overtaken(home / "state.db"), pause=0.0) as running:
        running.feed.sessions.load()
        generation = running.feed.generation("sessions")
        running.until(
            lambda: {key for one in running.of(answers.DriftsArrived) for key in one.drifts} >= {"ahead", "alone"}
        )
        pages = running.of(answers.SessionsArrived)
        assert len(pages[0].sessions) == 201
        assert pages[0].drifts == {"ahead": "jsonl_ahead", "alone": "jsonl_only"}
        assert "ahead" in {session.id for session in pages[0].sessions}
        assert [page.done for page in pages].count(True) == 1
        assert len({session.id for page in pages for session in page.sessions}) == 722
        assert [session.id for session in running.of(answers.FileSessionsArrived)[0].sessions] == ["alone"]
        drifts = {key: drift for message in running.of(answers.DriftsArrived) for key, drift in message.drifts.items()}
        assert drifts == {"ahead": "jsonl_ahead", "alone": "jsonl_only"}
        assert {message.generation for message in running.of(answers.Answer)} <= {generation, 0}


@pytest.mark.slow
def test_flags_go_by_content_in_the_end_and_again_after_a_change(tmp_path: Path) -> None:
    """Counts alone would say that nothing is missing.

    Mutant: `_changed` that compares nothing again.
    """
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(3, word="one"))
        path = builders.jsonl(home, "s1", builders.talk(3, word="other"))
        with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
            running.feed.sessions.load()

            def flag() -> object:
                flags = [one.drifts["s1"] for one in running.of(answers.DriftsArrived) if "s1" in one.drifts]
                return flags[-1] if flags else None

            def becomes(drift: object) -> bool:
                if path.exists():  # until it is noticed: the first listing may come later than the first flags
                    path.touch()
                return flag() == drift

            running.until(lambda: flag() == "diverged")
            builders.jsonl(home, "s1", builders.talk(3, word="one"))
            running.until(lambda: becomes(None))
            builders.jsonl(home, "s1", [*builders.talk(3, word="one"), builders.say("user", "more")])
            running.until(lambda: becomes("jsonl_ahead"))
            path.unlink()
            running.until(lambda: becomes(None))


def test_what_a_comparison_found_is_there_with_the_next_start(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(3, word="one"))
    builders.jsonl(home, "s1", builders.talk(3, word="other"))

    def opened() -> SessionDB:
        return SessionDB(home / "state.db", read_only=True, cache_dir=tmp_path / "cache")

    for first in ({"s1": None}, {"s1": "diverged"}):
        with listening(opened, pause=NO_WATCH) as running:
            running.feed.sessions.load()
            running.until(lambda: running.of(answers.DriftsArrived) and list((tmp_path / "cache").glob("*")))
            assert running.of(answers.SessionsArrived)[0].drifts == first


def test_an_answer_that_comes_late_is_not_posted(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [builders.say("user", "slow"), builders.say("user", "quick")])
    slow = Slow(home / "state.db")
    with listening(lambda: slow) as running:
        running.feed.search.start(ask("slow"))
        first = running.feed.generation("search")
        assert slow.started.wait(60)
        running.feed.search.start(ask("quick"))
        second = running.feed.generation("search")
        slow.let_go.set()
        running.until(lambda: running.of(answers.HitsArrived))
        assert {message.generation for message in running.of(answers.HitsArrived)} == {second}
        assert first < second
        assert slow.most == 1


def test_a_keystroke_cancels_the_running_search_before_the_next_one_starts(tmp_path: Path) -> None:
    """Mutant: with the interrupt moved behind the debounce, the first assertion after `search` fails."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(2))
    slow = Slow(home / "state.db")
    with listening(lambda: slow, debounce=0.0) as running:
        running.feed.search.start(ask("slow"))
        assert slow.started.wait(60)
        running.feed.search._debounce = 60.0
        running.feed.search.start(ask("message"))
        assert slow.cancels[0].cancelled
        slow.let_go.set()


def test_fast_typing_asks_the_last_question_only(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(2))
    store = Slow(home / "state.db")
    with listening(lambda: store, debounce=0.1) as running:
        for length in range(1, 8):
            running.feed.search.start(ask("message"[:length]))
        running.until(lambda: running.of(answers.HitsArrived))
        assert len(store.cancels) == 1


def test_what_is_written_while_a_search_stands_is_found_and_nothing_twice(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [builders.say("user", "zebra one")])
        with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
            running.feed.sessions.load()
            running.feed.search.start(ask("zebra"))
            running.until(lambda: any(message.batch.done for message in running.of(answers.HitsArrived)))
            new = db.append_message("s1", "user", "zebra two")
            running.until(lambda: any(message.standing for message in running.of(answers.HitsArrived)))
            found = [hit.message_id for message in running.of(answers.HitsArrived) for hit in message.batch.hits]
            assert found.count(new) == 1


def test_a_row_of_a_server_that_is_committed_late_is_found_by_a_search_that_stands(
    server_url: str, run_sql: Callable[..., Any], worker_id: str
) -> None:
    """Mutants: only higher ids are searched again; a late row is no change of its own."""
    schema = f"standing_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    url = f"{server_url}&schema={schema}"
    with closing(SessionDB(url)) as db, psycopg.connect(server_url) as slow:
        builders.store(db, "s1", [builders.say("user", "zebra one")])
        slow.execute(
            f"INSERT INTO {schema}.messages (session_id, role, content, timestamp, hermes_tui_terms)"
            " VALUES ('s2', 'user', 'zebra late', 1.7e9, array_to_tsvector(ARRAY['zebra', 'late']))".encode()
        )
        slow.execute(f"UPDATE {schema}.hermes_tui_revisions SET revision = revision + 1 WHERE shard = 1".encode())
        with listening(lambda: SessionDB(url, read_only=True)) as running:
            running.feed.sessions.load()
            running.feed.search.start(ask("zebra"))
            running.until(lambda: any(message.batch.done for message in running.of(answers.HitsArrived)))
            db.append_message("s1", "user", "zebra two")
            running.until(lambda: any(message.standing for message in running.of(answers.HitsArrived)))
            slow.commit()

            def _is_found() -> bool:
                found = [hit.text for message in running.of(answers.HitsArrived) for hit in message.batch.hits]
                return "zebra late" in found

            running.until(_is_found)


def test_changed_rows_and_the_growth_of_the_open_transcript_are_posted(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(3))
        with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
            running.feed.sessions.load()
            running.until(lambda: running.of(answers.StoreChanged))
            running.feed.transcript.open(Session("s1"))
            running.until(lambda: running.of(answers.SectionArrived))
            new = db.append_message("s1", "user", "grown")
            running.until(lambda: running.of(answers.GrowthArrived))
            assert [head.id for head in running.of(answers.GrowthArrived)[0].heads] == [new]
            running.until(lambda: any(row.messages == 4 for row in running.of(answers.SessionsArrived)[-1].sessions))


def test_what_is_written_while_the_screen_is_behind_is_one_change(tmp_path: Path) -> None:
    """Mutant: a look at the files however much the screen has not taken yet."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(3))
        with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
            running.feed.sessions.load()
            running.until(lambda: running.of(answers.StoreChanged))
            running.feed.transcript.open(Session("s1"))
            running.until(lambda: running.of(answers.SectionArrived))
            behind, asked = [True], list[bool]()

            def is_behind() -> bool:
                asked.append(behind[0])
                return behind[0]

            running.feed.sessions.is_behind = is_behind
            running.until(lambda: asked)
            new = [db.append_message("s1", "user", f"grown {number}") for number in range(3)]
            seen = len(asked)
            running.until(lambda: len(asked) > seen + 3)
            assert not running.of(answers.GrowthArrived)
            behind[0] = False
            running.until(lambda: running.of(answers.GrowthArrived))
            [grown] = running.of(answers.GrowthArrived)
            assert [body.id for body in grown.bodies] == [head.id for head in grown.heads] == new


def test_a_chain_arrives_root_first(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "root", builders.talk(3))
        db.end_session("root", "compression")
        db.create_session("tip", "cli", parent_session_id="root")
        db.append_messages("tip", builders.talk(2))
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.transcript.open(Session("tip"))
        running.until(lambda: len(running.of(answers.SectionArrived)) == 2)
        assert [(one.session_id, one.place, one.done) for one in running.of(answers.SectionArrived)] == [
            ("root", 1, False),
            ("tip", 2, True),
        ]


def test_a_file_session_and_the_files_side_of_a_drifted_one_are_read_from_the_file(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "both", builders.talk(2))
    builders.jsonl(home, "both", builders.talk(5))
    builders.jsonl(home, "alone", builders.talk(3))
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.transcript.open(Session("alone", origin=Origin.JSONL))
        running.until(lambda: running.of(answers.FileTranscriptArrived))
        running.feed.transcript.open(Session("both"), origin=Origin.JSONL)
        running.until(lambda: len(running.of(answers.FileTranscriptArrived)) == 2)
        assert [len(one.messages) for one in running.of(answers.FileTranscriptArrived)] == [3, 5]


def test_requests_that_wait_are_not_forgotten_for_newer_ones(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        ids = builders.store(db, "s1", builders.talk(150))
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.transcript.open(Session("s1"))
        for start in range(0, 150, 50):
            running.feed.transcript.bodies(ids[start : start + 50])
            running.feed.sessions.outlines([f"gone{start}", "s1"])
        running.until(lambda: sum(len(one.messages) for one in running.of(answers.BodiesArrived)) == 150)
        running.until(lambda: any("s1" in one.outlines for one in running.of(answers.OutlinesArrived)))


@pytest.mark.slow
def test_an_error_of_the_store_becomes_a_message_and_the_question_can_be_asked_again(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    (home / "state.db").write_bytes(b"this is a diary, not a database\n" * 40)
    builders.jsonl(home, "alone", builders.talk(3))
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.sessions.load()
        running.until(lambda: any(one.question == "sessions" for one in running.of(answers.StoreFailed)))
        assert isinstance(running.of(answers.StoreFailed)[0].error, NotADatabase)
        running.until(lambda: running.of(answers.FileSessionsArrived))
        assert [one.id for one in running.of(answers.FileSessionsArrived)[0].sessions] == ["alone"]
        (home / "state.db").unlink()
        with closing(builders.db(home)) as db:
            builders.store(db, "s1", builders.talk(2))
        running.feed.sessions.load()
        running.until(lambda: any(one.done for one in running.of(answers.SessionsArrived)))


def test_a_store_that_cannot_be_opened_is_reported_and_opened_again(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    builders.db(home).close()
    broken = [True]

    def opener() -> SessionDB:
        if broken[0]:
            raise NotADatabase("not yet")
        return SessionDB(home / "state.db", read_only=True)

    with listening(opener) as running:
        running.feed.sessions.load()
        running.until(lambda: any(one.question == "sessions" for one in running.of(answers.StoreFailed)))
        running.until(lambda: any(one.question == "watch" for one in running.of(answers.StoreFailed)))
        broken[0] = False
        running.until(lambda: running.of(answers.StoreHealed))
        running.feed.sessions.load()
        running.until(lambda: any(one.done for one in running.of(answers.SessionsArrived)))
        assert sum(one.question == "watch" for one in running.of(answers.StoreFailed)) == 1


@pytest.mark.slow
def test_a_lock_is_waited_for_and_said(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(2))

    class Held(SessionDB):
        tries = 0

        def glances(self, *, limit: int = 200) -> Iterator[FirstListing]:
            self.tries += 1
            if self.tries < 3:
                raise Locked("another program holds the lock")
            return super().glances(limit=limit)

    with listening(lambda: Held(home / "state.db", read_only=True)) as running:
        running.feed.sessions.load()
        running.until(lambda: any(one.done for one in running.of(answers.SessionsArrived)))
        assert len(running.of(answers.StoreBusy)) == 2
        assert not running.of(answers.StoreFailed)
        assert answers.StoreBusy(1, 2.0).can_replace(answers.StoreBusy(1, 1.0))


def test_what_two_sources_lack_is_compared_by_content(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "both", builders.talk(2))
    builders.jsonl(home, "both", builders.talk(5))
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.transcript.open(Session("both"))
        running.feed.transcript.check("both")
        running.until(lambda: running.of(answers.CheckArrived))
        check = running.of(answers.CheckArrived)[0].check
        assert (check.verdict, check.missing_in_sqlite) == (Verdict.JSONL_AHEAD, 3)


def test_titles_that_come_close_are_ranked(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    builders.db(home).close()
    titles = [("a", "Plan the garden"), ("b", "Fix the docker build"), ("c", "Tax receipts")]
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.search.titles("dokcer", titles)
        running.until(lambda: running.of(answers.TitlesRanked))
        assert running.of(answers.TitlesRanked)[0].titles == {"b": ((8, 14),)}, "with the word that is meant"


def test_the_best_follow_the_newest_and_the_whole_number_follows_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: without `beyond` neither comes."""
    monkeypatch.setattr(questions, "HIT_LIMIT", 5)
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "best", [builders.say("user", "zebra zebra zebra")])
        builders.store(db, "rest", [builders.say("user", f"a zebra beside {n} other words " * 9) for n in range(8)])
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.search.start(ask("zebra"))
        generation = running.feed.generation("search")
        running.until(lambda: running.of(answers.HitsCounted))
        kinds = [type(one) for one in running.posted if isinstance(one, answers.HitsArrived | answers.HitsRanked)]
        assert kinds[-1] is answers.HitsRanked
        assert kinds.count(answers.HitsRanked) == 1
        [ranked] = running.of(answers.HitsRanked)
        assert ranked.generation == generation
        assert ranked.batch.hits[0].session_id == "best", "which is older than the five that were asked for"
        assert running.of(answers.HitsCounted)[0].count.hits == 9


def test_what_is_beyond_the_first_hits_waits_for_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of what is on the screen does not wait, or it would change under the reader's eyes.

    Mutants: without `rest` nothing is noted; with `rest` at each batch it is noted more than once; with the ranking
    behind it the last line fails.
    """
    monkeypatch.setattr(questions, "FIRST_HITS", 5)
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s", builders.talk(600, word="zebra"))
    before: list[tuple[int, bool]] = []
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:

        def _rest(_: Cancel) -> None:
            hits = sum(len(message.batch.hits) for message in running.of(answers.HitsArrived))
            before.append((hits, bool(running.of(answers.HitsRanked))))

        monkeypatch.setattr(search_requests, "rest", _rest)
        running.feed.search.start(ask("zebra"))
        running.until(lambda: running.of(answers.HitsCounted) or len(running.of(answers.HitsRanked)) > 1)
        every = sum(len(message.batch.hits) for message in running.of(answers.HitsArrived))
    [(hits, ranked)] = before
    assert 5 <= hits < every
    assert ranked


def test_a_key_ends_the_wait_for_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: `time.sleep(QUIET)` in place of the event, and the next search begins an hour later."""
    monkeypatch.setattr(questions, "QUIET", 3600.0)
    cancel = Cancel()
    threading.Timer(0.01, cancel.cancel).start()
    with pytest.raises(Interrupted):
        search_requests.rest(cancel)


def test_a_key_cancels_a_ranking(tmp_path: Path) -> None:
    """Mutant: with no `cancel` handed to `rank`, the older question's ranking runs to its end."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(9, word="zebra"))

    class Ranking(SessionDB):
        started = threading.Event()
        cancels: ClassVar[list[Cancel | None]] = []

        def rank(self, query: Query | str, **asked: Any) -> Batch:
            self.cancels.append(asked["cancel"])
            self.started.set()
            return super().rank(query, **asked)

    with listening(lambda: Ranking(home / "state.db", read_only=True)) as running:
        running.feed.search.start(ask("zebra"))
        assert Ranking.started.wait(60)
        running.feed.search.cancel()
        assert [one.cancelled for one in Ranking.cancels if one] == [True]


def test_the_one_word_that_keeps_a_sentence_from_being_found_is_named(tmp_path: Path) -> None:
    """Mutant: with the first word that helps, the hits of `lock` alone are proposed."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(
            db,
            "s1",
            [
                builders.say("user", "docker lock"),
                builders.say("user", "why docker"),
                *[builders.say("user", "docker lock")] * 3,
            ],
        )
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.search.start(ask("why  docker lock"))
        running.until(lambda: running.of(answers.WordLeftOut))
        found = running.of(answers.WordLeftOut)[0]
        assert (found.word, found.text, found.hits, found.capped) == ("why", "docker lock", 4, False)


def test_what_was_meant_is_posted_where_nothing_was_found(tmp_path: Path) -> None:
    """The last word counts too, though it is still being typed.

    Mutant: with the query asked as it is, nothing is posted.
    """
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [builders.say("user", "docker compose")])
    with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
        running.feed.search.start(ask("dokcer compsoe"))
        running.until(lambda: running.of(answers.WordsMeant))
        assert running.of(answers.WordsMeant)[0].words == {"dokcer": "docker", "compsoe": "compose"}
        assert running.of(answers.HitsRanked) == []


def test_after_closing_nothing_is_posted_and_no_thread_is_left(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(2))
        with listening(lambda: SessionDB(home / "state.db", read_only=True)) as running:
            running.feed.sessions.load()
            running.feed.search.start(ask("message"))
            running.until(lambda: running.of(answers.HitsArrived))
        count = len(running.posted)
        db.append_message("s1", "user", "message late")
        time.sleep(0.1)
        assert len(running.posted) == count
    for thread in threading.enumerate():
        if thread.name.startswith("hermes-tui"):
            thread.join(60)
            assert not thread.is_alive()


def test_a_request_after_closing_starts_no_thread(tmp_path: Path) -> None:
    """Mutant: with `SerialThread.put` that takes jobs after `close`, there is one that never ends."""
    with listening(lambda: SessionDB(tmp_path / "state.db", read_only=True)) as running:
        pass
    running.feed.health.check()
    running.feed.sessions.refresh()
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"hermes-tui health", "hermes-tui rows"}


def test_a_mistake_of_ours_in_a_thread_is_reported_and_not_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = builders.home(tmp_path)
    builders.db(home).close()
    loud: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: loud.append(arguments.exc_value))

    class Wrong(SessionDB):
        def glances(self, *, limit: int = 200) -> Iterator[FirstListing]:
            raise ZeroDivisionError

    with listening(lambda: Wrong(home / "state.db", read_only=True)) as running:
        running.feed.sessions.load()
        running.until(lambda: running.of(answers.FeedCrashed))
        running.until(lambda: loud)
        assert isinstance(loud[0], ZeroDivisionError)
