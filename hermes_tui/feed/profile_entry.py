"""Entry of the palette's list of profiles: one profile of the home, or all of them as one list."""

from __future__ import annotations

from dataclasses import dataclass

from hermes_tui.feed.store_worker import OpenRepairs, OpenStore


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """One store that can be browsed."""

    name: str
    """The profile, `all` for every one."""
    open_store: OpenStore
    """Opens it; called in a thread."""
    owner: str = "default"
    """The text at the end of the search row."""
    where: str = "~/.hermes"
    """The home's folder as people write it."""
    open_to_write: OpenRepairs | None = None
    """Opens it for repairs; None where nothing may be written."""
