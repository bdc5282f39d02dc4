"""A session repaired in a real file, looked at, and undone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from store import SessionDB
from store.repair.model import Plan, PlanRefused
from tests.builders import sqlite_of
from tests.torture.history.run import SID, outcome_of, outcome_of_plan
from tests.torture.history.sources import Case, as_jsonl
from tests.torture.history.validator import complaints


def faults(found: Case, folder: Path) -> list[str]:
    """What a real repair and its undo do wrong."""
    home = folder / "home"
    (home / "sessions").mkdir(parents=True)
    try:
        return list(_faults(found, folder, home))
    finally:
        shutil.rmtree(home)


def _faults(found: Case, folder: Path, home: Path) -> list[str]:
    path = home / "sessions" / f"{SID}.jsonl"
    path.write_bytes(as_jsonl(found.lines))
    os.utime(path, (found.changed_at, found.changed_at))
    db = SessionDB(home / "state.db")
    db.create_session(SID, "telegram")
    ids = db.append_messages(SID, [dict(kept.message) for kept in found.rows])
    if any("display_identity" in kept.cells for kept in found.rows):  # a column of later versions
        _run(db, "ALTER TABLE messages ADD COLUMN display_identity BLOB")
    for row_id, kept in zip(ids, found.rows, strict=True):
        for name, cell in kept.cells.items():
            _run(db, f"UPDATE messages SET {name} = ? WHERE id = ?", cell, row_id)
    db.close()
    db = SessionDB(home / "state.db")
    try:
        return _repaired(found, folder, db)
    finally:
        db.close()


def _repaired(found: Case, folder: Path, db: SessionDB) -> list[str]:
    wrong, before = [], _dump(db)
    plan = db.plan(SID)
    if outcome_of_plan(found, plan) != outcome_of(found, folder):
        wrong.append("another plan in a real file")
    if not plan.applies:
        return wrong
    try:
        receipt = db.repair(plan)
    except PlanRefused as refusal:
        return [*wrong, f"refused after its plan: {refusal}"]
    texts = [row["content"] for row in db.get_messages_as_conversation(SID)]
    outcome = outcome_of_plan(found, plan)
    wanted = [kept.message["content"] for kept in outcome.result if kept.active]
    if [text or "" for text in texts] != wanted:
        wrong.append("a real file reads otherwise than its plan")
    known = complaints([kept.message for kept in found.rows if kept.active])
    wrong += sorted(complaints(db.get_messages_as_conversation(SID)) - known)
    if _lines(db.plan(SID)) & _lines(plan):  # what was refused may have become certain
        wrong.append("a second repair inserts again")
    db.undo(receipt.operation or "")
    if _dump(db) != before:
        wrong.append("an undo leaves something else than there was")
    return wrong


def _lines(plan: Plan) -> set[int]:
    """Lines of the file that a plan inserts."""
    return {line for run in plan.runs for line in range(run.first, run.last + 1)}


def _run(db: SessionDB, sql: str, *bindings: Any) -> None:
    sqlite_of(db).writer.transaction(lambda connection: list(connection.execute(sql, bindings)))


def _dump(db: SessionDB) -> list[Any]:
    return [sqlite_of(db).reader.rows(f"SELECT * FROM {table} ORDER BY rowid") for table in ("sessions", "messages")]
