"""Choice of the engine: from a path to the store of a home."""

from __future__ import annotations

import stat
from pathlib import Path

from .files.home import Home
from .home_store import HomeStore
from .sqlite.connect import create
from .sqlite.connect.writer import PATIENCE
from .sqlite.engine import SqliteEngine
from .sqlite.managed import SqliteManaged

__all__ = ["PATIENCE", "open_store", "open_to_read"]


def open_store(
    path: Path,
    *,
    read_only: bool = False,
    sessions_dir: Path | None = None,
    patience: float = PATIENCE,
    cache_dir: Path | None = None,
) -> HomeStore:
    """The store of one home.

    Args:
        path: The state.db; without `read_only` it is made where it is missing or has no byte yet, with its folder.
        read_only: Create nothing, refuse every write.
        sessions_dir: Folder of the legacy files, `sessions` beside the state.db where it is None.
        patience: Seconds that a write waits for the lock before it raises `Locked`.
        cache_dir: Folder of the verdict cache, kept between starts; None for none.

    Raises:
        StoreError: The file is missing and cannot be made.
    """
    path = Path(path)
    engine = SqliteEngine(path, patience=patience)
    store = HomeStore(
        path,
        engine,
        sibling=open_to_read,
        read_only=read_only,
        sessions_dir=sessions_dir,
        cache_dir=cache_dir,
        managed=SqliteManaged(engine.reader, engine.writer),
    )
    if not read_only and _is_blank(path):
        create.create(path)
    return store


def open_to_read(home: Home, *, cache_dir: Path | None = None) -> HomeStore:
    """The store of a home that is only read; see `open_store`."""
    return open_store(home.state_db, read_only=True, sessions_dir=home.sessions_dir, cache_dir=cache_dir)


def _is_blank(path: Path) -> bool:
    """True where there is no file yet, or one without a byte; the first read reports what cannot be looked at."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0
