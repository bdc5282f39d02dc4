"""Schemas that are gone, held or slow while they are open: named, and the others go on being read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from store import SessionDB
from store.base.errors import CannotOpen, Locked
from store.base.server_address import parse_address
from store.browse.browser import HomeBrowser
from store.files.home import Home
from store.open import locate_server, open_to_read
from store.postgres import reader
from store.profiles.browser import ProfilesBrowser


def filled(server_url: str, run_sql: Callable[..., Any], worker_id: str) -> list[Home]:
    """Two schemas with a session each."""
    names = [f"gone_{worker_id}_{number}" for number in (1, 2)]
    for name in names:
        run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        with closing(SessionDB(f"{server_url}&schema={name}")) as db:
            db.create_session("s", "cli")
            db.append_message("s", "user", "where is the lighthouse")
    return [replace(locate_server(server_url), profile=name) for name in names]


def test_a_schema_that_is_dropped_is_named_and_the_others_are_read(
    server_url: str, run_sql: Callable[..., Any], worker_id: str
) -> None:
    """Mutants: it counts as an empty home; a search there has no hits; the best hits are said to be those of all."""
    homes = filled(server_url, run_sql, worker_id)
    names = [home.profile for home in homes]
    with closing(ProfilesBrowser(homes)) as merged, closing(HomeBrowser(open_to_read(homes[0]))) as alone:
        assert len(merged.recent(limit=9)) == 2
        run_sql(f"DROP SCHEMA {names[0]} CASCADE")
        assert [session.profile for session in merged.recent(limit=9)] == names[1:]
        [problem] = merged.problems()
        assert names[0] in problem
        *_, last = merged.search("lighthouse", limit=9)
        best = merged.rank("lighthouse")
        assert [names[0] in (item.error or "") for item in (*last.fallbacks, *best.fallbacks)] == [True] * 2
        with pytest.raises(CannotOpen, match="no table"):
            list(alone.search("lighthouse", limit=9))


def test_a_schema_whose_table_its_owner_holds_is_named_soon_and_the_others_are_read(
    server_url: str, run_sql: Callable[..., Any], worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a read waits as long as a statement may take; it fails for all; it says that nothing was written."""
    monkeypatch.setattr(reader, "LOCK_SECONDS", 0.05)
    homes = filled(server_url, run_sql, worker_id)
    held = homes[0].profile
    with closing(ProfilesBrowser(homes)) as merged, psycopg.connect(server_url) as owner:
        owner.execute(f"LOCK TABLE {held}.messages IN ACCESS EXCLUSIVE MODE".encode())
        assert [session.profile for session in merged.recent(limit=9)] == [homes[1].profile]
        assert [problem.partition(f"{held} ")[2] for problem in merged.problems()] == [
            "is being changed by its owner, who holds a table; try again in a while"
        ]
        *_, last = merged.search("lighthouse", limit=9)
        best = merged.rank("lighthouse")
        assert [held in (item.error or "") for item in (*last.fallbacks, *best.fallbacks)] == [True] * 2
        assert len(best.hits) == 1
        owner.rollback()
        assert len(merged.recent(limit=9)) == 2


def test_a_schema_that_takes_too_long_is_left_out_and_the_others_are_read(
    server_url: str, run_sql: Callable[..., Any], worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: all of them fail with it."""
    homes = filled(server_url, run_sql, worker_id)
    slow = homes[0].profile

    def _rows(self: reader.Reader, *args: Any, **kwargs: Any) -> Any:
        if self.address.schema == slow:
            raise Locked("took longer")
        return rows(self, *args, **kwargs)

    rows = reader.Reader.rows
    with closing(ProfilesBrowser(homes)) as merged:
        monkeypatch.setattr(reader.Reader, "rows", _rows)
        assert [session.profile for session in merged.recent(limit=9)] == [homes[1].profile]
        assert len(merged.problems()) == 1
        assert [hit.session_id for batch in merged.search("lighthouse", limit=9) for hit in batch.hits]


def test_a_read_waits_for_a_lock_no_longer_than_two_seconds_nor_than_it_may_take(server_url: str) -> None:
    """Mutant: as long as a statement may take."""
    with closing(reader.Reader(parse_address(server_url))) as reading:
        for seconds, waits in ((30.0, "2s"), (0.2, "200ms")):
            [row] = reading.rows("SELECT pg_catalog.current_setting('lock_timeout')", seconds=seconds)
            assert row == (waits,)
