"""Banner above a transcript whose two sources disagree: sentences and keys (docs/look.md §7)."""

from __future__ import annotations

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, fill, line_cells, span
from hermes_tui.render.repair_plan import SHORT_REASONS
from hermes_tui.render.safe import safe
from hermes_tui.render.time import in_words, many
from store.models import Check, Drift, JsonlFacts, Origin, Session
from store.repair.model import Why

MARGIN = 2
"""Cells right of the keys."""

Sentences = tuple[str, ...]
"""The same in fewer and fewer words."""


def banner_content(
    session: Session, drift: Drift | None, facts: JsonlFacts | None, check: Check | None, refused: Why | None
) -> tuple[Sentences, Line]:
    """Sentences on a session, none where nothing is wrong, and the keys that can be pressed.

    Args:
        session: The row; its counter is SQLite's side.
        drift: The quick flag.
        facts: Counts of the JSONL file.
        check: The comparison by content, once it is known.
        refused: Why a repair would do nothing.
    """
    if drift is None:
        return _of_origin(session), ()
    if session.origin not in (Origin.SQLITE, Origin.JSONL):
        return _of_drift(session, drift, facts, check), ()
    if check is not None and refused is not None:
        return _of_refusal(check, refused), _difference()
    return _of_drift(session, drift, facts, check), (
        span(bound("repair"), Role.ACCENT, bold=True),
        span(" repair  "),
        *_difference(),
    )


def _difference() -> Line:
    return span(bound("difference"), Role.ACCENT, bold=True), span(" difference")


def _of_origin(session: Session) -> Sentences:
    """The sentences on a session that neither SQLite nor a JSONL file has; () of any other."""
    if session.origin is Origin.SNAPSHOT:
        left = many(session.messages, "message")
        return f"Only in a JSON snapshot, which may lack messages: {left} left", f"Only a snapshot, {left}", "Snapshot"
    if session.origin is Origin.SPOOL:
        waits = many(session.messages, "message")
        return f"Only in the spool: {waits} could not be written into SQLite yet", f"In the spool, {waits}", "Spool"
    return ()


def _of_refusal(check: Check, refused: Why) -> Sentences:
    """The sentences where a repair would do nothing."""
    words = f"repair refused: {SHORT_REASONS[refused]}"
    return f"SQLite lacks {in_words(check.missing_in_sqlite)} · {words}", words, "refused"


def banner_line(drift: Drift | None, sentences: Sentences, width: int, glyphs: Glyphs, keys: Line) -> Line:
    """Draw the flag, the first of `sentences` that fits into `width` cells, and the keys, which stay."""
    room = width - MARGIN - line_cells(keys)
    sentence = next((text for text in sentences if cells(safe(text)) <= room - 6), "")
    mark = glyphs.incomplete if drift is None else glyphs.drift(drift)
    left: Line = (blank(1), mark, span(glyphs.words(f" {sentence}")))
    return (*fill(left, room), *keys) if room >= line_cells(left) else left


def _of_drift(session: Session, drift: Drift, facts: JsonlFacts | None, check: Check | None) -> Sentences:
    """The sentences on a drift."""
    lines = facts.messages if facts else session.messages
    if drift is Drift.JSONL_ONLY:
        return f"Only in JSONL, {many(lines, 'message')}", "Only in JSONL"
    if drift is Drift.JSONL_AHEAD:
        here, there = in_words(lines), in_words(check.sqlite_messages if check else session.messages)
        return f"JSONL has {here} messages, SQLite {there}", f"JSONL {here}, SQLite {there}"
    if drift is Drift.DAMAGED and (problem := session.problem or (facts.problem if facts else "")):
        return problem, "damaged"
    if drift is Drift.DAMAGED:
        return f"{many(facts.bad_lines if facts else 1, 'damaged line')} in JSONL", "damaged lines"
    if check is None:
        return "SQLite and JSONL differ", "differ"
    lacks = f"SQLite lacks {in_words(check.missing_in_sqlite)}"
    return f"{lacks}, JSONL lacks {in_words(check.missing_in_jsonl)}", lacks
