"""How a state.db is: every check looks and changes nothing, and none keeps a writer waiting.

Coverage of the indexes is counted in pages of ids, each a critical section.
Integrity is checked on a copy in a private folder, made by the backup API: `integrity_check` does not see a broken
full-text index, and FTS5's own check needs to write (docs/reliability.md S5, docs/format.md §2.4).
"""

from __future__ import annotations

import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from ..base import errors
from ..base.cancel import Cancel
from ..base.models import Finding
from .base import cell_values, error_mapping, filesystems
from .base.schema_probe import FTS, NEWEST_KNOWN, TRIGRAM, Layout
from .connect import lock_holders, read_open, trigger_stand_ins
from .connect.reader import Reader
from .journal.append_keys import TABLE as OPERATIONS

LARGEST_WAL = 64 * 1024 * 1024
"""Bytes of a WAL above which something keeps it from being reset."""

_PAGE = 20_000
"""Ids whose coverage one critical section counts."""
_STEP = 256
"""Pages that are copied under one lock in DELETE mode."""
_LONGEST_COPY = 60.0
_UNFINISHED = ("running", "undoing")
REBUILD = "start Hermes to rebuild it"


def library() -> Finding:
    """The SQLite that reads and writes here."""
    return Finding("sqlite", True, f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}")


def mount(path: Path) -> Finding:
    """What the file lies on."""
    found = filesystems.mount_of(path)
    if found is None:
        return Finding("mount", None, "this system does not tell what the file lies on")
    where = f"{found.kind} at {found.point}"
    if found.trouble:
        told = f"{path} {found.trouble} ({where}): it is read and never written"
        return Finding("mount", False, told, "move the Hermes home to a disk of this machine")
    return Finding("mount", True, where)


def permissions(path: Path) -> Finding:
    """Who else may read the conversations."""
    if not path.exists():
        raise error_mapping.unopenable(path)
    private = not path.parent.stat().st_mode & 0o077
    modes = {one: stat.S_IMODE(one.stat().st_mode) for one in (path, *_beside(path))}
    told = ", ".join(f"{one.name} {mode:04o}" for one, mode in modes.items())
    if not private and any(mode & 0o077 for mode in modes.values()):
        return Finding(
            "permissions", False, f"others may read this: {told}", f"chmod 700 {shlex.quote(str(path.parent))}"
        )
    return Finding("permissions", True, told)


def journal(reader: Reader) -> Finding:
    """How writes are made safe."""
    mode = reader.layout.journal_mode
    if mode not in ("wal", "delete"):
        return Finding("journal", False, f"{mode}: a killed program can damage the file", "open it once with Hermes")
    blocks = "" if mode == "wal" else ": readers and writers wait for each other"
    return Finding("journal", True, mode + blocks)


def wal(path: Path) -> Finding:
    """How much of the store lies in the WAL."""
    beside = read_open.sidecars(path)[0]
    size = beside.stat().st_size if beside.exists() else 0
    if size > LARGEST_WAL:
        readers = ", ".join(map(str, lock_holders.other_processes(path)))
        advice = f"end the one that does: {readers}" if readers else "end the one that does"
        return Finding("wal", False, f"{_bytes(size)}: a program keeps reading and lets nobody reset it", advice)
    return Finding("wal", True, _bytes(size))


def lock(path: Path) -> Finding:
    """Who is writing at this moment."""
    holder = lock_holders.write_lock_holder(path)
    return Finding("lock", True, "nobody is writing" if holder is None else f"held by {holder}")


def schema(reader: Reader) -> Finding:
    """Which Hermes made the tables."""
    layout = reader.layout
    if not {"sessions", "messages"} <= layout.tables:
        return Finding("schema", False, "there are no sessions and messages in it", "open it once with Hermes")
    if layout.newer:
        number = f"version {layout.schema_version}, and {NEWEST_KNOWN} is the newest known"
        return Finding("schema", False, f"{number}: it is read and never written", "upgrade hermes-tui")
    return Finding("schema", True, f"version {layout.schema_version}, index layout {layout.fts or 'none'}")


