"""The full-text layouts of Hermes as statements: A, A', B, C1, C2, C3 (docs/format.md §2.4)."""

from __future__ import annotations

from tests.store.fts_layouts import FTS, STATEMENTS, TRIGRAM

_TRIGRAM_WORDS = ", tokenize='trigram'"
_ALL_TEXT = "COALESCE(new.content, '') || ' ' || COALESCE(new.tool_name, '') || ' ' || COALESCE(new.tool_calls, '')"


def _external(table: str, tokenizer: str = "") -> str:
    """Layout A: one column over the rows themselves; an update takes the old text out and puts the new one in."""
    drop = f"INSERT INTO {table}({table}, rowid, content) VALUES ('delete', old.id, old.content);"
    return _triggers(
        f"CREATE VIRTUAL TABLE {table} USING fts5(content, content=messages, content_rowid=id{tokenizer});",
        table,
        f"INSERT INTO {table}(rowid, content) VALUES (new.id, new.content);",
        drop,
    )


def _inline(table: str, tokenizer: str = "") -> str:
    """Layout B: one column with a text of its own, content, tool name and tool calls joined."""
    return _triggers(
        f"CREATE VIRTUAL TABLE {table} USING fts5(content{tokenizer});",
        table,
        f"INSERT INTO {table}(rowid, content) VALUES (new.id, {_ALL_TEXT});",
        f"DELETE FROM {table} WHERE rowid = old.id;",
    )


def _triggers(create: str, table: str, put: str, drop: str) -> str:
    return (
        f"{create} CREATE TRIGGER {table}_insert AFTER INSERT ON messages BEGIN {put} END;"
        f"CREATE TRIGGER {table}_delete AFTER DELETE ON messages BEGIN {drop} END;"
        f"CREATE TRIGGER {table}_update AFTER UPDATE ON messages BEGIN {drop} {put} END;"
    )


LAYOUTS = {
    "A": _external(FTS),
    "A'": _external(FTS) + _external(TRIGRAM, _TRIGRAM_WORDS),
    "B": _inline(FTS) + _inline(TRIGRAM, _TRIGRAM_WORDS),
    **{name: STATEMENTS[name] for name in ("C1", "C2", "C3")},
}
