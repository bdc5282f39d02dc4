"""Looks of one append at its files: few where nothing is reported to have happened to them, and none too few."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from store import SessionDB
from store.base import errors
from store.sqlite.base import descriptors, open_events
from store.sqlite.base.open_events import OpenEvents
from store.sqlite.connect.writer import Writer
from store.sqlite.engine import SqliteEngine
from tests.store.sqlite.connect.test_writer import contents, say
from tests.store.sqlite_files import make

pytestmark = pytest.mark.skipif(not descriptors.watched(), reason="this system lists no descriptors")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return make(tmp_path / "home", "one")


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = Writer(path)
    for text in "two", "three":
        made.transaction(partial(say, text))
    yield made
    made.close()


def _folder(path: Path) -> None:
    """Another folder of that name, with a store in it."""
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.mkdir()
    make(path.parent, "other")


def _renamed(suffix: str, path: Path) -> None:
    Path(f"{path}{suffix}").rename(path.parent / "elsewhere")


def _removed(suffix: str, path: Path) -> None:
    Path(f"{path}{suffix}").unlink()


@pytest.mark.parametrize(
    "act",
    [
        *(partial(_removed, suffix) for suffix in ("", "-wal", "-shm")),
        *(partial(_renamed, suffix) for suffix in ("", "-wal", "-shm")),
        _folder,
    ],
)
def test_what_happened_to_a_file_since_the_last_append_is_noticed_before_anything_is_written(
    path: Path, writer: Writer, act: Callable[[Path], None]
) -> None:
    """Mutants: the WAL, or the -shm, not reported on; IN_ATTRIB or IN_MOVE_SELF not; no look at the path itself."""
    act(path)

    with pytest.raises(errors.Replaced):
        writer.transaction(lambda _: pytest.fail("the work has begun"))


def test_a_second_name_that_the_file_has_got_is_noticed(path: Path, writer: Writer) -> None:
    """Mutant: no `refuse_second_name` where something is reported."""
    path.with_name("second").hardlink_to(path)

    with pytest.raises(errors.UnsafeFilesystem):
        writer.transaction(partial(say, "lost"))
    path.with_name("second").unlink()
    writer.transaction(partial(say, "four"))
    assert contents(path)[-1] == "four"


def test_a_wal_that_is_renamed_during_a_write_is_noticed_where_its_report_comes_late(
    path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: no look at the WAL itself between COMMIT and the acknowledgement."""
    monkeypatch.setattr(OpenEvents, "may_have_opened", lambda _: False)

    def work(connection: apsw.Connection) -> None:
        say("lost", connection)
        _renamed("-wal", path)

    with pytest.raises(errors.Replaced):
        writer.transaction(work)


def test_a_quiet_append_makes_few_calls_of_sqlite_and_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: an UPDATE more; WAL and -shm not followed where a reader came first; `check_in_place` at each look; a
    place in the queue in two steps."""
    monkeypatch.setattr(open_events, "_SETTLED", 0.0)
    SessionDB(tmp_path / "state.db").close()
    db, said = SessionDB(tmp_path / "state.db"), list[str]()
    assert db.message_count() == 0  # a reader is there first
    db.create_session("one", "cli")
    for text in "first", "second":
        db.append_message("one", "user", text)
    engine = db.store.engine
    assert isinstance(engine, SqliteEngine)
    assert engine.writer._opened is not None
    [connection] = engine.writer._opened._idle

    def _note(_: apsw.Cursor, sql: str, __: object) -> bool:
        said.append(sql.split(maxsplit=1)[0])
        return True

    connection.exec_trace = _note
    calls: Counter[str] = Counter()
    for module, name in [(os, "stat"), (os, "pread"), (os, "fstat"), (os, "listdir"), (fcntl, "lockf")]:
        monkeypatch.setattr(module, name, _counting(calls, name, getattr(module, name)))
    db.append_message("one", "user", "third")
    monkeypatch.undo()
    db.close()

    assert calls == {"stat": 3, "pread": 4, "lockf": 2}
    assert said == ["BEGIN", "PRAGMA", "PRAGMA", "PRAGMA", "INSERT", "UPDATE", "COMMIT"]


def _counting(calls: Counter[str], name: str, call: Callable[..., object]) -> Callable[..., object]:
    def counted(*given: object, **named: object) -> object:
        calls[name] += 1
        return call(*given, **named)

    return counted
