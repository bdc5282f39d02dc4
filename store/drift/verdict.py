"""Verdicts on a session's two sources: a quick flag by counts and stat, and the comparison by content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged, Interrupted, StoreError, StoreMissing
from ..base.late_dataclass import dataclass, replace
from ..base.models import Check, Drift, JsonlFacts, Origin, Session, Verdict
from .sources import Sources, read_sources

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..engine.ports import Engine
    from ..files.home import FileStamp
    from ..files.jsonl_files import JsonlFiles
    from ..formats.comparison import Comparison

LATER = 60.0
"""Seconds by which SQLite's newest message must follow the file's last one to be one that the file lacks."""

LONG_BEGUN = 300.0
"""Maximum seconds between the start of a session and the first line of a file that is a copy of it."""

_KNOWS_MORE = (Drift.JSONL_ONLY, Drift.JSONL_AHEAD, Drift.DIVERGED)

_FLAGS = {
    Verdict.JSONL_AHEAD: Drift.JSONL_AHEAD,
    Verdict.DIVERGED: Drift.DIVERGED,
    Verdict.JSONL_ONLY: Drift.JSONL_ONLY,
}


def flag(session: Session, facts: JsonlFacts | None) -> Drift | None:
    """The quick flag, by counts and stat alone; None without a sign of a difference.

    It may be wrong where both sources have equally many but different messages: `Checker.check` compares them.
    """
    if session.problem:
        return Drift.DAMAGED
    if facts is None:
        return None
    if session.origin is Origin.JSONL:
        return Drift.JSONL_ONLY
    if facts.messages > session.messages:
        last = facts.mtime_ns / 1e9 if facts.last_active is None else facts.last_active
        followed = session.messages and (session.last_active or 0) > last + LATER
        return Drift.DIVERGED if followed else Drift.JSONL_AHEAD
    return Drift.DAMAGED if facts.bad_lines or facts.problem else None


def known_flag(session: Session, files: JsonlFiles, rows: Sequence[object]) -> Drift | None:
    """The flag by content where the session was compared as it is now, else the quick one; `rows`: its `row_counts`."""
    known, found = files.verdict(session.id, rows)
    return found if known else flag(session, files.facts(session.id))


def may_know_more(session: Session, files: JsonlFiles, rows: Sequence[object]) -> bool:
    """Whether the session's file may have messages that SQLite lacks.

    By content where the session was compared, else by the quick flag, or because the file begins when the session had
    long begun. Such a file is no copy: a Hermes that could not write SQLite put into it what it still held
    (docs/format.md §5.5).
    """
    known, found = files.verdict(session.id, rows)
    if known:
        return found in _KNOWS_MORE
    if flag(session, files.facts(session.id)) in _KNOWS_MORE:
        return True
    alone = files.session(session.id)
    if alone is None or not alone.messages:
        return False
    return session.started_at is None or alone.started_at is None or alone.started_at > session.started_at + LONG_BEGUN


def unsettled(stamps: Mapping[str, FileStamp], files: JsonlFiles, rows: Mapping[str, Sequence[object]]) -> list[str]:
    """Sessions of files but those that were compared by content as they are now and whose file knows nothing more.

    Args:
        stamps: Of the files as they are now, by session.
        rows: Their `row_counts`.
    """
    known = files.verdicts(stamps, rows)
    return [key for key in stamps if key not in known or known[key] in _KNOWS_MORE]


def flag_of(check: Check) -> Drift | None:
    """The flag of a verdict by content; it replaces the quick one."""
    return _FLAGS.get(check.verdict) or (Drift.DAMAGED if check.damaged_lines else None)


@dataclass(frozen=True, slots=True)
class Verification:
    """A verdict, and whether the whole file was read for it."""

    check: Check
    problem: str = ""
    """Why the JSONL file cannot be read; "" where it can."""
    unfinished: bool = False
    """The file's last line was being written, so the same bytes may be compared with another result later."""

    @property
    def flag(self) -> Drift | None:
        """The flag in a list."""
        return Drift.DAMAGED if self.problem else flag_of(self.check)


