"""Messages for searches on PostgreSQL, made up from a seed, and a brute-force oracle of what a search of them finds.

Two corpora. `transcripts` has the lengths of real ones, by what users counted in their databases (issues of
hermes-agent): 81,000 messages with 111 MB of content and 36 MB of calls (#54189), 159,660 messages of which 92,316 are
results of tools (#22478), 25,469 messages with 46 MB of text (#43701). A length is drawn from a log-normal law whose
mean is that of #54189; how far it spreads, and the share of each role but the tools', nobody counted. `even` has
messages of 80 words, all alike.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

SEED = 20_261_129
WORDS = 80
"""Of an even message."""
LONGEST = 100_000
"""Characters of a message."""
INDEXED, INDEXED_CALLS = 8_192, 4_096
"""Characters of a content and of calls that Hermes' index has (docs/postgres.md §10)."""
SESSION = 200
"""Messages."""
_PER_WORD = 5
"""Characters, with the space."""
_WITH_CALLS = 0.9
_ROLES = {"user": 0.07, "assistant": 0.38, "tool": 0.55}
_LENGTHS = {"user": (146, 1.2), "assistant": (172, 1.3), "tool": (620, 1.6), "calls": (361, 1.6)}
"""Median characters, and the spread of their logarithm."""
_ESCAPED = 0.03
"""Share of the results of tools that are JSON with an escape, as a dash has."""
_UNDONE, _COMPACTED = 0.02, 0.05
_TOOLS = ("terminal", "read_file", "web_search")
_VOCABULARY = ["the", *(f"w{rank}" for rank in range(1, 20_000))]
_WEIGHTS = [*accumulate(1 / (rank + 1) for rank in range(len(_VOCABULARY)))]
QUERIES = {
    "common word": "the",
    "two common words": "the w7",
    "prefix": "w1*",
    "rare word": "needle",
    "phrase": '"w3 w5"',
    "CJK pair, 1 %": "漢字",
    "CJK pair, rare": "鯨飲",
}


class Row(NamedTuple):
    """A message."""

    session_id: str
    role: str
    content: str
    tool_calls: str | None
    tool_name: str | None
    active: int = 1
    compacted: int = 0

    @property
    def is_long(self) -> bool:
        """True where Hermes' index has not all that Hermes searches of it."""
        return (self.role != "tool" and len(self.content) > INDEXED) or len(self.tool_calls or "") > INDEXED_CALLS


def texts(number: int) -> Iterator[str]:
    """Even messages: ten have a rare word, every hundredth a pair of characters, three another."""
    source = random.Random(SEED)
    rare, whales = (set(source.sample(range(number), many)) for many in (10, 3))
    for place in range(number):
        marks = _marks(place, rare, whales)
        yield " ".join([*source.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=WORDS), *marks])


def even(number: int) -> Iterator[Row]:
    """The same in one session, all by the user."""
    yield from (Row("s", "user", text, None, None) for text in texts(number))


def transcripts(number: int) -> Iterator[Row]:
    """Messages of transcripts; marks as in the even ones, where Hermes searches a content, and in four more at the end
    of what is longer than its index: a rare word in two and the rare pair in two.
    """
    source = random.Random(SEED)
    rare, whales = (set(source.sample(range(number), many)) for many in (10, 3))
    ends = {"content": ["needle", "鯨飲馬食"], "calls": ["needle", "鯨飲馬食"]}
    for place in range(number):
        role = source.choices([*_ROLES], [*_ROLES.values()])[0]
        words = _words(source, role)
        words[len(words) // 2 : len(words) // 2] = _marks(place, rare, whales) if len(words) < INDEXED // 5 else []
        calls = _words(source, "calls") if role == "assistant" and source.random() < _WITH_CALLS else None
        if role != "tool" and len(words) * _PER_WORD > 2 * INDEXED and ends["content"]:
            words.append(ends["content"].pop())
        if calls and len(calls) * _PER_WORD > 2 * INDEXED_CALLS and ends["calls"]:
            calls.append(ends["calls"].pop())
        yield _row(source, place, role, words, calls)


def _marks(place: int, rare: set[int], whales: set[int]) -> list[str]:
    marks = [*(["needle"] if place in rare else []), *(["古い漢字表"] if place % 100 == 0 else [])]
    return [*marks, *(["鯨飲馬食"] if place in whales else [])]


def _words(source: random.Random, kind: str) -> list[str]:
    median, spread = _LENGTHS[kind]
    drawn = min(LONGEST, source.lognormvariate(math.log(median), spread))
    return source.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=max(1, round(drawn / _PER_WORD)))


def _row(source: random.Random, place: int, role: str, words: list[str], calls: list[str] | None) -> Row:
    content = "\n".join(" ".join(words[start : start + 12]) for start in range(0, len(words), 12))
    if role == "tool" and source.random() < _ESCAPED:
        content = f'{{"output": "\\u2014 {content}"}}'
    said = None
    if calls is not None:
        arguments = json.dumps({"command": " ".join(calls)}, ensure_ascii=False)
        called = {"id": f"call_{place}", "function": {"name": "terminal", "arguments": arguments}}
        said = json.dumps([called], ensure_ascii=False)
    drawn = source.random()
    state = (0, 0) if drawn < _UNDONE else (0, 1) if drawn < _UNDONE + _COMPACTED else (1, 0)
    tool = source.choice(_TOOLS) if role == "tool" else None
    return Row(f"s{place // SESSION}", role, content, said, tool, *state)


CORPORA: Mapping[str, Callable[[int], Iterator[Row]]] = {"transcripts": transcripts, "even": even}
_WORD = re.compile("[0-9a-z]+")


def oracle(rows: list[Row], text: str, *, page: int) -> list[int]:
    """Newest ids of the messages that match, by plain comparison of words and characters."""
    found: list[int] = []
    is_asked = _test(text)
    for place in range(len(rows) - 1, -1, -1):
        row = rows[place]
        said = " ".join(filter(None, (row.content, row.tool_name, row.tool_calls)))
        if (row.active or row.compacted) and is_asked(said):
            found.append(place + 1)
            if len(found) == page:
                break
    return found


def _test(text: str) -> Callable[[str], bool]:
    if not text.isascii():
        return lambda said: text in said
    words = text.strip('"').split()

    def _has_all(said: str) -> bool:
        if not all(word.strip("*") in said for word in words):
            return False
        found = _WORD.findall(said)
        if text.startswith('"'):
            return f" {' '.join(words)} " in f" {' '.join(found)} "
        known = set(found)
        return all(
            any(part.startswith(word[:-1]) for part in known) if word.endswith("*") else word in known for word in words
        )

    return _has_all
