"""Keys of the table of commands in texts: one of a command, and the table of the README."""

from __future__ import annotations

from hermes_tui.commands.key_names import shown_name
from hermes_tui.commands.registry import TABLE


def key_of(command_id: str) -> str:
    """The key of a command as people write it, by its id."""
    return next(shown_name(key.names[0]) for command in TABLE for key in command.keys if key.id == command_id)


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| Key | What it does |", "|---|---|"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.sentence} |")
    return "\n".join(lines) + "\n"
