"""A repair's plan in sentences: what it inserts, keeps, leaves, refuses and puts aside, always in this order (LOOK §8).

Pure; the sentences are not safe for a terminal before `safe` has seen them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hermes_tui.render.time import in_words, many
from store import Plan, Refusal, Run

NOTHING = "nothing"
FEW_LINES = 6
"""Damaged lines that are named by their numbers."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of a plan."""

    verb: str
    """insert, keep, leave, refuse or backup."""
    text: str


def sentences(plan: Plan, *, merge_hint: str = "") -> Iterator[Sentence]:
    """Give the plan's lines; a verb that has several refusals comes once for each.

    Args:
        merge_hint: What to say after a refusal that asking to merge overcomes.
    """
    yield Sentence("insert", _inserted(plan))
    yield Sentence("keep", _kept(plan))
    yield Sentence("leave", ", ".join(_left(plan)) or NOTHING)
    if not plan.refusals:
        yield Sentence("refuse", NOTHING)
    for refusal in plan.refusals:
        yield Sentence("refuse", _refused(refusal, merge_hint))
    yield Sentence("backup", _backup(plan))


def where(plan: Plan) -> str:
    """Say in a few words where the messages go, or why they don't."""
    if not plan.runs:
        return plan.refusals[0].words if plan.refusals else NOTHING
    if len(plan.runs) > 1:
        return f"in {len(plan.runs)} places"
    return _place(plan.runs[0], creates=plan.creates_session)


def _inserted(plan: Plan) -> str:
    if not plan.runs:
        return "nothing more; the rest was inserted already" if plan.operation else NOTHING
    stopped = f", which is left of {plan.operation}" if plan.operation else ""
    return f"{many(plan.insert, 'message')} {where(plan)}{stopped}"


def _place(run: Run, *, creates: bool) -> str:
    if creates:
        return "and a row for their session, which Hermes does not know: it was never imported, or it was deleted"
    if not run.after:
        return "before all others"
    if run.at_end:
        return f"after message {in_words(run.after)}, the last one"
    return f"between messages {in_words(run.after)} and {in_words(run.after + 1)}"


def _kept(plan: Plan) -> str:
    """What stays in SQLite."""
    if not plan.check.sqlite_messages:
        return NOTHING
    alone = plan.check.missing_in_jsonl
    known = [f"{many(alone, 'message')} that only SQLite has"] if alone else []
    known += [f"{many(plan.common, 'message')} that both have"] if plan.common else []
    moved = f"; {in_words(plan.moved)} of them under another id" if plan.moved else ""
    return f"{', '.join(known)}; nothing is deleted or replaced{moved}"


def _left(plan: Plan) -> Iterator[str]:
    """What of JSONL is no message, or has no place in SQLite."""
    if plan.meta_lines:
        yield many(plan.meta_lines, "session_meta line")
    if number := plan.check.damaged_lines:
        named = ", ".join(map(str, plan.damaged[:FEW_LINES]))
        yield f"{many(number, 'damaged line')} ({named}{', …' if number > FEW_LINES else ''})"
    if plan.left_out:
        named = ", ".join(f"{name} {in_words(number)}" for name, number in sorted(plan.left_out.items()))
        yield f"fields that this state.db has no column for ({named})"
    if plan.check.doubled:
        yield f"{many(plan.check.doubled, 'message')} that may be doubled, as they are"


def _refused(refusal: Refusal, merge_hint: str) -> str:
    number = f"{many(refusal.messages, 'message')}: " if refusal.messages else ""
    return f"{number}{refusal.words}{merge_hint if refusal.merge_helps else ''}"


def _backup(plan: Plan) -> str:
    if not plan.insert:
        return NOTHING
    rows = many(plan.rows, "row") if plan.rows else "no row"
    return f"{rows} and their session, read back before the first write"
