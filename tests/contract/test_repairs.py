"""Repairs on every engine that has them: steps, their journal, and the way back."""

from __future__ import annotations

from typing import cast

import pytest

from store.agent.messages import ImportedSession
from store.base.cancel import Cancel
from store.base.errors import OperationMissing, PlanChanged, ReadOnly, Refused, StoreMissing
from store.base.models import Verdict
from store.engine.ports import Engine
from store.engine.rows import Capabilities, RowDict
from store.repair.model import Progress, State, Why
from tests.builders import META, Dict, jsonl, say
from tests.contract.cases import Case

NEEDS = "repairs"
"""The capability without which no test of this file runs."""

START = 1.7e9
"""A second of 2023."""


def numbered(*ranges: range) -> list[Dict]:
    """Messages that say their number, each at its own second."""
    numbers = [number for wanted in ranges for number in wanted]
    return [
        say("assistant" if number % 2 else "user", f"message {number}", timestamp=START + number) for number in numbers
    ]


def damaged(case: Case, stored: list[Dict], written: list[Dict]) -> None:
    """A session that lacks messages of its file, between two sessions that lack none."""
    sessions = [
        ImportedSession(name, {"source": "cli", "started_at": START}, numbered(range(3))) for name in ("a", "z")
    ]
    sessions.insert(1, ImportedSession("s1", {"source": "telegram", "started_at": START}, stored))
    case.messages.import_sessions(sessions)
    jsonl(case.folder, "s1", [META, *written])


def contents(case: Case) -> list[object]:
    """What the session says, as an agent reads it."""
    return [message["content"] for message in case.messages.get_messages_as_conversation("s1")]


def said(*ranges: range) -> list[str]:
    """The contents of numbered messages."""
    return [message["content"] for message in numbered(*ranges)]


def dump(case: Case) -> list[RowDict]:
    """Every session and message, field by field."""
    return sorted(case.messages.export_all(), key=lambda row: str(row["id"]))


@pytest.mark.slow
def test_a_repair_inserts_what_is_missing_in_its_place_and_an_undo_takes_it_back(case: Case) -> None:
    damaged(case, numbered(range(4, 9, 2)), numbered(range(9)))
    before = dump(case)
    plan = case.browser.plan("s1")
    assert (plan.check.verdict, plan.insert, plan.refusals) == (Verdict.JSONL_AHEAD, 6, ())

    receipt = case.repairs.repair(plan)

    assert (receipt.state, receipt.inserted, receipt.rows) == (State.DONE, 6, 9)
    assert contents(case) == said(range(9))
    row = case.sessions.get_session("s1")
    assert row is not None
    assert row["message_count"] == 9
    assert case.browser.check("s1").verdict is Verdict.SAME
    assert sorted(hit.text for batch in case.browser.search("message 5") for hit in batch.hits) == ["message 5"]
    assert not case.browser.plan("s1").applies
    [operation] = case.browser.operations()
    assert (operation.id, operation.state, operation.inserted) == (receipt.operation, State.DONE, 6)
    assert list(case.engine.messages.compared("a")) == list(case.engine.messages.compared("z"))

    undone = case.repairs.undo(operation.id)

    assert (undone.state, undone.inserted) == (State.UNDONE, 6)
    assert dump(case) == before
    assert case.browser.operations()[0].state is State.UNDONE
    assert case.browser.plan("s1").insert == 6


def test_what_an_agent_adds_after_a_repair_stays_behind_and_outlives_the_undo(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    receipt = case.repairs.repair(case.browser.plan("s1"))
    case.messages.append_messages("s1", numbered(range(5, 7)))
    assert contents(case) == said(range(7))
    case.repairs.undo(receipt.operation or "")
    assert contents(case) == said(range(3, 7))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["finish", "undo"])
def test_a_stopped_repair_reads_in_order_and_is_finished_or_undone(case: Case, way: str) -> None:
    damaged(case, numbered(range(0, 30, 3)), numbered(range(40)))
    before = dump(case)
    cancel = Cancel()

    def _stop(progress: Progress) -> None:
        if progress.phase == "insert":
            cancel.cancel()

    receipt = case.repairs.repair(case.browser.plan("s1"), progress=_stop, cancel=cancel)

    assert receipt.state is State.RUNNING
    assert receipt.operation is not None
    numbers = [int(str(content).split()[1]) for content in contents(case)]
    assert numbers == sorted(set(numbers))
    assert set(range(0, 30, 3)) <= set(numbers) < set(range(40))
    assert case.browser.plan("s1").operation == receipt.operation
    if way == "finish":
        assert case.repairs.finish(receipt.operation).state is State.DONE
        assert contents(case) == said(range(40))
    assert case.repairs.undo(receipt.operation).state is State.UNDONE
    assert dump(case) == before


