"""Reasons why a key does nothing."""

from __future__ import annotations

from collections.abc import Collection

from hermes_tui.commands.key_names import shown_keys
from hermes_tui.commands.model import PANES, Place
from hermes_tui.commands.registry import TABLE
from hermes_tui.render.bound_keys import bound

REASONS = {
    "flagged": "both sources agree, nothing to repair",
    "any_flagged": "no session is flagged",
    "hits": "there is no hit here",
    "rows": "there is no row here",
    "session": "there is no session here",
    "wide": "one pane: {open} opens, esc goes back",
    "roomy": "two panes need 100 columns",
    "rankable": "there is nothing to rank",
    "family": "nothing else belongs to this session",
    "history": "nothing was searched for before",
    "typed": "nothing is typed",
    "failed": "nothing has failed",
    "applies": "there is nothing to insert here",
    "readable": "nothing was repaired here yet",
    "undoable": "no repair here could be undone",
    "mergeable": "{merge} would insert nothing more",
    "done": "nothing was repaired here yet",
    "managed": "only sessions in SQLite are renamed or marked here, and not with --read-only",
    "deletable": "nothing is deleted on a server or another machine, of all profiles as one, or with --read-only",
    "forceable": "nothing is refused that could be forced",
    "children": "it has no branches and no subagents",
    "waiting": "nothing waits to be written",
    "maskable": "no likely secret was found",
    "chained": "this session has no chain",
}
"""By the condition that a command needs and that does not hold, with the ids of keys that they name."""
_OF_A_SESSION = frozenset({"flagged", "family", "managed"})
"""Conditions that without a session do not hold for that reason."""


def why_unused(key: str, place: Place, conditions: Collection[str]) -> str:
    """Why a key does nothing in a place.

    Args:
        key: As people read it.
        conditions: Those that hold.
    """
    if "running" in conditions:
        return "a repair is running, esc stops it"
    no_session = place in PANES and "session" not in conditions
    missing = (
        REASONS["session" if no_session and command.needs in _OF_A_SESSION else command.needs]
        for command in TABLE
        if place in command.places and key in shown_keys(command.shown)
        if command.needs not in conditions and command.needs in REASONS
    )
    reason = next(missing, "").format(open=bound("open"), merge=bound("merge"))
    return reason or f"{key} does nothing here · {'f1' if place is Place.SEARCH else bound('help')} keys"
