"""Choice of a browser: that of one home, or of every profile as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..browse.browser import HomeBrowser
from ..files.home import Home, distinct
from ..open import open_to_read

if TYPE_CHECKING:
    from ..browse.protocol import Browser


def open_home(home: Home, *, cache_dir: Path | None = None, waits: bool = True) -> Browser:
    """A browser of a home; of every profile where the home stands for all.

    Args:
        cache_dir: Folder of the verdict cache; None for none.
        waits: Where it stands for all, requests wait for other machines; else these are left out until they answer.
    """
    if home.is_every:
        from .browser import ProfilesBrowser

        listed = home.server is not None or home.members
        homes = home.profiles() if listed else distinct(Home(home.root).profiles())
        return ProfilesBrowser(homes, cache_dir=cache_dir, waits=waits)
    if home.remote is not None:
        from ..remote.browser import RemoteBrowser

        return RemoteBrowser(home.remote, home.name)
    return HomeBrowser(open_to_read(home, cache_dir=cache_dir))
