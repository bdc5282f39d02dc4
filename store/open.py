"""The one place that chooses an engine: from a path to the store of a home."""

from __future__ import annotations

from pathlib import Path

from .home_store import HomeStore
from .sqlite.connect.writer import PATIENCE

__all__ = ["PATIENCE", "open_store"]


def open_store(
    path: Path,
    *,
    read_only: bool = False,
    sessions_dir: Path | None = None,
    patience: float = PATIENCE,
    cache_dir: Path | None = None,
) -> HomeStore:
    """The store of one home; the arguments are `HomeStore`'s.

    Raises:
        StoreError: The file is missing and cannot be made.
    """
    return HomeStore(path, read_only=read_only, sessions_dir=sessions_dir, patience=patience, cache_dir=cache_dir)
