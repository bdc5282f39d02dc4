"""Verbs of agents on sessions, by upstream's names (docs/format.md §4, §8)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ..engine.rows import NO_COUNTS, RowDict
from ..formats import titles
from ..formats.row_encoding import refuse_too_large, storable
from ..formats.session_encoding import session_values, token_values
from ..home_store import HomeStore

DAY = 86_400.0
PREVIEW = 60
"""Characters of a preview, before its dots."""


class AgentSessions:
    """Rows as dicts; a missing session or title is None, False or empty, never an error."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def create_session(  # noqa: PLR0917  upstream's signature
        self,
        session_id: str,
        source: str,
        model: str | None = None,
        model_config: Mapping[str, object] | None = None,
        system_prompt: str | None = None,
        user_id: str | None = None,
        parent_session_id: str | None = None,
    ) -> str:
        """Make the session's row and return its id; a row that is already there stays as it is.

        Raises:
            SessionMissing: The parent has no row.
            ValueError: The row is larger than 250 MB, or `model_config` has no JSON.
        """
        texts = {"system_prompt": system_prompt, "user_id": user_id, "parent_session_id": parent_session_id}
        values = session_values(source, model, time.time(), model_config=model_config, **texts)
        self._store.write(lambda tx: tx.create_session(session_id, values))
        return session_id

    def ensure_session(self, session_id: str, source: str = "unknown", model: str | None = None) -> None:
        """Create the session's row where there is none; agents call this before every flush."""
        self.create_session(session_id, source, model)

    def end_session(self, session_id: str, end_reason: str) -> None:
        """Mark the session as ended now; the first reason wins."""
        now = time.time()
        self._store.write(lambda tx: tx.end_session(session_id, end_reason, now))

    def reopen_session(self, session_id: str) -> None:
        """Clear the end, so that the session can be resumed."""
        self._store.write(lambda tx: tx.reopen_session(session_id))

    def update_system_prompt(self, session_id: str, system_prompt: str) -> None:
        """Store the whole prompt.

        Raises:
            ValueError: It is larger than 250 MB.
        """
        refuse_too_large([system_prompt], "system prompt")
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
    ) -> None:
        """Add tokens and costs; model and billing only where they are NULL, the cost's status overwritten.

        Raises:
            ColumnMissing: One that is not empty has no column in this file.
            ValueError: A counter needs more than 64 bits.
        """
        given = {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "model": model,
            "cache_read_tokens": cache_read_tokens,
            "cache_write_tokens": cache_write_tokens,
            "reasoning_tokens": reasoning_tokens,
            "estimated_cost_usd": estimated_cost_usd,
            "actual_cost_usd": actual_cost_usd,
            "cost_status": cost_status,
            "cost_source": cost_source,
            "pricing_version": pricing_version,
            "billing_provider": billing_provider,
            "billing_base_url": billing_base_url,
            "billing_mode": billing_mode,
        }
        values = token_values(given)
        self._store.write(lambda tx: tx.add_tokens(session_id, values))

    def delete_session(self, session_id: str) -> bool:
        """Delete the session, its messages and its marked delegates; other children lose their parent and stay.

        Returns:
            False where there is no such session. Its JSONL file is left alone.
        """
        return self._store.write(lambda tx: tx.delete_session(session_id, delegates=True))

    def prune_sessions(self, older_than_days: float = 90, source: str | None = None) -> int:
        """Delete ended sessions that started so long ago, each in its own transaction; the number deleted."""
        self._store.refuse_to_write_if_read_only()
        before = time.time() - older_than_days * DAY
        return sum(self._prune(old) for old in self._store.engine.records.ended_before(before, storable(source)))

    def _prune(self, session_id: str) -> bool:
        return self._store.write(lambda tx: tx.delete_session(session_id, delegates=False, ended_only=True))

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

    def list_sessions_rich(self, source: str | None = None, limit: int = 20, offset: int = 0) -> list[RowDict]:
        """Rows by newest start, with `preview` of the first user message and `last_active` (docs/format.md §6.7)."""
        found = self.search_sessions(source, limit, offset)
        counted = self._store.engine.sessions.counts([str(row["id"]) for row in found])
        for row in found:
            last = counted.get(str(row["id"]), NO_COUNTS).last_active
            row["preview"] = _preview(self._store.engine.messages.first_user_text(str(row["id"])))
            row["last_active"] = row["started_at"] if last is None else last
        return found

    def search_sessions(self, source: str | None = None, limit: int = 20, offset: int = 0) -> list[RowDict]:
        """Rows by newest start."""
        return self._store.engine.records.newest(storable(source), limit, offset)

    def session_count(self, source: str | None = None) -> int:
        """Number of sessions, of one source or of all."""
        return self._store.engine.records.count_sessions(storable(source))


def _preview(text: str) -> str:
    line = text.replace("\n", " ").replace("\r", " ").strip()
    return f"{line[:PREVIEW]}..." if len(line) > PREVIEW else line
