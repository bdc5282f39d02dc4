"""What stands in an empty or broken pane, word for word and to the column: held against error-80x24.txt."""

from __future__ import annotations

import pytest

from hermes_tui.render import blocks
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Role, line_cells, plain
from tests.hermes_tui.render.samples import texts

DOCTOR = ("hermes-tui doctor", "says what is damaged and what to do")


def test_the_partial_block_is_the_captures() -> None:
    cause = "database disk image is malformed, page 412"
    lines = blocks.partial(cause, sessions=37, width=80, glyphs=UNICODE, command=DOCTOR)
    assert texts(lines) == [
        "",
        " ✗E  state.db cannot be read",
        "     database disk image is malformed, page 412",
        "",
        "     What is below comes from JSONL files alone. Sessions that live",
        "     only in SQLite are missing from it. Nothing has been written.",
        "",
        "     hermes-tui doctor   says what is damaged and what to do",
        "     R                   try again",
        "",
    ]
    assert [(part.text, part.role) for line in lines for part in line if part.bold] == [
        ("state.db cannot be read", Role.TEXT),
        ("R", Role.ACCENT),
    ]


def test_a_home_without_files_does_not_speak_of_what_is_below() -> None:
    lines = texts(blocks.partial("x", sessions=0, width=80, glyphs=UNICODE))
    assert "     No JSONL file was found either. Nothing has been written." in lines
    assert "doctor" not in "".join(lines)


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


def test_no_hits_repeats_the_question_and_what_was_left_out() -> None:
    lines = blocks.no_hits(
        ["dokcer", "compsoe"],
        after="after 23 Oct",
        not_searched=107,
        reasons="archived 61, children 46",
        width=80,
        glyphs=UNICODE,
    )
    assert texts(lines) == [
        " ∅0  No message has “dokcer” and “compsoe” after 23 Oct",
        "     Not searched: 107 sessions (archived 61, children 46: press v)",
    ]
    bare = blocks.no_hits([], not_searched=0, reasons="", width=80, glyphs=UNICODE)
    assert texts(bare) == [" ∅0  No message matches"]


def test_a_failure_says_what_is_on_the_screen_and_what_can_be_done() -> None:
    lines = blocks.failure(
        "The session cannot be read", "disk I/O error", "What is on screen is older.", width=80, glyphs=UNICODE
    )
    assert texts(lines) == [
        " ✗E  The session cannot be read",
        "     disk I/O error",
        "",
        "     What is on screen is older.",
        "     Nothing has been written.",
        "",
        "     R   try again",
    ]


def test_an_empty_session_says_so_in_one_line() -> None:
    assert texts(blocks.empty_session(width=80, glyphs=UNICODE)) == [" ∅0  No messages in this session"]


def test_in_a_narrow_pane_what_a_command_does_stands_under_it() -> None:
    lines = texts(blocks.partial("x", sessions=1, width=34, glyphs=UNICODE, command=DOCTOR))
    at = lines.index("     hermes-tui doctor")
    assert lines[at + 1 : at + 3] == ["       says what is damaged and", "       what to do"]


@pytest.mark.parametrize("width", [30, 40, 44, 62, 79, 200])
def test_no_block_is_wider_than_its_pane(width: int) -> None:
    made = [
        *blocks.partial("cause " * 30, sessions=1, width=width, glyphs=UNICODE, command=DOCTOR),
        *blocks.empty_home("~/" + "folder/" * 30, width=width, glyphs=UNICODE),
        *blocks.failure("what", "cause", "", width=width, glyphs=UNICODE),
        *blocks.no_hits(["word" * 30], not_searched=1, reasons="archived 1", width=width, glyphs=UNICODE),
    ]
    assert max(line_cells(line) for line in made) <= width


def test_a_cause_from_the_store_passes_the_gate() -> None:
    line = blocks.failure("x", "a\x1b[2J", "", width=80, glyphs=ASCII)[1]
    assert plain(line) == "     a␛[2J"
