"""Input of the terminal: many characters in one read are text, not keys, so that no paste runs commands."""

from __future__ import annotations

import os
import selectors
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from threading import Event
from typing import Any, Protocol, runtime_checkable

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from hermes_tui.early_keys import EarlyKeys
from hermes_tui.first_rows import ALTERNATE, FirstRows
from hermes_tui.render.columns import anchored
from hermes_tui.state.typed_text import is_burst

READ = 1 << 12
"""Bytes that are read at a time."""
ESCAPE = "\x1b"
PAUSE = 0.1
"""Seconds after which a key of Escape is no start of a sequence, and a read is no more of the text before it."""
SOON = 0.002
"""The same behind a read that ends with Escape: the parser, which is asked after each look, decides after ESCDELAY."""
ESCAPE_FOR = 2 * constants.ESCAPE_DELAY
"""Seconds behind such a read."""
TOGETHER, LIKE_TEXT = 0.005, 0.05
"""Seconds within which what comes behind a read is one with it: a paste comes in pieces over a slow line, and fingers
are slower; the second where the read has different characters, which fingers do not press at once."""
TYPING = {"enter": "\r", "tab": "\t", "ctrl+j": "\n"}
"""Keys that stand for characters of a text."""


@runtime_checkable
class KeepsEarlyKeys(Protocol):
    """An app that knows what was typed before its screen stood."""

    early: EarlyKeys | None
    """What was typed; None for nothing, or where it was taken."""


@runtime_checkable
class HasFirstPicture(Protocol):
    """An app before whose first frame the terminal may show a picture."""

    picture: FirstRows | None
    """What stands there; None for nothing."""


class Burst(Message):
    """Characters that came too fast for fingers.

    Args:
        text: As they came, line ends included.
        total: How many came by now, with those right before them; None where they are all.
    """

    def __init__(self, text: str, total: int | None = None) -> None:
        super().__init__()
        self.text = text
        self.total = len(text) if total is None else total


class ReadGrouping:
    """Messages of one read after the other, the characters of a text as one `Burst`."""

    def __init__(self) -> None:
        self._burst_at = float("-inf")
        self._total = 0

    def group(self, messages: Iterable[Message], at: float) -> Iterator[Message]:
        """The messages of a read at that time, in order; what follows at once on a text is more of it."""
        read = list(messages)
        text = "".join(map(_character, read))
        if not text or not (is_burst(text) or at - self._burst_at < PAUSE):
            yield from read
            return
        self._total *= at - self._burst_at < PAUSE
        self._burst_at = at
        last = max(place for place, message in enumerate(read) if _character(message))
        for is_text, run in groupby(enumerate(read), key=lambda placed: bool(_character(placed[1]))):
            if is_text:
                piece = "".join(_character(message) for _, message in run)
                self._total += len(piece)
                yield Burst(piece, self._total)
            else:
                yield from (message for place, message in run if place > last or not _is_control(message))


def _is_control(message: Message) -> bool:
    """Whether it is a control character, which inside a text is no command."""
    return isinstance(message, events.Key) and message.key.startswith("ctrl+")


def _character(message: Message) -> str:
    """The character that a key types, "" for a key that types none and for anything else."""
    if not isinstance(message, events.Key):
        return ""
    if message.key in TYPING:
        return TYPING[message.key]
    return message.character or "" if message.is_printable and not message.key.startswith("alt+") else ""


def read_together(text: str, more: Callable[[float], str]) -> str:
    """A read with those that come right behind it, until it is a text or nothing comes.

    Args:
        text: What was read.
        more: Gives what comes within so many seconds, "" for nothing.
    """
    while text and not is_burst(text) and ESCAPE not in text:
        rest = more(LIKE_TEXT if len(set(text)) > 1 else TOGETHER)
        if not rest:
            break
        text += rest
    return text


class WakingEvent(Event):
    """An event that whoever waits for descriptors notices too: while it is set, `fileno` can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.fileno, self._other = os.pipe()

    def set(self) -> None:
        """Set it."""
        super().set()
        os.write(self._other, b"1")

    def clear(self) -> None:
        """Clear it, once nobody waits any more."""
        if self.is_set():
            super().clear()
            os.read(self.fileno, READ)

    def __del__(self) -> None:
        os.close(self.fileno)
        os.close(self._other)


class TerminalInput(LinuxDriver):
    """Textual's driver, which knows which keys came in one read, and keeps columns where they are."""

    def write(self, data: str) -> None:
        """Write a frame, or another sequence; a picture that stands is drawn over, not cleared away."""
        if data == ALTERNATE and isinstance(self._app, HasFirstPicture) and (picture := self._app.picture) is not None:
            self._app.picture = None
            if picture.take():
                return
        super().write(anchored(data))

    _terminal_before: list[Any] | None = None

    def start_application_mode(self) -> None:
        """Take the terminal; who gets it back finds it as it was before the program began."""
        early = self._app.early if isinstance(self._app, KeepsEarlyKeys) else None
        self._terminal_before = early.terminal_before if early is not None else self._terminal_before
        self.exit_event = WakingEvent()  # else the thread that reads would notice the end a tenth of a second later
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.attrs_before = self._terminal_before or self.attrs_before

    def run_input_thread(self) -> None:
        """Read until the end; as the base does, and each read is grouped."""
        parser, grouping = XTermParser(self._debug), ReadGrouping()
        if isinstance(self._app, KeepsEarlyKeys) and (early := self._app.early) is not None:
            self._app.early = None
            if early.text:  # the parser takes an empty text for the end
                for message in grouping.group(parser.feed(early.text), time.monotonic()):
                    self.process_message(message)
        decode, escape_until = getincrementaldecoder("utf-8")("replace").decode, 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            if isinstance(self.exit_event, WakingEvent):
                selector.register(self.exit_event.fileno, selectors.EVENT_READ)

            def comes(seconds: float) -> bool:
                return any(key.fd == self.fileno for key, _ in selector.select(seconds))

            def more(seconds: float) -> str:
                return decode(os.read(self.fileno, READ)) if comes(seconds) else ""

            while not self.exit_event.is_set():
                if comes(SOON if time.monotonic() < escape_until else PAUSE):
                    read = os.read(self.fileno, READ)
                    if not read:  # a terminal that is gone can always be read
                        self.exit_event.wait(PAUSE)
                    elif text := read_together(decode(read), more):
                        escape_until = time.monotonic() + ESCAPE_FOR if text.endswith("\x1b") else 0.0
                        for message in grouping.group(parser.feed(text), time.monotonic()):
                            self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
