"""Keys that sentences name, as the user has them; the table of commands puts them here before any is drawn."""

from __future__ import annotations

from collections.abc import Mapping

_SHOWN = {
    "repair": "r",
    "difference": "d",
    "hidden": "v",
    "retry": "R",
    "rerank": "R",
    "undo": "u",
    "apply": "y",
    "fold": "space",
    "leave_out": "space",
    "replay": "y",
    "force": "M",
    "children": "c",
    "family": "L",
    "help": "?",
    "quit": "q",
    "open": "enter",
    "search": "/",
    "doctor": "D",
    "repairs": "U",
    "merge": "M",
    "profiles": "p",
    "resume": "O",
    "copy_resume": "Y",
}
"""Keys as people read them, by the ids of their commands."""


def put(shown: Mapping[str, str]) -> None:
    """Take the keys of commands, those that no sentence names too."""
    _SHOWN.update({name: shown[name] for name in _SHOWN if name in shown})


def bound(command_id: str) -> str:
    """The key of a command that a sentence names."""
    return _SHOWN[command_id]
