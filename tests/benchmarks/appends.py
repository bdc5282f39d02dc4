"""`python -m tests.benchmarks.appends`: where the time of one append goes, ours beside a bare loop of apsw.

The rest of an append, beside its statements, is Python, the looks at the file and its WAL, and the queue.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import apsw

from tests.benchmarks import contenders
from tests.torture import crowd, programs

APPENDS = 400
WARM = 40
NAMES = {
    "BEGIN": "BEGIN IMMEDIATE",
    "INSERT": "the message, with both full-text indexes",
    "UPDATE": "the session's counters",
    "COMMIT": "COMMIT, with its sync",
}
REST = "everything else"
WHOLE = "the whole"


class Timed:
    """Stands for a connection and notes what its statements take."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.spent: dict[str, float] = defaultdict(float)
        """Microseconds, by what was done."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *given: Any) -> Any:
        """As the connection does."""
        began = time.perf_counter()
        cursor = self._connection.execute(sql, *given)
        word = sql.lstrip().partition(" ")[0]
        self.spent[NAMES.get(word, "other statements")] += (time.perf_counter() - began) * 1e6
        return cursor


def measured(kind: str, path: Path) -> dict[str, float]:
    """Medians in microseconds, by what was done; `REST` is what is left of the whole."""
    store, chance = contenders.opened(kind, path), random.Random(1)
    store.append_message("w0", "user", "the first one opens")
    idle = [store._connection] if kind == "bare" else store.store.engine.writer._opened._idle
    timed = Timed(idle[-1])
    _put(store, kind, timed)
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(APPENDS + WARM):
        words = contenders.text(chance)
        timed.spent.clear()
        began = time.perf_counter()
        store.append_message("w0", "user", words)
        whole = (time.perf_counter() - began) * 1e6
        if number >= WARM:
            for what, took in {**timed.spent, REST: whole - sum(timed.spent.values()), WHOLE: whole}.items():
                found[what].append(took)
    _put(store, kind, timed._connection)
    store.close()
    return {what: statistics.median(times) for what, times in found.items()}


def _put(store: Any, kind: str, connection: Any) -> None:
    """Have the store write through something else."""
    if kind == "bare":
        store._connection = connection
    else:
        store.store.engine.writer._opened._idle = [connection]


def main() -> None:
    """Measure, print a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="appends-") as folder:
        path = Path(folder) / "state.db"
        programs.answer(lambda: crowd.seeded(path, 1, rows=20_000))
        found = {kind: programs.answer(lambda: measured(kind, path)) for kind in ("ours", "bare")}  # noqa: B023
    print("| microseconds, medians | ours | bare loop |\n|---|---|---|")
    for name in [*NAMES.values(), "other statements", REST, WHOLE]:
        ours, bare = (found[kind].get(name) for kind in ("ours", "bare"))
        print(f"| {name} | {'-' if ours is None else f'{ours:.0f}'} | {'-' if bare is None else f'{bare:.0f}'} |")


if __name__ == "__main__":
    main()
