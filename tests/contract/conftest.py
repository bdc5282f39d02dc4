"""The fixture `case`: a home on each engine in turn."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import home
from tests.contract import sqlite_eras
from tests.contract.cases import Case, MemoryCase, SqliteCase
from tests.contract.memory_tables import MemoryDatabase
from tests.contract.postgres_case import LEFT_OUT, PostgresCase

BETWEEN = ("sqlite-v10-A'", "sqlite-v25-C1")
"""Eras that the gate alone runs on: the oldest, ours and the newest are in the fast loop."""
ENGINES = tuple(
    pytest.param(name, marks=pytest.mark.slow if name in BETWEEN else ()) for name in ("memory", *sqlite_eras.ERAS)
)


@pytest.fixture(scope="session")
def blank_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from the name of an era to an empty state.db of it, made once."""
    folder = tmp_path_factory.mktemp("eras")

    def _blank(era: str) -> Path:
        path = folder / era / "state.db"
        if not path.exists():
            path.parent.mkdir()
            sqlite_eras.make(path, era)
        return path

    return _blank


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test on each engine that its module is meant for."""
    if "case" in metafunc.fixturenames:
        served = () if metafunc.module.__name__ in LEFT_OUT else ("postgres",)
        metafunc.parametrize("case", [*ENGINES, *served], indirect=True)


@pytest.fixture
def case(
    request: pytest.FixtureRequest, tmp_path: Path, blank_file: Callable[[str], Path], worker_id: str
) -> Iterator[Case]:
    """A home without sessions, on each engine in turn."""
    folder = home(tmp_path)
    found: Case
    if request.param == "memory":
        found = MemoryCase(folder, MemoryDatabase())
    elif request.param == "postgres":
        found = PostgresCase(folder, request.getfixturevalue("server_url"), f"contract_{worker_id}")
    else:
        shutil.copy(blank_file(request.param), folder / "state.db")
        found = SqliteCase(folder, request.param)
    yield found
    found.store.close()
    if isinstance(found, PostgresCase):
        found.close()
