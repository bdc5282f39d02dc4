"""One state.db as the verbs hold it: the way to read it, the way to write it, the legacy files beside it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Self, TypeVar

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


class Handle:
    """Nothing is opened before the first question, and nothing is opened to write before the first write.

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
        self._writer = Writer(self.path, patience=patience)
        self._reader = Reader(self.path, release_replaced=self._release_replaced)
        self._cache = VerdictCache(cache_dir, self.path)
        self._files = JsonlFiles(self.sessions_dir, profile=self._profile, cache=self._cache)
        self.leftovers = FileSources(self._files, self.path.parent, profile=self._profile, stored=self._stored_entries)
        if not read_only and _is_blank(self.path):
            create.create(self.path)

    def sibling(self, home: Home) -> Self:
        """Another profile's store, to read."""
        return type(self)(home.state_db, read_only=True, sessions_dir=home.sessions_dir)

    def close(self) -> None:
        """Close every connection; what is asked afterwards fails. May be called twice."""
        self._reader.close()
        self._writer.close()

    @property
    def index_damaged(self) -> bool:
        """True once a write of this handle only went through beside a damaged full-text index: rows cannot be found."""
        return self._writer.index_damaged

    def _release_replaced(self) -> None:
        self._writer.release_replaced()

    def _stored_entries(self, session_id: str) -> list[ComparedMessage]:
        """What is compared of the messages in SQLite; none where it cannot be read."""
        try:
            return list(comparison_rows.compared_messages(self._reader, session_id))
        except (CannotOpen, Damaged):
            return []

    @property
    def _profile(self) -> str:
        """The profile whose home this is (docs/format.md §1.1)."""
        home = self.path.absolute().parent
        return home.name if home.parent.name == "profiles" else "default"

    def _refuse_to_write_if_read_only(self) -> None:
        if self.read_only:
            raise ReadOnly(f"{self.path} was opened to read only; open it without read_only to write")

    def _write(self, work: TransactionWork[T]) -> T:
        """Run `work` in a transaction.

        Raises:
            ReadOnly: This handle only reads.
            StoreError: See `Writer.transaction`.
        """
        self._refuse_to_write_if_read_only()
        return self._writer.transaction(lambda connection: work(connection, self._writer.layout))


def _is_blank(path: Path) -> bool:
    """True where there is no file yet, or one without a byte; the first question says what cannot be looked at."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0
