"""Sentences of a repair's plan: what it inserts, keeps, leaves, refuses and backs up, always in this order, and a note
on the gateway (docs/look.md §8, §13).

Pure; the sentences are not safe for a terminal before `safe` has seen them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.text import hanging
from hermes_tui.render.time import in_words, many
from store.base.late_dataclass import dataclass
from store.errors import StoreError
from store.files.gateway import Gateway, GatewayState
from store.repair.model import Phase, Plan, PlanRefused, Progress, Refusal, Run, Why

NOTHING = "nothing"
ONLY_SQLITE = "that only SQLite has"
VERB = 10
"""Cells of a verb, which starts in column 4."""
BAR = 40
"""Cells of the bar at most."""
SHORT_REASONS = {
    Why.ORDER: "order",
    Why.EDITED_OR_LOST: "edited or lost",
    Why.ORPHAN: "calls not whole",
    Why.UNDONE: "undone by user",
    Why.COMPACTED: "compacted",
    Why.REWRITTEN: "rewritten",
    Why.NO_ROW: "not in Hermes",
    Why.BUSY: "Hermes at work",
    Why.REFERRED: "ids in use",
    Why.UNREADABLE: "JSONL unreadable",
    Why.UNREAD: "SQLite unreadable",
    Why.UNSTORABLE: "not storable",
    Why.READ_ONLY: "unknown structure",
    Why.UNDOING: "undo stopped",
    Why.CHANGED: "changed since",
}
"""Reasons of refusals, in at most 17 cells."""
_REASONS = {
    Why.ORDER: "both sides have messages of their own in one place, and nothing tells which side came first",
    Why.EDITED_OR_LOST: "SQLite has another message in their place: an edit of them, or each side lost one",
    Why.ORPHAN: "results whose call neither side has before them, or calls whose results are refused",
    Why.UNDONE: "{} of its messages were undone, and what SQLite lacks may have been undone with them",
    Why.COMPACTED: "older messages were compacted into a summary, and what SQLite lacks may be among them",
    Why.REWRITTEN: "SQLite was rewritten after the file's last change, and what it lacks may have been taken out then",
    Why.NO_ROW: "Hermes does not know this session: it was never imported, or it was deleted",
    Why.BUSY: "Hermes is at work on it ({}): try again when it is done",
    Why.REFERRED: "its messages would get other ids, and {} refers to them by these",
    Why.UNREADABLE: "{}",
    Why.UNREAD: "{}",
    Why.UNSTORABLE: "messages whose fields SQLite cannot hold so that they read the same",
    Why.READ_ONLY: "this state.db has what no known Hermes has, it is only read ({})",
    Why.UNDOING: "the undo of {0} was stopped: undo {0} finishes it",
    Why.CHANGED: "{0} was stopped, and file or rows are others by now: undo {0} first",
}
FEW_LINES = 6
"""Damaged lines that are named by their numbers."""


class Verb(StrEnum):
    """First word of a sentence; `FAILED` is for what went wrong."""

    INSERT = "insert"
    KEEP = "keep"
    LEAVE = "leave"
    REFUSE = "refuse"
    BACKUP = "backup"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of a plan."""

    verb: Verb
    text: str


def sentences(plan: Plan, *, merge_hint: str = "") -> Iterator[Sentence]:
    """The plan's lines; a verb that has several refusals comes once for each.

    Args:
        merge_hint: What to say after a refusal that asking to merge overcomes.
    """
    yield Sentence(Verb.INSERT, _inserted(plan))
    yield Sentence(Verb.KEEP, _kept(plan))
    yield Sentence(Verb.LEAVE, left_sentence(plan))
    if not plan.refusals:
        yield Sentence(Verb.REFUSE, NOTHING)
    for refusal in plan.refusals:
        yield Sentence(Verb.REFUSE, _refused(refusal, merge_hint))
    yield Sentence(Verb.BACKUP, _backup(plan))
    if plan.gateway is not None:
        yield Sentence(Verb.NOTE, gateway_sentence(plan.gateway))


