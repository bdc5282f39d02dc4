"""Lost power: what a disk may have kept of a recorded run, cut at any moment, is opened and counted.

What was synced is there; of what was written since, any part, torn at 512 bytes, in any order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders import sqlite_of
from tests.torture import disk, stores
from tests.torture.disk import Disk, Op
from tests.torture.stores import SESSION

SECTOR = 512
TURNS = 24
PER_RUN = 200
"""Images that are cut from one recorded run."""


@dataclass(slots=True)
class Outcome:
    """What was found in the images."""

    images: int = 0
    lost: int = 0
    """Images that lack an acknowledged message."""
    doubled: int = 0
    partial: int = 0
    """Images with a part of a turn."""
    corrupt: int = 0
    examples: list[str] = field(default_factory=list)


def run(*, images: int, synchronous: str, journal: str, seed: int) -> Outcome:
    """Cut so many images from runs under `PRAGMA synchronous` as named.

    Args:
        synchronous: FULL is what the store sets; anything else is a control that must lose.
    """
    chance = random.Random(seed)
    outcome = Outcome()
    with stores.folder() as folder:
        source = stores.template(folder, journal)
        while outcome.images < images:
            base = {one.name: one.read_bytes() for one in source.parent.iterdir() if not one.name.endswith("-shm")}
            log = _recorded(stores.copied(source, folder / "run"), synchronous, chance)
            for _ in range(min(PER_RUN, images - outcome.images)):
                _verify(folder / "image", base, log[: chance.randrange(1, len(log) + 1)], chance, outcome)
    return outcome


def _recorded(path: Path, synchronous: str, chance: random.Random) -> list[Op]:
    """The operations of a number of turns, and where each was acknowledged."""
    told = Disk(recording=True)
    with disk.under(told, disk.alone, disk.seldom):
        database = stores.opened(path)
        if synchronous != "FULL":
            sqlite_of(database).writer._ready()._idle[0].execute(f"PRAGMA synchronous = {synchronous}")
        for turn in range(TURNS):
            size = chance.choice((1, 1, 1, 6))
            words = "x" * chance.choice((10, 300, 6000))
            messages = [{"role": "user", "content": f"{turn} {place} {size} {words}"} for place in range(size)]
            database.append_messages(SESSION, messages, key=str(turn) if chance.random() < 0.3 else None)
            told.note(Op("ack", str(turn)))
        database.close()
    return told.log


def _verify(folder: Path, base: dict[str, bytes], log: Sequence[Op], chance: random.Random, outcome: Outcome) -> None:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in _survivors(base, log, chance).items():
        (folder / name).write_bytes(data)
    outcome.images += 1
    found = stores.state(folder / "state.db")
    turns: dict[int, list[int]] = {}
    sizes: dict[int, int] = {}
    for text in found.texts:
        turn, place, size = map(int, text.split()[:3])
        turns.setdefault(turn, []).append(place)
        sizes[turn] = size
    acknowledged = {int(op.file) for op in log if op.kind == "ack"}
    faults = [fault for fault in found.faults if "counters" not in fault]
    outcome.corrupt += bool(faults)
    outcome.lost += not acknowledged <= set(turns)
    outcome.doubled += any(len(set(places)) < len(places) for places in turns.values())
    outcome.partial += any(len(places) != sizes[turn] for turn, places in turns.items())
    if faults and len(outcome.examples) < 3:
        outcome.examples.append(str(faults)[:200])


def _survivors(base: dict[str, bytes], log: Sequence[Op], chance: random.Random) -> dict[str, bytes]:
    """The files after the power came back."""
    durable = {name: bytearray(data) for name, data in base.items()}
    waiting: dict[str, list[Op]] = {}
    for op in log:
        if op.kind == "sync":
            for done in waiting.pop(op.file, []):
                _apply(durable, done)
            durable.setdefault(op.file, bytearray())
        elif op.kind == "delete":
            waiting.pop(op.file, None)
            if op.size or chance.random() < 0.5:  # the folder was synced too, or it happened to be
                durable.pop(op.file, None)
        elif op.kind in ("write", "truncate"):
            waiting.setdefault(op.file, []).append(op)
    for operations in waiting.values():
        for op in operations:
            for part in _torn(op):
                if chance.random() < 0.5:
                    _apply(durable, part)
    return {name: bytes(data) for name, data in durable.items()}


def _torn(op: Op) -> list[Op]:
    if op.kind != "write":
        return [op]
    return [
        Op("write", op.file, op.offset + start, op.data[start : start + SECTOR])
        for start in range(0, len(op.data), SECTOR)
    ]


def _apply(files: dict[str, bytearray], op: Op) -> None:
    data = files.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        del data[op.size :]
        return
    if len(data) < op.offset:
        data.extend(bytes(op.offset - len(data)))
    data[op.offset : op.offset + len(op.data)] = op.data
