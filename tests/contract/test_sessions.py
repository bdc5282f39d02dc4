"""Sessions on every engine: their rows, titles, lists, pages and families."""

from __future__ import annotations

import time

import pytest

from store.agent.messages import ImportedSession
from store.base.cancel import Cancel
from store.base.errors import Interrupted, SessionMissing
from store.base.models import Drift, Page, Relation, Scope, Session, Verdict
from tests.builders import META, jsonl, talk
from tests.contract.cases import Case

START = 1.7e9
"""A second of 2023."""


def add(case: Case, *names: str, source: str = "cli", messages: int = 0) -> None:
    """Sessions that began one second after the other, each with as many messages."""
    wanted = [
        ImportedSession(name, {"source": source, "started_at": START + place}, talk(messages))
        for place, name in enumerate(names)
    ]
    case.messages.import_sessions(wanted)


def ids(page: Page[Session]) -> list[str]:
    """Ids on a page."""
    return [session.id for session in page.items]


def test_a_session_is_read_back_and_a_second_create_changes_nothing(case: Case) -> None:
    made = case.sessions.create_session("s1", "cli", "opus", {"effort": 1}, "be kind", "user-1")
    assert made == "s1"
    row = case.sessions.get_session("s1")
    assert row is not None
    expected = {"source": "cli", "model": "opus", "model_config": '{"effort": 1}', "system_prompt": "be kind"}
    assert {name: row[name] for name in expected} == expected
    assert (row["user_id"], row["ended_at"], row["message_count"]) == ("user-1", None, 0)
    assert abs(float(str(row["started_at"])) - time.time()) < 600
    case.sessions.create_session("s1", "telegram", "haiku")
    case.sessions.ensure_session("s1", "telegram")
    assert case.sessions.get_session("s1") == row
    assert case.engine.sessions.has("s1")
    assert not case.engine.sessions.has("s2")
    assert case.sessions.get_session("s2") is None


def test_a_session_without_its_parent_is_not_made(case: Case) -> None:
    with pytest.raises(SessionMissing):
        case.sessions.create_session("child", "cli", parent_session_id="gone")
    assert case.sessions.session_count() == 0


def test_the_first_reason_of_an_end_wins_until_the_session_is_reopened(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    case.sessions.end_session("s1", "idle")
    case.sessions.end_session("s1", "compression")
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["end_reason"], row["ended_at"] is None) == ("idle", False)
    case.sessions.reopen_session("s1")
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["end_reason"], row["ended_at"]) == (None, None)


def test_prompts_are_replaced_and_tokens_added_up(case: Case) -> None:
    case.sessions.create_session("s1", "cli", system_prompt="be kind")
    case.sessions.update_system_prompt("s1", "be brief")
    case.sessions.update_token_counts("s1", 10, 20, model="opus", estimated_cost_usd=0.5, cost_status="estimated")
    case.sessions.update_token_counts("s1", 1, 2, model="haiku", estimated_cost_usd=0.25, cost_status="final")
    row = case.sessions.get_session("s1")
    assert row is not None
    counted = [row[name] for name in ("input_tokens", "output_tokens", "estimated_cost_usd", "cache_read_tokens")]
    assert counted == [11, 22, 0.75, 0]
    assert (row["model"], row["cost_status"], row["system_prompt"]) == ("opus", "final", "be brief")


def test_a_title_belongs_to_one_session(case: Case) -> None:
    add(case, "s1", "s2")
    assert case.sessions.set_session_title("s1", " Fix \n docker ")
    assert case.sessions.get_session_title("s1") == "Fix docker"
    with pytest.raises(ValueError, match="already in use by session s1"):
        case.sessions.set_session_title("s2", "Fix docker")
    assert case.sessions.get_session_title("s2") is None
    by_title = case.sessions.get_session_by_title("Fix docker")
    assert by_title is not None
    assert by_title["id"] == "s1"
    assert not case.sessions.set_session_title("gone", "Another")
    assert case.sessions.set_session_title("s1", None)
    assert case.sessions.get_session_by_title("Fix docker") is None
    assert case.sessions.set_session_title("s2", "Fix docker")


