"""Exports between hermes-agent 0.19.0 and us: its import reads ours, ours reads its export, to the same transcript."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.__main__ import main
from tests import builders
from tests.interop.live_peer import PEER
from tests.transcripts import sessions, transcript

pytestmark = pytest.mark.peer("HERMES_019_PYTHON")

_IMPORT = """
import json, sys
from pathlib import Path
from hermes_state import SessionDB
db = SessionDB(Path(sys.argv[1]))
lines = [json.loads(line) for line in open(sys.argv[2])]
result = db.import_sessions(lines)
read = {line["id"]: db.get_messages(line["id"]) for line in lines}
with open(sys.argv[3], "w") as file:
    for line in lines:
        file.write(json.dumps(db.export_session(line["id"]), default=str) + "\\n")
print(json.dumps([result, read], default=str))
"""


def hermes_imports(folder: Path, source: Path, back: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the peer's import says, and the messages that it reads then; it exports them to `back` as it does itself."""
    folder.mkdir()
    command = [PEER, "-c", _IMPORT, str(folder / "state.db"), str(source), str(back)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    result, read = json.loads(done.stdout.splitlines()[-1])
    return result, read


def whole_text(value: Any) -> Any:
    """The same with U+FFFD for lone surrogates, which the peer refuses."""
    return json.loads(re.sub(r"[\ud800-\udfff]", "\ufffd", json.dumps(value, ensure_ascii=False)))


def test_its_import_reads_ours_and_our_import_reads_its_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutants: undone messages among `messages`; a lone surrogate in the line; a number in a text field."""
    home, ours, theirs = builders.home(tmp_path), tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    db = builders.db(home)
    made = list(sessions(11, 40, longest=3000))
    db.import_sessions(made)
    ids = [session.id for session in made]
    assert main(["--home", str(home), "export", *ids, "-f", "jsonl", "-o", str(ours), "--yes"]) == 0

    result, read = hermes_imports(tmp_path / "peer", ours, theirs)

    assert (result["ok"], result["imported"], result["errors"]) == (True, 40, [])
    for session_id in ids:
        fields = ("role", "content", "tool_calls", "tool_call_id", "tool_name", "reasoning", "timestamp")
        active = [{name: row.get(name) for name in fields} for row in db.get_messages(session_id)]
        assert [{name: row.get(name) for name in fields} for row in read[session_id]] == whole_text(active)
    second = builders.home(tmp_path, "second")
    assert main(["--home", str(second), "import", str(theirs)]) == 0
    new = builders.db(second)
    for session_id in ids:
        standing = [message for message in transcript(db, session_id) if message.active]
        assert transcript(new, session_id) == standing, session_id
    db.close()
    new.close()
    capsys.readouterr()
