"""Legend of the help: every mark of the screen in its own look, and what it says (docs/look.md §4, §13)."""

from __future__ import annotations

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.rail import Mark, cell
from store.models import Drift, Status

STATUSES = {
    Status.LIVE: "live: written to in the last five minutes",
    Status.DONE: "done: the agent spoke last",
    Status.INTERRUPTED: "interrupted: the agent's answer is missing",
    Status.ERROR: "error: the last answer failed",
    Status.EMPTY: "empty: nobody said anything",
}
DRIFTS = {
    Drift.JSONL_AHEAD: "JSONL has more than SQLite",
    Drift.DIVERGED: "each source lacks some of the other",
    Drift.JSONL_ONLY: "only a JSONL file has it",
    Drift.DAMAGED: "damaged lines, or a part that cannot be read",
}


def legend(glyphs: Glyphs) -> list[tuple[Line, str]]:
    """Marks and their meanings: of a row, of a message, of the rail."""
    return [
        *(((glyphs.status(status),), text) for status, text in STATUSES.items()),
        ((glyphs.incomplete,), "partial: a part of it cannot be read"),
        *(((glyphs.drift(drift),), text) for drift, text in DRIFTS.items()),
        ((span(glyphs.words("•"), Role.ACCENT, bold=True),), "messages since you were there"),
        ((span(glyphs.bookmark, Role.ACCENT, bold=True),), "bookmarked"),
        ((span(f"{glyphs.section}3", Role.DIM),), "a chain of three sections; the number is that of all its messages"),
        ((span(glyphs.user, Role.ACCENT),), "the user"),
        ((span(glyphs.agent),), "the agent"),
        ((span(glyphs.tool, Role.DIM),), "a tool's result"),
        ((span(glyphs.system, Role.DIM),), "the system, and what Hermes put in"),
        ((span(f"{glyphs.folded} {glyphs.opened}", Role.DIM),), "folded, unfolded; a click changes it"),
        *(((cell(mark, glyphs),), f"beside the text: {text}") for mark, text in RAIL.items()),
    ]


RAIL = {
    Mark.PROMPT: "a prompt",
    Mark.ERROR: "a tool that failed",
    Mark.DIFF: "an edit",
    Mark.HIT: "a hit",
    Mark.SEAM: "a day or a section begins",
}
