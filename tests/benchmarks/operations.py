"""Operations of the ledger: what a user does, beside the bare work that it cannot do without, or a peer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw

from store import Cancel, SessionDB
from tests.benchmarks import peers
from tests.benchmarks.ledger import Program, Row

ROOT = Path(__file__).parents[2]
WORD = "heliotrope"
"""A word of one message in a thousand."""
ABSENT = "qwertzuiop"
"""A word of none."""
LIST = (
    "SELECT sessions.id, source, title, model, started_at, ended_at, parent_session_id, archived, counted.rows,"
    " (SELECT timestamp FROM messages WHERE id = counted.last), (SELECT substr(content, 1, 200) FROM messages"
    " WHERE session_id = sessions.id AND role = 'user' ORDER BY id LIMIT 1) FROM sessions LEFT JOIN"
    " (SELECT session_id, count(*) AS rows, max(id) AS last FROM messages GROUP BY session_id) AS counted"
    " ON counted.session_id = sessions.id ORDER BY started_at DESC"
)
STARTS = (
    "nearly all of it is the start: modules, and the classes and patterns that they make; the search itself is a small"
    " part"
)
STARTED = "most of it is the start of the program, as in the row of `search`"
LISTS = (
    "of each session also the messages that `show` prints, families, the state of the last message, and values and safe"
    " text made of them, which the bare statement leaves out"
)
COPIES = (
    "agentsview copies every message into a database of its own before it can search, and knows other agents' sessions"
    " as well; ours searches by the index that Hermes keeps"
)
_PROGRAM = "from hermes_tui.__main__ import program; program()"
"""What the installed command does."""
APPENDS = 600
_APPEND = f"""
import importlib, random, sys, tempfile
from pathlib import Path
with tempfile.TemporaryDirectory() as folder:
    database = importlib.import_module(sys.argv[1]).SessionDB(Path(folder) / "state.db")
    database.create_session("s", "cli")
    words = random.Random(7)
    for number in range({APPENDS}):
        text = " ".join(words.choices(("the", "docker", "needle", "of", "error", "and", "deploy"), k=150))
        database.append_message("s", "user", text)
    database.close()
