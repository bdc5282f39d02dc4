"""Crafted files under every verb: no traceback, no verb over 15 seconds, no memory beyond 500 MB.

Each file is made from a small sound one by a single act. A verb may refuse with exit code 2 and one line.
Each file has a program of its own that does the verbs in turn; one that hangs is killed, and the next verbs follow.
"""

# ruff: noqa: E501  the SQL of a file stands on one line

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from tests.torture import programs, stores

SLOWEST = 15.0
"""Seconds that a verb may take."""
GIVEN_UP = 600.0
"""Seconds by the clock after which a verb is taken for one that hangs; twice `SLOWEST` of CPU end it before."""
LARGEST = 500 * 1024
"""KiB of memory that the program of a file may take."""
CHAIN = 20_000
VERBS: tuple[tuple[str, ...], ...] = (
    ("list", "--json"),
    ("list",),
    ("show", "--json", "s1"),
    ("search", "--json", "heron"),
    ("search", "--json", "--sort", "best", "heron source:cli"),
    ("search", "--json", "--sort", "oldest", "role:user"),
    ("check", "--json"),
    ("repair", "--all", "--dry-run", "--json"),
    ("undo", "20260301-1", "--yes", "--json"),
    ("doctor", "--json"),
    ("--profile", "all", "list", "--json"),
)

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
_MOVED = "PRAGMA legacy_alter_table = ON;" + "".join(
    f"DROP TRIGGER IF EXISTS messages_fts{kind}_{event};"
    for kind in ("", "_trigram")
    for event in ("insert", "delete", "update")
)
_MOVED += "DROP TABLE IF EXISTS messages_fts; DROP TABLE IF EXISTS messages_fts_trigram;"
_OPERATIONS = (
    "CREATE TABLE hermes_tui_operations (operation TEXT, step INTEGER, session_id TEXT, kind TEXT, state TEXT,"
    " started_at REAL, changed_at REAL, entry TEXT, PRIMARY KEY (operation, step));"
)


def _row(entry: str, *, operation: str = "'20260301-1'", step: str = "0") -> str:
    return f"{_OPERATIONS} INSERT INTO hermes_tui_operations VALUES ({operation}, {step}, 's1', 'repair', 'done', 1, 'x', {entry})"


def _schema(act: str) -> str:
    return f"PRAGMA writable_schema = ON; {act}; PRAGMA writable_schema = RESET"


_CHAIN = (
    f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {CHAIN}) INSERT INTO sessions"
    " (id, source, started_at, parent_session_id, end_reason) SELECT 'c' || x, 'cli', 1772000000 + x, {parent},"
    " 'compression' FROM n"
)

