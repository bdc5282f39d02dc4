"""Statistics against an oracle that adds up the rows one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import SessionDB
from store.engine.statistics import By
from tests import builders
from tests.builders import say, sqlite_of
from tests.homes.catalog import FEW

GROUPED = {By.SOURCE: "source", By.MODEL: "model", By.CWD: "cwd"}
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def rows(db: SessionDB, table: str) -> list[dict[str, Any]]:
    """Every row of a table as it is stored."""

    def _read(connection: apsw.Connection) -> list[dict[str, Any]]:
        names = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
        found = connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
        return [dict(zip(names, row, strict=True)) for row in found]

    return sqlite_of(db).reader.read(lambda connection, _: _read(connection))


def day(value: Any) -> str | None:
    """The day of a time in UTC."""
    good = isinstance(value, int | float) and 631_152_000 <= value < 4_133_980_800
    return str(datetime.fromtimestamp(value, UTC).date()) if good else None


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_all_counts_are_those_of_the_rows(name: str, era_home: Callable[[str], Path]) -> None:
    db = SessionDB(era_home(name) / ".hermes" / "state.db", read_only=True)
    sessions, messages = rows(db, "sessions"), rows(db, "messages")
    found = db.statistics.statistics(None, by=None, zone=UTC)

    assert (found.total.sessions, found.total.messages) == (len(sessions), len(messages))
    for column in TOKENS:
        assert getattr(found.total, column) == sum(row.get(column) or 0 for row in sessions), column
    assert found.total.estimated_usd == pytest.approx(sum(row.get("estimated_cost_usd") or 0 for row in sessions))
    costs = [row.get("actual_cost_usd") or row.get("estimated_cost_usd") or 0 for row in sessions]
    assert found.total.without_cost == costs.count(0)
    days = Counter(day(row["timestamp"]) for row in messages)
    assert found.undated == days.pop(None, 0)
    assert {str(known): number for known, number in found.days} == days
    assert sum(found.hours) == sum(days.values())
    of_session = Counter(row["session_id"] for row in messages)
    assert [int(size.value) for size in found.longest] == sorted(of_session.values(), reverse=True)[:10]
    for by, column in GROUPED.items():
        groups = dict(db.statistics.statistics(None, by=by, zone=UTC).groups)
        assert {key: tally.sessions for key, tally in groups.items()} == Counter(
            row.get(column) or None for row in sessions
        )
        counted = Counter[str | None]()
        for row in sessions:
            counted[row.get(column) or None] += of_session[row["id"]]
        assert {key: tally.messages for key, tally in groups.items()} == counted
    started = dict(db.statistics.statistics(None, by=By.DAY, zone=UTC).groups)
    assert {key: tally.sessions for key, tally in started.items()} == Counter(
        day(row["started_at"]) for row in sessions
    )
    [*_, last] = db.statistics.tools(None)
    tools = Counter(row["tool_name"] or "" for row in messages if row["role"] == "tool")
    assert {tool.name: tool.calls for tool in last.tools} == tools
    assert (last.done, last.total) == (tools.total(), tools.total())
    db.close()


@pytest.fixture
def db(tmp_path: Path) -> SessionDB:
    """Three sessions of two sources, one of them dear, with tools that fail."""
    found = builders.db(builders.home(tmp_path))
    for number, source in enumerate(("cli", "cli", "telegram")):
        found.create_session(f"s{number}", source, model="opus" if number else "mini")
        found.append_messages(f"s{number}", [say("user", f"word{number}", timestamp=1.7e9)] * (number + 1))
    results = [{"exit_code": 0}, {"exit_code": 2}, {"error": "no"}, {"success": False}, {"output": "error"}]
    for result in results:
        found.append_message("s0", "tool", json.dumps(result), tool_name="terminal", timestamp=1.7e9 + 86_400)
    found.append_message("s0", "tool", "Error: no such file", tool_name="read")
    sqlite_of(found).writer.transaction(
        lambda connection: connection.execute("UPDATE messages SET timestamp = 'yesterday' WHERE tool_name = 'read'")
    )
    found.update_token_counts("s1", input_tokens=10, output_tokens=5, estimated_cost_usd=0.5, actual_cost_usd=0.25)
    return found


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", None),
        ("source:cli", ["s0", "s1"]),
        ("source:cli model:opus", ["s1"]),
        ("-source:cli", ["s2"]),
        ("word2", ["s2"]),
        ("role:tool", ["s0"]),
        ("before:2001-01-01", []),
    ],
)
def test_a_query_chooses_sessions(db: SessionDB, query: str, ids: list[str] | None) -> None:
    chosen = db.statistics.chosen(query)

    assert (chosen if chosen is None else sorted(chosen)) == ids
    found = db.statistics.statistics(chosen, by=By.SOURCE, zone=UTC)
    assert found.total.sessions == (3 if ids is None else len(ids))
    assert sum(tally.messages for _, tally in found.groups) == found.total.messages


def test_cost_is_the_actual_one_where_it_is_known_and_errors_are_those_of_results(db: SessionDB) -> None:
    found = db.statistics.statistics(None, by=None, zone=UTC)

    assert (found.total.estimated_usd, found.total.actual_usd, found.total.without_cost) == (0.5, 0.25, 2)
    assert [(size.id, size.value) for size in found.dearest] == [("s1", 0.25)]
    assert found.undated == 1
    [*_, last] = db.statistics.tools(None)
    assert [(tool.name, tool.calls, tool.errors) for tool in last.tools] == [("terminal", 5, 3), ("read", 1, 1)]
