"""Empty state.db files as Hermes of other versions has them: columns, constraints, tables and indexes of words.

Columns by version: docs/format.md §2.3; indexes of words: `tests.store.fts_layouts`.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from store.sqlite.connect import create
from tests.store import fts_layouts

ERAS = {
    "sqlite-v6-A": (6, "A"),
    "sqlite-v10-A'": (10, "A'"),
    "sqlite-v22-B": (22, "B"),
    "sqlite-v25-C1": (25, "C1"),
    "sqlite-v31-C3": (31, "C3"),
}
"""Name -> schema version and layout of the full-text indexes."""

MESSAGES_SINCE = {
    10: ("reasoning_content", "codex_message_items"),
    22: ("platform_message_id", "observed", "effect_disposition", "active", "compacted", "api_content"),
    25: ("display_kind", "display_metadata"),
    31: ("_compressed_summary", "display_identity", "display_order"),
}
"""Columns of `messages` that later ones of these versions brought."""

SESSIONS_SINCE = {
    10: ("api_call_count",),
    22: (
        *("session_key", "chat_id", "chat_type", "thread_id", "display_name", "origin_json", "expiry_finalized"),
        *("cwd", "git_branch", "git_repo_root", "handoff_state", "handoff_platform", "handoff_error"),
        *("compression_failure_cooldown_until", "compression_failure_error", "compression_fallback_streak"),
        *("profile_name", "rewind_count", "archived"),
    ),
    25: ("system_prompt_hash", "last_activity_at", "pinned"),
    31: ("hidden", "created_source", "auto_archived"),
}

_TABLES_SINCE_22 = ("session_model_usage", "gateway_routing", "compression_locks", "async_delegations")
_INDEXES_SINCE_22 = (
    *("idx_sessions_source_id", "idx_messages_platform_msg_id", "idx_messages_session_active"),
    *("idx_messages_active_null", "idx_sessions_session_key", "idx_sessions_gateway_peer"),
    "idx_sessions_handoff_state",
)
_TYPES = {
    **dict.fromkeys(("pinned", "hidden", "auto_archived", "_compressed_summary"), "INTEGER NOT NULL DEFAULT 0"),
    **dict.fromkeys(("display_order", "last_activity_at"), "INTEGER"),
    "display_identity": "BLOB",
}
_SQL_25 = (
    "CREATE TABLE system_prompts (hash TEXT PRIMARY KEY, prompt TEXT NOT NULL);"
    "CREATE INDEX idx_messages_session_id ON messages(session_id, id);"
)
_SQL_31 = (
    "CREATE TABLE session_turn_leases (conversation_id TEXT PRIMARY KEY, holder TEXT NOT NULL,"
    " acquired_at REAL NOT NULL, expires_at REAL NOT NULL);"
    "CREATE TRIGGER messages_display_order_insert AFTER INSERT ON messages WHEN new.display_order IS NULL BEGIN"
    " UPDATE messages SET display_order = COALESCE((SELECT display_order FROM messages WHERE"
    " session_id = new.session_id AND id <> new.id AND (active = 1 OR compacted = 1)"
    " AND display_identity = new.display_identity AND display_order IS NOT NULL ORDER BY display_order LIMIT 1),"
    " new.id) WHERE id = new.id; END;"
)


def make(path: Path, era: str) -> None:
    """An empty store of an era; nothing of it is left in a WAL.

    Args:
        era: One of `ERAS`.
    """
    version, layout = ERAS[era]
    create.create(path)
    fts_layouts.turn_into(path, layout)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA foreign_keys = OFF")
    with connection:
        for statement in _changes(version):
            connection.execute(statement)
        connection.execute(f"UPDATE schema_version SET version = {version}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def lacking(version: int, since: dict[int, tuple[str, ...]]) -> frozenset[str]:
    """The columns that came after a version."""
    return frozenset(name for first, names in since.items() if first > version for name in names)


def _changes(version: int) -> list[str]:
    """From the tables of version 22 to those of another one."""
    found: list[str] = []
    if version < 22:
        found += [f"DROP INDEX {name}" for name in _INDEXES_SINCE_22]
        found += [f"DROP TABLE {name}" for name in _TABLES_SINCE_22]
    for table, since in (("messages", MESSAGES_SINCE), ("sessions", SESSIONS_SINCE)):
        for first, names in since.items():
            if version < first <= 22:
                found += [f"ALTER TABLE {table} DROP COLUMN {name}" for name in names]
            if 22 < first <= version:
                found += [f"ALTER TABLE {table} ADD COLUMN {name} {_TYPES.get(name, 'TEXT')}" for name in names]
    return found + [_SQL_25] * (version >= 25) + [_SQL_31] * (version >= 31)
