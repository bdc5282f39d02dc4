"""Asks hermes-agent the same questions; run in the interpreter that has it: `python peer.py STATE_DB < questions.json`.

It stands alone: nothing of ours is imported there, and nothing of theirs here.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def timed(repeats: int, action: Callable[..., list[object]], *given: object) -> tuple[float, list[object]]:
    """Milliseconds, the best of so many, and what came out last."""
    took: list[float] = []
    found: list[object] = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = action(*given)
        took.append((time.perf_counter() - began) * 1000)
    return min(took), found


def main() -> None:
    """Answer the questions on standard input: one JSON object."""
    from hermes_state import SessionDB  # type: ignore[import-not-found]

    asked = json.load(sys.stdin)
    db = SessionDB(Path(sys.argv[1]))  # read-only it does not search at all
    answers: dict[str, dict[str, list[float]]] = {"search": {}, "context": {}}

    def search(words: str) -> list[object]:
        found: list[object] = db.search_messages(words, limit=20)
        return found

    def around(places: list[tuple[str, int]]) -> list[object]:
        return [db.get_messages_around(session, one, window=1) for session, one in places]

    for words in asked["search"]:
        took, found = timed(5, search, words)
        answers["search"][words] = [took, len(found)]
    for name, places in asked["context"].items():
        took, found = timed(2, around, places)
        answers["context"][name] = [took, len(found)]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
