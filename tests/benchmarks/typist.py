"""Typing in a real terminal: `python -m tests.benchmarks.typist HOME --peer PYTHON --fzf fzf` prints Markdown.

Words are typed at 90 ms a key into hermes-tui, into `hermes sessions browse` of the peer, and into fzf over the titles
of the same home.
Every chunk that a program writes is kept with its moment and only drawn afterwards, so that the drawing takes nothing
from the program; for each key the first picture counts that shows what was typed (echo), and the first that shows
what was found for it (hits).
"""

from __future__ import annotations

import argparse
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
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pyte

COLUMNS, ROWS = 140, 40
KEY = 0.09
"""Seconds between two keys."""
REST = 2.5
"""Seconds after a word, before it is taken out."""
READY = 1.5
"""Seconds of rest after which a program has started."""
STOPPED = 3.0
"""Seconds that a program is given to stop."""
WORDS = ("docker", "the error", "babaneint", "timeout", "bafin can", "部署")
"""Most of their beginnings find a different number of hits, so that a new answer can be told from the old one."""
CLEAR = "\x15"
SEARCHING = re.compile(r" · still searching…|[⠀-⣿]")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that is typed into."""

    name: str
    searches: str
    command: Sequence[str]
    environ: Mapping[str, str]
    echo: Callable[[list[str], str], bool]
    """Whether a screen shows the typed text in its place."""
    found: Callable[[list[str]], str]
    """What a screen says was found; another text than before is an answer."""
    clear: str = CLEAR
    at_once: bool = False
    """Echo and hits are one picture."""


@dataclass(slots=True)
class Run:
    """What one program did, and when."""

    started: float = 0.0
    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    keys: list[tuple[float, str]] = field(default_factory=list)
    """When each key was sent, and what has been typed with it; "" for the one that clears."""
    first: float = float("nan")
    """Seconds to the first byte."""


class Keyboard:
    """A program in a pty, typed into at a steady pace."""

    def __init__(self, contestant: Contestant) -> None:
        self.run = Run(time.monotonic())
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self._process = subprocess.Popen(
            list(contestant.command),
            env={**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **contestant.environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509  this program has one thread
        )
        os.close(slave)

    def listen(self, seconds: float) -> None:
        """Take what comes for so long."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if not select.select([self._master], [], [], min(end - now, 0.05))[0]:
                continue
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            came = time.monotonic()
            if not self.run.chunks:
                self.run.first = came - self.run.started
            self.run.chunks.append((came, data))

    def await_rest(self, seconds: float) -> None:
        """Take what comes until it has started: nothing has come and no thread has run for a while."""
        end = last = time.monotonic()
        end += seconds
        while (now := time.monotonic()) < end and now - last < READY:
            before = len(self.run.chunks)
            self.listen(0.02)
            if len(self.run.chunks) > before or not self.run.chunks or self.runs:
                last = time.monotonic()

    def type(self, word: str, clear: str) -> None:
        """A word, a rest, and the key that takes it out."""
        for end in range(1, len(word) + 1):
            self._key(word[end - 1], word[:end])
            self.listen(KEY)
        self.listen(REST)
        self._key(clear, "")
        self.listen(1.0)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(3)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._master)

    def write(self, data: bytes) -> None:
        """What a terminal sends."""
        os.write(self._master, data)

    def stop_and_go_on(self) -> bool:
        """Press ctrl+z, and let it go on once it has stopped; False for a program that does not stop."""
        self.write(b"\x1a")
        end = time.monotonic() + STOPPED
        while "T" not in self._states() and time.monotonic() < end:
            self.listen(0.02)
        if "T" not in self._states():
            return False
        self._process.send_signal(signal.SIGCONT)
        return True

    @property
    def runs(self) -> bool:
        """Whether a thread of the program has the processor or waits for it."""
        return bool(self._states() & {"R", "D"})

    def _states(self) -> set[str]:
        """The states of its threads, as the system names them."""
        stats = []
        for thread in Path(f"/proc/{self._process.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # a thread may end meanwhile
                stats.append(thread.read_text().rpartition(")")[2].split()[0])
        return set(stats)

    def _key(self, key: str, typed: str) -> None:
        self.run.keys.append((time.monotonic(), typed))
        self.write(key.encode())


def _own_terminal() -> None:
    """In the child: fzf asks its controlling terminal for keys."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def measured(run: Run, contestant: Contestant) -> tuple[list[float], list[float], int]:
    """Milliseconds from each key to its echo and to its hits, and how many keys had no hits before the next key."""
    echoes: list[float] = []
    hits: list[float] = []
    late = 0
    pictures = _pictures(run, contestant)
    for place, (sent, typed) in enumerate(run.keys):
        if not typed:
            continue
        until = run.keys[place + 1][0]
        before = next((said for timestamp, said, _ in reversed(pictures) if timestamp <= sent), "")
        echo = next((one for one, _, shown in pictures if one > sent and typed in shown), None)
        if echo is None:
            late += 1
            continue
        echoes.append((echo - sent) * 1000)
        answer = next(
            (one for one, said, _ in pictures if one >= echo and (contestant.at_once or said != before)), None
        )
        if answer is None or answer > until:
            late += 1
        if answer is not None and answer <= until:
            hits.append((answer - sent) * 1000)
    return echoes, hits, late


def _pictures(run: Run, contestant: Contestant) -> list[tuple[float, str, frozenset[str]]]:
    """When the screen was what: what it says was found, and which typed texts it shows."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    typed = {text for _, text in run.keys if text}
    found = []
    for timestamp, data in run.chunks:
        stream.feed(data)
        lines = ["".join(screen.buffer[y][x].data for x in range(COLUMNS)).rstrip() for y in range(ROWS)]
        shown = frozenset(text for text in typed if contestant.echo(lines, text))
        found.append((timestamp, SEARCHING.sub("", contestant.found(lines)), shown))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stays below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def row(contestant: Contestant) -> str:
    """Type all words into a program, and say how it answered."""
    keyboard = Keyboard(contestant)
    try:
        keyboard.await_rest(120.0)
        ready = keyboard.run.chunks[-1][0] - keyboard.run.started if keyboard.run.chunks else float("nan")
        for word in WORDS:
            keyboard.type(word, contestant.clear)
    finally:
        keyboard.close()
    echoes, hits, late = measured(keyboard.run, contestant)
    if not echoes:
        said = b"".join(data for _, data in keyboard.run.chunks)[-300:].decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "nothing")
        return f"| {contestant.name} | {contestant.searches} | did not run: {last[:80]} | | | | | |"
    numbers = (
        keyboard.run.first * 1000,
        ready * 1000,
        percentile(echoes, 0.5),
        percentile(echoes, 0.95),
        percentile(hits, 0.5),
        percentile(hits, 0.95),
    )
    keys = sum(1 for _, typed in keyboard.run.keys if typed)
    cells = " | ".join(f"{number:,.0f}" for number in numbers)
    return f"| {contestant.name} | {contestant.searches} | {cells} | {late} of {keys} |"


