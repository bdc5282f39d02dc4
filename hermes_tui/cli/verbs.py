"""Verbs by name: the module of each, and its function, which is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Streams
from store import Home

Verb = Callable[[Home, Options, Streams], int]

VERBS = {
    "list": "sessions.list_sessions",
    "show": "show.show",
    "open": "opening.open_session",
    "search": "search.search",
    "check": "check.check",
    "repair": "repair.repair",
    "undo": "repair.undo",
    "doctor": "doctor.doctor",
    "export": "export.export",
    "verify": "verify.verify",
    "import": "importing.import_file",
    "completion": "completion.completion",
    "push": "push.push",
    "delete": "trash.delete",
    "trash": "trash.trash",
    "stats": "stats.stats",
    "rename": "marks.rename",
    "archive": "marks.mark",
    "unarchive": "marks.mark",
    "pin": "marks.mark",
    "unpin": "marks.mark",
}


def verb_named(name: str) -> Verb:
    """The function of a verb."""
    module, _, function = VERBS[name].partition(".")
    return cast("Verb", getattr(import_module(f"hermes_tui.cli.{module}"), function))
