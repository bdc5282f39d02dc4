"""Listing of a large folder, which is used again for a while: many sessions are looked up in it one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .home import FileStat

MANY = 1_000
"""Files from which on a listing is used again; a shorter one is made for each look-up."""
AGAIN = 10
"""Times as long as it took a listing is used."""


class Listing:
    """Files by session; many are as old as ten times the time that listing them takes. Any thread may ask.

    Args:
        read: Lists them.
        clock: Seconds that only grow.
    """

    def __init__(
        self, read: Callable[[], Mapping[str, FileStat]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._clock = read, clock
        self._last: tuple[float, Mapping[str, FileStat]] = (0.0, {})
        """End of its use, and the files, set together."""

    def files(self) -> Mapping[str, FileStat]:
        """The files; raises what `read` does."""
        began = self._clock()
        until, files = self._last
        if began < until:
            return files
        files = self._read()
        took = (ended := self._clock()) - began
        self._last = (ended + AGAIN * took if len(files) >= MANY else began), files
        return files
