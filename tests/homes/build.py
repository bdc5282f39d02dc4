"""A generated home of an era on disk: `.hermes/`, `wal-live/` and `expected.json`, as the real homes have them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from tests.homes import files, schema
from tests.homes.fulltext import LAYOUTS
from tests.homes.stories import LIVE_ONLY, Row, Story, in_order, stories

_LIVE = "20260320_100000_111111"


@dataclass(frozen=True, slots=True)
class Era:
    """A version of the schema with one of its full-text layouts."""

    version: int
    layout: str
    born: int | None = None
    """The version that wrote the rows; a later Hermes added its columns to both tables, and left the indexes."""


ERAS = {
    "v01": Era(1, "A"),
    "v04": Era(4, "A"),
    "v06": Era(6, "A"),
    "v10": Era(10, "A'"),
    "v11": Era(11, "B"),
    "v13": Era(13, "B"),
    "v17": Era(17, "B"),
    "v22": Era(22, "B"),
    "v23": Era(23, "C1"),
    "v25": Era(25, "C1"),
    "v25-c2": Era(25, "C2"),
    "v31": Era(31, "C3"),
    "v10-to-v25": Era(25, "A'", born=10),
}
"""Every generated home by its name."""


def build(target: Path, name: str) -> None:
    """Make the home of an era in a new folder."""
    era = ERAS[name]
    version = era.born or era.version
    home = target / ".hermes"
    (home / "sessions").mkdir(parents=True, mode=0o700)
    files.write(home / "sessions")
    written = stories(version)
    connection = apsw.Connection(str(home / "state.db"))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0")
    with connection:
        _fill(connection, era, written)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    live: Row = {"session_id": _LIVE, "role": "user", "content": LIVE_ONLY, "timestamp": 1774087251.0}
    with connection:
        _insert(connection, "messages", schema.columns("messages", version), [live])
        connection.execute("UPDATE sessions SET message_count = message_count + 1 WHERE id = ?", (_LIVE,))
    (target / "wal-live").mkdir()
    # By another process: closing a descriptor of state.db here would drop this process's locks on it.
    sidecars = [home / f"state.db{end}" for end in ("", "-wal", "-shm")]
    subprocess.run(["cp", "-p", *sidecars, target / "wal-live"], check=True)
    connection.close()
    next(story for story in written if story.session["id"] == _LIVE).messages.append(live)
    (target / "expected.json").write_text(json.dumps(_expected(era, version, written), indent=1))


def _fill(connection: apsw.Connection, era: Era, written: Sequence[Story]) -> None:
    version = era.born or era.version
    for statement in schema.statements(version):
        connection.execute(statement)
    connection.execute(LAYOUTS[era.layout])
    sessions = [story.session for story in written]
    if version >= 25:
        for session in sessions:
            _share_prompt(connection, session)
    _insert(connection, "sessions", schema.columns("sessions", version), sessions)
    _insert(connection, "messages", schema.columns("messages", version), in_order(list(written)))
    if era.layout == "C3":
        connection.execute(
            "INSERT INTO state_meta VALUES ('fts_storage_version', '3'), ('db_file_generation', '0123abcd')"
        )
        connection.execute(f"PRAGMA application_id = {0x0123ABCD}")
    if era.born is not None:
        for statement in schema.upgrade(era.born, era.version):
            connection.execute(statement)


def _share_prompt(connection: apsw.Connection, session: Row) -> None:
    """Keep a session's system prompt by its digest, as version 25 and later do."""
    prompt = session.pop("system_prompt", None)
    if prompt is not None:
        session["system_prompt_hash"] = hashlib.sha256(prompt.encode()).hexdigest()
        values = (session["system_prompt_hash"], prompt)
        connection.execute("INSERT OR IGNORE INTO system_prompts VALUES (?, ?)", values)


def _insert(connection: apsw.Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows with those of their values that the table has a column for."""
    for row in rows:
        known = [name for name in columns if name in row]
        marks = ", ".join("?" for _ in known)
        connection.execute(f"INSERT INTO {table} ({', '.join(known)}) VALUES ({marks})", [row[name] for name in known])


def _expected(era: Era, version: int, written: Sequence[Story]) -> dict[str, Any]:
    """What is in a home, for tests that count."""
    rows = {story.session["id"]: _counts(version, story) for story in written if story.messages}
    lines = {
        name: {**files.facts(content), "db_rows": rows.get(name, {"rows": 0})["rows"]}
        for name, content in files.JSONL.items()
    }
    return {
        "schema_version": era.version,
        "journal_mode": "wal",
        "messages_columns": sorted(schema.columns("messages", era.version)),
        "sessions_columns": sorted(schema.columns("sessions", era.version)),
        "sessions": {
            story.session["id"]: {
                "source": story.session["source"],
                "title": story.session.get("title") if version >= 4 else None,
                "end_reason": story.session.get("end_reason"),
                "parent": story.session.get("parent_session_id"),
                "message_count": story.session["message_count"] + (story.session["id"] == _LIVE),
                "tool_call_count": story.session["tool_call_count"],
            }
            for story in written
        },
        "rows": rows,
        "jsonl": lines,
    }


def _counts(version: int, story: Story) -> dict[str, int]:
    active = [message.get("active", 1) if version >= 15 else 1 for message in story.messages]
    compacted = [message.get("compacted", 0) if version >= 17 else 0 for message in story.messages]
    return {"rows": len(active), "active": sum(active), "compacted": sum(compacted)}
