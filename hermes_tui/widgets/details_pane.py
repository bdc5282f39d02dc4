"""Details of the session that is read: a column at the right of the transcript, or the lower third of it."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from hermes_tui.render.details import DetailsView, details_lines
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Role, span
from hermes_tui.render.safe import SafeText
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.key_targets import key_event
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.theme import glyphs_of, palette_of, strip_of

HEADING = SafeText("Details")


class Divider(Widget):
    """A vertical line, heavier in colour where what it divides off has the focus."""

    DEFAULT_CSS = "Divider { width: 1; height: 100%; }"
    focused: reactive[bool] = reactive(False)

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  every row is alike
        """One cell."""
        cell = span(glyphs_of(self.app).divider, Role.FOCUS if self.focused else Role.HAIR)
        return strip_of((cell,), 1, palette_of(self.app))


class DetailsPane(Widget):
    """Lines with a heading above them, or with a divider at their left (`-broad`)."""

    DEFAULT_CSS = """
    DetailsPane { layout: vertical; display: none; width: 100%; height: 33%; min-height: 4; }
    DetailsPane > Divider { display: none; }
    DetailsPane > TextPage { width: 1fr; height: 1fr; margin-left: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.page = TextPage(id="details-page")
        self._heading = HeadingRule(id="details-head")
        self._divider = Divider()
        self._fold: int | None = None
        self._session_id = ""

    def compose(self) -> ComposeResult:
        """Heading or divider, and the page."""
        yield from (self._heading, self._divider, self.page)

    def show(self, view: DetailsView) -> None:
        """Put up the details of a session; the page stays where it is scrolled to."""
        self._heading.show(Heading(HEADING, focused=view.focused))
        self._divider.focused, glyphs = view.focused, glyphs_of(self.app)
        other = view.details.session.id != self._session_id
        self._session_id = view.details.session.id
        lines, self._fold = details_lines(
            view.details, width=view.width, now=view.now, glyphs=glyphs, prompt=view.prompt
        )
        self.page.show(lines, from_top=other)

    @on(events.Click, "#details-page")
    def _on_page_clicked(self, event: events.Click) -> None:
        if event.widget is self.page and self.page.line_at(event.y) == self._fold is not None:
            self.app.post_message(key_event("space", event))
