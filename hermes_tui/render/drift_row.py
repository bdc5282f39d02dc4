"""Rows of flagged sessions, with what a repair would do there, or why it does not (docs/look.md §8). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, fit, pad, span
from hermes_tui.render.repair_plan import SHORT_REASONS, error_words
from hermes_tui.render.row import with_cursor
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.time import count, in_words, many
from store.base.late_dataclass import dataclass
from store.errors import StoreError
from store.models import Drift, Verdict
from store.repair.model import Plan, Receipt, State

FRONT = 7
"""Columns before the session: bar, mark, flag."""
NUMBERS = (7, 7, 8)
"""Columns of SQLite, JSONL, insert, right-aligned; below `ALL_NUMBERS` columns the last one alone."""
ALL_NUMBERS = 80
NARROW_WHERE = 26
"""Cells of the last column on a screen of 80; half of what a wider one has more goes there, a third of what a narrower
one lacks comes from it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A flagged session, as far as it is known."""

    session_id: str
    title: str
    drift: Drift | None
    plan: Plan | None = None
    """None as long as both sides are being read."""
    left_out: bool = False
    """The user does not want it repaired now."""
    running: bool = False
    receipt: Receipt | None = None
    error: StoreError | None = None

    @property
    def wanted(self) -> bool:
        """It is repaired with the others."""
        return self.plan is not None and self.plan.applies and not self.left_out and not self.settled

    @property
    def settled(self) -> bool:
        """It is repaired and stands so."""
        return self.receipt is not None and self.receipt.state is State.DONE


def flagged_head(*, width: int) -> Line:
    """Draw the columns' names."""
    names = f"{'session':<{_title_room(width)}}{_columns(width, 'SQLite', 'JSONL', 'insert')}"
    where = "where, or why not" if width >= ALL_NUMBERS else "where"
    return (blank(FRONT), span(f"{names}  {where}", Role.DIM))


def flagged_row(case: Case, *, width: int, glyphs: Glyphs, cursor: bool = False) -> Line:
    """Draw a flagged session, at most `width` cells, for any width of 40 and more."""
    mark, words, role = _standing(case, glyphs)
    room = _title_room(width)
    title = one_line(case.title) or safe(case.session_id)
    quiet = role is Role.ERROR or case.left_out
    front = (blank(1), mark, blank(1), glyphs.drift(case.drift), blank(1))
    line = (
        *front,
        span(pad(fit(title, room, glyphs.truncated), room), Role.DIM if quiet else Role.TEXT, bold=cursor),
        span(glyphs.words(_numbers(case, width)), Role.DIM),
        blank(2),
        span(fit(one_line(glyphs.words(words)), _where_room(width), glyphs.truncated), role),
    )
    return with_cursor(line, glyphs, cursor=cursor)


def flagged_sentence(cases: Sequence[Case], *, glyphs: Glyphs) -> Line:
    """Say of all together what can be done, and what was: numbers first."""
    known = [case for case in cases if case.plan is not None or case.error is not None]
    if len(known) < len(cases):
        compared = glyphs.words(f" of {many(len(cases), 'session')} compared by content so far…")
        return (span(in_words(len(known))), span(compared, Role.DIM))
    done = [case for case in cases if case.settled]
    if done and not any(case.wanted for case in cases):
        number = sum(case.receipt.inserted for case in done if case.receipt)
        good = span(f"{glyphs.ok}D", Role.GOOD, bold=True)
        return (good, span(f" {len(done)} repaired:"), span(f" {many(number, 'message')} inserted", Role.DIM))
    able = [case for case in known if case.plan and case.plan.applies and not case.settled]
    wanted = [case.plan for case in able if case.plan and case.wanted]
    refused = [case for case in known if case.plan is None or (not case.plan.applies and case.plan.refusals)]
    idle = len(known) - len(able) - len(refused) - len(done)
    chosen = "" if len(wanted) == len(able) else f"{in_words(len(wanted))} of {in_words(len(able))} chosen"
    parts = (
        f"{in_words(len(done))} repaired" if done else "",
        chosen or f"{in_words(len(able))} can be repaired",
        f"{in_words(idle)} {'needs' if idle == 1 else 'need'} nothing" if idle else "",
        f"{in_words(len(refused))} refused" if refused else "",
    )
    first, _, rest = ", ".join(filter(None, parts)).partition(" ")
    messages = many(sum(plan.insert for plan in wanted), "message")
    return (span(first), span(f" {rest}{glyphs.words(' · ')}{messages} to insert", Role.DIM))


def _where_room(width: int) -> int:
    more = width - ALL_NUMBERS
    return NARROW_WHERE + (more // 2 if more > 0 else more // 3)


def _title_room(width: int) -> int:
    numbers = sum(NUMBERS) if width >= ALL_NUMBERS else NUMBERS[-1]
    return max(width - FRONT - numbers - 2 - _where_room(width) - 1, 8)


def _numbers(case: Case, width: int) -> str:
    if case.plan is None:
        return _columns(width, "", "", "")
    check, refused = case.plan.check, not case.plan.applies and case.plan.refusals
    insert = "–" if refused else _number(case.plan.insert)
    return _columns(width, _number(check.sqlite_messages), _number(check.jsonl_messages), insert)


def _columns(width: int, *texts: str) -> str:
    columns = [f"{text:>{cells}}" for text, cells in zip(texts, NUMBERS, strict=True)]
    return "".join(columns if width >= ALL_NUMBERS else columns[-1:])


def _number(number: int) -> str:
    return count(number) if number else "0"


def _standing(case: Case, glyphs: Glyphs) -> tuple[Span, str, Role]:
    """Mark, words and look of a row."""
    waiting = span(glyphs.waiting, Role.DIM)
    if case.error is not None:
        return glyphs.bad, error_words(case.error), Role.ERROR
    if case.running:
        words = "taking out…" if case.settled else "inserting…"
        return span(glyphs.running, Role.ACCENT, bold=True), words, Role.DIM
    if case.settled and case.receipt is not None:
        return glyphs.good, f"{many(case.receipt.inserted, 'message')} inserted", Role.DIM
    return (waiting, "", Role.DIM) if case.plan is None else _planned(case, case.plan, glyphs)


def _planned(case: Case, plan: Plan, glyphs: Glyphs) -> tuple[Span, str, Role]:
    """The same where nothing was done yet."""
    if case.left_out and plan.applies:
        only = plan.check.verdict is Verdict.JSONL_ONLY
        return (
            span(glyphs.waiting, Role.DIM),
            f"left out: {bound('leave_out')} adopts it" if only else "left out",
            Role.DIM,
        )
    if plan.applies:
        return span(glyphs.added, Role.GOOD, bold=True), _place(plan), Role.DIM
    if plan.refusals:
        return glyphs.bad, f"refused: {SHORT_REASONS[plan.refusals[0].why]}", Role.ERROR
    damaged = plan.check.damaged_lines
    return span(glyphs.equal, Role.DIM), f"same; {many(damaged, 'damaged line')}" if damaged else "same", Role.DIM


def _place(plan: Plan) -> str:
    """Say in at most 26 cells where messages go."""
    if plan.refusals:
        return f"{in_words(plan.refused)} more refused: {SHORT_REASONS[plan.refusals[0].why]}"
    if plan.operation:
        return f"stopped: {bound('apply')} finishes it"
    if plan.creates_session:
        return "new session from JSONL"
    if len(plan.runs) > 1:
        return f"in {len(plan.runs)} places"
    after = plan.runs[0].after
    return f"after message {in_words(after)}" if after else "before all others"
