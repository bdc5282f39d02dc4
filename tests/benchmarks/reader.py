"""Reader in numbers: `python -m tests.benchmarks.reader [--messages 100000] [--rg rg]` prints Markdown.

CPU time of this process in milliseconds, for the layout with the bodies that it reads from a real store; an app adds
what Textual needs to paint a screen. A home is made on the spot, without full-text indexes, which no reader needs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import apsw

from hermes_tui.feed import answers, questions
from hermes_tui.feed.finding import Wanted, found, read_ahead
from hermes_tui.render.destination import destination
from hermes_tui.render.find import Needle
from hermes_tui.render.find_texts import FindTexts
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.rail import cell
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.rail import Rail
from hermes_tui.widgets.transcript_cursor import Target, TranscriptCursor
from hermes_tui.widgets.transcript_moves import READER, scroll_pages, to_prompt
from store import Message, SessionDB
from store.sqlite.connect import create

HEIGHT, WIDTH = 20, 80
WORDS = [
    f"{start}{end}" for start in ("al", "be", "co", "du", "en", "fo", "gu") for end in ("rim", "sta", "ten", "lor")
]


def prose(chance: random.Random, words: int) -> str:
    """So many words."""
    return " ".join(chance.choice(WORDS) for _ in range(words))


def answer(chance: random.Random, kilobytes: int = 1) -> str:
    """Markdown as an assistant writes it: prose, a list, code, a table."""
    parts: list[str] = []
    while sum(map(len, parts)) < kilobytes * 1024:
        parts += [
            f"## {prose(chance, 3)}",
            f"{prose(chance, 40)} **{prose(chance, 3)}** and `{prose(chance, 1)}`.",
            "\n".join(f"- {prose(chance, 9)}" for _ in range(3)),
            f"```python\ndef {prose(chance, 1)}(a):\n    return [a, '{prose(chance, 1)}']  # {prose(chance, 3)}\n```",
            "| store | build | note |\n| --- | ---: | --- |\n"
            + "\n".join(f"| {chance.choice(WORDS)} | {chance.random():.2f} | {prose(chance, 4)} |" for _ in range(3)),
        ]
    return "\n\n".join(parts)


def turn(chance: random.Random) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Role, content, calls and the call that is answered, of five messages."""
    yield "user", prose(chance, 20), None, None
    call_id = f"call_{chance.getrandbits(40):x}"
    arguments = json.dumps({"command": prose(chance, 6), "note": f"{prose(chance, 3)}\n{prose(chance, 3)}"})
    call = {"id": call_id, "type": "function", "function": {"name": "terminal", "arguments": arguments}}
    yield "assistant", "", json.dumps([call]), None
    output = "\n".join(prose(chance, 8) for _ in range(20))
    yield "tool", json.dumps({"output": output, "exit_code": int(chance.random() < 0.05)}), None, call_id
    yield "assistant", answer(chance), None, None


def fill(path: Path, messages: int) -> str:
    """A store with one session of so many messages; all texts, one message a paragraph."""
    create.create(path)
    connection, chance, texts, rows = apsw.Connection(str(path)), random.Random(7), [], 0
    with connection:
        for name, kind in connection.execute("SELECT name, type FROM sqlite_master WHERE sql LIKE '%fts%'").fetchall():
            if kind == "trigger" or str(name) in ("messages_fts", "messages_fts_trigram"):
                connection.execute(f"DROP {kind} {name}")
        connection.execute("INSERT INTO sessions (id, source, started_at) VALUES ('s', 'cli', 1.7e9)")
        columns = "session_id, role, content, tool_calls, tool_call_id, timestamp"
        sql = f"INSERT INTO messages ({columns}) VALUES ('s', ?, ?, ?, ?, ?)"
        while rows < messages:
            for role, content, calls, answered in turn(chance):
                text = content + (" heliotrope" if rows % 1000 == 500 else "")
                connection.execute(sql, (role, text, calls, answered, 1.7e9 + 60 * rows))
                texts.append(text + (calls or ""))
                rows += 1
    connection.close()
    return "\n".join(texts)


class Pane:
    """A transcript without a screen: bodies come as soon as they are wanted."""

    def __init__(self, read: Callable[[Sequence[int]], Sequence[Message]], sections: Sequence[Section]) -> None:
        self._read = read
        self.cursor = TranscriptCursor(now=lambda: datetime(2026, 7, 1, tzinfo=UTC))
        self.cursor.shape(WIDTH, HEIGHT, UNICODE)
        self.rail = Rail(self.cursor)
        for section in sections:
            self.cursor.layout.add(section)

    def screen(self) -> None:
        """Settle until everything on the screen is drawn."""
        layout = self.cursor.layout
        while True:
            self.cursor.settle()
            if all(map(layout.complete, {row.index for row in self.cursor.viewport.rows})):
                break
            for ids in layout.bodies.request(self.cursor.viewport.wanted()):
                layout.put(self._read(ids))

    def show(self) -> None:
        """The same with the surroundings that are read ahead, and the rail as far as one go brings it."""
        self.screen()
        for ids in self.cursor.layout.bodies.request(self.cursor.viewport.wanted()):
            self.cursor.layout.put(self._read(ids))
        self.rail.catch_up()
        for marks in self.rail.marks(range(HEIGHT)):
            if marks is not None:
                cell(marks, UNICODE)
        assert self.cursor.viewport.rows


