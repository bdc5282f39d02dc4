"""Rows of a session's family as a tree: continuations, branches, subagents, resets (docs/format.md §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, fit, pad, pad_left, span
from hermes_tui.render.row import TITLE_FROM, SessionRow, front, title_of, with_cursor
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.time import count
from store.models import Relation

RELATIONS = {
    Relation.CONTINUATION: "goes on",
    Relation.BRANCH: "branch",
    Relation.DELEGATE: "subagent",
    Relation.RESET: "reset",
}
RELATION, MESSAGES = 10, 5
NARROW = 44
"""Cells below which nothing is indented."""
DEEPEST = 8
"""Steps that are indented; what lies deeper stands under the last of them."""


def tree_lines(depths: Sequence[int], *, width: int, glyphs: Glyphs) -> list[str]:
    """The lines before each of a family: to the one it came from, and past it to those that come later.

    Args:
        depths: Steps from the first of the family, in the order of the rows; what lies very deep stands less deep.
        width: Cells of a row.
        glyphs: What to draw with.
    """
    deepest = max(min(DEEPEST, (width - NARROW) // 4), 0)
    drawn: list[str] = []
    open_levels: set[int] = set()
    for depth in (min(depth, deepest) for depth in reversed(depths)):
        past = "".join(f"{glyphs.divider} " if level in open_levels else "  " for level in range(1, depth))
        own = f"{glyphs.branch if depth in open_levels else glyphs.last_branch} " if depth else ""
        drawn.append(past + own)
        open_levels = {level for level in open_levels if level < depth} | {depth}
    return drawn[::-1]


def kin_row(
    row: SessionRow, lines: str, *, width: int, now: datetime, glyphs: Glyphs, cursor: bool = False, here: bool = False
) -> Line:
    """Draw one of a family: like a row of the list, in the tree, with what it is to its parent.

    Args:
        lines: Its tree lines.
        here: It is the one whose family this is; its title is bold.
    """
    session = row.session
    room = max(width - TITLE_FROM - cells(lines) - RELATION - MESSAGES - 4, 4)
    title = fit(title_of(session, row.outline) or one_line(session.id), room, glyphs.truncated)
    relation = RELATIONS[session.relation] if session.relation else ""
    line = (
        *front(row, now=now, glyphs=glyphs),
        span(lines, Role.HAIR),
        span(title, bold=cursor or here),
        blank(room - cells(title) + 2),
        span(pad(safe(relation), RELATION), Role.DIM),
        span(" " + pad_left(safe(glyphs.words(count(session.messages))), MESSAGES), Role.DIM),
        blank(1),
    )
    return with_cursor(line, glyphs, cursor=cursor)
