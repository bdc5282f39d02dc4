"""Marks of the sessions that the next act is for."""

from __future__ import annotations

from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState


class Marking:
    """Sets and takes marks in the list on the screen."""

    def __init__(self, state: BrowserState, widgets: BrowserWidgets, changed: Changed) -> None:
        self._state = state
        self._widgets = widgets
        self._changed = changed

    def mark(self, *, every: bool) -> None:
        """Mark the session under the cursor, or not, and go on to the next row; with `every` all that are listed."""
        state, marked = self._state, self._state.marked
        pane = self._widgets.list_pane(hits_shown=state.hits_shown)
        shown = self._widgets.shown_sessions(hits_shown=state.hits_shown)
        if not every:
            shown = [state.pane.row.session.id] if state.pane.row is not None else []
        if all(session_id in marked for session_id in shown):
            for session_id in [*marked] if every else shown:
                del marked[session_id]
        else:
            marked.update(dict.fromkeys(shown))
        self._changed(Part.LISTS)
        pane.refresh()
        if not every:
            pane.action_move_by(1)
