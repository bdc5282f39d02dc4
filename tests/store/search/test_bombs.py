"""What is typed to hurt a search: the small version of `python -m tests.benchmarks.bombs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import SessionDB
from tests.benchmarks import bombs, homes
from tests.builders import db


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> SessionDB:
    """A store of 1,000 messages."""
    folder: Path = tmp_path_factory.mktemp("home")
    homes.build(folder, homes.Size(100, 1_000, (100,)), seed=7)
    return db(folder, read_only=True)


@pytest.mark.slow
def test_no_generated_string_is_an_error_or_slow(database: SessionDB) -> None:
    outcome = bombs.throw(database, bombs.strings(1_000, seed=7))
    assert (outcome.errors, outcome.slow) == ([], [])
    assert 0 < outcome.refused < outcome.strings


@pytest.mark.slow
def test_no_bomb_is_an_error_or_slow(database: SessionDB) -> None:
    assert len(bombs.BOMBS) == 30
    outcome = bombs.throw(database, bombs.BOMBS)
    assert (outcome.errors, outcome.slow) == ([], [])
