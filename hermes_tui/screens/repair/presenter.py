"""View of the screen of repairs: each state as title, status, heading, lines and keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from hermes_tui.commands.registry import footer
from hermes_tui.render import diff
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.drift_row import Case, flagged_sentence
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import Heading, heading_line
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.repair_plan import Sentence, Verb, error_words, plan_lines, sentences, step_lines, undo_lines
from hermes_tui.render.repair_result import done_sentence, receipt_lines, stopped_sentence, undone_lines, verdict
from hermes_tui.render.repair_row import past_lines, past_sentence
from hermes_tui.render.safe import SafeText
from hermes_tui.render.status import error_sentence
from hermes_tui.render.time import in_words, many
from hermes_tui.render.undo_plan import undo_plan_lines
from hermes_tui.state.repair_state import RepairState, SessionRepair, UndoPlan, Write
from hermes_tui.widgets.footer import Item
from hermes_tui.widgets.page_frame import READ_ONLY, PageView, unwritten
from store.models import Verdict
from store.repair.model import DifferenceRow, Operation, Plan, Receipt, State

FRAME_ROWS = 4
"""Title, status, heading rule, footer."""
WRITTEN = "kept in the repair journal: {} in the browser lists it"
STATUS_MARGIN = 4
"""Cells of the status line that take no text."""
STEPS = "in steps, each whole: stopping leaves the session in order"
MERGE_HINT = "; {} inserts them all the same"
RUNNING = "A repair is running."

Body: TypeAlias = tuple[Line, Heading, Sequence[Line]]
"""Status, heading and lines of a page."""


class DrawnPairs:
    """Lines of a whole difference: each pair is drawn once for a width, below those before it."""

    def __init__(self) -> None:
        self._pairs: list[DifferenceRow] = []
        self._drawn = self._width = 0
        self._lines: list[Line] = []

    def lines(self, pairs: list[DifferenceRow], *, width: int, glyphs: Glyphs) -> Sequence[Line]:
        """The lines of all `pairs`, a list that only grows; another list is another difference."""
        if pairs is not self._pairs or width != self._width:
            self._pairs, self._width, self._drawn, self._lines = pairs, width, 0, []
        before = pairs[self._drawn - 1] if self._drawn else None
        self._lines += diff.pair_lines(pairs[self._drawn :], width=width, glyphs=glyphs, before=before)
        self._drawn = len(pairs)
        return self._lines


def page_view(
    state: RepairState,
    drawn: DrawnPairs,
    *,
    cursor: Case | None,
    size: tuple[int, int],
    glyphs: Glyphs,
    slow: bool,
    now: datetime,
) -> PageView:
    """Draw a state.

    Args:
        drawn: Keeps what was drawn of the whole difference.
        cursor: The flagged session under the cursor of the list.
        size: Columns and rows of the screen.
        slow: The plan has not come for 150 ms.
        now: The time, aware; its zone is the reader's.
    """
    session = state.session
    if session is None:
        known, listed = state.catalog.flagged, len(state.cases)
        title, end = "all flagged sessions", f"{listed} flagged"
        if known > listed:  # the others are in a snapshot or the spool alone
            title, end = "all flagged sessions that can be compared", f"{listed} of {known} flagged"
        status, heading, lines = _flagged(state, glyphs)
    else:
        title, end = session.title or session.session_id, session.session_id
        if state.whole:
            pairs = drawn.lines(session.pairs, width=size[0], glyphs=glyphs)
            status, heading, lines = _whole(session, pairs, size[0], glyphs)
        else:
            status, heading, lines = _session(session, size, glyphs, state.may_write, slow=slow, now=now)
    if state.quit_asked and state.writing:
        answers = ((bound("apply"), "quit after it commits"), ("esc", "stay"))
        return PageView(title, end, status, heading, lines, answers, RUNNING)
    return PageView(title, end, status, heading, lines, _keys(state, cursor), proposal=state.proposal)


def _keys(state: RepairState, cursor: Case | None) -> Sequence[Item]:
    """Keys and words of the footer; some words depend on what is shown."""
    apply, undo = bound("apply"), bound("undo")
    words = {apply: "apply", undo: "undo"}
    if state.session is None:
        words[apply] = f"apply {sum(case.wanted for case in state.cases.values())}"
        words[bound("leave_out")] = (
            "take this one in" if cursor is not None and cursor.left_out else "leave this one out"
        )
    elif state.session.undo_asked:
        words[apply] = "undo"
    elif (stopped := state.session.operation) is not None and not state.session.settled:
        words |= {apply: "finish", undo: "undo" if stopped.state is State.RUNNING else "finish the undo"}
    return [(keys, words.get(keys, word)) for keys, word in footer(state.place, state.conditions(cursor))]


def _flagged(state: RepairState, glyphs: Glyphs) -> Body:
    """Without lines: the list of flagged sessions stands in the page's place."""
    cases = state.cases.values()
    done = not state.writing and any(case.settled for case in cases) and not any(case.wanted for case in cases)
    fact = STEPS if state.writing else unwritten() if state.may_write else READ_ONLY
    title = SafeText("Applying" if state.writing else "Repaired" if done else "Flagged")
    fact = WRITTEN.format(bound("repairs")) if done else fact
    sentence = flagged_sentence(list(state.cases.values()), glyphs=glyphs)
    return sentence, Heading(title, facts=(fact,), focused=True), ()


