"""Many schemas of one server as one home: what is asked of each, and that nothing is missed thereby."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from store.browse.protocol import Watcher
from store.engine.push_target import FILE_IDS
from store.files.home import Home
from store.open import locate_server
from store.postgres import fleet
from store.postgres.connection import Connection
from store.postgres.fleet import SchemaFleet
from store.postgres.reader import Reader
from store.profiles import newest
from store.profiles import watch as watch_module
from store.profiles.browser import ProfilesBrowser
from store.profiles.members import last_active

SqlRunner = Callable[..., list[Any]]
Row = tuple[str, float | None, list[float], bool]
"""A session: its id, its start, the times of its messages, whether they were copied from files."""


class Schemas:
    """Schemas of this worker on the server of the tests."""

    def __init__(self, url: str, worker: str) -> None:
        self._url, self._prefix = url, f"many_{worker}"
        self._connection = psycopg.connect(url, autocommit=True)
        self.made: list[str] = []

    def run(self, sql: str) -> None:
        self._connection.execute(sql.encode())

    def add(self, sessions: Sequence[Row]) -> str:
        """A schema with those sessions, whose messages were written in the order of their times."""
        name = f"{self._prefix}_{len(self.made):02}"
        self.made.append(name)
        rows = ", ".join(f"('{key}', {'NULL' if start is None else start})" for key, start, *_ in sessions)
        said = sorted((time, key, of_files) for key, _, times, of_files in sessions for time in times)
        messages = ", ".join(
            f"({number + FILE_IDS * of_files}, '{key}', 'user', 'a word', {time})"
            for number, (time, key, of_files) in enumerate(said, start=1)
        )
        self.run(
            f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name};"
            f" CREATE TABLE {name}.sessions (id text PRIMARY KEY, started_at float8);"
            f" CREATE TABLE {name}.messages (id bigint PRIMARY KEY, session_id text, role text, content text,"
            " timestamp float8);"
            f" CREATE TABLE {name}.hermes_tui_schema (version bigint);"
            + (f" INSERT INTO {name}.sessions VALUES {rows};" if rows else "")
            + (f" INSERT INTO {name}.messages VALUES {messages};" if messages else "")
        )
        return name

    def home(self) -> Home:
        return replace(locate_server(self._url, profile="all"), schemas=tuple(self.made))

    def browser(self) -> ProfilesBrowser:
        return ProfilesBrowser(self.home().profiles())

    def close(self) -> None:
        self.run("; ".join(f"DROP SCHEMA IF EXISTS {name} CASCADE" for name in self.made))
        self._connection.close()


@pytest.fixture
def schemas(server_url: str, worker_id: str) -> Iterator[Schemas]:
    with closing(Schemas(server_url, worker_id)) as made:
        yield made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that come back from each read."""
    found: list[int] = []
    answers = Connection.answers

    def _answers(self: Connection, batch: str, params: Any) -> Any:
        rows = answers(self, batch, params)
        found.append(sum(map(len, rows)))
        return rows

    monkeypatch.setattr(Connection, "answers", _answers)
    return found


def counted(sent: list[int], work: Callable[[], object]) -> tuple[int, int]:
    """Reads and rows of some work."""
    sent.clear()
    work()
    return len(sent), sum(sent)


