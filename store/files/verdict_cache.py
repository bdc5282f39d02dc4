"""Cache of verdicts: one small file for each store, outside its home; every entry can be computed again.

Format: a first line with the format's name; the marks of the sessions that are in sync, one a line; an empty line; the
marks of the others, each with a tab, the flag and a JSON list (`_fields`).
A mark identifies one state of a session, so a start costs one folder listing and one count of rows, and a session that
changed is a miss. A file that cannot be read or written is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..base import safe_files
from ..base.models import Check, Drift, JsonlFacts, Origin, Session, Verdict
from ..base.strict_json import BadJson, load
from .home import FileStamp

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is not ours."""

NOT_STORED = (-1, 0)
"""Stands for rows and highest id of a session that SQLite has no row for."""

_FORMAT = "hermes-tui verdicts 1"
"""First line; another one means that the rest was judged by other rules."""
_FLAGS = {str(flag): flag for flag in Drift}


def locate(environ: Mapping[str, str], *, platform: str, user_home: Path) -> Path:
    """The folder of our caches; nothing is looked at or created.

    Args:
        environ: The process environment: XDG_CACHE_HOME, on Windows LOCALAPPDATA.
        platform: As `sys.platform`.
        user_home: The user's home folder.
    """
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or user_home / "AppData" / "Local")
    else:
        named = Path(environ.get("XDG_CACHE_HOME") or ".")
        base = named if named.is_absolute() else user_home / ".cache"  # as the XDG specification has it
    return base / "hermes-tui"


@dataclass(frozen=True, slots=True)
class CachedVerdict:
    """What is remembered of a session whose JSONL file could be read."""

    check: Check
    session: Session | None = None
    """As its file describes it, where SQLite does not know it."""

    def facts(self, stamp: FileStamp) -> JsonlFacts:
        """What a look at its file would tell."""
        inode, size, mtime_ns = stamp
        check = self.check
        return JsonlFacts(
            check.session_id, size, mtime_ns, inode, messages=check.jsonl_messages, bad_lines=check.damaged_lines
        )


class VerdictCache:
    """What is remembered of one store; every method may be called from any thread.

    Of a session that is well nothing is kept but how it looked.

    Args:
        folder: Where our caches are; None to remember nothing beyond this process.
        store: The state.db.
    """

    def __init__(self, folder: Path | None, store: Path) -> None:
        self._path = _path(folder, store)
        self._loaded: tuple[set[str], dict[str, str]] | None = None

    def is_known(self, mark: str) -> bool:
        """A session that looks like this was compared before."""
        in_sync, flagged = self._lines
        return mark in in_sync or mark in flagged

    def flag(self, mark: str) -> Drift | None:
        """The flag of a session that looks like this, None where it is in_sync or not known."""
        line = self._lines[1].get(mark)
        return None if line is None else _FLAGS.get(line[: line.find(" ")])

    def get(self, mark: str, session_id: str, *, profile: str) -> CachedVerdict | None:
        """What was found of a flagged session that looks like this, None where it is in_sync or not known."""
        line = self._lines[1].get(mark)
        try:
            return None if line is None else _found(session_id, load(line.partition(" ")[2]), profile)
        except (BadJson, ValueError, TypeError):
            return None

    def partition(self, looks: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Two kinds of sessions with their marks: those that are known and flagged, and those that are not known.

        What no session looks like any more is forgotten.

        Args:
            looks: Every session, by what it looks like now.
        """
        in_sync, flagged = self._lines
        rest = looks.keys() - in_sync
        told = {looks[mark]: mark for mark in rest if mark in flagged}
        unknown = {looks[mark]: mark for mark in rest if mark not in flagged}
        if len(looks) - len(rest) != len(in_sync) or len(told) != len(flagged):
            self._loaded = set(looks.keys() & in_sync), {mark: flagged[mark] for mark in told.values()}
        return told, unknown

    def put(self, mark: str, flag: Drift | None, found: CachedVerdict) -> None:
        """Remember what was found."""
        in_sync, flagged = self._lines
        if flag is None:
            in_sync.add(mark)
        else:
            flagged[mark] = f"{flag} {json.dumps(_fields(found))}"

    def save(self) -> None:
        """Write all of it: a file made anew beside the old one, and put in its place."""
        if self._path is None:
            return
        in_sync, flagged = self._lines
        lines = (_FORMAT, *in_sync, "", *(f"{mark}\t{line}" for mark, line in flagged.items()))
        with suppress(OSError):  # then the next start compares again
            safe_files.replace(self._path, (f"{line}\n".encode("ascii") for line in lines), durable=False)

    @property
    def _lines(self) -> tuple[set[str], dict[str, str]]:
        """The marks of those that are in_sync, and the lines of the others by mark."""
        if self._loaded is None:
            self._loaded = _read(self._path) if self._path else (set(), {})
        return self._loaded


def mark(session_id: str, stamp: FileStamp, rows: Sequence[object]) -> str:
    """What tells one state of a session from another, as one line of ASCII.

    Args:
        session_id: The session.
        stamp: Of its JSONL file.
        rows: First how many rows it has, then the highest id; `NOT_STORED` where SQLite does not know it.
    """
    return next(iter(marks({session_id: stamp}, {session_id: rows})))


def marks(stamps: Mapping[str, FileStamp], stored: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """The marks of many sessions, and whose they are.

    Args:
        stamps: Of their JSONL files.
        stored: Rows and highest id of those that SQLite knows.
    """
    return {
        f"{one!a} {inode} {size} {mtime_ns} {(rows := stored.get(one, NOT_STORED))[0]} {rows[1]}": one
        for one, (inode, size, mtime_ns) in stamps.items()
    }


def _path(folder: Path | None, store: Path) -> Path | None:
    """The file of a store; None where it would lie in the store's home."""
    if folder is None:
        return None
    home = os.path.realpath(store.absolute().parent)
    if Path(os.path.realpath(folder)).is_relative_to(home):
        return None
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


def _fields(found: CachedVerdict) -> list[object]:
    check, session = found.check, found.session
    fields: list[object] = [
        *(check.verdict, check.sqlite_messages, check.jsonl_messages, check.missing_in_sqlite, check.missing_in_jsonl),
        *(check.damaged_lines, check.doubled, check.repairable, check.reason),
    ]
    if session is not None:
        fields += [session.source, session.title, session.model, session.started_at, session.last_active]
    return fields


def _found(session_id: str, fields: object, profile: str) -> CachedVerdict | None:
    """What a line says; raises ValueError or TypeError where it is none of ours."""
    if not isinstance(fields, list) or len(fields) not in (9, 14):
        return None
    verdict, stored, written, lacking, alone, damaged, doubled, repairable, reason = fields[:9]
    check = Check(
        session_id=session_id,
        verdict=Verdict(verdict),
        sqlite_messages=int(stored),
        jsonl_messages=int(written),
        missing_in_sqlite=int(lacking),
        missing_in_jsonl=int(alone),
        damaged_lines=int(damaged),
        doubled=int(doubled),
        repairable=bool(repairable),
        reason=str(reason),
    )
    if len(fields) == 9:
        return CachedVerdict(check)
    source, title, model, started, last = fields[9:]
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
