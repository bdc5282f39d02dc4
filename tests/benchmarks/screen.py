"""Rows of the ledger about the screen: the real app in a pseudo-terminal, with keys pressed as fast as people do."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from store import SessionDB
from tests.benchmarks import odd_shapes
from tests.benchmarks.in_terminal import UNSEEN, InTerminal, app, in_terminal, percentile, running
from tests.benchmarks.ledger import Gauge, Row
from tests.benchmarks.typist import write_titles

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello world")
Hello().run()
"""
LETTERS, ABSENT = "docker", "xqzvkjwpyb"
"""What is typed: a word of one message in eight, and one of none."""
CLEAR, ESCAPE, ENTER, TAB, PAGE = "\x15", "\x1b", "\r", "\t", "\x1b[6~"
KEYS = 40
"""Keys of a row."""
SLOWLY, FAST = 0.25, 0.12
"""Seconds between two keys of somebody who thinks, and of somebody who goes through a list."""
APPENDS = 10
_CURSOR = re.compile(r"title (\d+)")


@dataclass(frozen=True, slots=True)
class Shapes:
    """How large the homes of the screen are."""

    sessions: int
    deep: int
    """Messages of one session."""
    family: int
    megabytes: int
    """Of one message."""


SIZES = {
    "S": Shapes(2_000, 20_000, 500, 2),
    "M": Shapes(55_000, 100_000, 3_000, 50),
    "L": Shapes(500_000, 1_000_000, 20_000, 50),
}


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


def gauges(folder: Path, size: str, runs: int, *, indexed: Path) -> Iterator[Gauge]:
    """Every figure of the screen, each run in a program of its own.

    Args:
        folder: Of the odd homes.
        size: S, M or L.
        runs: How often.
        indexed: A home with a full-text index, in which letters are typed.
    """
    shapes = SIZES[size]
    many = odd_shapes.home(folder, "plain", shapes.sessions, 4).parent
    deep = odd_shapes.home(folder, "plain", 1, shapes.deep).parent
    family = odd_shapes.home(folder, "family", shapes.family).parent
    groups: list[Callable[[], Mapping[tuple[str, str, float], float]]] = [
        lambda: _others(many),
        lambda: _lettered(indexed),
        lambda: _loaded(many, shapes.sessions),
        lambda: _keys_while_loading(many, shapes.sessions),
        lambda: _appended(many),
        lambda: _moved(deep, f"a session of {shapes.deep:,}"),
        lambda: _moved(family, f"a family of {shapes.family:,}"),
        lambda: _unfolded(_large(folder, shapes.megabytes), shapes.megabytes),
        lambda: _moved(_line(folder), "a line of 1 MB"),
    ]
    for group in groups:
        found: dict[tuple[str, str, float], list[float]] = {}
        for _ in range(runs):
            for figure, value in group().items():
                found.setdefault(figure, []).append(value)
        for (name, unit, most), values in found.items():
            yield Gauge(name, unit, most, values)


def _is_listed(sessions: int) -> Callable[[list[str]], bool]:
    return lambda lines: re.sub(r"\D", "", "".join(lines[1:2])) == f"{sessions}{sessions}"


def _loaded(home: Path, sessions: int) -> Mapping[tuple[str, str, float], float]:
    """One program that has read its whole list: what that took, and then keys and letters."""
    with app(home) as screen:
        screen.until(_is_listed(sessions))
        screen.settle()
        figures = {
            (f"start and list of {sessions:,} sessions", "ms CPU", 3_000.0): screen.cpu,
            (f"memory on {sessions:,} sessions", "MB", 120.0): screen.memory,
        }
        absent = screen.pressed(ABSENT, pause=SLOWLY)
        figures[f"a letter of a word that nothing in {sessions:,} has, 95 %", "ms", 30.0] = percentile(absent, 0.95)
        screen.send(CLEAR)
        screen.settle()
        screen.send(TAB)
        screen.settle()
        keys = screen.pressed(["j"] * KEYS, pause=FAST)
        figures[f"a key in the list of {sessions:,}, 99 %", "ms", 50.0] = percentile(keys, 0.99)
        escapes = []
        for _ in range(KEYS // 4):
            screen.send(ENTER)
            screen.settle()
            escapes += screen.pressed([ESCAPE], pause=FAST)
        figures["esc", "ms", 30.0] = percentile(escapes, 0.5)
        return figures


def _others(home: Path) -> Mapping[tuple[str, str, float], float]:
    """The same keys in the least program there is, which shows how busy the machine is, and in fzf if it is here."""
    with running(["cat"]) as screen:
        screen.listen(0.3)
        waits = screen.pressed("j" * KEYS, pause=FAST)
    found = {("a key that `cat` shows, 99 %: the machine itself", "ms", inf): percentile(waits, 0.99)}
    if (fzf := shutil.which("fzf")) is not None:
        with (
            TemporaryDirectory() as folder,
            running(["sh", "-c", f"exec {fzf} < {write_titles(home, Path(folder))}"]) as screen,
        ):
            screen.settle()
            waits = screen.pressed(ABSENT, pause=SLOWLY)
        found["a letter of a word that no title has in fzf, 95 %", "ms", inf] = percentile(waits, 0.95)
    return found


def _lettered(home: Path) -> Mapping[tuple[str, str, float], float]:
    """Letters in the search row, the answer of each awaited."""
    with app(home) as screen:
        screen.until(lambda lines: "sessions" in " ".join(lines[1:2]))
        screen.settle()
        before = screen.cpu
        screen.pressed(LETTERS, pause=SLOWLY)
        return {("a typed letter, four a second", "ms CPU", 80.0): (screen.cpu - before) / len(LETTERS)}


def _keys_while_loading(home: Path, sessions: int) -> Mapping[tuple[str, str, float], float]:
    """The cursor of the list, moved while pages come: a key is answered by a picture with its title."""
    with app(home) as screen:
        screen.until(lambda lines: "title" in "".join(lines))
        screen.until(lambda lines: "sessions" in " ".join(lines[1:2]))
        screen.send(TAB)
        screen.listen(0.3)
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
        return {(f"a key while {sessions:,} sessions load, 99 %", "ms", 50.0): percentile(waits, 0.99)}


def _title_under_cursor(lines: Sequence[str]) -> int | None:
    marked = next((line for line in lines if line.startswith("▌")), "")
    found = _CURSOR.search(marked)
    return int(found[1]) if found else None


def _appended(home: Path) -> Mapping[tuple[str, str, float], float]:
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
            ("an append of another program until it is painted", "ms", 100.0): percentile(waits, 0.5),
            ("CPU of it, one a second", "%", 3.0): share,
        }


def _moved(home: Path, name: str) -> Mapping[tuple[str, str, float], float]:
    """Keys in a session that was opened."""
    with app(home) as screen:
        _open(screen)
        waits = screen.pressed(["j", PAGE, "j", " "] * (KEYS // 4), pause=FAST)
        return {(f"a key in {name}, 99 %", "ms", 50.0): percentile(waits, 0.99)}


def _unfolded(home: Path, megabytes: int) -> Mapping[tuple[str, str, float], float]:
    """`space` on a message, and the keys behind it."""
    with app(home) as screen:
        _open(screen)
        before = screen.memory
        waits = screen.pressed([" ", *["j", PAGE] * (KEYS // 4)], pause=FAST)
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
