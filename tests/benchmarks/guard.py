"""`python -m tests.benchmarks.guard`: what the guard against strangers costs an append and a first hit.

Its looks are timed inside real calls by the thread's processor time (tests/benchmarks/GUARD.md); what reading that
clock takes in the same places, in the same run, is taken off.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from store import SessionDB
from store.sqlite.base.foreign_handle_guard import FileWatch
from store.sqlite.base.open_events import OpenEvents
from tests.benchmarks import contenders
from tests.torture import crowd, programs

ROUNDS = 400
WARM = 40
LOOKS = ("check", "check_locks", "check_write_lock", "follow_locks")
DESCRIPTORS = (20, 1_000)
CASES = {"opens are reported": False, "without such reports": True}

Cost = tuple[float, float, float]
"""Microseconds of the guard, of the stopwatch, which are not in the guard's, and of the whole call."""


class Stopwatch:
    """Seconds of processor time spent in the guard; a look inside another one counts once.

    `own` is what it measures where it times nothing, in the same places as the looks.
    """

    def __init__(self) -> None:
        self.spent = self.own = 0.0
        self._inside = False

    def timing(self, look: Callable[..., None]) -> Callable[..., None]:
        """The look, timed."""

        def timed(*given: Any, **named: Any) -> None:
            if self._inside:
                return look(*given, **named)
            self._inside = True
            empty = time.thread_time()
            began = time.thread_time()
            try:
                return look(*given, **named)
            finally:
                self.spent += time.thread_time() - began
                self.own += began - empty
                self._inside = False

        return timed


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Every look of the guard is timed in this block."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for name in LOOKS:
            stack.enter_context(mock.patch.object(FileWatch, name, watch.timing(getattr(FileWatch, name))))
        yield watch


@contextmanager
def descriptors(number: int) -> Iterator[None]:
    """This process has so many descriptors in this block, those of the store aside."""
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(number - len(os.listdir("/proc/self/fd")))]
    try:
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)


def measured(path: Path, number: int, *, listed: bool) -> dict[str, Cost]:
    """Medians of an append and of a first hit, by what was done."""
    chance = random.Random(1)
    with ExitStack() as stack:
        if listed:
            stack.enter_context(mock.patch.object(OpenEvents, "__init__", side_effect=OSError))
        database = SessionDB(path)
        database.append_message("w0", "user", "the first one opens")
        stack.enter_context(descriptors(number))
        watch = stack.enter_context(stopwatch())
        time.sleep(0.1)  # the opening of the first one is settled
        found = {
            "append": _medians(watch, lambda: database.append_message("w0", "user", contenders.text(chance))),
            "first hit": _medians(watch, lambda: next(iter(database.search("the", limit=20)))),
        }
        database.close()
    return found


def _medians(watch: Stopwatch, call: Callable[[], object]) -> Cost:
    costs: list[Cost] = []
    for number in range(ROUNDS + WARM):
        watch.spent = watch.own = 0.0
        began = time.thread_time()
        call()
        whole = time.thread_time() - began
        if number >= WARM:
            costs.append(((watch.spent - watch.own) * 1e6, watch.own * 1e6, whole * 1e6))
    guard, own, whole = (statistics.median(column) for column in zip(*costs, strict=True))
    return guard, own, whole


def main() -> None:
    """Measure, print a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        path = Path(folder) / "state.db"
        programs.answer(lambda: crowd.seeded(path, 1, rows=20_000))
        print("| descriptors | what | guard, µs | stopwatch, µs | whole, µs | share |\n|---|---|---|---|---|---|")
        for case, listed in CASES.items():
            for number in DESCRIPTORS:
                costs = programs.answer(lambda: measured(path, number, listed=listed))  # noqa: B023
                for what, (guard, own, whole) in costs.items():
                    cells = f"{number}, {case}", what, f"{guard:.0f}", f"{own:.0f}", f"{whole:.0f}"
                    print(f"| {' | '.join(cells)} | {guard / whole:.1%} |", flush=True)


if __name__ == "__main__":
    main()