def test_a_title_moves_along_a_compression_chain(case: Case) -> None:
    case.sessions.create_session("root", "cli")
    case.sessions.set_session_title("root", "Long talk")
    case.sessions.end_session("root", "compression")
    case.sessions.create_session("tip", "cli", parent_session_id="root")
    assert case.sessions.set_session_title("tip", "Long talk")
    assert [case.sessions.get_session_title(name) for name in ("root", "tip")] == [None, "Long talk"]


def test_titles_of_a_lineage_are_numbered(case: Case) -> None:
    add(case, "s1", "s2", "s3", "s4")
    assert case.sessions.get_next_title_in_lineage("Talk") == "Talk"
    for name, title in zip(("s1", "s3", "s2", "s4"), ("Talk", "Talk #2", "Talk #3", "Talk_more"), strict=True):
        case.sessions.set_session_title(name, title)
    assert case.sessions.get_next_title_in_lineage("Talk #2") == "Talk #4"
    assert case.sessions.resolve_session_by_title("Talk") == "s3"
    assert case.sessions.resolve_session_by_title("Talk_more") == "s4"
    assert case.sessions.resolve_session_by_title("Tal") is None
    assert sorted(case.engine.records.lineage_titles("Talk")) == ["Talk", "Talk #2", "Talk #3"]