def operations(reader: Reader) -> Finding:
    """Whether a repair was begun and not finished; how many keys of appends are kept."""
    if OPERATIONS not in reader.layout.tables:
        return Finding("operations", True, "none")
    rows = reader.rows(
        f"SELECT CAST(operation AS BLOB), state, kind FROM {OPERATIONS} WHERE step = 0 AND kind <> 'append'"
    )
    unfinished = [cell_values.text(name) or "" for name, state, _ in rows if state in _UNFINISHED]
    if unfinished:
        advice = "repair the session again to finish it, or hermes-tui undo that id"
        return Finding("operations", False, f"unfinished: {', '.join(unfinished)}", advice)
    keyed = reader.row(f"SELECT count(*) FROM {OPERATIONS} WHERE kind = 'append'")
    return Finding(
        "operations", True, f"{len(rows)} repairs, {cell_values.integer(keyed[0]) if keyed else 0} keyed appends"
    )


def coverage(reader: Reader) -> Iterator[Finding]:
    """Whether each full-text index has every message that it should have."""
    layout = reader.layout
    if layout.fts is None:
        yield Finding("index", False, "there is no full-text index: search scans", "open the store once with Hermes")
        return
    if layout.stale:
        yield Finding("index", False, "Hermes dropped the triggers: search scans", "start Hermes to rebuild the index")
        return
    for table in (FTS, TRIGRAM):
        if f"{table}_docsize" in layout.tables:
            yield _covered(reader, layout, table)


def _covered(reader: Reader, layout: Layout, table: str) -> Finding:
    source = f"{table}_src" if f"{table}_src" in layout.tables else "messages"
    low, high = layout.unindexed or (0, 0)
    missing = total = last = 0
    while True:
        rows = reader.rows(
            f"SELECT max(id), count(*), sum(gone) FROM (SELECT id, id NOT BETWEEN ? AND ?"
            f" AND NOT EXISTS (SELECT 1 FROM {table}_docsize AS known WHERE known.id = source.id) AS gone"
            f" FROM {source} AS source WHERE id > ? ORDER BY id LIMIT {_PAGE})",
            (low + 1, high, last),
        )
        final, number, gone = rows[0]
        if not number:
            break
        total, missing, last = (
            total + cell_values.integer(number),
            missing + cell_values.integer(gone),
            cell_values.integer(final),
        )
    if missing:
        return Finding("index", False, f"{table} lacks {missing} of {total} messages", REBUILD)
    waiting = f"; Hermes still has to index those up to {high}" if layout.unindexed else ""
    return Finding("index", True, f"{table} has all {total} messages{waiting}")


def integrity(reader: Reader, cancel: Cancel) -> Iterator[Finding]:
    """What SQLite and FTS5 say of a copy."""
    with tempfile.TemporaryDirectory(prefix="hermes-tui-") as folder:
        needed = sum(one.stat().st_size for one in (reader.path, read_open.sidecars(reader.path)[0]) if one.exists())
        if shutil.disk_usage(folder).free < 2 * needed:
            yield Finding("integrity", None, f"no room for a copy of {_bytes(needed)} in {folder}")
            return
        copy = Path(folder) / "copy.db"
        with error_mapping.translated_errors(reader.path):
            if _copied(reader, reader.layout, copy, cancel):
                yield from _verified(copy, reader.layout, cancel)
            else:
                yield Finding("integrity", None, "it is written all the time and no copy could be made; try again")


def _verified(copy: Path, layout: Layout, cancel: Cancel) -> Iterator[Finding]:
    """The tables of a copy, then each of its indexes."""
    for name in _forgotten(copy):
        yield Finding("index", None, f"{name} can only be checked by Hermes: its tokenizer is not here")
    connection = apsw.Connection(str(copy))
    try:
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        with cancel.interrupting(connection.interrupt):
            yield _whole(connection)
            for table, kind in ((FTS, layout.fts), (TRIGRAM, layout.trigram)):
                if kind is not None:
                    yield _indexed(connection, layout, table, kind)
    finally:
        connection.close()


