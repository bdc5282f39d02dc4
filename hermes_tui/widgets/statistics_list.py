"""List of statistics: rows by section, below totals and calendar."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from hermes_tui.render.heading import section_rule
from hermes_tui.render.line import Line
from hermes_tui.render.statistics_rows import Section, StatisticsRow, section_words, statistics_row
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.base.late_dataclass import dataclass
from store.engine.statistics import ToolsStep


@dataclass(frozen=True, slots=True)
class RowKey:
    """A row by its section and its place there."""

    section: Section
    place: int


@dataclass(frozen=True, slots=True)
class RuleKey:
    """The rule over a section."""

    section: Section


class StatisticsList(VirtualList):
    """Rows that can be chosen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._rows: dict[Hashable, StatisticsRow] = {}
        self._most: dict[Section, float] = {}
        self._tools: ToolsStep | None = None

    def show(self, head: Sequence[Line], rows: Sequence[StatisticsRow], tools: ToolsStep | None) -> None:
        """Put everything up; the cursor stays on its place."""
        self._tools, self._rows, self._most = tools, {}, {}
        keys: list[Hashable] = []
        for section in Section:
            found = [row for row in rows if row.section is section]
            self._most[section] = max((row.value for row in found), default=0)
            own: dict[Hashable, StatisticsRow] = {RowKey(section, place): row for place, row in enumerate(found)}
            self._rows |= own
            keys += [RuleKey(section), *own] if own else []
        self.set_head(head)
        self.set_keys(keys)
        self.refresh()

    @property
    def cursor_row(self) -> StatisticsRow | None:
        """The row under the cursor."""
        return self._rows.get(self.cursor.key)

    def can_stand_on(self, key: Hashable) -> bool:
        """The cursor passes by the rules."""
        return super().can_stand_on(key) and isinstance(key, RowKey)

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A row, or the rule over a section."""
        glyphs = glyphs_of(self.app)
        if isinstance(key, RuleKey):
            return section_rule(section_words(key.section, self._tools), width=width, glyphs=glyphs)
        row = self._rows[key]
        return statistics_row(row, self._most[row.section], width=width, glyphs=glyphs, cursor=cursor)
