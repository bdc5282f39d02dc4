"""Raw fields of the in-memory engine, for agents."""

from __future__ import annotations

from store.engine.rows import RowDict
from store.engine.search import AgentHit, AgentSearchOptions
from tests.contract import memory_search
from tests.contract.memory_tables import Reads, as_dict, maybe, number, text


class MemoryRecords(Reads):
    """Implements `ports.AgentRows`."""

    def session(self, session_id: str | None) -> RowDict | None:
        """Every field of a session."""
        row = self._tables.sessions.get(session_id or "")
        return None if row is None else as_dict(row)

    def by_title(self, title: str | None) -> RowDict | None:
        """The same by its title."""
        found = (row for row in self._tables.sessions.values() if title is not None and row["title"] == title)
        return next(map(as_dict, found), None)

    def newest(self, source: str | None, limit: int, offset: int) -> list[RowDict]:
        """Sessions by newest start; a negative limit is none."""
        rows = [row for row in self._tables.rows() if source is None or row["source"] == source][offset:]
        return list(map(as_dict, rows if limit < 0 else rows[:limit]))

    def ids_like(self, prefix: str) -> list[str]:
        """Ids that begin so, at most two."""
        return [name for name in self._tables.sessions if name.lower().startswith(prefix.lower())][:2]

    def ended_before(self, timestamp: float, source: str | None) -> list[str]:
        """Ids of ended sessions that started before a time."""
        return [
            name
            for name, row in self._tables.sessions.items()
            if row["ended_at"] is not None
            and (number(row, "started_at") or 0.0) < timestamp
            and source in (None, row["source"])
        ]

    def messages(self, session_id: str | None, *, include_inactive: bool) -> list[RowDict]:
        """Every field of a session's messages."""
        return [as_dict(row) for row in self._tables.of(session_id) if include_inactive or row["active"]]

    def count_sessions(self, source: str | None) -> int:
        """Number of sessions of a source, or of all."""
        return len(self.newest(source, -1, 0))

    def count_messages(self, session_id: str | None) -> int:
        """Number of rows of a session, or of all."""
        return len(self._tables.messages if session_id is None else self._tables.of(session_id))

    def title_of(self, session_id: str | None) -> str | None:
        """A session's title."""
        row = self._tables.sessions.get(session_id or "")
        return None if row is None else maybe(row, "title")

    def newest_in_lineage(self, title: str) -> str | None:
        """Id of the newest numbered one, else of the title itself."""
        rows = self._tables.rows()
        numbered = [row for row in rows if text(row, "title").startswith(f"{title} #")]
        plain = [row for row in rows if row["title"] == title]
        return next((text(row, "id") for row in (*numbered, *plain)), None)

    def lineage_titles(self, base: str) -> list[str]:
        """The titles of a lineage."""
        titles = [text(row, "title") for row in self._tables.sessions.values() if row["title"] is not None]
        return [title for title in titles if title == base or title.startswith(f"{base} #")]

    def search(self, words: str | None, options: AgentSearchOptions) -> list[AgentHit]:
        """Hits by rank, or by time."""
        return memory_search.agent_hits(self._tables, words or "", options)
