"""Raw fields of the in-memory engine, for agents."""

from __future__ import annotations

from collections.abc import Sequence

from store.engine.rows import RowDict
from store.engine.search import AgentHit, AgentSearchOptions
from store.engine.session_choice import SessionChoice
from tests.contract import memory_choice, memory_search
from tests.contract.memory_tables import Reads, as_dict, id_of, maybe, number, text


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

    def chosen(
        self, choice: SessionChoice, *, limit: int, offset: int, by_activity: bool = False, compact: bool = False
    ) -> list[RowDict]:
        """Sessions of a choice by newest start, or by the last message of their chain."""
        tables = self._tables
        rows = memory_choice.chosen(tables, choice)
        if by_activity:
            rows.sort(key=lambda row: memory_choice.heard_in_chain(tables, row), reverse=True)
        shown = rows[offset:] if limit < 0 else rows[offset : offset + limit]
        return [
            {name: cell for name, cell in row.items() if not (compact and name == "system_prompt")} for row in shown
        ]

    def chosen_ids(self, choice: SessionChoice) -> list[str]:
        """Their ids."""
        return [text(row, "id") for row in memory_choice.chosen(self._tables, choice)]

    def count_sessions(self, choice: SessionChoice) -> int:
        """Their number."""
        return len(memory_choice.chosen(self._tables, choice))

    def last_active(self, session_id: str) -> float | None:
        """Time of the latest message."""
        return max((number(row, "timestamp") or 0.0 for row in self._tables.of(session_id)), default=None)

    def tip(self, session_id: str) -> str:
        """The last continuation."""
        return memory_choice.tip(self._tables, session_id)

    def ancestors(self, session_id: str) -> list[str]:
        """A session and all above it, the highest first."""
        found: list[str] = []
        name: str | None = session_id
        while name and name not in found:
            found.insert(0, name)
            name = maybe(self._tables.sessions.get(name, {}), "parent_session_id")
        return found

    def messages(
        self, session_ids: Sequence[str], *, include_inactive: bool, limit: int = -1, offset: int = 0
    ) -> list[RowDict]:
        """Every field of the messages of some sessions, in order."""
        rows = sorted((row for name in session_ids for row in self._tables.of(name)), key=id_of)
        found = [as_dict(row) for row in rows if include_inactive or row["active"]]
        return found[offset:] if limit < 0 else found[offset : offset + limit]

    def by_ids(self, ids: Sequence[int]) -> list[RowDict]:
        """Every field of some messages."""
        return [as_dict(self._tables.messages[row]) for row in sorted(set(ids)) if row in self._tables.messages]

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
