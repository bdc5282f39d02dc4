"""Bridge from the store to the screen: requests are answered in threads, answers are posted."""

from __future__ import annotations

from hermes_tui.feed.facade import Feed, ProfileEntry
from hermes_tui.feed.kept_state import KeptHome, KeptState
from hermes_tui.feed.saved_searches import SavedSearches

__all__ = ["Feed", "KeptHome", "KeptState", "ProfileEntry", "SavedSearches"]
