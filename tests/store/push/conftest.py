"""A schema of a push, and a home for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.engine.push_target import HomeIdentity, PushTarget
from store.files.home import Home
from store.home_store import HomeStore
from store.open import open_push_target, open_to_read
from store.push.pusher import Pusher

WHOSE = HomeIdentity("0" * 32, "1" * 32, "alpha", "default")

SqlRunner = Callable[..., list[Any]]


@pytest.fixture
def schema(run_sql: SqlRunner, worker_id: str) -> str:
    """A schema that is not there."""
    name = f"m_alpha_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    return name


@pytest.fixture
def folder(era_home: Callable[[str], Path]) -> Path:
    """A home."""
    return era_home("v31") / ".hermes"


@pytest.fixture
def target(server_url: str, schema: str) -> Iterator[PushTarget]:
    """The schema as a push sees it."""
    with closing(open_push_target(server_url, schema)) as found:
        yield found


@pytest.fixture
def pusher(folder: Path, target: PushTarget) -> Iterator[Pusher]:
    """What copies the home."""
    with closing(open_to_read(Home(folder))) as store:
        yield claimed(store, target)


def claimed(store: HomeStore, target: PushTarget) -> Pusher:
    """A pusher whose schema is there."""
    made = Pusher(store, target, WHOSE)
    made.claim()
    return made
