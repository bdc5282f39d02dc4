"""Whole files that are not as the newest Hermes leaves them: columns, versions, journals, indexes, media
(docs/format.md §2 §7).

Read-only media are a folder of root's that a program without rights reads.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store import Fallback, FallbackKind, ReadOnly, SessionDB
from store.repair.model import Why
from tests.families import few
from tests.homes.files import LEGACY
from tests.store.sqlite_files import digest, make, python, run

LIVE_ONLY = "this row lives only in the WAL of wal-live/"

READER = """
# imported late by rooms that a user without the interpreter's folder would not find
import difflib, os, sys, tempfile, unicodedata
from pathlib import Path
from store import SessionDB, StoreError
os.setgid(65534); os.setuid(65534)
for line in sys.stdin:
    db = SessionDB(Path(line.rstrip("\\n")), read_only=True)
    try:
        rows = [row for row in db.sessions(limit=500).items]
        texts = [one.text for row in rows for one in db.messages([head.id for head in db.heads(row.id).items])]
        hits = [hit.text for batch in db.search('"lives only in the WAL"') for hit in batch.hits]
        print(len(rows), len(texts), sys.argv[1] in texts, sys.argv[1] in hits, flush=True)
    except StoreError as error:
        print(type(error).__name__, error, flush=True)
    db.close()
"""


@pytest.fixture(scope="module")
def as_nobody() -> Iterator[Callable[[Path], str]]:
    """What a program without rights reads of a store: sessions, messages, the row of the WAL among both, or an error.

    One program reads for all tests.
    """
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    with python(READER, LIVE_ONLY) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None

        def read(path: Path) -> str:
            assert reader.stdin is not None
            assert reader.stdout is not None
            print(path, file=reader.stdin, flush=True)
            return reader.stdout.readline().rstrip() or reader.communicate(timeout=120)[1]

        yield read


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may look into and only root may write."""
    made = Path(tempfile.mkdtemp(prefix="hermes-tui-test-"))
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


@pytest.mark.slow
@pytest.mark.parametrize("sidecars", few([("-wal", "-shm"), ("-wal",)], ("-wal",)))
def test_what_lives_in_the_wal_is_read_from_media_that_cannot_be_written(
    each_live_home: Path, folder: Path, as_nobody: Callable[[Path], str], sidecars: tuple[str, ...]
) -> None:
    live = each_live_home / "wal-live" / "state.db"
    for name in ("", *sidecars):
        shutil.copyfile(f"{live}{name}", folder / f"state.db{name}")
    folder.chmod(0o555)
    before = digest(folder / "state.db")
    db = SessionDB(live, read_only=True)
    sessions = db.sessions(limit=500).items
    messages = sum(row.rows for row in sessions)
    db.close()

    assert as_nobody(folder / "state.db") == f"{len(sessions)} {messages} True True"
    assert digest(folder / "state.db") == before
    assert {one.name for one in folder.iterdir()} == {"state.db", *(f"state.db{name}" for name in sidecars)}


@pytest.mark.slow
def test_a_home_without_sidecars_is_read_from_media_that_cannot_be_written(
    each_home: Path, folder: Path, as_nobody: Callable[[Path], str]
) -> None:
    shutil.copyfile(each_home / ".hermes" / "state.db", folder / "state.db")
    folder.chmod(0o555)
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    sessions = db.sessions(limit=500).items
    db.close()

    expected = f"{len(sessions)} {sum(row.rows for row in sessions)}"
    assert as_nobody(folder / "state.db").startswith(expected)
    assert {one.name for one in folder.iterdir()} == {"state.db"}


@pytest.mark.slow
def test_a_row_whose_active_is_null_counts_as_active(era_home: Callable[[str], Path]) -> None:
    """As ALTER TABLE left it in the wild: no NOT NULL, no default (docs/format.md §2.1)."""
    path = era_home("v06") / ".hermes" / "state.db"
    run(path, "ALTER TABLE messages ADD COLUMN active INTEGER; ALTER TABLE messages ADD COLUMN compacted INTEGER")
    run(path, "UPDATE messages SET active = 0 WHERE id = 2; UPDATE messages SET active = 1 WHERE id = 3")
    db = SessionDB(path, read_only=True)
    assert [head.active for head in db.heads("20260310_091500_a1b2c3").items][:4] == [True, False, True, True]
    assert len(db.get_messages("20260310_091500_a1b2c3")) == 8
    assert 1 in {hit.message_id for batch in db.search("docker") for hit in batch.hits}
    assert next(iter(db.search("role:assistant"))).hits
    db.close()


@pytest.mark.slow
def test_a_store_with_an_unknown_structure_is_read_and_never_written(each_home: Path) -> None:
    path = each_home / ".hermes" / "state.db"
    run(path, "CREATE TRIGGER audit AFTER INSERT ON sessions BEGIN DELETE FROM messages; END")
    db = SessionDB(path)
    rows = db.sessions(limit=500).items
    assert rows
    assert {hit.session_id for batch in db.search("docker") for hit in batch.hits} >= {"20260310_091500_a1b2c3"}
    assert all(len(db.heads(row.id).items) == row.rows for row in rows)
    before = run(path, "SELECT count(*), max(id) FROM messages")
    for write in (
        lambda: db.append_message(rows[0].id, "user", "x"),
        lambda: db.create_session("new", "cli"),
        lambda: db.delete_session(rows[0].id),
        lambda: db.set_session_title(rows[0].id, "other"),
    ):
        with pytest.raises(ReadOnly, match="trigger audit"):
            write()
    db.close()
    assert run(path, "SELECT count(*), max(id) FROM messages") == before


