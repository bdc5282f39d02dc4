"""Row above a transcript whose two sources disagree (docs/look.md §7)."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from hermes_tui.render.drift_banner import LAST_KEY, MARGIN, banner_content, banner_line
from hermes_tui.render.line import Line
from hermes_tui.state.browser_state import Sources
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.theme import Ground
from store.models import Drift


class Banner(Bar):
    """Says what is wrong with the session below it; hidden where nothing is."""

    GROUND = Ground.BAND

    DEFAULT_CSS = """
    Banner { display: none; }
    Banner.-flagged { display: block; }
    """

    @dataclass
    class Clicked(Message):
        """It was clicked."""

        difference: bool
        """On the words of the difference."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._drift: Drift | None = None
        self._sentences: tuple[str, ...] = ()
        self._keys: Line = ()

    def show(self, sources: Sources) -> None:
        """Say what is known of a session's drift, and why a repair would do nothing; nothing, and the row goes."""
        self._drift = sources.drift
        self._sentences, self._keys = banner_content(
            sources.session, sources.drift, sources.facts, sources.check, sources.refused
        )
        self.set_class(bool(self._sentences), "-flagged")
        self.refresh()

    def line(self, width: int) -> Line:
        """The flag, and the longest sentence that fits."""
        if not self._sentences:
            return ()
        return banner_line(self._drift, self._sentences, width, self.glyphs, self._keys)

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        event.stop()
        if self._drift is None:
            return
        end = self.size.width - MARGIN
        self.post_message(self.Clicked(end - LAST_KEY <= event.x < end))
