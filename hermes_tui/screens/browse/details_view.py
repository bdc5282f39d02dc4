"""View of the details of the session that is read, pure."""

from __future__ import annotations

from pathlib import Path

from hermes_tui.commands.registry import Place
from hermes_tui.render.details import Details, DetailsView
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.layout import BROAD

COLUMN = 30
"""Cells of a line where the details stand beside the transcript."""


def details_view(state: BrowserState) -> DetailsView | None:
    """The details; None where they are hidden, or no session is read."""
    reading, layout, shown = state.reading, state.layout, state.details
    if reading.row is None or not shown.shown:
        return None
    session, stored = reading.row.session, shown.stored
    beside = layout.list_width + 1 if state.two_panes else 0
    return DetailsView(
        Details(
            session,
            stored if stored is not None and stored.session_id == session.id else None,
            total=reading.total,
            roles=reading.roles,
            from_file=reading.from_file,
            by_hit=reading.hit is not None,
            store=state.store,
            home=str(Path.home()),
        ),
        COLUMN if layout.width >= BROAD else layout.width - beside - 2,
        state.now().replace(second=0, microsecond=0),
        prompt=shown.prompt,
        focused=state.focus is Place.DETAILS,
    )
