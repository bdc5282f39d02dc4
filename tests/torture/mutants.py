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
HISTORY = (
    "tests/torture/history/test_history.py"
    "::test_no_repair_of_a_known_conversation_loses_doubles_revives_or_misplaces_a_message"
)
ORDER = "tests/store/formats/test_turn_order.py"
COMPARISON = "tests/store/formats/test_comparison.py"

MUTANTS = (
    Mutant(
        "NORMAL instead of FULL",
        "store/sqlite/connect/writer_handle.py",
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
        "        state = descriptors.identity(path) or ()\n        if",
        '        path.open("rb").close()\n        state = descriptors.identity(path) or ()\n        if',
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
        "        if events is None or events.may_have_opened():\n            self._refuse",
        "        if self._lost:\n            self._refuse",
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
        "        if events is None or events.may_have_opened():\n"
        "            self._refuse_foreign()\n"
        "        self.check_locks()\n",
        "        self.check_locks()\n"
        "        if events is None or events.may_have_opened():\n"
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
        "        handle.watch.check_write_lock(wal=wal)\n",
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
        "store/sqlite/connect/writer_handle.py",
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
        "store/profiles/opening.py",
        "else distinct(Home(home.root).profiles())",
        "else Home(home.root).profiles()",
        ("tests/store/profiles/test_browser.py",),
    ),
    Mutant(
        "a list that continues the last one is compared by text",
        "store/formats/continuation.py",
        "        return list(range(len(base), len(held)))\n    shared",
        "        return [place for place in range(len(base), len(held)) if held[place] not in base]\n    shared",
        ("tests/store/formats/test_continuation.py",),
    ),
    Mutant(
        "the last place of a seam",
        "store/formats/continuation.py",
        "    return shared.index(length)\n",
        "    return len(shared) - 1 - shared[::-1].index(length)\n",
        ("tests/store/formats/test_continuation.py",),
    ),
    Mutant(
        "a summary before the seam is left out",
        "store/formats/continuation.py",
        "    return [*before, *range(end, len(held))]\n",
        "    return [*range(end, len(held))]\n",
        (
            "tests/store/formats/test_continuation.py",
            "tests/store/agent/test_recorder_writers.py",
        ),
    ),
    Mutant(
        "a seam inside the common beginning",
        "store/formats/continuation.py",
        "    if end <= common:\n",
        "    if not end:\n",
        ("tests/store/formats/test_continuation.py",),
    ),
    Mutant(
        "rows of other named writers are anybody's",
        "store/agent/stored_base.py",
        "        return call is None or call.author.writer is None or author.wrote(call)\n",
        "        return True\n",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "the list that was handed over last is not known again",
        "store/agent/call_writer.py",
        "        if known is not None:\n",
        "        if known == -1:\n",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "own rows are no base",
        "store/agent/stored_base.py",
        "        bases = self._own(author), [row",
        "        bases = [], [row",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "a recorder's call without its key",
        "store/agent/call_writer.py",
        "                tx.append_once(self._id, said, key=turn.key, now=now)\n",
        "                tx.append(self._id, said)\n",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "a replay that does not look for a new start",
        "store/agent/call_writer.py",
        "        if continuation.contains(later, [entry.identity for entry in turn.entries]):\n",
        "        if later is None:\n",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "a turn under a lock in memory alone",
        "store/agent/recorder.py",
        "            self._spool(error)\n            if problems",
        "            if problems",
        ("tests/store/files/test_outbox.py",),
    ),
    Mutant(
        "a bad message stops the others",
        "store/agent/recorder_calls.py",
        "        call = _call(storable(held), base, author, number)\n",
        "        call = _call(held, base, author, number)\n",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "a first list compared without looking for writes in between",
        "store/agent/call_writer.py",
        "            if turn.expected is not None and tx.append_after(",
        "            if turn.history and tx.append_after(",
        ("tests/store/agent/test_recorder.py",),
    ),
    Mutant(
        "every message of a list is looked at again",
        "store/agent/held_messages.py",
        "        if old is not None and _is_same(old.message, message):\n",
        "        if old is not None and old.problem and _is_same(old.message, message):\n",
        ("tests/store/agent/test_recorder_writers.py",),
    ),
    Mutant(
        "undone rows are known",
        "store/agent/call_writer.py",
        "        base = stored.without_undone(identities(call.base), self._author)\n",
        "        base = identities(call.base)\n",
        ("tests/store/agent/test_recorder.py",),
    ),
    Mutant(
        "a union without the gate for what was undone",
        "store/formats/matching.py",
        "        if free.get(key):\n",
        "        if free.get(key) and rows[free[key][-1]].active:\n",
        ("tests/store/formats/test_alignment.py", "tests/store/drift/test_verdict.py"),
    ),
    Mutant(
        "clocks that agree although a certain message contradicts them",
        "store/formats/clocks.py",
        "        if time is None or not after - _JITTER < time <= until:\n",
        "        if time is None:\n",
        (ORDER,),
    ),
    Mutant(
        "times of rows that were written again in one go",
        "store/formats/clocks.py",
        '    return apart >= (least if after.role == "user" or answered else -_JITTER)\n',
        "    return apart >= min(-_JITTER, least)\n",
        (ORDER,),
    ),
    Mutant(
        "time that orders inside a turn",
        "store/formats/clocks.py",
        "        turn = self.turns[line]\n        after =",
        "        turn = self.turns[line] + 1 - int(self.turns[line] + 1 == len(self.ends))\n        after =",
        (HISTORY,),
    ),
    Mutant(
        "a result anywhere",
        "store/formats/turn_order.py",
        '    if message.role == "tool":\n        return last is not None and',
        '    if message.role == "tool":\n        return True or last is not None and',
        (COMPARISON,),
    ),
    Mutant(
        "an answer before its question",
        "store/formats/turn_order.py",
        'return last is not None and (last.role in ("user", "tool") or bool(last.calls))',
        'return last is None or last.role != "user"',
        (HISTORY,),
    ),
    Mutant(
        "an answer to a question of another turn",
        "store/formats/turn_order.py",
        "    if turn is None or own is None or turn.turn < own.turn:\n",
        "    if turn is None or own is None:\n",
        (HISTORY,),
    ),
    Mutant(
        "a conversation that cannot begin with an answer",
        "store/formats/turn_order.py",
        "    known = own is not None and (turn is not None or last is None)\n",
        "    known = own is not None and turn is not None\n",
        (ORDER,),
    ),
    Mutant(
        "a conversation that cannot end with a question",
        "store/formats/turn_order.py",
        "spoken, turns.after or _END, turn)",
        "spoken, turns.after, turn)",
        (ORDER,),
    ),
    Mutant(
        "rows of one turn, whatever turns the file lacks",
        "store/formats/turn_order.py",
        "    return None if turn.turn > own.turn or (turn.certain and own.certain) else apart\n",
        "    return None\n",
        (ORDER,),
    ),
    Mutant(
        "structure that the estimated length of a turn overrules",
        "store/formats/turn_order.py",
        "(len(others) == 1 and others != found)",
        "not free",
        (ORDER,),
    ),
    Mutant(
        "the end of a turn that is as doubtful as the next one's",
        "store/formats/clocks.py",
        "self._slack(turn - 1) if turn else",
        "self._slack(turn) if turn else",
        (ORDER,),
    ),
    Mutant(
        "a late row that is of the next turn",
        "store/formats/matching.py",
        "clocks.is_settled(turn) and clocks.is_clear(time)",
        "clocks.is_settled(turn)",
        (ORDER,),
    ),
    Mutant(
        "rows that were written in two ways",
        "store/formats/clocks.py",
        "    return len(together) < 2 and all(",
        "    return all(",
        (ORDER,),
    ),
    Mutant(
        "a file whose times fall",
        "store/formats/clocks.py",
        "    if any(after < before - _SWITCHES[-1] - _JITTER for before, after in pairwise(found)):\n",
        "    if found[0] < 0:\n",
        (ORDER,),
    ),
    Mutant(
        "an answer and the next turn in one go",
        "store/formats/clocks.py",
        '    return apart >= (least if after.role == "user" or answered else -_JITTER)\n',
        '    return apart >= (least if after.role == "user" or (answered and not apart) else -_JITTER)\n',
        (ORDER,),
    ),
    Mutant(
        "a turn that is ended by an answer from before its end",
        "store/formats/turn_order.py",
        "    return found[0] if clocks is None or _ends_in_time(between, clocks, found[0]) else None\n",
        "    return found[0]\n",
        (ORDER,),
    ),
    Mutant(
        "the order with the fewest losses",
        "store/formats/turn_order.py",
        "        if other is None or (other.lacking and not self.lacking):\n",
        "        if other is None or other.lacking > self.lacking:\n",
        (ORDER,),
    ),
    Mutant(
        "one id for two messages",
        "store/formats/matching.py",
        "        left[place] = left[place] if twin is None else twin\n",
        "        left[place] = left[place] if twin is None or place else twin\n",
        (HISTORY,),
    ),
    Mutant(
        "an edited message beside the original",
        "store/formats/comparison.py",
        "            twins += new\n",
        "            twins += new[:0]\n",
        (HISTORY,),
    ),
    Mutant(
        "repeated words paired in any turn",
        "store/formats/matching.py",
        "pair for pair in pairs if clocks is None or clocks.admits(pair[0], rows[pair[1]]))",
        "pair for pair in pairs)",
        (COMPARISON,),
    ),
    Mutant(
        "order by repeated words",
        "store/formats/comparison.py",
        "                cloudy.update(run)\n",
        "                cloudy.update(run[:0])\n",
        (COMPARISON,),
    ),
    Mutant(
        "results without their call",
        "store/formats/comparison.py",
        "            return frozenset(left_out.difference(refused))\n",
        "            return frozenset()\n",
        (COMPARISON,),
    ),
    Mutant(
        "a text in another place as a second message",
        "store/formats/matching.py",
        "(free if clocks is None or key in shared or not",
        "(free if clocks is None or not",
        (HISTORY,),
    ),
    Mutant(
        "an edited message or a lost one, as it comes",
        "store/formats/comparison.py",
        "                edits.unlike.update(lefts)\n",
        "                edits.unlike.update(lefts[:0])\n",
        ("tests/store/formats/test_comparison.py",),
    ),
    Mutant(
        "an edited form behind a short text inserted",
        "store/formats/comparison.py",
        "    edits.doubtful |= _beyond_short(",
        "    edits.doubtful &= _beyond_short(",
        ("tests/store/formats/test_comparison.py",),
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
        "store/sqlite/connect/writer_handle.py",
        "        return descriptors.identity(self._name) != self._file\n",
        "        return False\n",
        ("tests/store/sqlite/connect/test_append_looks.py",),
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
        "store/sqlite/connect/writer_handle.py",
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
        "descriptors that an exception closed are looked at",
        "store/sqlite/base/foreign_handle_guard.py",
        "        return descriptors.on(self._file, _known.get(self._file, ()))\n",
        "        return _known.get(self._file, set())\n",
        ("tests/store/sqlite/base/test_foreign_handle_guard.py",),
    ),
    Mutant(
        "a connection is opened while a fork is on its way",
        "store/sqlite/base/foreign_handle_guard.py",
        "    _forking.append(True)\n",
        "    _forking.clear()\n",
        ("tests/store/sqlite/test_forks.py",),
    ),
    Mutant(
        "a child waits for a writer of its parent",
        "store/sqlite/connect/writer.py",
        "_turns.setdefault((os.getpid(), ",
        "_turns.setdefault((0, ",
        ("tests/store/sqlite/test_forks.py",),
    ),
    Mutant(
        "an error of the caller's class is no ValueError",
        "store/formats/row_encoding.py",
        "    except Exception as error:  # of a class of the caller's, or a message that is no dict\n",
        "    except AssertionError as error:\n",
        ("tests/store/formats/test_row_encoding.py",),
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
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HISTORY_SESSIONS": "4000"},
            capture_output=True,
            text=True,
            timeout=1200,
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
