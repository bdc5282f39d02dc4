"""Programs in a pseudo-terminal, measured from outside: CPU time, memory, and how long a key waits for its picture."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import ceil
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory

import pyte

ROOT = Path(__file__).parents[2]
LONGEST = 120.0
"""Seconds after which a program that does not get there is given up."""
UNSEEN = 5_000.0
"""Milliseconds that stand for a key that no picture answered."""
QUIET, IDLE = 0.5, 0.04
"""Seconds without a byte, and the share of them that a program at rest may compute."""


class InTerminal:
    """A running program; what it writes is kept with its time, and drawn when somebody looks."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], *, columns: int, rows: int) -> None:
        pid, self._master = pty.fork()
        if not pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(arguments[0], [*arguments], environ)
        self.pid = pid
        self.pictures: list[tuple[float, list[str]]] = []
        """Times and rows of the screen, one for each read that was drawn."""
        self._written: list[tuple[float, bytes]] = []
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def cpu(self) -> float:
        """Milliseconds of CPU time so far, of all threads."""
        return time.clock_gettime((~self.pid) << 3 | 2) * 1000  # the clock of another process, see clock_getcpuclockid

    @property
    def memory(self) -> float:
        """Resident megabytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def listen(self, seconds: float) -> int:
        """Take what is written for so long; the number of reads until now."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select([self._master], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    self._written.append((time.perf_counter(), os.read(self._master, 1 << 16)))
        return len(self._written)

    def draw(self) -> list[str]:
        """The screen as it is now."""
        for at, data in self._written[len(self.pictures) :]:
            self._stream.feed(data)
            self.pictures.append((at, list(self._screen.display)))
        return self.pictures[-1][1] if self.pictures else []

    def until(self, holds: Callable[[list[str]], bool]) -> None:
        """Wait for a picture."""
        end = time.perf_counter() + LONGEST
        while not holds(self.draw()):
            if time.perf_counter() > end:
                raise TimeoutError("\n".join(self.draw()))
            self.listen(0.02)

    def until_written(self, text: bytes) -> None:
        """Wait for some bytes."""
        end = time.perf_counter() + LONGEST
        while text not in b"".join(data for _, data in self._written):
            if time.perf_counter() > end:
                raise TimeoutError(text)
            self.listen(0.002)

    def settle(self) -> None:
        """Wait until it writes nothing and computes next to nothing."""
        end = time.perf_counter() + LONGEST
        while time.perf_counter() < end:
            before, reads = self.cpu, len(self._written)
            if self.listen(QUIET) == reads and self.cpu - before < IDLE * QUIET * 1000:
                return

    def send(self, keys: str) -> None:
        """What a terminal sends."""
        os.write(self._master, keys.encode())

    def answered(self, act: Callable[[], object]) -> float:
        """Milliseconds from the end of an act to the next bytes."""
        reads = self.listen(0.0)
        act()
        began = time.perf_counter()
        while self.listen(0.002) == reads and time.perf_counter() - began < UNSEEN / 1000:
            pass
        return min(UNSEEN, (self._written[reads][0] - began) * 1000) if len(self._written) > reads else UNSEEN

    def pressed(self, keys: Sequence[str], *, pause: float) -> list[float]:
        """Milliseconds to the next bytes for each key, with so many seconds from one to the next."""
        waits = []
        for key in keys:
            waits.append(self.answered(partial(self.send, key)))
            self.listen(max(0.0, pause - waits[-1] / 1000))
        return waits

    def end(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)


@contextmanager
def in_terminal(*arguments: str, columns: int = 80, rows: int = 24) -> Iterator[InTerminal]:
    """A Python program."""
    with running([sys.executable, *arguments], columns=columns, rows=rows) as program:
        yield program


@contextmanager
def running(command: Sequence[str], *, columns: int = 80, rows: int = 24) -> Iterator[InTerminal]:
    """Any program, with folders of its own for what it keeps."""
    with TemporaryDirectory() as folder:
        dropped = {"NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE"}
        environ = {name: value for name, value in os.environ.items() if name not in dropped}
        own = {f"XDG_{name}_HOME": folder for name in ("STATE", "CACHE", "CONFIG")}
        look = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        program = InTerminal(command, environ | own | look, columns=columns, rows=rows)
        try:
            yield program
        finally:
            program.end()


@contextmanager
def app(home: Path, *, columns: int = 80, rows: int = 24) -> Iterator[InTerminal]:
    """The app on a home."""
    with in_terminal("-m", "hermes_tui", "--home", str(home), columns=columns, rows=rows) as program:
        yield program


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that this share of all does not exceed: of a hundred and 99 % the second highest."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]
