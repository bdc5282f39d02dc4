"""The repair screen's lines, held against the captures of docs/look.md §8: repair, receipt, flagged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hermes_tui.render.diff import Sides, first_difference, pair_lines, said
from hermes_tui.render.drift_row import Case, flagged_head, flagged_row, flagged_sentence
from hermes_tui.render.glyphs import ASCII
from hermes_tui.render.line import Role, line_cells, plain
from hermes_tui.render.repair_plan import (
    SHORT_REASONS,
    Sentence,
    Verb,
    error_words,
    plan_lines,
    refusal_words,
    sentences,
    step_lines,
)
from hermes_tui.render.repair_result import done_sentence, receipt_lines, stopped_sentence, undone_lines, verdict
from hermes_tui.render.repair_row import past_lines, past_sentence
from store.errors import Refused
from store.models import Check, Drift, Message, ToolCall, Verdict
from store.repair.model import (
    DifferenceRow,
    Operation,
    Phase,
    Plan,
    PlanRefused,
    Progress,
    Receipt,
    Refusal,
    Run,
    State,
    Why,
)
from tests.hermes_tui.render.samples import GLYPHS, NOW, texts
from tests.hostile import HOSTILE

MORNING = Message(1, "s", "user", "Morning. The bot is red again.")
WHY = Message(2, "s", "user", "Why does the docker build fail on the bot since Friday?")
LOST = (
    Message(3, "s", "assistant", "The user says since Friday, so something moved under us. I will look at the lock."),
    Message(4, "s", "tool", '{"output": "ERROR: lock file", "exit_code": 1}', tool_name="terminal"),
    Message(5, "s", "assistant", "The lock file was written by a newer resolver."),
    Message(6, "s", "user", "The second. And please run the tests."),
    *(Message(number, "s", "user", f"message {number}") for number in range(7, 15)),
)
AHEAD = Check("20261122_140109_a1b2c3", Verdict.JSONL_AHEAD, 2, 994, 992, 0, 2, 0, repairable=True)
DOCKER = Plan(
    AHEAD,
    runs=(Run(992, 2, 3, 994, at_end=True),),
    common=2,
    meta_lines=1,
    damaged=(411, 907),
    same_up_to=2,
    difference=(
        DifferenceRow(MORNING, MORNING, 1, 1),
        DifferenceRow(WHY, WHY, 2, 2),
        *(DifferenceRow(None, message, None, message.id, inserted=True) for message in LOST),
    ),
    rows=2,
)


def nas(number: int, role: str, text: str, **more: str) -> Message:
    return Message(number, "n", role, text, **more)  # type: ignore[arg-type]


KEEP = nas(40, "user", "Keep four weekly copies and one for each month.")
ROTATES = nas(
    41,
    "assistant",
    "Done: the rotation now keeps four weeks. The oldest copy is removed only after the new one is verified.",
)
FULL = nas(42, "user", "And if the disk is full?")
DF = nas(42, "tool", '{"output": "df -h /mnt/nas: 3.6T size, 3.4T used, 94 %", "exit_code": 0}', tool_name="terminal")
STOPS = nas(43, "assistant", "Then it stops before copying and leaves the old set alone.")
JOURNAL = nas(43, "user", "Good. Make it log to the journal.")
NAS = Plan(
    Check("20261121_211003_77e0d1", Verdict.DIVERGED, 233, 240, 12, 5, 0, 0, repairable=False),
    runs=(Run(2, 42, 42, 43), Run(7, 100, 101, 107)),
    common=228,
    difference=(
        DifferenceRow(KEEP, KEEP, 40, 40),
        DifferenceRow(ROTATES, None, 41, None),
        DifferenceRow(FULL, FULL, 42, 41),
        DifferenceRow(None, DF, None, 42, inserted=True),
        DifferenceRow(None, STOPS, None, 43, inserted=True),
        DifferenceRow(JOURNAL, JOURNAL, 43, 44),
    ),
    refusals=(Refusal(Why.ORDER, 3, merge_helps=True),),
    rows=233,
    same_up_to=40,
)

DOCKER_80 = """\
       SQLite · 2 messages                      JSONL · 994 messages
    1  user   Morning. The bot is red… =     1  user   Morning. The bot is red…
    2  user   Why does the docker bui… =     2  user   Why does the docker bui…
       not in SQLite                   +     3  agent  The user says since
                                                       Friday, so something
                                                       moved under us. I will…
                                       +     4  tool   terminal · exit 1 · ERR…
                                       +     5  agent  The lock file was writt…
                                       +     6  user   The second. And please…
                                       +        988 more, messages 7 to 994"""

NAS_140 = """\
       SQLite · 233 messages                                                  JSONL · 240 messages
   40  user   Keep four weekly copies and one for each month.        =    40  user   Keep four weekly copies and one for each month.
   41  agent  Done: the rotation now keeps four weeks. The oldest    ‹        not in JSONL
              copy is removed only after the new one is verified.
   42  user   And if the disk is full?                               =    41  user   And if the disk is full?
       not in SQLite                                                 +    42  tool   terminal · ok · df -h /mnt/nas: 3.6T size, 3.4T used,
                                                                                     94 %
                                                                     +    43  agent  Then it stops before copying and leaves the old set
                                                                                     alone.
   43  user   Good. Make it log to the journal.                      =    44  user   Good. Make it log to the journal."""  # noqa: E501

DETAILED = {Why.UNDONE, Why.BUSY, Why.REFERRED, Why.UNREADABLE, Why.UNREAD, Why.READ_ONLY, Why.UNDOING, Why.CHANGED}
"""Refusals that name a number, a holder, an operation, tables, a structure or a problem."""

PLAN_80 = """\
  + insert    992 messages after message 2; order certain, all are later
  = keep      2 messages as they are; nothing is deleted or replaced
  · leave     1 session_meta line, 2 damaged lines (411, 907)
  · refuse    nothing
  ↧ backup    2 rows and their session, read back before the first write"""

PLAN_140 = """\
  + insert    9 messages, each between two that both sides have
  ‹ keep      5 messages that only SQLite has, 228 that both have
  ✗ refuse    3 messages after 198: nothing tells which side came first
  ↧ backup    233 rows and their session, read back before the first write"""

RECEIPT_80 = """\

   operation   r-20261122-170944-7f3a
   session     20261122_140109_a1b2c3 · Fix the docker build on the bot

   inserted    992 messages, 3 to 994
   kept        2 messages, untouched
   left out    1 session_meta line, 2 damaged lines (411, 907)
   counted     2 before, 994 after, 994 expected

   backup      2 rows and their session, read back before writing
   took        0.9 s in 5 steps, longest lock 38 ms
   kept in     backups/hermes-tui/r-20261122-170944-7f3a

   u takes out exactly these 992 messages; anything written later stays.
   From a shell: hermes-tui undo r-20261122-170944-7f3a"""

FLAGGED_80 = """\
       session                SQLite  JSONL  insert  where, or why not
