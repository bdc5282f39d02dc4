"""Statistics of a home beside the bare statements: `python -m tests.benchmarks.stats HOME`.

CPU seconds in one process, in turn, medians of five rounds: sessions, tokens, cost, calendar, hours, the longest and
the dearest sessions by the library, and by one SQL statement for each as one would type them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from store import SessionDB
from tests.builders import sqlite_of

ROUNDS = 5
BARE = (
    """SELECT count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens),
       sum(reasoning_tokens), sum(estimated_cost_usd), sum(actual_cost_usd),
       sum(COALESCE(estimated_cost_usd, 0) = 0 AND COALESCE(actual_cost_usd, 0) = 0) FROM sessions""",
    "SELECT count(*) FROM messages",
    "SELECT date(timestamp, 'unixepoch', 'localtime') AS day, count(*) FROM messages GROUP BY day",
    "SELECT strftime('%H', timestamp, 'unixepoch', 'localtime') AS hour, count(*) FROM messages GROUP BY hour",
    "SELECT session_id, count(*) AS many FROM messages GROUP BY session_id ORDER BY many DESC LIMIT 10",
    "SELECT id, title, COALESCE(actual_cost_usd, estimated_cost_usd) AS cost FROM sessions ORDER BY cost DESC LIMIT 10",
)


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(home: Path) -> None:
    """Print both and their ratio."""
    with closing(SessionDB(home / "state.db", read_only=True)) as db:
        reader = sqlite_of(db).reader
        number = db.statistics.statistics(None, by=None, zone=None).total
        rounds = []
        for _ in range(ROUNDS):
            bare = spent(lambda: [reader.rows(statement) for statement in BARE])
            ours = spent(lambda: db.statistics.statistics(None, by=None, zone=None))
            rounds.append((ours / bare, ours, bare))
        ratio, ours, bare = (median(column) for column in zip(*rounds, strict=True))
    print(f"{number.sessions} sessions, {number.messages} messages")
    print(f"statistics {ours:.2f} s, bare statements {bare:.2f} s: {ratio:.2f} times")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
