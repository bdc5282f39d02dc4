"""Keys that a user gives to commands."""

from __future__ import annotations

import pytest

from hermes_tui.commands.registry import TABLE
from hermes_tui.commands.user_keys import rebound


def test_a_key_is_that_of_its_command_in_bindings_line_and_sentence() -> None:
    """Mutant: with the line left as it is, footer, help and palette name the old key."""
    table, refused = rebound(TABLE, {"repair": "x", "next_message": "ctrl+n", "hidden": "H"})
    assert refused == {}
    changed = {key.id: (command.shown, key.keys) for command in table for key in command.keys}
    assert changed["repair"] == ("x", "x")
    assert (changed["next_message"], changed["previous_message"]) == (("ctrl+n K", "ctrl+n"), ("ctrl+n K", "K"))
    hidden = next(command for command in table for key in command.keys if key.id == "hidden")
    assert "`H` again shows it" in hidden.sentence
    same = [command for command in table if not {"repair", "hidden", "next_message"} & {key.id for key in command.keys}]
    assert same == [command for command in TABLE if command in same]


@pytest.mark.parametrize(
    ("command", "key", "why"),
    [
        ("repair", "ctrl+i", "ctrl+i is tab to a terminal"),
        ("repair", "ctrl+m", "ctrl+m is enter to a terminal"),
        ("repair", "ctrl+[", "ctrl+[ is esc to a terminal"),
        ("repair", "ctrl+h", "ctrl+h is backspace to a terminal"),
        ("repair", "esc", "esc, ctrl+c and ctrl+q stay as they are"),
        ("back", "x", "esc, ctrl+c and ctrl+q stay as they are"),
        ("repair", "ctrl+q", "esc, ctrl+c and ctrl+q stay as they are"),
        ("repair", "j", "j moves in lists and texts"),
        ("repair", "s", "s is the key of next_order there"),
        ("repair", "hello", "hello is no key"),
        ("history", "h", "h is text where that command works"),
        ("dance", "x", "is no command"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_reason(command: str, key: str, why: str) -> None:
    """Mutant: without the look at other commands of the place, one of two has no key that works."""
    assert rebound(TABLE, {command: key}) == (list(TABLE), {command: why})


def test_two_commands_may_share_a_key_where_they_never_meet() -> None:
    assert rebound(TABLE, {"apply": "x", "hidden": "x"})[1] == {}
    assert list(rebound(TABLE, {"repair": "x", "hidden": "x"})[1]) == ["hidden"]
