"""Model of agents that record one session: what each said, in order, against the rows that carry its mark.

It shares nothing with the recorder: a message is marked with its agent in a column that the recorder does not compare,
rows are read by plain SQL, and whether a shortened list could be read in two ways is found by trying every place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

WORDS = ("ok", "go on", "thanks", "why?")
OTHER, FILE = "other", "file"
"""Marks of a writer without a recorder, and of the session's JSONL file."""

Dict = dict[str, object]


@dataclass
class Agent:
    """One agent: its memory, and all it ever handed over."""

    name: str
    memory: list[Dict] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    """Lengths of the memory before each turn that can be taken back."""
    summaries: int = 0
    has_taken_back: bool = False

    def say(self, texts: Iterable[str]) -> None:
        """Say something new."""
        self.turns.append(len(self.memory))
        self.has_taken_back = False
        for text in texts:
            self.memory.append(self._message(text))
            self.said.append(text)

    def compact(self, kept: int) -> None:
        """Put a summary in place of all but the last messages."""
        self.summaries += 1
        summary = f"summary {self.summaries} of {self.name}"
        self.memory = [self._message(summary), *self.memory[len(self.memory) - kept :]]
        self.said.append(summary)
        self.turns = []

    def edit(self, place: int) -> None:
        """Replace a message by a new one."""
        self.summaries += 1
        text = f"edit {self.summaries} of {self.name}"
        self.memory[place] = self._message(text)
        self.said.append(text)
        self.turns = []

    def take_back(self) -> None:
        """Forget the last turn; what is stored of it stays."""
        self.memory = self.memory[: self.turns.pop()]
        self.has_taken_back = True

    def begin_again(self) -> None:
        """Lose the memory."""
        self.memory, self.turns = [], []
        self.summaries += 1
        self.say([f"new start {self.summaries} of {self.name}"])

    def _message(self, text: str) -> Dict:
        return {"role": "user", "content": text, "platform_message_id": self.name}


def texts(memory: Sequence[Dict]) -> list[str]:
    """What a list says."""
    return [str(message["content"]) for message in memory]


def is_clear(before: Sequence[str], after: Sequence[str], kept: int, at: int) -> bool:
    """True where the last `kept` messages of a list occur at one place of another, and no longer end of it does.

    Of “ok, ok” and “summary, ok, ok” nobody can tell whether one “ok” was said since.
    """
    ends = [
        (length, place)
        for length in range(1, len(before) + 1)
        for place in range(len(after) - length + 1)
        if list(after[place : place + length]) == list(before[len(before) - length :])
    ]
    longest = max((length for length, _ in ends), default=0)
    return longest == kept and [place for length, place in ends if length == longest] in ([at], [])


def rows_by_mark(path: Path) -> dict[str, list[str]]:
    """Mark -> texts of its rows in the order of the session."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found: dict[str, list[str]] = {}
        for mark, text in connection.execute("SELECT platform_message_id, content FROM messages ORDER BY id"):
            found.setdefault(str(mark), []).append(str(text))
        return found
    finally:
        connection.close()


def faults(path: Path, said: dict[str, list[str]], *, waiting: Iterable[str] = ()) -> list[str]:
    """What is lost, doubled or out of order; a summary that its agent was killed over is neither.

    Args:
        said: Mark -> all texts, in order.
        waiting: Marks whose last texts may not be stored yet.
    """
    rows = rows_by_mark(path)
    told: list[str] = []
    for mark in sorted(said.keys() | rows.keys()):
        wanted = said.get(mark, [])
        stored = [text for text in rows.get(mark, []) if not text.startswith("summary") or text in wanted]
        if mark in waiting:
            wanted = wanted[: len(stored)]
        if stored != wanted:
            told.append(f"{mark}: {_difference(stored, wanted)}")
    return told


def _difference(stored: Sequence[str], wanted: Sequence[str]) -> str:
    place = next(
        (place for place, (old, new) in enumerate(zip(stored, wanted, strict=False)) if old != new),
        min(len(stored), len(wanted)),
    )
    return (
        f"{len(stored)} rows for {len(wanted)} messages, from number {place} on"
        f" {list(stored[place : place + 3])} for {list(wanted[place : place + 3])}"
    )
