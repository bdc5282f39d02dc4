"""The bridge from the store to the screen: questions are asked in threads, answers are posted."""

from __future__ import annotations

from hermes_tui.feed.facade import Feed
from hermes_tui.feed.profile_entry import Shelf
from hermes_tui.feed.saved_searches import Keeper
from hermes_tui.feed.store_worker import OpenRepairs, OpenStore

__all__ = ["Feed", "Keeper", "OpenRepairs", "OpenStore", "Shelf"]
