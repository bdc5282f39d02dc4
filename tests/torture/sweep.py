"""Every I/O operation of every way to write, failed once with every fault; then the same is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from store import SessionDB, StoreError
from tests.torture import disk, stores
from tests.torture.disk import Disk, Fault
from tests.torture.stores import SESSION

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


Act = Callable[[SessionDB], tuple[str, ...]]

ACTS: dict[str, tuple[Act, tuple[str, ...]]] = {
    "append": (_append, ("one",)),
    "keyed append": (_keyed, ("keyed",)),
    "batch": (_batch, BATCH),
}
"""What is done, and the texts that it leaves."""


def run(*, faults: tuple[Fault, ...] = tuple(Fault), step: int = 1) -> Iterator[tuple[str, str, Tally]]:
    """Sweep them all.

    Args:
        step: Every so many operations only.

    Yields:
        What was done, the journal mode, the tally.
    """
    with stores.folder() as folder:
        for journal in ("wal", "delete"):
            source = stores.template(folder, journal)
            for name, (act, texts) in ACTS.items():
                yield name, journal, _sweep(folder, source, act, texts, faults=faults, step=step)
        yield "create", "wal", _sweep(folder, None, _append_to_new, ("one",), faults=faults, step=step)


def _append_to_new(database: SessionDB) -> tuple[str, ...]:
    database.create_session(SESSION, "cli")
    return _append(database)


def _sweep(
    folder: Path, source: Path | None, act: Act, texts: tuple[str, ...], *, faults: tuple[Fault, ...], step: int
) -> Tally:
    tally = Tally()
    for fault in faults:
        at = 1
        while _case(folder / "case", source, act, texts, told=Disk(fault, at), tally=tally):
            at += step
    return tally


def _case(folder: Path, source: Path | None, act: Act, texts: tuple[str, ...], *, told: Disk, tally: Tally) -> bool:
    """One fault; False where the work is done before it comes."""
    path = folder / "state.db"
    if source is None:
        folder.mkdir(exist_ok=True)
        for suffix in stores.FAMILY:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    else:
        stores.copied(source, folder)
    label = f"{act.__name__} {told.fault} at {told.at}"
    with disk.under(told, disk.alone, disk.often):
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
    expected = {texts if act is _keyed else left + texts}
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
