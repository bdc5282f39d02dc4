"""Controller of the searches that a user saved; they are found in the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hermes_tui.commands.registry import Offer
from hermes_tui.feed import SavedSearches
from hermes_tui.feed.answers import Answer, SearchesKept
from hermes_tui.render.safe import one_line
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState


class SavedSearchesController:
    """Saves what is typed, and offers what was saved.

    Args:
        path: The file of saved searches, None to keep none.
        post: Takes `SearchesKept` from any thread.
    """

    def __init__(
        self, state: BrowserState, path: Path | None, post: Callable[[Answer], object], changed: Changed
    ) -> None:
        self.searches = SavedSearches(path, post)
        self._state = state
        self._changed = changed
        self._can_save = path is not None

    def offers(self, search_for: Callable[[str], object]) -> Iterator[Offer]:
        """For the palette: save the text in the search row, search for a saved one, remove it."""
        text, saved = self._state.typed.strip(), self._state.saved
        if self._can_save and text and text not in saved:
            yield Offer(f"Save this search: {one_line(text)}", "", partial(self._save, text))
        for search in saved:
            yield Offer(f"Search: {one_line(search)}", "", partial(search_for, search))
        for search in saved:
            yield Offer(f"Remove saved search: {one_line(search)}", "", partial(self._forget, search))

    def take_searches(self, message: SearchesKept) -> None:
        """Set the saved searches, and show what is wrong with their file."""
        self._state.saved = message.texts
        if message.complaint:
            self._show_notice(message.complaint)

    def _save(self, text: str) -> None:
        self.searches.save(text)
        self._show_notice("saved; ctrl+p has it")

    def _forget(self, text: str) -> None:
        self.searches.forget(text)
        self._show_notice("this search is saved no longer")

    def _show_notice(self, text: str) -> None:
        self._state.show_notice(text)
        self._changed(Part.FRAME)
