"""Idle connections of a server, given and taken by several threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from store import SessionDB
from store.base.server_address import parse_address
from store.postgres.idle_connections import IdleConnections
from store.postgres.reader import Reader


class Stand:
    """Stands for a connection."""

    closed = False

    def close(self) -> None:
        self.closed = True


class ClosedMeanwhile(list[Any]):
    """Another thread closes the pool just before a connection is kept."""

    def __init__(self, pool: IdleConnections) -> None:
        super().__init__()
        self._pool = pool

    def append(self, connection: Any) -> None:
        self._pool.close()
        super().append(connection)


def pool(most: int = 2) -> Any:
    return IdleConnections(most)


def test_as_many_are_kept_as_may_stand_idle() -> None:
    idle, given = pool(), [Stand() for _ in range(3)]
    for one in given:
        idle.give(one)
    assert [one.closed for one in given] == [False, False, True]
    assert [idle.take(), idle.take(), idle.take()] == [given[1], given[0], None]


def test_what_is_given_back_after_a_close_is_closed() -> None:
    """Mutants: no look at `closed` before, and none after, the connection is kept."""
    for given_late in (False, True):
        idle, one = pool(), Stand()
        if given_late:
            idle.close()
        else:
            idle._idle = ClosedMeanwhile(idle)
        idle.give(one)
        assert one.closed


def test_one_that_was_lost_is_not_kept() -> None:
    idle, one = pool(), Stand()
    one.close()
    idle.give(one)
    assert idle.take() is None


class EmptiedMeanwhile(list[Any]):
    """Another thread takes the last one after somebody looked."""

    def __len__(self) -> int:
        return 1


def test_the_last_one_may_be_taken_by_another_thread() -> None:
    """Mutant: a look whether there are any, then `pop`."""
    idle = pool()
    idle._idle = EmptiedMeanwhile()
    assert idle.take() is None
    idle.close()


class Forgotten(Reader):
    """Another thread forgets the layout as soon as it is known."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, None if name == "_layout" else value)


def test_a_layout_that_another_thread_forgets_is_still_the_answer(server_url: str, run_sql: Callable[..., Any]) -> None:
    """Mutant: what is kept is returned, not what was found."""
    run_sql("DROP SCHEMA IF EXISTS forgotten CASCADE")
    with closing(SessionDB(f"{server_url}&schema=forgotten")) as db:
        db.create_session("s1", "cli")
    reader = Forgotten(parse_address(f"{server_url}&schema=forgotten"))
    assert reader.layout.has("sessions", "id")
    reader.close()


def test_the_schemas_of_a_database_are_read_over_one_connection_until_the_last_is_closed(
    server_url: str, run_sql: Callable[..., Any]
) -> None:
    """Mutants: a pool for each reader; the first to close it closes it for all, or nobody does."""
    url = f"{server_url}&connect_timeout=7"  # nobody else's
    readers = [Reader(parse_address(f"{url}&schema=schema_{place}")) for place in range(12)]
    numbers = {reader.number("SELECT pg_catalog.pg_backend_pid()") for reader in readers}
    assert len(numbers) == 1
    for reader in readers[1:]:
        reader.close()
        reader.close()
    assert readers[0].number("SELECT pg_catalog.pg_backend_pid()") in numbers
    readers[0].close()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) AND backend_type = 'client backend'"
    deadline = time.monotonic() + 10
    while run_sql(waiting, (list(numbers),)) != [(0,)]:
        assert time.monotonic() < deadline
