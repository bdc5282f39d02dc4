"""Two sources side by side, SQLite left and JSONL right (docs/look.md §8). Pure.

A cell: number 5 right-aligned, two spaces, role 6, space, text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, zip_longest

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.gutter import role_label
from hermes_tui.render.line import Line, Role, Span, blank, fill, fit, pad, pad_left, span
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.text import wrap
from hermes_tui.render.time import in_words, many
from hermes_tui.render.tools.outcome import outcome
from hermes_tui.render.tools.summary import output, summary
from store.base.late_dataclass import dataclass
from store.models import Message
from store.repair.model import DifferenceRow, Plan

LONGEST_READ = 1 << 18
"""Characters of a result that are read as JSON."""
LONGEST = 2_000
"""Characters of a message that are looked at."""
TEXT_FROM = 14
"""The column of a cell that its text starts in; what is missing is said from column 7."""
LABEL_FROM = 7
TALL = 30
"""Rows of a screen from which messages get more lines."""
SHORT_PART, TALL_LEFT = 10, 20
"""Rows that the first difference takes at most on a low screen; on a tall one so many rows are left to others."""
ABSENT_LEFT, ABSENT_RIGHT = "not in SQLite", "not in JSONL"


@dataclass(frozen=True, slots=True)
class Sides:
    """Widths of the two sides."""

    left: int
    right: int

    @classmethod
    def of(cls, width: int) -> Sides:
        """Left, a mark of three cells, right, one cell of margin."""
        left = max((width - 4) // 2, TEXT_FROM + 1)
        return cls(left, max(width - left - 4, TEXT_FROM + 1))


def first_difference(plan: Plan, *, width: int, height: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """Draw the first difference: both sides' heads, what is equal before it, what differs, how much more there is.

    Args:
        width: Cells of the screen.
        height: Rows of the screen: a tall one gives messages more lines.
        rows: Rows there are at most; what does not fit is counted in the last one.

    Returns:
        At most `rows` lines, none where even the heads and one message do not fit.
    """
    sides = Sides.of(width)
    tall = height >= TALL
    room = min(rows, height - TALL_LEFT if tall else SHORT_PART) - 1
    equal, rest = _parted(plan.difference)
    drawn = list(_drawn(rest, sides, glyphs, first=4 if tall else 3, others=3 if tall else 1))
    before = [line for pair in equal for line in _pair(pair, sides, glyphs, lines=1)]
    before = before[len(before) - min(len(before), max(room - 2, 0)) :]
    room -= len(before)
    shown = _fitting(drawn, room, plan, rest)
    if not shown and drawn and room > 1:
        drawn[0] = drawn[0][: room - 1]
        shown = 1
    if rest and not shown:
        return []
    more = _more(plan, rest[:shown], sides, glyphs)
    head = heads(plan.check.sqlite_messages, plan.check.jsonl_messages, width=width, glyphs=glyphs)
    return [head, *before, *chain.from_iterable(drawn[:shown]), *more]


def pair_lines(
    pairs: Sequence[DifferenceRow], *, width: int, glyphs: Glyphs, before: DifferenceRow | None = None
) -> Iterator[Line]:
    """Draw any part of a difference, with a seam of its own where equal messages were left out between two.

    Args:
        before: What was drawn above.
    """
    sides = Sides.of(width)
    gap = _gap(before) if before else ""
    for pair, drawn in zip(pairs, _drawn(pairs, sides, glyphs, first=3, others=3, gap=gap), strict=True):
        if left_out := _between(before, pair):
            yield (blank(LABEL_FROM), span(glyphs.words(f"… {many(left_out, 'equal message')}"), Role.DIM))
        yield from drawn
        before = pair


def heads(sqlite: int, jsonl: int, *, width: int, glyphs: Glyphs) -> Line:
    """Draw the line above both sides: what they are, and how many messages they have."""
    sides, dot = Sides.of(width), glyphs.words(" · ")
    left = fill((blank(LABEL_FROM), span(f"SQLite{dot}{many(sqlite, 'message')}", bold=True)), sides.left + 3)
    return (*left, blank(LABEL_FROM), span(f"JSONL{dot}{many(jsonl, 'message')}", bold=True))


def said(message: Message, glyphs: Glyphs) -> SafeText:
    """Content of a message on one line: a tool's name and outcome before its output, a call where there is no text."""
    if message.role == "tool":
        ended = outcome(message, glyphs).wide.partition(" ")[2]
        words = message.text if len(message.text) > LONGEST_READ else output(message.text)
        parts = [message.tool_name or "", ended, words[:LONGEST]]
        return one_line(glyphs.words(" · ").join(part for part in parts if part))
    if not message.text.strip() and message.tool_calls:
        return one_line(", ".join(f"{call.name} {summary(call)}" for call in message.tool_calls)[:LONGEST])
    return one_line(message.text[:LONGEST] or message.reasoning[:LONGEST])


def _parted(pairs: Sequence[DifferenceRow]) -> tuple[Sequence[DifferenceRow], Sequence[DifferenceRow]]:
    """The equal pairs before the first difference, and the rest."""
    at = next((at for at, pair in enumerate(pairs) if _differs(pair)), len(pairs))
    return pairs[:at], pairs[at:]


