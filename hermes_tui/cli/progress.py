"""Bar of progress on a terminal's error stream; nothing where that is no terminal."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import TextIO

from hermes_tui.render.safe import one_line
from hermes_tui.render.time import in_words

AFTER, EVERY = 0.5, 0.1
"""Seconds until the bar is shown, and between two of its states."""
WIDTH = 24


class ProgressLine:
    """A line that is drawn over itself, and gone when the block is left.

    Args:
        err: Where to.
        name: Of what is done.
        total: Of what is counted, as far as it is known; 0 for unknown.
        unit: What is counted, in the plural.
    """

    def __init__(self, err: TextIO, name: str, total: int = 0, *, unit: str = "messages") -> None:
        self._err, self._name, self._total, self._unit = err, name, total, unit
        self._next = time.monotonic() + AFTER if err.isatty() else math.inf
        self._is_shown = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            self._err.write("\r\x1b[K")
            self._err.flush()

    def show(self, done: int, total: int | None = None) -> None:
        """Draw the state, if it is time to, maybe of another total than was known before."""
        self._total = self._total if total is None else total
        now = time.monotonic()
        if now < self._next:
            return
        self._next, self._is_shown = now + EVERY, True
        full = WIDTH if not self._total else min(WIDTH, done * WIDTH // self._total)
        bar = f"[{'#' * full}{'.' * (WIDTH - full)}]"
        of = f" of {in_words(self._total)}" if self._total else ""
        self._err.write(f"\r\x1b[K{bar} {in_words(done)}{of} {self._unit} · {one_line(self._name)[:40]}")
        self._err.flush()
