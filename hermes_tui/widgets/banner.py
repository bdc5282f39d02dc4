"""Row above a transcript whose two sources disagree (docs/look.md §7)."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.drift_banner import Sentences, banner_content, banner_line
from hermes_tui.render.line import Line
from hermes_tui.state.browser_state import Sources
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.key_targets import key_at
from hermes_tui.widgets.theme import Ground
from store.models import Drift


class Banner(Bar):
    """Says what is wrong with the session below it; hidden where nothing is."""

    ground = Ground.BAND
    _shown: reactive[tuple[Drift | None, Sentences, Line]] = reactive((None, (), ()))

    DEFAULT_CSS = """
    Banner { display: none; }
    Banner.-flagged { display: block; }
    """

    @dataclass
    class Clicked(Message):
        """It was clicked."""

        difference: bool
        """On the words of the difference."""

    def show(self, sources: Sources | None, *, keys: bool = True) -> None:
        """Say what is known of a session's drift, and why a repair would do nothing; nothing, and the row goes.

        Args:
            keys: Keys are named, because they work where the focus is.
        """
        if sources is None:
            self._shown = None, (), ()
            self.remove_class("-flagged")
            return
        drift = sources.drift
        sentences, named = banner_content(sources.session, drift, sources.facts, sources.check, sources.refused)
        self._shown = drift, sentences, named if keys else ()
        self.set_class(bool(sentences), "-flagged")

    def line(self, width: int) -> Line:
        """The flag, and the longest sentence that fits."""
        drift, sentences, keys = self._shown
        return banner_line(drift, sentences, width, self.glyphs, keys) if sentences else ()

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        """Ask for the repair, or for the difference where its key is clicked."""
        event.stop()
        event.prevent_default()
        if self._shown[0] is not None and event.chain == 1:
            self.post_message(self.Clicked(key_at(self.line(self.size.width), event.x) == bound("difference")))
