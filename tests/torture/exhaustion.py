"""A process whose descriptors are used up again and again: nothing is lost, and everything comes back with them."""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from store import SessionDB, StoreError
from store.errors import ForeignHandle
from tests.torture import programs, stores

FREE = 6
"""Descriptors left at most."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    moments: int = 0
    acknowledged: int = 0
    refused: int = 0
    """Verbs that failed with an error of the store while descriptors were used up."""
    lost: int = 0
    wrong: int = 0
    """Errors of another kind, and verbs that failed when descriptors were free again."""
    faults: tuple[str, ...] = ()


def run(*, moments: int, seed: int) -> Outcome:
    """Use up the descriptors of one program so many times."""
    with stores.folder() as folder:
        path = programs.answer(lambda: stores.template(folder, "wal"))
        outcome, told = programs.answer(lambda: _moments(SessionDB(path, patience=5), moments, seed))
        found = programs.answer(lambda: stores.state(path))
    outcome.lost = len(set(told) - set(found.texts))
    outcome.faults = tuple(fault for fault in found.faults if "counters" not in fault)
    return outcome


def _moments(database: SessionDB, moments: int, seed: int) -> tuple[Outcome, list[str]]:
    outcome, chance, told = Outcome(), random.Random(seed), list[str]()

    def append(on: SessionDB, text: str) -> None:
        on.append_message(stores.SESSION, "user", text)
        told.append(text)

    for number in range(moments):
        outcome.moments += 1
        if chance.random() < 0.5:
            database.close()
            database = SessionDB(database.path, patience=5)
        fresh = SessionDB(database.path, patience=5)
        verbs = [
            lambda: append(database, f"old {number}"),  # noqa: B023
            lambda: database.get_messages(stores.SESSION),  # noqa: B023
            lambda: append(fresh, f"new {number}"),  # noqa: B023
            lambda: fresh.message_count(stores.SESSION),  # noqa: B023
        ]
        chance.shuffle(verbs)
        with _used_up(chance.randrange(FREE + 1)):
            for verb in verbs:
                _try(verb, outcome, may_fail=True)
        for verb in verbs:
            _try(verb, outcome, may_fail=False)
        fresh.close()
    outcome.acknowledged = len(told)
    return outcome, told


def _try(verb: Callable[[], object], outcome: Outcome, *, may_fail: bool) -> None:
    try:
        verb()
    except StoreError as error:
        outcome.refused += may_fail
        outcome.wrong += not may_fail or isinstance(error, ForeignHandle)
    except Exception:  # noqa: BLE001  it is counted
        outcome.wrong += 1


@contextmanager
def _used_up(free: int) -> Iterator[None]:
    """So many descriptors are free in this block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(len(os.listdir("/proc/self/fd")) + 64, hard), hard))
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        for descriptor in taken[len(taken) - free :]:
            os.close(descriptor)
        del taken[len(taken) - free :]
    try:
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
