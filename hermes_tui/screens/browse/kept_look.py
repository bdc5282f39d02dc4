"""Look of the browser that is kept across runs, for all homes: what is folded, and how wide the list is."""

from __future__ import annotations

from hermes_tui.render.folds import FOLDED, Fold
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.layout import Layout
from store.base.late_dataclass import replace

TOOLS, REASONING, SHARE = "tools", "reasoning", "list_share"
"""Names of the settings."""
KEPT_FOLDS = {TOOLS: (Fold.HIDDEN, Fold.SHORT, Fold.OPEN), REASONING: (Fold.SHORT, Fold.OPEN)}
"""Folds that a key leads to, by setting."""


class KeptLook:
    """Takes the look of the run before, and keeps what is changed."""

    def __init__(self, state: BrowserState, widgets: BrowserWidgets, changed: Changed) -> None:
        self._state = state
        self._pane = pane = widgets.transcript
        self._changed = changed
        widgets.session_list.move_divider = widgets.hit_list.move_divider = self.move_divider
        cursor = pane.cursor
        cursor.usual = replace(FOLDED, tools=self._fold(TOOLS), reasoning=self._fold(REASONING))
        cursor.begin_with(cursor.usual)

    def keep_folds(self) -> None:
        """Keep how calls and reasoning are folded."""
        folds = self._pane.cursor.usual
        for name, fold in ((TOOLS, folds.tools), (REASONING, folds.reasoning)):
            if fold is not self._fold(name):
                self._state.kept.share(name, int(fold))

    def take_size(self, width: int, height: int) -> None:
        """The layout of a screen of that size."""
        share = self._state.kept.shared(SHARE)
        self._state.layout = Layout(width, height, share if isinstance(share, int) else None)
        self._changed(Part.LISTS)

    def move_divider(self, column: int) -> None:
        """Put the divider between list and transcript into a column of the screen."""
        layout = self._state.layout
        if layout.roomy and column != layout.list_width:
            self._state.kept.share(SHARE, round(1000 * column / layout.width))
            self.take_size(layout.width, layout.height)

    def _fold(self, name: str) -> Fold:
        kept = self._state.kept.shared(name)
        return next((fold for fold in KEPT_FOLDS[name] if fold == kept), Fold.SHORT)
