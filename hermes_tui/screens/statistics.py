"""Screen of what a home holds and what it cost: calendar, totals, days, sources, models, sessions, tools."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType

from hermes_tui.commands.registry import STATS, Place, footer
from hermes_tui.feed import Feed
from hermes_tui.feed.count_answers import CountAnswer, CountFailed, StatisticsArrived, ToolsCounted
from hermes_tui.render import statistics_rows as render
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, blank, span
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.statistics import uncounted
from hermes_tui.render.text import hanging
from hermes_tui.render.time import in_words, many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.page_frame import PageFrame, PageView, key_bindings
from hermes_tui.widgets.statistics_list import StatisticsList
from hermes_tui.widgets.virtual_list import VirtualList
from store.engine.statistics import ToolsStep


class StatisticsScreen(FramedScreen[str | None]):
    """Over the browser; gives a query of the sessions that were chosen, None for none.

    Args:
        feed: Answers the request.
        browser: Knows the home.
        query: Of the sessions that are counted; "" for all.
    """

    CSS_PATH = "statistics.tcss"
    PLACE = Place.STATS
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(STATS)

    def __init__(self, feed: Feed, browser: BrowserState, query: str) -> None:
        super().__init__()
        self._feed, self._browser, self._query = feed, browser, query
        self._numbers: StatisticsArrived | None = None
        self._tools: ToolsStep | None = None
        self._error = ""
        self._list = StatisticsList(id="statistics")
        self._frame = PageFrame("Statistics", self._list)

    def on_mount(self) -> None:
        """Listen, and ask."""
        self._unsubscribe = self._feed.subscribe(self.post_message, CountAnswer)
        self._list.focus()
        self._feed.counts.statistics(self._query)
        self._draw()

    def on_unmount(self) -> None:
        """Listen no more, and have nothing more counted."""
        self._feed.counts.drop()
        self._unsubscribe()

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        row = self._list.cursor_row
        return frozenset({"rows"} if row is not None and row.query else ())

    @on(CountAnswer)
    def _on_count_answered(self, message: CountAnswer) -> None:
        if message.generation != self._feed.generation("statistics"):
            return
        match message:
            case StatisticsArrived():
                self._numbers = message
            case ToolsCounted():
                self._tools = message.step
            case CountFailed():
                self._error = str(message.error)
        self._draw()

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self) -> None:
        self._draw_frame()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """List the sessions of the row under the cursor, among those that are counted."""
        row = self._list.cursor_row
        if row is not None and row.query:
            is_id = row.query.startswith("id:")
            self.dismiss(row.query if is_id or not self._query else f"{self._query} {row.query}")

    def action_back(self) -> None:
        """Back to the browser."""
        self.dismiss(None)

    def _draw(self) -> None:
        width, glyphs = self.size.width, self._browser.glyphs
        if self._error:
            front = (blank(2), glyphs.bad, blank(1))
            self._list.show([(), *hanging(front, one_line(self._error), width - 6, Role.ERROR)], (), None)
        elif (found := self._numbers) is not None:
            head = render.head(found.numbers, width=width, glyphs=glyphs)
            rows = render.rows(found.numbers, found.sources, found.models, self._tools)
            self._list.show(head, rows, self._tools)
        self._draw_frame()

    def _draw_frame(self) -> None:
        heading = Heading(SafeText("Statistics"), note=one_line(self._query) or "all sessions", focused=True)
        keys = footer(Place.STATS, self.conditions)
        self._frame.show(PageView(self._browser.where, self._browser.owner, self._status(), heading, (), keys))

    def _status(self) -> Line:
        if self._error:
            return (span("no numbers", Role.DIM),)
        if self._numbers is None:
            return (span("counting", Role.DIM),)
        total, tools = self._numbers.numbers.total, self._tools
        said = f"{many(total.sessions, 'session')}, {many(total.messages, 'message')}"
        if tools is None or tools.done < tools.total:
            of = f"{in_words(tools.done)} of {in_words(tools.total)}" if tools else "not yet"
            said += f"; results of tools: {of} counted"
        elif beside := uncounted(self._numbers.numbers):
            said += f" · {beside}"
        return (span(self._browser.glyphs.words(said), Role.DIM),)
