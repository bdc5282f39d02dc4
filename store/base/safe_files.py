"""Files opened and replaced safely: no link is followed, no pipe blocks, no reader sees half a file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

NO_SPACE = {
    errno.ENOSPC: "the disk is full: free some space and try again",
    errno.EDQUOT: "your quota on this disk is used up: free some space or ask for more, and try again",
    errno.EFBIG: "a file may not grow as large here: raise the limit (ulimit -f) and try again",
}
"""Error numbers that mean no room -> what is used up, and what to do."""

READ_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_CREATE_FLAGS = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
)


def opened(path: Path) -> BinaryIO:
    """A regular file, open to read; raises OSError as it comes, and for anything else at that path."""
    file = _reading(path)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return file


def read_bytes(path: Path, *, max_bytes: int | None = None) -> bytes | None:
    """The content of a small file; None where it is no regular file or longer than `max_bytes`.

    Raises OSError as it comes.
    """
    with _reading(path) as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode) or (max_bytes is not None and state.st_size > max_bytes):
            return None
        return file.read(-1 if max_bytes is None else max_bytes)


def _reading(path: Path) -> BinaryIO:
    """Whatever is at a path, open to read; raises OSError as it comes, for a folder too."""
    descriptor = os.open(path, READ_FLAGS)
    try:
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_own(path: Path, *, max_bytes: int) -> bytes:
    """The content of a small file of the user's own; a link to it is followed, a loop, a pipe or a device is not.

    Raises OSError as it comes; also where it is no regular file or longer than `max_bytes`.
    """
    data = read_bytes(Path(os.path.realpath(path)), max_bytes=max_bytes)
    if data is None:
        raise OSError(errno.EINVAL, f"it is no file, or longer than {max_bytes >> 10} KB")
    return data


def create(path: Path) -> BinaryIO:
    """A new file of mode 0600, opened for writing; FileExistsError where anything has that name."""
    return os.fdopen(os.open(path, _CREATE_FLAGS, 0o600), "wb")


def write(path: Path, pieces: Iterable[bytes], *, durable: bool = True) -> None:
    """Write a new file of mode 0600.

    Args:
        durable: Return when its content is on the disk.

    Raises OSError as it comes.
    """
    with create(path) as file:
        file.writelines(pieces)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def replace(path: Path, pieces: Iterable[bytes], *, durable: bool = True) -> None:
    """Replace the file at `path` atomically; its folder is made with mode 0700.

    Args:
        durable: Return when file and folder are on the disk.

    Raises OSError as it comes; the old file is unchanged then.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        write(temporary, pieces, durable=durable)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        sync(path.parent)


def sync(path: Path) -> None:
    """Return when a folder's entries, or a closed file, are on the disk; raises OSError as it comes."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
