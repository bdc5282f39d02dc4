"""Keys that were typed before the screen stood: they are kept as typed, and are not echoed."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from store.base.late_dataclass import dataclass

IFLAG, LFLAG = 0, 3
"""Places of the flags of input and of the line in what `termios.tcgetattr` returns."""


@dataclass(frozen=True, slots=True)
class EarlyKeys:
    """What was typed before the screen stood."""

    text: str
    """As the keys came."""
    terminal_before: list[Any]
    """The settings of the terminal as they were, for whoever gets it next."""


@contextmanager
def early_keys(terminal: int) -> Iterator[EarlyKeys]:
    """Have keys wait as they are from now on; gives those that came before, and sets the terminal back at the end.

    A terminal that collects lines turns Enter into a line feed, which a screen takes for ctrl+j; one with flow control
    takes ctrl+q and ctrl+s for itself.

    Args:
        terminal: The descriptor of the terminal.
    """
    before = termios.tcgetattr(terminal)
    now = termios.tcgetattr(terminal)
    now[IFLAG] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF)
    now[LFLAG] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(terminal, termios.TCSANOW, now)
    try:
        yield EarlyKeys(_waiting(terminal).replace("\n", "\r"), before)
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _waiting(terminal: int) -> str:
    """What was typed and not read yet."""
    (size,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    return os.read(terminal, size).decode(sys.stdin.encoding or "utf-8", "replace") if size else ""
