"""Bridge from the store to the screen: requests are answered in threads, answers are posted."""

from __future__ import annotations

from hermes_tui.feed.facade import Feed, ProfileEntry
from hermes_tui.feed.saved_searches import SavedSearches
from hermes_tui.feed.store_worker import OpenRepairs, OpenStore

__all__ = ["Feed", "OpenRepairs", "OpenStore", "ProfileEntry", "SavedSearches"]
