"""Options of the verbs that keep sessions in order: delete, trash, names and marks, statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

GROUPS = ("day", "model", "source", "profile", "cwd", "tool")


def add_verbs(add: Callable[[str, str], Any], shared: Any) -> None:
    """Add the verbs.

    Args:
        add: Makes the parser of a verb from its name and its purpose.
        shared: Parser of the options that stand before or after a verb.
    """
    delete = add("delete", "move sessions into a trash that can be undone; exit code 1 where one was refused")
    _add_ids(delete)
    delete.add_argument("--with-children", action="store_true", help="branches and subagents go too")
    delete.add_argument("--force", action="store_true", help="even with a message of the last 15 minutes, or in use")
    delete.add_argument("--dry-run", action="store_true", help="show the plans and write nothing")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    _add_trash(
        add("trash", "list what was deleted, restore it, or empty the trash; without an action it lists"), shared
    )
    stats = add("stats", "count sessions, messages, tokens, cost, activity; of SQLite, files are not counted")
    stats.add_argument("query", metavar="QUERY", nargs="*", default=(), help="sessions: words, source: model: after: …")
    stats.add_argument("--by", choices=GROUPS, help="one line for each of these, instead of the calendar")
    rename = add("rename", "give a session a title, by the rules of Hermes")
    rename.add_argument("ids", metavar="ID", nargs=1, help="a session's id, or the start of it")
    rename.add_argument("title", metavar="TITLE", help='the new title; "" takes it away')
    for name, purpose in (
        ("archive", "archive sessions: Hermes' lists leave them out"),
        ("unarchive", "bring archived sessions back into the lists"),
        ("pin", "pin sessions, where the file has a column for it"),
        ("unpin", "take the pin from sessions"),
    ):
        _add_ids(add(name, purpose))


def _add_trash(trash: Any, shared: Any) -> None:
    """Add the verbs of the trash, each with its own options."""
    actions = trash.add_subparsers(dest="action", metavar="ACTION", title="what to do with it")
    for name, purpose in (
        ("list", "list what was deleted, the last first"),
        ("restore", "bring deletions back"),
        ("empty", "remove everything in it for good, with our backups of repairs of these sessions"),
    ):
        description = f"{purpose[0].upper()}{purpose[1:]}."
        action = actions.add_parser(name, parents=[shared], help=purpose, description=description)
        action.add_argument("--json", action="store_true", help="one JSON object on each line")
        if name == "restore":
            action.add_argument("ids", metavar="ID", nargs="+", help="deletions, or their sessions")
        if name != "list":
            action.add_argument("--dry-run", action="store_true", help="show the plan and write nothing")
            action.add_argument("--yes", action="store_true", help="do not ask")


def _add_ids(verb: Any) -> None:
    verb.add_argument("ids", metavar="ID", nargs="+", help="sessions, by id or the start of it")
