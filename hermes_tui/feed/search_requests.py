"""What a search reads: the newest hits, then the best and how many there are; what stands around one; close titles.

Generators: whoever runs one may stop between two messages, and no statement of the store is open then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from hermes_tui.feed.answers import Answer, HitsArrived, HitsCounted, HitsRanked, WordsMeant
from store.base.cancel import Cancel
from store.models import ContextLine, Hit, Message, Origin
from store.query.tokenizer import plain

if TYPE_CHECKING:
    from store import Browser
    from store.query.parse import Query

HitPlace: TypeAlias = "tuple[str, int, Origin]"
"""The session of a hit, its id there, and where it lies."""

HIT_LIMIT = 2000
BEST_HITS = 200
"""Hits that are ranked; the others follow them in their order."""
LONGEST_LINE = 8192
"""Characters of a line of context."""
NEAR_TITLES = 20
NEAR_SCORE = 75.0
NEAR_WORD = 60.0
"""From which likeness on a word of such a title is marked."""
AT_ONCE = 500
"""Titles that are compared without a break."""

_WORD = re.compile(r"\w+")


def hits(
    db: Browser, generation: int, query: Query, cancel: Cancel, clock: Callable[[], float], *, after_id: int = 0
) -> Iterator[HitsArrived]:
    """A search, batch by batch; with `after_id` what was added since, told as such."""
    began = clock()
    for batch in db.search(query, limit=HIT_LIMIT, cancel=cancel, after_id=after_id):
        yield HitsArrived(generation, batch, round((clock() - began) * 1000), standing=after_id > 0)


def again(
    db: Browser, generation: int, query: Query, cancel: Cancel, clock: Callable[[], float]
) -> Iterator[HitsArrived]:
    """The same search once more, told as what was added since: a file has no ids to go on from."""
    for message in hits(db, generation, query, cancel, clock):
        if message.batch.hits:
            yield replace(message, standing=True)


def beyond(
    db: Browser,
    generation: int,
    query: Query,
    cancel: Cancel,
    clock: Callable[[], float],
    *,
    found: Sequence[Hit],
    capped: bool,
) -> Iterator[Answer]:
    """What follows the batches of a search: the best of them, how many there are, or what was meant.

    Args:
        found: The hits of those batches.
        capped: There are more.
    """
    if not found:
        yield WordsMeant(generation, db.meant(_finished(query), cancel=cancel))
    elif query.has_words and len(found) > 1:
        began = clock()
        best = db.rank(query, limit=BEST_HITS, found=found, cancel=cancel)
        yield HitsRanked(generation, best, round((clock() - began) * 1000))
    if capped:
        yield HitsCounted(generation, db.count(query, cancel=cancel))


def _finished(query: Query) -> Query:
    """The same words, none of them still being typed."""
    return replace(query, any_of=tuple(tuple(replace(term, prefix=False) for term in terms) for terms in query.any_of))


def around(db: Browser, hit: HitPlace, *, width: int) -> tuple[ContextLine, ...]:
    """The messages on either side of a hit, in order; those of a file where the hit is only there."""
    session_id, message_id, origin = hit
    if origin is Origin.SQLITE:
        return db.context(session_id, message_id, width=width)
    there = [message for message in db.file_messages(session_id) if message.origin is origin]
    here = next((place for place, message in enumerate(there) if message.id == message_id), None)
    if here is None:
        return ()
    return tuple(_line(message, message_id) for message in there[max(0, here - width) : here + width + 1])


def _line(message: Message, message_id: int) -> ContextLine:
    own = message.id or 0
    calls = " ".join(f"{call.name} {call.arguments}" for call in message.tool_calls)
    return ContextLine(own, message.role, (message.text or calls)[:LONGEST_LINE], own == message_id, message.timestamp)


def near_titles(words: str, titles: Sequence[tuple[str, str]]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Ids of the titles (id, title) that come close to `words`, best first, and the characters that do.

    They are compared some at a time: while rapidfuzz compares, no other thread runs, the screen's included.
    """
    from rapidfuzz import fuzz, process, utils

    found: list[tuple[float, int]] = []
    for start in range(0, len(titles), AT_ONCE):
        some = process.extract(
            words,
            [title for _, title in titles[start : start + AT_ONCE]],
            scorer=fuzz.partial_ratio,
            processor=utils.default_process,
            limit=NEAR_TITLES,
            score_cutoff=NEAR_SCORE,
        )
        found += [(-score, start + index) for _, score, index in some]
    best = [titles[index] for _, index in sorted(found)[:NEAR_TITLES]]
    return {session_id: _close_words(words, title) for session_id, title in best}


def _close_words(words: str, title: str) -> tuple[tuple[int, int], ...]:
    """Where a title has words that are like one of those that were typed."""
    from rapidfuzz import fuzz

    typed = plain(words).split()
    likeness = ((max(fuzz.ratio(found[0], word) for word in typed), found.span()) for found in _WORD.finditer(title))
    return tuple(span for score, span in likeness if score >= NEAR_WORD) if typed else ()