def test_an_undo_counts_what_a_compaction_in_place_left(case: Case) -> None:
    if "compacted" in case.lacks_messages:
        return
    damaged(case, numbered(range(3)), numbered(range(5)))
    receipt = case.repairs.repair(case.browser.plan("s1"))
    for head in case.browser.heads("s1").items:
        case.set_message(head.id, active=0, compacted=1)
    case.messages.append_messages("s1", [say("user", "[CONTEXT COMPACTION] so far"), say("assistant", "on")])
    case.set_session("s1", message_count=2, tool_call_count=0)

    case.repairs.undo(receipt.operation or "")

    row = case.sessions.get_session("s1")
    assert row is not None
    assert row["message_count"] == 2
    assert case.engine.repairs.active_counts("s1").messages == 2


def test_a_session_that_only_its_file_has_is_made_and_taken_out_again(case: Case) -> None:
    jsonl(case.folder, "s1", [META, *numbered(range(4))])
    plan = case.browser.plan("s1")
    assert plan.creates_session
    receipt = case.repairs.repair(plan)
    assert contents(case) == said(range(4))
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["message_count"], row["model"]) == (4, "opus")
    case.repairs.undo(receipt.operation or "")
    assert case.sessions.get_session("s1") is None
    assert case.messages.message_count() == 0


