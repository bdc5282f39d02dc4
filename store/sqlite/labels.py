"""What a hit says of its session."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from . import cells, columns
from .connection import Reader


@dataclass(frozen=True, slots=True)
class Label:
    """Where a message comes from."""

    source: str = ""
    model: str | None = None
    title: str | None = None


def labels(reader: Reader, session_ids: Iterable[str]) -> dict[str, Label]:
    """Source, model and title of the sessions that have a row: one critical section, no counts."""
    layout = reader.layout
    if not layout.has("sessions", "id"):
        return {}
    texts = ", ".join(columns.text(layout, "sessions", name) for name in ("id", "source", "model", "title"))
    rows = reader.rows(
        f"SELECT {texts} FROM sessions WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(session_ids)),)
    )
    return {
        cells.text(name) or "": Label(cells.text(source) or "", cells.text(model), cells.text(title))
        for name, source, model, title in rows
    }
