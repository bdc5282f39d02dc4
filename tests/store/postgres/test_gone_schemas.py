"""Schemas that are gone while they are open: named, and the others go on being read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from store import SessionDB
from store.base.errors import CannotOpen
from store.browse.browser import HomeBrowser
from store.open import locate_server, open_to_read
from store.profiles.browser import ProfilesBrowser


def test_a_schema_that_is_dropped_is_named_and_the_others_are_read(
    server_url: str, run_sql: Callable[..., Any], worker_id: str
) -> None:
    """Mutants: it counts as an empty home; a search there has no hits."""
    names = [f"gone_{worker_id}_{number}" for number in (1, 2)]
    for name in names:
        run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        with closing(SessionDB(f"{server_url}&schema={name}")) as db:
            db.create_session("s", "cli")
            db.append_message("s", "user", "where is the lighthouse")
    homes = [replace(locate_server(server_url), profile=name) for name in names]
    with closing(ProfilesBrowser(homes)) as merged, closing(HomeBrowser(open_to_read(homes[0]))) as alone:
        assert len(merged.recent(limit=9)) == 2
        run_sql(f"DROP SCHEMA {names[0]} CASCADE")
        assert [session.profile for session in merged.recent(limit=9)] == names[1:]
        [problem] = merged.problems()
        assert names[0] in problem
        *_, last = merged.search("lighthouse", limit=9)
        assert [names[0] in (item.error or "") for item in last.fallbacks] == [True]
        with pytest.raises(CannotOpen, match="no table"):
            list(alone.search("lighthouse", limit=9))
