"""Reports of files being opened, renamed, linked or removed by any program, since they were last asked for, by inotify.

Whoever gets a descriptor of a file by opening it leaves an event here first, so descriptors need not be listed where
there is none: one system call, however many descriptors the process has. A copy of a descriptor (dup, a socket) leaves
none; closing it drops the locks all the same (`long_locks`).
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from .descriptors import OwnedDescriptor

_REPORTED = 0x20 | 0x4 | 0x800 | 0x400  # IN_OPEN, IN_ATTRIB (links too), IN_MOVE_SELF, IN_DELETE_SELF
_SETTLED = 0.05
"""Seconds after an event in which descriptors are listed: it comes a little before its descriptor can be seen."""


class OpenEvents:
    """Opens and other names of one file and of those that are added to it, for every thread of this process.

    Args:
        path: An existing file.

    Raises:
        OSError: The system has no such events, or no more of them for this user.
    """

    def __init__(self, path: Path) -> None:
        self._events, self._watch = _events()
        self.add(path)
        self._poll = select.poll()
        self._poll.register(self._events, select.POLLIN)
        self._until = 0.0
        self.works = False
        """True once an open was noticed: not every filesystem reports them."""
        self._looks = count(1)
        self.noticed = 0
        """Number of the last look that found something."""

    def may_have_opened(self) -> bool:
        """True where descriptors have to be listed."""
        if not self._poll.poll(0):
            return not self.works or time.monotonic() < self._until
        self._until = time.monotonic() + _SETTLED  # before the events are taken, for other threads
        self.works = True
        self.noticed = next(self._looks)
        try:
            os.read(self._events.fileno(), 65_536)
        except BlockingIOError:  # another thread took them
            pass
        return True

    def add(self, path: Path | str) -> None:
        """Have another existing file reported on too.

        Raises:
            OSError: They cannot be; nothing is reported any more.
        """
        if self._watch(self._events.fileno(), os.fsencode(path), _REPORTED) < 0:
            self.close()
            raise OSError(f"{path} cannot be watched")

    def close(self) -> None:
        """Close the descriptor."""
        self._events.close()


def _events() -> tuple[OwnedDescriptor, Callable[[int, bytes, int], int]]:
    """inotify's descriptor, with an owner from the start (`descriptors.opened`), and the call that adds a file to it.

    That call returns a negative number where it failed.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    try:
        start, watch = libc.inotify_init1, libc.inotify_add_watch
    except AttributeError as error:
        raise OSError("this system has no inotify") from error
    try:
        events = next(map(OwnedDescriptor, map(start, [os.O_NONBLOCK | os.O_CLOEXEC]), ["rb"]))
    except ValueError as error:  # -1 is no descriptor
        raise OSError(ctypes.get_errno(), "no inotify is left") from error
    return events, watch