▌ + ⇡A Fix the docker build…       2    994     992  after message 2
  + ⇡A Debug the flaky webso…      4     61      57  after message 4
  + ▤J Plan the garden beds        0     55      55  new session from JSONL
  + ≠D Backup script for the…    233    240       9  3 more refused: order
  = !B Sort receipts for the…     97     97       0  same; 3 damaged lines
  ✗ ≠D Quarterly numbers, se…    310    290       –  refused: undone by user"""

DONE = Receipt(
    "20261122_140109_a1b2c3",
    "r-20261122-170944-7f3a",
    State.DONE,
    inserted=992,
    rows=994,
    steps=5,
    backup=Path("/home/u/.hermes/backups/hermes-tui/r-20261122-170944-7f3a"),
    seconds=0.9,
    longest_lock=0.038,
)


def plan(verdict: Verdict, counts: tuple[int, int], insert: int, **more: object) -> Plan:
    sqlite, jsonl = counts
    check = Check("x", verdict, sqlite, jsonl, insert, 0, 3 if insert == 0 else 0, 0, repairable=insert > 0)
    runs = (Run(insert, sqlite, sqlite + 1, jsonl, at_end=True),) if insert else ()
    return Plan(check, **{"runs": runs, **more})  # type: ignore[arg-type]


CASES = [
    Case("a", "Fix the docker build on the bot", Drift.JSONL_AHEAD, DOCKER),
    Case("b", "Debug the flaky websocket reconnect", Drift.JSONL_AHEAD, plan(Verdict.JSONL_AHEAD, (4, 61), 57)),
    Case(
        "c",
        "Plan the garden beds",
        Drift.JSONL_ONLY,
        plan(Verdict.JSONL_ONLY, (0, 55), 55, creates_session=True),
    ),
    Case("d", "Backup script for the NAS", Drift.DIVERGED, NAS),
    Case("e", "Sort receipts for the tax year", Drift.DAMAGED, plan(Verdict.SAME, (97, 97), 0)),
    Case(
        "f",
        "Quarterly numbers, second try",
        Drift.DIVERGED,
        plan(Verdict.DIVERGED, (310, 290), 0, refusals=(Refusal(Why.UNDONE, 4, "4"),)),
    ),
]


def test_one_side_ahead_is_drawn_as_the_capture_of_80_columns_has_it() -> None:
    lines = first_difference(DOCKER, width=80, height=24, rows=14, glyphs=GLYPHS)
    assert texts(lines) == DOCKER_80.split("\n")


def test_two_sides_apart_are_drawn_as_the_capture_of_140_columns_has_it() -> None:
    lines = first_difference(NAS, width=140, height=40, rows=30, glyphs=GLYPHS)
    assert texts(lines)[:10] == NAS_140.split("\n")
    assert texts(lines)[10:] == [
        "                                                                     +        10 more"
    ]


def test_what_is_equal_is_dim_and_what_differs_is_not() -> None:
    lines = first_difference(DOCKER, width=80, height=24, rows=14, glyphs=GLYPHS)
    assert all(part.role is Role.DIM for part in lines[1] if part.text.strip())
    lost = next(part for part in lines[3] if "The user says" in part.text)
    assert lost.role is Role.TEXT
    assert next(part for part in lines[3] if part.text == "+").role is Role.GOOD


@pytest.mark.parametrize("rows", range(12))
def test_the_difference_gives_rows_away_and_goes_on_counting(rows: int) -> None:
    lines = first_difference(DOCKER, width=80, height=24, rows=rows, glyphs=GLYPHS)
    assert len(lines) <= rows
    if lines:
        shown = sum(" + " in line and " more, " not in line for line in texts(lines))
        assert texts(lines)[-1].endswith(f"{992 - shown} more, messages {3 + shown} to 994")


@pytest.mark.parametrize(("width", "said"), [(80, "989 more, messages 6 to 994"), (60, "989 more")])
def test_what_is_not_shown_is_counted_in_whole_words(width: int, said: str) -> None:
    """Mutant: the numbers of the messages cut off at the edge."""
    lines = texts(first_difference(DOCKER, width=width, height=24, rows=9, glyphs=GLYPHS))
    assert lines[-1].endswith(said)
    assert len(lines[-1]) <= width


def test_a_refused_message_is_marked_as_such() -> None:
    left_alone = Plan(
        AHEAD, difference=(DifferenceRow(None, WHY, None, 1),), refusals=(Refusal(Why.UNDONE, 992, "992"),)
    )
    lines = first_difference(left_alone, width=80, height=24, rows=9, glyphs=GLYPHS)
    assert [part.role for part in lines[1] if part.text == "✗"] == [Role.ERROR]
    assert texts(lines)[-1].endswith("✗        991 more")


def test_a_plan_is_drawn_as_the_captures_have_it() -> None:
    assert texts([*plan_lines(sentences(DOCKER), width=80, glyphs=GLYPHS)]) == PLAN_80.split("\n")
    rows = [line[4:].split(" ", 1) for line in PLAN_140.split("\n")]
    said_there = [Sentence(Verb(verb), text.strip()) for verb, text in rows]
    assert texts([*plan_lines(said_there, width=140, glyphs=GLYPHS)]) == PLAN_140.split("\n")


def test_a_plan_wraps_and_is_never_cut() -> None:
    lines = [*plan_lines(sentences(NAS), width=50, glyphs=GLYPHS)]
    assert all(line_cells(line) <= 49 for line in lines)
    whole = " ".join(" ".join(texts(lines)).split())
    assert "nothing is deleted or replaced" in whole
    assert "nothing tells which side came first" in whole


def test_steps_have_a_mark_each_and_a_bar_that_counts() -> None:
    lines = [*step_lines(DOCKER, Progress(Phase.INSERT, 612, 992), width=80, glyphs=GLYPHS)]
    assert texts(lines) == [
        "  ✓ backup    2 rows and their session, read back before the first write",
        "  ◐ insert    ━━━━━━━━━━━━━━━━━━━━━━━━────────────────  612 of 992",
        "  · count     what is there against what was expected",
        "  · receipt",
    ]
    first = texts([*step_lines(DOCKER, Progress(Phase.BACKUP, 1, 2), width=80, glyphs=GLYPHS)])
    assert first[:2] == ["  ◐ backup    1 of 2 rows", "  · insert    992 messages"]


def test_a_receipt_is_drawn_as_the_capture_has_it() -> None:
    lines = [*receipt_lines(DOCKER, DONE, "Fix the docker build on the bot", width=80, glyphs=GLYPHS)]
    finished = receipt_lines(replace(DOCKER, operation="r-1"), DONE, "", width=80, glyphs=GLYPHS)
    assert "u takes out these 992 messages and those before the stop" in "".join(map(plain, finished))
    assert texts(lines) == RECEIPT_80.split("\n")
    assert plain(done_sentence(DONE, glyphs=GLYPHS)) == "✓D repaired: SQLite now has all 994 messages"


def test_an_undo_says_what_went_and_what_is_left() -> None:
    undone = Receipt("s", "r-1", State.UNDONE, inserted=992, moved=2, rows=2, steps=5, seconds=0.4)
    assert plain(done_sentence(undone, glyphs=GLYPHS)) == "✓D undone: 992 messages taken out, 2 left"
    assert "   ids         2 messages have their old ids again" in texts(
        [*undone_lines(undone, "", width=80, glyphs=GLYPHS)]
    )


def test_the_receipt_of_an_undone_repair_counts_what_it_had_inserted() -> None:
    """Mutant: the number in the journal, which is 0 after an undo."""
    undone = Operation("r-1", "s", State.UNDONE, 0.0, 0.0, 0, 0, 992, Path("/b/c"))
    assert plain(past_sentence(undone)) == "992 messages inserted, and taken out again"
    assert not any(
        line.startswith("   ids") for line in texts([*past_lines(undone, "", width=80, now=NOW, glyphs=GLYPHS)])
    )


def test_flagged_sessions_are_drawn_as_the_capture_has_them() -> None:
    rows = [flagged_row(case, width=80, glyphs=GLYPHS, cursor=case.session_id == "a") for case in CASES]
    assert texts([flagged_head(width=80), *rows]) == FLAGGED_80.split("\n")
    said_of_all = plain(flagged_sentence(CASES, glyphs=GLYPHS))
    assert said_of_all == "4 can be repaired, 1 needs nothing, 1 refused · 1 113 messages to insert"


@pytest.mark.parametrize("width", [40, 60, 79, 80, 100, 140, 200])
def test_rows_of_flagged_sessions_stay_inside_their_width(width: int) -> None:
    """Mutant: drawn for 80 columns and cut, so that nothing is left of where and why."""
    head = plain(flagged_head(width=width))
    assert ("SQLite" in head, len(head) <= width) == (width >= 80, True)
    for case in CASES:
        assert line_cells(flagged_row(case, width=width, glyphs=GLYPHS)) < width


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (AHEAD, "⇡A JSONL is ahead: SQLite lacks 992 of its 994 messages"),
        (NAS.check, "≠D each has what the other lacks: SQLite lacks 12, JSONL lacks 5"),
    ],
)
def test_a_verdict_says_which_side_lacks_what(check: Check, expected: str) -> None:
    assert plain(verdict(check, room=99, glyphs=GLYPHS)) == expected


def test_a_stopped_repair_says_how_far_it_came() -> None:
    stopped = Operation("r-1", "s", State.RUNNING, 0.0, 0.0, 400, 2, 992, Path("/b"))
    assert plain(stopped_sentence(stopped, glyphs=GLYPHS)) == (
        "◐I a repair was stopped: 400 of 992 messages inserted, all in order"
    )


def test_a_tool_is_named_with_its_outcome_and_a_call_with_its_arguments() -> None:
    assert said(LOST[1], GLYPHS) == "terminal · exit 1 · ERROR: lock file"
    call = Message(1, "s", "assistant", tool_calls=(ToolCall("c", "terminal", '{"command": "ls -l"}'),))
    assert said(call, GLYPHS) == "terminal ls -l"


def test_a_whole_difference_counts_the_equal_messages_that_it_leaves_out() -> None:
    pairs = [
        DifferenceRow(MORNING, MORNING, 1, 1),
        DifferenceRow(WHY, WHY, 9, 9),
        DifferenceRow(None, LOST[0], None, 10),
    ]
    assert "       … 7 equal messages" in texts([*pair_lines(pairs, width=80, glyphs=GLYPHS)])
    later = texts([*pair_lines([DifferenceRow(None, LOST[1], None, 11)], width=80, glyphs=GLYPHS, before=pairs[-1])])
    assert "not in SQLite" not in later[0]


def test_hostile_text_is_harmless_on_every_line() -> None:
    messages = [Message(number, "s", "user", text, tool_name=text) for number, text in enumerate(HOSTILE, 1)]
    pairs = tuple(DifferenceRow(None, message, None, message.id, inserted=True) for message in messages)
    hurt = Plan(AHEAD, runs=DOCKER.runs, difference=pairs, refusals=(Refusal(Why.UNREADABLE, 0, HOSTILE[1]),))
    lines = [
        *first_difference(hurt, width=80, height=40, rows=40, glyphs=GLYPHS),
        *plan_lines(sentences(hurt), width=80, glyphs=GLYPHS),
        *(flagged_row(Case(text, text, None, hurt), width=80, glyphs=GLYPHS) for text in HOSTILE),
        *(line for text in HOSTILE for line in receipt_lines(hurt, DONE, text, width=80, glyphs=GLYPHS)),
    ]
    assert not [plain(line) for line in lines if not plain(line).replace("\u200d", "").isprintable()]
    assert all(line_cells(line) <= 80 for line in lines)


def test_ascii_alone_draws_everything() -> None:
    """Mutant: a dot in the line above both sides."""
    lines = [
        *first_difference(DOCKER, width=80, height=24, rows=14, glyphs=ASCII),
        *plan_lines(sentences(NAS), width=80, glyphs=ASCII),
        *step_lines(DOCKER, Progress(Phase.INSERT, 612, 992), width=80, glyphs=ASCII),
        *(flagged_row(case, width=80, glyphs=ASCII) for case in CASES),
    ]
    assert [plain(line) for line in lines if not plain(line).isascii()] == []


def test_the_columns_leave_three_cells_for_the_mark_and_one_for_the_margin() -> None:
    assert Sides.of(80) == Sides(38, 38)
    assert Sides.of(140) == Sides(68, 68)
    assert Sides.of(101) == Sides(48, 49)


@pytest.mark.parametrize("why", Why)
def test_every_refusal_has_a_sentence_with_its_detail(why: Why) -> None:
    sentence = refusal_words(Refusal(why, 1, "r-7 {x}"))
    assert sentence
    assert ("r-7 {x}" in sentence) == (why in DETAILED)
    assert why in SHORT_REASONS


def test_the_error_of_a_refused_plan_has_its_reason_in_a_sentence() -> None:
    refused = PlanRefused("s", Refusal(Why.CHANGED, 1, "r-7"))
    sentence = "s is left alone: r-7 was stopped, and file or rows are others by now: undo r-7 first"
    assert error_words(refused) == sentence
    assert error_words(Refused("Hermes is at work on s")) == "Hermes is at work on s"
