"""Health checks of a state.db; none changes the file or blocks a writer.

Coverage of the indexes is counted in pages of ids, each a read transaction.
Integrity is checked on a copy in a private folder, made by the backup API: `integrity_check` does not detect a broken
full-text index, and FTS5's own check needs to write (docs/reliability.md S5, docs/format.md §2.4).
"""

from __future__ import annotations

import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw

from ..base import errors
from ..base.cancel import Cancel
from ..base.models import Finding
from ..engine.operations import UNFINISHED
from .base import cell_values, descriptors, error_mapping, filesystems
from .base.known_columns import unknown_parts
from .base.schema_probe import FTS, NEWEST_KNOWN, TRIGRAM, Layout
from .base.write_obstacles import obstacles
from .connect import lock_holders, read_open, trigger_stand_ins
from .connect.reader import Reader
from .journal.append_keys import TABLE as OPERATIONS

LARGEST_WAL = 64 * 1024 * 1024
"""Bytes of a WAL above which a reader prevents its reset."""

_PAGE = 20_000
"""Ids counted per read transaction."""
_STEP = 256
"""Pages copied under one lock in DELETE mode."""
_MAX_COPY_SECONDS = 60.0
_UNWATCHED = (
    "this system has no /proc: it does not say who writes, and whether an agent's process opens the file otherwise "
    "than through store is not watched"
)
_NAMED = 8
"""Unknown columns and tables that are named."""
REBUILD = "start Hermes to rebuild it"


def library() -> Finding:
    """Versions of SQLite and apsw."""
    return Finding("sqlite", True, f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}")


def mount(path: Path) -> Finding:
    """Filesystem of the file."""
    filesystem = filesystems.mount_of(path)
    if filesystem is None:
        return Finding("mount", None, "the filesystem of the file is unknown on this system")
    where = f"{filesystem.kind} at {filesystem.point}"
    if filesystem.trouble:
        detail = f"{path} {filesystem.trouble} ({where}): it is read and never written"
        return Finding("mount", False, detail, "move the Hermes home to a disk of this machine")
    return Finding("mount", True, where)


def names(path: Path) -> Finding:
    """Names of the file: a second one has a WAL of its own."""
    if not path.exists():
        raise error_mapping.unopenable(path)
    other = filesystems.second_name(path, filesystems.mount_of(path))
    if other:
        folder = shlex.quote(str(path.parent))
        own = f"stop what writes it, then in {folder}: cp -p {path.name} own && mv own {path.name}"
        return Finding("names", False, f"{path} {other}: it is read and never written", own)
    return Finding("names", True, f"{path.name} has no second name")


def permissions(path: Path) -> Finding:
    """Permissions of other users to read the conversations."""
    if not path.exists():
        raise error_mapping.unopenable(path)
    private = not path.parent.stat().st_mode & 0o077
    sidecars = filter(Path.exists, read_open.sidecars(path))
    modes = {file: stat.S_IMODE(file.stat().st_mode) for file in (path, *sidecars)}
    detail = ", ".join(f"{file.name} {mode:04o}" for file, mode in modes.items())
    if not private and any(mode & 0o077 for mode in modes.values()):
        return Finding(
            "permissions", False, f"others may read this: {detail}", f"chmod 700 {shlex.quote(str(path.parent))}"
        )
    return Finding("permissions", True, detail)


def journal(reader: Reader) -> Finding:
    """Journal mode of the file."""
    mode = reader.layout.journal_mode
    if mode not in ("wal", "delete"):
        return Finding("journal", False, f"{mode}: a killed program can damage the file", "open it once with Hermes")
    blocks = "" if mode == "wal" else ": readers and writers wait for each other"
    return Finding("journal", True, mode + blocks)


def wal(path: Path) -> Finding:
    """Size of the WAL."""
    file = read_open.sidecars(path)[0]
    size = file.stat().st_size if file.exists() else 0
    if size > LARGEST_WAL:
        readers = ", ".join(map(str, lock_holders.other_processes(path)))
        advice = f"end the one that does: {readers}" if readers else "end the one that does"
        return Finding("wal", False, f"{_bytes(size)}: a program keeps reading and lets nobody reset it", advice)
    return Finding("wal", True, _bytes(size))


