"""Two sources side by side: a part of their union, or all of it that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.models import Message
from ..drift.sources import Sources
from ..engine.ports import Engine
from ..formats import message_codec
from ..formats.comparison import UnionPlace
from .model import DifferenceRow

SOME = 100
"""Number of places read at a time."""
NEAR = 2
"""Equal messages on either side of a difference."""


def pairs(
    engine: Engine, found: Sources, steps: Sequence[UnionPlace], inserted: frozenset[int]
) -> Iterator[DifferenceRow]:
    """Read a part of a union.

    Args:
        inserted: Places in JSONL that the repair would insert.
    """
    rows, written = _rows_of(engine, found, steps), _lines_of(found, steps)
    for here, there in steps:
        yield DifferenceRow(
            sqlite=None if there is None else rows.get(there),
            jsonl=None if here is None else written.get(here),
            sqlite_number=None if there is None else there + 1,
            jsonl_number=None if here is None else here + 1,
            inserted=there is None and here in inserted,
        )


def whole(
    engine: Engine, found: Sources, union: Sequence[UnionPlace], inserted: frozenset[int]
) -> Iterator[DifferenceRow]:
    """Every place where a side lacks a message, and the equal ones next to it; read as it is consumed."""
    steps = [union[at] for at in _near(union)]
    for start in range(0, len(steps), SOME):
        yield from pairs(engine, found, steps[start : start + SOME], inserted)


def _near(union: Sequence[UnionPlace]) -> Iterator[int]:
    """Places of the union that differ or are near a difference, in order."""
    done = 0
    for at, step in enumerate(union):
        if None in step:
            yield from range(max(done, at - NEAR), min(at + NEAR + 1, len(union)))
            done = max(done, min(at + NEAR + 1, len(union)))


def _rows_of(engine: Engine, found: Sources, steps: Sequence[UnionPlace]) -> dict[int, Message]:
    places = found.messages
    ids = {found.rows[places[there]].id: there for _, there in steps if there is not None}
    if not ids:
        return {}
    return {ids[message.id]: message for message in engine.messages.bodies(list(ids)) if message.id in ids}


def _lines_of(found: Sources, steps: Sequence[UnionPlace]) -> dict[int, Message]:
    places = [here for here, _ in steps if here is not None]
    values = found.written.values(found.written.offsets[here] for here in places)
    return {
        here: message_codec.message_of_record(value, session_id=found.session_id, line=here + 1)
        for here, value in zip(places, values, strict=False)
    }
