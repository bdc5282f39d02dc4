"""Judgement on a repair of a known conversation, by the numbers of what was said.

The result has to be a part of what was said, in its order: that no message is twice, none in front of its elder, and
none back that was taken away, follows from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.torture.history.sources import Case, Kept, numbers
from tests.torture.history.validator import complaints, unanswered

ORDER = "out of order"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan would make of a session."""

    result: tuple[Kept, ...]
    """All rows afterwards, in order."""
    inserted: tuple[Kept, ...]
    refused: bool
    why: tuple[str, ...] = ()
    edited: int = 0
    verdict: str = ""
    missing: tuple[int, int] = (0, 0)
    """Messages that SQLite and that JSONL lack."""


def faults(case: Case, outcome: Outcome) -> list[str]:
    """What is wrong; nothing where all is well."""
    return [*_losses(case, outcome), *_copies(case, outcome), *_order(case, outcome), *_rules(case, outcome)]


def _text(case: Case, kept: Kept) -> tuple[str, str, object, object]:
    """A message as it was said, whatever a source made of it."""
    if kept.number is None:
        return "", str(kept.message["content"]), None, None
    said = case.said[kept.number]
    return said.role, said.text, said.calls, said.answers


def _losses(case: Case, outcome: Outcome) -> Iterator[str]:
    left, result = (Counter(_text(case, kept) for kept in side) for side in (case.lines, outcome.result))
    lost = {text for text, times in left.items() if result[text] < times}
    if lost and not outcome.refused:
        yield f"lost {len(lost)}"
    if any(kept not in outcome.result for kept in case.rows):
        yield "a row went"


def _copies(case: Case, outcome: Outcome) -> Iterator[str]:
    said = Counter(_text(case, Kept(one.number, {})) for one in case.said)
    result = Counter(_text(case, kept) for kept in outcome.result)
    twice = Counter(_text(case, kept) for kept in case.rows)
    twice.subtract(_text(case, Kept(number, {})) for number in numbers(case.rows))
    if doubled := [text for text, times in result.items() if times > said[text] + twice[text]]:
        yield f"doubled {len(doubled)}"
    if numbers(case.rows) & numbers(outcome.inserted) and not _repeated(case, outcome):
        yield "inserted what SQLite has"
    if numbers(case.lines) <= numbers(case.rows) and (outcome.inserted or (outcome.missing[0] and not case.edited)):
        yield "inserted from a file that has no more than SQLite"


def _repeated(case: Case, outcome: Outcome) -> bool:
    """Whether all that was inserted beside its own row are words that are said again and again."""
    texts = Counter(one.text for one in case.said)
    return all(texts[case.said[number].text] > 1 for number in numbers(case.rows) & numbers(outcome.inserted))


def _order(case: Case, outcome: Outcome) -> Iterator[str]:
    if case.kind in ("crossing", "compacted", "doubled"):
        return
    result = iter([_text(case, kept) for kept in outcome.result])
    wanted = next(result, None)
    for one in case.said:
        if wanted is not None and _text(case, Kept(one.number, {})) == wanted:
            wanted = next(result, None)
    if wanted is not None:
        yield ORDER


def _rules(case: Case, outcome: Outcome) -> Iterator[str]:
    before = [kept.message for kept in case.rows if kept.active]
    after = [kept.message for kept in outcome.result if kept.active]
    yield from complaints(after) - complaints(before)
    results = {kept.message.get("tool_call_id") for kept in (*case.lines, *case.rows)}
    yield from unanswered(after, results) - unanswered(before, results) if not outcome.refused else ()
    if case.kind == "edited" and not outcome.refused and outcome.edited < len(case.edited):
        yield f"only {outcome.edited} of {len(case.edited)} edited ones reported"


def is_ordered(case: Case) -> bool:
    """Whether each gap that both sides fill is ordered by a call, a question, or clocks that agree.

    Only neighbours of different sides are looked at; the others follow from them.
    """
    lines, rows = numbers(case.lines), numbers(case.rows)
    last: tuple[int, bool] | None = None
    for number in sorted(lines | rows):
        if number in lines and number in rows:
            last = None
            continue
        if last is not None and last[1] != (number in lines) and not _follows(case, last[0], number):
            return False
        last = number, number in lines
    return True


def _follows(case: Case, first: int, then: int) -> bool:
    a, b = case.said[first], case.said[then]
    if b.answers and b.answers in a.calls:
        return True
    if a.turn == b.turn:
        return a.role == "user" and b.role == "assistant"
    return case.agree


def is_two_sided(case: Case) -> bool:
    """Whether each side has what the other lacks."""
    lines, rows = numbers(case.lines), numbers(case.rows)
    return bool(lines - rows) and bool(rows - lines)


def is_untold(case: Case) -> bool:
    """Whether nothing could tell the order of a gap: of what was said in it two messages or more are on neither side.

    A question and an answer then look like one turn that are parts of two; only clocks could tell. The same where
    words that were said twice are left once on either side, and not as the same message.
    """
    if _is_mistakable(case):
        return True
    lines, rows = numbers(case.lines), numbers(case.rows)
    turns = {case.said[number].turn for number in lines}
    gone = one = other = hidden = 0
    for number in range(len(case.said) + 1):
        if number == len(case.said) or (number in lines and number in rows):
            if gone >= 2 and one and other and (hidden or not case.agree):
                return True
            gone = one = other = hidden = 0
            continue
        one, other = one + (number in lines), other + (number in rows)
        gone += number not in lines and number not in rows
        hidden += number in rows and case.said[number].turn not in turns and case.clock != "message"
    return False


def _is_mistakable(case: Case) -> bool:
    """Whether some words are once in the file and once in SQLite, but as two messages that no clock tells apart."""
    here, there = ({_text(case, kept): kept.number for kept in side} for side in (case.lines, case.rows))
    times = [Counter(_text(case, kept) for kept in side) for side in (case.lines, case.rows)]
    turns = {case.said[number].turn for number in numbers(case.lines)}
    return any(
        times[0][text] == times[1][text] == 1
        and here[text] != there[text]
        and (not case.agree or case.said[there[text] or 0].turn not in turns)
        for text in here.keys() & there
    )
