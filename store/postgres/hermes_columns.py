"""Columns of Hermes' sessions and messages with their types on PostgreSQL (docs/postgres.md §4)."""

from __future__ import annotations

_SESSIONS = {
    "text": "source created_source user_id session_key chat_id chat_type thread_id display_name origin_json model"
    " model_config system_prompt system_prompt_hash parent_session_id end_reason cwd git_branch git_repo_root"
    " billing_provider billing_base_url billing_mode cost_status cost_source pricing_version title title_source"
    " last_activity_description last_activity_provenance handoff_state handoff_platform handoff_error"
    " compression_failure_error profile_name transport_profile tool_names",
    "double precision": "started_at ended_at estimated_cost_usd actual_cost_usd last_activity_at"
    " compression_failure_cooldown_until compression_recovery_deadline last_read_at",
    "bigint DEFAULT 0": "expiry_finalized message_count tool_call_count input_tokens output_tokens cache_read_tokens"
    " cache_write_tokens reasoning_tokens git_metadata_generation api_call_count compression_fallback_streak"
    " compression_ineffective_count compression_overload_streak rewind_count archived auto_archived pinned hidden",
}
_MESSAGES = {
    "text": "role content tool_call_id tool_calls tool_name effect_disposition finish_reason reasoning"
    " reasoning_content reasoning_details codex_reasoning_items codex_message_items platform_message_id api_content"
    " display_kind display_metadata message_uid absorbed_message_uids tool_call_uids tool_call_uid",
    "double precision": "timestamp",
    "bigint": "token_count display_order",
    "bigint DEFAULT 0": "observed _compressed_summary compacted",
    "bigint DEFAULT 1": "active",
    "bytea": "display_identity",
}


def columns(table: str) -> frozenset[str]:
    """Fields of a session or a message in a new schema."""
    return frozenset(kinds(table))


def kinds(table: str) -> dict[str, str]:
    """Column -> its declaration, of the fields of a session or a message."""
    return _groups(table) | ({"id": "text"} if table == "sessions" else {"id": "bigint", "session_id": "text"})


def declared(table: str) -> str:
    """The columns but the keys, for CREATE TABLE."""
    return ", ".join(f'"{name}" {kind}' for name, kind in _groups(table).items())


def _groups(table: str) -> dict[str, str]:
    groups = _SESSIONS if table == "sessions" else _MESSAGES
    return {name: kind for kind, names in groups.items() for name in names.split()}
