"""Bytes that a key sends to the terminal: `python -m tests.benchmarks.bytes_sent HOME` prints Markdown.

Keys are pressed in a real pty of 140×40, which answers as a terminal with synchronised output does, so that a program
marks where its frames begin and end; all that it writes until it is quiet belongs to the key.
`--harlequin` and `--toolong` name these programs, which are pressed alike where they are installed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.typist import WORDS, Contestant, Keyboard, write_titles

QUIET = 0.6
"""Seconds of rest after which a key has had its effect; a preview is read 0.2 s after a letter."""
LONGEST, START, STEP = 20.0, 60.0, 0.02
"""Seconds that a key and the first frame are waited for, and between two looks."""
QUESTION, SYNCHRONISED = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""Whether a terminal holds a frame back until it is whole, and its answer that it does."""
FRAME = re.compile(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", re.DOTALL)
LETTER, FOCUS, BESIDE, ALONE = "a letter typed", "the focus moved", "j, the preview beside it", "j, one pane"
LIMITS: Mapping[str, tuple[float, Callable[[Sequence[float]], float]]] = {
    LETTER: (15.0, median),
    FOCUS: (6.0, max),
    BESIDE: (8.0, max),
    ALONE: (3.0, max),
}
"""Most kilobytes, and what of a key's figures is compared with them."""
MOVES = 8
"""How often the focus is moved, and `j` pressed in each list."""


class Counter:
    """A program whose bytes are counted.

    Args:
        command: The program and its arguments.
        environ: Variables that it gets beside those that are inherited.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._keyboard = Keyboard(Contestant("", "", command, environ, lambda *_: False, lambda _: ""))
        self.bytes: dict[str, list[int]] = {}
        """Of each key, by what it was pressed for."""
        self.whole = 0
        """Of the largest frame after the program was stopped and went on: everything once."""
        self._await(lambda chunks: any(QUESTION in data for _, data in chunks), START)
        self._keyboard.write(SYNCHRONISED)
        self._settle(START)

    def press(self, keys: Sequence[str], what: str = "") -> None:
        """Press keys one after the other; without a name they are not counted."""
        for key in keys:
            written = self._written(lambda: self._keyboard.write(key.encode()))  # noqa: B023  called at once
            if what:
                self.bytes.setdefault(what, []).append(len(written))

    def repaint(self) -> None:
        """Have everything written once more in one frame: the program is stopped and goes on, as by `fg`."""
        stopped: list[bool] = []
        frames = FRAME.findall(self._written(lambda: stopped.append(self._keyboard.stop_and_go_on())))
        self.whole = max([self.whole, *map(len, frames)]) if all(stopped) else 0

    def close(self) -> None:
        """End it."""
        self._keyboard.close()

    def _written(self, act: Callable[[], None]) -> bytes:
        """All that is written from an act on until it is quiet."""
        before = len(self._keyboard.run.chunks)
        act()
        self._settle(LONGEST)
        return b"".join(data for _, data in self._keyboard.run.chunks[before:])

    def _settle(self, seconds: float) -> None:
        """Take what comes until nothing has come and no thread has run for a while, however loaded the machine is."""
        end = last = time.monotonic()
        end += seconds
        while (now := time.monotonic()) < end and now - last < QUIET:
            before = len(self._keyboard.run.chunks)
            self._keyboard.listen(STEP)
            if len(self._keyboard.run.chunks) > before or self._keyboard.runs:
                last = time.monotonic()

    def _await(self, holds: Callable[[Sequence[tuple[float, bytes]]], bool], seconds: float) -> None:
        """Take what comes until something holds of it."""
        end = time.monotonic() + seconds
        while not holds(self._keyboard.run.chunks) and time.monotonic() < end:
            self._keyboard.listen(STEP)


def browse(counter: Counter) -> None:
    """Type the words of the ledger, and go through the lists and panes of what they find."""
    for word in WORDS:
        counter.press(word, LETTER)
        counter.repaint()
        counter.press(["\x15"], "the search taken out")
    for words in ("", WORDS[0]):
        counter.press(words)
        for _ in range(MOVES // 2):
            counter.press(["\t", "/"], FOCUS)
        counter.press(["\t"])
        counter.press(["\t"] * MOVES, FOCUS)
        counter.press(["j"] * MOVES, BESIDE)
        counter.press(["\x1b[6~"] * 3, "a page down, the preview beside it")
        counter.press(["m"])
        counter.press(["j"] * MOVES, ALONE)
        counter.press(["m", "\r"])
        counter.press(["j"] * MOVES, "j, in the transcript")
        counter.press(["\x1b", "/", "\x15"])


def query(counter: Counter) -> None:
    """Type into harlequin's editor, and move the focus."""
    counter.press("select title from sessions", LETTER)
    counter.repaint()
    counter.press(["\x1b[17~", "\x1b[15~"] * (MOVES // 2), FOCUS)
    counter.press(["\x1b[B"] * MOVES, "down, in the results")


def find(counter: Counter) -> None:
    """Go down a list of lines in toolong, and type into its find."""
    counter.press(["\x1b[B"] * MOVES, ALONE)
    counter.press(["/"], FOCUS)
    for word in WORDS[:2]:
        counter.press(word, LETTER)
        counter.repaint()


def programs(home: Path, folder: Path, asked: argparse.Namespace) -> Iterator[tuple[str, Sequence[str], Callable]]:  # type: ignore[type-arg]
    """Name, command and keys of each program."""
    ours = [sys.executable, "-m", "hermes_tui", "--home", str(home)]
    yield "hermes-tui", ours, browse
    yield "harlequin", [asked.harlequin, "-a", "sqlite", "-r", str(home / "state.db")], query
    yield "toolong", [asked.toolong, str(write_titles(home, folder))], find


def lines(name: str, counter: Counter) -> Iterator[str]:
    """Rows of the table."""
    for what, sent in counter.bytes.items():
        kilobytes: list[float] = [number / 1000 for number in sent]
        limit, of = LIMITS.get(what, (0.0, max)) if name == "hermes-tui" else (0.0, max)
        judged = f"{limit:.0f} {of.__name__.replace('max', 'worst')}" if limit else ""
        verdict = ("ok" if of(kilobytes) <= limit else "MISSED") if limit else ""
        yield (
            f"| {name} | {what} | {len(sent)} | {median(kilobytes):.1f} | {max(kilobytes):.1f} | {judged} | {verdict} |"
        )
    whole = counter.whole / 1000
    letters = max(counter.bytes.get(LETTER, [0])) / 1000
    verdict = "" if name != "hermes-tui" else "ok" if letters <= whole else f"MISSED by a letter of {letters:.1f}"
    if whole:
        yield f"| {name} | everything once | | {whole:.1f} | | no letter more | {verdict} |"


@contextmanager
def counting(command: Sequence[str], folder: Path) -> Iterator[Counter]:
    """A program in a pty, ended on the way out; what it keeps goes into `folder`."""
    counter = Counter(command, dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder)))
    try:
        yield counter
    finally:
        counter.close()


def main() -> None:
    """Press, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bytes_sent", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--harlequin", default="harlequin", help="the program")
    parser.add_argument("--toolong", default="tl", help="the program")
    asked = parser.parse_args()
    print("| program | what | keys | median kB | worst kB | limit kB | |\n|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for name, command, keys in programs(asked.home, Path(folder), asked):
            if which(command[0]) is None:
                print(f"| {name} | not installed | | | | | |", flush=True)
                continue
            with counting(command, Path(folder)) as counter:
                keys(counter)
            print("\n".join(lines(name, counter)), flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
