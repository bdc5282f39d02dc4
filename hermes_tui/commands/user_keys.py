"""Keys that a user gives to commands, by the commands' ids: which are taken, and why others are not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from hermes_tui.commands.key_names import NAMES, shown_keys, shown_name, textual_name
from hermes_tui.commands.model import Command, Key, Place
from store.base.late_dataclass import replace

SAME_TO_A_TERMINAL = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "esc", "ctrl+h": "backspace"}
"""Keys that a terminal sends as other ones."""
STAY = frozenset({"escape", "ctrl+q", "ctrl+c"})
"""Keys that lead out everywhere."""
MOVING = frozenset({*"jkgG", "up", "down", "home", "end", "pageup", "pagedown", "ctrl+b", "ctrl+d", "ctrl+f", "ctrl+u"})
"""Keys of lists and texts."""
TYPING = frozenset({Place.SEARCH, Place.FIND})
"""Places where a printable key is text."""
_NAMED = frozenset({*NAMES.values(), "tab", "enter", "space", "home", "end", "insert", "delete", "backspace"})
_QUOTED = re.compile("`([^`]+)`")
_COMBINED = re.compile(r"(?:ctrl|shift|alt)\+\S+|f[0-9]{1,2}")


def rebound(table: Sequence[Command], keys: Mapping[str, str]) -> tuple[list[Command], dict[str, str]]:
    """The table with other keys, and the ids whose keys were not taken, with the reason.

    Args:
        table: The commands.
        keys: A key as people write it, by the id of a command.
    """
    known = {key.id for command in table for key in command.keys}
    refused: dict[str, str] = {}
    wanted: dict[str, str] = {}
    for command_id, shown in keys.items():
        if reason := "is no command" if command_id not in known else _objection(table, command_id, shown):
            refused[command_id] = reason
        else:
            wanted[command_id] = shown
    while True:
        changed = [_with_keys(command, table, wanted) for command in table]
        clashes = ((name, why) for name in reversed(wanted) if (why := _clash(changed, name)))
        if (clash := next(clashes, None)) is None:
            return changed, refused
        refused[clash[0]] = clash[1]
        del wanted[clash[0]]


def _objection(table: Sequence[Command], command_id: str, shown: str) -> str:
    """Why a key cannot be that of a command, "" where it can."""
    name = textual_name(shown)
    commands = [command for command in table for key in command.keys if key.id == command_id]
    if shown.casefold() in SAME_TO_A_TERMINAL:
        return f"{shown} is {SAME_TO_A_TERMINAL[shown.casefold()]} to a terminal"
    if name in MOVING:
        return f"{shown} moves in lists and texts"
    if name in STAY or any(set(key.names) & STAY for key in _keys_of(commands, command_id)):
        return "esc, ctrl+c and ctrl+q stay as they are"
    is_letter = len(shown) == 1 and shown.isprintable() and not shown.isspace()
    if not (is_letter or name in _NAMED or _COMBINED.fullmatch(name)):
        return f"{shown} is no key"
    is_text = any(len(name) == 1 for name in _names_of(commands, command_id))
    if len(shown) == 1 and not is_text and any(command.places & TYPING for command in commands):
        return f"{shown} is text where that command works"
    return ""


def _clash(table: Sequence[Command], command_id: str) -> str:
    """The command that has the key of another one where both work, as a reason."""
    if len({key.action for key in _keys_of(table, command_id)}) > 1:
        return f"the keys of {command_id} stay as they are"
    for command in table:
        for name in (name for key in _keys_of([command], command_id) for name in key.names):
            rivals = (key for other in table if _meet(command, other) for key in other.keys if name in key.names)
            if (rival := next((key for key in rivals if key.id != command_id), None)) is not None:
                return f"{shown_name(name)} is the key of {rival.id} there"
    return ""


def _meet(command: Command, other: Command) -> bool:
    """Whether there is a place where both may work at one time."""
    return bool(command.places & other.places) and (not (command.needs and other.needs) or command.needs == other.needs)


def _keys_of(commands: Iterable[Command], command_id: str) -> Iterable[Key]:
    return (key for command in commands for key in command.keys if key.id == command_id)


def _with_keys(command: Command, table: Sequence[Command], wanted: Mapping[str, str]) -> Command:
    """A command with other keys, which its line and its sentence name too, as well as those of others in its sentence.

    Args:
        command: The command.
        table: All of them, as they were.
        wanted: Keys by ids; all are changed at once, so that two may be exchanged.
    """
    owned = wanted.keys() & {key.id for key in command.keys}
    named = owned | (wanted.keys() & set(command.mentions))
    if not named:
        return command
    instead = {name: wanted[command_id] for command_id in named for name in _names_of(table, command_id)}
    line = {name: wanted[command_id] for command_id in owned for name in _names_of(table, command_id)}
    return replace(
        command,
        keys=tuple(replace(key, keys=textual_name(wanted[key.id])) if key.id in owned else key for key in command.keys),
        shown=" ".join(dict.fromkeys(line.get(name, name) for name in shown_keys(command.shown))),
        sentence=_QUOTED.sub(lambda found: f"`{instead.get(found[1], found[1])}`", command.sentence),
    )


def _names_of(table: Sequence[Command], command_id: str) -> list[str]:
    """The keys of a command as people write them."""
    return [shown_name(name) for key in _keys_of(table, command_id) for name in key.names]
