"""Keys that a user gives to commands."""

from __future__ import annotations

import pytest

from hermes_tui.commands.key_names import shown_name
from hermes_tui.commands.registry import TABLE
from hermes_tui.commands.user_keys import rebound
from hermes_tui.render import blocks, bound_keys, status
from hermes_tui.render.compaction_seam import undone_seam
from hermes_tui.render.drift_banner import banner_content
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from store.models import Drift, JsonlFacts, Session


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


def test_sentences_name_the_key_that_a_command_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: `put` without effect: banner, status line, seam and block name the old keys."""
    monkeypatch.setattr(bound_keys, "_SHOWN", dict(bound_keys._SHOWN))
    bound_keys.put({"hidden": "H", "repair": "x", "difference": "ctrl+d", "retry": "f5", "dance": "q"})
    session = Session("s", messages=2)
    _, keys = banner_content(session, Drift.JSONL_AHEAD, JsonlFacts("s", 1, 1, 1, messages=9), None, None)
    assert plain(keys) == "x repair  ctrl+d difference"
    assert plain(status.press_v(named=True)) == ": press H)"
    assert undone_seam(2) == "2 messages undone · H shows them"
    lines = blocks.partial("cause", sessions=0, width=80, glyphs=UNICODE)
    assert any(plain(line).split() == ["f5", "try", "again"] for line in lines)
    assert "x repairs" in plain(status.what_to_try(glyphs=UNICODE))


def test_every_key_that_a_sentence_names_is_one_of_the_table() -> None:
    shown = {key.id: shown_name(key.names[0]) for command in TABLE for key in command.keys}
    assert {name: shown.get(name) for name in bound_keys._SHOWN} == bound_keys._SHOWN
