"""Every I/O operation of every way to write, failed once with every fault; then the same is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from store import SessionDB, StoreError
from tests import builders
from tests.torture import calls, disk, stores
from tests.torture.disk import Disk, Fault
from tests.torture.stores import SESSION

SHARED = "wal with shared memory"
"""Swept by system calls, which a sync is not among; the others by a VFS, which knows them all."""

BATCH = tuple(f"batch {number}" for number in range(20))


@dataclass(slots=True)
class Tally:
    """What came of it."""

    cases: int = 0
    typed: int = 0
    """Cases that ended in a StoreError."""
    survived: int = 0
    """Cases that were acknowledged although something failed."""
    wrong: list[str] = field(default_factory=list)


def _append(database: SessionDB) -> tuple[str, ...]:
    database.append_message(SESSION, "user", "one")
    return ("one",)


def _keyed(database: SessionDB) -> tuple[str, ...]:
    database.append_message(SESSION, "user", "keyed", key="k")
    return ("keyed",)


def _batch(database: SessionDB) -> tuple[str, ...]:
    database.append_messages(SESSION, [{"role": "user", "content": text} for text in BATCH])
    return BATCH


OLDER = ("older 0", "older 1")


def _repair(database: SessionDB) -> tuple[str, ...]:
    """Two messages that only the JSONL has go before the three of the store."""
    held = [*OLDER, "before 1", "before 2", "before 3"]
    lines = [{"role": "user", "content": text, "timestamp": 1.6e9 + at} for at, text in enumerate(held)]
    builders.jsonl(database.path.parent, SESSION, lines)
    database.repair(database.plan(SESSION))
    return OLDER


Act = Callable[[SessionDB], tuple[str, ...]]

ACTS: dict[str, tuple[Act, tuple[str, ...]]] = {
    "append": (_append, ("one",)),
    "keyed append": (_keyed, ("keyed",)),
    "batch": (_batch, BATCH),
}
"""What is done, and the texts that it leaves."""


SWEEPS: tuple[tuple[str, str], ...] = (
    *((name, journal) for journal in ("wal", "delete") for name in ACTS),
    ("repair", "delete"),
    ("create", "wal"),
    *((name, SHARED) for name in ACTS),
    ("repair", SHARED),
    ("create", SHARED),
)
"""What is done, and how the store keeps its journal."""


def run(
    *, faults: tuple[Fault, ...] = tuple(Fault), step: int = 1, sweeps: Sequence[tuple[str, str]] = SWEEPS
) -> Iterator[tuple[str, str, Tally]]:
    """Sweep them all.

    Args:
        step: Every so many operations only.

    Yields:
        What was done, the journal mode, the tally.
    """
    with stores.folder() as folder:
        sources = {journal: stores.template(folder, journal) for journal in ("wal", "delete")}
        (folder / "case" / "sessions").mkdir(parents=True)
        for name, journal in sweeps:
            act, texts = {**ACTS, "repair": (_repair, OLDER), "create": (_append_to_new, ("one",))}[name]
            scene = _Scene(
                folder / "case",
                None if name == "create" else sources["delete" if journal == "delete" else "wal"],
                act,
                texts,
                through=calls.under if journal == SHARED else disk.under,
                # without shared memory a connection must be alone, and a repair reads beside its writing
                hooks=(disk.often,) if journal == SHARED or act is _repair else (disk.alone, disk.often),
            )
            yield name, journal, _sweep(scene, faults=faults, step=step)


def _append_to_new(database: SessionDB) -> tuple[str, ...]:
    database.create_session(SESSION, "cli")
    return _append(database)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is swept."""

    folder: Path
    source: Path | None
    """The store that every case begins with a copy of; None for none."""
    act: Act
    texts: tuple[str, ...]
    through: Callable[..., AbstractContextManager[None]]
    hooks: tuple[Callable[[apsw.Connection], None], ...]


def _sweep(scene: _Scene, *, faults: tuple[Fault, ...], step: int) -> Tally:
    tally = Tally()
    for fault in faults:
        at = 1
        while _case(scene, Disk(fault, at), tally):
            at += step
    return tally


def _case(scene: _Scene, told: Disk, tally: Tally) -> bool:
    """One fault; False where the work is done before it comes."""
    path, act, texts = scene.folder / "state.db", scene.act, scene.texts
    if scene.source is None:
        for suffix in stores.FAMILY:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    else:
        stores.copied(scene.source, scene.folder)
    label = f"{act.__name__} {told.fault} at {told.at}"
    with scene.through(told, *scene.hooks):
        first = _try(path, act, label, tally)
        fired, told.fault = told.fired, None
        if not fired:
            return False
        left = stores.state(path, thorough=False).texts
        second = _try(path, act, label, tally)
    tally.cases += 1
    tally.survived += first
    tally.typed += not first
    if first and left != texts:
        tally.wrong.append(f"{label}: acknowledged, and {left} is there")
    if not first and left not in ((), texts):
        tally.wrong.append(f"{label}: a part of it is there: {left}")
    found = stores.state(path)
    expected = {texts if act in (_keyed, _repair) else left + texts}
    if not second or found.texts not in expected or found.faults:
        tally.wrong.append(f"{label}: afterwards {second} {found}")
    return True


def _try(path: Path, act: Act, label: str, tally: Tally) -> bool:
    """Open the store, do it, close it; True where it was acknowledged."""
    database = None
    try:
        database = stores.opened(path)
        act(database)
    except StoreError:
        return False
    except Exception as error:  # noqa: BLE001  anything else is what is looked for
        tally.wrong.append(f"{label}: {error!r} is no StoreError")
        return False
    finally:
        if database is not None:
            database.close()
    return True
