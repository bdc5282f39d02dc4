"""Full-text indexes as Hermes of other versions has them, put into a store of ours in place of its own.

The statements are those of real homes, those of A with the gates of later triggers (docs/format.md §2.4), with
what repeats written once.
"""

from __future__ import annotations

from pathlib import Path

import apsw

FTS, TRIGRAM = "messages_fts", "messages_fts_trigram"
LAYOUTS = ("B", "C1", "C3")

_BOUND = "COALESCE((SELECT CAST(value AS INTEGER) FROM state_meta WHERE key = 'fts_rebuild_{}'), -1)"
_GATE = f"({{0}}.id > {_BOUND.format('high_water')} OR {{0}}.id <= {_BOUND.format('progress')})"
_LISTED = (
    "EXISTS (SELECT 1 FROM sessions WHERE id = {0}.session_id AND source NOT IN ('cron', 'subagent') AND"
    " json_extract((CASE WHEN json_valid(model_config) THEN model_config ELSE json_object() END), '$._delegate_from')"
    " IS NULL)"
)
_CUT = "CASE WHEN {0}.role = 'tool' THEN substr(COALESCE({0}.content, ''), 1, 8192) ELSE {0}.content END"
_DROPS = "".join(
    f"DROP TABLE IF EXISTS {table}; DROP VIEW IF EXISTS {table}_src;"
    + "".join(f"DROP TRIGGER IF EXISTS {table}_{event};" for event in ("insert", "delete", "update"))
    for table in (FTS, TRIGRAM)
)


def _index(table: str, columns: dict[str, str], source: str, *, tokenizer: str = "", when: str = "1") -> str:
    """A table of an external content and its three triggers; `columns` are name -> what a row has of it."""
    names = ", ".join(columns)
    news = ", ".join(value.format("new") for value in columns.values())
    olds = ", ".join(value.format("old") for value in columns.values())
    put = f"INSERT INTO {table}(rowid, {names}) SELECT new.id, {news} WHERE {when.format('new')};"
    drop = f"INSERT INTO {table}({table}, rowid, {names}) SELECT 'delete', old.id, {olds} WHERE {when.format('old')};"
    changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in (*columns, "role"))
    return (
        f"CREATE VIRTUAL TABLE {table} USING fts5({names}, content='{source}', content_rowid='id'{tokenizer});"
        f"CREATE TRIGGER {table}_insert AFTER INSERT ON messages WHEN {_GATE.format('new')} BEGIN {put} END;"
        f"CREATE TRIGGER {table}_delete AFTER DELETE ON messages WHEN {_GATE.format('old')} BEGIN {drop} END;"
        f"CREATE TRIGGER {table}_update AFTER UPDATE ON messages WHEN ({changed}) AND {_GATE.format('old')}"
        f" BEGIN {drop} {put} END;"
        f"INSERT INTO {table}({table}) VALUES ('rebuild');"
    )


_COLUMNS = {name: f"{{0}}.{name}" for name in ("content", "tool_name", "tool_calls")}
_TOKENIZER = ", tokenize='trigram'"

_CONTENT = {"content": "{0}.content"}

STATEMENTS = {
    "A": _index(FTS, _CONTENT, "messages"),
    "A'": _index(FTS, _CONTENT, "messages") + _index(TRIGRAM, _CONTENT, "messages", tokenizer=_TOKENIZER),
    "C2": _index(FTS, _COLUMNS, "messages")
    + f"CREATE VIEW {TRIGRAM}_src AS SELECT id, role, content, tool_name FROM messages WHERE role <> 'tool';"
    + _index(
        TRIGRAM,
        {name: _COLUMNS[name] for name in ("content", "tool_name")},
        f"{TRIGRAM}_src",
        tokenizer=_TOKENIZER,
        when="{0}.role <> 'tool'",
    ),
    "C1": _index(FTS, _COLUMNS, "messages")
    + f"CREATE VIEW {TRIGRAM}_src AS SELECT id, role, content, tool_name, tool_calls FROM messages"
    " WHERE role <> 'tool';"
    + _index(TRIGRAM, _COLUMNS, f"{TRIGRAM}_src", tokenizer=_TOKENIZER, when="{0}.role <> 'tool'"),
    "C3": f"CREATE VIEW {FTS}_src AS SELECT id, {_CUT.format('messages')} AS content, tool_name, tool_calls"
    " FROM messages;"
    + _index(FTS, {**_COLUMNS, "content": _CUT}, f"{FTS}_src")
    + f"CREATE VIEW {TRIGRAM}_src AS SELECT id, role, content, tool_name FROM messages"
    f" WHERE role <> 'tool' AND {_LISTED.format('messages')};"
    + _index(
        TRIGRAM,
        {name: _COLUMNS[name] for name in ("content", "tool_name")},
        f"{TRIGRAM}_src",
        tokenizer=_TOKENIZER,
        when=f"{{0}}.role <> 'tool' AND {_LISTED}",
    ),
}


def turn_into(path: Path, layout: str) -> None:
    """Give a store of ours, at rest, the indexes of another Hermes."""
    if layout not in STATEMENTS:
        return
    connection = apsw.Connection(str(path))
    with connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS state_meta (key TEXT PRIMARY KEY, value TEXT); {_DROPS}")
        connection.execute(STATEMENTS[layout])
        version = {"A": 6, "A'": 10, "C1": 23, "C2": 25, "C3": 31}[layout]
        connection.execute(f"UPDATE schema_version SET version = {version}")
        if layout == "C3":
            connection.execute("INSERT OR REPLACE INTO state_meta VALUES ('fts_storage_version', '3')")
    connection.close()
