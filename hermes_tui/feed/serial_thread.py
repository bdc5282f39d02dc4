"""Thread that does jobs one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

Job = Callable[[], None]


class SerialThread:
    """One thread and its queue of named jobs; a job replaces a waiting one of the same name."""

    def __init__(self, name: str, *, clock: Callable[[], float], crashed: Callable[[Exception], object]) -> None:
        self._name = name
        self._clock = clock
        self._crashed = crashed
        self._waiting: dict[str, tuple[float, int, Job]] = {}
        """Time when it is due and number of a job by its name."""
        self._put = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, name: str, job: Job, *, delay: float = 0.0) -> None:
        """Have `job` done `delay` seconds from now; the thread is started with the first one, none after `close`."""
        with self._changed:
            if self._closed:
                return
            self._put += 1
            self._waiting[name] = (self._clock() + delay, self._put, job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"hermes-tui {self._name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Drop the waiting jobs; the running one is left to end by itself."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait for the running job, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:
                self._crashed(error)
                raise

    def _next(self) -> Job | None:
        with self._changed:
            while not self._closed:
                name, (due, _, job) = min(
                    self._waiting.items(), key=lambda item: item[1][:2], default=("", (0.0, 0, None))
                )
                if job is None:
                    self._changed.wait()
                elif (left := due - self._clock()) > 0:
                    self._changed.wait(left)
                else:
                    del self._waiting[name]
                    return job
        return None
