"""Searches of a schema on a server, while somebody types."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hermes_tui.feed import Feed
from store.browse.browser import HomeBrowser
from store.open import locate_server, open_to_read
from store.postgres import search_plan, terms
from store.query.parse import parse
from tests.homes import on_postgres

SCANS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%鯨飲%'"
ENDLESS = '(pg_catalog.pg_sleep(60) IS NULL OR {0} COLLATE "C" LIKE %s)'


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds, for less than the time limit of a statement."""
    end = time.monotonic() + 20.0
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_next_key_ends_the_scan_for_a_rare_pair_on_the_server(
    server_url: str, run_sql: Callable[..., list[Any]], worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: the search that runs is not cancelled; its statement is not."""
    monkeypatch.setattr(search_plan, "SMALL", -1)
    monkeypatch.setattr(terms, "_WRITTEN", ENDLESS)
    schema = f"typed_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in on_postgres.statements(schema):
        run_sql(statement)
    run_sql(f"INSERT INTO {schema}.messages (session_id, role, content, timestamp) VALUES ('s', 'user', '鯨飲馬食', 1)")
    feed = Feed(lambda: HomeBrowser(open_to_read(locate_server(f"{server_url}&schema={schema}"))), debounce=0.0)
    try:
        feed.search.start(parse("鯨飲", now=0.0))
        until(lambda: run_sql(SCANS) == [(1,)])
        feed.search._debounce = 600.0
        feed.search.start(parse("鯨飲馬", now=0.0))
        until(lambda: run_sql(SCANS) == [(0,)])
    finally:
        feed.close()
        run_sql(f"DROP SCHEMA {schema} CASCADE")