def test_a_further_schema_that_shows_nothing_costs_a_few_rows_and_no_read(
    schemas: Schemas, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: every schema is asked for its sessions, or for its hits; each is asked for its newest time by itself."""
    monkeypatch.setattr(newest, "MOST_WHOLE", 1)
    monkeypatch.setattr(SchemaFleet, "stamp", lambda _: "other tests commit, too")
    found = []
    for number in (3, 6, 12):
        while len(schemas.made) < number:
            at = 1.7e9 - 1_000 * len(schemas.made)
            schemas.add([(f"s{session}", at + session, [at + session] * 3, False) for session in range(5)])
        with closing(schemas.browser()) as merged:
            screen = counted(sent, lambda merged=merged: merged.glance(limit=2))  # type: ignore[misc]
            again = counted(sent, lambda merged=merged: merged.recent(limit=2))  # type: ignore[misc]
            hits = counted(sent, lambda merged=merged: next(iter(merged.search("word", limit=5))))  # type: ignore[misc]
        found.append((*screen, *again, *hits))
    (reads, rows, *kept), second, third = found
    assert second[:1] == third[:1] == (reads,)
    assert second[1] - rows == 3 * 4, "three tables and one row of times each"
    assert third[1] - second[1] == 6 * 4
    assert list(second[2:]) == list(third[2:]) == kept


def sessions_of(rng: random.Random, number: int) -> list[Row]:
    """Sessions whose times are often equal: some empty, some of files, some without a time of their own."""
    found = list[Row]()
    for place in range(number):
        times = [1.7e9 + rng.randrange(12) for _ in range(rng.choice([0, 1, 1, 3]))]
        is_of_files = bool(times) and rng.random() < 0.2
        start = max(times) if is_of_files else min(times, default=1.7e9 + rng.randrange(12))
        found.append(
            (f"s{place}", start if is_of_files or rng.random() < 0.7 or not times else None, times, is_of_files)
        )
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_and_the_hits_are_those_of_all_schemas_each_asked_for_everything(
    schemas: Schemas, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Mutants: starts, or rows of files, are no part of the newest time; a schema with an equal time is not asked;
    nobody is asked again, whose few sessions are all among the newest.
    """
    rng = random.Random(seed)
    for _ in range(10):
        schemas.add(sessions_of(rng, rng.randrange(7)))
    monkeypatch.setattr(newest, "FEWEST", 2)
    monkeypatch.setattr("store.profiles.members.AT_ONCE", 3)
    with closing(schemas.browser()) as merged:
        each = [merged.members.named_answer(place, lambda one: one.recent()) or () for place in merged.members.places]
        expected = sorted((row for rows in each for row in rows), key=last_active, reverse=True)
        for limit in (1, 3, 7, 40):
            assert merged.recent(limit=limit) == tuple(expected[:limit])
            assert merged.glance(limit=limit).sessions[:limit] == tuple(expected[:limit])
        streams = [
            [hit for batch in browser.search("word") for hit in merged.members.names.renamed(place, batch.hits)]
            for place, browser in enumerate(merged.members.browsers)
        ]
        hits = list(heapq.merge(*streams, key=lambda hit: -(hit.timestamp or 0.0)))
        for limit in (1, 20, 40):
            assert [hit for batch in merged.search("word", limit=limit) for hit in batch.hits] == hits[:limit]


def test_a_hit_of_a_file_is_found_before_older_ones_that_were_written(schemas: Schemas) -> None:
    """Mutant: rows of files are no part of the newest time."""
    schemas.add([("s0", 1.7e9 + 1, [1.7e9 + 5], False)])
    schemas.add([("s0", 1.7e9, [1.7e9 + 9], True)])
    with closing(schemas.browser()) as merged:
        assert [hit.timestamp for batch in merged.search("word", limit=1) for hit in batch.hits] == [1.7e9 + 9]


def test_schemas_that_cannot_be_read_are_named_and_hide_no_other(schemas: Schemas) -> None:
    """Mutant: what cannot be read counts as having nothing."""
    for place in range(6):
        schemas.add([("s0", 1.7e9, [1.7e9 + place], False)])
    hidden, broken, view, gone = schemas.made[1], schemas.made[2], schemas.made[3], schemas.made[4]
    with closing(schemas.browser()) as merged:
        schemas.run(f"ALTER TABLE {hidden}.messages ENABLE ROW LEVEL SECURITY")
        schemas.run(f"ALTER TABLE {view}.messages RENAME TO said; CREATE VIEW {view}.messages AS TABLE {view}.said")
        schemas.run(f"DROP SCHEMA {gone} CASCADE")
        assert len({hit.session_id for batch in merged.search("word") for hit in batch.hits}) == 3
        schemas.run(f"ALTER TABLE {broken}.messages ALTER timestamp TYPE jsonb USING to_jsonb(timestamp)")
        assert [session.profile for session in merged.recent(limit=2)] == [schemas.made[5], broken]
        assert [problem.split(":")[0].rpartition("_")[2] for problem in merged.problems()] == ["01", "03", "04"]


def add_message(schemas: Schemas, name: str, row: int, session: str) -> None:
    schemas.run(
        f"INSERT INTO {name}.messages VALUES ({row}, '{session}', 'user', 'more', 1.7e9);"
        f" UPDATE {name}.hermes_tui_revisions SET revision = revision + 1"
    )


def polled(merged: ProfilesBrowser, watch: Watcher) -> list[str]:
    """The sessions that a look at all schemas reports."""
    changes = [watch.poll() for _ in range(2 * len(merged.members.browsers))]
    return sorted(key for change in changes if change is not None for key in change.sessions)


@pytest.mark.parametrize("most", [1, 32])
def test_one_schema_of_many_that_changes_is_reported_with_its_session_also_where_its_id_is_not_the_newest(
    schemas: Schemas, monkeypatch: pytest.MonkeyPatch, sent: list[int], most: int
) -> None:
    """Mutants: the first change of a schema is taken for what it began with; only rows above the highest are looked at;
    schemas are looked at where nothing was committed; what a schema reports with its next poll waits for a commit.
    """
    for _ in range(3):
        name = schemas.add([("s0", 1.7e9, [1.7e9, 1.7e9 + 1], False)])
        schemas.run(f"CREATE TABLE {name}.hermes_tui_revisions (revision bigint)")
        schemas.run(f"INSERT INTO {name}.hermes_tui_revisions VALUES (0); UPDATE {name}.messages SET id = id * 10")
    monkeypatch.setattr(watch_module, "MOST_AT_ONCE", most)
    monkeypatch.setattr(watch_module, "AT_ONCE", 2)
    with closing(schemas.browser()) as merged:
        watch = merged.watch()
        first = [change for _ in range(3) if (change := watch.poll()) is not None]
        assert max(change.newest_id for change in first) == merged.members.names.row(2, 20)
        assert polled(merged, watch) == []
        for row, session in ((30, "new"), (25, "late"), (40, "newer")):
            add_message(schemas, schemas.made[1], row, session)
            found = polled(merged, watch)
            assert f"{schemas.made[1]}/{session}" in found
            assert {key.partition("/")[0] for key in found} == {schemas.made[1]}
        add_message(schemas, schemas.made[1], 28, "later")
        add_message(schemas, schemas.made[1], 60, "newest")
        assert {f"{schemas.made[1]}/later", f"{schemas.made[1]}/newest"} <= {*polled(merged, watch)}


def test_the_first_rows_of_many_schemas_come_before_all_were_asked_for_their_times(
    schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: nothing is handed over before all times are known."""
    for place in range(4):
        schemas.add([(f"s{session}", 1.7e9, [1.7e9 + 10 * place + session], False) for session in range(3)])
    monkeypatch.setattr(newest, "MOST_WHOLE", 1)
    monkeypatch.setattr(newest, "FEWEST", 2)
    monkeypatch.setattr(newest, "FIRST_STEP", 0.0)
    monkeypatch.setattr("store.profiles.members.AT_ONCE", 2)
    with closing(schemas.browser()) as merged:
        first, last = merged.glances(limit=4)
        assert {session.profile for session in first.sessions} == set(schemas.made[:2])
        assert {session.profile for session in last.sessions} == set(schemas.made[2:])


def test_a_schema_that_is_locked_hides_no_other_and_is_named(
    server_url: str, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a lock fails the whole list; what is locked is asked first; answers without it stand for good."""
    for place in range(3):
        schemas.add([("s0", 1.7e9, [1.7e9 + place], False)])
    monkeypatch.setattr(fleet, "SECONDS", 0.05)
    for read in (Reader.batch, Reader.rows):
        monkeypatch.setattr(read, "__kwdefaults__", {**(read.__kwdefaults__ or {}), "seconds": 0.1})
    stamps = ["before"]
    monkeypatch.setattr(SchemaFleet, "stamp", lambda _: stamps[-1])
    with closing(schemas.browser()) as merged, psycopg.connect(server_url) as holding:
        assert len(merged.recent()) == 3
        holding.execute(f"LOCK TABLE {schemas.made[2]}.messages".encode())
        stamps.append("locked")
        first, _ = merged.glances(limit=4)
        assert {session.profile for session in first.sessions} == set(schemas.made[:2])
        assert len(merged.recent()) == 2
        assert [problem.partition(":")[0] for problem in merged.problems()] == [f"profile {schemas.made[2]}"]
        holding.rollback()
        assert len(merged.recent()) == 3
        found = [hit.timestamp for batch in merged.search("word") for hit in batch.hits]
        assert found == [1.7e9 + 2, 1.7e9 + 1, 1.7e9]