def _status(lines: list[str]) -> str:
    return lines[1] if " hit" in lines[1] else ""


def contestants(home: Path, titles: Path, peer: str | None, fzf: str | None) -> Iterator[Contestant]:
    """All that are here."""
    yield Contestant(
        "hermes-tui",
        "all messages, all titles",
        [sys.executable, "-m", "hermes_tui", "--home", str(home)],
        {"XDG_STATE_HOME": str(titles.parent)},
        lambda lines, typed: lines[0].replace(" ", "").startswith("/" + typed.replace(" ", "")),
        _status,
    )
    if peer is not None:
        yield Contestant(
            "hermes sessions browse",
            "titles and previews of the newest 500 sessions",
            [peer, "-m", "hermes_cli.main", "sessions", "browse"],
            {"HERMES_HOME": str(home)},
            lambda lines, typed: f"filter: {typed}" in lines[0].replace("  ", " "),
            lambda lines: lines[-1],
            clear="\x1b",
            at_once=True,
        )
    if fzf is not None:
        yield Contestant(
            "fzf",
            "all titles",
            ["sh", "-c", f"exec {fzf} < {titles}"],
            {"FZF_DEFAULT_OPTS": ""},
            lambda lines, typed: any(line.replace(" ", "") == ">" + typed.replace(" ", "") for line in lines[-2:]),
            lambda lines: lines[-2],
        )


def write_titles(home: Path, folder: Path) -> Path:
    """All titles of a home, newest first, a line each."""
    connection = apsw.Connection(f"{(home / 'state.db').absolute().as_uri()}?mode=ro", flags=apsw.SQLITE_OPEN_URI | 1)
    rows = connection.execute("SELECT title FROM sessions WHERE title IS NOT NULL ORDER BY started_at DESC").fetchall()
    connection.close()
    path = folder / "titles"
    path.write_text("\n".join(str(title).replace("\n", " ") for (title,) in rows) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Type into all of them."""
    from tempfile import TemporaryDirectory

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.typist")
    parser.add_argument("home", type=Path)
    parser.add_argument("--peer", help="the interpreter that has hermes-agent and what it needs")
    parser.add_argument("--fzf", help="the program")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        titles = write_titles(asked.home, Path(folder))
        print(f"load {os.getloadavg()[0]:.1f} at the start, {len(titles.read_text().splitlines()):,} titles\n")
        print("| program | searches | first byte ms | quiet ms | echo p50 | p95 | hits p50 | p95 | none by next key |")
        print("|---|---|---|---|---|---|---|---|---|")
        for contestant in contestants(asked.home, titles, asked.peer, asked.fzf):
            print(row(contestant), flush=True)


if __name__ == "__main__":
    main()
