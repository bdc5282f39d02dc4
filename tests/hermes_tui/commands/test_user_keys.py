"""Keys that a user gives to commands."""

from __future__ import annotations

import re

import pytest

from hermes_tui.commands.help_sections import sections
from hermes_tui.commands.key_names import shown_keys, shown_name, textual_name
from hermes_tui.commands.key_table import key_table
from hermes_tui.commands.model import Command
from hermes_tui.commands.registry import BROWSER, TABLE, Place, applying, footer, rebind
from hermes_tui.commands.user_keys import rebound
from hermes_tui.render import blocks, bound_keys, status
from hermes_tui.render.compaction_seam import undone_seam
from hermes_tui.render.drift_banner import banner_content
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from hermes_tui.widgets.page_frame import key_bindings, offers
from store.models import Drift, JsonlFacts, Session

QUOTED = re.compile("`([^`]+)`")
STAYING = {*("j", "k", "ctrl+u", "ctrl+f", "ctrl+b", "f1", ":q", "enter", "fg"), "@session:<profile>/<id>"}
"""What sentences name and nobody can change: movements, words that are typed, keys of lists over the screen."""


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


@pytest.mark.slow
def test_each_command_with_another_key_has_it_in_its_bindings_its_line_and_every_sentence() -> None:
    """Mutant: without `mentions` the line of a deletion ends with the old `y`."""
    stay: set[str] = set()
    ids = {key.id for command in TABLE for key in command.keys}
    for command_id in ids:
        table, refused = rebound(TABLE, {command_id: "f9"})
        stay |= refused.keys()
        if not refused:
            for before, after in zip(TABLE, table, strict=True):
                assert not keys_left(before, after, command_id), (command_id, after)
    assert stay == {
        *("list", "cancel_find", "no_destination", "close_details", "clear", "stay", "back", "resume_nothing"),
        "copy_block",
    }


def keys_left(before: Command, after: Command, command_id: str) -> set[str]:
    """Keys that a command still has or names though the one with this id got f9."""
    owner = command_id in {key.id for key in before.keys}
    named = owner or command_id in before.mentions
    lost = {shown_name(name) for command in TABLE for key in command.keys if key.id == command_id for name in key.names}
    left = lost & set(QUOTED.findall(after.sentence)) if named else set()
    if owner:
        left |= lost & {*shown_keys(after.shown), *(shown_name(name) for key in after.keys for name in key.names)}
        assert (lost & set(shown_keys(before.shown)) == set()) == ("f9" not in shown_keys(after.shown))
    return left


def test_what_a_sentence_names_is_a_key_of_its_command_or_of_one_that_it_mentions_or_stays() -> None:
    ids = {key.id for command in TABLE for key in command.keys}
    for command in TABLE:
        assert set(command.mentions) <= ids, command
        keys = [key for other in TABLE for key in other.keys if key in command.keys or key.id in command.mentions]
        known = {shown_name(name) for key in keys for name in key.names}
        assert {name for name in QUOTED.findall(command.sentence) if " " not in name} - known <= STAYING, command


def test_a_line_names_the_keys_of_its_command_as_a_click_and_textual_know_them() -> None:
    """Mutant: with F2 read as another key than f2 a click on it does nothing, and a line keeps it for another one."""
    for command in TABLE:
        names = {name for key in command.keys for name in key.names}
        assert not names or {textual_name(shown) for shown in shown_keys(command.shown)} <= names, command


def test_another_key_is_that_of_footer_help_palette_screen_and_the_readmes_table() -> None:
    """Mutant: a table of the README, or a section of the help, that was made once from the table of the beginning."""
    kept = list(TABLE)
    try:
        assert rebind({"repair": "x"}) == {}
        assert ("x", "repair") in footer(Place.SESSIONS, {"flagged"})
        assert "| `x` | see what a repair of the flagged session would do" in key_table()
        entries = [entry for part in sections() for entry in part.entries]
        assert "x" in {entry.keys for entry in entries if "see what a repair" in entry.sentence}
        found = {offer.title: offer.shown for offer in offers(applying(Place.SESSIONS, {"flagged"}), lambda *_: None)}
        assert found["Repair this session"] == "x"
        assert ("x", "repair") in {(key.key, key.action) for key in key_bindings(BROWSER)}  # type: ignore[union-attr]
        assert bound_keys.bound("repair") == "x"
    finally:
        TABLE[:] = kept
        rebind({})
    assert "| `r` | see what a repair of the flagged session would do" in key_table()


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
        ("copy_block", "x", "the keys of copy_block stay as they are"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_reason(command: str, key: str, why: str) -> None:
    """Mutant: without the look at other commands of the place, one of two has no key that works."""
    assert rebound(TABLE, {command: key}) == (list(TABLE), {command: why})


def test_keys_may_be_exchanged_and_what_is_refused_frees_no_key() -> None:
    """Mutants: one key after the other, which refuses both; letters are refused for the help."""
    table, refused = rebound(TABLE, {"repair": "d", "difference": "r", "help": "h"})
    changed = {key.id: (command.shown, key.keys) for command in table for key in command.keys}
    assert refused == {}
    assert (changed["repair"], changed["difference"], changed["help"]) == (("d", "d"), ("r", "r"), ("h", "h"))
    assert set(rebound(TABLE, {"repair": "d", "difference": "ctrl+i"})[1]) == {"repair", "difference"}


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
