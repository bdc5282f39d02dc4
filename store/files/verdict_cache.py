"""Where verdicts are remembered: one small file for each store, outside its home; nothing depends on it.

First the marks of the sessions that are well, one a line; after an empty line those of the others, each with a tab and
what was found. A mark tells one state of a session from another: so that a start costs a look at the folder and one
count, and a session that changed is simply not found.
A file that cannot be read, made or written is done without.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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
_READ = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


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
        well, flagged = self._lines
        return mark in well or mark in flagged

    def flag(self, mark: str) -> Drift | None:
        """The flag of a session that looks like this, None where it is well or not known."""
        line = self._lines[1].get(mark)
        return None if line is None else _FLAGS.get(line[: line.find(" ")])

    def get(self, mark: str, session_id: str, *, profile: str) -> CachedVerdict | None:
        """What was found of a flagged session that looks like this, None where it is well or not known."""
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
        well, flagged = self._lines
        rest = looks.keys() - well
        told = {looks[mark]: mark for mark in rest if mark in flagged}
        unknown = {looks[mark]: mark for mark in rest if mark not in flagged}
        if len(looks) - len(rest) != len(well) or len(told) != len(flagged):
            self._loaded = set(looks.keys() & well), {mark: flagged[mark] for mark in told.values()}
        return told, unknown

    def put(self, mark: str, flag: Drift | None, found: CachedVerdict) -> None:
        """Remember what was found."""
        well, flagged = self._lines
        if flag is None:
            well.add(mark)
        else:
            flagged[mark] = f"{flag} {json.dumps(_fields(found))}"

    def save(self) -> None:
        """Write all of it: a file made anew beside the old one, and put in its place."""
        if self._path is None:
            return
        well, flagged = self._lines
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(6)}")
        lines = (f"{mark}\t{line}" for mark, line in flagged.items())
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(fresh, _MAKE, 0o600), "w", encoding="ascii", newline="\n") as file:
                file.writelines(f"{line}\n" for line in (_FORMAT, *well, "", *lines))
            fresh.replace(self._path)
        except OSError:  # then the next start compares again
            with suppress(OSError):
                fresh.unlink()

    @property
    def _lines(self) -> tuple[set[str], dict[str, str]]:
        """The marks of those that are well, and the lines of the others by mark."""
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
        descriptor = os.open(path, _READ)
    except OSError:
        return set(), {}
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_BYTES:
            return set(), {}
        try:
            text = file.read(MAX_BYTES).decode("ascii")
        except (OSError, UnicodeDecodeError):
            return set(), {}
    head, _, rest = text.partition("\n")
    well, _, flagged = rest.partition("\n\n") if not rest.startswith("\n") else ("", "", rest[1:])
    if head != _FORMAT:
        return set(), {}
    marked = (line.partition("\t") for line in flagged.split("\n"))
    return set(well.split("\n")), {mark: line for mark, tab, line in marked if tab}


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
