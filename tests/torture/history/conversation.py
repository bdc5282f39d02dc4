"""Conversations that are known: turns of a question, calls with their results, and an answer."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

OFTEN = ("ok", "yes", "go on", "thanks", "continue please")
"""Words that people say again and again."""
DONE = "Done."
WORDS = tuple(f"w{number:04}" for number in range(10_000))
START = 1_767_225_600.0
"""2026-01-01 in UTC."""
HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was said."""

    number: int
    turn: int
    role: str
    text: str
    time: float
    """When it was said, in seconds since 1970."""
    ends: float = 0.0
    """When its turn ended."""
    calls: tuple[str, ...] = ()
    answers: str | None = None
    thought: str = ""


def conversation(chance: random.Random, *, start: float, hurried: bool) -> tuple[Said, ...]:
    """A conversation of two to fourteen turns."""
    said: list[Said] = []
    clock, fond = start, chance.random() < 0.5
    for turn in range(chance.randrange(2, 15)):
        clock += chance.uniform(15, 90) if hurried else chance.uniform(40, 3 * HOUR)
        begins = len(said)
        for message in _turn(chance, turn, begins, fond=fond):
            said.append(replace(message, number=len(said), time=clock))
            clock += chance.uniform(0.2, 1.5 if hurried else 20.0)
        said[begins:] = [replace(message, ends=said[-1].time + 0.3) for message in said[begins:]]
    return tuple(said)


def _turn(chance: random.Random, turn: int, before: int, *, fond: bool) -> list[Said]:
    question = chance.choice(OFTEN) if fond and chance.random() < 0.35 else words(chance)
    found = [Said(0, turn, "user", question, 0.0)]
    for round_ in range(chance.choice((0, 0, 0, 1, 1, 2))):
        ids = tuple(f"call_{before}_{round_}_{place}" for place in range(chance.choice((1, 1, 2))))
        found.append(Said(0, turn, "assistant", words(chance) if chance.random() < 0.5 else "", 0.0, calls=ids))
        found += [Said(0, turn, "tool", words(chance, 40), 0.0, answers=name) for name in ids]
    answer = DONE if fond and chance.random() < 0.2 else words(chance)
    return [*found, Said(0, turn, "assistant", answer, 0.0, thought=words(chance))]


def words(chance: random.Random, most: int = 25) -> str:
    """Text that nobody says twice."""
    return " ".join(chance.choices(WORDS, k=chance.randrange(6, most)))
