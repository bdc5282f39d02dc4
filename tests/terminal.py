"""A real pseudo-terminal with an emulator behind it: what a user would see, and every byte that was sent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyte

ROOT = Path(__file__).parents[1]

# What Textual itself sends: colours, cursor, erasing, modes and their queries, keyboard protocol, pointer shape.
# The first is how hermes_tui/frame_writer.py moves rows down.
OWN_SEQUENCES = re.compile(
    r"\x1b\[\d+;1H\x1b\[\d+L\x1b\[r|"
    r"\x1b\[[?>=<]?[0-9;:]*\$?[ABCDGHJKfhlmnpqrstux]|\x1b[78=>]|\x1b\(B|\x1bP\+q[0-9A-Fa-f;]*\x1b\\|\x1b\]22;[a-z]*\x07"
)
COLOURS = re.compile(rb"\x1b\[[0-9;:]*m")
"""What changes no character of the screen; most of the bytes are these, and the emulator takes each byte by itself."""
UNFINISHED = re.compile(rb"\x1b(?:\[[^@-~]*|[\]P][^\x07\x1b]*|\()?\Z")
"""The start of a sequence of which the rest is still to come."""
FOREIGN = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

NOT_INHERITED = {"NO_COLOR", "COLUMNS", "LINES"}
"""Variables that would change the picture: Textual trusts a size in them over the pty's."""


class Terminal:
    """The app in a pty of `columns` × `rows`; `text` is the screen, `raw` all bytes that ever came."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        environ: Mapping[str, str] | None = None,
        stdout: int | None = None,
        folder: Path = ROOT,
    ) -> None:
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0
        self._lines: list[str] | None = None
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none", "TZ": "UTC"}
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hermes_tui", *arguments],
            cwd=folder,
            env={**inherited, **settings, **(environ or {})},
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._master = master

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, without trailing spaces; a sequence that is cut is left for the next look."""
        cut = UNFINISHED.search(self.raw, max(self._drawn, len(self.raw) - 64))
        end = cut.start() if cut else len(self.raw)
        if self._lines is None or end > self._drawn:
            self._stream.feed(COLOURS.sub(b"", self.raw[self._drawn : end]))
            self._drawn = end
            self._lines = [line.rstrip() for line in self._screen.display]
        return self._lines

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    def pump(self, seconds: float) -> None:
        """Take what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                return
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.raw += data

    def wait_for(self, text: str, *, timeout: float = 60.0) -> None:
        """Wait until the screen shows `text`, or fail with the screen."""
        self.until(lambda: text in self.text, f"no “{text}”", timeout=timeout)

    def wait_gone(self, text: str, *, timeout: float = 60.0) -> None:
        """Wait until the screen shows `text` no more."""
        self.until(lambda: text not in self.text, f"still “{text}”", timeout=timeout)

    def until(self, holds: Callable[[], bool], complaint: str, *, timeout: float = 60.0) -> None:
        """Wait until something holds, or fail with a complaint and the screen."""
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"{complaint} within {timeout} s on:\n{self.text}")
            self.pump(0.05)

    def send(self, keys: str, *, settle: float = 0.15) -> None:
        """Type, and take what comes in answer."""
        os.write(self._master, keys.encode())
        self.pump(settle)

    @property
    def echoes(self) -> bool:
        """Whether the terminal is as a shell leaves it: it echoes and collects lines."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def pump_until(self, holds: Callable[[], bool], *, timeout: float = 60.0) -> None:
        """Take what comes until something holds, or fail with the screen."""
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"not within {timeout} s:\n{self.text}")
            self.pump(0.05)

    def wait_stopped(self) -> None:
        """Take what comes until the process is stopped."""
        self.pump_until(lambda: os.waitpid(self.process.pid, os.WUNTRACED | os.WNOHANG)[0] != 0)

    def exit_code(self, *, timeout: float = 60.0) -> int:
        """Wait for the process to end, and take what it said last."""
        end = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < end:
            self.pump(0.05)
        code = self.process.wait(0.1)
        self.pump(1.0)
        return code

    def foreign(self) -> list[str]:
        """Every control character in the output that no sequence of the app's own explains."""
        end = time.monotonic() + 60.0
        while UNFINISHED.search(self.raw[-64:]) and time.monotonic() < end:
            self.pump(0.05)
        rest = OWN_SEQUENCES.sub("", self.raw.decode("utf-8", "replace"))
        return [rest[max(0, at.start() - 20) : at.end() + 20] for at in FOREIGN.finditer(rest)]

    def hang_up(self) -> None:
        """Take the terminal away without a word, as it goes where the app is not of its session."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """End the process and give the pty back."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.exit_code(timeout=3)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._master >= 0:
            os.close(self._master)


@contextlib.contextmanager
def terminal(
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    environ: Mapping[str, str] | None = None,
    stdout: int | None = None,
    folder: Path = ROOT,
) -> Iterator[Terminal]:
    """The app in a pty, ended on the way out; what it keeps across runs goes with it, unless `environ` has a folder.

    Args:
        stdout: A descriptor that takes standard output in place of the pty.
        folder: In which it is started.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as state:
        kept = {"XDG_STATE_HOME": state, **(environ or {})}
        running = Terminal(arguments, columns=columns, rows=rows, environ=kept, stdout=stdout, folder=folder)
        try:
            yield running
        finally:
            running.close()
