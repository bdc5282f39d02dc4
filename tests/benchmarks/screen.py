"""Rows of the ledger about the screen: the real app in a pseudo-terminal, with keys pressed as fast as people do."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from math import inf, isnan, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from store import SessionDB
from tests.benchmarks import odd_files, odd_shapes, peers
from tests.benchmarks.in_terminal import LONGEST, UNSEEN, InTerminal, app, in_terminal, percentile, running
from tests.benchmarks.ledger import Gauge, Row
from tests.benchmarks.odd_shapes import Sizes
from tests.benchmarks.typist import write_titles

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello world")
Hello().run()
"""
LETTERS, ABSENT = "docker", ("xqzvkjwpyb", "bvwqzkxjyf")
"""What is typed: a word of one message in eight, and those of none."""
CLEAR, ESCAPE, ENTER, TAB, PAGE, TREE = "\x15", "\x1b", "\r", "\t", "\x1b[6~", "L"
OPENS = "enter open"
"""What the footer of the screen says where a row of the list is under the cursor."""
KEYS, UNFOLDED, ESCAPES = 100, 10, 10
"""Keys of a row, those behind `space` on a large message, and how often a session is left."""
MOVES = ["j", PAGE, "j", "k"] * (KEYS // 4)
"""Each changes the screen: a key that changes nothing sends nothing."""
SLOWLY, FAST = 0.25, 0.08
"""Seconds between two keys of somebody who thinks, and of somebody who goes through a list."""
APPENDS = 10
LISTED = 55_000
"""Sessions that the limits of CPU time and memory are for; for more they grow."""
NO_FZF = peers.missing(peers.FZF)
_CURSOR = re.compile(r"title (\d+)")


@dataclass(frozen=True, slots=True)
class Waits:
    """What keys waited, and which share of them counts."""

    waits: Sequence[float]
    share: float

    def pooled(self, others: Sequence[Waits], name: str, unit: str, most: float) -> Gauge:
        """The figure of all keys, its spread that of thirds of them."""
        found = [wait for each in (self, *others) for wait in each.waits]
        thirds = [found[place::3] for place in range(3) if found[place::3]]
        parts = [percentile(third, self.share) for third in thirds]
        return Gauge(name, unit, most, parts, whole=percentile(found, self.share))


Figures: TypeAlias = Mapping[tuple[str, str, float], float | Waits]
"""What was measured, its unit and its limit, and a figure or what keys waited."""


def start(home: Path) -> Iterator[Row]:
    """The start beside that of the least program of the same library, each ended as soon as it is there."""
    with closing(SessionDB(home / "state.db", read_only=True)) as database:
        title = (database.recent(limit=3)[-1].title or "")[:24].encode()

    def _until(text: bytes, *arguments: str) -> None:
        with in_terminal(*arguments, columns=140, rows=40) as program:
            program.until_written(text)

    def _hello() -> None:
        _until(b"hello world", "-c", HELLO)

    def _ours(text: bytes) -> None:
        _until(text, "-m", "hermes_tui", "--home", str(home))

    what = "Textual's hello world"
    yield Row("start to real rows", lambda: _ours(title), what, _hello, 1.3, "drawn before Textual is imported")
    whole = "that takes keys; half of it is importing and starting Textual"
    yield Row("start to the whole screen", lambda: _ours(b"ctrl+q"), what, _hello, 0, whole)


def gauges(folder: Path, size: Sizes, runs: int, *, indexed: Path) -> Iterator[Gauge]:
    """Every figure of the screen, each run in a program of its own.

    Args:
        folder: Of the odd homes.
        size: How large they are.
        runs: How often; what waits for many keys is done once.
        indexed: A home with a full-text index, in which letters are typed.
    """
    many = odd_shapes.home(folder, "plain", size.sessions).parent
    listed = odd_shapes.home(folder, "plain", min(size.sessions, LISTED)).parent  # more would be later than now
    deep = odd_shapes.home(folder, "plain", 1, size.deep).parent
    chain, family = (odd_shapes.home(folder, shape, size.relatives).parent for shape in ("chain", "family"))
    numbers = sorted({min(size.files, odd_files.SMALL), size.files})
    files = {number: odd_files.home(folder, number).parent for number in numbers}
    large = _large(folder, size.megabytes)
    groups: list[tuple[str, Callable[[], Figures], int]] = [
        ("cat", _machine, 1),
        ("fzf", partial(_fzf, many), 1),
        ("letters", partial(_lettered, indexed), runs),
        ("a list", partial(_loaded, many, size.sessions), 1),
        ("a list that loads", partial(_keys_while_loading, many, f"{size.sessions:,} sessions load"), 1),
        ("appends", partial(_appended, listed), 1),
        ("a long session", partial(_opened, deep, f"a session of {size.deep:,}"), 1),
        ("a chain", partial(_opened, chain, f"a chain of {size.relatives:,}"), 1),
        ("a family", partial(_tree, family, size.relatives), 1),
        *(
            ("files", partial(_keys_while_loading, home, f"{number:,} JSONL files are compared"), 1)
            for number, home in files.items()
        ),
        ("a large message", partial(_unfolded, large, size.megabytes), min(runs, 2)),
        ("a long line", partial(_moved, _line(folder), "a line of 1 MB"), 1),
    ]
    for what, group, times in groups:
        try:
            yield from _gauges(group, times)
        except TimeoutError as error:
            print(error, file=sys.stderr, flush=True)
            yield Gauge(f"{what}, until a picture that did not come", "s", 1.0, (LONGEST,))


def _gauges(group: Callable[[], Figures], runs: int) -> Iterator[Gauge]:
    """The figures of some runs; keys of all runs count together."""
    found: dict[tuple[str, str, float], list[float | Waits]] = {}
    began = time.perf_counter()
    for _ in range(runs):
        for figure, value in group().items():
            found.setdefault(figure, []).append(value)
    for (name, unit, most), values in found.items():
        print(f"{time.perf_counter() - began:7.1f} s  {name}", file=sys.stderr, flush=True)
        waits = [value for value in values if isinstance(value, Waits)]
        if waits:
            yield waits[0].pooled(waits[1:], name, unit, most)
        else:
            numbers = [value for value in values if not isinstance(value, Waits)]
            is_missing = isnan(numbers[0])
            yield Gauge(name, unit, most, () if is_missing else numbers, NO_FZF if is_missing else "")


def _is_listed(sessions: int) -> Callable[[list[str]], bool]:
    return lambda lines: re.sub(r"\D", "", "".join(lines[1:2])) == f"{sessions}{sessions}"


def _loaded(home: Path, sessions: int) -> Figures:
    """One program that has read its whole list: what that took, and then letters and keys."""
    grown = max(1.0, sessions / LISTED)
    with app(home) as screen:
        screen.until(_is_listed(sessions))
        screen.settle()
        found: dict[tuple[str, str, float], float | Waits] = {
            (f"start and list of {sessions:,} sessions", "ms CPU", 3_000.0 * grown): screen.cpu,
            (f"memory on {sessions:,} sessions", "MB", 60.0 + 60.0 * grown): screen.memory,
        }
        absent = list[float]()
        for word in ABSENT:
            absent += screen.pressed(word, pause=SLOWLY)
            screen.send(CLEAR)
            screen.settle()
        most = 30.0 if sessions <= LISTED else 50.0
        found[f"a letter of a word that nothing in {sessions:,} has, 95 %", "ms", most] = Waits(absent, 0.95)
        screen.send(TAB)
        screen.settle()
        keys = screen.pressed(["j"] * KEYS, pause=FAST)
        found[f"a key in the list of {sessions:,}, 99 %", "ms", 50.0] = Waits(keys, 0.99)
        found["esc", "ms", 30.0] = Waits(_escapes(screen), 0.5)
        return found


def _escapes(screen: InTerminal) -> Sequence[float]:
    """Ways back from a session to the list."""
    escapes = list[float]()
    for _ in range(ESCAPES):
        screen.send(ENTER)
        screen.settle()
        escapes += screen.pressed([ESCAPE], pause=FAST)
    return escapes


def _machine() -> Figures:
    """The same keys in the least program there is, which shows how busy the machine is."""
    with running(["cat"]) as screen:
        screen.listen(0.3)
        waits = screen.pressed("j" * KEYS, pause=FAST)
    return {("a key that `cat` shows, 99 %: the machine itself", "ms", inf): Waits(waits, 0.99)}


def _fzf(home: Path) -> Figures:
    """The word that nothing has in the titles alone."""
    name = ("a letter of a word that no title has in fzf, 95 %", "ms", inf)
    if (fzf := peers.fzf()) is None:
        return {name: nan}
    with (
        TemporaryDirectory() as folder,
        running(["sh", "-c", f"exec {fzf} < {write_titles(home, Path(folder))}"]) as screen,
    ):
        screen.settle()
        waits = [wait for word in ABSENT for wait in screen.pressed([*word, CLEAR], pause=SLOWLY)[:-1]]
    return {name: Waits(waits, 0.95)}


def _lettered(home: Path) -> Figures:
    """Letters in the search row, the answer of each awaited."""
    with app(home) as screen:
        screen.until(lambda lines: "sessions" in " ".join(lines[1:2]))
        screen.settle()
        before = screen.cpu
        screen.pressed(LETTERS, pause=SLOWLY)
        return {("a typed letter, four a second", "ms CPU", 80.0): (screen.cpu - before) / len(LETTERS)}


def _keys_while_loading(home: Path, name: str) -> Figures:
    """The cursor of the list, moved while pages come: a key is answered by a picture with its title."""
    with app(home) as screen:
        screen.until(lambda lines: "title" in "".join(lines))
        screen.send(TAB)
        screen.until(lambda lines: OPENS in lines[-1] and _title_under_cursor(lines) is not None)
        first, sent = _title_under_cursor(screen.draw()), []
        for _ in range(KEYS):
            sent.append(time.perf_counter())
            screen.send("j")
            screen.listen(FAST)
        screen.listen(1.0)
        screen.draw()
        seen = [(at, title) for at, lines in screen.pictures if (title := _title_under_cursor(lines)) is not None]
        waits = []
        for number, pressed in enumerate(sent, 1):
            shown = (at for at, title in seen if at > pressed and title <= (first or 0) - number)
            waits.append((next(shown, pressed + UNSEEN / 1000) - pressed) * 1000)
        return {(f"a key while {name}, 99 %", "ms", 50.0): Waits(waits, 0.99)}


def _title_under_cursor(lines: Sequence[str]) -> int | None:
    marked = next((line for line in lines if line.startswith("▌")), "")
    found = _CURSOR.search(marked)
    return int(found[1]) if found else None


def _appended(home: Path) -> Figures:
    """Messages that another program appends to the session on the screen, one a second."""
    with closing(SessionDB(home / "state.db")) as agent, app(home, columns=140, rows=40) as screen:
        newest = agent.recent(limit=1)[0].id
        screen.until(lambda lines: "title" in "".join(lines))
        screen.settle()
        waits, before, began = [], screen.cpu, time.perf_counter()
        for number in range(APPENDS):
            waits.append(screen.answered(partial(agent.append_message, newest, "user", f"{number}")))
            screen.listen(1.0)
        share = (screen.cpu - before) / (time.perf_counter() - began) / 10
        return {
            ("an append of another program until it is painted", "ms", 100.0): Waits(waits, 0.5),
            ("CPU of it, one a second", "%", 3.0): share,
        }


def _moved(home: Path, name: str) -> Figures:
    """Keys in a short session that was opened."""
    with app(home) as screen:
        _open(screen)
        waits = screen.pressed(["j", "k"] * (KEYS // 2), pause=FAST)
        return {(f"a key in {name}, 99 %", "ms", 50.0): Waits(waits, 0.99)}


def _opened(home: Path, name: str) -> Figures:
    """Keys right behind the first screen of a session, while the rest of it is read."""
    return _behind(ENTER, "words of message", home, f"a key in {name} while it is read, 99 %", MOVES)


def _tree(home: Path, sessions: int) -> Figures:
    """Keys in the tree of a family."""
    name, keys = f"a key in the tree of a family of {sessions:,}, 99 %", ["j", PAGE] * (KEYS // 2)
    return _behind(TREE, "title 1", home, name, keys)


def _behind(opening: str, shown: str, home: Path, name: str, keys: Sequence[str]) -> Figures:
    """Keys right behind the first picture of what a key opens."""
    with app(home) as screen:
        screen.until(lambda lines: "session" in " ".join(lines[1:2]))
        screen.send(TAB)
        screen.until(lambda lines: OPENS in lines[-1])
        screen.send(opening)
        screen.until(lambda lines: shown in "".join(lines[3:]))
        return {(name, "ms", 50.0): Waits(screen.pressed(keys, pause=FAST), 0.99)}


def _unfolded(home: Path, megabytes: int) -> Figures:
    """`space` on a message, and the keys behind it."""
    with app(home) as screen:
        _open(screen)
        before = screen.memory
        waits = screen.pressed([" ", *["j", PAGE] * UNFOLDED], pause=FAST)
        screen.settle()
        return {
            (f"`space` on a message of {megabytes} MB, and keys behind it, at most", "ms", 50.0): max(waits),
            (f"memory that `space` on {megabytes} MB adds", "MB", 20.0): screen.memory - before,
        }


def _open(screen: InTerminal) -> None:
    screen.until(lambda lines: "sessions" in " ".join(lines[1:2]) or "session" in " ".join(lines[1:2]))
    screen.settle()
    screen.send(TAB)
    screen.settle()
    screen.send(ENTER)
    screen.settle()


def _large(folder: Path, megabytes: int) -> Path:
    """A home whose one session has a message of so many megabytes, in lines."""
    line = "words of a message that has no end " * 2
    return _one_message(folder / f"large-{megabytes}", f"{line}\n" * (megabytes * 1_000_000 // (len(line) + 1)))


def _line(folder: Path) -> Path:
    return _one_message(folder / "line", "words " * 166_666)


def _one_message(folder: Path, text: str) -> Path:
    path = folder / "state.db"
    if not path.exists():
        folder.mkdir(parents=True)
        with closing(SessionDB(path)) as database:
            database.create_session("s", "cli")
            database.append_message("s", "user", "what is it?")
            database.append_message("s", "assistant", text)
    return folder
