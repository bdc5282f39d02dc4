"""A mended session as hermes-agent 0.19.0 sees it, also after a newer Hermes has rebuilt the index."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from store import SessionDB
from tests import builders
from tests.builders import META, say, sqlite_of

PEER = os.environ.get("HERMES_019_PYTHON", "")

pytestmark = pytest.mark.peer("HERMES_019_PYTHON")

SCRIPT = """
import json, sys
from pathlib import Path
from hermes_state import SessionDB
db = SessionDB(Path(sys.argv[1]))
said = [message["content"] for message in db.get_messages_as_conversation("legacy")]
hits = db.search_messages('"needle in message"', limit=5000)
db.append_message("legacy", "user", "and on it goes")
print(json.dumps([said, sorted(hit["id"] for hit in hits), db.get_messages_as_conversation("legacy")[-1]["content"]]))
db.close()
"""
REBUILD = """
DELETE FROM messages_fts;
INSERT INTO messages_fts(rowid, content)
SELECT id, COALESCE(content, '') || ' ' || COALESCE(tool_name, '') || ' ' || COALESCE(tool_calls, '')
FROM messages WHERE id > 0;
"""
"""What Hermes does from version 23 on: ids of 0 and below fall out."""


def hermes(home: Path) -> list[Any]:
    """The session as the peer reads it, the ids that it finds, and what it says last after an append of its own."""
    environment = {**os.environ, "HERMES_HOME": str(home)}
    command = [PEER, "-c", SCRIPT, str(home / "state.db")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("newer", [False, True])
def test_it_reads_finds_and_goes_on_with_the_union(tmp_path: Path, newer: bool) -> None:
    home = builders.home(tmp_path)
    whole = [say("user", f"needle in message {number}", timestamp=1.7e9 + number) for number in range(400)]
    later = [say("user", f"needle in message new {number}", timestamp=1.8e9 + number) for number in range(2)]
    db = builders.db(home)
    builders.store(db, "other", builders.talk(3))
    builders.store(db, "legacy", later if newer else whole[-2:], source="telegram")
    builders.jsonl(home, "legacy", [META, *whole])
    receipt = db.repair(db.plan("legacy"))
    union = [message["content"] for message in (*whole, *(later if newer else ()))]
    ids = sorted(int(str(row["id"])) for row in db.get_messages("legacy"))

    assert hermes(home) == [union, ids, "and on it goes"]

    sqlite_of(db).writer.transaction(lambda connection: connection.execute(REBUILD))
    assert hermes(home) == [[*union, "and on it goes"], ids, "and on it goes"]
    db.undo(receipt.operation or "")
    kept = [message["content"] for message in (later if newer else whole[-2:])]
    assert hermes(home)[0] == [*kept, "and on it goes", "and on it goes"]
    assert SessionDB(home / "state.db").check("legacy").missing_in_sqlite == (400 if newer else 398)
