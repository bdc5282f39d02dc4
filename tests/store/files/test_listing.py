"""A listing of many files is used for a while, a short one never.

Mutants: every listing used again; none used again; one that is used for ever.
"""

from __future__ import annotations

from pathlib import Path

from store.files.home import FileStat
from store.files.listing import AGAIN, MANY, Listing

NONE = FileStat(Path("x"), 0, 0, 0)


class Folder:
    """A folder that takes a second to list."""

    def __init__(self, number: int) -> None:
        self.files = {str(place): NONE for place in range(number)}
        self.now, self.listed = 100.0, 0

    def read(self) -> dict[str, FileStat]:
        """List it."""
        self.now, self.listed = self.now + 1.0, self.listed + 1
        return dict(self.files)


def test_a_short_listing_is_made_for_each_look_up() -> None:
    folder = Folder(MANY - 1)
    listing = Listing(folder.read, clock=lambda: folder.now)
    assert len(listing.files()) == MANY - 1
    folder.files["new"] = NONE
    assert "new" in listing.files()


def test_a_long_one_is_used_for_ten_times_as_long_as_it_took() -> None:
    folder = Folder(MANY)
    listing = Listing(folder.read, clock=lambda: folder.now)
    listing.files()
    folder.files["new"] = NONE
    folder.now += AGAIN - 0.5
    assert "new" not in listing.files()
    assert folder.listed == 1
    folder.now += 1.0
    assert "new" in listing.files()