def test_a_deleted_session_takes_its_messages_and_its_delegates_and_leaves_its_children(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    case.messages.append_messages("s1", talk(2), key="turn")
    case.sessions.create_session("helper", "cli", None, {"_delegate_from": "s1"}, parent_session_id="s1")
    case.sessions.create_session("child", "cli", parent_session_id="s1")
    case.messages.append_messages("helper", talk(1))
    assert case.sessions.delete_session("s1")
    assert not case.sessions.delete_session("s1")
    assert case.engine.sessions.ids() == ["child"]
    assert case.messages.message_count() == 0
    child = case.sessions.get_session("child")
    assert child is not None
    assert child["parent_session_id"] is None
    case.sessions.create_session("s1", "cli")
    assert len(case.messages.append_messages("s1", talk(3), key="turn")) == 3


def test_pruning_takes_what_ended_long_ago(case: Case) -> None:
    add(case, "open", "old")
    add(case, "other", source="telegram")
    for name in ("old", "other"):
        case.sessions.end_session(name, "idle")
    case.sessions.create_session("new", "cli")
    case.sessions.end_session("new", "idle")
    assert case.sessions.prune_sessions(90, "telegram") == 1
    assert case.sessions.prune_sessions(90) == 1
    assert sorted(case.engine.sessions.ids()) == ["new", "open"]


def test_lists_are_by_newest_start_and_counted_by_source(case: Case) -> None:
    add(case, "s1", "s2", "s3", messages=2)
    add(case, "t1", source="telegram")
    assert (case.sessions.session_count(), case.sessions.session_count("cli")) == (4, 3)
    assert [row["id"] for row in case.sessions.search_sessions("cli", limit=2)] == ["s3", "s2"]
    assert [row["id"] for row in case.sessions.search_sessions("cli", limit=2, offset=2)] == ["s1"]
    rich = case.sessions.list_sessions_rich("cli")
    assert [(row["id"], row["preview"]) for row in rich] == [(name, "message 0") for name in ("s3", "s2", "s1")]
    assert all(float(str(row["last_active"])) > START + 10 for row in rich)
    [empty] = case.sessions.list_sessions_rich("telegram")
    assert (empty["preview"], empty["last_active"]) == ("", START)


def test_an_id_is_resolved_by_its_beginning_where_that_is_one(case: Case) -> None:
    add(case, "20260101_a", "20260101_b", "20260102_c", "a%")
    assert case.sessions.resolve_session_id("20260101_a") == "20260101_a"
    assert case.sessions.resolve_session_id("20260102") == "20260102_c"
    assert case.sessions.resolve_session_id("20260101") is None
    assert case.sessions.resolve_session_id("2026%") is None
    assert case.browser.resolve("a%") == "a%"


def test_pages_follow_one_another_without_gap_or_repeat(case: Case) -> None:
    add(case, "s1", "s2", "s3", "s4", messages=1)
    case.messages.import_sessions([ImportedSession("s0", {"source": "cli", "started_at": START + 3}, ())])
    whole = case.browser.sessions(limit=5)
    assert (ids(whole), whole.more, whole.cursor) == (["s4", "s0", "s3", "s2", "s1"], False, None)
    for name in ("s3", "s1"):
        case.lose_session(name)
    whole = case.browser.sessions(limit=5)
    assert (ids(whole), whole.more, whole.cursor) == (["s4", "s0", "s2", "s1", "s3"], False, None)
    for limit in range(1, 5):
        pages = [case.browser.sessions(limit=limit)]
        while pages[-1].more and len(pages) < 9:
            pages.append(case.browser.sessions(limit=limit, cursor=pages[-1].cursor))
        assert [len(page.items) for page in pages[:-1]] == [limit] * (4 // limit)
        assert [name for page in pages for name in ids(page)] == ids(whole)


def test_a_session_that_begins_meanwhile_does_not_disturb_later_pages(case: Case) -> None:
    add(case, "s1", "s2", "s3")
    first = case.browser.sessions(limit=1)
    case.sessions.create_session("s4", "cli")
    assert ids(case.browser.sessions(limit=2, cursor=first.cursor)) == ["s2", "s1"]


def test_messages_without_a_row_of_their_session_are_an_orphan(case: Case) -> None:
    add(case, "s1", "s2", messages=2)
    case.lose_session("s1")
    assert case.engine.sessions.orphans() == ["s1"]
    orphan = case.browser.session("s1")
    assert orphan is not None
    assert (orphan.orphan, orphan.messages, orphan.source) == (True, 2, "")
    assert case.browser.scope() == Scope(total=2)
    assert case.sessions.get_session("s1") is None
    assert case.browser.named("s", limit=5) == ["s2", "s1"]


def test_counts_tell_edges_and_times_of_messages(case: Case) -> None:
    add(case, "s1", "s2", "empty")
    first = case.messages.append_messages("s1", talk(1))[0]
    case.messages.append_messages("s2", talk(1))
    last = case.messages.append_message("s1", "assistant", "later", timestamp=START + 100)
    counts = case.engine.sessions.counts(["s1", "s2", "empty", "gone"])
    assert counts.keys() == {"s1", "s2"}
    found = counts["s1"]
    assert (found.messages, found.first_id, found.last_id, found.last_active) == (2, first, last, START + 100)
    rows = case.engine.sessions.row_counts(["s1", "s2", "empty", "gone"])
    assert list(rows["s1"])[:4] == [2, last, 2, 0]
    assert list(rows["empty"])[:4] == [0, 0, 0, 0]
    assert "gone" not in rows
    assert case.engine.sessions.newest() == ("s1", "s2")
    assert [row.id for row in case.browser.recent(limit=2)] == ["s2", "s1"]


def test_a_session_is_live_while_it_is_open_and_young(case: Case) -> None:
    add(case, "old", messages=0)
    case.sessions.create_session("young", "cli")
    case.sessions.create_session("ended", "cli")
    case.messages.append_messages("ended", talk(1))
    case.sessions.end_session("ended", "idle")
    rows = {row.id: row.live for row in case.browser.sessions().items}
    assert rows == {"old": False, "young": True, "ended": False}
    assert case.engine.sessions.active_since(time.time() - 600) == {"young"}
    assert case.engine.sessions.active_since(START - 1) == {"young", "old"}
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Interrupted):
        case.engine.sessions.active_since(START, cancel=cancel)


def test_a_list_has_every_session_in_its_order(case: Case) -> None:
    add(case, "first", "second", messages=1)
    add(case, "third", "empty")
    case.messages.append_messages("first", talk(1))
    for by_start in (False, True):
        found = [
            (session, outline) for page in case.browser.listing(by_start=by_start).pages for session, outline, _ in page
        ]
        order = case.engine.sessions.order(by_start=by_start)
        if order is not None:  # an engine may leave it to the list of all
            assert [key for _, key in order] == [session.id for session, _ in found]
        assert {session.id: outline for session, outline in found} == case.browser.outlines(
            [session.id for session, _ in found]
        )
        times = [session.started_at if by_start else session.last_active for session, _ in found]
        assert times == sorted(times, key=lambda time: time or 0.0, reverse=True)
    plain = case.engine.sessions.listed(["first", "empty"], now=0.0, profile="default")
    assert {key: session.messages for key, (session, _) in plain.items()}.items() <= {"first": 2, "empty": 0}.items()


def test_families_are_chains_branches_and_delegates(case: Case) -> None:
    case.sessions.create_session("root", "cli")
    case.sessions.end_session("root", "compression")
    case.sessions.create_session("tip", "cli", parent_session_id="root")
    case.sessions.create_session("branch", "cli", None, {"_branched_from": "tip"}, parent_session_id="tip")
    case.sessions.create_session("helper", "subagent", parent_session_id="tip")
    case.sessions.create_session("alone", "cli")
    assert case.browser.chain("root") == case.browser.chain("tip") == ("root", "tip")
    assert case.engine.sessions.chain("tip") == ("root", "tip")
    assert case.engine.sessions.chain("alone") == ("alone",)
    assert case.engine.sessions.chain("gone") == ("gone",)
    tree = [(member.session.id, member.depth) for member in case.browser.family("helper")]
    assert tree[:2] == [("root", 0), ("tip", 0)]
    assert sorted(tree[2:]) == [("branch", 1), ("helper", 1)]
    rows = {row.id: row for row in case.browser.sessions().items}
    assert (rows["root"].section, rows["tip"].section, rows["tip"].chain) == (1, 2, 2)
    relations = [rows[name].relation for name in ("tip", "branch", "helper", "alone")]
    assert relations == [Relation.CONTINUATION, Relation.BRANCH, Relation.DELEGATE, None]
    assert case.engine.sessions.lineage(["helper"]).relation("helper") is Relation.DELEGATE
    assert case.browser.scope() == Scope(total=5, children=2)


def test_what_a_list_leaves_out_is_counted_once(case: Case) -> None:
    add(case, "s1", "s2", "s3")
    known = {"archived", "hidden"} - case.lacks_sessions
    for name, marks in (("s1", {"archived", "hidden"}), ("s2", {"hidden"})):
        if marks & known:
            case.set_session(name, **dict.fromkeys(marks & known, 1))
    rows = {row.id: row for row in case.browser.sessions().items}
    assert rows["s1"].archived is ("archived" in known)
    assert rows["s2"].hidden is ("hidden" in known)
    assert not rows["s3"].archived
    assert case.browser.scope() == Scope(3, archived=int("archived" in known), hidden=int("hidden" in known))


def test_names_are_ids_beginnings_and_parts_of_titles(case: Case) -> None:
    add(case, "docker", "s2", "docker-2")
    case.sessions.set_session_title("s2", "About Docker_x")
    assert case.browser.named("docker", limit=5) == ["docker", "docker-2", "s2"]
    assert case.browser.named("docker", limit=2) == ["docker", "docker-2"]
    assert case.browser.named("Docker_", limit=5) == ["s2"]
    assert case.browser.named("ker-2", limit=5) == ["docker-2"], "the end of an id, as people remember it"
    assert case.browser.named("%", limit=5) == []


def test_a_survey_tells_which_sessions_lack_messages_of_their_file(case: Case) -> None:
    add(case, "same", "behind", "bare", messages=2)
    jsonl(case.folder, "same", [META, *talk(2)])
    jsonl(case.folder, "behind", [META, *talk(4)])
    jsonl(case.folder, "alone", [META, *talk(1)])
    flags: dict[str, Drift | None] = {}
    for step in case.browser.survey(cancel=Cancel()):
        flags |= step.drifts
    assert flags == {"same": None, "behind": Drift.JSONL_AHEAD, "alone": Drift.JSONL_ONLY}
    assert case.browser.check("behind").repairable == case.engine.capabilities.repairs
    checks = {check.session_id: check.verdict for check in case.browser.checks()}
    assert checks == {
        "same": Verdict.SAME,
        "behind": Verdict.JSONL_AHEAD,
        "alone": Verdict.JSONL_ONLY,
        "bare": Verdict.SQLITE_ONLY,
    }
    assert [row.id for row in case.browser.file_sessions()] == ["alone"]


def test_a_session_is_located_by_its_name_with_what_hides_it(case: Case) -> None:
    case.sessions.create_session("root", "cli")
    case.sessions.end_session("root", "compression")
    case.sessions.create_session("tip", "cli", parent_session_id="root")
    jsonl(case.folder, "rooted", talk(1))
    found = {location.session.id: location.reasons for location in case.browser.where("root")}
    assert found.keys() == {"root", "rooted"}
    assert any("tip" in reason for reason in found["root"])
    census = case.browser.own_census()
    assert (census.stored, census.jsonl) == (2, 1)
