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
        "        state = foreign_handle_guard.identity(path) or ()\n        try:",
        '        path.open("rb").close()\n        state = foreign_handle_guard.identity(path) or ()\n        try:',
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
        "        if foreign:\n",
        "        if not descriptors:\n",
        ("tests/store/sqlite/base/test_foreign_handle_guard.py",),
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
        "        if gone or foreign_handle_guard.identity(self.path) != self._file:\n",
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
        "a lock that outlives its call",
        "store/base/owned_lock.py",
        "        return True\n    return False\n",
        "        return True\n    return True\n",
        ("tests/store/base/test_owned_lock.py",),
    ),
    Mutant(
        "a transaction that outlives its call",
        "store/sqlite/connect/writer.py",
        "        return map(weakref.proxy, lent)\n",
        "        return iter(lent)\n",
        ("tests/store/sqlite/connect/test_writer.py",),
    ),
    Mutant(
        "a place in the queue that never ages",
        "store/sqlite/connect/writer_queue.py",
        "oldest = max(0, int((self._clock() - LONGEST) * _MICROSECONDS))",
        "oldest = 0",
        ("tests/store/sqlite/connect/test_writer_queue.py",),
    ),
    Mutant(
        "an opening that is forgotten",
        "store/sqlite/base/foreign_handle_guard.py",
        "    if len(left) == 1:\n        _known",
        "    if len(left) == 0:\n        _known",
        ("tests/store/sqlite/base/test_foreign_handle_guard.py",),
    ),
    Mutant(
        "a row of any size",
        "store/formats/row_encoding.py",
        "    if n_bytes > MAX_ROW:\n",
        "    if n_bytes < 0:\n",
        ("tests/store/formats/test_row_encoding.py",),
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
