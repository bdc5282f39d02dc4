"""Keys of the table of commands in texts: one of a command, and the tables of the README."""

from __future__ import annotations

from hermes_tui.commands.key_names import shown_name
from hermes_tui.commands.model import INSIDE, LISTS, PANES, REPAIRS, Command, Place
from hermes_tui.commands.registry import TABLE

_GROUPS = (
    ("In the search row", frozenset({Place.SEARCH})),
    ("In the list", LISTS),
    ("In the transcript", INSIDE),
    ("On the screen of repairs", REPAIRS | {Place.JOURNAL}),
    ("On the other screens", frozenset(Place)),
)


def key_of(command_id: str) -> str:
    """The key of a command as people write it, by its id."""
    return next(shown_name(key.names[0]) for command in TABLE for key in command.keys if key.id == command_id)


def key_table() -> str:
    """The README's tables of keys in Markdown, one for each place, folded away."""
    groups: dict[str, list[Command]] = {"In list and transcript": [], **{name: [] for name, _ in _GROUPS}}
    groups["Everywhere"] = []
    for command in TABLE:
        groups[_group(command)].append(command)
    return "\n".join(_folded(name, commands) for name, commands in groups.items() if commands)


def _group(command: Command) -> str:
    if command.places == frozenset(Place) or command.places > PANES:
        return "Everywhere"
    if command.places >= PANES:
        return "In list and transcript"
    return next(name for name, places in _GROUPS if command.places & places)


def _folded(name: str, commands: list[Command]) -> str:
    lines = [f"<details><summary>{name}</summary>", "", "| Key | What it does |", "|---|---|"]
    for command in commands:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.sentence} |")
    return "\n".join([*lines, "", "</details>", ""])
