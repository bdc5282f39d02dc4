"""The verb `show`."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from hermes_tui.cli import follow
from tests import builders
from tests.hermes_tui.cli.running import Run, objects
from tests.store.sqlite_files import run as change

COMPACTED = "20260318_130000_c0dec0"
"""A session that Hermes compacted in place; all its messages have different texts."""
SHOW_KEYS = "id session_id role timestamp text tool_calls tool_name reasoning active compacted origin"


@pytest.mark.slow
def test_show_reads_a_snapshot_and_what_waits_in_the_spool(tmp_path: Path, run: Run) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    timestamps = (1_783_999_999, 1_784_000_001)
    builders.store(
        db,
        "stored",
        [one | {"timestamp": timestamp} for one, timestamp in zip(builders.talk(2), timestamps, strict=True)],
    )
    db.close()
    waits = {"session_id": "stored", "message": builders.say("user", "waits")}
    (home / "pending_messages").mkdir()
    spooled = {"session_key": "stored", "reason": "transcript_cap_drop", "ts": 1_784_000_000, "seq": 0, "data": waits}
    (home / "pending_messages" / "pending-0a.json").write_text(json.dumps(spooled))
    (home / "sessions" / "session_snap.json").write_text(json.dumps({"messages": builders.talk(3)}))
    code, out, _ = run(home, "show", "snap", "--json")
    assert (code, [row["origin"] for row in objects(out)]) == (0, ["snapshot"] * 3)
    code, out, err = run(home, "show", "stored", "--json")
    assert [(row["origin"], row["text"]) for row in objects(out)] == [
        ("sqlite", "message 0"),
        ("spool", "waits"),
        ("sqlite", "message 1"),
    ]
    assert "1 message" in err
    assert "spool" in err
    for form in ("json", "jsonl"):
        assert run(home, "export", "stored", "-f", form, "-o", "-")[1].count("waits") == 1
    code, out, err = run(home, "show", "snap")
    assert "snapshot" in err


@pytest.mark.parametrize("form", [(), ("--json",), ("--plain",), ("--follow",)])
def test_show_says_that_a_file_is_not_in_utf8(
    tmp_path: Path, run: Run, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: U+FFFD that was written is counted; no flag at a message; a snapshot's bytes are not looked at.

    `--follow` says it at the first such message, once, and is ended here before it looks again.
    """
    home = builders.home(tmp_path)
    monkeypatch.setattr(follow, "time", SimpleNamespace(sleep=lambda _: signal.raise_signal(signal.SIGINT)))
    said = [("caf\u00e9", "cp1252"), ("na\u00efve", "cp1252"), ("caf\ufffd", "utf-8"), ("tea", "utf-8")]
    written = [json.dumps(builders.say("user", word), ensure_ascii=False).encode(name) for word, name in said]
    builders.jsonl(home, "windows", [], tail=b"\n".join(written) + b"\n")
    builders.jsonl(home, "right", [], tail=b"\n".join(written[2:]) + b"\n")
    for session_id, name in (("old", "cp1252"), ("new", "utf-8-sig")):
        text = "caf\u00e9" if name == "cp1252" else "caf\u00e9 \ufffd"
        kept = json.dumps({"messages": [builders.say("user", text)]}, ensure_ascii=False)
        (home / "sessions" / f"session_{session_id}.json").write_bytes(kept.encode(name))

    errors = {name: run(home, "show", name, *form)[2].splitlines() for name in ("windows", "right", "old", "new")}

    meaning = "not in UTF-8: \ufffd stands for the bytes that are none"
    counted = "1 message" if form == ("--follow",) else "2 messages"
    assert errors["windows"] == [f"hermes-tui: {counted} {meaning}"]
    assert errors["right"] == []
    assert [line for line in errors["old"] if meaning in line] == [f"hermes-tui: session_old.json is {meaning}"]
    assert [line for line in errors["new"] if meaning in line] == []


