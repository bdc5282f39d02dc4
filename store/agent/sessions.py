"""Verbs of agents on sessions, by upstream's names (docs/format.md §4, §8)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from ..base.delegation import delegate
from ..engine.session_choice import PruneFilters, SessionChoice
from ..files import session_files
from ..formats import titles
from ..formats.row_encoding import refuse_too_large, storable
from ..formats.session_encoding import session_values, token_values
from .lists import AgentLists

if TYPE_CHECKING:
    from ..engine.ports import Transaction
    from ..engine.rows import RowDict
    from ..home_store import HomeStore

DAY = 86_400.0
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_COSTS = ("estimated_cost_usd", "actual_cost_usd", "cost_status", "cost_source", "pricing_version")
_ROUTE = ("model", "billing_provider", "billing_base_url", "billing_mode")
_USE = (*_TOKENS, "api_call_count", *_COSTS, *_ROUTE)
"""Columns of `update_token_counts`."""


def _lists(sessions: AgentSessions) -> AgentLists:
    return sessions._lists


class AgentSessions:
    """Rows as dicts; a missing session or title is None, False or empty, never an error."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._lists = AgentLists(store)

    def create_session(  # noqa: PLR0917  upstream's signature
        self,
        session_id: str,
        source: str,
        model: str | None = None,
        model_config: Mapping[str, object] | None = None,
        system_prompt: str | None = None,
        user_id: str | None = None,
        parent_session_id: str | None = None,
        *,
        session_key: str | None = None,
        chat_id: str | None = None,
        chat_type: str | None = None,
        thread_id: str | None = None,
        cwd: str | None = None,
        profile_name: str | None = None,
    ) -> str:
        """Make the session's row and return its id; of a row that is already there only what is NULL is filled in.

        Source, user and start of such a row stay what they are.

        Raises:
            SessionMissing: The parent has no row.
            ColumnMissing: One that is not empty has no column in this file.
            ValueError: The row is larger than 250 MB, or `model_config` has no JSON.
        """
        place = {"session_key": session_key, "chat_id": chat_id, "chat_type": chat_type, "thread_id": thread_id}
        work = {"cwd": cwd, "profile_name": profile_name}
        texts = {"system_prompt": system_prompt, "user_id": user_id, "parent_session_id": parent_session_id}
        values = session_values(source, model, time.time(), model_config=model_config, **texts, **place, **work)
        self._store.write(lambda tx: tx.create_session(session_id, values))
        return session_id

    def ensure_session(
        self,
        session_id: str,
        source: str = "unknown",
        model: str | None = None,
        *,
        model_config: Mapping[str, object] | None = None,
        system_prompt: str | None = None,
        user_id: str | None = None,
        session_key: str | None = None,
        chat_id: str | None = None,
        chat_type: str | None = None,
        thread_id: str | None = None,
        parent_session_id: str | None = None,
        cwd: str | None = None,
        profile_name: str | None = None,
    ) -> str:
        """`create_session`, with a source for those who do not know it; agents call this before every flush."""
        about = {"user_id": user_id, "parent_session_id": parent_session_id, "cwd": cwd, "profile_name": profile_name}
        place = {"session_key": session_key, "chat_id": chat_id, "chat_type": chat_type, "thread_id": thread_id}
        return self.create_session(session_id, source, model, model_config, system_prompt, **about, **place)

    def end_session(self, session_id: str, end_reason: str) -> None:
        """Mark the session as ended now; the first reason wins.

        Raises:
            ValueError: It is larger than 250 MB, by itself or with what the row has.
        """
        refuse_too_large([storable(end_reason)], "reason")
        now = time.time()
        self._store.write(lambda tx: tx.end_session(session_id, end_reason, now))

    def reopen_session(self, session_id: str) -> None:
        """Clear the end, so that the session can be resumed."""
        self._store.write(lambda tx: tx.reopen_session(session_id))

    def update_system_prompt(self, session_id: str, system_prompt: str) -> None:
        """Store the whole prompt.

        Raises:
            ValueError: It is larger than 250 MB, by itself or with what the row has.
        """
        refuse_too_large([storable(system_prompt)], "system prompt")
        self._store.write(lambda tx: tx.set_prompt(session_id, system_prompt))

    def update_token_counts(  # noqa: PLR0917  upstream's signature
        self,
        session_id: str,
        input_tokens: int = 0,
        output_tokens: int = 0,
        model: str | None = None,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
        reasoning_tokens: int = 0,
        estimated_cost_usd: float | None = None,
        actual_cost_usd: float | None = None,
        cost_status: str | None = None,
        cost_source: str | None = None,
        pricing_version: str | None = None,
        billing_provider: str | None = None,
        billing_base_url: str | None = None,
        billing_mode: str | None = None,
        api_call_count: int = 0,
        absolute: bool = False,
    ) -> None:
        """Add tokens, calls and costs to a session, which is made where it is missing.

        Model and billing are filled in where they are NULL, and replaced by those of the first use; the cost's status
        is overwritten. What is added is counted for its model in `session_model_usage`, where the file has it.

        Args:
            absolute: Set the counters instead, those that are not given to 0; an actual cost only where it is given.

        Raises:
            ColumnMissing: One that is not empty has no column in this file.
            ValueError: A counter needs more than 64 bits, or the texts have more than 250 MB.
        """
        tokens = input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, api_call_count
        costs = estimated_cost_usd, actual_cost_usd, cost_status, cost_source, pricing_version
        route = model, billing_provider, billing_base_url, billing_mode
        given = dict(zip(_USE, (*tokens, *costs, *route), strict=True))
        values, now = token_values(given), time.time()
        row = session_values("unknown", model, now)

        def _add(tx: Transaction) -> None:
            tx.create_session(session_id, row)
            tx.add_tokens(session_id, values, now, absolute=absolute)

        self._store.write(_add)

    def delete_session(self, session_id: str, sessions_dir: Path | None = None) -> bool:
        """Delete the session, its messages and its marked delegates; other children lose their parent and stay.

        Args:
            sessions_dir: Folder whose files of these sessions are removed, too; None leaves every file alone.

        Returns:
            False where there is no such session; no file is removed then.
        """
        gone = self._store.write(lambda tx: tx.delete_session(session_id, delegates=True))
        session_files.remove(sessions_dir, gone)
        return bool(gone)

    def prune_sessions(
        self,
        older_than_days: float | None = 90,
        source: str | None = None,
        sessions_dir: Path | None = None,
        **filters: Unpack[PruneFilters],
    ) -> int:
        """Delete ended sessions that started so long ago, each in its own transaction; the number deleted.

        Args:
            older_than_days: None for any age; `started_before` goes before it.
            sessions_dir: See `delete_session`.
            filters: Further conditions that all hold; see `engine.session_choice`.

        Raises:
            TypeError: There is no such filter.
        """
        self._store.refuse_to_write_if_read_only()
        unknown = sorted(filters.keys() - PruneFilters.__annotations__.keys())
        if unknown:
            raise TypeError(f"prune_sessions() got an unexpected keyword argument {unknown[0]!r}")
        if filters.get("started_before") is None and older_than_days is not None:
            filters["started_before"] = time.time() - older_than_days * DAY
        choice = SessionChoice(source=source, ended=True, **filters)
        gone = [name for name in self._store.engine.records.chosen_ids(choice) if self._prune(name)]
        session_files.remove(sessions_dir, gone)
        return len(gone)

    def _prune(self, session_id: str) -> bool:
        return bool(self._store.write(lambda tx: tx.delete_session(session_id, delegates=False, ended_only=True)))

    def get_session(self, session_id: str) -> RowDict | None:
        """Every column of the session's row."""
        return self._store.engine.records.session(storable(session_id))

    def resolve_session_id(self, session_id_or_prefix: str) -> str | None:
        """The id itself, else the one id that starts so; None where none or several do."""
        if self.get_session(session_id_or_prefix) is not None:
            return session_id_or_prefix
        found = self._store.engine.records.ids_like(storable(session_id_or_prefix) or "")
        return found[0] if len(found) == 1 else None

    def set_session_title(self, session_id: str, title: str | None) -> bool:
        """Set the session's title, or clear it where nothing is left after cleaning.

        Returns:
            False where there is no such session.

        Raises:
            ValueError: The title is too long, or another session's.
        """
        cleaned = titles.sanitize(title)
        return self._store.write(lambda tx: tx.assign_title(storable(session_id), cleaned))

    def get_session_title(self, session_id: str) -> str | None:
        """The session's title."""
        return self._store.engine.records.title_of(storable(session_id))

    def get_session_by_title(self, title: str) -> RowDict | None:
        """The row of the session with exactly this title."""
        return self._store.engine.records.by_title(storable(title))

    def resolve_session_by_title(self, title: str) -> str | None:
        """Id of the newest “title #N”, else of the session with exactly this title."""
        return self._store.engine.records.newest_in_lineage(storable(title) or "")

    def get_next_title_in_lineage(self, base_title: str) -> str:
        """The title without its number, and the next number where it is taken."""
        base = titles.base_of(storable(base_title) or "")
        return titles.next_in_lineage(base, self._store.engine.records.lineage_titles(base))

    list_sessions_rich = delegate(_lists, AgentLists.list_sessions_rich)
    search_sessions = delegate(_lists, AgentLists.search_sessions)
    session_count = delegate(_lists, AgentLists.session_count)