def cpu(action: Callable[[], object]) -> float:
    """Milliseconds of CPU time that an action takes."""
    began = time.process_time()
    action()
    return (time.process_time() - began) * 1000


def row(*cells: object) -> None:
    """A row of a table."""
    print("|", " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells), "|", flush=True)


def spread(times: Sequence[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and the highest."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1]


def moves(pane: Pane) -> None:
    """What keys take in a long session."""

    def each(what: str, target: str, times: int, move: Callable[[], object]) -> None:
        def once() -> None:
            move()
            pane.show()

        row(what, *spread([cpu(once) for _ in range(times)]), target)

    chance, heads = random.Random(3), pane.cursor.layout.index.heads
    while pane.rail.behind:
        pane.rail.catch_up()
    gc.freeze()  # as the app does when its list has come
    each("page down, what was never drawn", "5", 300, lambda: scroll_pages(pane.cursor, 2))
    each("page up, what is drawn", "5", 100, lambda: scroll_pages(pane.cursor, -2))
    each("line down, what was never drawn", "5", 300, lambda: pane.cursor.scroll(1))
    each("next message", "50", 100, lambda: READER["next_message"](pane.cursor))
    each("next prompt", "50", 100, lambda: to_prompt(pane.cursor, 1))
    each("next seam or day", "50", 60, lambda: READER["next_seam"](pane.cursor))
    each("a time of the day, typed", "50", 20, lambda: _go_to_time(pane))
    each("jump to any message", "25", 200, lambda: pane.cursor.go_to(Target(chance.choice(heads).id)))
    each("end", "25", 1, pane.cursor.to_end)
    each("top", "25", 1, pane.cursor.to_top)
    each("all calls open", "50", 3, pane.cursor.fold_tools)


def _go_to_time(pane: Pane) -> None:
    heads, cursor = pane.cursor.layout.index.heads, pane.cursor
    place = destination("12:00", heads.times, cursor.bar, cursor.now(), hidden=cursor.layout.index.hidden).index
    cursor.go_to(Target(heads.ids[place or 0]))


def memory(pane: Pane) -> None:
    """Memory while paging through: after a tenth, after half, and after the whole."""
    sizes = []
    for _ in range(10):
        for _ in range(150):
            scroll_pages(pane.cursor, 2)
            pane.show()
        sizes.append(_resident())
    print(
        f"\nPaging through 1,500 pages: {sizes[0]:.1f} MB after 150 pages,"
        f" {sizes[4]:.1f} after 750, {sizes[-1]:.1f} at the end."
    )


def _resident() -> float:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def finds(db: SessionDB, ids: tuple[int, ...], text: str, folder: Path, rg: str) -> None:
    """Finds of the whole session beside ripgrep over the same text in one file: the first, and those after `/`, which
    reads the texts."""
    path, known = folder / "all.txt", FindTexts()
    path.write_text(text)
    ahead = cpu(lambda: list(read_ahead(Wanted(ids, Needle(""), texts=known), db, 1)))
    print(f"\n`/` reads the texts of the session in a thread, {ahead:.0f} ms, and keeps {known.n_bytes / 1e6:.0f} MB.")
    print("\n| find | matches | first match ms | whole ms | ripgrep ms | ratio |\n|---|---|---|---|---|---|")
    words = ("a", "alrim", "Alrim", "heliotrope", "nowhere at all")
    for what, texts, times in (("texts read by `/`", known, 3), ("nothing read before", None, 1)):
        for word in words:
            total, early, whole = min((_find(db, ids, word, texts) for _ in range(times)), key=lambda found: found[2])
            ripgrep = min(_children(rg, word, path) for _ in range(3))
            ratio = f"{whole / ripgrep:.1f}×" if ripgrep else "–"
            row(f"`{word}`, {what}", f"{total:,}", early or "–", whole, ripgrep, ratio)


def _find(db: SessionDB, ids: tuple[int, ...], words: str, texts: FindTexts | None) -> tuple[int, float, float]:
    """Matches, and milliseconds to the first and to all."""
    began, first, total = time.process_time(), 0.0, 0
    for answer_ in found(Wanted(ids, Needle(words), (range(len(ids)),), texts=texts or FindTexts()), db, 1):
        if isinstance(answer_, answers.FoundArrived):
            total += sum(count for _, count in answer_.matches)
            first = first or (1000 * (time.process_time() - began) if total else 0.0)
            if answer_.done:
                break
    return total, first, 1000 * (time.process_time() - began)


def _children(rg: str, words: str, path: Path) -> float:
    """Milliseconds that ripgrep takes to count all matches, of any case where no letter is a capital."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        subprocess.run([rg, "--count-matches", "-SF", words, str(path)], stdout=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return 0.0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def one_message(role: str, text: str) -> Pane:
    """A pane with one message."""
    message = Message(1, "s", role, text, timestamp=1.7e9)
    return Pane(lambda _: [message], [Section("s", (head_of(message),))])


def large() -> None:
    """Messages that no screen holds: first screen, unfolded, then line by line."""
    chance = random.Random(5)
    line = " ".join(chance.choice(WORDS) for _ in range(1_000_000 // 6))
    texts = {
        "100 KB of Markdown": ("assistant", answer(chance, 100)),
        "50 MB of prose": ("assistant", "\n".join([prose(chance, 12)] * 700_000)),
        "a line of 1 MB": ("assistant", line[:1_000_000]),
        "a tool's output of 100,000 lines": ("tool", json.dumps({"output": "\n".join(map(str, range(100_000)))})),
    }
    print("\n| one message | first screen ms | unfolded ms | a line down ms, median | highest |\n|---|---|---|---|---|")
    for name, (role, text) in texts.items():
        pane = one_message(role, text)
        first = cpu(pane.show)

        def unfolded(pane: Pane = pane) -> None:
            pane.cursor.fold()
            pane.show()

        def down(pane: Pane = pane) -> None:
            pane.cursor.scroll(1)
            pane.show()

        opened = cpu(unfolded)
        steps = spread([cpu(down) for _ in range(100)])
        row(name, first, opened, steps[0], steps[2])


async def _textual(text: str) -> float:
    from textual.app import App, ComposeResult
    from textual.widgets import Markdown

    class Shown(App[None]):
        def compose(self) -> ComposeResult:
            yield Markdown()

    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        began = time.process_time()
        await app.query_one(Markdown).update(text)
        await pilot.pause()
        return (time.process_time() - began) * 1000


def beside_textual() -> None:
    """The first screen of a long answer: ours, and Textual's own widget."""
    text = answer(random.Random(5), 100)
    ours = min(cpu(one_message("assistant", text).show) for _ in range(5))
    theirs = asyncio.run(_textual(text))
    print(
        f"\n100 KB of Markdown to its first screen: ours {ours:.1f} ms,"
        f" Textual's widget {theirs:,.0f} ms: {theirs / ours:,.0f}×."
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rg", default="rg")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        text = fill(folder / "state.db", options.messages)
        print(f"## Reader: one session of {options.messages:,} messages, {len(text) / 1e6:.0f} MB of text\n")
        with closing(SessionDB(folder / "state.db", read_only=True)) as db:
            pane = openings(db)
            print("| key | median ms | 99 % ms | highest ms | target |\n|---|---|---|---|---|")
            moves(pane)
            pane.cursor.to_top()
            memory(pane)
            finds(db, tuple(pane.cursor.layout.index.heads.ids), text, folder, options.rg)
        large()
        beside_textual()


def openings(db: SessionDB) -> Pane:
    """A session that is opened: its first screen, then all of it."""
    listed = db.session("s")
    assert listed is not None
    one_message("assistant", answer(random.Random(3))).show()  # what is imported on first use
    panes: list[Pane] = []

    def opened() -> None:
        early = next(questions.opened(db, 1, listed, None))
        assert isinstance(early, answers.SectionArrived)
        panes.append(Pane(db.messages, [Section(early.session_id, early.heads)]))
        panes[-1].screen()

    first = spread([cpu(opened) for _ in range(20)])
    pane, pages = Pane(db.messages, ()), [0.0]
    pane.cursor.layout.add(Section("s", ()))

    def whole() -> None:
        arrived = (
            piece for piece in questions.opened(db, 1, listed, None) if isinstance(piece, answers.SectionArrived)
        )
        pages.extend(cpu(partial(pane.cursor.layout.extend, piece.heads)) for piece in arrived)

    print(
        f"First screen from the key on: {first[0]:.1f} ms, at most {first[2]:.1f} (target 5). All heads: read and"
        f" taken in {cpu(whole):.0f} ms, of which the loop has {sum(pages):.0f}, at most {max(pages):.1f} at a time.\n"
    )
    return pane


if __name__ == "__main__":
    main()
