"""One session's repair as it stands, and how each state of it is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hermes_tui.render import diff
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.repair_plan import Sentence, plan_lines, sentences, step_lines, undo_lines
from hermes_tui.render.repair_result import done_sentence, receipt_lines, stopped_sentence, undone_lines, verdict
from hermes_tui.render.safe import SafeText
from hermes_tui.render.status import error_sentence
from hermes_tui.render.time import in_words, many
from hermes_tui.widgets.heading_rule import Heading, heading_line
from store.errors import StoreError
from store.models import Verdict
from store.repair.model import Line as Pair
from store.repair.model import Operation, Plan, Progress, Receipt, State

FRAME_ROWS = 4
"""Title, status, head rule, footer."""
STEPS = "in steps, each whole: stopping leaves the session in order"
UNWRITTEN = "nothing is written until you press y"
READ_ONLY = "read-only: nothing is written"
MERGE_HINT = "; M inserts them all the same"


@dataclass(slots=True)
class One:
    """A session on the screen of repairs."""

    session_id: str
    title: str
    merge: bool = False
    """What may have been taken out is inserted too."""
    plan: Plan | None = None
    """None as long as both sides are being read."""
    operation: Operation | None = None
    """A repair or an undo that was stopped."""
    doing: str = ""
    """What is being written: "repair", "undo" or nothing."""
    progress: Progress | None = None
    receipt: Receipt | None = None
    """Of what was done last, complete or not."""
    error: StoreError | None = None
    """Why something could not be done."""
    lines: list[Pair] = field(default_factory=list)
    """All that differs, as far as it was read."""
    all_lines: bool = False

    @property
    def settled(self) -> bool:
        """It was repaired, or a repair of it undone, and there is a receipt to show."""
        return self.receipt is not None and self.receipt.state in {State.DONE, State.UNDONE}

    @property
    def undoable(self) -> str | None:
        """The operation that can be undone, or whose undo can be finished."""
        if self.receipt is not None and self.receipt.state is State.DONE:
            return self.receipt.operation
        return self.operation.id if self.operation is not None and not self.settled else None


@dataclass(frozen=True, slots=True)
class View:
    """What a state looks like in a screen of some size."""

    status: Line
    heading: Heading
    lines: Sequence[Line]


def view(one: One, *, size: tuple[int, int], glyphs: Glyphs, may_write: bool, slow: bool) -> View:
    """Draw a session's repair.

    Args:
        size: Columns and rows of the screen.
        may_write: A repair could be applied.
        slow: What was asked for has not come for 150 ms.
    """
    width, _ = size
    if one.plan is None:
        return _waiting(one, width, glyphs, slow=slow)
    if one.settled and not one.doing and one.receipt is not None:
        return _receipt(one, one.plan, one.receipt, width, glyphs)
    return View(_sentence(one, one.plan, glyphs), _heading(one.plan), _plan(one, one.plan, size, glyphs, may_write))


def whole_view(one: One, drawn: Sequence[Line], *, width: int) -> View:
    """Draw all that differs.

    Args:
        drawn: `one.lines`, drawn.
    """
    if one.plan is None:
        return View((), Heading(SafeText("Whole difference"), focused=True), ())
    check = one.plan.check
    sides = f"SQLite lacks {in_words(check.missing_in_sqlite)}, JSONL lacks {in_words(check.missing_in_jsonl)}"
    end: Sequence[Line] = () if one.lines or not one.all_lines else (_all_equal(),)
    return View(
        (span(sides),),
        Heading(SafeText("Whole difference"), facts=("two equal messages around each",), focused=True),
        [diff.heads(check.sqlite_messages, check.jsonl_messages, width=width), *drawn, *end],
    )


def _all_equal() -> Line:
    return (span("       nothing differs", Role.DIM),)


def _waiting(one: One, width: int, glyphs: Glyphs, *, slow: bool) -> View:
    if one.error is not None:
        failed = [*plan_lines([Sentence("failed", str(one.error))], width=width, glyphs=glyphs)]
        return View(error_sentence(str(one.error), glyphs=glyphs), Heading(SafeText("Repair"), focused=True), failed)
    said = span(glyphs.words("reading both sides…") if slow else "", Role.DIM)
    return View((said,), Heading(SafeText("First difference"), focused=True), ())


def _sentence(one: One, plan: Plan, glyphs: Glyphs) -> Line:
    """What the status line says before a repair and while it runs."""
    if one.error is not None:
        return error_sentence(str(one.error), glyphs=glyphs)
    if one.operation is not None and not one.doing:
        return stopped_sentence(one.operation, glyphs=glyphs)
    if one.receipt is not None and one.receipt.state is State.RUNNING and not one.doing:
        return done_sentence(one.receipt, glyphs=glyphs)
    return verdict(plan.check, glyphs=glyphs)


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


def _plan(one: One, plan: Plan, size: tuple[int, int], glyphs: Glyphs, may_write: bool) -> Sequence[Line]:
    """Both sides, and below them what would be done, or what is being done; that is never cut."""
    width, height = size
    lower = [*_lower(one, plan, width, glyphs, may_write)]
    room = height - FRAME_ROWS - len(lower) - 1
    upper = diff.first_difference(plan, width=width, height=height, rows=room, glyphs=glyphs)
    return [*upper, *([()] if upper else []), *lower]


def _lower(one: One, plan: Plan, width: int, glyphs: Glyphs, may_write: bool) -> Iterator[Line]:
    if one.doing:
        title = "Applying" if one.doing == "repair" else "Undoing"
        yield heading_line(Heading(SafeText(title), facts=(STEPS,), focused=True), width, glyphs)
        if one.doing == "repair":
            yield from step_lines(plan, one.progress, width=width, glyphs=glyphs)
        else:
            yield from undo_lines(one.progress, width=width, glyphs=glyphs)
        return
    fact = UNWRITTEN if may_write else READ_ONLY
    yield heading_line(Heading(SafeText("Plan"), facts=(fact if plan.applies else "",)), width, glyphs)
    said = [*sentences(plan, merge_hint=MERGE_HINT if may_write else "")]
    if one.error is not None:
        said.append(Sentence("failed", str(one.error)))
    yield from plan_lines(said, width=width, glyphs=glyphs)


def _receipt(one: One, plan: Plan, receipt: Receipt, width: int, glyphs: Glyphs) -> View:
    undone = receipt.state is State.UNDONE
    draw = undone_lines(receipt, one.title, width=width, glyphs=glyphs)
    if not undone:
        draw = receipt_lines(plan, receipt, one.title, width=width, glyphs=glyphs)
    title = SafeText("Undone" if undone else "Receipt")
    sentence = error_sentence(str(one.error), glyphs=glyphs) if one.error else done_sentence(receipt, glyphs=glyphs)
    failed = plan_lines([Sentence("failed", str(one.error))], width=width, glyphs=glyphs) if one.error else ()
    return View(sentence, Heading(title, facts=("kept in the repair journal",), focused=True), [*draw, *failed])
