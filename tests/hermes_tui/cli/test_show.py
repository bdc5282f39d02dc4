"""The verbs without a screen: what they print, as text and as JSON, and what they exit with."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.search import snippet
from store import Hit
from store.sqlite.connect.writer import PATIENCE
from tests import builders

LIST_KEYS = (
    "id profile source title model started_at last_active messages status verdict drift parent_id archived hidden live"
)
SHOW_KEYS = "id session_id role timestamp text tool_calls tool_name reasoning active compacted origin"
SEARCH_KEYS = "session_id message_id role timestamp source model title snippet context"
SUMMARY_KEYS = "hits sessions capped milliseconds sort fallback"
CHECK_KEYS = (
    "session_id verdict sqlite_messages jsonl_messages missing_in_sqlite missing_in_jsonl damaged_lines doubled"
    " repairable reason"
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: exit code, stdout, stderr."""

    def call(home: Path, *arguments: str) -> tuple[int, str, str]:
        code = main(["--home", str(home), *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two sessions in SQLite, one of them with a longer file, and one that is a file alone."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    calls = [{"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}]
    builders.store(
        db,
        "20260101_100000_aaaaaa",
        [
            builders.say("user", "why does docker fail", timestamp=1_767_261_600.0),
            builders.say("assistant", None, tool_calls=calls, reasoning="look first", timestamp=1_767_261_601.0),
            builders.say("tool", '{"output": "x", "exit_code": 0}', tool_call_id="c1", tool_name="terminal"),
            builders.say("assistant", "the docker daemon is off", finish_reason="stop"),
        ],
    )
    db.set_session_title("20260101_100000_aaaaaa", "Docker fails")
    legacy = builders.talk(6, word="legacy")
    builders.store(db, "20260102_100000_bbbbbbbb", legacy[-2:], source="telegram")
    db.close()
    builders.jsonl(folder, "20260102_100000_bbbbbbbb", [builders.META, *legacy])
    builders.jsonl(folder, "20251220_070000_cccccccc", [builders.META, *builders.talk(3, word="alone")])
    return folder


def fingerprint(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name not in {"state.db-wal", "state.db-shm"}
    }


# list


def test_list_prints_every_session_as_json_with_the_keys_of_the_contract(home: Path, run: Run) -> None:
    code, out, err = run(home, "list", "--json")
    rows = objects(out)
    assert (code, err) == (0, "")
    assert [" ".join(row) for row in rows] == [LIST_KEYS] * 3
    by_id = {row["id"]: row for row in rows}
    assert set(by_id) == {"20260101_100000_aaaaaa", "20260102_100000_bbbbbbbb", "20251220_070000_cccccccc"}
    docker = by_id["20260101_100000_aaaaaa"]
    assert (docker["title"], docker["messages"], docker["profile"], docker["verdict"]) == (
        "Docker fails",
        4,
        "default",
        None,
    )
    assert (docker["drift"], docker["source"]) == (None, "cli")
    assert by_id["20260102_100000_bbbbbbbb"]["drift"] == "jsonl_ahead"
    alone = by_id["20251220_070000_cccccccc"]
    assert (alone["drift"], alone["messages"], alone["status"]) == ("jsonl_only", 3, "interrupted")


def test_list_for_people_ends_each_line_with_the_id(home: Path, run: Run) -> None:
    code, out, _ = run(home, "list")
    lines = out.splitlines()
    assert code == 0
    assert {line.split()[-1] for line in lines} >= {"20260101_100000_aaaaaa", "20251220_070000_cccccccc"}
    docker = next(line for line in lines if "Docker fails" in line)
    assert docker.endswith(" 20260101_100000_aaaaaa")