def lock(path: Path) -> Finding:
    """Present holder of the write lock; unknown where locks are not watched."""
    if not descriptors.watched():
        return Finding("lock", None, _UNWATCHED)
    holder = lock_holders.write_lock_holder(path)
    return Finding("lock", True, "nobody is writing" if holder is None else f"held by {holder}")


def schema(reader: Reader) -> Finding:
    """Schema version and index layout, what in it is unknown, and whether that forbids to write."""
    layout = reader.layout
    if not {"sessions", "messages"} <= layout.tables:
        return Finding("schema", False, "there are no sessions and messages in it", "open it once with Hermes")
    number = f"version {layout.schema_version}"
    if layout.newer:
        number += f", above {NEWEST_KNOWN}, the newest known"
    parts = [f"{number}, index layout {layout.fts or 'none'}"]
    if unknown := list(unknown_parts(layout)):
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        parts.append(f"not known, and left as it is: {', '.join(unknown[:_NAMED])}{more}")
    if found := reader.read(lambda connection, _: obstacles(connection)):
        return Finding("schema", False, "; ".join([*parts, *found, "it is only read"]), "upgrade hermes-tui")
    return Finding("schema", True, "; ".join(parts))


def operations(reader: Reader) -> Finding:
    """Unfinished repairs, and the number of keyed appends."""
    if OPERATIONS not in reader.layout.tables:
        return Finding("operations", True, "none")
    if not reader.layout.has(OPERATIONS, "operation"):
        return Finding(
            "operations", False, f"{OPERATIONS} is not our table: nothing of it is read", "rename what it is"
        )
    rows = reader.rows(
        f"SELECT CAST(operation AS BLOB), state, kind FROM {OPERATIONS} WHERE step = 0 AND kind <> 'append'"
    )
    unfinished = [cell_values.text(name) or "" for name, state, _ in rows if state in UNFINISHED]
    if unfinished:
        advice = "repair the session again to finish it, or hermes-tui undo that id"
        return Finding("operations", False, f"unfinished: {', '.join(unfinished)}", advice)
    keyed = reader.number(f"SELECT count(*) FROM {OPERATIONS} WHERE kind = 'append'")
    repairs = sum(kind == "repair" for _, _, kind in rows)
    return Finding("operations", True, f"repairs: {repairs}, appends with a key: {keyed}")


def coverage(reader: Reader) -> Iterator[Finding]:
    """Coverage of each full-text index."""
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
        [(final, number, gone)] = reader.rows(
            f"SELECT max(id), count(*), sum(gone) FROM (SELECT id, id NOT BETWEEN ? AND ?"
            f" AND NOT EXISTS (SELECT 1 FROM {table}_docsize AS known WHERE known.id = source.id) AS gone"
            f" FROM {source} AS source WHERE id > ? ORDER BY id LIMIT {_PAGE})",
            (low + 1, high, last),
        )
        if not number:
            break
        total += cell_values.integer(number)
        missing += cell_values.integer(gone)
        last = cell_values.integer(final)
    if missing:
        return Finding("index", False, f"{table} lacks {missing} of {total} messages", REBUILD)
    waiting = f"; Hermes still has to index those up to {high}" if layout.unindexed else ""
    return Finding("index", True, f"{table} has all {total} messages{waiting}")


def integrity(reader: Reader, cancel: Cancel) -> Iterator[Finding]:
    """SQLite's and FTS5's checks of a copy."""
    with tempfile.TemporaryDirectory(prefix="hermes-tui-") as folder:
        files = (reader.path, read_open.sidecars(reader.path)[0])
        needed = sum(file.stat().st_size for file in files if file.exists())
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
    """Findings on the tables of a copy and on each of its indexes."""
    for name in _drop_unusable_indexes(copy):
        yield Finding("index", None, f"{name} can only be checked by Hermes: its tokenizer is not here")
    with closing(apsw.Connection(str(copy))) as connection, cancel.interrupting(connection.interrupt):
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        yield _whole(connection)
        for table, kind in ((FTS, layout.fts), (TRIGRAM, layout.trigram)):
            if kind is not None:
                yield _indexed(connection, layout, table, kind)