def _forgotten(copy: Path) -> list[str]:
    """Take indexes without a tokenizer out of a copy's schema: the check of all tables would end at them."""
    connection = apsw.Connection(str(copy))
    try:
        names = trigger_stand_ins.unusable_indexes(connection)
        if names:
            connection.execute("PRAGMA writable_schema = ON")
            connection.executemany("DELETE FROM sqlite_master WHERE name = ?", [(name,) for name in names])
        return names
    finally:
        connection.close()


def _copied(reader: Reader, layout: Layout, copy: Path, cancel: Cancel) -> bool:
    """Copy the store as it is at one moment; False where it changed all the time.

    In WAL mode one snapshot is read, which keeps nobody waiting; in DELETE mode the lock is given back every few pages.
    """
    deadline = time.monotonic() + _LONGEST_COPY
    target = apsw.Connection(str(copy))
    try:
        with reader.borrow() as source:
            if layout.journal_mode == "wal":
                source.execute("BEGIN; SELECT 1 FROM sqlite_master").fetchall()
            with target.backup("main", source, "main") as backup:
                while not backup.done and time.monotonic() < deadline:
                    if cancel.cancelled:
                        raise errors.Interrupted("the question was withdrawn")
                    backup.step(_STEP)
                done = backup.done
            if source.in_transaction:
                source.execute("ROLLBACK")
        return done
    finally:
        target.close()


def _whole(connection: apsw.Connection) -> Finding:
    """The tables themselves; what SQLite says of a full-text index is asked of the index again."""
    try:
        told = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except apsw.InterruptError:
        raise
    except apsw.Error as error:
        told = [str(error)]
    complaints = [line for line in told if line != "ok" and "fts5" not in line.lower()]
    if complaints:
        advice = "stop Hermes, copy the folder, then run `hermes sessions recover`"
        return Finding("integrity", False, "; ".join(complaints), advice)
    return Finding("integrity", True, "every page, row and index is in order")


def _indexed(connection: apsw.Connection, layout: Layout, table: str, kind: str) -> Finding:
    """FTS5's own check of one index.

    An older SQLite (3.40) ends a trigram text at its first NUL, and this one does not: content that is a list begins
    with one (docs/format.md §3.2), so an index that disagrees is asked again with such texts cut.
    """
    try:
        sound = _agrees(connection, layout, table, kind)
        if not sound and table == TRIGRAM:
            _cut_at_nul(connection, layout, table, kind)
            sound = _agrees(connection, layout, table, kind)
    except apsw.CorruptError:
        sound = False
    except apsw.SQLError as error:
        return Finding("index", None, f"{table} can only be checked by Hermes ({error})")
    if not sound:
        return Finding("index", False, f"{table} is damaged: search scans", REBUILD)
    return Finding("index", True, f"{table} is in order")


def _agrees(connection: apsw.Connection, layout: Layout, table: str, kind: str) -> bool:
    """Whether an index is whole, and has what the messages say where the two are meant to agree
    (docs/format.md §2.4)."""
    compare = kind == "C" and layout.unindexed is None and not layout.stale
    columns, values = (f"{table}, rank", "'integrity-check', 1") if compare else (table, "'integrity-check'")
    try:
        connection.execute(f"INSERT INTO {table}({columns}) VALUES ({values})")
    except apsw.CorruptError:
        return False
    return True


def _cut_at_nul(connection: apsw.Connection, layout: Layout, table: str, kind: str) -> None:
    """Cut, in the copy, every text of an index at its first NUL; the index itself stays as it is."""
    inline = kind == "B"
    store = f"{table}_content" if inline else "messages"
    columns = ("c0",) if inline else tuple(name for name in layout.trigram_columns if layout.has("messages", name))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    for column in columns:
        n_bytes = f"CAST({column} AS BLOB)"
        connection.execute(
            f"UPDATE {store} SET {column} = CAST(substr({n_bytes}, 1, instr({n_bytes}, x'00') - 1) AS TEXT)"
            f" WHERE instr({n_bytes}, x'00')"
        )


def _beside(path: Path) -> list[Path]:
    return [one for one in read_open.sidecars(path) if one.exists()]


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size} bytes"
