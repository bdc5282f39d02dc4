"""The guards, each taken away in a copy of the source, and the tests that have to notice.

A zero without its caught mutant proves nothing (docs/reliability.md §8).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard less."""

    name: str
    file: str
    guard: str
    """The code that stands for it, once in the file."""
    instead: str
    tests: tuple[str, ...]
    """What has to fail."""


TORTURE = "tests/torture/test_torture.py"

MUTANTS = (
    Mutant(
        "NORMAL instead of FULL",
        "store/sqlite/connect/writer.py",
        'connection.execute("PRAGMA synchronous = FULL")',
        'connection.execute("PRAGMA synchronous = NORMAL")',
        (f"{TORTURE}::test_lost_power_costs_nothing_that_was_acknowledged",),
    ),
    Mutant(
        "acknowledged before COMMIT",
        "store/sqlite/connect/writer.py",
        'self._backoff.retry_until(lambda: connection.execute("COMMIT"), deadline)',
        "_quietly(connection)",
        (f"{TORTURE}::test_every_operation_that_fails_is_told_and_costs_nothing",),
    ),
    Mutant(
        "two transactions in a turn",
        "store/sqlite/rows/message_writes.py",
        "    session_writes.count(connection, session_id, messages=len(rows)",
        '    connection.execute("COMMIT; BEGIN IMMEDIATE")\n'
        "    session_writes.count(connection, session_id, messages=len(rows)",
        (f"{TORTURE}::test_every_operation_that_fails_is_told_and_costs_nothing",),
    ),
    Mutant(
        "two transactions in a step of a repair",
        "store/sqlite/repair/steps.py",
        "    session_writes.count(connection, header.session_id, messages=inserted, calls=done.calls)\n",
        '    connection.execute("COMMIT; BEGIN IMMEDIATE")\n'
        "    session_writes.count(connection, header.session_id, messages=inserted, calls=done.calls)\n",
        (f"{TORTURE}::test_every_operation_that_fails_is_told_and_costs_nothing",),
    ),
    Mutant(
        "a key that stands for anything",
        "store/sqlite/rows/message_writes.py",
        "        if done.digest not in (None, digest):\n",
        "        if not done.rows:\n",
        ("tests/store/agent/test_keyed_append.py",),
    ),
    Mutant(
        "a key that is not kept",
        "store/sqlite/rows/message_writes.py",
        "    append_keys.record(connection, session_id, key, KeyedAppend(tuple(ids), digest), now)\n",
        "",
        (f"{TORTURE}::test_every_operation_that_fails_is_told_and_costs_nothing",),
    ),
    Mutant(
        "integrity_check alone",
        "store/sqlite/health.py",
        "intact = _agrees(connection, layout, table, kind)\n        if not intact",
        "intact = True\n        if not intact",
        ("tests/store/health/test_doctor.py",),
    ),
    Mutant(
        "a raw open of the store",
        "store/sqlite/connect/read_open.py",
        "        state = descriptors.identity(path) or ()\n        try:",
        '        path.open("rb").close()\n        state = descriptors.identity(path) or ()\n        try:',
        (f"{TORTURE}::test_no_verb_drops_a_lock",),
    ),
    Mutant(
        "the standard library's SQLite beside apsw",
        "store/home_store.py",
        "from pathlib import Path\n",
        "import sqlite3\nfrom pathlib import Path\n",
        ("tests/test_architecture.py::test_nothing_imports_the_standard_sqlite",),
    ),
    Mutant(
        "no look for a foreign handle",
        "store/sqlite/base/foreign_handle_guard.py",
        "    if foreign:\n",
        "    if not path:\n",
        ("tests/store/sqlite/base/test_foreign_handle_guard.py",),
    ),
    Mutant(
        "a look that failed found nothing",
        "store/sqlite/base/descriptors.py",
        "        return range(max(_limit(), _highest + 1))\n",
        "        return ()\n",
        ("tests/store/sqlite/base/test_descriptors.py",),
    ),
    Mutant(
        "no look for a stranger at a transaction",
        "store/sqlite/base/foreign_handle_guard.py",
        "        if self._events is None or self._events.may_have_opened():\n",
        "        if self._lost:\n",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "no look at the locks at a transaction",
        "store/sqlite/base/foreign_handle_guard.py",
        "            self._refuse_foreign()\n        self.check_locks()\n",
        "            self._refuse_foreign()\n",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "the locks before the descriptors",
        "store/sqlite/base/foreign_handle_guard.py",
        "        if self._events is None or self._events.may_have_opened():\n"
        "            self._refuse_foreign()\n"
        "        self.check_locks()\n",
        "        self.check_locks()\n"
        "        if self._events is None or self._events.may_have_opened():\n"
        "            self._refuse_foreign()\n",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "no look at the locks at a borrow",
        "store/sqlite/connect/reader.py",
        "            opened.check_locks()\n",
        "            opened.current  # noqa: B018\n",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "no look at the locks before COMMIT",
        "store/sqlite/connect/writer.py",
        "            handle.watch.check_write_lock(wal=wal)\n",
        "",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "no look between COMMIT and the acknowledgement",
        "store/sqlite/connect/writer.py",
        "        handle.check(written=True)\n",
        "        handle.check_in_place()\n",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "opens that are not reported did not happen",
        "store/sqlite/base/open_events.py",
        "            return not self.works or time",
        "            return time",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "a connection without locks stays open",
        "store/sqlite/base/foreign_handle_guard.py",
        "            owner.close_idle(watch)\n",
        "            del owner\n",
        ("tests/store/sqlite/test_strangers.py",),
    ),
    Mutant(
        "a handle of the parent's in a child",
        "store/sqlite/base/handle_owners.py",
        "        return self._pid != os.getpid()\n",
        "        return not self._pid\n",
        ("tests/store/sqlite/test_forks.py",),
    ),
    Mutant(
        "idle connections stay open at a fork",
        "store/sqlite/base/foreign_handle_guard.py",
        "            owner.close_idle()\n",
        "            del owner\n",
        ("tests/store/sqlite/test_forks.py",),
    ),
    Mutant(
        "a new handle beside an inherited connection",
        "store/sqlite/base/handle_owners.py",
        "    if file in _inherited:\n",
        "    if not file:\n",
        ("tests/store/sqlite/test_forks.py",),
    ),
    Mutant(
        "an inherited connection is closed",
        "store/sqlite/base/handle_owners.py",
        "    for connection in kept:\n"
        "        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))\n"
        "    _inherited[file] = kept\n",
        "    del ctypes\n    _inherited[file] = ()\n",
        ("tests/store/sqlite/test_forks.py",),
    ),
    Mutant(
        "a file with two names is written",
        "store/sqlite/base/filesystems.py",
        "    if links > 1:\n",
        "    if links < 1:\n",
        ("tests/store/sqlite/base/test_filesystems.py", "tests/store/health/test_doctor.py"),
    ),
    Mutant(
        "a file that got a second name is written on",
        "store/sqlite/connect/writer.py",
        "            filesystems.refuse_second_name(self.path)\n",
        "            return\n",
        ("tests/store/sqlite/base/test_filesystems.py",),
    ),
    Mutant(
        "an open file is opened by another name",
        "store/sqlite/base/foreign_handle_guard.py",
        "        if os.path.realpath(path) != self._name:\n",
        "        if not self._name:\n",
        ("tests/store/sqlite/base/test_filesystems.py",),
    ),
    Mutant(
        "each name of a store is another store",
        "store/profiles/browser.py",
        "ProfilesBrowser(distinct(Home(home.root).profiles()), cache",
        "ProfilesBrowser(Home(home.root).profiles(), cache",
        ("tests/store/profiles/test_browser.py",),
    ),
    Mutant(
        "the longer list is the truth",
        "store/formats/alignment.py",
        "    while common < shortest and stored[common] == held[common]:\n        common += 1\n",
        "    common = shortest\n    if stored:\n        return common\n",
        ("tests/store/formats/test_alignment.py", "tests/store/agent/test_recorder.py"),
    ),
    Mutant(
        "a union without the gate for what was undone",
        "store/formats/alignment.py",
        "    present = _taken_back(alignment, jsonl, sqlite)\n",
        "    present: frozenset[int] = frozenset()\n",
        ("tests/store/formats/test_alignment.py", "tests/store/drift/test_verdict.py"),
    ),
    Mutant(
        "a field past the sanitiser",
        "hermes_tui/cli/show.py",
        'output.line(safe(f"{message.role}{name}',
        'output.line(SafeText(f"{message.role}{name}',
        ("tests/hermes_tui/test_pty.py::test_no_verb_prints_a_control_character_of_the_store",),
    ),
    Mutant(
        "text to a stock widget",
        "hermes_tui/widgets/banner.py",
        "from hermes_tui.widgets.bar import Bar\n",
        "from textual.widgets import Static\n\nfrom hermes_tui.widgets.bar import Bar\n",
        ("tests/test_architecture.py::test_no_stock_widget_that_reads_markup_is_given_text_of_the_store",),
    ),
    Mutant(
        "no look at what lies at the path",
        "store/sqlite/connect/writer.py",
        "        if gone or descriptors.identity(self.path) != self._file:\n",
        "        if False and gone:\n",
        ("tests/store/files/test_outbox.py",),
    ),
    Mutant(
        "no look at the mount",
        "store/sqlite/base/filesystems.py",
        "    if mount is not None and mount.trouble:\n        raise",
        "    if mount is not None and not mount.kind:\n        raise",
        ("tests/store/sqlite/base/test_filesystems.py",),
    ),
    Mutant(
        "a damaged index fails an append",
        "store/sqlite/connect/writer.py",
        "            if not error_mapping.is_index_error(error):\n",
        "            if error:\n",
        ("tests/store/sqlite/test_damaged_index.py",),
    ),
)

_QUIETLY = """

def _quietly(connection: apsw.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except apsw.Error:
        pass
"""


def survives(mutant: Mutant, *, python: str = sys.executable) -> str | None:
    """What stands against the guards: None where the mutant is caught, else what its tests said."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        root = Path(folder) / "source"
        for name in ("store", "hermes_tui", "tests", "screenshots", "docs"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", root)
        apply(mutant, root)
        command = [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests]
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return None if done.returncode == 1 else f"exit code {done.returncode}: {done.stdout[-500:]}"


def apply(mutant: Mutant, root: Path) -> None:
    """Take the guard away in the source at `root`."""
    file = root / mutant.file
    text = file.read_text()
    assert text.count(mutant.guard) == 1, f"{mutant.name}: the guard is not once in {mutant.file}"
    text = text.replace(mutant.guard, mutant.instead)
    file.write_text(text + (_QUIETLY if "_quietly" in mutant.instead else ""))
