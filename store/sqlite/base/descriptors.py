"""Open descriptors of this process by the file that they are on, found without opening that file.

They are listed from /proc/self/fd. Listing takes a descriptor: where none is left, each number that can be in use is
looked at instead, because a failed look is neither "nothing open" nor "something open".
Without /proc nothing is found, and nothing is watched (docs/reliability.md §9 rule 1).
"""

from __future__ import annotations

import errno
import io
import os
import resource
from collections.abc import Iterable
from pathlib import Path

LISTING = "/proc/self/fd"

FileNumber = tuple[int, int]
"""Device and inode."""

USED_UP = (errno.EMFILE, errno.ENFILE)
"""Error numbers of a process, and of a system, without a free descriptor."""

_MOST = 1 << 20
"""Numbers that are looked at one by one where the process has no limit."""

_highest = 0


class OwnedDescriptor(io.FileIO):
    """A descriptor that is closed with the last reference to it, also where an exception took that."""

    __del__ = io.FileIO.close


def watched() -> bool:
    """True where the system lists descriptors and their locks."""
    return os.path.isdir(LISTING)  # noqa: PTH112  called before every look at the locks


def identity(path: Path | str | int) -> FileNumber | None:
    """Device and inode of the file at `path`, or of a descriptor; None for none."""
    try:
        state = os.stat(path)  # noqa: PTH116  called six times in every append
    except OSError:
        return None
    return state.st_dev, state.st_ino


def opened(path: Path | str, flags: int = os.O_RDONLY, mode: int = 0o600) -> OwnedDescriptor:
    """The file at `path`, not to be inherited by programs; no exception comes between its descriptor and its owner.

    Args:
        flags: Those of `open`; SQLite's own files are not opened by this.

    Raises:
        OSError: It cannot be opened.
    """
    how = "r+b" if flags & os.O_RDWR else "rb"
    return next(map(OwnedDescriptor, map(os.open, [path], [flags | os.O_CLOEXEC], [mode]), [how]))  # one step in C


def open_on(file: FileNumber) -> set[int]:
    """Descriptors of this process on a file."""
    return on(file, _numbers())


def on(file: FileNumber, numbers: Iterable[int]) -> set[int]:
    """Those of some descriptors that are open on a file; takes none itself."""
    device, inode = file
    found = set()
    for number in numbers:
        try:
            state = os.fstat(number)
        except OSError:  # not open, or that of the listing itself
            continue
        if state.st_ino == inode and state.st_dev == device:
            found.add(number)
    return found


def exhausted() -> bool:
    """True where this process, or the system, has no descriptor left."""
    try:
        opened(os.devnull).close()
    except OSError as error:
        return error.errno in USED_UP
    return False


def _numbers() -> Iterable[int]:
    global _highest  # noqa: PLW0603
    try:
        numbers = [int(name) for name in os.listdir(LISTING)]  # noqa: PTH208  twice in an append
    except FileNotFoundError:
        return ()
    except OSError:
        return range(max(_limit(), _highest + 1))
    _highest = max(_highest, *numbers)
    return numbers


def _limit() -> int:
    """One more than the highest number that can be opened now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(soft, _MOST)