FILES: dict[str, str] = {
    "messages are a view": f"{_MOVED} ALTER TABLE messages RENAME TO m2; CREATE VIEW messages AS SELECT * FROM m2",
    "sessions are a view": "PRAGMA legacy_alter_table = ON; ALTER TABLE sessions RENAME TO s2; CREATE VIEW sessions AS SELECT * FROM s2",
    "messages are endless": f"{_MOVED} DROP TABLE messages; CREATE VIEW messages AS {ENDLESS} x AS id, 's1' AS session_id,"
    " 'user' AS role, 'heron' AS content, 1772000000 AS timestamp, 1 AS active, 0 AS compacted FROM n",
    "sessions are endless": f"DROP TABLE sessions; CREATE VIEW sessions AS {ENDLESS} 's' || x AS id, 'cli' AS source,"
    " 1772000000.0 + x AS started_at, NULL AS title FROM n",
    "the index is endless": f"{_MOVED} CREATE VIEW messages_fts AS {ENDLESS} x AS rowid, 'heron' AS content FROM n",
    "the index is a table": f"{_MOVED} CREATE TABLE messages_fts (content, rank)",
    "heartbeats are endless": f"DROP TABLE IF EXISTS gateway_heartbeats; CREATE VIEW gateway_heartbeats AS {ENDLESS}"
    " x AS backend_id, 1772000000 AS last_heartbeat, x AS pid, 'h' AS host FROM n",
    "our table is endless": f"CREATE VIEW hermes_tui_operations AS {ENDLESS} 'o' || x AS operation, 0 AS step,"
    " 's1' AS session_id, 'repair' AS kind, 'done' AS state, 1 AS started_at, 1 AS changed_at, '{}' AS entry FROM n",
    "state_meta is endless": f"DROP TABLE IF EXISTS state_meta; CREATE VIEW state_meta AS {ENDLESS} 'k' || x AS key,"
    " x AS value FROM n",
    "a generated column": "ALTER TABLE messages ADD COLUMN g TEXT AS (upper(content)) VIRTUAL",
    "a generated column of 200 MB": "ALTER TABLE messages ADD COLUMN reasoning2 TEXT AS (hex(zeroblob(100000000)))",
    "generated columns of ours": f"{_MOVED} ALTER TABLE messages RENAME TO m2; CREATE TABLE messages (id INTEGER PRIMARY KEY,"
    " session_id TEXT, role TEXT, content TEXT AS (hex(zeroblob(100000000))), timestamp REAL);"
    " INSERT INTO messages (id, session_id, role, timestamp) SELECT id, session_id, role, timestamp FROM m2",
    "a column with a space": 'ALTER TABLE messages ADD COLUMN "my note" TEXT; ALTER TABLE sessions ADD COLUMN "a ""b"" c" TEXT',
    "a column with a line feed": 'ALTER TABLE messages ADD COLUMN "x\ny; DROP TABLE sessions" TEXT',
    "a column that is no text": _schema(
        "UPDATE sqlite_master SET sql = CAST(replace(CAST(sql AS BLOB), CAST('reasoning TEXT' AS BLOB),"
        " CAST('reasoning TEXT, \"x' AS BLOB) || x'ff' || CAST('\" TEXT' AS BLOB)) AS TEXT) WHERE name = 'messages'"
    ),
    "a table that is no text": _schema(
        "INSERT INTO sqlite_master SELECT 'table', CAST(x'ff41' AS TEXT), CAST(x'ff41' AS TEXT), rootpage,"
        " CAST(CAST('CREATE TABLE \"' AS BLOB) || x'ff41' || CAST('\" (x)' AS BLOB) AS TEXT) FROM sqlite_master"
        " WHERE name = 'schema_version'"
    ),
    "a table with quotes": 'CREATE TABLE "x""; DROP TABLE sessions; --" (a); CREATE INDEX "i "" x" ON messages (role)',
    "a trigger with quotes": 'CREATE TRIGGER "t "" x" AFTER INSERT ON messages BEGIN SELECT 1; END',
    "an unknown collation": _schema(
        "UPDATE sqlite_master SET sql = replace(sql, 'session_id TEXT NOT NULL', 'session_id TEXT NOT NULL COLLATE nope')"
        " WHERE name = 'messages'"
    ),
    "an unknown function": "CREATE TABLE other (a); CREATE VIEW v AS SELECT nope(a) FROM other;"
    " CREATE TRIGGER t AFTER INSERT ON messages BEGIN SELECT nope(1); END",
    "a statement that is none": _schema("UPDATE sqlite_master SET sql = 'garbage' WHERE name = 'messages'"),
    "10,000 tables": "",
    "1,000 columns": "",
    "an entry that is no JSON": _row("'{\"base\": '"),
    "an entry of a megabyte of brackets": _row("replace(hex(zeroblob(500000)), '0', '[')"),
    "an entry of other types": _row('\'{"base": 1e400, "size": "x", "sessions": 3, "rows": {"a": []}, "id": null}\''),
    "an entry of bytes": _row("x'ff00fe'"),
    "an operation without a name": _row("NULL", operation="NULL", step="'x'"),
    "an operation that is a path": _row("'{}'", operation="'../../../../tmp/x'"),
    "our table is another": "CREATE TABLE hermes_tui_operations (a, b)",
    "a chain of 20,000 links": _CHAIN.format(parent="CASE x WHEN 1 THEN NULL ELSE 'c' || (x - 1) END"),
    "a ring of 20,000 links": _CHAIN.format(parent=f"'c' || (x % {CHAIN} + 1)"),
    "20,000 children": _CHAIN.format(parent="'s1'"),
    "a session that is its parent": "UPDATE sessions SET parent_session_id = id",
    "ids of other types": "PRAGMA foreign_keys = OFF; UPDATE sessions SET id = x'ff00' WHERE id = 's2';"
    " UPDATE sessions SET id = NULL WHERE id = 's3'; UPDATE messages SET session_id = 7 WHERE id = 2",
    "a title of 50 MB": "UPDATE sessions SET title = replace(hex(zeroblob(25000000)), '0', 'é') WHERE id = 's1'",
    "a message of 60 MB": "UPDATE messages SET content = replace(hex(zeroblob(30000000)), '0', 'x') WHERE id = 1",
    "a message of 20 MB of NUL": "UPDATE messages SET content = zeroblob(20000000) WHERE id = 1",
    "calls 100,000 deep": "UPDATE messages SET tool_calls = replace(hex(zeroblob(50000)), '0', '[') WHERE id = 1",
    "a model_config 100,000 deep": "UPDATE sessions SET model_config = replace(hex(zeroblob(50000)), '0', '[')",
    "numbers of every kind": "UPDATE messages SET timestamp = 9e999 WHERE id = 1; UPDATE messages SET timestamp = 'soon'"
    " WHERE id = 2; UPDATE sessions SET started_at = -9e999, message_count = 'many', archived = x'00'",
    "ids at the ends": "UPDATE messages SET id = 9223372036854775807 WHERE id = 1; UPDATE messages SET id = -5 WHERE id = 2",
    "no key": f"{_MOVED} CREATE TABLE m2 AS SELECT * FROM messages; DROP TABLE messages; ALTER TABLE m2 RENAME TO messages",
    "no table": f"{_MOVED} DROP TABLE messages; DROP TABLE sessions",
    "markers of every kind": "CREATE TABLE IF NOT EXISTS state_meta (key, value); INSERT INTO state_meta VALUES"
    " ('fts_rebuild_high_water', '9e999'), ('fts_rebuild_progress', x'ff'), (NULL, NULL)",
    "a version that is none": "UPDATE schema_version SET version = 'x'",
}
"""Name of a file and the SQL that makes it; those without SQL are made below."""

