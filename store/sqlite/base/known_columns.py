"""Tables and columns of Hermes up to schema 31 (docs/format.md §2.2, §2.3): by these the doctor says what is unknown.

Nothing is read or written by them: what a file has is looked up in the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from .schema_probe import OPERATIONS, Layout


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_COLUMNS = {
    "sessions": _names(
        "id source created_source user_id session_key chat_id chat_type thread_id display_name origin_json"
        " expiry_finalized model model_config system_prompt system_prompt_hash parent_session_id started_at ended_at"
        " end_reason message_count tool_call_count input_tokens output_tokens cache_read_tokens cache_write_tokens"
        " reasoning_tokens cwd git_branch git_repo_root git_metadata_generation billing_provider billing_base_url"
        " billing_mode estimated_cost_usd actual_cost_usd cost_status cost_source pricing_version title title_source"
        " last_activity_at last_activity_description last_activity_provenance api_call_count handoff_state"
        " handoff_platform handoff_error compression_failure_cooldown_until compression_failure_error"
        " compression_fallback_streak compression_ineffective_count compression_recovery_deadline"
        " compression_overload_streak profile_name transport_profile rewind_count archived auto_archived pinned hidden"
        " last_read_at tool_names"
    ),
    "messages": _names(
        "id session_id role content tool_call_id tool_calls tool_name effect_disposition timestamp token_count"
        " finish_reason reasoning reasoning_content reasoning_details codex_reasoning_items codex_message_items"
        " platform_message_id observed active compacted api_content display_kind display_metadata _compressed_summary"
        " display_identity display_order message_uid absorbed_message_uids tool_call_uids tool_call_uid"
    ),
}
_TABLES = _names(
    "schema_version state_meta sessions messages compression_locks gateway_routing session_model_usage"
    " async_delegations system_prompts gateway_hygiene_state conversation_generations gateway_heartbeats"
    " session_turn_leases telegram_dm_topic_mode telegram_dm_topic_bindings"
) | {OPERATIONS}
_FAMILIES = ("messages_fts", "fts_v22_trash_", "sqlite_", "telegram_")
"""Prefixes of further known tables: indexes with their shadow tables, SQLite's own."""


def unknown_parts(layout: Layout) -> Iterator[str]:
    """Columns of sessions and messages that no known Hermes has; in a file of a newer Hermes tables, too."""
    for table, known in _COLUMNS.items():
        yield from (f"{table}.{name}" for name in sorted(layout.columns.get(table, frozenset()) - known))
    if layout.newer:
        yield from sorted(name for name in layout.tables - _TABLES if not name.startswith(_FAMILIES))
