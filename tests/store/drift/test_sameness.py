"""Sessions that are found equal without identities: never one that the comparison by content calls otherwise.

Mutants that these tests were seen to catch: calls, roles, contents or the call that a result answers not looked at;
repeated blocks not looked for; a session with a row that a compaction copied; groups of one session; every session left
to the comparison.
"""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import Cancel, Check, SessionDB
from store.drift import sameness
from store.formats import message_codec
from tests.builders import db, home, jsonl, say, store, talk
from tests.counting import asked_of_sqlite
from tests.store.sqlite_files import run

CALL = {"id": "c1", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}
KINDS: tuple[dict[str, Any], ...] = (
    say("user", "one"),
    say("user", "two"),
    say("user", " one "),
    say("user", ""),
    say("user", None),
    say("user", "\x00json:[1]"),
    say("user", [{"type": "text", "text": "one"}]),
    say("session_meta", "tools"),
    say("assistant", "<think>why</think>one"),
    say("assistant", None, tool_calls=[CALL]),
    say("assistant", "", tool_calls=[{**CALL, "id": "c2"}]),
    say("assistant", "one", tool_calls=[]),
    say("tool", "one", tool_call_id="c1"),
    say("tool", "one", tool_call_id="c2"),
    say("user", "one", platform_message_id="7"),
)

EDITS: tuple[dict[str, Any], ...] = (
    {"role": "system"},
    {"content": "other"},
    {"content": " one"},
    {"content": ["one"]},
    {"tool_call_id": "c9"},
    {"tool_calls": [{**CALL, "id": "c9"}]},
    {"tool_calls": json.dumps([CALL])},
    {"platform_message_id": "9"},
    {"platform_message_id": 7},
    {"name": "unread"},
)


def verdicts(folder: Path) -> dict[str, Check]:
    """By a survey."""
    with closing(SessionDB(folder / "state.db", read_only=True)) as database:
        return {check.session_id: check for step in database.survey(cancel=Cancel()) for check in step.checks}


def test_what_is_found_equal_is_equal_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, folder = random.Random(7), home(tmp_path)
    with closing(db(folder)) as database:
        for number in range(240):
            said = [dict(chance.choice(KINDS)) for _ in range(chance.randint(1, 5))]
            said += said[-chance.randint(1, 2) :] if chance.random() < 0.2 else []
            written = [dict(message) for message in said]
            if chance.random() < 0.5:
                written[chance.randrange(len(written))] |= chance.choice(EDITS)
            store(database, f"s{number}", said)
            path = jsonl(folder, f"s{number}", written)
            if chance.random() < 0.1:
                path.write_bytes(path.read_bytes().rstrip(b"\n") + chance.choice([b"", b" \n", b"\n{}\n", b"\n\xff\n"]))
    run(folder / "state.db", "UPDATE messages SET active = 0 WHERE id % 41 = 0")
    found: list[str] = []
    same = sameness._same

    def _noted(*given: Any) -> Check | None:
        check = same(*given)
        found.extend([check.session_id] if check else [])
        return check

    monkeypatch.setattr(sameness, "_same", _noted)
    quick = verdicts(folder)
    with closing(SessionDB(folder / "state.db", read_only=True)) as database:
        assert quick == {name: database.check(name) for name in quick}
    assert 40 < len(found) < 200


def test_equal_sessions_are_read_by_groups_and_have_no_identities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = []
    for sessions in (10, 40):
        folder = home(tmp_path, f"home{sessions}")
        with closing(db(folder)) as database:
            for number in range(sessions):
                store(database, f"s{number}", [*talk(2), say("assistant", None, tool_calls=[CALL])])
                jsonl(folder, f"s{number}", [*talk(2), say("assistant", None, tool_calls=[CALL])])
        with asked_of_sqlite() as asked, monkeypatch.context() as patch:
            patch.setattr(message_codec, "digest", lambda *_: pytest.fail("an identity was made"))
            assert len(verdicts(folder)) == sessions
        statements.append(asked.statements)
    assert statements[0] == statements[1]


def test_a_row_that_a_compaction_copied_is_no_second_message(tmp_path: Path) -> None:
    folder, said = home(tmp_path), [say("user", f"text {number}", timestamp=1.7e9 + number) for number in range(3)]
    with closing(db(folder)) as database:
        store(database, "s", [*said, say("user", "between"), *said])
    jsonl(folder, "s", [*said, say("user", "between"), *said])
    run(folder / "state.db", "UPDATE messages SET active = 0, compacted = 1 WHERE id <= 3")
    run(folder / "state.db", "DROP INDEX idx_messages_session_active")  # whose counts would tell
    with closing(SessionDB(folder / "state.db", read_only=True)) as database:
        assert verdicts(folder)["s"] == database.check("s")
        assert database.check("s").sqlite_messages == 4


def test_a_longer_line_of_a_file_is_read_as_one_value(tmp_path: Path) -> None:
    folder = home(tmp_path)
    with closing(db(folder)) as database:
        store(database, "s", [say("user", "one"), say("user", "two")])
    path = folder / "sessions" / "s.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(say("user", text)) for text in ("one", "two")) + "\n")
    assert verdicts(folder)["s"].salvaged == 2
