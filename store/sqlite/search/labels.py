"""Session columns shown with a search hit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionLabel:
    """Source, model and title of a hit's session."""

    source: str = ""
    model: str | None = None
    title: str | None = None