def destination(plan: Plan) -> str:
    """Say in a few words where the messages go, or why they don't."""
    if not plan.runs:
        return refusal_words(plan.refusals[0]) if plan.refusals else NOTHING
    if len(plan.runs) > 1:
        return f"in {len(plan.runs)} places"
    return _place(plan.runs[0], creates=plan.creates_session)


def plan_lines(said: Iterable[Sentence], *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw sentences as a plan: mark, verb 9, sentence. A sentence that is too long goes on below; nothing is cut."""
    for sentence in said:
        mark, role = _mark(sentence, glyphs)
        yield from _entry(mark, sentence.verb, sentence.text, role, width=width, glyphs=glyphs)


def step_lines(plan: Plan, progress: Progress | None, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw a repair that runs as its steps, with a bar that only grows.

    Args:
        progress: None before the first word of the store.
    """
    phase = progress.phase if progress else Phase.BACKUP
    done, total = (progress.done, progress.total) if progress else (0, 0)
    waiting, running = span(glyphs.waiting, Role.DIM), span(glyphs.running, Role.ACCENT, bold=True)
    if plan.operation is None:
        kept = _backup(plan) if phase is not Phase.BACKUP or not total else f"{in_words(done)} of {many(total, 'row')}"
        mark = running if phase is Phase.BACKUP else glyphs.good
        yield from _entry(mark, "backup", kept, Role.DIM, width=width, glyphs=glyphs)
    if phase is Phase.INSERT:
        yield _bar("insert", done, total, width=width, glyphs=glyphs)
    else:
        yield from _entry(waiting, "insert", many(plan.insert, "message"), Role.DIM, width=width, glyphs=glyphs)
    yield from _entry(waiting, "count", "what is there against what was expected", Role.DIM, width=width, glyphs=glyphs)
    yield from _entry(waiting, "receipt", "", Role.DIM, width=width, glyphs=glyphs)


def undo_lines(progress: Progress | None, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw an undo that runs: one bar."""
    done, total = (progress.done, progress.total) if progress else (0, 0)
    yield _bar("undo", done, total, width=width, glyphs=glyphs, unit="steps")


def _bar(verb: str, done: int, total: int, *, width: int, glyphs: Glyphs, unit: str = "") -> Line:
    """Draw a step that runs, as far as it is."""
    counted = f"{in_words(done)} of {in_words(total)}{f' {unit}' if unit else ''}" if total else ""
    room = max(min(BAR, width - 4 - VERB - len(counted) - 3), 4)
    front = (blank(2), span(glyphs.running, Role.ACCENT, bold=True), span(f" {verb:<{VERB}}"))
    return (*front, *glyphs.progress(done, total, room), span(f"  {counted}"))


def _entry(mark: Span, verb: str, text: str, role: Role, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw a line of a plan."""
    room = max(width - 4 - VERB - 1, 8)
    return hanging((blank(2), mark, span(f" {verb:<{VERB}}")), glyphs.words(text.replace("\n", " ")), room, role)


def _mark(sentence: Sentence, glyphs: Glyphs) -> tuple[Span, Role]:
    """The mark of a sentence, and what its text looks like."""
    if sentence.verb is Verb.INSERT:
        nothing = sentence.text == NOTHING
        return span(glyphs.added, Role.DIM if nothing else Role.GOOD, bold=not nothing), Role.TEXT
    if sentence.verb is Verb.KEEP:
        alone = ONLY_SQLITE in sentence.text
        return (span(glyphs.alone, Role.ACCENT, bold=True) if alone else span(glyphs.equal, Role.DIM)), Role.DIM
    if sentence.verb is Verb.FAILED or (sentence.verb is Verb.REFUSE and sentence.text != NOTHING):
        return glyphs.bad, Role.ERROR
    return span(glyphs.backup if sentence.verb is Verb.BACKUP else glyphs.waiting, Role.DIM), Role.DIM


def _inserted(plan: Plan) -> str:
    if not plan.runs:
        return "nothing more; the rest was inserted already" if plan.operation else NOTHING
    stopped = f", which is left of {plan.operation}" if plan.operation else ""
    return f"{many(plan.insert, 'message')} {destination(plan)}{stopped}"


def _place(run: Run, *, creates: bool) -> str:
    if creates:
        return "and a row for their session, which Hermes does not know: it was never imported, or it was deleted"
    if not run.after:
        return "before all others"
    if run.at_end:
        return f"after message {in_words(run.after)}; order certain, all are later"
    return f"between messages {in_words(run.after)} and {in_words(run.after + 1)}"


def _kept(plan: Plan) -> str:
    """The sentence on what stays in SQLite."""
    if not plan.check.sqlite_messages:
        return NOTHING
    alone = plan.check.missing_in_jsonl
    known = [f"{many(alone, 'message')} {ONLY_SQLITE}"] if alone else []
    both = "that both have" if alone else "as they are" if plan.common > 1 else "as it is"
    known += [f"{many(plan.common, 'message')} {both}"] if plan.common else []
    moved = f"; {in_words(plan.moved)} of them under another id" if plan.moved else ""
    return f"{', '.join(known)}; nothing is deleted or replaced{moved}"


def left_sentence(plan: Plan) -> str:
    """Say what of JSONL is left out."""
    return ", ".join(_left(plan)) or NOTHING


def _left(plan: Plan) -> Iterator[str]:
    """The parts of JSONL that are no messages, or have no place in SQLite."""
    if plan.meta_lines:
        yield many(plan.meta_lines, "session_meta line")
    if number := plan.check.damaged_lines:
        named = ", ".join(map(str, plan.damaged[:FEW_LINES]))
        yield f"{many(number, 'damaged line')} ({named}{', …' if number > FEW_LINES else ''})"
    if plan.left_out:
        named = ", ".join(f"{name} {in_words(number)}" for name, number in sorted(plan.left_out.items()))
        yield f"fields that this state.db has no column for ({named})"
    if plan.check.edited:
        yield f"{many(plan.check.edited, 'message')} that SQLite has edited"
    if plan.elsewhere:
        yield f"{many(plan.elsewhere, 'message')} that SQLite has in another place"
    if plan.alike:
        yield f"{many(plan.alike, 'repeated message')} that no time tells from another of the same words"
    if plan.check.doubled:
        yield f"{many(plan.check.doubled, 'message')} that may be doubled, as they are"


def gateway_sentence(gateway: Gateway) -> str:
    """Say who may hold a session in memory, and when it will see rows that were written beside it."""
    if gateway.state is GatewayState.UNKNOWN:
        return "whether a gateway has this session in memory cannot be seen here; it would see the rows after /resume"
    who = gateway.backend or (f"pid {gateway.pid}" if gateway.pid else "pid unknown")
    return f"the gateway ({who}) may have this session in memory, and sees the rows after /resume or a restart"


def refusal_words(refusal: Refusal) -> str:
    """The reason of a refusal in a sentence, without a full stop."""
    return _REASONS[refusal.why].format(refusal.detail)


def error_words(error: StoreError) -> str:
    """The message of an error; that of a refused plan has the reason in a sentence."""
    if not isinstance(error, PlanRefused):
        return str(error)
    return f"{error.session_id} is left alone: {refusal_words(error.refusal)}"


def _refused(refusal: Refusal, merge_hint: str) -> str:
    number = f"{many(refusal.messages, 'message')}: " if refusal.messages else ""
    return f"{number}{refusal_words(refusal)}{merge_hint if refusal.merge_helps else ''}"


def _backup(plan: Plan) -> str:
    if not plan.insert:
        return NOTHING
    return f"{backed_up(plan)}, read back before the first write"


def backed_up(plan: Plan) -> str:
    """Say what the backup of a repair has."""
    return f"{many(plan.rows, 'row') if plan.rows else 'no row'} and their session"
