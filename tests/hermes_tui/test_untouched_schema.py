"""A schema of Hermes under the real app: whatever is opened there, it stays as it was, for a role that may only read it
and beside functions of its owner that shadow the server's.

`HERMES_TUI_EVERY_HOME=1 pytest tests/hermes_tui/test_untouched_schema.py` takes schemas filled from every home.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.homes import on_postgres
from tests.homes.build import ERAS
from tests.homes.catalog import homes
from tests.postgres_server import VARIABLE
from tests.store.postgres.test_hermes_schema import GUARD, dumped, log_of, served, statements_of, trapped
from tests.terminal import Terminal, terminal

HOMES = homes() if "HERMES_TUI_EVERY_HOME" in os.environ else ["v31"]
ESCAPE, ENTER = "\x1b", "\r"
SCREENS = (
    *(
        ("D", "PostgreSQL"),
        ("S", "on a server are not counted"),
        ("X", "deleted on a server"),
        ("U", "Repairs"),
        ("F", ""),
        ("v", ""),
        ("L", ""),
        ("d", ""),
        ("r", ""),
    ),
    *(("p", ""), ("?", "Help")),
)
"""Keys that open a screen from the list, and a word of it."""


def browsed(app: Terminal) -> None:
    """List, sessions, a search and its hits, details, an export, and every other screen."""
    app.wait_for("newest first")
    app.send("\t", settle=0.5)
    for key in ("j", "j", ENTER, "G", "g", "t", "T", "J", "i", "i", "o", ESCAPE, "[", "]", ESCAPE):
        app.send(key)
    for key, word in SCREENS:
        app.send(key, settle=0.2)
        if word:
            app.wait_for(word)
        app.send(ESCAPE, settle=0.1)
    app.send("/the", settle=0.8)
    for key in ("\t", "j", ENTER, "n", "N"):
        app.send(key)
    app.send("E", settle=1.2)
    app.send("y")
    app.wait_for("✓ written")


@pytest.mark.slow
@pytest.mark.parametrize("name", HOMES)
def test_the_app_leaves_a_schema_as_it_was_and_reads_in_read_only_transactions_alone(
    name: str,
    era_home: Callable[[str], Path],
    server_url: str,
    run_sql: Callable[..., list[Any]],
    tmp_path: Path,
) -> None:
    """Mutants: `search_path` has the schema; a transaction that could write."""
    schema = f"untouched_{os.environ.get('PYTEST_XDIST_WORKER', 'master')}"
    version = ERAS[name].version if name in ERAS else on_postgres.NEWEST
    on_postgres.make(server_url, schema, era_home(name) / ".hermes" / "state.db", version, more=trapped(schema))
    before = dumped(server_url, run_sql, schema)
    logged = log_of(server_url).stat().st_size if VARIABLE not in os.environ else None
    environ = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    with terminal("--home", served(server_url, schema), columns=140, rows=40, environ=environ, folder=tmp_path) as app:
        browsed(app)
        app.send("\x11")
        assert app.exit_code() == 0
    assert b"trapped" not in app.raw
    assert [path.stat().st_size > 0 for path in tmp_path.glob("*.md")] == [True]
    if logged is not None:
        statements = statements_of(server_url, schema, logged)
        assert len(statements) > 20
        assert [text for text in statements if not re.match(GUARD, text)] == []
    assert dumped(server_url, run_sql, schema) == before
