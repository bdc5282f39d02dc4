"""History of searches: those of this run, and those that were kept of earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_tui.render.secrets import is_secret

if TYPE_CHECKING:  # the feed loads Textual, which a view does without
    from hermes_tui.feed import KeptHome

MOST = 500
"""Searches that are remembered."""


class SearchHistory:
    """Searches by the order in which they were last used.

    Args:
        kept: Where they are kept across runs.
        is_kept: Keep them; False remembers them until the end of this run.
    """

    def __init__(self, kept: KeptHome, *, is_kept: bool = True) -> None:
        self._kept = kept
        self.is_kept = is_kept
        self._used: list[str] = []

    def keep(self, text: str) -> None:
        """Remember a search that was used, unless it is blank, begins with a space, or may hold a secret."""
        if not text.strip() or text[0].isspace() or is_secret(text):
            return
        text = text.strip()
        self._used = [text, *(past for past in self._used if past != text)][:MOST]
        if self.is_kept:
            self._kept.use_search(text)

    @property
    def searches(self) -> list[str]:
        """The searches, the one used last first."""
        earlier = self._kept.searches if self.is_kept else []
        return list(dict.fromkeys([*self._used, *earlier]))[:MOST]
