"""Agents' reads, a part of the engine: imported for the first of them."""

from __future__ import annotations

from ..base.delegation import delegate
from .rows import agent_rows, session_lists
from .search import agent_search
from .statements import Reads, reader_of


class SqliteRecords(Reads):
    """Implements `ports.AgentRows`."""

    session = delegate(reader_of, agent_rows.session)
    by_title = delegate(reader_of, agent_rows.by_title)
    newest = delegate(reader_of, agent_rows.newest)
    ids_like = delegate(reader_of, agent_rows.ids_like)
    messages = delegate(reader_of, agent_rows.messages)
    by_ids = delegate(reader_of, agent_rows.by_ids)
    chosen = delegate(reader_of, session_lists.chosen)
    chosen_ids = delegate(reader_of, session_lists.ids)
    count_sessions = delegate(reader_of, session_lists.count)
    last_active = delegate(reader_of, session_lists.last_active)
    tip = delegate(reader_of, session_lists.tip)
    ancestors = delegate(reader_of, session_lists.ancestors)
    count_messages = delegate(reader_of, agent_rows.count_messages)
    title_of = delegate(reader_of, agent_rows.title_of)
    newest_in_lineage = delegate(reader_of, agent_rows.newest_in_lineage)
    lineage_titles = delegate(reader_of, agent_rows.lineage_titles)
    search = delegate(reader_of, agent_search.search)
