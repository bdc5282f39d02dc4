"""An append beside a damaged full-text index is acknowledged, and the damage is reported; layouts B, C1 and C3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from store import SessionDB
from tests import builders
from tests.builders import sqlite_of
from tests.families import few
from tests.store import fts_layouts

ERAS = ("v22", "v23", "v31")
INDEXES = ("messages_fts", "messages_fts_trigram")
PARTS = ("data", "idx", "docsize", "config", "content")
SESSION = "under-fire"

STOMPS = {
    "data": "UPDATE {0} SET block = x'ff00ff00ff00ff00ff'",
    "idx": "UPDATE {0} SET pgno = pgno + 1000",
    "docsize": "DELETE FROM {0}",
    "config": "UPDATE {0} SET v = 99",
    "content": "DELETE FROM {0}",
}
"""What is done to each shadow table, all of it at once."""


def stomp(path: Path, table: str, part: str) -> None:
    """Damage one shadow table; the pages of the file stay in order, as SQLite's own checks would say."""
    connection = apsw.Connection(str(path))
    connection.execute(STOMPS[part].format(f"{table}_{part}"))
    connection.close()


def ill(database: SessionDB) -> list[str]:
    """What the doctor says of indexes that are not well."""
    return [one.detail for one in database.health() if one.ok is False and one.check in ("index", "integrity")]


@pytest.fixture(params=few([*fts_layouts.LAYOUTS, *ERAS], "C3"))
def path(request: pytest.FixtureRequest, tmp_path: Path, era_home: Callable[[str], Path]) -> Path:
    """A store of ours with the indexes of each layout, and the stores of three eras."""
    if request.param in ERAS:
        return era_home(request.param) / ".hermes" / "state.db"
    folder = builders.home(tmp_path)
    database = builders.db(folder)
    builders.store(database, "before", [*builders.talk(40), {"role": "tool", "content": "x" * 9000}])
    database.close()
    fts_layouts.turn_into(folder / "state.db", request.param)
    return folder / "state.db"


@pytest.mark.slow
@pytest.mark.parametrize("part", few(PARTS, "data", "docsize"))
@pytest.mark.parametrize("table", INDEXES)
def test_an_append_is_acknowledged_and_the_damage_is_reported(path: Path, table: str, part: str) -> None:
    database = SessionDB(path)
    if f"{table}_{part}" not in sqlite_of(database).reader.layout.tables:
        pytest.skip("this layout keeps no text of its own in the index")
    assert ill(database) == []
    database.close()
    stomp(path, table, part)

    database = SessionDB(path)
    database.create_session(SESSION, "cli")
    first = database.append_message(SESSION, "user", "first needle")
    turn = database.append_messages(SESSION, builders.talk(3))

    assert [row["id"] for row in SessionDB(path).get_messages(SESSION)] == [first, *turn]
    assert ill(database) != []
    assert sqlite_of(database).writer.index_damaged == database.index_damaged
    database.close()


@pytest.mark.slow
def test_a_search_beside_a_damaged_index_finds_what_was_appended(tmp_path: Path) -> None:
    folder = builders.home(tmp_path)
    database = builders.db(folder)
    builders.store(database, "before", builders.talk(40))
    database.close()
    stomp(folder / "state.db", "messages_fts", "data")

    database = builders.db(folder)
    database.create_session(SESSION, "cli")
    database.append_message(SESSION, "user", "a needle")

    assert [hit.session_id for batch in database.search("needle") for hit in batch.hits] == [SESSION]
