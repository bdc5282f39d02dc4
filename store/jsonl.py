"""Legacy transcripts, `sessions/<id>.jsonl`: bytes in, good lines and bad lines out, each with its place.

Format: facts/hermes-format.md §5.1; what goes wrong with it: §5.3 and facts/reliability.md J.
Files are only ever read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import CannotOpen, Damaged, NoPermission, StoreError
from .json_value import BadJson, load

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line; a longer one is passed over, never held."""
CUT_OFF = "cut off"
"""The reason of a last line that stops in the middle: a writer was killed, or is just writing."""

_CHUNK = 1 << 20
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


@dataclass(frozen=True, slots=True)
class Record:
    """A line that holds one JSON object."""

    line: int
    """Its number, from 1; blank lines count."""
    offset: int
    """Where it begins, in bytes."""
    value: dict[str, object]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds anything else."""

    line: int
    offset: int
    size: int
    """Its bytes, the newline not counted."""
    reason: str
    """Why, in a few words; `CUT_OFF` for a last line that stops in the middle."""


def parse(chunks: Iterable[bytes]) -> Iterator[Record | BadLine]:
    """Read lines from bytes that come in pieces of any size; never raises, whatever the bytes.

    Lines end with the byte 0x0A and nothing else; blank ones are passed over.
    Bytes that are not UTF-8 become U+FFFD in a line that is good otherwise.
    At most one line is held at a time.
    """
    for number, (offset, size, line, ended) in enumerate(_lines(chunks), 1):
        if line is None:
            yield BadLine(number, offset, size, "longer than 64 MB")
        elif line.strip():
            yield _read(line, number, offset, ended=ended)


def read_file(path: Path) -> Iterator[Record | BadLine]:
    """Read one file as far as it reached when it was opened, so that a growing one ends.

    The file is opened at the first step and closed at the last, or when the iterator is closed.

    Raises:
        NoPermission: The system refuses to open it.
        CannotOpen: It is gone, or is no regular file (a link, a folder, a pipe).
        Damaged: The disk cannot read it to its end.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _translated(error, path) from error
    try:
        yield from parse(_chunks(descriptor, path))
    finally:
        os.close(descriptor)


def _chunks(descriptor: int, path: Path) -> Iterator[bytes]:
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        raise CannotOpen(f"{path} is not a regular file; move it away, or put the transcript back")
    left = about.st_size
    while left > 0:
        try:
            chunk = os.read(descriptor, min(left, _CHUNK))
        except OSError as error:
            raise _translated(error, path) from error
        if not chunk:
            return
        left -= len(chunk)
        yield chunk


def _translated(error: OSError, path: Path) -> StoreError:
    """Say in the store's words what the system said."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return NoPermission(f"{path} may not be read; give yourself the right to read it")
    if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
        return CannotOpen(f"{path} is not a regular file; move it away, or put the transcript back")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return CannotOpen(f"{path} is gone; look again")
    return Damaged(f"{path} could not be read to its end ({error.strerror}); check the disk")


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, int, bytes | None, bool]]:
    """Part bytes into (offset, size, line or None where it is too long, whether a newline ended it)."""
    held: list[bytes] = []
    offset = size = 0
    for chunk in chunks:
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            size += end - begin
            line = b"".join((*held, chunk[begin:end])) if size <= MAX_LINE else None
            yield offset, size, line, True
            offset += size + 1
            held, size, begin = [], 0, end + 1
        size += len(chunk) - begin
        held = [*held, chunk[begin:]] if size <= MAX_LINE else []
    if size:
        yield offset, size, b"".join(held) if size <= MAX_LINE else None, False


def _read(line: bytes, number: int, offset: int, *, ended: bool) -> Record | BadLine:
    """Read one line that is not blank."""
    try:
        value = load(line.decode("utf-8-sig", "replace").strip())
    except BadJson as error:
        reason = str(error) if ended or str(error) != "not JSON" else CUT_OFF
        return BadLine(number, offset, len(line), reason)
    if isinstance(value, dict):
        return Record(number, offset, value)
    return BadLine(number, offset, len(line), "not an object")