def test_list_is_as_wide_as_the_terminal(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    lines = run(home, "list")[1].splitlines()
    assert max(len(line) for line in lines) == 90


def test_list_prints_exactly_the_sessions_of_a_real_home_and_those_of_its_files(each_home: Path, run: Run) -> None:
    expected = json.loads((each_home / "expected.json").read_text())["sessions"]
    files = {path.name.removesuffix(".jsonl") for path in (each_home / ".hermes" / "sessions").glob("*.jsonl")}
    snapshots = {"20260120_080000_abc123": None, "20260121_080000_dead00": "damaged"}
    before = fingerprint(each_home / ".hermes")
    code, out, err = run(each_home / ".hermes", "list", "--json")
    rows = objects(out)
    assert (code, err) == (0, "")
    assert sorted(row["id"] for row in rows) == sorted(set(expected) | files | set(snapshots))
    for row in rows:
        if row["id"] in expected:
            assert (row["source"], row["title"]) == (expected[row["id"]]["source"], expected[row["id"]]["title"])
            assert row["parent_id"] == expected[row["id"]]["parent"]
            assert row["drift"] != "jsonl_only"
        else:
            assert row["drift"] == snapshots.get(row["id"], "jsonl_only")
    assert fingerprint(each_home / ".hermes") == before


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
    code, out, err = run(home, "show", "snap")
    assert "snapshot" in err


def test_a_profile_that_cannot_be_read_leaves_the_merged_list_partial(tmp_path: Path, run: Run) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.store(db, "here", builders.talk(2))
    db.close()
    (home / "profiles" / "torn").mkdir(parents=True)
    (home / "profiles" / "torn" / "state.db").write_text("no database " * 40)
    code, out, err = run(home, "list", "--json", "--profile", "all")
    assert (code, [row["id"] for row in objects(out)]) == (2, ["here"])
    assert err.startswith("hermes-tui: partial, 1 session could be read: profile torn: ")
    code, out, err = run(home, "search", "message", "--profile", "all")
    assert code == 2
    assert "here" in out
    assert "profile torn: " in err


def test_an_empty_root_names_the_profiles_that_are_there(tmp_path: Path, run: Run) -> None:
    """Mutant: without their names."""
    home = builders.home(tmp_path)
    (home / "profiles" / "work" / "sessions").mkdir(parents=True)
    code, out, err = run(home, "list")
    assert (code, out) == (0, "")
    assert "--profile NAME (work) opens another home" in err


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


def test_list_says_of_an_empty_home_how_to_get_another_and_is_no_error(tmp_path: Path, run: Run) -> None:
    code, out, err = run(builders.home(tmp_path), "list")
    assert (code, out) == (0, "")
    assert err.count("\n") == 1
    assert "--demo" in err
    assert sorted(path.name for path in (tmp_path / ".hermes").iterdir()) == ["sessions"]


def test_list_of_a_store_without_sessions_says_the_same(tmp_path: Path, run: Run) -> None:
    folder = builders.home(tmp_path)
    builders.db(folder).close()
    code, out, err = run(folder, "list", "--json")
    assert (code, out) == (0, "")
    assert "no sessions yet" in err


# show


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


def test_show_prints_as_many_messages_as_a_real_home_has(each_home: Path, run: Run) -> None:
    expected = json.loads((each_home / "expected.json").read_text())
    for session_id in expected["sessions"]:
        rows = expected["rows"].get(session_id, {"rows": 0})["rows"]
        lines = expected["jsonl"].get(session_id, {"parsed_lines": 0})["parsed_lines"]
        code, out, _ = run(each_home / ".hermes", "show", session_id, "--json")
        assert code == 0
        if session_id == "20260105_120000_1e9ac1e5":
            assert (rows, lines, len(out.splitlines())) == (2, 994, 993)
        elif lines <= rows:
            assert len(out.splitlines()) == rows, session_id
        else:
            assert rows <= len(out.splitlines()) <= lines, session_id


def test_show_of_an_unknown_session_is_one_sentence(home: Path, run: Run) -> None:
    code, out, err = run(home, "show", "nothing")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


# search


def test_search_prints_hits_newest_first_and_then_a_summary(home: Path, run: Run) -> None:
    code, out, err = run(home, "search", "docker", "--json")
    *hits, summary = objects(out)
    assert (code, err) == (0, "")
    assert [" ".join(hit) for hit in hits] == [SEARCH_KEYS] * 2
    assert [hit["snippet"] for hit in hits] == ["the docker daemon is off", "why does docker fail"]
    assert list(summary) == ["summary"]
    assert " ".join(summary["summary"]) == SUMMARY_KEYS
    told = {key: value for key, value in summary["summary"].items() if key != "milliseconds"}
    assert told == {"hits": 2, "sessions": 1, "capped": False, "sort": "newest", "fallback": None}


def test_search_shows_what_stands_around_a_hit(home: Path, run: Run) -> None:
    hit, _ = objects(run(home, "search", "daemon", "--json")[1])
    assert [list(line) for line in hit["context"]] == [["id", "role", "text", "hit"]] * 2
    assert [(line["role"], line["hit"]) for line in hit["context"]] == [("tool", False), ("assistant", True)]
    alone, _ = objects(run(home, "search", "daemon", "--json", "--context", "0")[1])
    assert [line["hit"] for line in alone["context"]] == [True]
    wide, _ = objects(run(home, "search", "daemon", "--json", "--context", "9")[1])
    assert len(wide["context"]) == 4


def test_search_finds_what_only_a_file_has_with_its_context(home: Path, run: Run) -> None:
    *hits, _ = objects(run(home, "search", '"alone 1"', "--json")[1])
    assert [hit["session_id"] for hit in hits] == ["20251220_070000_cccccccc"]
    assert [line["text"] for line in hits[0]["context"]] == ["alone 0", "alone 1", "alone 2"]


def test_search_orders_by_age_or_by_worth_and_keeps_the_limit(home: Path, run: Run) -> None:
    oldest, summary = objects(run(home, "search", "docker", "--json", "--sort", "oldest", "--limit", "1")[1])
    assert oldest["snippet"] == "why does docker fail"
    assert (summary["summary"]["capped"], summary["summary"]["sort"]) == (True, "oldest")
    newest, _ = objects(run(home, "search", "docker", "--json", "--limit", "1")[1])
    assert newest["snippet"] == "the docker daemon is off"
    best, second, _ = objects(run(home, "search", "docker", "--json", "--sort", "best")[1])
    assert {best["message_id"], second["message_id"]} == {oldest["message_id"], newest["message_id"]}


def test_a_snippet_of_a_long_text_stands_around_its_first_match() -> None:
    text = "a" * 500 + " needle " + "b" * 500
    hit = Hit("s", 1, "user", text, spans=((501, 507),))
    assert "needle" in snippet(hit)
    assert len(snippet(hit)) == 200
    assert snippet(Hit("s", 1, "user", "short needle", spans=((6, 12),))) == "short needle"


def test_search_joins_words_and_tells_a_wrong_filter(home: Path, run: Run) -> None:
    *hits, _ = objects(run(home, "search", "docker", "daemon", "--json")[1])
    assert len(hits) == 1
    code, out, err = run(home, "search", "docker after:yesterdya")
    assert (code, out) == (2, "")
    assert "yesterdya" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("nothing", ["***", '"', "[/]", "OR"])
def test_search_says_where_there_is_no_word_in_what_was_typed(home: Path, run: Run, nothing: str) -> None:
    """`OR` alone is the word. Mutant: without the line only `0 hits` is printed, as if it had been sought."""
    lines = run(home, "search", nothing)[1].splitlines()
    assert (lines[-1] == "there is no word to search for in that") is (nothing != "OR")


def test_search_for_people_names_session_role_and_time(home: Path, run: Run) -> None:
    _, out, _ = run(home, "search", "why")
    assert "20260101_100000_aaaaaa  Docker fails  cli  2026-01-01 10:00" in out
    assert ">      user  why does docker fail" in out
    assert out.splitlines()[-1].startswith("1 hit in 1 session · newest first · ")


def test_search_finds_a_word_of_a_real_home(each_home: Path, run: Run) -> None:
    before = fingerprint(each_home / ".hermes")
    code, out, _ = run(each_home / ".hermes", "search", "docker", "--json")
    *hits, summary = objects(out)
    assert code == 0
    assert hits
    assert summary["summary"]["hits"] == len(hits)
    assert all("docker" in json.dumps(hit).lower() for hit in hits)
    assert fingerprint(each_home / ".hermes") == before


# check


def test_check_says_which_sessions_lost_history_and_exits_with_1(home: Path, run: Run) -> None:
    code, out, err = run(home, "check", "--json")
    rows = {row["session_id"]: row for row in objects(out)}
    assert (code, err) == (1, "")
    assert [" ".join(row) for row in rows.values()] == [CHECK_KEYS] * len(rows)
    legacy = rows["20260102_100000_bbbbbbbb"]
    assert (legacy["verdict"], legacy["missing_in_sqlite"], legacy["repairable"]) == ("jsonl_ahead", 4, True)
    assert rows["20251220_070000_cccccccc"]["verdict"] == "jsonl_only"


def test_check_of_a_sound_session_exits_with_0(home: Path, run: Run) -> None:
    code, out, _ = run(home, "check", "20260101_100000_aaaaaa", "--json")
    assert code == 0
    assert [row["verdict"] for row in objects(out)] == ["sqlite_only"]


def test_check_for_people_counts_what_is_missing(home: Path, run: Run) -> None:
    code, out, err = run(home, "check", "20260102")
    assert code == 1
    assert "jsonl_ahead" in out
    assert "SQLite lacks 4" in out
    assert err == "hermes-tui: 1 session with history that only a JSONL file has\n"


def test_check_of_a_real_home_finds_the_legacy_session(each_home: Path, run: Run) -> None:
    before = fingerprint(each_home / ".hermes")
    code, out, _ = run(each_home / ".hermes", "check", "--json")
    rows = {row["session_id"]: row for row in objects(out)}
    assert code == 1
    assert rows["20260105_120000_1e9ac1e5"]["verdict"] in {"jsonl_ahead", "diverged"}
    assert rows["20251220_070000_0f11e0e5"]["verdict"] == "jsonl_only"
    assert fingerprint(each_home / ".hermes") == before


# errors


def no_home(path: Path) -> Path:
    return path / "nowhere"


def no_store(path: Path) -> Path:
    folder = builders.home(path)
    builders.jsonl(folder, "only_file", builders.talk(2))
    return folder


def text_file(path: Path) -> Path:
    folder = builders.home(path)
    (folder / "state.db").write_text("this is a diary, not a database\n" * 40)
    return folder


def directory(path: Path) -> Path:
    folder = builders.home(path)
    (folder / "state.db").mkdir()
    return folder


def unreadable(path: Path) -> Path:
    folder = builders.home(path)
    db = builders.db(folder)
    builders.store(db, "s1", builders.talk(2))
    db.close()
    (folder / "state.db").chmod(0)
    if os.access(folder / "state.db", os.R_OK):
        pytest.skip("this user may read everything")
    return folder


def corrupt(path: Path) -> Path:
    """The schema page is whole, everything after it is not."""
    folder = builders.home(path)
    db = builders.db(folder)
    builders.store(db, "s1", builders.talk(400))
    db.close()
    with closing(apsw.Connection(str(folder / "state.db"))) as connection:
        connection.pragma("journal_mode", "delete")
    whole = (folder / "state.db").read_bytes()
    (folder / "state.db").write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    return folder


BROKEN = [no_home, text_file, directory, unreadable, corrupt]
VERBS = [["list"], ["list", "--json"], ["show", "s1"], ["search", "message", "--json"], ["check", "s1", "--json"]]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda make: make.__name__)
def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(
    tmp_path: Path, run: Run, broken: Callable[[Path], Path], verb: list[str]
) -> None:
    folder = broken(tmp_path)
    before = fingerprint(tmp_path) if broken is not unreadable else {}
    code, _, err = run(folder, *verb)
    assert code == 2, err
    assert err.startswith("hermes-tui: ")
    assert err.count("\n") == 1
    assert len(err) > 40
    assert "Traceback" not in err
    assert broken is unreadable or fingerprint(tmp_path) == before


