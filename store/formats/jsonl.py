"""Legacy transcripts, `sessions/<id>.jsonl`: bytes in, good lines and bad lines out, each with its place.

Format: docs/format.md §5.1; what goes wrong with it: §5.3 and docs/reliability.md J.
Files are only ever read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import CannotOpen, Damaged, NoPermission, StoreError
from ..base.strict_json import BadJson, load

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line; a longer one is passed over, never held."""
CUT_OFF = "cut off"
"""The reason of a last line that stops in the middle: a writer was killed, or is just writing."""

_CHUNK = 1 << 20
_SHORT = 4096
_SHOWN = 2_000
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
    text: str = field(default="", compare=False)
    """Its first 2,000 characters, nothing of one that is too long."""


def parse(chunks: Iterable[bytes]) -> Iterator[Record | BadLine]:
    """Read lines from bytes that come in pieces of any size; never raises, whatever the bytes.

    Lines end with the byte 0x0A and nothing else; blank ones are passed over.
    Bytes that are not UTF-8 become U+FFFD in a line that is good otherwise.
    At most one line is held at a time.
    """
    for number, (offset, size, text, ended) in enumerate(_lines(chunks), 1):
        if text is None:
            yield BadLine(number, offset, size, "longer than 64 MB")
        elif text:
            value, reason = _read(text, ended=ended)
            bad = BadLine(number, offset, size, reason, text[:_SHOWN])
            yield bad if value is None else Record(number, offset, value)


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


def read_whole(path: Path) -> str:
    """The text of a small file of another kind, opened with the same care; bytes that are no UTF-8 become U+FFFD.

    Raises:
        CannotOpen, Damaged: As `read_file`; `Damaged` also where it is longer than 64 MB.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _translated(error, path) from error
    try:
        if os.fstat(descriptor).st_size > MAX_LINE:
            raise Damaged(f"{path} is longer than 64 MB and was not read")
        return b"".join(_chunks(descriptor, path)).decode("utf-8-sig", "replace")
    finally:
        os.close(descriptor)


def read_at(path: Path, offsets: Iterable[int]) -> Iterator[Record]:
    """Read single lines of a file by where they begin; one that holds no object any more is left out.

    Their numbers are not known: they are 0.

    Raises:
        StoreError: As `read_file`.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _translated(error, path) from error
    try:
        for offset in offsets:
            value, _ = _read(_line_at(descriptor, offset, path), ended=True)
            if value is not None:
                yield Record(0, offset, value)
    finally:
        os.close(descriptor)


def _line_at(descriptor: int, offset: int, path: Path) -> str:
    held: list[bytes] = []
    while sum(map(len, held)) <= MAX_LINE:
        try:
            chunk = os.pread(descriptor, _CHUNK if held else _SHORT, offset)
        except OSError as error:
            raise _translated(error, path) from error
        line, newline, _ = chunk.partition(b"\n")
        held.append(line)
        offset += len(chunk)
        if newline or not chunk:
            break
    return b"".join(held).decode("utf-8-sig", "replace").strip()


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


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, int, str | None, bool]]:
    """Part bytes into (offset, size, text or None where it is too long, whether a newline ended it)."""
    held: list[bytes] = []
    offset = size = 0
    for chunk in chunks:
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            size += end - begin
            held.append(chunk[begin:end])
            yield offset, size, _taken(held, size), True
            offset, size, begin = offset + size + 1, 0, end + 1
        size += len(chunk) - begin
        held.append(chunk[begin:])
        if size > MAX_LINE:
            held.clear()
    if size:
        yield offset, size, _taken(held, size), False


def _taken(held: list[bytes], size: int) -> str | None:
    """Take a line out of its pieces; the bytes are let go before anyone reads the text."""
    line = b"".join(held) if size <= MAX_LINE else None
    held.clear()
    return None if line is None else line.decode("utf-8-sig", "replace").strip()


def _read(text: str, *, ended: bool) -> tuple[dict[str, object] | None, str]:
    """Read one line that is not blank: its object, or None and why it has none."""
    try:
        value = load(text)
    except BadJson as error:
        reason = str(error)
        return None, CUT_OFF if reason == "not JSON" and not ended else reason
    return (value, "") if isinstance(value, dict) else (None, "not an object")
