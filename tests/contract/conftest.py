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


@pytest.fixture(params=["memory", *sqlite_eras.ERAS])
def case(request: pytest.FixtureRequest, tmp_path: Path, blank_file: Callable[[str], Path]) -> Iterator[Case]:
    """A home without sessions, on each engine in turn."""
    folder = home(tmp_path)
    found: Case
    if request.param == "memory":
        found = MemoryCase(folder, MemoryDatabase())
    else:
        shutil.copy(blank_file(request.param), folder / "state.db")
        found = SqliteCase(folder, request.param)
    yield found
    found.store.close()
