"""Structure that forbids a write: known triggers are known however they are written, everything else is refused.

SQLite is the oracle for the parser: it reports, while it compiles a statement, what each trigger writes.

Mutants that these tests were seen to catch: names compared with their quotes; comments or strings read as SQL; only the
first statement of a body; RAISE let through; the columns in brackets of a SET list left out; OR REPLACE let through;
any virtual table taken for an index; keys, types, required columns, tables that follow by a foreign key not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sqlite.base.trigger_sql import NotUnderstood, Write, full_text_table, parse_trigger
from store.sqlite.base.write_obstacles import obstacles
from tests.store.sqlite_files import make, run


def found(path: Path) -> tuple[str, ...]:
    connection = apsw.Connection(str(path))
    try:
        return obstacles(connection)
    finally:
        connection.close()


@pytest.fixture
def v31(era_home: Callable[[str], Path]) -> Path:
    return era_home("v31") / ".hermes" / "state.db"


def test_no_known_hermes_has_an_obstacle(each_home: Path) -> None:
    assert found(each_home / ".hermes" / "state.db") == ()


def test_a_file_without_tables_has_none(tmp_path: Path) -> None:
    run(tmp_path / "empty.db", "VACUUM")
    assert found(tmp_path / "empty.db") == ()


KNOWN = [
    "CREATE TRIGGER t AFTER INSERT ON messages BEGIN INSERT INTO messages_fts(rowid) VALUES (new.id); END",
    "create trigger t after insert on messages begin insert into MESSAGES_FTS(rowid) values (new.id); end",
    'CREATE TRIGGER [t x] AFTER INSERT ON "messages" FOR EACH ROW BEGIN DELETE FROM `messages_fts`; END',
    "CREATE TRIGGER t AFTER DELETE ON messages BEGIN DELETE FROM 'messages_fts' WHERE rowid = old.id; END",
    (
        "CREATE TRIGGER t AFTER UPDATE OF content, role ON messages WHEN new.id > (SELECT 1) BEGIN"
        " INSERT OR REPLACE INTO messages_fts(rowid) SELECT 1 WHERE 'DELETE FROM messages;' <> '';"
        " REPLACE INTO messages_fts(rowid) VALUES (1); END"
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON messages /* ; DELETE FROM messages */ BEGIN -- UPDATE messages SET x = 1;\n"
        "UPDATE messages SET display_order = CASE WHEN new.id = 1 THEN 2 ELSE (SELECT max(id, 1) FROM messages) END,"
        ' "display_identity" = NULL WHERE id = new.id; END'
    ),
    "CREATE TRIGGER t AFTER INSERT ON messages BEGIN UPDATE messages SET (display_order, [display_kind]) = (1, 2); END",
    "CREATE TRIGGER t AFTER INSERT ON messages WHEN new.begin = 1 BEGIN DELETE FROM messages_fts; END",
]
BODIES = [
    "DELETE FROM messages WHERE id < new.id",
    "UPDATE messages SET content = 'x' WHERE id = new.id",
    "UPDATE messages SET display_order = 1, content = 2",
    "UPDATE messages SET (display_order, content) = (1, 2)",
    'UPDATE messages SET display_order = (SELECT 1), "content" = 2',
    "UPDATE messages SET display_order = CASE WHEN 1 THEN 2 END, [role] = 'x'",
    "UPDATE OR REPLACE messages SET display_order = 1",
    "UPDATE sessions SET display_name = 'x'",
    "UPDATE sessions SET message_count = 0",
    "INSERT INTO audit VALUES (new.content)",
    "INSERT INTO messages_fts_data VALUES (1, 'x')",
    'INSERT INTO "audit"/*messages_fts*/ SELECT 1',
    "INSERT INTO/* */messages(session_id, role, timestamp) VALUES ('messages_fts', 'x', 1)",
    "REPLACE INTO audit VALUES (1)",
    "INSERT INTO words(rowid) VALUES (1)",
    "SELECT 1",
    "SELECT RAISE(IGNORE)",
    "INSERT INTO messages_fts(rowid) SELECT RAISE(IGNORE)",
    "INSERT INTO messages_fts(rowid) VALUES (1); DELETE FROM sessions",
    "DELETE FROM messages_fts; UPDATE/**/messages/**/SET/**/role/**/='x'",
    "DELETE FROM messages_fts; SELECT raise /* */ (ABORT, 'no')",
    "DELETE FROM messages_fts --\n; DELETE FROM audit",
    "DELETE FROM messages_fts WHERE rowid = '--'; DELETE FROM audit WHERE x = '--'",
    "DELETE FROM messages_fts WHERE rowid = \"/*\"; DELETE FROM audit WHERE x = '*/'",
    "DELETE FROM messages_fts WHERE rowid = 'it''s'; DELETE FROM audit",
    "DELETE FROM [messages_fts]; DELETE FROM [audit]",
]
"""Bodies that no Hermes has."""
SETUP = (
    "CREATE TABLE audit(x); CREATE VIRTUAL TABLE /* USING fts5( */ words USING fts5vocab(messages_fts, 'row');"
    "ALTER TABLE messages ADD COLUMN begin"
)


@pytest.mark.parametrize("sql", KNOWN, ids=range(len(KNOWN)))
def test_a_trigger_that_writes_indexes_or_display_columns_is_known(v31: Path, sql: str) -> None:
    run(v31, SETUP)
    run(v31, sql)
    assert found(v31) == ()


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("event", ["BEFORE INSERT ON messages", "AFTER UPDATE ON sessions", "AFTER DELETE ON Messages"])
def test_a_trigger_that_does_anything_else_is_not(v31: Path, body: str, event: str) -> None:
    run(v31, SETUP)
    own = event.rsplit(maxsplit=1)[-1].lower()
    try:
        run(v31, f"CREATE TRIGGER messages_fts_insert2 {event} BEGIN {body}; END")
    except apsw.SQLError:  # names a row that this event does not have
        run(v31, f"CREATE TRIGGER messages_fts_insert2 {event} BEGIN {body.replace('new.', 'old.')}; END")
    known = "display_name" in body and own == "sessions"
    assert found(v31) == (() if known else ("the trigger messages_fts_insert2 does what no known Hermes does",))


def test_a_trigger_on_a_table_that_is_not_written_is_left_alone(v31: Path) -> None:
    run(v31, "CREATE TABLE audit(x); CREATE TRIGGER a AFTER INSERT ON audit BEGIN DELETE FROM audit; SELECT 1; END")
    assert found(v31) == ()


def test_a_table_whose_rows_follow_by_a_foreign_key_is_written(v31: Path) -> None:
    run(
        v31,
        "CREATE TABLE child(x REFERENCES sessions(id) ON DELETE CASCADE, y PRIMARY KEY);"
        "CREATE TABLE grandchild(y REFERENCES child(y) ON UPDATE SET NULL);"
        "CREATE TRIGGER g AFTER UPDATE ON grandchild BEGIN DELETE FROM messages; END",
    )
    assert found(v31) == ("the trigger g does what no known Hermes does",)


def test_a_plain_table_that_is_called_like_an_index_is_none(tmp_path: Path) -> None:
    path = make(tmp_path, "one")
    run(path, "DROP TABLE messages_fts")
    run(path, "CREATE TABLE messages_fts(content)")
    assert "the trigger messages_fts_insert does what no known Hermes does" in found(path)


UNFILLED = "must be filled (NOT NULL, no default), and its meaning is not known"
KEY = "has another type or is another key"
CHANGES = {
    "ALTER TABLE messages ADD COLUMN later TEXT; ALTER TABLE sessions ADD COLUMN later INTEGER DEFAULT 3": "",
    "ALTER TABLE messages ADD COLUMN later TEXT NOT NULL DEFAULT 'x'": "",
    "ALTER TABLE messages ADD COLUMN later INT NOT NULL GENERATED ALWAYS AS (id) VIRTUAL": "",
    "CREATE TABLE more(x NOT NULL); CREATE INDEX later ON messages(role)": "",
    "messages: later TEXT NOT NULL": f"messages.later {UNFILLED}",
    "sessions: later REAL NOT NULL": f"sessions.later {UNFILLED}",
    "messages: id INTEGER PRIMARY KEY AUTOINCREMENT -> id TEXT PRIMARY KEY": f"messages.id {KEY}",
    "messages: id INTEGER PRIMARY KEY AUTOINCREMENT -> id INTEGER": f"messages.id {KEY}",
    "messages: session_id TEXT NOT NULL -> session_id INTEGER NOT NULL": (f"messages.session_id {KEY}"),
    "sessions: id TEXT PRIMARY KEY -> id INTEGER PRIMARY KEY": f"sessions.id {KEY}",
    "sessions: id TEXT PRIMARY KEY -> id TEXT": f"sessions.id {KEY}",
    "messages: content TEXT -> body TEXT": "messages has no column content",
    "messages: role TEXT NOT NULL -> role TEXT NOT NULL UNIQUE ON CONFLICT REPLACE": (
        "messages replaces rows by itself (ON CONFLICT)"
    ),
}
"""Change of a file of ours -> the obstacle; "" for none. `table: column` and `table: before -> after` edit its SQL."""


@pytest.mark.parametrize(("change", "obstacle"), CHANGES.items(), ids=range(len(CHANGES)))
def test_each_change_of_a_table_is_judged(tmp_path: Path, change: str, obstacle: str) -> None:
    path = make(tmp_path)
    table, colon, edit = change.partition(": ")
    if not colon:
        run(path, change)
    else:
        for name in [str(name) for (name,) in run(path, "SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            run(path, f"DROP TRIGGER {name}")
        [(sql,)] = run(path, f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'")
        before, arrow, after = edit.partition(" -> ")
        changed = str(sql).replace(before, after, 1) if arrow else str(sql).replace("(", f"({before}, ", 1)
        assert changed != sql
        run(path, f"PRAGMA foreign_keys = OFF; DROP TABLE {table}")
        run(path, changed)
    assert found(path) == ((obstacle,) if obstacle else ())


def test_a_view_in_place_of_a_table_is_an_obstacle(tmp_path: Path) -> None:
    path = make(tmp_path)
    run(path, "ALTER TABLE sessions RENAME TO kept; CREATE VIEW sessions AS SELECT * FROM kept")
    assert "sessions is no table" in found(path)


NAMES = st.sampled_from(["t1", '"t1"', "[T1]", "`t2`", "'t2'", "T2", '"two""x"', "[t;3]"])
NOISE = st.sampled_from([" ", "\n", "/* ; DELETE FROM t1; */", "-- ; x = 'y\n", "\t"])
VALUES = st.sampled_from(
    [
        "1",
        "'a;b'",
        '"a"',
        "new.b",
        "CASE WHEN 1 THEN 'END;' ELSE 2 END",
        "x'00'",
        "'it''s, c = 1'",
        "(1)",
    ]
)
COLUMNS = st.sampled_from(["a", '"B"', "[c]", "`display_x`", "DISPLAY_Y"])
SETS = st.lists(st.builds("{} = {}".format, COLUMNS, VALUES), min_size=1, max_size=3)
STATEMENTS = st.one_of(
    st.builds("DELETE{0}FROM{0}{1}".format, NOISE, NAMES),
    st.builds("INSERT{0}INTO{0}{1}{0}(a)SELECT {2}".format, NOISE, NAMES, VALUES),
    st.builds("INSERT{0}OR IGNORE INTO{0}{1}{0}(b) VALUES (2)".format, NOISE, NAMES),
    st.builds(lambda gap, name, sets: f"UPDATE{gap}{name}{gap}SET{gap}{', '.join(sets)}", NOISE, NAMES, SETS),
    st.builds(
        "UPDATE {} SET (c, {}) = (SELECT 1, 2) WHERE b = 'SET c = 3'".format,
        NAMES,
        COLUMNS.filter(lambda name: name != "a"),
    ),
)


@pytest.mark.slow
@given(st.lists(STATEMENTS, min_size=1, max_size=4), NOISE)
def test_the_parser_finds_what_sqlite_reports(statements: list[str], gap: str) -> None:
    connection = apsw.Connection(":memory:")
    for name in ('"t1"', '"t2"', '"two""x"', '"t;3"', "source"):
        connection.execute(f"CREATE TABLE {name}(a, b, c, display_x, display_y)")
    sql = f"CREATE TRIGGER x{gap}AFTER INSERT ON source{gap}WHEN new.a <> 'BEGIN DELETE'{gap}BEGIN{gap}" + ";".join(
        [*statements, f"{gap}END"]
    )
    connection.execute(sql)
    [(stored,)] = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    reported: set[tuple[int, str, str | None]] = set()

    def authorize(action: int, first: str | None, second: str | None, _: str | None, trigger: str | None) -> int:
        if trigger and action in (apsw.SQLITE_INSERT, apsw.SQLITE_DELETE, apsw.SQLITE_UPDATE):
            reported.add((action == apsw.SQLITE_UPDATE, str(first).lower(), second and second.lower()))
        return apsw.SQLITE_OK

    connection.authorizer = authorize
    connection.execute("EXPLAIN INSERT INTO source DEFAULT VALUES").fetchall()
    parsed = parse_trigger(str(stored))
    own = {
        (write.columns is not None, write.table, column)
        for write in parsed.writes
        for column in (write.columns if write.columns is not None else [None])
    }
    assert own == reported
    assert (parsed.table, parsed.raises) == ("source", False)


@pytest.mark.slow
@given(st.text(st.sampled_from("CREATE TRIGGER ON BEGIN END;'\"[]`-/*()=,.\n\x00") | st.characters(), max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    for sql in (text, KNOWN[0][:40] + text, KNOWN[0] + text):
        try:
            parse_trigger(sql)
        except NotUnderstood:
            pass
        full_text_table(sql)


def test_a_cut_or_unended_trigger_is_not_understood() -> None:
    for end in range(len(KNOWN[0]) - 1):
        with pytest.raises(NotUnderstood):
            parse_trigger(KNOWN[0][:end])
    assert parse_trigger(KNOWN[0]).writes == (Write("messages_fts", None),)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE VIRTUAL TABLE messages_fts USING fts5(content)", "messages_fts"),
        ("CREATE VIRTUAL TABLE [A b] USING \"FTS5\"(content, tokenize='x')", "a b"),
        ("CREATE VIRTUAL TABLE a USING/* */fts5(b)", "a"),
        ("CREATE VIRTUAL TABLE a USING fts5vocab(b, 'row')", None),
        ("CREATE VIRTUAL TABLE a /* USING fts5 */ USING rtree(b, c, d)", None),
        ("CREATE TABLE a(b DEFAULT 'USING fts5')", None),
    ],
)
def test_only_fts5_makes_an_index(sql: str, name: str | None) -> None:
    assert full_text_table(sql) == name