RAW: dict[str, Callable[[bytes], bytes]] = {
    "an empty file": lambda _: b"",
    "a text file": lambda _: b"This is no database.\n" * 1_000,
    "a head alone": lambda data: data[:100],
    "half of the file": lambda data: data[: len(data) // 2],
    "a page size of none": lambda data: data[:16] + b"\0\3" + data[18:],
    "a schema page of noise": lambda data: data[:100] + b"\xa5" * 3_996 + data[4_096:],
}
"""Name of a file and what is made of the bytes of a sound one."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    files: int = 0
    verbs: int = 0
    refused: int = 0
    """Verbs that ended with exit code 2 and a line."""
    slowest: float = 0.0
    largest: int = 0
    """MB of memory."""
    wrong: tuple[str, ...] = ()


def run(names: Sequence[str] = ()) -> Outcome:
    """Try all files, or those with these names."""
    outcome = Outcome()
    for name in names or (*FILES, *RAW):
        with stores.folder() as folder:
            programs.answer(lambda: _make(folder, name))  # noqa: B023  it is called at once
            _try(folder / "home", name, outcome)
    return outcome


def _make(folder: Path, name: str) -> None:
    from store import SessionDB

    home = folder / "home"
    (home / "sessions").mkdir(parents=True)
    database = SessionDB(home / "state.db")
    for session in ("s1", "s2", "s3"):
        database.create_session(session, "cli")
        database.append_messages(session, [{"role": "user", "content": f"heron {number}"} for number in range(4)])
    database.close()
    line = json.dumps({"role": "user", "content": "heron of a file", "timestamp": "2026-03-01T10:00:00"}) + "\n"
    (home / "sessions" / "20260301_100000_aaaaaa.jsonl").write_text(line)
    (home / "sessions" / "s1.jsonl").write_text(line)
    connection = apsw.Connection(str(home / "state.db"))
    connection.execute("PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = OFF")
    if sql := _sql(name):
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
        connection.execute(sql)
    connection.close()
    if name in RAW:
        data = (home / "state.db").read_bytes()
        (home / "state.db").write_bytes(RAW[name](data))


def _sql(name: str) -> str:
    if name == "10,000 tables":
        return "BEGIN;" + ";".join(f"CREATE TABLE t{number} (a)" for number in range(10_000)) + ";COMMIT"
    if name == "1,000 columns":
        return ";".join(f"ALTER TABLE messages ADD COLUMN c{number}" for number in range(1_000))
    return FILES.get(name, "")


def _try(home: Path, name: str, outcome: Outcome) -> None:
    outcome.files += 1
    left = list(range(len(VERBS)))
    while left:
        done = 0
        for number, seconds, code, error, memory in _verbs(home, left):
            verb = " ".join(VERBS[number])
            done += 1
            outcome.verbs += 1
            outcome.refused += code == 2
            outcome.slowest = max(outcome.slowest, seconds)
            outcome.largest = max(outcome.largest, memory // 1024)
            if seconds > SLOWEST or "Traceback" in error or code not in (0, 1, 2) or (code == 2 and not error):
                outcome.wrong += (f"{name}: {verb}: {code} in {seconds:.0f} s: {error[-1500:]}",)
            if memory > LARGEST:
                outcome.wrong += (f"{name}: {verb}: {memory // 1024} MB",)
        left = left[done:]


def _verbs(home: Path, numbers: list[int]) -> Iterator[tuple[int, float, int, str, int]]:
    """Number, seconds, exit code, error output and KiB of each verb, until one hangs."""
    command = [sys.executable, "-m", "tests.torture.hostile_files", str(home), *map(str, numbers)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(home.parent / "cache"), "XDG_CONFIG_HOME": str(home.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as child:
        assert child.stdout is not None
        for number in numbers:
            began = time.monotonic()
            ready, _, _ = select.select([child.stdout], [], [], GIVEN_UP)
            line = child.stdout.readline() if ready else ""
            if not line:
                child.kill()
                yield number, time.monotonic() - began, -9 if not ready else child.wait(), "no answer", 0
                return
            yield tuple(json.loads(line))


def _answer(home: str, numbers: Sequence[str]) -> None:
    """Do verbs in this program; CPU time and not the clock, for other programs run beside."""
    from hermes_tui.__main__ import main

    said = os.fdopen(os.dup(1), "w")
    for number in map(int, numbers):
        out, err = io.StringIO(), io.StringIO()
        began = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(began + 2 * SLOWEST), resource.RLIM_INFINITY))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(["--home", home, *VERBS[number]])
            except BaseException:  # noqa: BLE001  it is what is looked for
                code = -1
                err.write(traceback.format_exc())
        seconds = time.process_time() - began
        print(json.dumps([number, seconds, code, err.getvalue(), _most_memory()]), file=said, flush=True)


def _most_memory() -> int:
    """KiB that this program held at most (VmHWM of proc(5)). `ru_maxrss` begins with what its parent held."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


if __name__ == "__main__":
    _answer(sys.argv[1], sys.argv[2:])
