"""Homes that cannot be read, are locked or have files alone: one sentence and an exit code from every verb."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests import builders
from tests.hermes_tui.cli.running import Run, fingerprint, objects


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


@pytest.mark.slow
def test_verbs_read_a_store_that_another_program_has_locked_to_write(home: Path, run: Run) -> None:
    with builders.locked(home / "state.db"):
        assert run(home, "list")[0] == 0
        assert run(home, "search", "docker")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("verb", [["list"], ["search", "docker"]], ids=" ".join)
def test_a_store_that_is_locked_to_readers_too_is_one_sentence_after_some_seconds(
    home: Path, run: Run, verb: list[str]
) -> None:
    """In DELETE mode a writer that commits shuts everybody out; it may take its time."""
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
    assert time.monotonic() - began < 15


@pytest.mark.slow
def test_no_verb_creates_or_changes_a_file(home: Path, run: Run) -> None:
    before = fingerprint(home)
    for verb in (["list"], ["show", "20260101"], ["search", "docker"], ["check"]):
        run(home, *verb)
    assert fingerprint(home) == before