def test_a_home_of_jsonl_files_alone_is_whole_and_one_line_says_that_there_is_no_state_db(
    tmp_path: Path, run: Run
) -> None:
    """Before February 2026 Hermes had no state.db; such a home lacks nothing."""
    folder = no_store(tmp_path)
    code, out, err = run(folder, "list", "--json")
    assert (code, [row["id"] for row in objects(out)]) == (0, ["only_file"])
    assert "has no state.db; these are its JSONL files" in err
    assert run(folder, "show", "only")[0] == 0
    assert run(folder, "search", "message", "--json")[0] == 0


@pytest.mark.parametrize("broken", [text_file, directory, corrupt], ids=lambda make: make.__name__)
def test_list_prints_what_files_have_where_the_store_cannot_be_read(
    tmp_path: Path, run: Run, broken: Callable[[Path], Path]
) -> None:
    folder = broken(tmp_path)
    builders.jsonl(folder, "only_file", builders.talk(2, word="still readable"))
    code, out, err = run(folder, "list", "--json")
    assert code == 2
    assert [row["id"] for row in objects(out)] == ["only_file"]
    assert "partial" in err
    assert err.count("\n") == 1


def test_verbs_read_a_store_that_another_program_has_locked_to_write(home: Path, run: Run) -> None:
    with builders.locked(home / "state.db"):
        assert run(home, "list")[0] == 0
        assert run(home, "search", "docker")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("verb", [["list"], ["search", "docker"]], ids=" ".join)
