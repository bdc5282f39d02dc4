"""Upstream's optional arguments on every engine: what lists, counts, prunings and conversations choose."""

from __future__ import annotations

import pytest

from store.agent.messages import ImportedSession
from store.base.errors import ColumnMissing
from store.engine.session_choice import PruneFilters, SessionChoice
from tests.builders import say, talk
from tests.contract.cases import Case

START = 1.7e9
"""A second of 2023."""

SESSIONS: dict[str, dict[str, object]] = {
    "root": {"title": "Fix AN-94", "end_reason": "compression", "ended_at": START + 50, "system_prompt": "be kind"},
    "tip": {"parent_session_id": "root", "title": "Fix it", "model": "opus", "system_prompt": "be brief"},
    "stale": {"parent_session_id": "root", "end_reason": "idle", "ended_at": START + 60},
    "branch": {"parent_session_id": "tip", "model_config": {"_branched_from": "tip"}, "source": "telegram"},
    "helper": {"parent_session_id": "tip", "model_config": {"_delegate_from": "tip"}, "source": "subagent"},
    "alone": {"ended_at": START + 70, "end_reason": "idle", "input_tokens": 30, "output_tokens": 12, "user_id": "ada"},
}


def fill(case: Case) -> None:
    """Families of sessions that began a second apart; the tip and the one that is alone have messages."""
    said = {"tip": (say("user", "and now", timestamp=START + 900),), "alone": talk(3)}
    case.messages.import_sessions(
        [
            ImportedSession(name, {"source": "cli", "started_at": START + place, **fields}, said.get(name, ()))
            for place, (name, fields) in enumerate(SESSIONS.items())
        ]
    )


def ids(case: Case, **options: object) -> list[object]:
    """Ids of a list, in its order."""
    return [row["id"] for row in case.sessions.list_sessions_rich(**options)]  # type: ignore[arg-type]


def test_a_list_has_conversations_and_shows_a_compressed_one_by_its_tip(case: Case) -> None:
    fill(case)
    assert ids(case) == ["alone", "branch", "tip"]
    shown = case.sessions.list_sessions_rich()[2]
    about = [shown[name] for name in ("_lineage_root_id", "started_at", "title", "preview", "last_active", "model")]
    assert about == ["root", START, "Fix it", "and now", START + 900, "opus"]
    assert (shown["end_reason"], shown["system_prompt"], shown["message_count"]) == (None, "be brief", 1)
    assert ids(case, project_compression_tips=False) == ["alone", "branch", "root"]
    assert sorted(map(str, ids(case, include_children=True))) == sorted(SESSIONS)
    assert ids(case, include_children=True, limit=2, offset=3) == ["stale", "tip"]
    assert [case.engine.records.tip(name) for name in ("root", "tip", "alone", "gone")] == [
        "tip",
        "tip",
        "alone",
        "gone",
    ]
    assert case.sessions.session_count() == 6
    assert case.sessions.session_count(exclude_children=True) == 3
    compact = case.sessions.list_sessions_rich(compact_rows=True)
    assert [row["id"] for row in compact] == ["alone", "branch", "tip"]
    assert all("system_prompt" not in row for row in compact)


def test_a_list_by_activity_follows_the_whole_conversation_and_finds_parts_of_names(case: Case) -> None:
    fill(case)
    late = case.messages.append_message("tip", "user", "later", timestamp=1.9e9)
    assert late
    assert ids(case, order_by_last_active=True)[0] == "tip"
    assert ids(case, order_by_last_active=True, project_compression_tips=False)[0] == "root"

    def found(**query: str) -> list[object]:
        return ids(case, order_by_last_active=True, project_compression_tips=False, **query)

    assert found(id_query=" TI ") == found(search_query="an94") == found(search_query="fix IT") == ["root"]
    assert found(search_query="AN-94") == ["root"]
    assert found(id_query="%") == found(search_query="_") == found(id_query="helper") == []
    assert len(ids(case, id_query="tip")) == 3, "without an order by activity a query is not used"


def test_lists_and_counts_are_narrowed_alike(case: Case) -> None:
    fill(case)
    for options, expected in (
        ({"exclude_sources": ["telegram"]}, ["alone", "tip"]),
        ({"exclude_sources": []}, ["alone", "branch", "tip"]),
        ({"source": "telegram"}, ["branch"]),
        ({"source": ""}, ["alone", "branch", "tip"]),
        ({"min_message_count": 2}, ["alone"]),
    ):
        assert ids(case, **options) == expected, options
        counted = case.sessions.session_count(exclude_children=True, **options)
        if "min_message_count" not in options:  # which looks at the root
            assert counted == len(expected), options
    known = {"cwd", "archived"} - case.lacks_sessions
    if "cwd" in known:
        case.set_session("alone", cwd="/work/app")
        case.set_session("branch", cwd="/work/apple")
    if "archived" in known:
        case.set_session("branch", archived=1)
    assert ids(case, cwd_prefix="/work/app/") == (["alone"] if "cwd" in known else [])
    assert ids(case, cwd_prefix="/work", include_archived=True) == (["alone", "branch"] if "cwd" in known else [])
    assert ids(case, archived_only=True) == (["branch"] if "archived" in known else [])
    assert ids(case) == [name for name in ("alone", "branch", "tip") if name != "branch" or "archived" not in known]
    assert case.sessions.session_count(include_archived=True) == 6
    assert case.sessions.session_count() == 6 - ("archived" in known)
    assert case.sessions.session_count(cwd_prefix="/work", include_archived=True) == (2 if "cwd" in known else 0)


