"""Values that the rows of the two lists are painted from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hermes_tui.render.row import SessionRow
from store.base.late_dataclass import dataclass
from store.models import Hit, Origin

__all__ = ["HitGroup", "HitKey", "SessionRow", "hit_key", "in_reading_order"]


@dataclass(frozen=True, slots=True)
class HitGroup:
    """The hits of one session."""

    row: SessionRow
    hits: tuple[Hit, ...]
    """In the order that they are shown in."""
    total: int
    """Messages of the session that match, as far as it is known; at least `len(hits)`."""


class HitKey(NamedTuple):
    """A message that matches."""

    session_id: str
    message_id: int
    origin: Origin = Origin.SQLITE
    kind: str = "hit"


def in_reading_order(hits: Iterable[Hit]) -> list[Hit]:
    """Hits of one session as its transcript has their messages: by id, or by time where they are of both sources."""
    found = list(hits)
    mixed = len({hit.origin for hit in found}) > 1
    return sorted(found, key=lambda hit: ((hit.timestamp or 0.0) if mixed else 0.0, hit.message_id))


def hit_key(hit: Hit) -> HitKey:
    """The key of a hit."""
    return HitKey(hit.session_id, hit.message_id, hit.origin)
