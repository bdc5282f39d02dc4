"""A lock belongs to a running call: whatever ends the call, the lock is free."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator
from functools import partial
from types import TracebackType
from typing import Any

import pytest

from store.base.owned_lock import OwnedLock, runs
from tests.torture.interrupt import Stop, interrupted


def skipping(lock: OwnedLock) -> None:
    """Take it and never give it back: an exception came before the `try`."""
    lock.acquire()
    raise Stop


def in_thread(work: Callable[[], object]) -> object:
    """What a thread of its own finds."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "the thread waits for ever"
    return found[0]


def at_once(lock: OwnedLock) -> bool:
    """True where it is free now."""
    try:
        return lock.acquire(timeout=0.0)
    finally:
        lock.release()


def test_a_lock_that_a_failed_call_left_is_taken_over_by_any_thread() -> None:
    """Mutant: `runs` that is always true."""
    lock = OwnedLock()
    for _ in range(3):
        with pytest.raises(Stop):
            skipping(lock)
    assert in_thread(lambda: at_once(lock))
    assert at_once(lock)


def test_also_while_the_exception_is_handled_and_its_traceback_keeps_the_frame() -> None:
    lock = OwnedLock()
    try:
        skipping(lock)
    except Stop:
        assert in_thread(lambda: at_once(lock))
        assert at_once(lock)
        assert not lock.mine


def test_a_call_that_runs_is_waited_for() -> None:
    lock = OwnedLock()
    with lock:
        assert lock.mine
        assert not in_thread(lambda: at_once(lock))
        assert not in_thread(lambda: lock.mine)
    assert in_thread(lambda: at_once(lock))


def test_a_thread_may_take_it_again_and_gives_it_back_once() -> None:
    lock = OwnedLock()

    def inner() -> None:
        with lock:
            pass
        assert not in_thread(lambda: at_once(lock))

    with lock:
        inner()
    assert in_thread(lambda: at_once(lock))


def test_a_thread_that_waits_notices_that_the_owner_is_gone() -> None:
    """Mutant: a wait without an end, until it is woken."""
    lock = OwnedLock()
    held, go, done = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        lock.acquire()
        held.set()
        assert go.wait(60)

    owner = threading.Thread(target=hold)
    owner.start()
    assert held.wait(60)

    def wait() -> None:
        with lock:
            done.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    while len(lock._calls) < 2:
        time.sleep(0.001)
    go.set()
    owner.join()
    assert done.wait(60)


def test_threads_get_it_in_the_order_in_which_they_came() -> None:
    lock = OwnedLock()
    order: list[int] = []

    def take(number: int) -> None:
        with lock:
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    with lock:
        for place, thread in enumerate(threads):
            thread.start()
            while len(lock._calls) < place + 2:
                time.sleep(0.001)
    for thread in threads:
        thread.join(60)
    assert order == list(range(6))


def test_only_one_thread_is_inside() -> None:
    lock = OwnedLock()
    inside = most = total = 0

    def take() -> None:
        nonlocal inside, most, total
        for _ in range(300):
            with lock:
                inside += 1
                most = max(most, inside)
                total += 1
                inside -= 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert (most, total) == (1, 2400)


def test_an_exception_at_any_bytecode_leaves_it_free() -> None:
    """Of taking it, holding it and giving it back, in the handler of that exception."""

    def use(lock: OwnedLock) -> None:
        with lock:
            pass

    tried = 0
    while True:
        lock = OwnedLock()
        free = partial(at_once, lock)
        try:
            interrupted(tried, partial(use, lock))
        except Stop:
            assert free(), tried
            assert in_thread(free), tried
        else:
            break
        tried += 1
    assert tried > 50


def test_a_generator_is_not_ended_by_the_question() -> None:
    """Mutant: without the look at its flags the generator yields no more."""

    def numbers() -> Generator[int, None, None]:
        yield 1
        yield 2

    suspended: Any = numbers()
    assert next(suspended) == 1
    with pytest.raises(TypeError, match="no plain function"):
        runs(suspended.gi_frame)
    assert next(suspended) == 2


def test_a_frame_of_a_traceback_does_not_run() -> None:
    def fail() -> None:
        raise Stop

    try:
        fail()
    except Stop as error:
        trace: TracebackType | None = error.__traceback__
        assert trace is not None
        assert runs(trace.tb_frame)
        assert trace.tb_next is not None
        assert not runs(trace.tb_next.tb_frame)


def test_a_call_can_keep_it_beyond_its_end_until_a_list_is_empty() -> None:
    """As a fork does. Mutant: a call lasts as long as its frame."""
    lock, kept = OwnedLock(), [True]

    def take() -> bool:
        return lock.acquire(beyond=kept)

    assert take()
    assert not in_thread(lambda: at_once(lock))
    kept.clear()
    assert in_thread(lambda: at_once(lock))
