"""Titles of sessions that come close to typed words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice

from store.query.tokenizer import plain

MOST = 20
"""Titles at most."""
TITLE_SCORE = 75.0
"""Similarity of a title, from 0 to 100, from which on it comes close."""
WORD_SCORE = 60.0
"""Similarity from which on a word of such a title is marked."""
AT_ONCE = 200
"""Titles that are compared without a break."""

_WORD = re.compile(r"\w+")


def near_titles(
    words: str, titles: Iterable[tuple[str, str]], *, cancelled: Callable[[], bool] = lambda: False
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Ids of the titles (id, title) that come close to `words`, best first, and the characters that do.

    They are compared some at a time: while rapidfuzz compares, no other thread runs, the screen's included.

    Args:
        words: As typed.
        titles: In the order of equally close ones.
        cancelled: Whether nobody waits for them any more.
    """
    from rapidfuzz import fuzz, process, utils

    left, number = iter(titles), 0
    best: list[tuple[float, int, str, str]] = []
    while not cancelled() and (some := [*islice(left, AT_ONCE)]):
        near = process.extract(
            words,
            [title for _, title in some],
            scorer=fuzz.partial_ratio,
            processor=utils.default_process,
            limit=MOST,
            score_cutoff=TITLE_SCORE,
        )
        best = sorted([*best, *((-score, number + index, *some[index]) for _, score, index in near)])[:MOST]
        number += len(some)
    return {session_id: _close_words(words, title) for *_, session_id, title in best}


def _close_words(words: str, title: str) -> tuple[tuple[int, int], ...]:
    """Spans of the words of a title that are similar to one of the typed words."""
    from rapidfuzz import fuzz

    typed = plain(words).split()
    scored = ((max(fuzz.ratio(word[0], other) for other in typed), word.span()) for word in _WORD.finditer(title))
    return tuple(span for score, span in scored if score >= WORD_SCORE) if typed else ()
