"""One home: its database, its files, the cache of its verdicts."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TypeVar

from .base.errors import CannotOpen, Damaged, ReadOnly
from .files.file_sources import FileSources
from .files.home import Home
from .files.jsonl_files import JsonlFiles
from .files.verdict_cache import VerdictCache
from .formats.alignment import ComparedMessage
from .sqlite.connect import create
from .sqlite.connect.reader import Reader
from .sqlite.connect.writer import PATIENCE, Writer
from .sqlite.rows import comparison_rows
from .sqlite.rows.session_writes import TransactionWork

T = TypeVar("T")


class HomeStore:
    """Nothing is opened before the first read, and nothing is opened to write before the first write.

    Args:
        path: The state.db; without `read_only` it is made where it is missing or has no byte yet, with its folder.
        read_only: Create nothing, refuse every write.
        sessions_dir: Folder of the legacy files, `sessions` beside the state.db where it is None.
        cache_dir: Folder of the verdict cache (`files.verdict_cache`), kept between starts; None for none.
        patience: Seconds that a write waits for the lock before it raises `Locked`.

    Raises:
        StoreError: The file is missing and cannot be made.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        sessions_dir: Path | None = None,
        cache_dir: Path | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self.sessions_dir = self.path.parent / "sessions" if sessions_dir is None else Path(sessions_dir)
        self.writer = Writer(self.path, patience=patience)
        self.reader = Reader(self.path, release_replaced=self._step_back)
        self.cache = VerdictCache(cache_dir, self.path)
        self.files = JsonlFiles(self.sessions_dir, profile=self.profile, cache=self.cache)
        self.leftovers = FileSources(self.files, self.path.parent, profile=self.profile, stored=self._stored_entries)
        if not read_only and _is_blank(self.path):
            create.create(self.path)

    @property
    def profile(self) -> str:
        """The profile whose home this is (docs/format.md §1.1)."""
        home = self.path.absolute().parent
        return home.name if home.parent.name == "profiles" else "default"

    def sibling(self, home: Home) -> HomeStore:
        """Another profile's store, to read."""
        return HomeStore(home.state_db, read_only=True, sessions_dir=home.sessions_dir)

    def close(self) -> None:
        """Close every connection; later calls fail. May be called twice."""
        self.reader.close()
        self.writer.close()

    def refuse_to_write_if_read_only(self) -> None:
        """Raise `ReadOnly` where this store only reads."""
        if self.read_only:
            raise ReadOnly(f"{self.path} was opened to read only; open it without read_only to write")

    def write(self, work: TransactionWork[T]) -> T:
        """Run `work` in a transaction.

        Raises:
            ReadOnly: This store only reads.
            StoreError: See `Writer.transaction`.
        """
        self.refuse_to_write_if_read_only()
        return self.writer.transaction(lambda connection: work(connection, self.writer.layout))

    def _step_back(self) -> None:
        self.writer.release_replaced()

    def _stored_entries(self, session_id: str) -> list[ComparedMessage]:
        """The compared form of the messages in the database; none where it cannot be read."""
        try:
            return list(comparison_rows.compared_messages(self.reader, session_id))
        except (CannotOpen, Damaged):
            return []


def _is_blank(path: Path) -> bool:
    """True where there is no file yet, or one without a byte; the first read reports what cannot be looked at."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0