class Checker:
    """Verdicts by content; the compared parts of one session's messages are in memory at a time."""

    def __init__(self, engine: Engine, files: JsonlFiles) -> None:
        self._engine = engine
        self._files = files

    def check(self, session_id: str, *, cancel: Cancel | None = None) -> Check:
        """Compare both sources of one session.

        Raises:
            SessionMissing: Neither source knows the session.
            Interrupted: The request was cancelled.
        """
        return self.verify(session_id, cancel=cancel).check

    def verify(self, session_id: str, *, cancel: Cancel | None = None) -> Verification:
        """The same, with its flag in a list."""
        found = read_sources(self._engine, self._files, session_id, cancel=cancel)
        check = verified(session_id, found.compared(self._engine), sides(found))
        check = replace(check, repairable=check.repairable and self._engine.capabilities.repairs)
        return Verification(check, found.written.problem, found.written.unfinished)

    def checks(self, ids: Iterable[str] | None = None, *, cancel: Cancel | None = None) -> Iterator[Check]:
        """Compare one session after the other: those asked for, or all, newest first, JSONL-only ones at the end.

        One that cannot be read has the verdict `UNREAD`.

        Raises:
            SessionMissing: An id that was asked for is not known.
            Damaged: After all of them, for the first session that cannot be read.
            Interrupted: The request was cancelled.
        """
        unread: Damaged | None = None
        for session_id in self.all_ids() if ids is None else ids:
            if cancel is not None and cancel.cancelled:
                raise Interrupted("the request was cancelled")
            try:
                yield self.check(session_id, cancel=cancel)
            except (CannotOpen, Damaged) as error:
                unread = unread or Damaged(f"{session_id} cannot be compared: {error}")
                yield unread_check(session_id, error)
        if unread is not None:
            raise unread

    def all_ids(self) -> list[str]:
        """Ids of every session that has a row, newest start first, then those that only a file knows, newest first."""
        try:
            known = [*self._engine.sessions.ids(), *self._engine.sessions.orphans()]
        except StoreMissing:
            known = []
        return [*known, *self._files.ids_without(set(known))]


@dataclass(frozen=True, slots=True)
class Sides:
    """Numbers of the compared messages."""

    stored: int | None
    """Messages in SQLite; None where it does not know the session."""
    written: int | None
    """Messages in the file; None where there is none."""
    damaged: int = 0
    salvaged: int = 0
    replaced: int = 0
    problem: str = ""
    """Why the file cannot be read; "" where it can."""


def sides(found: Sources) -> Sides:
    """The numbers of both sources."""
    written = found.written
    return Sides(
        stored=len(found.messages) if found.known or found.rows else None,
        written=len(written.entries) if written.file else None,
        damaged=written.bad_lines,
        salvaged=written.salvaged,
        replaced=written.replaced,
        problem=written.problem,
    )


def verified(session_id: str, comparison: Comparison, sides: Sides) -> Check:
    """The verdict that follows from a comparison."""
    verdict = comparison.verdict
    if sides.written is None:
        verdict = Verdict.SQLITE_ONLY
    elif sides.stored is None:
        verdict = Verdict.JSONL_ONLY
    return Check(
        session_id=session_id,
        verdict=verdict,
        sqlite_messages=sides.stored or 0,
        jsonl_messages=sides.written or 0,
        missing_in_sqlite=comparison.missing_in_sqlite,
        missing_in_jsonl=comparison.missing_in_jsonl,
        damaged_lines=sides.damaged,
        salvaged=sides.salvaged,
        edited=len(comparison.edited),
        doubled=comparison.doubled,
        repairable=comparison.repairable,
        reason="; ".join(_reasons(comparison, sides)),
    )


def unread_check(session_id: str, error: StoreError) -> Check:
    """The verdict on a session that cannot be read, with the reason."""
    return Check(session_id, Verdict.UNREAD, 0, 0, 0, 0, 0, 0, repairable=False, reason=f"cannot be compared: {error}")


def _reasons(comparison: Comparison, sides: Sides) -> Iterator[str]:
    """Explanations of a verdict, the most important first."""
    if sides.problem:
        yield f"the JSONL file was left out: {sides.problem}"
    if sides.stored is None:
        yield "Hermes has no row for this session"
    if comparison.uncertain:
        yield "both sources have messages of their own in one place, and nothing tells which came first"
    if comparison.unlike:
        yield f"{_counted(len(comparison.unlike), 'message')} may be an edited one of SQLite, or lost in it"
    if comparison.orphans:
        yield f"{_counted(len(comparison.orphans), 'message')} of tool calls that are not whole"
    if comparison.edited:
        yield f"{_counted(len(comparison.edited), 'message')} edited in SQLite"
    if comparison.elsewhere:
        yield f"{_counted(len(comparison.elsewhere), 'message')} in another place in SQLite"
    if comparison.alike:
        yield f"{_counted(comparison.alike, 'repeated message')} taken for the same one"
    if sides.damaged:
        yield f"{_counted(sides.damaged, 'damaged line')} in JSONL"
    if sides.salvaged:
        yield f"{_counted(sides.salvaged, 'message')} read out of damaged lines"
    if sides.replaced:
        yield f"{_counted(sides.replaced, 'message')} not in UTF-8: \ufffd stands for the bytes that are none"
    if comparison.doubled:
        yield f"{_counted(comparison.doubled, 'message')} may be doubled"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
