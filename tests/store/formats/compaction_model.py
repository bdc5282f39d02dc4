"""A section as Hermes' acts leave it, with the message that every row stands for; shares no code with the store.

The acts are those of hermes-agent 0.19.0 (`append_message`, `rewind_to_message`, `archive_and_compact`) and of the
versions after it, which supersede the originals of the last copies or mark both (docs/format.md §3.8).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal

Marking = Literal["compacted", "superseded", "marked"]


@dataclass(slots=True)
class ModelRow:
    """A row, and the number of the message that it stands for."""

    id: int
    message: int
    role: str
    text: str
    time: float
    active: bool = True
    compacted: bool = False
    summary: bool = False
    mark: bytes | None = None


@dataclass(slots=True)
class ModelSection:
    """Rows in id order.

    Args:
        marking: How a compaction marks what it copies.
        timed: The copies keep the time of their original; else they get that of the compaction.
    """

    marking: Marking
    timed: bool
    rows: list[ModelRow] = field(default_factory=list)
    now: float = 1_780_000_000.0
    messages: int = 0

    @property
    def alive(self) -> list[ModelRow]:
        """The active rows."""
        return [row for row in self.rows if row.active]

    def say(self, role: str, text: str) -> None:
        """A new message."""
        self.now += 3.0
        self._add(self.messages, role, text, self.now)
        self.messages += 1

    def undo(self, number: int) -> None:
        """The user takes back the last active rows."""
        for row in self.alive[-number:] if number else []:
            row.active = False

    def compact(self, first: int, last: int) -> None:
        """A compaction in place that carries the first and the last active rows."""
        alive = self.alive
        first = min(first, len(alive))
        heads, tails = alive[:first], alive[max(first, len(alive) - last) :] if last else []
        self.now += 60.0
        for row in alive:
            row.active, row.compacted = False, self.marking != "superseded" or row not in tails
        self._copy(heads)
        self.now += 1e-6
        self._add(self.messages, "user", f"[CONTEXT COMPACTION] {self.messages}", self.now, summary=True)
        self.messages += 1
        self._copy(tails)

    def _copy(self, rows: list[ModelRow]) -> None:
        for row in rows:
            self.now += 1e-6
            self._add(row.message, row.role, row.text, row.time if self.timed else self.now, summary=row.summary)

    def _add(self, message: int, role: str, text: str, time: float, *, summary: bool = False) -> None:
        mark = b"%d" % message if self.marking == "marked" else None
        self.rows.append(ModelRow(len(self.rows) + 1, message, role, text, time, summary=summary, mark=mark))

    def originals(self) -> dict[int, int]:
        """Id of a copy -> id of the first row of its message."""
        first: dict[int, int] = {}
        return {row.id: first[row.message] for row in self.rows if first.setdefault(row.message, row.id) != row.id}

    def last_states(self) -> dict[int, tuple[bool, bool]]:
        """Active and compacted of the last row of each message, by the id of its first row."""
        first: dict[int, int] = {}
        return {first.setdefault(row.message, row.id): (row.active, row.compacted) for row in self.rows}


def played(rng: Random, marking: Marking, *, timed: bool, words: int) -> ModelSection:
    """A section after some acts, with at most `words` different texts."""
    section = ModelSection(marking, timed)
    for _ in range(rng.randint(3, 12)):
        act = rng.random()
        if act < 0.65 or not section.alive:
            section.say("user", f"q{rng.randrange(words)}")
            section.say("assistant", f"a{rng.randrange(words)}")
        elif act < 0.8:
            section.undo(rng.randint(1, 3))
        else:
            section.compact(rng.choice((0, 0, 2, 3)), rng.choice((0, 2, 4, 5)))
    return section
