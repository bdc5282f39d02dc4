"""Agents' lists of sessions, by upstream's names (docs/format.md §6.7, §8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.session_choice import SessionChoice
from ..formats.row_encoding import storable

if TYPE_CHECKING:
    from ..engine.rows import RowDict
    from ..home_store import HomeStore

PREVIEW = 60
"""Characters of a preview, before its dots."""
_OF_TIP = (
    *("id", "ended_at", "end_reason", "message_count", "tool_call_count", "title", "last_active", "preview", "model"),
    *("system_prompt", "cwd", "git_branch", "git_repo_root"),
)
"""Fields that a conversation shows of its last section; the others are those of the first."""


class AgentLists:
    """Rows of sessions as dicts."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def list_sessions_rich(  # noqa: PLR0917  upstream's signature
        self,
        source: str | None = None,
        exclude_sources: Sequence[str] | None = None,
        cwd_prefix: str | None = None,
        limit: int = 20,
        offset: int = 0,
        include_children: bool = False,
        min_message_count: int = 0,
        project_compression_tips: bool = True,
        order_by_last_active: bool = False,
        include_archived: bool = False,
        archived_only: bool = False,
        id_query: str | None = None,
        search_query: str | None = None,
        compact_rows: bool = False,
    ) -> list[RowDict]:
        """Rows by newest start, with `preview` of the first user message and `last_active`.

        Args:
            cwd_prefix: Only sessions in this folder or below it.
            include_children: Delegates and continuations of compressions, too.
            min_message_count: By the session's counter.
            project_compression_tips: Show a compressed conversation by its last section, with `_lineage_root_id`.
            order_by_last_active: By the last message of the conversation instead.
            archived_only: Only the archived ones; without it and `include_archived` only the others.
            id_query: Part of an id, in any case, of the session or of a continuation of it; used, as `search_query` is,
                with `order_by_last_active` alone.
            search_query: The same of a title or an id.
            compact_rows: Leave out `system_prompt`.
        """
        choice = SessionChoice(
            source=source,
            exclude_sources=exclude_sources,
            cwd_prefix=cwd_prefix,
            children=include_children,
            min_messages=min_message_count if min_message_count > 0 else None,
            archived=_archived(include_archived, archived_only),
            id_query=id_query if order_by_last_active else None,
            search_query=search_query if order_by_last_active else None,
        )
        found = self._store.engine.records.chosen(
            choice, limit=limit, offset=offset, by_activity=order_by_last_active, compact=compact_rows
        )
        rich = [self._rich(row) for row in found]
        return [self._shown(row) for row in rich] if project_compression_tips and not include_children else rich

    def search_sessions(self, source: str | None = None, limit: int = 20, offset: int = 0) -> list[RowDict]:
        """Rows by newest start."""
        return self._store.engine.records.newest(storable(source), limit, offset)

    def session_count(  # noqa: PLR0917  upstream's signature
        self,
        source: str | None = None,
        cwd_prefix: str | None = None,
        min_message_count: int = 0,
        include_archived: bool = False,
        archived_only: bool = False,
        exclude_children: bool = False,
        exclude_sources: Sequence[str] | None = None,
    ) -> int:
        """Number of the sessions that a list with these conditions has; see `list_sessions_rich`."""
        choice = SessionChoice(
            source=source,
            exclude_sources=exclude_sources,
            cwd_prefix=cwd_prefix,
            children=not exclude_children,
            min_messages=min_message_count if min_message_count > 0 else None,
            archived=_archived(include_archived, archived_only),
        )
        return self._store.engine.records.count_sessions(choice)

    def _rich(self, row: RowDict) -> RowDict:
        session_id = str(row["id"])
        last = self._store.engine.records.last_active(session_id)
        preview = _preview(self._store.engine.messages.first_user_text(session_id))
        return row | {"preview": preview, "last_active": row["started_at"] if last is None else last}

    def _shown(self, row: RowDict) -> RowDict:
        """The row of a conversation that was compressed, by its last section."""
        root = str(row["id"])
        tip = self._store.engine.records.tip(root) if row.get("end_reason") == "compression" else root
        found = self._store.engine.records.session(tip) if tip != root else None
        if found is None:
            return row
        newer = self._rich(found)
        shown = {name: newer[name] for name in _OF_TIP if name in newer and name in row}
        return row | shown | {"_lineage_root_id": root}


def _archived(include: bool, only: bool) -> bool | None:
    return True if only else None if include else False


def _preview(text: str) -> str:
    line = text.replace("\n", " ").replace("\r", " ").strip()
    return f"{line[:PREVIEW]}..." if len(line) > PREVIEW else line
