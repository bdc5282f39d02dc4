"""CPU time of calls, for ratios between two sizes in one run: a slow or a busy machine gives the same ratio."""

from __future__ import annotations

import time
from collections.abc import Callable


def spent(call: Callable[[], object], *, tries: int = 3) -> float:
    """Seconds of CPU that this thread takes for a call: the least of some tries."""

    def once() -> float:
        start = time.thread_time()
        call()
        return time.thread_time() - start

    return min(once() for _ in range(tries))
