"""Bridge from the store to the screen: requests are answered in threads, answers are posted."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_tui.feed.facade import Feed, ProfileEntry
    from hermes_tui.feed.kept_state import KeptHome, KeptState
    from hermes_tui.feed.saved_searches import SavedSearches
else:
    _MODULE_OF = {"KeptHome": "kept_state", "KeptState": "kept_state", "SavedSearches": "saved_searches"}

    def __getattr__(name: str) -> object:
        """A name of the feed, from the module that has it: what is kept is read before Textual is imported."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULE_OF.get(name, 'facade')}"), name)


__all__ = ["Feed", "KeptHome", "KeptState", "ProfileEntry", "SavedSearches"]