WIDER = "; ".join(
    f"ALTER TABLE {table} ADD COLUMN {name}"
    for table in ("sessions", "messages")
    for name in ("later_text TEXT", "later_number INTEGER DEFAULT 7", "later_flag INTEGER NOT NULL DEFAULT 1")
)
"""What a later Hermes may add."""


def shorten(file: Path, *, lines: int) -> None:
    """Cut a file behind so many lines; it stays as old as it was."""
    facts = file.stat()
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.slow
def test_a_higher_number_and_more_columns_are_written_repaired_and_undone(each_home: Path) -> None:
    """Mutant: the number decides. Of the file its first hundred lines, which are several steps of a repair."""
    path = each_home / ".hermes" / "state.db"
    shorten(path.parent / "sessions" / f"{LEGACY}.jsonl", lines=100)
    run(path, f"UPDATE schema_version SET version = 34; {WIDER}; CREATE TABLE later_things(x TEXT NOT NULL)")
    db = SessionDB(path)
    before = run(path, "SELECT * FROM messages ORDER BY id")

    plan = db.plan(LEGACY)
    assert (plan.refusals, plan.insert) == ((), 99)
    receipt = db.repair(plan)
    assert receipt.inserted == 99
    assert receipt.operation is not None
    assert db.check(LEGACY).missing_in_sqlite == 0
    db.undo(receipt.operation)
    assert run(path, "SELECT * FROM messages ORDER BY id") == before

    db.create_session("later", "cli")
    [message_id] = db.append_messages("later", [{"role": "user", "content": "zebra"}])
    assert run(path, f"SELECT later_text, later_number, later_flag FROM messages WHERE id = {message_id}") == [
        (None, 7, 1)
    ]
    [schema] = [finding for finding in db.health() if finding.check == "schema"]
    assert schema.ok
    assert "version 34, above 31, the newest known" in schema.detail
    assert "messages.later_flag" in schema.detail
    assert "later_things" in schema.detail
    db.close()


EDIT = "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, {}, {}) WHERE name = 'messages'"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("CREATE TRIGGER audit AFTER INSERT ON messages BEGIN DELETE FROM sessions; END", "the trigger audit"),
        (EDIT.format("'token_count INTEGER'", "'token_count INTEGER NOT NULL'"), "messages.token_count must be filled"),
        (EDIT.format("'session_id TEXT'", "'session_id INTEGER'"), "messages.session_id has another type"),
    ],
)
def test_a_repair_of_an_unknown_structure_is_refused_with_the_reason(
    era_home: Callable[[str], Path], change: str, reason: str
) -> None:
    path = era_home("v31") / ".hermes" / "state.db"
    run(path, change)
    db = SessionDB(path)

    plan = db.plan(LEGACY)
    [refusal] = plan.refusals
    assert (refusal.why, plan.insert) == (Why.READ_ONLY, 0)
    assert reason in refusal.detail
    [schema] = [finding for finding in db.health() if finding.check == "schema"]
    assert schema.ok is False
    assert reason in schema.detail
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "wal"])
def test_every_journal_is_read_and_written(era_home: Callable[[str], Path], mode: str) -> None:
    path = era_home("v22") / ".hermes" / "state.db"
    run(path, f"PRAGMA journal_mode = {mode}")
    db = SessionDB(path)
    rows = db.sessions(limit=500).items
    assert len(rows) == 24
    [message_id] = db.append_messages(rows[0].id, [{"role": "user", "content": "zebra"}])
    assert [hit.message_id for batch in db.search("zebra") for hit in batch.hits] == [message_id]
    db.close()


@pytest.mark.slow
def test_a_store_without_any_index_is_read_and_searched(each_home: Path) -> None:
    """Neither full-text tables nor the indexes that every version makes."""
    path = each_home / ".hermes" / "state.db"
    tables = run(path, "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")
    run(path, "; ".join(f"DROP TABLE {name}" for (name,) in tables))
    names = run(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    run(path, "; ".join(f"DROP INDEX {name}" for (name,) in names))
    db = SessionDB(path, read_only=True)
    rows = db.sessions(limit=500).items
    assert {row.id for row in db.recent()} == {row.id for row in rows}
    assert all(len(db.heads(row.id).items) == row.rows for row in rows)
    batches = list(db.search("docker"))
    assert {hit.session_id for batch in batches for hit in batch.hits} >= {"20260310_091500_a1b2c3"}
    assert batches[-1].fallbacks == (Fallback(FallbackKind.MISSING),)
    db.close()


@pytest.mark.slow
def test_an_index_that_is_damaged_hides_nothing(each_home: Path) -> None:
    path = each_home / ".hermes" / "state.db"
    db = SessionDB(path, read_only=True)
    expected = [hit.message_id for batch in db.search("docker") for hit in batch.hits]
    db.close()
    run(path, "UPDATE messages_fts_data SET block = x'deadbeef' WHERE id > 10")
    db = SessionDB(path, read_only=True)
    batches = list(db.search("docker"))
    assert [hit.message_id for batch in batches for hit in batch.hits][-len(expected) :] == expected
    assert batches[-1].fallbacks[0].kind in (FallbackKind.DAMAGED, FallbackKind.UNUSABLE)
    db.close()


def test_a_prompt_that_was_moved_is_found_by_its_hash(tmp_path: Path) -> None:
    path = make(tmp_path, "hi")
    run(path, "CREATE TABLE system_prompts (hash TEXT PRIMARY KEY, prompt TEXT)")
    run(path, "ALTER TABLE sessions ADD COLUMN system_prompt_hash TEXT")
    run(path, "INSERT INTO system_prompts VALUES ('h', 'be kind'); UPDATE sessions SET system_prompt_hash = 'h'")
    db = SessionDB(path, read_only=True)
    row = db.get_session("s1")
    assert row is not None
    assert row["system_prompt"] == "be kind"
    db.close()
