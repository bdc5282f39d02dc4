"""Cache of verdicts: one small file for each store, outside its home; every entry can be computed again.

Format: a first line with the format's name; the marks of the sessions that are in sync, one a line; an empty line; the
marks of the others, each with a tab, the flag and a JSON list (`_fields`).
A mark identifies one state of a session, so a start costs one folder listing and one count of rows, and a session that
changed is a miss. A file that cannot be read or written is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import safe_files
from ..base.late_dataclass import dataclass
from ..base.models import Check, Drift, JsonlFacts, Origin, Session, Verdict
from ..base.owned_lock import OwnedLock
from ..base.strict_json import BadJson, load

if TYPE_CHECKING:
    from .home import FileStamp

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is not ours."""

NOT_STORED = (-1, 0, 0, 0)
"""Row counts of a session without a row in SQLite."""

IN_SYNC = "-"
"""Flag of a session that is in sync though its JSONL file has more messages, some of them twice: it is read from there,
so its counts are kept."""

_FORMAT = "hermes-tui verdicts 4"
"""First line; a file with another one was made by other rules of comparison and is ignored."""
_FLAGS = {str(flag): flag for flag in Drift}
_COUNTS = (
    *("sqlite_messages", "jsonl_messages", "missing_in_sqlite", "missing_in_jsonl"),
    *("damaged_lines", "doubled", "edited", "salvaged"),
)
"""Fields of a `Check` that are numbers, in the order of a line."""


@dataclass(frozen=True, slots=True)
class CachedVerdict:
    """The cached comparison of a session whose JSONL file could be read."""

    check: Check
    session: Session | None = None
    """The session by its file, where SQLite has no row of it."""

    def facts(self, stamp: FileStamp) -> JsonlFacts:
        """Facts of its file."""
        inode, size, mtime_ns, _ = stamp
        check = self.check
        return JsonlFacts(
            check.session_id, size, mtime_ns, inode, messages=check.jsonl_messages, bad_lines=check.damaged_lines
        )


