"""What two sources kept of a conversation: lines of a JSONL file and rows of SQLite, each with the number of what was
said, or None for a row that nobody said (a summary)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.torture.history.conversation import HOUR, START, Said, conversation

Json = dict[str, object]

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati")
SWITCHES = (
    ("Europe/Berlin", 1_774_746_000.0),
    ("Europe/Berlin", 1_792_890_000.0),
    ("America/New_York", 1_772_953_200.0),
    ("America/New_York", 1_793_512_800.0),
)
"""Zones and the moments of 2026 at which their clocks are set forward or back."""
CLOCKS = ("turn", "turn", "turn", "message", "message", "absolute", "constant", "missing", "some", "reversed")
"""Times of the lines: one a turn, one a message, with their zone, one for all, none, few, falling."""
ROWS = ("own", "own", "own", "own", "flushed", "later", "partly", "constant")
"""Times of the rows: their own, one a turn, written again hours later, some of them written again, one for all."""
KINDS = (
    *("both",) * 8,
    *("jsonl_ahead", "sqlite_ahead", "tail", "newer"),
    *("edited", "edited", "undone", "compacted", "crossing", "doubled"),
)
EDITS = ("words", "redacted", "truncated", "pruned", "reasoning", "platform")
MARKINGS = ("equal", "identity", "superseded")
PRUNED = "[Old tool output cleared to save context space]"


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as a source has it."""

    number: int | None
    message: Json
    cells: Mapping[str, int | bytes] = field(default_factory=dict)
    """Columns of a row that are no part of the message."""

    @property
    def active(self) -> bool:
        """Whether it is a part of the conversation."""
        return bool(self.cells.get("active", 1))


@dataclass(frozen=True, slots=True)
class Case:
    """Both sources of one session."""

    kind: str
    clock: str
    rows_clock: str
    zone: str
    loss: float
    said: tuple[Said, ...]
    lines: tuple[Kept, ...]
    rows: tuple[Kept, ...]
    edited: frozenset[int] = frozenset()
    """Numbers whose text the two sources have in different forms."""
    changed_at: float = 0.0
    """Time of the file's last change."""

    @property
    def agree(self) -> bool:
        """Whether the clocks of both sides agree, and what both have shows it."""
        shown = {self.said[number].turn for number in numbers(self.lines) & numbers(self.rows)}
        clocks = self.clock in ("turn", "message", "absolute") and self.rows_clock == "own"
        return clocks and len(shown) >= 3


def numbers(kept: Sequence[Kept]) -> set[int]:
    """Numbers of what a source has."""
    return {message.number for message in kept if message.number is not None}


def case(chance: random.Random) -> Case:
    """A conversation, and what two sources kept of it."""
    kind, clock, rows_clock = chance.choice(KINDS), chance.choice(CLOCKS), chance.choice(ROWS)
    zone, start = chance.choice(ZONES), START + chance.uniform(0, 300) * 24 * HOUR
    if clock in ("turn", "message") and chance.random() < 0.2:
        zone, switch = chance.choice(SWITCHES)
        start = switch - chance.uniform(0, 6) * HOUR
    said = conversation(chance, start=start, hurried=chance.random() < 0.3)
    loss = chance.choice((0.07, 0.3))
    lines, rows = _losses(kind, said, loss, chance)
    ends = said[-1].ends
    file = [Kept(one.number, _message(one, _line_time(one, clock, zone, said, chance))) for one in lines]
    times = _row_times(rows, rows_clock, chance)
    table = [Kept(one.number, _message(one, time)) for one, time in zip(rows, times, strict=True)]
    changed = ends + (24 * HOUR if rows_clock in ("later", "partly", "constant") else 2.0)
    found = Case(kind, clock, rows_clock, zone, loss, said, tuple(file), tuple(table), changed_at=changed)
    twist = _TWISTS.get(kind)
    return twist(found, chance) if twist else found