"""
SHOW = "SELECT * FROM messages WHERE session_id = ? ORDER BY id"


def write_files(folder: Path) -> None:
    """A JSONL file for each session of a store, with the same messages."""
    sessions = folder / "sessions"
    if sessions.exists():
        return
    sessions.mkdir()
    connection = apsw.Connection(str(folder / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    for (session_id,) in connection.execute("SELECT id FROM sessions").fetchall():
        rows = connection.execute(
            "SELECT role, content, tool_calls, tool_name, tool_call_id, timestamp FROM messages"
            " WHERE session_id = ? ORDER BY id",
            (session_id,),
        ).fetchall()
        lines = [json.dumps(_record(row), ensure_ascii=False) for row in rows]
        (sessions / f"{session_id}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    connection.close()


def _record(row: tuple[Any, ...]) -> object:
    """A row as its line."""
    role, content, calls, tool, call, when = row
    record: dict[str, object] = {"role": role, "content": content}
    record |= {"tool_calls": json.loads(calls)} if calls else {}
    record |= {"tool_name": tool, "tool_call_id": call} if tool else {}
    return record | {"timestamp": datetime.fromtimestamp(when, UTC).replace(tzinfo=None).isoformat()}


class Operations:
    """The rows of one home.

    Args:
        folder: Made by `benchmarks.homes`.
        cache: Folder of the program's caches.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder, self._cache = folder, cache
        self._deepest = "2026000000"

    def growing(self) -> Iterator[Row]:
        """The rows that are measured in smaller homes as well."""
        bare = self._python("-c", "pass")
        yield Row("`search` a word", self._verb("search", WORD), "bare Python", bare, 8, STARTS)
        yield Row("`list`", self._verb("list"), "bare statement, printed", self._printed(LIST), 2.5, LISTS)

    def rows(self, files: Path, few: Path) -> Iterator[Row]:
        """Every other row; a peer that is missing is said in it.

        Args:
            files: A home with JSONL files equal to its store, as `write_files` makes them.
            few: A home of some hundred sessions.
        """
        python = self._python
        yield Row("`import store`", python("-c", "import store"), "bare Python", python("-c", "pass"), 5)
        printed = self._printed(LIST)
        yield Row("`list --json`", self._verb("list", "--json"), "bare statement, printed", printed, 2.5, LISTS)
        shown = self._printed(SHOW, self._deepest)
        show = self._verb("show", self._deepest, "--json")
        yield Row("`show --json`", show, "bare statement, printed", shown, 3, STARTED)
        self._remember(files)
        number, cache = len(os.listdir(files / "sessions")), self._cache
        name = f"`search` in {number:,} equal JSONL files"
        yield self._ripgrep(f"{name}, first run", files, 10, cache=cache / "empty")
        yield self._ripgrep(f"{name}, verdicts remembered", files, 2, cache=cache / "filled")
        yield from self._flat()
        yield self._appends()
        yield self._agentsview(few)

    def _flat(self) -> Iterator[Row]:
        """Questions that must not grow with the store: each at most 50 ms of CPU time, in a store that is open."""
        database = SessionDB(self._folder / "state.db", read_only=True)
        filters = ("is:live", *(f"{key}:nosuch the" for key in ("source", "model", "title", "tool")))
        for query in (*filters, "role:system the", "after:2099-01-01 the", "大别山", ABSENT, WORD):
            yield Row(f"search `{query}` to its end", partial(_searched, database, query), "", None, 1, most=50)
        yield Row("numbers of sessions that are left out", database.scope, "", None, 1, most=50)
        yield Row("sessions by a part of an id", lambda: database.named("20260000", limit=10), "", None, 1, most=50)

    def _appends(self) -> Row:
        """As many appends in a program of ours and of the peer, each in a new file."""
        ours, name = self._python("-c", _APPEND, "store"), f"{APPENDS:,} appends, with the start of the program"
        if (python := peers.hermes()) is None:
            return Row(name, ours, peers.missing(peers.HERMES), None, 1)
        theirs = Program([python, "-c", _APPEND, "hermes_state"], ours.environ)
        return Row(name, ours, peers.HERMES, theirs, 1, "both with `synchronous = FULL`")

    def _agentsview(self, home: Path) -> Row:
        """A word in a home that was never read."""
        ours, name = self._verb("search", WORD, home=home), "`search` in 200 sessions, from nothing to the first hits"
        if (program := peers.agentsview()) is None:
            return Row(name, ours, peers.missing(peers.AGENTSVIEW), None, 1)
        return Row(name, ours, "the sync of agentsview", partial(_synced, program, home), 1, COPIES)

    def _remember(self, files: Path) -> None:
        """Compare all sessions once, as the screen does behind its first picture."""
        database = SessionDB(files / "state.db", read_only=True, cache_dir=self._cache / "filled" / "hermes-tui")
        for _ in database.survey(cancel=Cancel()):
            pass
        database.close()

    def _python(self, *arguments: str, cache: Path | None = None) -> Program:
        environ = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache or self._cache / "empty")}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        return Program([sys.executable, *arguments], environ)

    def _verb(self, *arguments: str, cache: Path | None = None, home: Path | None = None) -> Program:
        return self._python("-c", _PROGRAM, "--home", str(home or self._folder), *arguments, cache=cache)

    def _printed(self, sql: str, *bindings: str) -> Program:
        code = (
            "import apsw, json, sys\n"
            "connection = apsw.Connection(sys.argv[1], flags=apsw.SQLITE_OPEN_READONLY)\n"
            "for row in connection.execute(sys.argv[2], sys.argv[3:]): print(json.dumps(row))"
        )
        return self._python("-c", code, str(self._folder / "state.db"), sql, *bindings)

    def _ripgrep(self, name: str, files: Path, limit: float, *, cache: Path) -> Row:
        ours = self._verb("search", ABSENT, cache=cache, home=files)
        if (found := peers.ripgrep()) is None:
            return Row(name, ours, peers.missing(peers.RIPGREP), None, limit)
        note = "ripgrep looks at bytes alone; ours also asks the store, and finds words across escapes"
        folder = str(files / "sessions")
        there = self._python("-c", f"import subprocess; subprocess.run([{found!r}, '-c', {ABSENT!r}, {folder!r}])")
        return Row(name, ours, "ripgrep, started from Python", there, limit, note)


def _synced(program: str, home: Path) -> None:
    """Have agentsview read a home, with a home folder of its own."""
    with TemporaryDirectory() as folder:
        (Path(folder) / ".hermes").symlink_to(home)
        environ = os.environ | {"HOME": folder, "AGENTSVIEW_NO_DAEMON": "1"}
        subprocess.run([program, "sync"], env=environ, capture_output=True, check=True)


def _searched(database: SessionDB, query: str) -> int:
    """The number of all hits."""
    return sum(len(batch.hits) for batch in database.search(query, limit=1 << 20))
