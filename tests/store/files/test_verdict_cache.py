"""The cache of verdicts is used by several threads at once."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from store.base.models import Check, Drift, Verdict
from store.files.verdict_cache import CachedVerdict, VerdictCache


def test_a_thread_may_add_while_another_drops_and_writes(tmp_path: Path) -> None:
    """And nothing that was added is lost. Mutant: without the lock, a put into the old set, or a changed size."""
    cache = VerdictCache(tmp_path / "cache", tmp_path / "home" / "state.db")
    verdict = CachedVerdict(Check("s", next(iter(Verdict)), 0, 0, 0, 0, 0, 0, repairable=False))
    marks = {f"mark {number}": f"s{number}" for number in range(1500)}
    failed: list[BaseException] = []
    done = threading.Event()

    def write() -> None:
        try:
            while not done.is_set():
                cache.put("gone", None, verdict)
                cache.partition(marks)
                cache.save()
        except BaseException as error:  # noqa: BLE001  whatever it is, it is what is looked for
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for mark in marks:
            cache.put(mark, Drift.JSONL_AHEAD, verdict)
    finally:
        done.set()
        thread.join(60)
        sys.setswitchinterval(interval)
    assert failed == []
    assert [mark for mark in marks if not cache.is_known(mark)] == []
