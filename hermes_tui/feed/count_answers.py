"""Messages of the feed on what a home holds: statistics, and the deletions in its journal."""

from __future__ import annotations

from hermes_tui.feed.answers import Answer
from store import TrashEntry
from store.browse.statistics import Statistics
from store.engine.statistics import Tally, ToolsStep

Groups = tuple[tuple[str | None, Tally], ...]


class CountAnswer(Answer):
    """The root of the messages on statistics."""


class StatisticsArrived(CountAnswer):
    """Everything but tools."""

    numbers: Statistics
    sources: Groups
    models: Groups


class ToolsCounted(CountAnswer):
    """Results of tools, as far as they are counted."""

    step: ToolsStep


class CountFailed(CountAnswer):
    """Nothing is counted, or nothing more."""

    error: Exception


class DeletionsListed(Answer):
    """The deletions in the journal, the last one first."""

    entries: tuple[TrashEntry, ...]