class VerdictCache:
    """Cache of one store; every method may be called from any thread.

    Of sessions that are in sync only the mark is kept, unless JSONL has more messages all the same.

    Args:
        folder: The folder of our caches; None to cache in this process only.
        store: The state.db.
    """

    def __init__(self, folder: Path | None, store: Path) -> None:
        self._folder, self._store = folder, store
        self._loaded: tuple[set[str], dict[str, str]] | None = None
        self._lock = OwnedLock()

    def is_known(self, mark: str) -> bool:
        """True where the session's state with this mark was compared."""
        in_sync, flagged = self._lines
        return mark in in_sync or mark in flagged

    def flag(self, mark: str) -> Drift | None:
        """The flag for a mark, None for a session that is in sync or unknown."""
        line = self._lines[1].get(mark)
        return None if line is None else _FLAGS.get(line[: line.find(" ")])

    def flags(self, marks: Iterable[str]) -> dict[str, Drift | None]:
        """The flags of those marks that are known."""
        in_sync, flagged = self._lines
        found: dict[str, Drift | None] = dict.fromkeys(in_sync.intersection(marks))
        rest = (mark for mark in marks if mark in flagged)
        return found | {mark: _FLAGS.get(flagged[mark].partition(" ")[0]) for mark in rest}

    def get(self, mark: str, session_id: str, *, profile: str) -> CachedVerdict | None:
        """The comparison for a mark, None for a session that is in sync or unknown."""
        line = self._lines[1].get(mark)
        try:
            return None if line is None else _parsed(session_id, load(line.partition(" ")[2]), profile)
        except (BadJson, ValueError, TypeError):
            return None

    def partition(self, marked: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Marks of the flagged and of the unknown sessions, by session id; marks of former states are dropped.

        Args:
            marked: Every session id by its present mark.
        """
        with self._lock:
            return self._partition(marked)

    def _partition(self, marked: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        in_sync, flagged = self._lines
        rest = marked.keys() - in_sync
        known = {marked[mark]: mark for mark in rest if mark in flagged}
        unknown = {marked[mark]: mark for mark in rest if mark not in flagged}
        if len(marked) - len(rest) != len(in_sync) or len(known) != len(flagged):
            self._loaded = set(marked.keys() & in_sync), {mark: flagged[mark] for mark in known.values()}
        return known, unknown

    def put(self, mark: str, flag: Drift | None, verdict: CachedVerdict) -> None:
        """Add a comparison, in place of an earlier one with its mark."""
        with self._lock:
            in_sync, flagged = self._lines
            in_sync.discard(mark)
            flagged.pop(mark, None)
            if flag is None and verdict.check.jsonl_messages <= verdict.check.sqlite_messages:
                in_sync.add(mark)
            else:
                flagged[mark] = f"{flag or IN_SYNC} {json.dumps(_fields(verdict))}"

    def save(self) -> None:
        """Write the cache to its file."""
        if self._path is None:
            return
        with self._lock:
            in_sync, flagged = self._lines
            lines = (_FORMAT, *in_sync, "", *(f"{mark}\t{line}" for mark, line in flagged.items()))
        with suppress(OSError):  # then the next start compares again
            safe_files.replace(self._path, (f"{line}\n".encode("ascii") for line in lines), durable=False)

    @cached_property
    def _path(self) -> Path | None:
        """Computed when a verdict is wanted: a home without files has none."""
        return _path(self._folder, self._store)

    @property
    def _lines(self) -> tuple[set[str], dict[str, str]]:
        """Marks of sessions that are in sync, and the lines of the others by mark."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _read(self._path) if self._path else (set(), {})
            return self._loaded


def mark(session_id: str, stamp: FileStamp, rows: Sequence[object]) -> str:
    """The mark of one state of a session: one line of ASCII.

    Args:
        session_id: The session.
        stamp: Of its JSONL file.
        rows: Its number of rows, the highest id, and the numbers of active and of compacted rows; `NOT_STORED` where
            SQLite has no row of it.
    """
    return next(iter(marks({session_id: stamp}, {session_id: rows})))


def marks(stamps: Mapping[str, FileStamp], stored: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """Session ids by mark.

    Args:
        stamps: Of their JSONL files.
        stored: The same counts of those that SQLite has.
    """
    return {
        f"{key!a} {inode} {size} {mtime_ns} {ctime_ns}"
        f" {(rows := stored.get(key, NOT_STORED))[0]} {rows[1]} {rows[2]} {rows[3]}": key
        for key, (inode, size, mtime_ns, ctime_ns) in stamps.items()
    }


def _path(folder: Path | None, store: Path) -> Path | None:
    """The cache file of a store; None where it would be inside the store's home."""
    if folder is None:
        return None
    home = os.path.realpath(store.absolute().parent)
    if Path(os.path.realpath(folder)).is_relative_to(home):
        return None
    import hashlib

    name = hashlib.blake2b(os.fsencode(os.path.join(home, store.name)), digest_size=8).hexdigest()  # noqa: PTH118
    return folder / f"verdicts-{name}"


def _read(path: Path) -> tuple[set[str], dict[str, str]]:
    try:
        text = (safe_files.read_bytes(path, max_bytes=MAX_BYTES) or b"").decode("ascii")
    except (OSError, UnicodeDecodeError):
        return set(), {}
    head, _, rest = text.partition("\n")
    in_sync, _, flagged = rest.partition("\n\n") if not rest.startswith("\n") else ("", "", rest[1:])
    if head != _FORMAT:
        return set(), {}
    marked = (line.partition("\t") for line in flagged.split("\n"))
    return set(in_sync.split("\n")), {mark: line for mark, tab, line in marked if tab}


def _fields(verdict: CachedVerdict) -> list[object]:
    check, session = verdict.check, verdict.session
    fields = [check.verdict, *(getattr(check, name) for name in _COUNTS), check.repairable, check.reason]
    if session is not None:
        fields += [session.source, session.title, session.model, session.started_at, session.last_active]
    return fields


def _parsed(session_id: str, fields: object, profile: str) -> CachedVerdict | None:
    """The comparison in a line's fields, None or ValueError or TypeError for invalid ones."""
    if not isinstance(fields, list) or len(fields) not in (11, 16):
        return None
    verdict, *numbers, repairable, reason = fields[:11]
    counts = dict(zip(_COUNTS, map(int, numbers), strict=True))
    check = Check(session_id, Verdict(verdict), **counts, repairable=bool(repairable), reason=str(reason))
    if len(fields) == 11:
        return CachedVerdict(check)
    source, title, model, started, last = fields[11:]
    return CachedVerdict(
        check,
        Session(
            id=session_id,
            source=str(source),
            title=None if title is None else str(title),
            model=None if model is None else str(model),
            started_at=None if started is None else float(started),
            last_active=None if last is None else float(last),
            messages=check.jsonl_messages,
            profile=profile,
            origin=Origin.JSONL,
        ),
    )
