"""Tables, columns and indexes of a fresh `state.db` by schema version (docs/format.md §2.2, §2.3).

Columns stand in the order of a fresh file of the newest version; those of an older version are the ones that it had.
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column, and the first version that has it."""

    since: int
    name: str
    declaration: str


_INTEGER_0, _NOT_NULL_0 = "INTEGER DEFAULT 0", "INTEGER NOT NULL DEFAULT 0"


def _columns(*groups: tuple[int, str, str]) -> tuple[Column, ...]:
    return tuple(Column(since, name, kind) for since, names, kind in groups for name in names.split())


_SESSIONS = _columns(
    (1, "id", "TEXT PRIMARY KEY"),
    (1, "source", "TEXT NOT NULL"),
    (26, "created_source", "TEXT"),
    (1, "user_id", "TEXT"),
    (17, "session_key chat_id chat_type thread_id", "TEXT"),
    (18, "display_name origin_json", "TEXT"),
    (18, "expiry_finalized", _INTEGER_0),
    (1, "model model_config system_prompt", "TEXT"),
    (25, "system_prompt_hash", "TEXT"),
    (1, "parent_session_id", "TEXT"),
    (1, "started_at", "REAL NOT NULL"),
    (1, "ended_at", "REAL"),
    (1, "end_reason", "TEXT"),
    (1, "message_count tool_call_count input_tokens output_tokens", _INTEGER_0),
    (5, "cache_read_tokens cache_write_tokens reasoning_tokens", _INTEGER_0),
    (15, "cwd", "TEXT"),
    (17, "git_branch git_repo_root", "TEXT"),
    (26, "git_metadata_generation", _NOT_NULL_0),
    (5, "billing_provider billing_base_url billing_mode", "TEXT"),
    (5, "estimated_cost_usd actual_cost_usd", "REAL"),
    (5, "cost_status cost_source pricing_version", "TEXT"),
    (4, "title", "TEXT"),
    (26, "title_source", "TEXT"),
    (24, "last_activity_at", "REAL"),
    (24, "last_activity_description last_activity_provenance", "TEXT"),
    (8, "api_call_count", _INTEGER_0),
    (12, "handoff_state handoff_platform handoff_error", "TEXT"),
    (18, "compression_failure_cooldown_until", "REAL"),
    (18, "compression_failure_error", "TEXT"),
    (22, "compression_fallback_streak", _NOT_NULL_0),
    (24, "compression_ineffective_count", _NOT_NULL_0),
    (26, "compression_recovery_deadline", "REAL"),
    (26, "compression_overload_streak", _NOT_NULL_0),
    (22, "profile_name", "TEXT"),
    (26, "transport_profile", "TEXT"),
    (15, "rewind_count archived", _NOT_NULL_0),
    (31, "auto_archived", _NOT_NULL_0),
    (24, "pinned", _NOT_NULL_0),
    (26, "hidden", _NOT_NULL_0),
    (26, "last_read_at", "REAL"),
    (26, "tool_names", "TEXT"),
)
_MESSAGES = _columns(
    (1, "id", "INTEGER PRIMARY KEY AUTOINCREMENT"),
    (1, "session_id", "TEXT NOT NULL REFERENCES sessions(id)"),
    (1, "role", "TEXT NOT NULL"),
    (1, "content tool_call_id tool_calls tool_name", "TEXT"),
    (20, "effect_disposition", "TEXT"),
    (1, "timestamp", "REAL NOT NULL"),
    (1, "token_count", "INTEGER"),
    (2, "finish_reason", "TEXT"),
    (6, "reasoning", "TEXT"),
    (7, "reasoning_content", "TEXT"),
    (6, "reasoning_details codex_reasoning_items", "TEXT"),
    (9, "codex_message_items", "TEXT"),
    (12, "platform_message_id", "TEXT"),
    (13, "observed", _INTEGER_0),
    (26, "_compressed_summary", _NOT_NULL_0),
    (15, "active", "INTEGER NOT NULL DEFAULT 1"),
    (17, "compacted", _NOT_NULL_0),
    (23, "api_content", "TEXT"),
    (24, "display_kind display_metadata", "TEXT"),
    (26, "display_identity", "BLOB"),
    (26, "display_order", "INTEGER"),
    (31, "message_uid absorbed_message_uids tool_call_uids tool_call_uid", "TEXT"),
)
_COLUMNS = {"sessions": _SESSIONS, "messages": _MESSAGES}

_FAMILY = ("FOREIGN KEY (parent_session_id) REFERENCES sessions(id)",)
_PROMPT = ("FOREIGN KEY (system_prompt_hash) REFERENCES system_prompts(hash)",)
_SHOWN = "WHERE active = 1 OR compacted = 1"
_UPDATE_ORDER = (
    "UPDATE messages SET display_order = COALESCE((SELECT display_order FROM messages WHERE session_id ="
    " new.session_id AND id <> new.id AND (active = 1 OR compacted = 1) AND display_identity = new.display_identity"
    " AND display_order IS NOT NULL ORDER BY display_order LIMIT 1), new.id) WHERE id = new.id"
)

