"""Details of the session that is read: what is stored about it beside its messages (docs/look.md §7, §13)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.gutter import role_label
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.statistics import dollars
from hermes_tui.render.text import hanging, wrap
from hermes_tui.render.time import MINUTE, WEEK, age, clock, count, date_and_clock, day, in_words, many, n_bytes, size
from store.base.late_dataclass import dataclass
from store.models import JsonlFacts, Origin, Session

LABEL = 9
LONGEST_PROMPT = 65_536
"""Characters of a system prompt that are shown."""
ALONE = {
    Origin.JSONL: "JSONL, the only source",
    Origin.SNAPSHOT: "a JSON snapshot, the only source; messages may be missing",
    Origin.SPOOL: "messages that wait to be written, the only source",
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Tokens and cost of the sections of a chain."""

    sections: int = 1
    counted: int = 0
    """Sections that have a row."""
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: float = 0.0
    """US dollars; 0 for unknown, as Hermes stores it."""
    actual: float = 0.0
    included: bool = False
    """A subscription pays for it."""


@dataclass(frozen=True, slots=True)
class StoredDetails:
    """What is stored about a session beside its row in the list."""

    session_id: str
    sums: Sums = Sums()
    system_prompt: str = ""
    branches: int = 0
    subagents: int = 0
    facts: JsonlFacts | None = None
    """The JSONL file, None where there is none."""


@dataclass(frozen=True, slots=True)
class Details:
    """Everything that is shown of a session."""

    session: Session
    stored: StoredDetails | None = None
    """None while it is read."""
    total: int = 0
    """Messages of the transcript."""
    roles: tuple[tuple[str, int], ...] = ()
    from_file: bool = False
    """The JSONL file is shown."""
    by_hit: bool = False
    """A hit has chosen the source."""
    store: str = "state.db"
    """The name of the database."""
    home: str = ""
    """The user's folder, which is written `~`; "" for none."""


@dataclass(frozen=True, slots=True)
class DetailsView:
    """What the pane shows."""

    details: Details
    width: int
    """Cells of a line."""
    now: datetime
    """Aware; its zone is the reader's."""
    prompt: bool = False
    """The system prompt is unfolded."""
    focused: bool = False


def details_lines(
    details: Details, *, width: int, now: datetime, glyphs: Glyphs, prompt: bool = False
) -> tuple[list[Line], int | None]:
    """Draw the details of a session, a label of 9 cells before each value, which goes on below itself.

    Args:
        width: Cells of a line.
        now: Aware; its zone is the reader's.
        prompt: The system prompt is unfolded.

    Returns:
        The lines, and the number of the one that unfolds the system prompt, None where there is none.
    """
    lines = list[Line]()
    for label, value in _facts(details, now, glyphs):
        lines += hanging((span(f"{label:<{LABEL}}", Role.DIM),), _at_joints(value, width - LABEL), width - LABEL)
    text = details.stored.system_prompt if details.stored else ""
    if not text.strip():
        return lines, None
    mark = glyphs.opened if prompt else glyphs.folded
    said = f"{mark} {size(n_bytes(text))}"
    lines.append((span(f"{'prompt':<{LABEL}}", Role.DIM), span(said)))
    fold = len(lines) - 1
    if prompt:
        lines += ((span("  "), span(line, Role.DIM)) for line in wrap(text[:LONGEST_PROMPT], width - 2))
        if len(text) > LONGEST_PROMPT:
            rest = glyphs.words(f"  … {in_words(len(text) - LONGEST_PROMPT)} more characters")
            lines.append((span(rest, Role.DIM),))
    return lines, fold


