"""Values that the rows of the two lists are painted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hermes_tui.render.row import SessionRow
from store.models import Hit, Origin

__all__ = ["HitGroup", "HitKey", "SessionRow", "hit_key"]


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


def hit_key(hit: Hit) -> HitKey:
    """The key of a hit."""
    return HitKey(hit.session_id, hit.message_id, hit.origin)
