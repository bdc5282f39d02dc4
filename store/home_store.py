"""Store of one home: its database, its files, the cache of its verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .base.errors import CannotOpen, Damaged, ReadOnly
from .files.file_sources import FileSources
from .files.gateway import Gateway, GatewayState, find_gateway
from .files.home import Home, home_of
from .files.jsonl_files import JsonlFiles
from .files.verdict_cache import VerdictCache

if TYPE_CHECKING:
    from .engine.copied import CopiedRows
    from .engine.managed import ManagedRows
    from .engine.ports import Engine, Transaction
    from .engine.statistics import StatisticsRows
    from .formats.compared_message import ComparedMessage

T = TypeVar("T")


class HomeStore:
    """Held by agents' verbs, browsers and repairs; `open.open_store` makes it.

    Args:
        path: The state.db, or where it would be.
        engine: Its database.
        sibling: Opens another profile's home, to read.
        read_only: Refuse every write.
        sessions_dir: Folder of the legacy files, `sessions` beside the state.db where it is None.
        cache_dir: Folder of the verdict cache (`files.verdict_cache`), kept between starts; None for none.
        managed: Makes the part of the engine by which people keep sessions in order; None where it has none.
        statistics: Makes the part that counts sessions; None where it has none.
        copied: Makes the part by which a home is copied; None where it has none.
    """

    def __init__(
        self,
        path: Path,
        engine: Engine,
        *,
        sibling: Callable[[Home], HomeStore],
        read_only: bool = False,
        sessions_dir: Path | None = None,
        cache_dir: Path | None = None,
        managed: Callable[[], ManagedRows] | None = None,
        statistics: Callable[[], StatisticsRows] | None = None,
        copied: Callable[[], CopiedRows] | None = None,
    ) -> None:
        self.path, self.engine, self.sibling = path, engine, sibling
        self._managed, self.statistics, self.copied = managed, statistics, copied
        self.read_only = read_only
        self.sessions_dir = path.parent / "sessions" if sessions_dir is None else Path(sessions_dir)
        self.profile = home_of(path).profile
        self.cache = VerdictCache(cache_dir, path)
        self.files = JsonlFiles(self.sessions_dir, profile=self.profile, cache=self.cache)
        self.leftovers = FileSources(self.files, path.parent, profile=self.profile, stored=self._stored)

    def close(self) -> None:
        """Close every connection; later reads fail. May be called twice."""
        self.engine.close()

    def refuse_to_write_if_read_only(self) -> None:
        """Raise `ReadOnly` where this store only reads."""
        if self.read_only:
            raise ReadOnly(f"{self.path} was opened to read only; open it without read_only to write")

    def require_repairs(self) -> None:
        """Raise `ReadOnly` where the database cannot be repaired."""
        if not self.engine.capabilities.repairs:
            raise ReadOnly(f"{self.engine.name} cannot be repaired: no message can be inserted between others there")

    @property
    def managed(self) -> ManagedRows:
        """The part of the engine by which people keep sessions in order; raises `ReadOnly` where it has none."""
        if self._managed is None:
            raise ReadOnly(f"sessions in {self.engine.name} are read and written by Hermes only; use its own verbs")
        return self._managed()

    def gateway(self) -> Gateway:
        """The gateway of this home, by its files, else by its heartbeats in the database."""
        found = find_gateway(self.path.parent)
        if found.state is GatewayState.RUNNING:
            return found
        try:
            backends = self.engine.health.backends(time.time())
        except (CannotOpen, Damaged):
            return found
        return Gateway(GatewayState.RUNNING, backend=backends[0]) if backends else found

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction.

        Raises:
            ReadOnly: This store only reads.
            StoreError: See `Engine.write`.
        """
        self.refuse_to_write_if_read_only()
        return self.engine.write(work)

    def _stored(self, session_id: str) -> list[ComparedMessage]:
        """The compared form of the messages in the database; none where it cannot be read."""
        try:
            return list(self.engine.messages.compared(session_id))
        except (CannotOpen, Damaged):
            return []