def test_a_file_is_shown_where_sqlite_cannot_be_read(tmp_path: Path, run: Run) -> None:
    """Mutant: `session_named` that ends where SQLite does."""
    home = builders.home(tmp_path)
    (home / "state.db").write_bytes(bytes(8192))
    builders.jsonl(home, "alone", builders.talk(3))
    builders.jsonl(home, "alone-too", builders.talk(2))
    for name in ("alone", "alone-"):
        code, out, _ = run(home, "show", name, "--json")
        assert (code, len(objects(out))) == (0, 3 if name == "alone" else 2)
    code, _, err = run(home, "show", "nowhere")
    assert code == 2
    assert "is not an SQLite database" in err


def test_show_prints_a_line_for_each_message(home: Path, run: Run) -> None:
    code, out, err = run(home, "show", "20260101_100000_aaaaaa", "--json")
    rows = objects(out)
    assert (code, err) == (0, "")
    assert [" ".join(row) for row in rows] == [SHOW_KEYS] * 4
    assert [row["role"] for row in rows] == ["user", "assistant", "tool", "assistant"]
    assert rows[0]["text"] == "why does docker fail"
    assert rows[1]["tool_calls"] == [{"id": "c1", "name": "terminal", "arguments": '{"command": "ls"}'}]
    assert (rows[1]["reasoning"], rows[2]["tool_name"]) == ("look first", "terminal")
    assert {(row["origin"], row["active"], row["compacted"]) for row in rows} == {("sqlite", True, False)}


@pytest.mark.slow
def test_show_takes_the_start_of_an_id_if_only_one_session_has_it(home: Path, run: Run) -> None:
    assert len(run(home, "show", "20260101", "--json")[1].splitlines()) == 4
    assert len(run(home, "show", "202512", "--json")[1].splitlines()) == 3
    code, out, err = run(home, "show", "2026", "--json")
    assert (code, out) == (2, "")
    assert "hermes-tui list" in err


def test_show_reads_the_longer_source_and_says_so(home: Path, run: Run) -> None:
    code, out, err = run(home, "show", "20260102_100000_bbbbbbbb", "--json")
    rows = objects(out)
    assert code == 0
    assert [row["text"] for row in rows] == [f"legacy {number}" for number in range(6)]
    assert {row["origin"] for row in rows} == {"jsonl"}
    assert err == "hermes-tui: JSONL has 6 messages, SQLite 2: this is the JSONL\n"


def test_show_for_people_has_the_title_the_roles_and_the_text(home: Path, run: Run) -> None:
    _, out, _ = run(home, "show", "20260101_100000_aaaaaa")
    assert out.splitlines()[0].startswith("Docker fails")
    assert "user  2026-01-01 10:00" in out
    assert "    why does docker fail" in out
    assert "    reasoning: look first" in out
    assert '    terminal {"command": "ls"}' in out


@pytest.mark.slow
def test_show_prints_as_many_messages_as_a_real_home_has(each_home: Path, run: Run) -> None:
    expected = json.loads((each_home / "expected.json").read_text())
    different = f"SELECT count(DISTINCT role || content) FROM messages WHERE session_id = '{COMPACTED}'"
    counted = {COMPACTED: change(each_home / ".hermes" / "state.db", different)[0][0]}
    for session_id in expected["sessions"]:
        rows = expected["rows"].get(session_id, {"rows": 0})["rows"]
        lines = expected["jsonl"].get(session_id, {"parsed_lines": 0})["parsed_lines"]
        code, out, _ = run(each_home / ".hermes", "show", session_id, "--json")
        assert code == 0
        if session_id == "20260105_120000_1e9ac1e5":
            assert (rows, lines, len(out.splitlines())) == (2, 994, 993)
        elif lines <= rows:
            assert len(out.splitlines()) == counted.get(session_id, rows), session_id
        else:
            assert rows <= len(out.splitlines()) <= lines, session_id


def test_show_of_an_unknown_session_is_one_sentence(home: Path, run: Run) -> None:
    code, out, err = run(home, "show", "nothing")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