def _drop_unusable_indexes(copy: Path) -> list[str]:
    """Remove indexes without a tokenizer from a copy's schema, since they end the check of all tables."""
    with closing(apsw.Connection(str(copy))) as connection:
        names = trigger_stand_ins.unusable_indexes(connection)
        if names:
            connection.execute("PRAGMA writable_schema = ON")
            connection.executemany("DELETE FROM sqlite_master WHERE name = ?", [(name,) for name in names])
        return names


def _copied(reader: Reader, layout: Layout, copy: Path, cancel: Cancel) -> bool:
    """Copy the store in a consistent state; False where it changed too often.

    In WAL mode one read transaction is copied, without blocking; in DELETE mode the lock is released every few pages.
    """
    deadline = time.monotonic() + _MAX_COPY_SECONDS
    with closing(apsw.Connection(str(copy))) as target, reader.borrow() as source:
        if layout.journal_mode == "wal":
            source.execute("BEGIN; SELECT 1 FROM sqlite_master").fetchall()
        with target.backup("main", source, "main") as backup:
            while not backup.done and time.monotonic() < deadline:
                if cancel.cancelled:
                    raise errors.Interrupted("the request was cancelled")
                backup.step(_STEP)
            done = backup.done
        if source.in_transaction:
            source.execute("ROLLBACK")
    return done


def _whole(connection: apsw.Connection) -> Finding:
    """Check of the tables; messages about full-text indexes are left to the check of each index."""
    try:
        messages = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)").fetchall()]
    except (apsw.InterruptError, apsw.FullError):
        raise
    except apsw.Error as error:
        if error_mapping.is_out_of_room(error):
            raise
        messages = [str(error)]
    complaints = [line for line in messages if line != "ok" and "fts5" not in line.lower()]
    if complaints:
        advice = "stop Hermes, copy the folder, then run `hermes sessions recover`"
        return Finding("integrity", False, "; ".join(complaints), advice)
    return Finding("integrity", True, "every page, row and index is in order")


def _indexed(connection: apsw.Connection, layout: Layout, table: str, kind: str) -> Finding:
    """FTS5's own check of one index.

    An older SQLite (3.40) ends a trigram text at its first NUL, and newer ones do not: content that is a list starts
    with one (docs/format.md §3.2), so an index that disagrees is checked again with such texts cut.
    """
    try:
        intact = _agrees(connection, layout, table, kind)
        if not intact and table == TRIGRAM:
            _cut_at_nul(connection, layout, table, kind)
            intact = _agrees(connection, layout, table, kind)
    except apsw.CorruptError:
        intact = False
    except apsw.SQLError as error:
        return Finding("index", None, f"{table} can only be checked by Hermes ({error})")
    if not intact:
        return Finding("index", False, f"{table} is damaged: search scans", REBUILD)
    return Finding("index", True, f"{table} is in order")


def _agrees(connection: apsw.Connection, layout: Layout, table: str, kind: str) -> bool:
    """True for an undamaged index, which also equals the messages in layouts that allow it (docs/format.md §2.4)."""
    compare = kind == "C" and layout.unindexed is None and not layout.stale
    columns, values = (f"{table}, rank", "'integrity-check', 1") if compare else (table, "'integrity-check'")
    try:
        connection.execute(f"INSERT INTO {table}({columns}) VALUES ({values})")
    except apsw.CorruptError:
        return False
    return True


def _cut_at_nul(connection: apsw.Connection, layout: Layout, table: str, kind: str) -> None:
    """Cut every text of an index at its first NUL, in the copy; the index is unchanged."""
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


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size} bytes"