def _whole(session: SessionRepair, pairs: Sequence[Line], width: int, glyphs: Glyphs) -> Body:
    """The whole difference.

    Args:
        pairs: `session.pairs`, drawn.
    """
    title = SafeText("Whole difference")
    if session.plan is None:
        return (), Heading(title, focused=True), ()
    check = session.plan.check
    sides = f"SQLite lacks {in_words(check.missing_in_sqlite)}, JSONL lacks {in_words(check.missing_in_jsonl)}"
    nothing: Line = (span("       nothing differs", Role.DIM),)
    end = [nothing] if session.all_pairs and not session.pairs else []
    return (
        (span(sides),),
        Heading(title, facts=("two equal messages around each",), focused=True),
        [diff.heads(check.sqlite_messages, check.jsonl_messages, width=width, glyphs=glyphs), *pairs, *end],
    )


def _session(
    session: SessionRepair, size: tuple[int, int], glyphs: Glyphs, may_write: bool, *, slow: bool, now: datetime
) -> Body:
    plan, receipt = session.plan, session.receipt
    if session.past is not None and not session.undo_asked and session.write is None:
        return _past(session, session.past, size[0], glyphs, now)
    if session.undo_asked and session.write is None and session.undo_plan is not None:
        return _undo(session, session.undo_plan, size[0], glyphs)
    if plan is None:
        return _waiting(session, size[0], glyphs, slow=slow)
    if session.settled and session.write is None and receipt is not None:
        return _receipt(session, plan, receipt, size[0], glyphs)
    return _sentence(session, plan, size[0], glyphs), _heading(plan), _plan(session, plan, size, glyphs, may_write)


def _waiting(session: SessionRepair, width: int, glyphs: Glyphs, *, slow: bool) -> Body:
    if session.error is not None:
        sentence = error_sentence(error_words(session.error), glyphs=glyphs)
        return sentence, Heading(SafeText("Repair"), focused=True), [*_failure(session, width, glyphs)]
    words = span(glyphs.words("reading both sides…") if slow else "", Role.DIM)
    return (words,), Heading(SafeText("First difference"), focused=True), ()


