"""What stands in an empty or broken pane, word for word and to the column: held against error-80x24.txt."""

from __future__ import annotations

import pytest

from hermes_tui.render import blocks
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Role, line_cells, plain
from tests.hermes_tui.render.samples import texts


def test_the_partial_block_is_the_captures() -> None:
    cause = "database disk image is malformed, page 412"
    lines = blocks.partial(cause, sessions=37, width=80, glyphs=UNICODE)
    assert texts(lines) == [
        "",
        " ✗E  state.db cannot be read",
        "     database disk image is malformed, page 412",
        "",
        "     What is below comes from JSONL files alone. Sessions that live",
        "     only in SQLite are missing from it. Nothing has been written.",
        "",
        "     R   try again",
        "",
    ]
    assert [(part.text, part.role) for line in lines for part in line if part.bold] == [
        ("state.db cannot be read", Role.TEXT),
        ("R", Role.ACCENT),
    ]


def test_a_home_without_files_does_not_speak_of_what_is_below() -> None:
    lines = texts(blocks.partial("x", sessions=0, width=80, glyphs=UNICODE))
    assert "     No JSONL file was found either. Nothing has been written." in lines


def test_a_home_whose_sessions_are_all_left_out_says_why() -> None:
    assert texts(blocks.all_left_out("archived 61", width=80, glyphs=UNICODE)) == [
        " ∅0  Every session is left out of this list",
        "     archived 61: press v",
    ]


def test_the_empty_home_says_where_it_looked_and_what_to_do() -> None:
    assert texts(blocks.empty_home("~/.hermes", width=80, glyphs=UNICODE)) == [
        " ∅0  No sessions here yet",
        "     Looked in ~/.hermes: no state.db, no sessions/*.jsonl.",
        "     This screen fills by itself when an agent writes there.",
        "",
        "     hermes-tui --home DIR   another home",
        "     hermes-tui --profile P  another profile",
        "     hermes-tui --demo       a sample home to try, yours untouched",
    ]


def test_no_hits_repeats_the_question() -> None:
    lines = blocks.no_hits(["dokcer", "compsoe"], after="after 23 Oct", width=80, glyphs=UNICODE)
    assert texts(lines) == [" ∅0  No message has “dokcer” and “compsoe” after 23 Oct"]
    assert texts(blocks.no_hits([], width=80, glyphs=UNICODE)) == [" ∅0  No message matches"]


def test_an_empty_session_says_so_in_one_line() -> None:
    assert texts(blocks.empty_session(width=80, glyphs=UNICODE)) == [" ∅0  No messages in this session"]


def test_in_a_narrow_pane_what_a_command_does_stands_under_it() -> None:
    lines = texts(blocks.empty_home("x", width=34, glyphs=UNICODE))
    at = lines.index("     hermes-tui --demo")
    assert lines[at + 1 : at + 3] == ["       a sample home to try,", "       yours untouched"]


@pytest.mark.parametrize("width", [30, 40, 44, 62, 79, 200])
def test_no_block_is_wider_than_its_pane(width: int) -> None:
    made = [
        *blocks.partial("cause " * 30, sessions=1, width=width, glyphs=UNICODE),
        *blocks.empty_home("~/" + "folder/" * 30, width=width, glyphs=UNICODE),
        *blocks.no_hits(["word" * 30], width=width, glyphs=UNICODE),
    ]
    assert max(line_cells(line) for line in made) <= width


def test_a_cause_from_the_store_passes_the_gate() -> None:
    line = blocks.partial("a\x1b[2J", sessions=1, width=80, glyphs=ASCII)[2]
    assert plain(line) == "     a␛[2J"
