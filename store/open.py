"""Choice of the engine: from a path or a URL to the store of a home."""

from __future__ import annotations

import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .base.errors import CannotOpen, Locked, StoreMissing
from .files.home import ALL_PROFILES, Home
from .home_store import HomeStore
from .sqlite.base.backoff import PATIENCE
from .sqlite.engine import SqliteEngine

if TYPE_CHECKING:
    from .base.server_address import ServerAddress
    from .engine.fleet import Fleet
    from .engine.push_target import PushTarget

__all__ = [
    "PATIENCE",
    "fleet_of",
    "locate_server",
    "open_files_alone",
    "open_push_target",
    "open_store",
    "open_to_read",
]

OWN_SCHEMA = "hermes_tui"
"""The schema that agents write to where a URL names none."""


def open_store(
    path: Path | str,
    *,
    read_only: bool = False,
    sessions_dir: Path | None = None,
    patience: float = PATIENCE,
    cache_dir: Path | None = None,
) -> HomeStore:
    """The store of one home.

    Args:
        path: The state.db; without `read_only` it is made where it is missing or has no byte yet, with its folder.
            Or the URL of a PostgreSQL server, `postgresql://host/db?schema=NAME`, with `hermes_tui` for no schema;
            without `read_only` the schema is made where it is missing, by the first write where the server is away.
        read_only: Create nothing, refuse every write.
        sessions_dir: Folder of the legacy files, `sessions` beside the state.db where it is None.
        patience: Seconds that a write waits for the lock before it raises `Locked`.
        cache_dir: Folder of the verdict cache, kept between starts; None for none.

    Raises:
        StoreError: The file is missing and cannot be made, or the URL is wrong.
        ValueError: `patience` is no number of seconds that a thread can wait.
    """
    _assert_patience(patience)
    if isinstance(path, str) and "://" in path and (server := _on_server(path, read_only, patience, cache_dir)):
        return server
    path = Path(path)
    engine = SqliteEngine(path, patience=patience)
    if not read_only:
        engine.prepare_to_write()
    store = HomeStore(
        path,
        engine,
        sibling=open_to_read,
        read_only=read_only,
        sessions_dir=sessions_dir,
        cache_dir=cache_dir,
        managed=engine.managed,
        statistics=engine.statistics,
        copied=engine.copied,
    )
    if not read_only and _is_blank(path):
        from .sqlite.connect import create

        create.create(path)
    return store


def _on_server(url: str, read_only: bool, patience: float, cache_dir: Path | None) -> HomeStore | None:
    """The store at a URL; None where it is the path of a file all the same."""
    from .base.server_address import is_server, parse_address
    from .files import server_folder

    if not is_server(url):
        return None
    address = parse_address(url)
    if not address.schema:
        address = address.of_schema(OWN_SCHEMA)
    beside = server_folder.state_db_of(address)
    store = _server_store(address, beside, read_only=read_only, patience=patience, cache_dir=cache_dir)
    if not read_only:
        _make_schema(store)
    return store


def _assert_patience(given: object) -> None:
    if not isinstance(given, int | float) or not 0 <= given <= threading.TIMEOUT_MAX:
        raise ValueError(f"the patience of a writer must be a number of seconds, not {given!r}")


def open_to_read(home: Home, *, cache_dir: Path | None = None) -> HomeStore:
    """The store of a home that is only read; see `open_store`."""
    if home.server is not None:
        address = home.address
        return _server_store(address, home.state_db, read_only=True, patience=PATIENCE, cache_dir=cache_dir)
    return open_store(home.state_db, read_only=True, sessions_dir=home.sessions_dir, cache_dir=cache_dir)


def open_files_alone(home: Home, stand_in: Path) -> HomeStore:
    """The same of a home that has no state.db.

    Args:
        stand_in: A file without a byte, which is read in its place.
    """
    engine = SqliteEngine(stand_in, patience=PATIENCE)
    return HomeStore(
        home.state_db,
        engine,
        sibling=open_to_read,
        read_only=True,
        sessions_dir=home.sessions_dir,
        copied=engine.copied,
    )


def locate_server(
    url: str, *, profile: str | None = None, likely: str | None = None, beside: Path | None = None
) -> Home:
    """The home on a server: its schema, or all that hold sessions as profiles.

    Args:
        url: As `open_store` takes it; without a schema all are looked up, and more than one are read as one.
        profile: One of them, or `all`.
        likely: The schema where the URL and `profile` name none, if it is there.
        beside: The state.db whose JSONL files belong to that schema.

    Raises:
        StoreError: The URL is wrong, the server cannot be reached or refuses, or has no such schema.
    """
    from .base.server_address import parse_address
    from .files import server_folder

    address = parse_address(url)
    schemas = tuple(_driver().schemas(address.of_schema("")))
    found = likely if likely in schemas else None
    wanted = profile or address.schema or found or (schemas[0] if len(schemas) == 1 else ALL_PROFILES)
    if not schemas or (wanted not in schemas and wanted != ALL_PROFILES):
        known = f"; it has {', '.join(schemas)}" if schemas else ""
        asked = wanted if wanted != ALL_PROFILES else "schema with sessions and messages"
        raise StoreMissing(f"{address.of_schema('').name} has no {asked}{known}")
    beside = beside if wanted == likely else None
    return Home(server_folder.root_of(address), wanted, server=address, schemas=schemas, beside=beside)


def fleet_of(stores: Sequence[HomeStore]) -> Fleet:
    """Stores of schemas of one database, for what they answer at once."""
    fleet: Fleet = _driver().fleet_of([store.engine for store in stores])
    return fleet


def open_push_target(url: str, schema: str) -> PushTarget:
    """The schema of a home's copy on a server; it is made with the first push.

    Raises:
        StoreError: The URL is wrong.
    """
    from .base.server_address import parse_address

    target: PushTarget = _driver().ServerCopy(parse_address(url).of_schema(schema))
    return target


def _server_store(
    address: ServerAddress, path: Path, *, read_only: bool, patience: float, cache_dir: Path | None
) -> HomeStore:
    engine = _driver().PostgresEngine(address, patience=patience, creates=not read_only)
    return HomeStore(path, engine, sibling=open_to_read, read_only=read_only, cache_dir=cache_dir)


def _make_schema(store: HomeStore) -> None:
    """Make a schema that is missing, as a state.db is made; a server that is away is asked by the first write."""
    try:
        store.engine.sessions.has("")
    except StoreMissing:
        store.engine.write(lambda _: None)
    except (CannotOpen, Locked):
        return


def _driver() -> ModuleType:
    """The engine of PostgreSQL, loaded where it is needed."""
    try:
        from .postgres import engine
    except ImportError as error:
        raise CannotOpen("PostgreSQL needs psycopg: pip install 'hermes-tui[postgres]'") from error
    return engine


def _is_blank(path: Path) -> bool:
    """True where there is no file yet, or one without a byte; the first read reports what cannot be looked at."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0
