"""Plan of an undo: what goes out, what stays (docs/look.md §8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.text import hanging
from hermes_tui.render.time import many

VERB = 10
"""Cells of a verb, which starts in column 4."""


def undo_plan_lines(
    operation: str, inserted: int, moved: int, backup: Path | None, *, width: int, glyphs: Glyphs
) -> Iterator[Line]:
    """Draw what an undo would do, as the plan of a repair is drawn; nothing is cut.

    Args:
        operation: The id of the repair.
        inserted: Messages that the repair inserted.
        moved: Messages that it gave other ids.
        backup: The folder of its backup.
    """
    dim = Role.DIM
    steps: tuple[tuple[Span, str, str, Role], ...] = (
        (glyphs.bad, "take out", f"{many(inserted, 'message')}, exactly those that {operation} inserted", Role.TEXT),
        (span(glyphs.equal, dim), "keep", "all other messages, and what was written since", dim),
        (span(glyphs.equal, dim), "ids", f"{many(moved, 'message')} with their old ids again", dim),
        (span(glyphs.backup, dim), "backup", f"{_folder(backup)}, made before the repair", dim),
    )
    for mark, verb, text, role in steps:
        if verb == "ids" and not moved:
            continue
        room = max(width - 4 - VERB - 1, 8)
        yield from hanging((blank(2), mark, span(f" {verb:<{VERB}}")), glyphs.words(one_line(text)), room, role)


def _folder(backup: Path | None) -> str:
    return "/".join(backup.parts[-3:]) if backup else "none"
