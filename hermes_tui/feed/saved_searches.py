"""Saved searches of a user: a small file of their own, read and written in a thread."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hermes_tui.feed.answers import Answer, FeedCrashed, SearchesKept
from hermes_tui.feed.serial_thread import SerialThread
from store.base import safe_files

MAX_BYTES = 1 << 20
"""A bigger file is not ours."""
ENDING = 1.0
"""Seconds that a disk gets for the last one."""


class SavedSearches:
    """Searches by the text that was typed, the one saved last first.

    Args:
        path: The file, made with its folder when the first search is saved, 0600; None to remember nothing.
        post: Takes `SearchesKept` from any thread.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, path: Path | None, post: Callable[[Answer], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._post = post
        self._thread = SerialThread("saved searches", clock=clock, crashed=lambda error: post(FeedCrashed(0, error)))

    def ask(self) -> None:
        """Have the saved searches posted."""
        self._change(lambda texts: texts)

    def save(self, text: str) -> None:
        """Keep a search, and have all of them posted."""
        self._change(lambda texts: (text, *(other for other in texts if other != text)))

    def forget(self, text: str) -> None:
        """Keep it no longer, and have the others posted."""
        self._change(lambda texts: tuple(other for other in texts if other != text))

    def close(self) -> None:
        """End the thread after the writes that it was asked for."""
        if self._path is not None:
            self._thread.put("end", self._thread.close)
            self._thread.join(ENDING)

    def _change(self, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        if self._path is not None:
            # Each under a name of its own: a job takes the place of a waiting one of the same name.
            self._thread.put(secrets.token_hex(4), partial(self._do, self._path, change))

    def _do(self, path: Path, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        """Read the file, which another window may have written, and write it again where that makes a difference."""
        try:
            texts = load(path)
            changed = change(texts)
            if changed != texts:
                safe_files.replace(path, [json.dumps(changed, indent=1).encode()], durable=False)
            self._post(SearchesKept(0, changed))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self._post(SearchesKept(0, (), complaint=f"saved searches cannot be used: {why}"))


def load(path: Path) -> tuple[str, ...]:
    """The searches in a file, none where there is no file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not a list of searches; then it is not ours to write over.
    """
    try:
        data = safe_files.read_own(path, max_bytes=MAX_BYTES)
    except FileNotFoundError:
        return ()
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is no JSON") from error
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ValueError(f"{path.name} is not a list of texts")
    return tuple(found)