def _losses(
    kind: str, said: tuple[Said, ...], loss: float, chance: random.Random
) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    """What either source kept."""
    thin, thinner = _thinned(said, loss, chance), _thinned(said, loss, chance)
    cut = chance.randrange(len(said))
    return {
        "jsonl_ahead": (said, thin),
        "sqlite_ahead": (thin, said),
        "tail": (said, said[cut:]),
        "newer": (said[: chance.randrange(cut, len(said)) + 1], said[cut:]),
        "undone": (said, said),
        "compacted": (said, said),
        "crossing": (said, said),
        "doubled": (thin, thinner),
    }.get(kind, (thin, thinner))


def _thinned(said: tuple[Said, ...], loss: float, chance: random.Random) -> tuple[Said, ...]:
    return tuple(one for one in said if chance.random() >= loss) or said[:1]


def _message(one: Said, time: object) -> Json:
    calls = [{"id": name, "type": "function", "function": {"name": "run", "arguments": "{}"}} for name in one.calls]
    return {
        "role": one.role,
        "content": one.text,
        **({"tool_calls": calls} if calls else {}),
        **({"tool_call_id": one.answers, "tool_name": "run"} if one.answers else {}),
        **({} if time is None else {"timestamp": time}),
    }


def _line_time(one: Said, clock: str, zone: str, said: tuple[Said, ...], chance: random.Random) -> object:
    if clock == "missing" or (clock == "some" and chance.random() < 0.5):
        return None
    if clock == "absolute":
        return datetime.fromtimestamp(one.ends, UTC).isoformat(timespec="microseconds")
    time = {"message": one.time, "constant": said[0].time, "reversed": 2 * said[0].time - one.time}.get(clock, one.ends)
    return datetime.fromtimestamp(time, ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="microseconds")


def _row_times(rows: tuple[Said, ...], clock: str, chance: random.Random) -> list[float]:
    """Times of rows in the order of their ids."""
    later = rows[-1].ends + chance.uniform(0.1, 12) * HOUR
    again = chance.randrange(len(rows)) if clock == "partly" else len(rows)
    if clock == "flushed":
        return [one.ends - 0.2 for one in rows]
    if clock == "constant":
        return [later] * len(rows)
    if clock == "partly":
        later = rows[again].time + 1.0
    if clock in ("later", "partly"):
        own = [max(later + 0.001, one.time) for one in rows]  # the next one comes at once
        return [later + 1e-6 * place if place < again else time for place, time in enumerate(own)]
    return [one.time for one in rows]


def _edited(found: Case, chance: random.Random) -> Case:
    """Some messages that SQLite has in another form."""
    both = numbers(found.lines) & numbers(found.rows)
    chosen = {number for number in both if len(found.said[number].text) > 20 and chance.random() < 0.15}
    rows, lines, done = list(found.rows), list(found.lines), set()
    for number in sorted(chosen):
        here = next(place for place, kept in enumerate(lines) if kept.number == number)
        there = next(place for place, kept in enumerate(rows) if kept.number == number)
        alone = not {number - 1, number + 1} & chosen
        edit = chance.choice([name for name in EDITS if _fits(name, found.said[number], alone=alone)] or [""])
        if edit:
            line, row = _EDITS[edit](found.said[number], lines[here].message, rows[there].message, chance)
            lines[here], rows[there] = replace(lines[here], message=line), replace(rows[there], message=row)
            done.add(number)
    return replace(found, lines=tuple(lines), rows=tuple(rows), edited=frozenset(done))


def _fits(edit: str, one: Said, *, alone: bool) -> bool:
    if edit in ("pruned",):
        return one.role == "tool"
    if edit == "reasoning":
        return one.role == "assistant"
    if edit == "platform":
        return one.role == "user"
    return alone or bool(one.answers or one.calls)