def _facts(details: Details, now: datetime, glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    """Labels and values, a session's own words on one line each."""
    session, stored, dot = details.session, details.stored, glyphs.words(" · ")
    yield "id", one_line(session.id)
    yield "source", dot.join(one_line(word) for word in (session.source, session.model or "") if word.strip())
    if session.cwd:
        inside = details.home and session.cwd.startswith(f"{details.home}/")
        yield "cwd", one_line(f"~{session.cwd[len(details.home) :]}" if inside else session.cwd)
    if session.started_at is not None:
        yield "started", f"{day(now, session.started_at, year=True)} {clock(now, session.started_at)}"
    if session.last_active is not None:
        yield "last", _last(now, session.last_active)
    yield "ended", _ended(session, now, dot)
    roles = " ".join(f"{role_label(role)} {in_words(number)}" for role, number in details.roles)
    yield "messages", f"{in_words(details.total)}  {roles}".rstrip()
    if stored is None:
        yield "stored", glyphs.words("reading…")
        return
    yield "tokens", _tokens(stored.sums)
    yield "cost", dot.join(_costs(stored.sums))
    yield "family", _family(session, stored, glyphs)
    yield "files", dot.join(_files(details, stored))
    yield "shown", glyphs.words(_source(details, stored))


def _at_joints(value: str, room: int) -> str:
    """A value with line ends where a long word breaks: behind `_`, `/` and `-`, so that ids and paths stay legible."""
    pieces = list[str]()
    for word in value.split(" "):
        start = 0
        while len(word) - start > room:
            end = 1 + max(word.rfind(mark, start + 1, start + room) for mark in "_/-")
            if not end:
                break
            pieces.append(f"{word[start:end]}\n")
            start = end
        pieces.append(f"{word[start:]} ")
    return "".join(pieces).rstrip(" ")


def _last(now: datetime, timestamp: float) -> str:
    """How long ago for a week, then when."""
    passed = now.timestamp() - timestamp
    if not -MINUTE < passed < WEEK:
        return date_and_clock(now, timestamp)
    ago = age(now, timestamp)
    return f"{ago if ago == 'now' else f'{ago} ago'}, {clock(now, timestamp)}"


def _ended(session: Session, now: datetime, dot: str) -> str:
    if session.ended_at is None:
        return "live" if session.live else "not ended"
    why = one_line(session.end_reason or "")
    return dot.join(filter(None, (date_and_clock(now, session.ended_at), why or "no reason stored")))


def _tokens(sums: Sums) -> str:
    if not (sums.tokens_in or sums.tokens_out):
        return "none stored"
    return f"{_short(sums.tokens_in)} in  {_short(sums.tokens_out)} out{_partial(sums)}"


def _partial(sums: Sums) -> str:
    """Of how many sections a sum is."""
    if sums.counted < sums.sections:
        return f", {sums.counted} of {sums.sections} sections"
    return f", {sums.sections} sections" if sums.sections > 1 else ""


def _costs(sums: Sums) -> Iterator[str]:
    if sums.actual:
        yield f"{dollars(sums.actual)} actual"
    if sums.estimated:
        yield f"{dollars(sums.estimated)} estimated"
    if sums.included:
        yield "included in a subscription"
    if not (sums.actual or sums.estimated or sums.included):
        yield "none stored"


def _family(session: Session, stored: StoredDetails, glyphs: Glyphs) -> str:
    section = f"{glyphs.words('§')}{session.section} of {session.chain}, " if session.chain > 1 else ""
    branches = "1 branch" if stored.branches == 1 else f"{stored.branches} branches"
    return f"{section}{branches}, {many(stored.subagents, 'subagent')}"


def _files(details: Details, stored: StoredDetails) -> Iterator[str]:
    """Both sides with their messages."""
    session, facts, name = details.session, stored.facts, details.store
    yield f"{name} {in_words(session.messages)}" if session.origin is Origin.SQLITE else f"not in {name}"
    if facts is None:
        yield "no JSONL"
    elif facts.problem:
        yield f"JSONL unreadable: {one_line(facts.problem)}"
    else:
        damaged = f", {many(facts.bad_lines, 'damaged line')}" if facts.bad_lines else ""
        yield f"JSONL {in_words(facts.messages)}{damaged}, {size(facts.size)}"


def _source(details: Details, stored: StoredDetails) -> str:
    """Which source is shown, and why."""
    if details.session.origin is not Origin.SQLITE:
        return ALONE[details.session.origin]
    shown = "JSONL" if details.from_file else details.store
    if details.by_hit and stored.facts is not None:
        return f"{shown}, where the hit is"
    if details.from_file:
        return f"{shown}, which has more messages"
    return f"{shown}, which has no fewer messages" if stored.facts else f"{shown}, the only source"


def _short(number: int) -> str:
    return safe(count(number)) if number else "0"
