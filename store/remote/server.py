"""The other end of the connection: answers requests for one home as JSON lines, until its input ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

from ..base import strict_json
from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import Damaged, StoreError
from ..base.models import Page
from ..browse.protocol import Browser, Watcher
from . import wire

THREADS = 8
ALIVE_SECONDS = 5.0
"""Time between two signs of life while a request runs."""
CURSORS = 256
"""Cursors of pages that are remembered."""


def serve(source: BinaryIO, target: BinaryIO, opened: Callable[[str], Browser]) -> None:
    """Answer until `source` ends.

    Args:
        opened: From the path of a home, "" for the default one, to its browser.
    """
    hello = _object(source.readline(wire.MAX_BYTES))
    if hello is None or hello.get("protocol") != wire.VERSION or not isinstance(hello.get("home"), str):
        target.write(wire.line({"protocol": wire.VERSION, "error": "StoreError", "text": "another protocol version"}))
        target.flush()
        return
    try:
        browser = opened(str(hello["home"]))
    except StoreError as error:
        target.write(wire.line({"protocol": wire.VERSION, "error": type(error).__name__, "text": str(error)}))
        target.flush()
        return
    session = _Served(target, browser)
    session.send({"protocol": wire.VERSION})
    try:
        session.answer_all(source)
    finally:
        session.end()


def _object(line: bytes) -> dict[str, object] | None:
    try:
        value = strict_json.load(line.decode("utf-8"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Served:
    """Requests of one connection, each in a thread."""

    def __init__(self, target: BinaryIO, browser: Browser) -> None:
        self._target, self._browser = target, browser
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS)
        self._running: dict[int, Cancel] = {}
        self._cursors: dict[int, object] = {}
        self._watch: Watcher | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._stay_alive, daemon=True).start()

    def answer_all(self, source: BinaryIO) -> None:
        """Start every request that is read."""
        while line := source.readline(wire.MAX_BYTES):
            request = _object(line)
            number = request.get("id") if request else None
            if request is None or not isinstance(number, int):
                return
            if request.get("cancel"):
                if running := self._running.get(number):
                    running.cancel()
                continue
            self._running[number] = Cancel()
            self._pool.submit(self._answer, number, request)

    def end(self) -> None:
        """Cancel what runs and close the home."""
        self._ended.set()
        for cancel in list(self._running.values()):
            cancel.cancel()
        self._pool.shutdown(cancel_futures=True)
        self._browser.close()

    def send(self, message: dict[str, object]) -> None:
        """Write one line; one that is too long becomes an error."""
        line = wire.line(message)
        if len(line) > wire.MAX_BYTES:
            line = wire.line({"id": message["id"], "error": Damaged.__name__, "text": "an answer is larger than 16 MB"})
        with self._lock:
            self._target.write(line)
            self._target.flush()

    def _stay_alive(self) -> None:
        while not self._ended.wait(ALIVE_SECONDS):
            if self._running:
                try:
                    self.send({"id": 0})
                except OSError:
                    return

    def _answer(self, number: int, request: dict[str, object]) -> None:
        cancel = self._running[number]
        ending: dict[str, object] = {"error": Damaged.__name__, "text": f"{request.get('verb')} failed there"}
        try:
            for value in self._values(request, cancel):
                raise_if_cancelled(cancel)
                self.send({"id": number, "value": wire.encoded(value)})
            ending = {"end": True}
        except StoreError as error:
            ending = {"error": type(error).__name__, "text": str(error)}
        finally:  # also after a mistake of ours, so that the other side does not wait
            del self._running[number]
            with suppress(OSError):  # the connection ended
                self.send({"id": number} | ending)

    def _values(self, request: dict[str, object], cancel: Cancel) -> Iterable[object]:
        name, given = request.get("verb"), request.get("args")
        if name == "poll":
            self._watch = self._watch or self._browser.watch()
            return [self._watch.poll()]
        if name not in wire.VERBS or not isinstance(given, dict):
            raise StoreError("no such request")
        hints = wire.verb_hints(str(name))
        args = {key: wire.decoded(value, hints[key]) for key, value in given.items() if key in hints}
        if "cursor" in args:
            args["cursor"] = self._cursors.get(args["cursor"]) if isinstance(args["cursor"], int) else None
        if "cancel" in hints:
            args["cancel"] = cancel
        session_id = [args.pop("session_id")] if "session_id" in args else []
        answer = getattr(self._browser, str(name))(*session_id, **args)
        return answer if wire.yields(str(name)) else [self._remembered(answer) if isinstance(answer, Page) else answer]

    def _remembered(self, page: Page[object]) -> Page[object]:
        """The page with a number in place of its cursor."""
        return page if page.cursor is None else replace(page, cursor=self._keep(page.cursor))

    def _keep(self, cursor: object) -> int:
        number = time.monotonic_ns()
        self._cursors[number] = cursor
        while len(self._cursors) > CURSORS:
            self._cursors.pop(next(iter(self._cursors)), None)
        return number
