"""Rows of the list of sessions: the sessions, and the months over them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hermes_tui.render.line import Line
from hermes_tui.state.rows import SessionRow


@dataclass(frozen=True, slots=True)
class MonthKey:
    """The rule over the sessions of a month."""

    text: str
    first: str
    """The id of the session below it."""


@dataclass(frozen=True, slots=True)
class SessionsView:
    """The list of sessions: lines above the rows, and the rows."""

    head: Sequence[Line]
    rows: Sequence[SessionRow]
    only: str = ""
    """What the sessions have in common, "" where nothing is asked of them."""
    months: Mapping[str, str] | None = None
    """The month over a session, by its id; None where the list is not by time."""
    marked: Collection[str] = ()
    """Ids of those with a bookmark."""
    profiles: bool = False
    """There are several profiles, and each row names its own."""