def test_a_store_that_is_locked_to_readers_too_is_one_sentence_after_some_seconds(
    home: Path, run: Run, verb: list[str]
) -> None:
    """In DELETE mode a writer that commits shuts everybody out; a reader waits for less long than a writer would."""
    holder = textwrap.dedent("""
        import sys, apsw
        connection = apsw.Connection(sys.argv[1])
        connection.pragma("journal_mode", "delete")
        connection.execute("BEGIN EXCLUSIVE")
        print("held", flush=True)
        sys.stdin.read()
    """)
    command = [sys.executable, "-c", holder, str(home / "state.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "held\n"
        began = time.monotonic()
        code, out, err = run(home, *verb)
        running.communicate("")
    assert (code, out) == (2, "")
    assert "locked" in err
    assert err.count("\n") == 1
    assert time.monotonic() - began < PATIENCE


def test_no_verb_creates_or_changes_a_file(home: Path, run: Run) -> None:
    before = fingerprint(home)
    for verb in (["list"], ["show", "20260101"], ["search", "docker"], ["check"]):
        run(home, *verb)
    assert fingerprint(home) == before


def test_all_profiles_are_one_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = builders.home(tmp_path)
    for folder, text in ((root, "here"), (root / "profiles" / "work", "there")):
        folder.mkdir(parents=True, exist_ok=True)
        db = builders.db(folder)
        builders.store(db, "same", [builders.say("user", f"walrus {text}")])
        db.close()
    assert main(["--home", str(root), "--profile", "all", "list", "--json"]) == 0
    rows = objects(capsys.readouterr().out)
    assert sorted((row["id"], row["profile"]) for row in rows) == [("same", "default"), ("work/same", "work")]
    assert main(["--home", str(root), "--profile", "all", "show", "work/same", "--json"]) == 0
    assert [row["text"] for row in objects(capsys.readouterr().out)] == ["walrus there"]
    assert main(["--home", str(root), "--profile", "all", "search", "walrus", "--json"]) == 0
    assert objects(capsys.readouterr().out)[-1]["summary"]["hits"] == 2
