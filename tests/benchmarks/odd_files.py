"""Homes of very many JSONL files, in two sizes: what a survey, a search and an idle screen cost, what is noticed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from store import Cancel, SessionDB
from store.browse.watched_files import WatchedFiles
from tests.benchmarks import odd_shapes
from tests.benchmarks.ledger import Gauge
from tests.benchmarks.odd_shapes import LINEAR, Shape
from tests.benchmarks.operations import ABSENT

MESSAGES = 2
SMALL = 10_000
"""Files of which a minute of looks may take a hundredth of the time; of more it may take a fiftieth."""
MINUTE = 60


def home(folder: Path, files: int) -> Path:
    """The home of so many sessions, each with a JSONL file equal to its rows; made unless it is there."""
    path = odd_shapes.home(folder, "files", files, MESSAGES, indexed=True)
    sessions = path.parent / "sessions"
    if not sessions.exists():
        sessions.mkdir()
        for place in range(files):
            said = (odd_shapes.record(number, MESSAGES) for number in range(place * MESSAGES, (place + 1) * MESSAGES))
            with (sessions / f"s{place:06d}.jsonl").open("w") as file:
                file.writelines(f"{json.dumps(record)}\n" for record in said)
    return path


def rows(folder: Path, files: int) -> Iterator[Shape]:
    """Survey and search, beside those of half as many files."""
    sizes = (files // 4, files // 2, files)
    homes = [home(folder, size) for size in sizes]
    surveys = [partial(_survey, path) for path in homes]
    yield Shape(f"first survey of {files:,} JSONL files", sizes, surveys, LINEAR)
    searches = [partial(_searched, path) for path in homes]
    yield Shape(f"a word that none of {files:,} JSONL files has, verdicts remembered", sizes, searches, LINEAR)
    looks = [_Idle(path.parent / "sessions") for path in homes]
    most = MINUTE * (10.0 if files <= SMALL else 20.0)
    share = f"at most {1 if files <= SMALL else 2} % of it"
    yield Shape(f"a minute of looks at {files:,} idle JSONL files", sizes, looks, LINEAR, share, most)


def noticed(folder: Path, files: int) -> Gauge:
    """Seconds of a screen's clock until a file that nobody touched for long is seen to grow."""
    sessions = home(folder, files).parent / "sessions"
    os.utime(sessions / "s000000.jsonl", (odd_shapes.START, odd_shapes.START))
    watched = WatchedFiles(sessions)
    watched.changed(0.0)
    with _grown(sessions / "s000000.jsonl"):
        seconds = next(second for second in range(1, 2 * MINUTE) if "s000000" in watched.changed(float(second)))
    return Gauge(f"one of {files:,} JSONL files grows, until it is seen", "s", float(MINUTE), (float(seconds),))


@contextmanager
def _grown(path: Path) -> Iterator[None]:
    """A file with an empty line more."""
    size = path.stat().st_size
    with path.open("a") as file:
        file.write("\n")
    try:
        yield
    finally:
        with path.open("r+") as file:
            file.truncate(size)


def _survey(path: Path, cache: Path | None = None) -> int:
    with (
        TemporaryDirectory() as empty,
        closing(SessionDB(path, read_only=True, cache_dir=cache or Path(empty))) as database,
    ):
        return sum(len(step.drifts) for step in database.survey(cancel=Cancel()))


def _searched(path: Path) -> int:
    cache = path.parent.with_name(f"{path.parent.name}-verdicts")
    if not cache.exists():
        _survey(path, cache)
    with closing(SessionDB(path, read_only=True, cache_dir=cache)) as database:
        return sum(len(batch.hits) for batch in database.search(ABSENT))


class _Idle:
    """An idle screen, a minute of which passes with each call; its files were listed before."""

    def __init__(self, sessions: Path) -> None:
        self._watched, self._second = WatchedFiles(sessions), 0.0
        self._watched.changed(self._second)

    def __call__(self) -> None:
        """Look once a second."""
        for _ in range(MINUTE):
            self._second += 1.0
            self._watched.changed(self._second)
