"""The file of saved searches, where the system refuses it."""

from __future__ import annotations

from pathlib import Path

from hermes_tui.feed.answers import Answer, SearchesKept
from hermes_tui.feed.saved_searches import SavedSearches


def test_what_the_system_refuses_is_said_without_its_number(tmp_path: Path) -> None:
    """Mutant: the error as Python prints it."""
    (tmp_path / "file").touch()
    posted: list[Answer] = []
    searches = SavedSearches(tmp_path / "file" / "searches.json", posted.append)
    searches.ask()
    searches.close()
    [kept] = posted
    assert isinstance(kept, SearchesKept)
    assert kept.complaint == "saved searches cannot be used: Not a directory"
