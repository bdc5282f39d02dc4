"""Pairs of sources made from a known history: `python -m tests.torture.merge_model --pairs 100000`.

A history is what was really said; JSONL and SQLite each lost, doubled, undid or compacted some of it.
What the aligner makes of the two is held against the history.
Where both sides lost messages and texts repeat within the hour, content cannot tell which “ok” is which: of such pairs
all is asked but the order.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from store.formats.compared_message import ComparedMessage
from store.formats.comparison import Comparison, compare

KINDS = ("prefix", "suffix", "holes", "both", "newer", "repeats", "doubles", "rewind", "compaction", "damaged")
Compare = Callable[[Sequence[ComparedMessage], Sequence[ComparedMessage]], Comparison]


@dataclass(frozen=True)
class Said:
    """A message of a history."""

    number: int
    text: str
    time: float


@dataclass(frozen=True)
class Pair:
    """What two sources hold of a history."""

    kind: str
    history: tuple[Said, ...]
    jsonl: tuple[Said, ...]
    sqlite: tuple[Said, ...]
    taken_back: frozenset[int] = frozenset()
    """Numbers of SQLite's rows that were undone or compacted."""
    doubled: bool = False


def entry(said: Said, *, active: bool = True) -> ComparedMessage:
    """What is compared of a message."""
    return ComparedMessage(said.text.encode(), said.time, active)


def pair(chance: random.Random) -> Pair:
    """Two sources of one history."""
    kind = chance.choice(KINDS)
    size = chance.randrange(2, 40)
    words = ("ok", "go on", "thanks") if kind == "repeats" or chance.random() < 0.2 else ()
    history = tuple(
        Said(place, chance.choice(words) if words and chance.random() < 0.3 else f"m{place}", 1e9 + 30 * place)
        for place in range(size)
    )
    cut = chance.randrange(size + 1)
    news = tuple(Said(size + place, f"n{place}", 1e9 + 1e6 + place) for place in range(3))
    thin, thinner = _thinned(history, chance), _thinned(history, chance)
    twice = tuple(one for one in history for _ in range(2))
    return {
        "prefix": Pair(kind, history, history, history[:cut]),
        "suffix": Pair(kind, history, history, history[cut:]),
        "repeats": Pair(kind, history, history, history[cut:]),
        "holes": Pair(kind, history, history, thin),
        "both": Pair(kind, history, thin, thinner),
        "newer": Pair(kind, history + news, history, history[cut:] + news),
        "doubles": Pair(kind, history, twice, history[cut:], doubled=True),
        "damaged": Pair(kind, history, thin, history),
        "rewind": Pair(kind, history + news, history, history + news, frozenset(range(cut, size))),
        "compaction": Pair(kind, history + news, history, history + news, frozenset(range(cut))),
    }[kind]


def _thinned(history: Sequence[Said], chance: random.Random) -> tuple[Said, ...]:
    return tuple(one for one in history if chance.random() < 0.7)


def faults(pair: Pair, compared: Compare = compare) -> list[str]:
    """What is wrong with the union of a pair; nothing where all is well."""
    rows = [entry(one, active=one.number not in pair.taken_back) for one in pair.sqlite]
    found = compared([entry(one) for one in pair.jsonl], rows)
    union = [pair.jsonl[here] if there is None else pair.sqlite[there] for here, there in found.union]  # type: ignore[index]
    texts = Counter(one.text for one in union)
    told = {pair.jsonl[place].text for place in found.elsewhere}
    wrong = []
    left, right = Counter(one.text for one in pair.jsonl), Counter(one.text for one in pair.sqlite)
    once = {text for text, number in Counter(one.text for one in pair.history).items() if number == 1}
    for text in {*left, *right}:
        if texts[text] < max(left[text], right[text]) - (left[text] if text not in once else 0) * bool(pair.taken_back):
            wrong.append(f"lost {text}")
        if text in once and not pair.doubled and texts[text] > 1 and text not in told:
            wrong.append(f"doubled {text}")
    back = {one.text for one in pair.sqlite if one.number in pair.taken_back} & once
    if any(there is None and pair.jsonl[here].text in back for here, there in found.union if here is not None):
        wrong.append("resurrected")
    if not set(range(len(pair.sqlite))) <= {there for _, there in found.union}:
        wrong.append("a row went")
    numbers = [one.number for one in union if one.text in once - told]
    tellable = pair.kind != "both" or len(once) == len(pair.history)
    if found.certain and tellable and not pair.doubled and numbers != sorted(numbers):
        wrong.append("out of order")
    if pair.doubled and pair.history and not found.doubled:
        wrong.append("doubles not reported")
    return wrong


def longer_wins(jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]) -> Comparison:
    """The mutant: the longer source is the union."""
    if len(jsonl) > len(sqlite):
        return Comparison(len(jsonl), 0, 0, union=tuple((place, None) for place in range(len(jsonl))))
    return Comparison(0, len(sqlite), 0, union=tuple((None, place) for place in range(len(sqlite))))


@dataclass
class Outcome:
    """What so many pairs came to."""

    pairs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    caught: int = 0
    """Pairs on which the mutant fails."""


def run(pairs: int, seed: int) -> Outcome:
    """So many pairs."""
    chance, outcome = random.Random(seed), Outcome()
    for _ in range(pairs):
        one = pair(chance)
        outcome.pairs += 1
        outcome.kinds[one.kind] += 1
        outcome.wrong += [f"{one}: {fault}" for fault in faults(one)]
        outcome.caught += bool(faults(one, longer_wins))
    return outcome


def main() -> int:
    """Exit 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.time()
    outcome = run(asked.pairs, asked.seed)
    print(
        f"seed {asked.seed}: {outcome.pairs} pairs, {len(outcome.wrong)} wrong, the mutant fails on {outcome.caught},"
        f" {dict(outcome.kinds)}, {time.time() - started:.0f} s"
    )
    for one in outcome.wrong[:5]:
        print(one)
    return bool(outcome.wrong)


if __name__ == "__main__":
    sys.exit(main())
