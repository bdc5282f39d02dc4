"""The bridge from the store to the screen: questions are asked in threads, answers are posted."""

from __future__ import annotations

from hermes_tui.feed.desk import OpenStore
from hermes_tui.feed.feed import Feed
from hermes_tui.feed.keeper import Keeper
from hermes_tui.feed.shelf import Shelf

__all__ = ["Feed", "Keeper", "OpenStore", "Shelf"]