FILTERS: list[tuple[PruneFilters, set[str]]] = [
    ({}, {"root", "stale", "alone"}),
    ({"started_before": START + 2}, {"root"}),
    ({"started_after": START + 2}, {"stale", "alone"}),
    ({"title_like": "an-9"}, {"root"}),
    ({"end_reason": "idle"}, {"stale", "alone"}),
    ({"min_messages": 3}, {"alone"}),
    ({"max_messages": 2}, {"root", "stale"}),
    ({"user_id": "ada"}, {"alone"}),
    ({"min_tokens": 42}, {"alone"}),
    ({"max_tokens": 41}, {"root", "stale"}),
    ({"min_tool_calls": 1}, set()),
    ({"max_tool_calls": 0}, {"root", "stale", "alone"}),
    ({"archived": False}, {"root", "stale", "alone"}),
    ({"archived": True}, set()),
    ({"model_like": "opus"}, set()),
    ({"provider": "x", "chat_id": "", "max_cost": None}, set()),
    ({"max_cost": 0.0}, {"root", "stale", "alone"}),
    ({"min_cost": 0.1}, set()),
    ({"branch_like": "main"}, set()),
    ({"cwd_prefix": "/work"}, set()),
    ({"chat_type": "dm"}, set()),
    ({"end_reason": "idle", "user_id": "ada"}, {"alone"}),
]


def test_a_pruning_takes_what_all_its_filters_choose(case: Case) -> None:
    fill(case)
    for filters, expected in FILTERS:
        choice = SessionChoice(ended=True, **filters)
        assert set(case.engine.records.chosen_ids(choice)) == expected, filters
    with pytest.raises(TypeError, match="min_token"):
        case.sessions.prune_sessions(min_token=1)  # type: ignore[call-arg]
    assert case.sessions.prune_sessions(started_after=START + 2, title_like="nothing") == 0
    assert case.sessions.prune_sessions(None, "cli", end_reason="idle") == 2
    assert sorted(case.engine.sessions.ids()) == ["branch", "helper", "root", "tip"]


def test_a_filter_reads_the_column_of_its_name(case: Case) -> None:
    fill(case)
    cells: dict[str, object] = {
        "chat_id": "7",
        "chat_type": "dm",
        "cwd": "/work",
        "archived": 1,
        "git_branch": "feature/Main",
        "billing_provider": "OpenAI",
        "estimated_cost_usd": 0.5,
        "model": "Opus-4",
    }
    present = {name: cell for name, cell in cells.items() if name not in case.lacks_sessions}
    case.set_session("alone", **present)  # type: ignore[arg-type]
    filters: dict[str, PruneFilters] = {
        "chat_id": {"chat_id": "7"},
        "chat_type": {"chat_type": "dm"},
        "cwd": {"cwd_prefix": "/work/"},
        "archived": {"archived": True},
        "git_branch": {"branch_like": "e/main"},
        "billing_provider": {"provider": "openai"},
        "estimated_cost_usd": {"min_cost": 0.5},
        "model": {"model_like": "OPUS"},
    }
    for name, chosen in filters.items():
        expected = ["alone"] if name in present else []
        assert case.engine.records.chosen_ids(SessionChoice(ended=True, **chosen)) == expected, name


def test_files_of_deleted_sessions_go_where_their_folder_is_named(case: Case) -> None:
    fill(case)
    folder = case.folder / "transcripts"
    folder.mkdir()
    kept = ["other.json", "request_dump_tipsy_1.json", "request_dump_alone_1.txt"]
    gone = ["tip.json", "tip.jsonl", "request_dump_tip_1.json", "helper.jsonl", "request_dump_alone_x_2.json"]
    for name in (*kept, *gone):
        (folder / name).touch()
    assert not case.sessions.delete_session("gone", folder)
    assert case.sessions.delete_session("tip", sessions_dir=folder)
    assert case.sessions.prune_sessions(sessions_dir=folder, end_reason="idle") == 2
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)
    assert case.sessions.delete_session("branch", case.folder / "no folder")
    case.sessions.create_session("../escape", "cli")
    (case.folder / "escape.json").touch()
    assert case.sessions.delete_session("../escape", folder)
    assert (case.folder / "escape.json").exists()


