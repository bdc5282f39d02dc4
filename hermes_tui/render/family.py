"""Rows of a session's family as a tree: continuations, branches, subagents, resets (docs/format.md §4.3)."""

from __future__ import annotations

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


def kin_row(
    row: SessionRow, depth: int, *, width: int, now: datetime, glyphs: Glyphs, cursor: bool = False, here: bool = False
) -> Line:
    """Draw one of a family: like a row of the list, indented by its depth, with what it is to its parent.

    Args:
        depth: Steps from the first of the family.
        here: It is the one whose family this is; its title is bold.
    """
    session = row.session
    indent = 2 * min(depth, DEEPEST, max((width - NARROW) // 4, 0))
    room = max(width - TITLE_FROM - indent - RELATION - MESSAGES - 4, 4)
    title = fit(title_of(session, row.outline) or one_line(session.id), room, glyphs.truncated)
    relation = RELATIONS[session.relation] if session.relation else ""
    line = (
        *front(row, now=now, glyphs=glyphs),
        blank(indent),
        span(title, bold=cursor or here),
        blank(room - cells(title) + 2),
        span(pad(safe(relation), RELATION), Role.DIM),
        span(" " + pad_left(safe(glyphs.words(count(session.messages))), MESSAGES), Role.DIM),
        blank(1),
    )
    return with_cursor(line, glyphs, cursor=cursor)
