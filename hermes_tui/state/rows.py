"""Values that the rows of the two lists are painted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hermes_tui.render.line import Range
from store.models import Drift, Hit, Origin, Outline, Session


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session, as far as its row shows it."""

    session: Session
    outline: Outline | None = None
    """None as long as it was not read."""
    drift: Drift | None = None
    matches: tuple[Range, ...] = ()
    """Characters of `render.row.title_of(session, outline)` that a search matches."""


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
