"""The real hermes-agent 0.19.0 on files of ours, in its own interpreter (HERMES_019_PYTHON)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from store.sqlite.connect import create
from store.sqlite.connect.reader import Reader
from store.sqlite.connect.writer import Writer

PEER = os.environ.get("HERMES_019_PYTHON", "")

pytestmark = pytest.mark.peer("HERMES_019_PYTHON")


@pytest.fixture
def hermes(tmp_path: Path) -> Callable[[str], object]:
    """Run statements with `db`, the peer's SessionDB on our file; what they leave in `result` comes back."""

    def run(statements: str) -> object:
        script = f"""
import json, sys
from pathlib import Path
from hermes_state import SessionDB
db = SessionDB(Path(sys.argv[1]))
result = None
{statements}
db.close()
print(json.dumps(result))
"""
        environment = {**os.environ, "HERMES_HOME": str(tmp_path)}
        command = [PEER, "-c", script, str(tmp_path / "state.db")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def tables(path: Path) -> list[tuple[object, ...]]:
    """Everything sqlite_master says, in its order."""
    reader = Reader(path)
    try:
        return list(reader.rows("SELECT type, name, tbl_name, sql FROM sqlite_master"))
    finally:
        reader.close()


def test_its_first_open_changes_nothing_in_a_store_of_ours(tmp_path: Path, hermes: Callable[[str], object]) -> None:
    create.create(tmp_path / "state.db")
    before = tables(tmp_path / "state.db")

    hermes("")

    assert tables(tmp_path / "state.db") == before


def test_a_store_of_ours_is_what_it_makes_itself(tmp_path: Path, hermes: Callable[[str], object]) -> None:
    hermes("")
    (tmp_path / "ours").mkdir()
    create.create(tmp_path / "ours" / "state.db")

    assert tables(tmp_path / "ours" / "state.db") == tables(tmp_path / "state.db")


def test_it_finds_and_keeps_what_we_wrote(tmp_path: Path, hermes: Callable[[str], object]) -> None:
    path = tmp_path / "state.db"
    create.create(path)
    writer = Writer(path)
    writer.transaction(
        lambda connection: connection.execute(
            "INSERT INTO sessions (id, source, started_at) VALUES ('ours', 'cli', 1.7e9);"
            "INSERT INTO messages (session_id, role, content, timestamp) VALUES ('ours', 'user', 'a needle', 1.7e9)"
        )
    )

    found = hermes(
        "db.append_message('ours', 'assistant', 'found the needle')\n"
        "result = [hit['session_id'] for hit in db.search_messages('needle')]"
    )

    assert found == ["ours", "ours"]
    writer.transaction(lambda connection: connection.execute("UPDATE sessions SET title = 'still open'"))
    writer.close()
    reader = Reader(path)
    assert reader.rows("SELECT content FROM messages ORDER BY id") == [("a needle",), ("found the needle",)]
    reader.close()
