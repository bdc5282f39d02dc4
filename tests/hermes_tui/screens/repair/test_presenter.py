"""The view of every state of the screen of repairs, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hermes_tui.commands.registry import Place
from hermes_tui.render.drift_row import Case
from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.line import line_cells, plain
from hermes_tui.screens.repair.presenter import DrawnPairs, page_view
from hermes_tui.state.repair_state import RepairState, SessionRepair, Write
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.widgets.page_frame import PageView
from hermes_tui.widgets.title_row import SHORT
from store.errors import StoreError
from store.models import Check, Drift, Message, Verdict
from store.repair.model import DifferenceRow, Operation, Phase, Plan, Progress, Receipt, Refusal, Run, State, Why

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)
SESSION = "20261122_140109_a1b2c3"
TALK = [Message(number, SESSION, "user", f"message {number}") for number in range(1, 7)]
AHEAD = Plan(
    Check(SESSION, Verdict.JSONL_AHEAD, 2, 994, 992, 0, 0, 0, repairable=True),
    runs=(Run(992, 2, 3, 994, at_end=True),),
    common=2,
    same_up_to=2,
    difference=(
        *(DifferenceRow(message, message, message.id, message.id) for message in TALK[:2]),
        *(DifferenceRow(None, message, None, message.id, inserted=True) for message in TALK[2:]),
    ),
    rows=2,
)
DIVERGED = replace(
    AHEAD,
    check=Check(SESSION, Verdict.DIVERGED, 233, 240, 12, 5, 0, 0, repairable=False),
    runs=(Run(9, 42, 42, 50),),
    refusals=(Refusal(Why.ORDER, 3, merge_helps=True),),
)
REFUSED = replace(
    AHEAD,
    check=Check(SESSION, Verdict.JSONL_AHEAD, 4, 9, 5, 0, 0, 0, repairable=False),
    runs=(),
    refusals=(Refusal(Why.UNDONE, 5, "2", merge_helps=True),),
)
STOPPED = Operation("r-1", SESSION, State.RUNNING, 1.0, 2.0, 400, 0, 992, Path("backup"))
DONE = Receipt(SESSION, "r-1", State.DONE, inserted=992, rows=994, steps=5, backup=Path("backup"))


def state(plan: Plan | None = AHEAD, *, may_write: bool = True, writing: bool = False, **known: object) -> RepairState:
    """A session on the screen."""
    session = SessionRepair(SESSION, "Fix the docker build", plan=plan, **known)  # type: ignore[arg-type]
    return RepairState(Catalog(), may_write, session=session, writing=writing)


def view(
    of: RepairState, *, cursor: Case | None = None, width: int = 80, glyphs: Glyphs = UNICODE, slow: bool = False
) -> PageView:
    """The view of a state on a screen of 24 rows."""
    return page_view(of, DrawnPairs(), cursor=cursor, size=(width, 24), glyphs=glyphs, slow=slow, now=NOW)


def text(shown: PageView) -> str:
    """The lines of a view, with single spaces."""
    return " ".join(" ".join(plain(line).split()) for line in shown.lines)


def words(shown: PageView) -> dict[str, str]:
    """The keys of the footer and their words."""
    return dict(shown.keys)


def test_nothing_is_said_before_the_plan_is_late() -> None:
    assert plain(view(state(plan=None)).status) == ""
    assert plain(view(state(plan=None), slow=True).status) == "reading both sides…"


def test_one_side_ahead_shows_where_its_messages_go_and_the_key_that_inserts_them() -> None:
    shown = view(state())
    assert (shown.title, shown.end) == ("Fix the docker build", SESSION)
    assert plain(shown.status) == "⇡A JSONL is ahead: SQLite lacks 992 of its 994 messages"
    assert (shown.heading.title, shown.heading.note) == ("First difference", "message 3 of 994")
    assert "992 messages after message 2; order certain, all are later" in text(shown)
    assert "nothing is written until you press y" in text(shown)
    assert shown.question == ""
    assert words(shown)["y"] == "apply"
    assert "M" not in words(shown)


def test_diverged_sides_show_both_numbers_and_what_a_merge_would_add() -> None:
    shown = view(state(DIVERGED))
    assert plain(shown.status) == "≠D each has what the other lacks: SQLite lacks 12, JSONL lacks 5"
    reason = "both sides have messages of their own in one place, and nothing tells which side came first"
    assert f"✗ refuse 3 messages: {reason}; M inserts them all the same" in text(shown)
    assert {"y", "M"} <= words(shown).keys()


def test_a_refused_plan_says_why_and_offers_no_key_that_writes() -> None:
    shown = view(state(REFUSED))
    reason = "2 of its messages were undone, and what SQLite lacks may have been undone with them"
    assert f"✗ refuse 5 messages: {reason}; M inserts them all the same" in text(shown)
    assert not {"y", "u"} & words(shown).keys()
    assert words(shown)["M"] == "merge"


def test_where_nothing_may_be_written_no_key_writes() -> None:
    shown = view(state(DIVERGED, may_write=False))
    assert "read-only: nothing is written" in text(shown)
    assert "M inserts" not in text(shown)
    assert not {"y", "u"} & words(shown).keys()


def test_a_repair_that_runs_shows_its_progress_and_how_to_stop_it() -> None:
    shown = view(state(writing=True, write=Write.REPAIR, progress=Progress(Phase.INSERT, 400, 992)))
    assert "400 of 992" in text(shown)
    assert "in steps, each whole" in text(shown)
    assert words(shown)["esc"] == "stop after this step"
    assert not {"y", "u", "M", "n"} & words(shown).keys()


def test_a_question_whether_to_quit_stands_in_place_of_the_keys_while_something_is_written() -> None:
    asked = state(writing=True, write=Write.REPAIR)
    asked.quit_asked = True
    shown = view(asked)
    assert shown.question == "A repair is running."
    assert list(shown.keys) == [("y", "quit after it commits"), ("esc", "stay")]
    asked.writing = False
    assert view(asked).question == ""


def test_an_undo_that_runs_shows_its_steps() -> None:
    shown = view(state(writing=True, write=Write.UNDO, receipt=DONE, progress=Progress(Phase.UNDO, 2, 5)))
    assert "Undoing" in text(shown)
    assert "2 of 5 steps" in text(shown)


@pytest.mark.parametrize(
    ("operation", "sentence", "y", "u"),
    [
        (STOPPED, "a repair was stopped: 400 of 992 messages inserted, all in order", "finish", "undo"),
        (
            replace(STOPPED, state=State.UNDOING),
            "an undo was stopped: 400 messages left",
            "finish",
            "finish the undo",
        ),
    ],
)
def test_a_stopped_operation_can_be_finished_or_undone(operation: Operation, sentence: str, y: str, u: str) -> None:
    shown = view(state(replace(AHEAD, operation="r-1"), operation=operation))
    assert sentence in plain(shown.status)
    assert (words(shown)["y"], words(shown)["u"]) == (y, u)


def test_the_receipt_has_counts_the_operation_and_the_way_back() -> None:
    shown = view(state(receipt=DONE))
    assert plain(shown.status) == "✓D repaired: SQLite now has all 994 messages"
    assert shown.heading.title == "Receipt"
    assert "operation r-1 session" in text(shown)
    assert "2 before, 994 after, 994 expected" in text(shown)
    assert words(shown)["enter"] == "read the session"
    assert words(shown)["u"] == "undo"
    assert "y" not in words(shown)


def test_after_an_undo_nothing_is_left_to_read_or_to_undo() -> None:
    shown = view(state(receipt=replace(DONE, state=State.UNDONE, rows=2)))
    assert plain(shown.status) == "✓D undone: 992 messages taken out, 2 left"
    assert shown.heading.title == "Undone"
    assert not {"y", "u", "enter"} & words(shown).keys()


def test_an_error_stands_in_the_status_line_and_below_the_plan() -> None:
    for known in ({}, {"receipt": DONE}, {"plan": None}):
        shown = view(state(**{"error": StoreError("the disk is full"), **known}))  # type: ignore[arg-type]
        assert plain(shown.status) == "✗E the disk is full"
        assert text(shown).endswith("✗ failed the disk is full")


def test_the_whole_difference_ends_with_a_sentence_where_nothing_differs() -> None:
    whole = state(all_pairs=True)
    whole.whole = True
    shown = view(whole)
    assert plain(shown.status) == "SQLite lacks 992, JSONL lacks 0"
    assert text(shown).endswith("nothing differs")
    assert whole.place is Place.DIFFERENCE


def test_pairs_that_come_later_are_drawn_below_and_a_new_width_or_list_starts_again() -> None:
    drawn, pairs = DrawnPairs(), list(AHEAD.difference[:3])
    first = list(drawn.lines(pairs, width=80, glyphs=UNICODE))
    pairs += AHEAD.difference[3:]
    both = list(drawn.lines(pairs, width=80, glyphs=UNICODE))
    assert both[: len(first)] == first
    assert both == list(DrawnPairs().lines(pairs, width=80, glyphs=UNICODE))
    assert list(drawn.lines(pairs, width=120, glyphs=UNICODE)) != both
    assert list(drawn.lines([], width=120, glyphs=UNICODE)) == []


def test_all_flagged_sessions_are_counted_and_applied_together() -> None:
    flagged = RepairState(Catalog(), may_write=True)
    cases = [
        Case("a", "Session a", Drift.JSONL_AHEAD, AHEAD),
        Case("b", "Session b", Drift.JSONL_AHEAD, AHEAD, left_out=True),
        Case("c", "Session c", Drift.JSONL_AHEAD, REFUSED),
    ]
    flagged.cases = {case.session_id: case for case in cases}
    shown = view(flagged, cursor=cases[1])
    assert (shown.title, shown.end) == ("all flagged sessions", "3 flagged")
    flagged.catalog._flagged |= {"snapshot", *flagged.cases}
    partly = view(flagged, cursor=cases[1])
    assert (partly.title, partly.end) == ("all flagged sessions that can be compared", "3 of 4 flagged")
    assert len(partly.end) <= SHORT, "a narrow screen cuts no word of it"
    assert plain(shown.status) == "1 of 2 chosen, 1 refused · 992 messages to insert"
    assert words(shown)["y"] == "apply 1"
    assert words(shown)["space"] == "take this one in"
    assert words(view(flagged, cursor=cases[0]))["space"] == "leave this one out"
    assert "u" not in words(shown)
    flagged.change_case("a", receipt=replace(DONE, session_id="a"))
    shown = view(flagged, cursor=flagged.cases["a"])
    assert plain(shown.status) == "✓D 1 repaired: 992 messages inserted"
    assert words(shown)["u"] == "undo"
    assert "y" not in words(shown)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [80, 140])
def test_every_state_fits_its_width(glyphs: Glyphs, width: int) -> None:
    states = [
        state(),
        state(DIVERGED),
        state(REFUSED),
        state(receipt=DONE),
        state(writing=True, write=Write.REPAIR, progress=Progress(Phase.INSERT, 1, 9)),
        state(error=StoreError("it went wrong " * 20)),
    ]
    for each in states:
        lines = view(each, width=width, glyphs=glyphs).lines
        assert lines
        assert max(line_cells(line) for line in lines) <= width