def test_a_plan_that_is_out_of_date_writes_nothing(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    plan = case.browser.plan("s1")
    case.messages.append_messages("s1", numbered(range(1)))
    before = dump(case)
    with pytest.raises(PlanChanged):
        case.repairs.repair(plan)
    assert (dump(case), case.browser.operations()) == (before, ())
    with pytest.raises(OperationMissing):
        case.repairs.undo("20260101_000000_abcdef")


def test_a_file_that_changes_while_it_is_repaired_stops_the_repair(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    before = dump(case)

    def _change(progress: Progress) -> None:
        assert progress.phase == "backup"
        jsonl(case.folder, "s1", [META, *numbered(range(6))])

    with pytest.raises(PlanChanged):
        case.repairs.repair(case.browser.plan("s1"), progress=_change)
    assert (dump(case), case.browser.operations()) == (before, ())


def test_a_turn_that_comes_while_a_session_is_repaired_stands_behind_what_is_inserted(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))

    def _append(progress: Progress) -> None:
        if progress.phase == "backup" and progress.total == 2:
            case.messages.append_messages("s1", numbered(range(5, 6)))

    assert case.repairs.repair(case.browser.plan("s1"), progress=_append).state is State.DONE
    assert contents(case) == said(range(6))


def test_a_session_that_hermes_is_at_work_on_is_left_alone(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    if not case.holds_leases:
        assert case.engine.repairs.facts("s1", ("s1",), now=START).holder is None
        return
    receipt = case.repairs.repair(case.browser.plan("s1"))
    case.take_lease("s1", "gateway")
    assert case.engine.repairs.facts("s1", ("s1",), now=START).holder == "gateway"
    with pytest.raises(Refused, match="gateway"):
        case.repairs.undo(receipt.operation or "")
    jsonl(case.folder, "s1", [META, *numbered(range(5)), *numbered(range(9, 10))])
    plan = case.browser.plan("s1")
    assert [refusal.why for refusal in plan.refusals] == [Why.BUSY]
    assert contents(case) == said(range(5))


def test_a_keyed_turn_is_followed_to_its_new_ids(case: Case) -> None:
    case.messages.import_sessions([ImportedSession("s1", {"source": "cli", "started_at": START}, ())])
    turn = numbered(range(3, 5))
    first = case.messages.append_messages("s1", turn, key="turn")
    jsonl(case.folder, "s1", [META, *numbered(range(5))])
    receipt = case.repairs.repair(case.browser.plan("s1"))
    ids = [int(str(row["id"])) for row in case.messages.get_messages("s1")]
    assert case.messages.append_messages("s1", turn, key="turn") == ids[3:]
    case.repairs.undo(receipt.operation or "")
    assert case.messages.append_messages("s1", turn, key="turn") == first


def test_free_ids_are_those_that_no_message_has(case: Case) -> None:
    case.messages.import_sessions(
        [ImportedSession(name, {"source": "cli", "started_at": START}, numbered(range(4))) for name in ("a", "b", "c")]
    )
    ids = [int(str(row["id"])) for row in case.messages.get_messages("b")]
    assert case.engine.repairs.free_ids(ids[0] - 1, ids[-1] + 1, 1) is None
    case.messages.clear_messages("b")
    assert case.engine.repairs.free_ids(ids[0] - 1, ids[-1] + 1, 2) == ids[2:]
    assert case.engine.repairs.free_ids(ids[0] - 1, ids[-1] + 1, 4) == ids
    assert case.engine.repairs.free_ids(ids[0] - 1, ids[-1] + 1, 5) is None


def test_an_id_that_an_undo_will_need_is_not_free(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    old = [int(str(row["id"])) for row in case.messages.get_messages("s1")]
    receipt = case.repairs.repair(case.browser.plan("s1"))
    assert receipt.moved == 2
    assert case.engine.repairs.free_ids(old[0] - 1, old[1] + 1, 1) is None
    case.messages.clear_messages("s1")
    case.repairs.undo(receipt.operation or "")
    assert case.engine.repairs.free_ids(old[0] - 1, old[1] + 1, 2) == old


def test_rows_are_backed_up_as_they_are_stored(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    row, rows = case.engine.repairs.session_row("s1"), case.messages.get_messages("s1")
    assert row is not None
    assert (row["source"], row["started_at"]) == ("telegram", START)
    assert case.engine.repairs.session_row("gone") is None
    ids = [int(str(found["id"])) for found in rows]
    stored = list(case.engine.repairs.message_rows([*ids[::-1], max(ids) + 1000]))
    assert [found["id"] for found in stored] == ids
    assert [found["content"] for found in stored] == [found["content"] for found in rows]
    receipt = case.repairs.repair(case.browser.plan("s1"), full_backup=True)
    assert receipt.backup is not None
    assert receipt.full_backup is not None
    assert receipt.full_backup.stat().st_size > 0
    assert receipt.full_backup.parent == receipt.backup


def test_repairs_are_remembered_the_last_one_first(case: Case) -> None:
    damaged(case, numbered(range(3, 5)), numbered(range(5)))
    first = case.repairs.repair(case.browser.plan("s1"))
    jsonl(case.folder, "s1", [META, *numbered(range(6))])
    second = case.repairs.repair(case.browser.plan("s1"))
    remembered = case.engine.repairs.operations()
    assert [header.operation for header, _ in remembered] == [second.operation, first.operation]
    assert [sum(len(step.inserted_ids) for step in steps) for _, steps in remembered] == [1, 3]
    with pytest.raises(Refused, match="undo that one first"):
        case.repairs.undo(first.operation or "")


def test_a_home_without_a_database_remembers_no_repair(case: Case) -> None:
    store = case.without_database()
    with pytest.raises(StoreMissing):
        store.engine.repairs.operations()
    assert type(case.browser)(store).operations() == ()
    store.close()


class _WithoutRepairs:
    """An engine that leaves repairs out, and fails where they are asked for."""

    capabilities = Capabilities(repairs=False)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> object:
        assert name != "repairs", "asked for what is left out"
        return getattr(self._engine, name)


def test_an_engine_without_repairs_refuses_them_by_name(case: Case) -> None:
    """Mutant: without `require_repairs`, the plan asks an engine for what it leaves out."""
    case.store.engine = cast("Engine", _WithoutRepairs(case.engine))
    assert case.browser.operations() == ()
    for refused in (
        lambda: case.browser.plan("s"),
        lambda: list(case.browser.plans()),
        lambda: case.browser.objection("s"),
        lambda: list(case.browser.difference("s")),
        lambda: case.repairs.undo("20260101_000000_abcdef"),
    ):
        with pytest.raises(ReadOnly, match="cannot be repaired"):
            refused()