def test_a_later_create_fills_in_what_is_empty(case: Case) -> None:
    case.sessions.create_session("parent", "cli")
    assert case.sessions.ensure_session("s1", "telegram") == "s1"
    first = case.sessions.get_session("s1")
    assert first is not None
    about = {"system_prompt": "be kind", "parent_session_id": "parent", "user_id": "ada"}
    case.sessions.create_session("s1", "cli", "opus", {"effort": 1}, **about)
    case.sessions.ensure_session("s1", "cli", "haiku", system_prompt="be brief")
    filled = case.sessions.get_session("s1")
    changed = {
        "model": "opus",
        "model_config": '{"effort": 1}',
        "system_prompt": "be kind",
        "parent_session_id": "parent",
    }
    assert filled == first | changed
    place = {
        "session_key": "k",
        "chat_id": "7",
        "chat_type": "dm",
        "thread_id": "9",
        "cwd": "/work",
        "profile_name": "w",
    }
    held = {name: value for name, value in place.items() if name not in case.lacks_sessions}
    case.sessions.create_session("s1", "cli", **held)  # type: ignore[arg-type]
    assert case.sessions.get_session("s1") == filled | held
    for name in place.keys() - held.keys():
        with pytest.raises(ColumnMissing):
            case.sessions.create_session("s2", "cli", **{name: place[name]})  # type: ignore[arg-type]


def test_token_counts_are_set_where_they_are_absolute(case: Case) -> None:
    case.sessions.update_token_counts("s1", 10, 20, "opus", estimated_cost_usd=0.5, billing_provider="nous")
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["source"], row["model"], row["input_tokens"]) == ("unknown", "opus", 10)
    calls = 3 if "api_call_count" not in case.lacks_sessions else 0
    case.sessions.update_token_counts("s1", 7, absolute=True, actual_cost_usd=0.25, api_call_count=calls)
    row = case.sessions.get_session("s1")
    assert row is not None
    names = ("input_tokens", "output_tokens", "estimated_cost_usd", "actual_cost_usd", "billing_provider")
    assert [row[name] for name in names] == [7, 0, 0, 0.25, "nous"]
    case.sessions.update_token_counts("s1", 1, absolute=False, api_call_count=calls)
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["input_tokens"], row.get("api_call_count", 6), row["actual_cost_usd"]) == (8, 6, 0.25)


def test_messages_are_read_by_pages(case: Case) -> None:
    case.messages.import_sessions([ImportedSession("s1", {"source": "cli", "started_at": START}, talk(5))])
    for limit, offset, expected in ((2, 0, [0, 1]), (2, 4, [4]), (None, 3, [3, 4]), (-1, 4, [4]), (0, 0, [])):
        rows = case.messages.get_messages("s1", limit=limit, offset=offset)
        assert [row["content"] for row in rows] == [f"message {number}" for number in expected]


def test_active_messages_are_replaced_alone(case: Case) -> None:
    case.messages.import_sessions([ImportedSession("s1", {"source": "cli", "started_at": START}, talk(3))])
    first = int(str(case.messages.get_messages("s1")[0]["id"]))
    if "active" not in case.lacks_messages:
        case.set_message(first, active=0)
    case.messages.replace_messages("s1", talk(1, word="new"), active_only=True)
    every = [row["content"] for row in case.messages.get_messages("s1", include_inactive=True)]
    assert every == [*(["message 0"] if "active" not in case.lacks_messages else []), "new 0"]
    row = case.sessions.get_session("s1")
    assert row is not None
    assert row["message_count"] == 1


def test_a_conversation_goes_back_to_its_ancestors_and_keeps_a_question_once(case: Case) -> None:
    fill(case)
    case.messages.append_messages("root", [say("user", "first"), say("assistant", "answer"), say("user", "and now")])
    ids = case.messages.append_messages("tip", [say("user", "and now"), say("user", "first"), say("assistant", "done")])

    def said(session_id: str = "tip", **options: bool) -> list[object]:
        return [one["content"] for one in case.messages.get_messages_as_conversation(session_id, **options)]

    assert said() == ["and now", "and now", "first", "done"]
    assert said(include_ancestors=True) == ["and now", "first", "answer", "and now", "first", "done"]
    assert said("root", include_ancestors=True) == ["first", "answer", "and now"]
    assert case.engine.records.ancestors("helper") == ["root", "tip", "helper"]
    assert case.engine.records.ancestors("gone") == ["gone"]
    assert said(repair_alternation=True) == ["and now\n\nand now\n\nfirst", "done"]
    if "active" not in case.lacks_messages:
        case.set_message(ids[2], active=0)
        assert said() == ["and now", "and now", "first"]
        assert said(include_inactive=True) == ["and now", "and now", "first", "done"]
