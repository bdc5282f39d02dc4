"""Reader of JSONL and JSON files that others write: links and pipes refused, growing files bounded, errors typed."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base.errors import CannotOpen, Damaged, NoPermission, StoreError
from ..base.late_dataclass import replace
from ..base.safe_files import READ_FLAGS
from ..formats.jsonl import CUT_OFF, MAX_LINE, BadLine, Record, first_record, parse, utf8_chunks, utf16_of

BEING_WRITTEN = 60.0
"""Seconds since a file's last change within which its last line may be being written (docs/format.md §5.6)."""

_CHUNK = 1 << 20
_SHORT = 4096


def read_records(path: Path) -> Iterator[Record | BadLine]:
    """Lines of one file up to its size when it was opened, so that reading a growing file ends.

    The file is opened at the first step and closed at the last, or when the iterator is closed.
    A last line without a line end is `unfinished` where the file changed in the last 60 seconds.

    Raises:
        NoPermission: The system refused to open it.
        CannotOpen: It is gone, or is no regular file (a link, a folder, a pipe).
        Damaged: The disk could not read it to its end.
    """
    with _opened(path) as descriptor:
        is_young = abs(time.time() - os.fstat(descriptor).st_mtime) < BEING_WRITTEN
        for line in parse(_chunks(descriptor, path)):
            unfinished = is_young and isinstance(line, BadLine) and line.reason == CUT_OFF
            yield replace(line, unfinished=True) if unfinished and isinstance(line, BadLine) else line


def read_text(path: Path) -> str:
    """Text of a small JSON file; bytes that are not UTF-8 become U+FFFD.

    Raises:
        CannotOpen, Damaged: As `read_records`; `Damaged` also where it is longer than 64 MB.
    """
    return read_raw(path).decode("utf-8-sig", "replace")


def read_raw(path: Path | str) -> bytes:
    """Bytes of a file; raises as `read_text`."""
    try:
        descriptor = os.open(path, READ_FLAGS)
        try:
            size = _size(descriptor, path)
            if size > MAX_LINE:
                raise Damaged(f"{path} is longer than 64 MB and was not read")
            raw = os.read(descriptor, size)
            return raw if len(raw) == size else raw + b"".join(_chunks(descriptor, path, size - len(raw)))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _translated(error, path) from error


def read_between(path: Path, start: int, end: int) -> bytes:
    """Bytes of a file between two places, fewer where it is shorter; raises as `read_records`."""
    with _opened(path) as descriptor:
        _size(descriptor, path)
        os.lseek(descriptor, start, os.SEEK_SET)
        return b"".join(_chunks(descriptor, path, end - start))


def read_records_at(path: Path, offsets: Iterable[int]) -> Iterator[Record]:
    """Records that start at given bytes, with line number 0; where none starts any more, it is left out.

    Raises:
        StoreError: As `read_records`.
    """
    with _opened(path) as descriptor:
        recoded = None
        if utf16_of(os.pread(descriptor, _SHORT, 0)):
            recoded = b"".join(utf8_chunks(_chunks(descriptor, path)))
        for offset in offsets:
            line = _line_at(descriptor, offset) if recoded is None else recoded[offset:].partition(b"\n")[0]
            value = first_record(line)
            if value is not None:
                yield Record(0, offset, value)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """An open descriptor; system errors of the block are translated."""
    try:
        descriptor = os.open(path, READ_FLAGS)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _translated(error, path) from error


def _line_at(descriptor: int, offset: int) -> bytes:
    """Bytes up to the end of the line."""
    held: list[bytes] = []
    while sum(map(len, held)) <= MAX_LINE:
        chunk = os.pread(descriptor, _CHUNK if held else _SHORT, offset)
        line, newline, _ = chunk.partition(b"\n")
        held.append(line)
        offset += len(chunk)
        if newline or not chunk:
            break
    return b"".join(held)


def _size(descriptor: int, path: Path | str) -> int:
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        raise CannotOpen(f"{path} is not a regular file; move it away, or put the transcript back")
    return state.st_size


def _chunks(descriptor: int, path: Path | str, left: int | None = None) -> Iterator[bytes]:
    left = _size(descriptor, path) if left is None else left
    while left > 0:
        chunk = os.read(descriptor, min(left, _CHUNK))
        if not chunk:
            return
        left -= len(chunk)
        yield chunk


def _translated(error: OSError, path: Path | str) -> StoreError:
    """The typed error for a system error, with what the user can do."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return NoPermission(f"{path} may not be read; give yourself the right to read it")
    if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
        return CannotOpen(f"{path} is not a regular file; move it away, or put the transcript back")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return CannotOpen(f"{path} is gone; look again")
    return Damaged(f"{path} could not be read to its end ({error.strerror}); check the disk")