def _in_words(one: Said, line: Json, row: Json, chance: random.Random) -> tuple[Json, Json]:
    parts = one.text.split()
    for place in chance.sample(range(len(parts)), max(1, len(parts) // 3)):
        parts[place] = f"x{chance.randrange(10_000)}"
    return line, row | {"content": " ".join(parts)}


def _secret(one: Said, line: Json, row: Json, chance: random.Random) -> tuple[Json, Json]:
    del chance
    return line | {"content": f"{one.text} sk-12345"}, row | {"content": f"{one.text} [REDACTED]"}


def _short(one: Said, line: Json, row: Json, chance: random.Random) -> tuple[Json, Json]:
    del chance
    return line, row | {"content": one.text[:15] + "\n[truncated]"}


def _pruned(one: Said, line: Json, row: Json, chance: random.Random) -> tuple[Json, Json]:
    del one, chance
    return line, row | {"content": PRUNED}


def _thought(one: Said, line: Json, row: Json, chance: random.Random) -> tuple[Json, Json]:
    del chance
    return line | {"content": f"<think>{one.thought}</think>\n\n{one.text}"}, row | {"reasoning": one.thought}


def _on_platform(one: Said, line: Json, row: Json, chance: random.Random) -> tuple[Json, Json]:
    name = f"m{one.number}"
    return line | {"message_id": name}, row | {"content": f"y{chance.random()}", "platform_message_id": name}


Edit = Callable[[Said, Json, Json, random.Random], tuple[Json, Json]]

_EDITS: dict[str, Edit] = {
    "words": _in_words,
    "redacted": _secret,
    "truncated": _short,
    "pruned": _pruned,
    "reasoning": _thought,
    "platform": _on_platform,
}


def _undone(found: Case, chance: random.Random) -> Case:
    """The user took back the last turns; some rows before them are missing."""
    turn = chance.randrange(found.said[-1].turn + 1)
    rows = [
        replace(kept, cells={"active": int(found.said[kept.number or 0].turn < turn)})
        for kept in found.rows
        if found.said[kept.number or 0].turn >= turn or chance.random() >= found.loss
    ]
    return replace(found, rows=tuple(rows))


def _compacted(found: Case, chance: random.Random) -> Case:
    """Hermes compacted in place: a summary, and copies of the last messages in one of three markings."""
    marking = chance.choice(MARKINGS)
    cut = chance.randrange(len(found.rows))
    gone = {"active": 0, "compacted": 0 if marking == "superseded" else 1}
    old = [replace(kept, cells=gone | _identity(kept, marking)) for kept in found.rows]
    old[:cut] = [replace(kept, cells={"active": 0, "compacted": 1}) for kept in found.rows[:cut]]
    summary = Kept(None, {"role": "user", "content": "[CONTEXT COMPACTION] before", "timestamp": found.said[-1].ends})
    copies = [replace(kept, cells=_identity(kept, marking)) for kept in found.rows[cut:]]
    return replace(found, rows=(*old, summary, *copies))


def _identity(kept: Kept, marking: str) -> dict[str, int | bytes]:
    return {"display_identity": f"i{kept.number}".encode()} if marking == "identity" else {}


def _crossing(found: Case, chance: random.Random) -> Case:
    """The file has two neighbouring turns the other way round."""
    turn = chance.randrange(max(1, found.said[-1].turn))
    order = sorted(found.lines, key=lambda kept: _swapped(found.said[kept.number or 0], turn))
    return replace(found, lines=tuple(order))


def _swapped(one: Said, turn: int) -> tuple[int, int]:
    return {turn: turn + 1, turn + 1: turn}.get(one.turn, one.turn), one.number


def _doubled(found: Case, chance: random.Random) -> Case:
    """Something wrote some rows again, right behind the first ones."""
    start = chance.randrange(len(found.rows))
    block = found.rows[start : start + chance.randrange(1, 5)]
    return replace(found, rows=(*found.rows[: start + len(block)], *block, *found.rows[start + len(block) :]))


Twist = Callable[[Case, random.Random], Case]

_TWISTS: dict[str, Twist] = {
    "edited": _edited,
    "undone": _undone,
    "compacted": _compacted,
    "crossing": _crossing,
    "doubled": _doubled,
}


def as_jsonl(lines: Sequence[Kept]) -> bytes:
    """The file."""
    return b"".join(json.dumps(kept.message).encode() + b"\n" for kept in lines)