def _differs(pair: DifferenceRow) -> bool:
    return pair.sqlite_number is None or pair.jsonl_number is None


def _between(before: DifferenceRow | None, after: DifferenceRow) -> int:
    """Equal messages between two pairs, or before the first, that are not shown."""
    if before is None:
        return min(after.jsonl_number or 1, after.sqlite_number or 1) - 1
    if before.jsonl_number and after.jsonl_number:
        return after.jsonl_number - before.jsonl_number - 1
    if before.sqlite_number and after.sqlite_number:
        return after.sqlite_number - before.sqlite_number - 1
    return 0


def _drawn(
    pairs: Sequence[DifferenceRow], sides: Sides, glyphs: Glyphs, *, first: int, others: int, gap: str = ""
) -> Iterator[list[Line]]:
    """Each pair's lines; what a side lacks is said once for each gap."""
    most = first
    for pair in pairs:
        kind = _gap(pair)
        yield list(_pair(pair, sides, glyphs, lines=most if kind else 1, says=kind != gap))
        gap, most = kind, others


def _gap(pair: DifferenceRow) -> str:
    if pair.sqlite_number is None:
        return ABSENT_LEFT
    return ABSENT_RIGHT if pair.jsonl_number is None else ""


def _pair(pair: DifferenceRow, sides: Sides, glyphs: Glyphs, *, lines: int, says: bool = True) -> Iterator[Line]:
    """A pair as lines of the whole width."""
    role = Role.TEXT if _differs(pair) else Role.DIM
    absent: Line = (blank(LABEL_FROM), span(_gap(pair), Role.DIM)) if says else ()
    left, right = (
        [absent] if number is None else _cell(message, number, room - TEXT_FROM, lines, role=role, glyphs=glyphs)
        for message, number, room in (
            (pair.sqlite, pair.sqlite_number, sides.left),
            (pair.jsonl, pair.jsonl_number, sides.right),
        )
    )
    for row, (here, there) in enumerate(zip_longest(left, right, fillvalue=())):
        mark = _mark(pair, glyphs) if row == 0 else blank(1)
        yield (*fill(here, sides.left), blank(1), mark, blank(1), *there)


def _mark(pair: DifferenceRow, glyphs: Glyphs) -> Span:
    if pair.jsonl_number is None:
        return span(glyphs.alone, Role.ACCENT, bold=True)
    if pair.sqlite_number is not None:
        return span(glyphs.equal, Role.DIM)
    return span(glyphs.added, Role.GOOD, bold=True) if pair.inserted else glyphs.bad


def _cell(message: Message | None, number: int, room: int, most: int, *, role: Role, glyphs: Glyphs) -> list[Line]:
    """A message of one side, in at most `most` lines."""
    texts = _cut(said(message, glyphs), room, most, glyphs) if message else [SafeText("")]
    label = fit(role_label(message.role if message else ""), 6)
    front = span(f"{pad_left(safe(str(number)), 5)}  {pad(label, 6)} ", Role.DIM)
    return [(front if row == 0 else blank(TEXT_FROM), span(text, role)) for row, text in enumerate(texts)]


def _cut(text: SafeText, room: int, most: int, glyphs: Glyphs) -> list[SafeText]:
    """Break a text into at most `most` lines, the last one cut."""
    if most == 1:
        return [fit(text, room, glyphs.truncated)]
    lines = wrap(text[: room * (most + 1) * 4], room)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], fit(SafeText(" ".join(lines[most - 1 :])), room, glyphs.truncated)]


def _fitting(drawn: Sequence[Sequence[Line]], room: int, plan: Plan, rest: Sequence[DifferenceRow]) -> int:
    """The number of messages that fit with the row that counts the others."""
    heights = enumerate(accumulate(map(len, drawn)), 1)
    return max((number for number, used in heights if used + bool(_left(plan, rest[:number])) <= room), default=0)


def _left(plan: Plan, shown: Iterable[DifferenceRow]) -> int:
    """Messages that SQLite lacks besides those that are shown."""
    return plan.check.missing_in_sqlite - sum(pair.sqlite_number is None for pair in shown)


def _more(plan: Plan, shown: Sequence[DifferenceRow], sides: Sides, glyphs: Glyphs) -> Iterator[Line]:
    """The row that counts what is not shown: of the run that is cut, or of the whole session."""
    left = _left(plan, shown)
    if left <= 0:
        return
    last = next((pair for pair in reversed(shown) if pair.sqlite_number is None), None)
    at = (last.jsonl_number or 0) if last is not None and last is shown[-1] else 0
    run = next((run for run in plan.runs if run.first <= at < run.last), None)
    if run is not None:
        number = run.number - sum(pair.inserted and run.first <= (pair.jsonl_number or 0) for pair in shown)
        whole = f"{in_words(number)} more, messages {in_words(at + 1)} to {in_words(run.last)}"
        words = whole if len(whole) < sides.right - LABEL_FROM else f"{in_words(number)} more"
    else:
        words = f"{in_words(left)} more"
    taken = span(glyphs.added, Role.GOOD, bold=True) if plan.insert else glyphs.bad
    yield (blank(sides.left + 1), taken, blank(1 + LABEL_FROM), span(words, Role.DIM))
