"""The row above a transcript whose two sources disagree (docs/look.md §7)."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, fill, line_cells, span
from hermes_tui.render.repair_plan import SHORT_REASONS
from hermes_tui.render.safe import safe
from hermes_tui.render.time import in_words, many
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.theme import Ground
from store.models import Check, Drift, JsonlFacts, Origin, Session
from store.repair.model import Why

DIFFERENCE: Line = (span("d", Role.ACCENT, bold=True), span(" difference"))
KEYS: Line = (span("r", Role.ACCENT, bold=True), span(" repair  "), *DIFFERENCE)
LAST_KEY = 12
"""Cells of `d difference`."""
MARGIN = 2
"""Cells right of the keys."""


class Banner(Bar):
    """Says what is wrong with the session below it; hidden where nothing is."""

    GROUND = Ground.BAND

    DEFAULT_CSS = """
    Banner { display: none; }
    Banner.-flagged { display: block; }
    """

    @dataclass
    class Clicked(Message):
        """It was clicked."""

        difference: bool
        """On the words of the difference."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._drift: Drift | None = None
        self._sentences: tuple[str, ...] = ()
        self._keys: Line = ()

    def show(
        self,
        session: Session,
        drift: Drift | None,
        facts: JsonlFacts | None,
        check: Check | None,
        refused: Why | None = None,
    ) -> None:
        """Say what is known of a session's drift, and why a repair would do nothing; nothing, and the row goes."""
        self._drift = drift
        self._sentences = sentences(session, drift, facts, check) if drift else _of_origin(session)
        has_sources = drift is not None and session.origin in (Origin.SQLITE, Origin.JSONL)
        self._keys = KEYS if has_sources else ()
        if has_sources and check is not None and refused is not None:
            self._keys, self._sentences = DIFFERENCE, _of_refusal(check, refused)
        self.set_class(bool(self._sentences), "-flagged")
        self.refresh()

    def line(self, width: int) -> Line:
        """The flag, and the longest sentence that fits."""
        if not self._sentences:
            return ()
        return banner_line(self._drift, self._sentences, width, self.glyphs, self._keys)

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        event.stop()
        if self._drift is None:
            return
        end = self.size.width - MARGIN
        self.post_message(self.Clicked(end - LAST_KEY <= event.x < end))


def _of_origin(session: Session) -> tuple[str, ...]:
    """What to say of a session that neither SQLite nor a JSONL file has; () of any other."""
    if session.origin is Origin.SNAPSHOT:
        left = many(session.messages, "message")
        return f"Only in a JSON snapshot, which may lack messages: {left} left", f"Only a snapshot, {left}", "Snapshot"
    if session.origin is Origin.SPOOL:
        waits = many(session.messages, "message")
        return f"Only in the spool: {waits} could not be written into SQLite yet", f"In the spool, {waits}", "Spool"
    return ()


def _of_refusal(check: Check, refused: Why) -> tuple[str, ...]:
    """What to say where a repair would do nothing."""
    words = f"repair refused: {SHORT_REASONS[refused]}"
    return f"SQLite lacks {in_words(check.missing_in_sqlite)} · {words}", words, "refused"


def banner_line(drift: Drift | None, said: tuple[str, ...], width: int, glyphs: Glyphs, keys: Line = KEYS) -> Line:
    """Draw the flag, the first of `said` that fits into `width` cells, and the keys, which stay."""
    room = width - MARGIN - line_cells(keys)
    sentence = next((text for text in said if cells(safe(text)) <= room - 6), "")
    mark = span(glyphs.partial, Role.WARNING, bold=True) if drift is None else glyphs.drift(drift)
    left: Line = (blank(1), mark, span(glyphs.words(f" {sentence}")))
    return (*fill(left, room), *keys) if room >= line_cells(left) else left


def sentences(session: Session, drift: Drift, facts: JsonlFacts | None, check: Check | None) -> tuple[str, ...]:
    """What to say of a drift, the fullest first.

    Args:
        session: The row; its counter is SQLite's side.
        drift: The quick flag.
        facts: What a look at the file told.
        check: What both sides say by content, once it is known.
    """
    lines = facts.messages if facts else session.messages
    if drift is Drift.JSONL_ONLY:
        return f"Only in JSONL, {many(lines, 'message')}", "Only in JSONL"
    if drift is Drift.JSONL_AHEAD:
        here, there = in_words(lines), in_words(session.messages)
        return f"JSONL has {here} messages, SQLite {there}", f"JSONL {here}, SQLite {there}"
    if drift is Drift.DAMAGED and session.problem:
        return session.problem, "damaged"
    if drift is Drift.DAMAGED:
        return f"{many(facts.bad_lines if facts else 1, 'damaged line')} in JSONL", "damaged lines"
    if check is None:
        return "SQLite and JSONL differ", "differ"
    return (
        f"SQLite lacks {in_words(check.missing_in_sqlite)}, JSONL lacks {in_words(check.missing_in_jsonl)}",
        f"SQLite lacks {in_words(check.missing_in_sqlite)}",
    )
