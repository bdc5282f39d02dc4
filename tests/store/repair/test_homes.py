"""Every legacy file of each era's real home: the verdict its README describes, mended on a copy, taken back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from store import Home, SessionDB, Verdict, Why
from tests.builders import sqlite_of
from tests.homes.catalog import FEW

LEGACY = "20260105_120000_1e9ac1e5"
AHEAD, SAME, ONLY = (Verdict.DIVERGED, Verdict.SAME, Verdict.JSONL_ONLY)
VERDICTS = {
    "20251220_070000_0f11e0e5": (ONLY, 4),
    LEGACY: (AHEAD, 993),
    "20260110_100000_bada55e5": (ONLY, 6),
    "20260111_100000_d00d00d0": (ONLY, 12),
    "20260112_100000_00000000": (ONLY, 0),
    "20260113_100000_3a100c5e": (ONLY, 2),
    "20260321_110000_50111006": (AHEAD, 3),
    "20260321_120000_e9ea1e9e": (SAME, 0),
    "20260321_130000_badbadba": (AHEAD, 5),
}
"""Session -> its verdict, and what SQLite lacks of it."""
UNORDERED = ("20260321_110000_50111006", "20260321_130000_badbadba")
"""Sessions of one day whose sources share no message: no clock is shown to agree, so that nothing orders them."""


def dump(db: SessionDB) -> list[Any]:
    """Every session row and message row of the file."""
    return [sqlite_of(db).reader.rows(f"SELECT * FROM {table} ORDER BY rowid") for table in ("sessions", "messages")]


def files(home: Home) -> dict[str, tuple[str, int, int]]:
    """Content, time and inode of every legacy file."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in home.sessions_dir.iterdir()
    }


@pytest.mark.slow
@pytest.mark.parametrize("each_home", FEW, indirect=True)
def test_every_legacy_file_is_judged_mended_and_taken_back(each_home: Path) -> None:
    home = Home(each_home / ".hermes")
    db = SessionDB(home.state_db)
    before, written = dump(db), files(home)
    assert {check.session_id: (check.verdict, check.missing_in_sqlite) for check in db.checks(VERDICTS)} == VERDICTS

    operations = []
    for session_id, (_, missing) in VERDICTS.items():
        plan = db.plan(session_id)
        if session_id in UNORDERED:
            assert (plan.insert, [refusal.why for refusal in plan.refusals]) == (0, [Why.ORDER])
            plan = db.plan(session_id, merge=True)
        else:
            assert db.objection(session_id) == (plan.check, None)
        assert (plan.insert, plan.refusals) == (missing, ())
        receipt = db.repair(plan)
        assert receipt.inserted == missing
        operations += [receipt.operation] if receipt.operation else []
        if missing:
            assert db.check(session_id).verdict in (Verdict.SAME, Verdict.SQLITE_AHEAD)
            assert len(db.load_transcript(session_id)) == len(db.get_messages_as_conversation(session_id))
        version = sqlite_of(db).reader.data_version()
        assert db.repair(db.plan(session_id)).operation is None
        assert sqlite_of(db).reader.data_version() == version

    assert list(db.plans(adopt=True)) == []
    assert [row["id"] for row in db.search_messages('"legacy message 500"', limit=3)]
    assert min(int(str(row["id"])) for row in db.get_messages(LEGACY)) > 0
    for operation in reversed(operations):
        db.undo(operation)
    assert dump(db) == before
    assert files(home) == written
    db.close()