_STATEMENTS = (
    (8, "CREATE TABLE state_meta (key TEXT PRIMARY KEY, value TEXT)"),
    (
        14,
        (
            "CREATE TABLE compression_locks (session_id TEXT PRIMARY KEY, holder TEXT NOT NULL,"
            " acquired_at REAL NOT NULL, expires_at REAL NOT NULL)"
        ),
    ),
    (
        19,
        (
            "CREATE TABLE gateway_routing (scope TEXT NOT NULL DEFAULT '', session_key TEXT NOT NULL,"
            " entry_json TEXT NOT NULL, updated_at REAL NOT NULL, PRIMARY KEY (scope, session_key))"
        ),
    ),
    (
        22,
        (
            "CREATE TABLE session_model_usage (session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,"
            " model TEXT NOT NULL, task TEXT NOT NULL DEFAULT '', input_tokens INTEGER NOT NULL DEFAULT 0,"
            " output_tokens INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (session_id, model, task))"
        ),
    ),
    (25, "CREATE TABLE system_prompts (hash TEXT PRIMARY KEY, prompt TEXT NOT NULL)"),
    (
        26,
        (
            "CREATE TABLE session_turn_leases (conversation_id TEXT PRIMARY KEY, holder TEXT NOT NULL,"
            " acquired_at REAL NOT NULL, expires_at REAL NOT NULL)"
        ),
    ),
    (1, "CREATE INDEX idx_sessions_source ON sessions(source)"),
    (15, "CREATE INDEX idx_sessions_source_id ON sessions(source, id)"),
    (1, "CREATE INDEX idx_sessions_parent ON sessions(parent_session_id)"),
    (1, "CREATE INDEX idx_sessions_started ON sessions(started_at DESC)"),
    (1, "CREATE INDEX idx_messages_session ON messages(session_id, timestamp)"),
    (4, "CREATE UNIQUE INDEX idx_sessions_title_unique ON sessions(title) WHERE title IS NOT NULL"),
    (
        12,
        (
            "CREATE INDEX idx_messages_platform_msg_id ON messages(session_id, platform_message_id)"
            " WHERE platform_message_id IS NOT NULL"
        ),
    ),
    (15, "CREATE INDEX idx_messages_session_active ON messages(session_id, active, timestamp)"),
    (17, "CREATE INDEX idx_sessions_session_key ON sessions(session_key, started_at DESC)"),
    (20, "CREATE INDEX idx_messages_active_null ON messages(active) WHERE active IS NULL"),
    (24, "CREATE INDEX idx_messages_session_id ON messages(session_id, id)"),
    (
        25,
        (
            "CREATE INDEX idx_messages_assistant_calls_by_session ON messages(session_id)"
            " WHERE role = 'assistant' AND tool_calls IS NOT NULL"
        ),
    ),
    (25, "CREATE INDEX idx_sessions_system_prompt_hash ON sessions(system_prompt_hash)"),
    (
        26,
        f"CREATE INDEX idx_messages_display_page ON messages(session_id, display_order, active DESC, id DESC) {_SHOWN}",
    ),
    (
        26,
        (
            "CREATE INDEX idx_sessions_effective_activity"
            " ON sessions(COALESCE(last_activity_at, started_at) DESC, started_at DESC)"
        ),
    ),
    (
        26,
        (
            "CREATE TRIGGER messages_display_order_insert AFTER INSERT ON messages WHEN new.display_order IS NULL"
            f" BEGIN {_UPDATE_ORDER}; END"
        ),
    ),
)


def columns(table: str, version: int) -> list[str]:
    """The names of the columns that a table has in a version."""
    return [column.name for column in _COLUMNS[table] if column.since <= version]


def statements(version: int) -> list[str]:
    """The statements that make a fresh file of a version, without its full-text indexes."""
    constraints = {"sessions": _FAMILY + (_PROMPT if version >= 25 else ()), "messages": ()}
    tables = []
    for table, known in _COLUMNS.items():
        declared = [f"{column.name} {column.declaration}" for column in known if column.since <= version]
        tables.append(f"CREATE TABLE {table} ({', '.join([*declared, *constraints[table]])})")
    number = [
        "CREATE TABLE schema_version (version INTEGER NOT NULL)",
        f"INSERT INTO schema_version VALUES ({version})",
    ]
    return [*number, *tables, *(statement for since, statement in _STATEMENTS if since <= version)]


def upgrade(born: int, version: int) -> list[str]:
    """The statements by which a later Hermes brings a file to its own version: columns are added at the end."""
    added = [
        f"ALTER TABLE {table} ADD COLUMN {column.name} {column.declaration}"
        for table, known in _COLUMNS.items()
        for column in known
        if born < column.since <= version
    ]
    later = [statement for since, statement in _STATEMENTS if born < since <= version]
    return [*added, *later, f"UPDATE schema_version SET version = {version}"]