def _failure(session: SessionRepair, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The error as a line of a plan, where there is one."""
    failed = [Sentence(Verb.FAILED, error_words(session.error))] if session.error is not None else []
    return plan_lines(failed, width=width, glyphs=glyphs)


def _sentence(session: SessionRepair, plan: Plan, width: int, glyphs: Glyphs) -> Line:
    """The status line before a repair and while it runs."""
    if session.error is not None:
        return error_sentence(error_words(session.error), glyphs=glyphs)
    if session.operation is not None and session.write is None:
        return stopped_sentence(session.operation, glyphs=glyphs)
    if session.receipt is not None and session.receipt.state is State.RUNNING and session.write is None:
        return done_sentence(session.receipt, glyphs=glyphs)
    return verdict(plan.check, room=width - STATUS_MARGIN, glyphs=glyphs)


def _heading(plan: Plan) -> Heading:
    """The title over both sides: which message is the first that differs."""
    check = plan.check
    if not plan.difference:
        return Heading(SafeText("No difference"), facts=(many(check.jsonl_messages, "message"),), focused=True)
    total = {Verdict.JSONL_AHEAD: check.jsonl_messages, Verdict.SQLITE_AHEAD: check.sqlite_messages}.get(check.verdict)
    of = f" of {in_words(total)}" if total else ""
    same = f"same up to message {in_words(plan.same_up_to)}" if plan.same_up_to else "nothing the same before"
    note = f"message {in_words(plan.same_up_to + 1)}{of}"
    return Heading(SafeText("First difference"), note=note, facts=(same,), focused=True)


def _plan(session: SessionRepair, plan: Plan, size: tuple[int, int], glyphs: Glyphs, may_write: bool) -> Sequence[Line]:
    """Both sides, and below them what would be done, or what is being done; that is never cut."""
    width, height = size
    lower = [*_lower(session, plan, width, glyphs, may_write)]
    room = height - FRAME_ROWS - len(lower) - 1
    upper = diff.first_difference(plan, width=width, height=height, rows=room, glyphs=glyphs)
    return [*upper, *([()] if upper else []), *lower]


def _lower(session: SessionRepair, plan: Plan, width: int, glyphs: Glyphs, may_write: bool) -> Iterator[Line]:
    if session.write is None:
        fact = (unwritten() if may_write else READ_ONLY) if plan.applies else ""
        yield heading_line(Heading(SafeText("Plan"), facts=(fact,)), width, glyphs)
        steps = sentences(plan, merge_hint=MERGE_HINT.format(bound("merge")) if may_write else "")
        yield from plan_lines(steps, width=width, glyphs=glyphs)
        yield from _failure(session, width, glyphs)
        return
    repairs = session.write is Write.REPAIR
    title = SafeText("Applying" if repairs else "Undoing")
    yield heading_line(Heading(title, facts=(STEPS,), focused=True), width, glyphs)
    if repairs:
        yield from step_lines(plan, session.progress, width=width, glyphs=glyphs)
    else:
        yield from undo_lines(session.progress, width=width, glyphs=glyphs)


def _undo(session: SessionRepair, undo: UndoPlan, width: int, glyphs: Glyphs) -> Body:
    """The plan of an undo."""
    counted = f" takes {many(undo.inserted, 'message')} out again"
    sentence: Line = (span("the rest of a stopped undo" if undo.goes_on else "undo"), span(counted, Role.DIM))
    given = (undo.operation, undo.inserted, undo.moved, undo.backup)
    lines = undo_plan_lines(*given, width=width, glyphs=glyphs)
    heading = Heading(SafeText("Plan of the undo"), facts=(unwritten(),), focused=True)
    return sentence, heading, [(), *lines, *_failure(session, width, glyphs)]


def _past(session: SessionRepair, operation: Operation, width: int, glyphs: Glyphs, now: datetime) -> Body:
    """The receipt of a repair of before, as far as its journal has it."""
    lines = past_lines(operation, session.title, width=width, now=now, glyphs=glyphs)
    title = SafeText("Undone" if operation.state is State.UNDONE else "Receipt")
    heading = Heading(title, facts=("kept in the repair journal",), focused=True)
    return past_sentence(operation), heading, [*lines, *_failure(session, width, glyphs)]


def _receipt(session: SessionRepair, plan: Plan, receipt: Receipt, width: int, glyphs: Glyphs) -> Body:
    if receipt.state is State.UNDONE:
        title, lines = "Undone", undone_lines(receipt, session.title, width=width, glyphs=glyphs)
    else:
        title, lines = "Receipt", receipt_lines(plan, receipt, session.title, width=width, glyphs=glyphs)
    error = session.error
    sentence = error_sentence(error_words(error), glyphs=glyphs) if error else done_sentence(receipt, glyphs=glyphs)
    heading = Heading(SafeText(title), facts=("kept in the repair journal",), focused=True)
    return sentence, heading, [*lines, *_failure(session, width, glyphs)]
