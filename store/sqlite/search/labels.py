"""What a hit says of its session."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionLabel:
    """Where a message comes from."""

    source: str = ""
    model: str | None = None
    title: str | None = None
