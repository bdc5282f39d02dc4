"""Comparison of an export with the store: the same is rendered again, and digests and bytes are compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO

from hermes_tui.export.stream import SessionExport
from hermes_tui.render.export.model import MANIFEST, MARK, VERSION, ExportOptions, Format, Only, Totals
from store import Browser, SessionMissing
from store.base import safe_files
from store.base.late_dataclass import dataclass
from store.base.strict_json import BadJson, load

TAIL = 1 << 16
"""Bytes at the end of a file, or of a line of JSONL, that hold the manifest."""
_CHUNK = 1 << 20
_AT_THE_END = (
    re.compile(rf"<!-- {MARK}(\{{.*\}}) -->\n(?:</body>\n</html>\n)?\Z"),
    re.compile(rf"(?:\A|\n){MARK}(\{{.*\}})\n\Z"),
    re.compile(rf'"{MANIFEST}": (\{{[^{{}}]*\}})\}}\n\Z'),
)


class Agreement(Enum):
    """What a file is to the store."""

    SAME = auto()
    GROWN = auto()
    """The store has more; what the file has is as it was."""
    CHANGED = auto()
    """The store has other messages."""
    EDITED = auto()
    """The store has what the file says that it had, and the file has other bytes."""
    GONE = auto()
    """The store has no such session."""


@dataclass(frozen=True, slots=True)
class Written:
    """A session in a file: the manifest, and where in the file it stands."""

    session_id: str
    options: ExportOptions
    totals: Totals
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """Result of the comparison of one session of a file."""

    written: Written
    agreement: Agreement
    messages: int = 0
    """Messages that the store has of it now, counted as the export counts."""


def written_sessions(path: Path) -> Iterator[Written]:
    """The sessions of an export, by the manifests in it.

    Raises:
        ValueError: It has none: it is no export, or it was cut off.
        OSError: It cannot be read.
    """
    with safe_files.opened(path) as file:
        size = file.seek(0, 2)
        file.seek(0)
        is_lines = path.suffix == f".{Format.JSONL}" or _is_jsonl(file.read(_CHUNK))
        file.seek(0)
        if not is_lines:
            file.seek(max(size - TAIL, 0))
            yield _written(file.read(), 0, size)
            return
        for tail, start, end in _lines(file):
            yield _written(tail, start, end)
        if not size:
            raise ValueError("it is empty")


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The end of each line, where it begins and where it ends; a line may be longer than the memory."""
    tail, start, end = b"", 0, 0
    while piece := file.readline(_CHUNK):
        tail, end = (tail + piece)[-TAIL:], end + len(piece)
        if piece.endswith(b"\n"):
            yield tail, start, end
            tail, start = b"", end
    if end > start:
        yield tail, start, end


def compare(db: Browser, path: Path, written: Written) -> FileVerdict:
    """Render a session as it was, and compare.

    Raises:
        StoreError: It cannot be read.
        OSError: The file cannot be read.
    """
    try:
        export = SessionExport(db, written.session_id, written.options, until=written.totals.messages)
    except SessionMissing:
        return FileVerdict(written, Agreement.GONE)
    body, n_bytes = hashlib.sha256(), 0
    for number, chunk in enumerate(export.chunks()):
        if number:  # the head may say something else by now, of the other source
            data = chunk.encode("utf-8", "backslashreplace")
            n_bytes += len(data)
            body.update(data)
    now = export.totals
    if now.digest == written.totals.digest and now.messages == written.totals.messages:
        is_same = (
            n_bytes <= written.end - written.start and _digest(path, written.end - n_bytes, n_bytes) == body.digest()
        )
        return FileVerdict(written, Agreement.SAME if is_same else Agreement.EDITED, now.messages)
    has_grown = export.beginning == written.totals.digest or not written.totals.messages
    return FileVerdict(written, Agreement.GROWN if has_grown else Agreement.CHANGED, now.messages)


def _digest(path: Path, start: int, n_bytes: int) -> bytes:
    digest = hashlib.sha256()
    with safe_files.opened(path) as file:
        file.seek(start)
        while n_bytes > 0 and (data := file.read(min(n_bytes, _CHUNK))):
            digest.update(data)
            n_bytes -= len(data)
    return digest.digest()


def _is_jsonl(start: bytes) -> bool:
    return start.startswith(b'{"id": ')


def _written(tail: bytes, start: int, end: int) -> Written:
    text = tail.decode("utf-8", "replace")
    found = next((match for pattern in _AT_THE_END if (match := pattern.search(text))), None)
    try:
        fields = load(found[1]) if found else None
    except BadJson:
        fields = None
    if not isinstance(fields, dict) or fields.get("version") != VERSION:
        raise ValueError("there is no end of an export in it: it is none, or it was cut off")
    try:
        options = ExportOptions(
            Format(str(fields["format"])),
            Only(str(fields["only"])) if fields["only"] else None,
            redact=bool(fields["redact"]),
            lineage=bool(fields["lineage"]),
        )
        counts = [int(str(fields[name])) for name in ("messages", "undone", "compacted", "unreadable")]
        totals = Totals(counts[0], counts[1], counts[2], counts[3], str(fields["sha256"]))
        return Written(str(fields["session"]), options, totals, start, end)
    except (KeyError, ValueError) as error:
        raise ValueError("the end of the export in it is damaged") from error
