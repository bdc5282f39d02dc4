"""The verbs that 0.19.0 shares with the store: the same arguments, and on one home the same answers and effects."""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import SessionDB
from tests.builders import home
from tests.interop.live_peer import PEER, RealHermes

pytestmark = pytest.mark.peer("HERMES_019_PYTHON")

_SIGNATURES = """
import inspect, json
from hermes_state import SessionDB

def parameters(verb):
    return [[p.name, p.default if p.default is not p.empty else "", p.kind.name]
            for p in inspect.signature(verb).parameters.values()]

verbs = {name: getattr(SessionDB, name) for name in vars(SessionDB)}
print(json.dumps({name: parameters(verb) for name, verb in verbs.items() if inspect.isfunction(verb)}))
"""
_HIDDEN = {"create_session": "_insert_session_row", "ensure_session": "_insert_session_row"}
"""Verb -> where its **kwargs go; those of `prune_sessions` go to `_prune_filter_where`, without an order."""
_OWN = {"import_sessions"}
"""Of the same name and another meaning: rows of another store, not an export of Hermes'."""


@pytest.fixture(scope="module")
def signatures() -> dict[str, list[list[Any]]]:
    """Verb -> name, default and kind of its parameters in 0.19.0."""
    done = subprocess.run([PEER, "-c", _SIGNATURES], capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, list[list[Any]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_shared_verbs_take_its_arguments_in_its_order_with_its_defaults(signatures: dict[str, list[list[Any]]]) -> None:
    shared = {name for name in signatures if hasattr(SessionDB, name) and not name.startswith("_")} - _OWN
    assert len(shared) >= 25
    differences = {}
    for name in sorted(shared | {"__init__"}):
        theirs = [one[:2] for one in signatures[name] if one[2] != "VAR_KEYWORD" and one[0] != "self"]
        ours = [one for one in inspect.signature(getattr(SessionDB, name)).parameters.values() if one.name != "self"]
        ours = ours[1:] if ours and ours[0].name == "whole" else ours
        places = [[one.name, one.default if one.default is not one.empty else ""] for one in ours]
        extra = ours[len(theirs) :]
        hidden = {one[0] for one in signatures[_HIDDEN[name]]} if name in _HIDDEN else set()
        if places[: len(theirs)] != theirs or hidden - {"self"} - {one.name for one in ours}:
            differences[name] = (theirs, places)
        assert all(one.kind in (one.KEYWORD_ONLY, one.VAR_KEYWORD) for one in extra if one.name not in hidden), name
    assert differences == {}


def test_a_pruning_has_all_its_filters(signatures: dict[str, list[list[Any]]]) -> None:
    filters = {one[0] for one in signatures["_prune_filter_where"]}
    verb = inspect.signature(SessionDB.prune_sessions, eval_str=True).parameters["filters"].annotation
    assert set(verb.__args__[0].__annotations__) == filters - {"source"}


START = 1.75e9

Options = dict[str, Any]
Act = tuple[str, tuple[Any, ...], Options]
"""Verb, arguments by place, arguments by name."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the peer filled: a chain with a stale section, a branch, delegates, archived and ended sessions."""
    found = home(tmp_path_factory.mktemp("peer"))
    hermes = RealHermes(found / "state.db", "root")
    made: list[tuple[str, dict[str, Any]]] = [
        ("tip", {"parent_session_id": "root", "model": "opus", "cwd": "/work/app", "system_prompt": "be brief"}),
        ("stale", {"parent_session_id": "root"}),
        ("branch", {"parent_session_id": "tip", "model_config": {"_branched_from": "tip"}, "cwd": "/work/apple"}),
        ("helper", {"parent_session_id": "tip", "model_config": {"_delegate_from": "tip"}, "source": "subagent"}),
        ("older", {"user_id": "ada", "chat_id": "7", "chat_type": "dm"}),
        ("child", {"parent_session_id": "older"}),
        ("gateway", {"source": "telegram", "session_key": "agent:main", "thread_id": "9", "profile_name": "work"}),
        ("put-away", {"model": "haiku"}),
    ]
    for name, fields in made:
        options = {"source": "cli", **fields}
        hermes.call_method("create_session", name, **options)
    for place, (name, text) in enumerate(
        (("root", "why 100%"), ("tip", "why 100%"), ("tip", "go on"), ("older", "an old\nquestion " + "x" * 90))
    ):
        hermes.session_id = name
        hermes.append({"role": "user", "content": text, "timestamp": START + 10 * place})
    hermes.append(
        {"role": "assistant", "content": "a", "tool_calls": [{"id": "c1"}], "timestamp": START + 100}
        | {"finish_reason": "tool_calls", "reasoning": "hm", "reasoning_content": "hm", "effect_disposition": "none"},
        {"role": "assistant", "content": "b", "timestamp": START + 101},
        {"role": "tool", "content": "found", "tool_call_id": "c1", "tool_name": "grep", "timestamp": START + 102},
        {"role": "tool", "content": "stray", "tool_call_id": "c2", "tool_name": "grep", "timestamp": START + 103},
        {"role": "user", "content": "one", "timestamp": START + 104},
        {"role": "user", "content": "two", "timestamp": START + 105},
    )
    hermes.turn("taken back")
    hermes.undo()
    hermes.call_method("set_session_title", "tip", "Fix AN-94")
    hermes.call_method("set_session_archived", "put-away", True)
    hermes.call_method("update_token_counts", "older", 10, 5, "opus", billing_provider="Nous", api_call_count=1)
    hermes.call_method("end_session", "root", "compression")
    for name in ("stale", "older", "gateway"):
        hermes.call_method("end_session", name, "idle")
    hermes.close()
    _run(found, "UPDATE sessions SET started_at = ? + rowid, ended_at = ended_at - 1e8 WHERE 1", START)
    _run(found, "UPDATE sessions SET git_branch = 'feature/Main', actual_cost_usd = 0.5 WHERE id = 'older'")
    _run(found, "PRAGMA wal_checkpoint(TRUNCATE)")
    return found


READS: list[Act] = [
    ("list_sessions_rich", (), {}),
    ("list_sessions_rich", ("cli", ["x"], "/work", 5, 0), {}),
    ("list_sessions_rich", (), {"exclude_sources": ["telegram", "subagent"]}),
    ("list_sessions_rich", (), {"cwd_prefix": "/work/app/"}),
    ("list_sessions_rich", (), {"include_children": True}),
    ("list_sessions_rich", (), {"include_children": True, "limit": 2, "offset": 1}),
    ("list_sessions_rich", (), {"min_message_count": 2}),
    ("list_sessions_rich", (), {"project_compression_tips": False}),
    ("list_sessions_rich", (), {"order_by_last_active": True}),
    ("list_sessions_rich", (), {"order_by_last_active": True, "include_children": True}),
    ("list_sessions_rich", (), {"include_archived": True}),
    ("list_sessions_rich", (), {"archived_only": True}),
    ("list_sessions_rich", (), {"id_query": " TIP ", "order_by_last_active": True}),
    ("list_sessions_rich", (), {"id_query": "tip"}),
    ("list_sessions_rich", (), {"search_query": "an94", "order_by_last_active": True}),
    ("list_sessions_rich", (), {"search_query": "%", "order_by_last_active": True}),
    ("list_sessions_rich", (), {"compact_rows": True}),
    ("session_count", (), {}),
    ("session_count", ("cli", "/work", 1, True, False, True, ["x"]), {}),
    ("session_count", (), {"cwd_prefix": "/work"}),
    ("session_count", (), {"min_message_count": 2}),
    ("session_count", (), {"include_archived": True}),
    ("session_count", (), {"archived_only": True}),
    ("session_count", (), {"exclude_children": True}),
    ("session_count", (), {"exclude_sources": ["cli"]}),
    ("get_messages", ("older", True, 2, 1), {}),
    ("get_messages", ("older",), {"limit": 3}),
    ("get_messages", ("older",), {"offset": 5}),
    ("get_messages_as_conversation", ("older",), {}),
    ("get_messages_as_conversation", ("tip", True), {}),
    ("get_messages_as_conversation", ("helper",), {"include_ancestors": True}),
    ("get_messages_as_conversation", ("older",), {"include_inactive": True}),
    ("search_messages", ("question",), {}),
    ("search_messages", ("why OR question OR found", None, None, None, 3, 1, " Newest "), {}),
    ("search_messages", ("why OR found",), {"sort": "oldest", "role_filter": ["user"]}),
    ("search_messages", ("taken",), {}),
    ("search_messages", ("taken",), {"include_inactive": True}),
    ("search_messages", ("why",), {"source_filter": [], "exclude_sources": ["x"]}),
]

WRITES: list[Act] = [
    ("create_session", ("gateway", "cli"), {"model": "opus", "cwd": "/w", "chat_id": "1", "user_id": "eve"}),
    ("create_session", ("new", "cli"), {"session_key": "k", "chat_type": "dm", "thread_id": "3", "profile_name": "p"}),
    ("ensure_session", ("gateway",), {"model_config": {"effort": 1}, "parent_session_id": "older"}),
    ("ensure_session", ("new2", "cli", "opus"), {"system_prompt": "be kind"}),
    ("update_token_counts", ("nobody", 3), {"model": "opus", "api_call_count": 2}),
    ("update_token_counts", ("put-away", 3, 4, "opus"), {"billing_provider": "nous", "api_call_count": 1}),
    ("update_token_counts", ("older", 3, 4, "haiku"), {"billing_provider": "x", "api_call_count": 1}),
    ("update_token_counts", ("older", 7), {"absolute": True, "api_call_count": 9}),
    ("update_token_counts", ("older", 7), {"absolute": True, "actual_cost_usd": 0.75, "estimated_cost_usd": 0.5}),
    ("update_token_counts", ("tip",), {"model": "haiku", "billing_provider": "x", "cost_status": "final"}),
    ("replace_messages", ("older", [{"role": "user", "content": "new", "timestamp": START}]), {"active_only": True}),
    ("replace_messages", ("older", [{"role": "user", "content": "new", "timestamp": START}], False), {}),
    ("delete_session", ("tip",), {}),
    ("prune_sessions", (), {}),
    ("prune_sessions", (), {"older_than_days": None, "started_after": START + 4}),
    *(
        ("prune_sessions", (None,), options)
        for options in (
            *({"title_like": "an"}, {"end_reason": "idle"}, {"cwd_prefix": "/work"}, {"min_messages": 5}),
            *({"max_messages": 1}, {"archived": False}, {"archived": True}, {"model_like": "OPUS"}),
            *({"provider": "nous"}, {"user_id": "ada"}, {"chat_id": "7"}, {"chat_type": "dm"}, {"branch_like": "MAIN"}),
            *({"min_tokens": 15}, {"max_tokens": 14}, {"min_cost": 0.5}, {"max_cost": 0.4}, {"min_tool_calls": 1}),
            *({"max_tool_calls": 0}, {"started_before": START + 4}, {"source": "telegram"}),
        )
    ),
]
_TABLES = ("sessions", "messages", "session_model_usage")
_NOW = {"started_at", "first_seen", "last_seen", "timestamp"}
"""Columns that may hold the time of the call."""


@pytest.fixture(scope="module")
def hermes(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHermes]:
    """The peer on a copy of that home, which is only read."""
    copied = shutil.copytree(folder, tmp_path_factory.mktemp("read") / "home")
    agent = RealHermes(copied / "state.db", "root")
    yield agent
    agent.close()


@pytest.mark.parametrize(("verb", "args", "options"), READS)
def test_a_read_gives_what_it_gives(
    folder: Path, hermes: RealHermes, verb: str, args: tuple[Any, ...], options: Options
) -> None:
    theirs = hermes.call_method(verb, *args, **options)
    with closing(SessionDB(folder / "state.db", read_only=True)) as db:
        ours = json.loads(json.dumps(getattr(db, verb)(*args, **options)))
    if verb == "get_messages_as_conversation":  # which gave no time at first, docs/format.md §8.1
        theirs = [{name: cell for name, cell in one.items() if name != "timestamp"} for one in theirs]
    assert ours == theirs


def test_a_repaired_alternation_is_what_it_makes(folder: Path) -> None:
    with closing(SessionDB(folder / "state.db", read_only=True)) as db:
        ours = db.get_messages_as_conversation("older", repair_alternation=True)
        plain = db.get_messages_as_conversation("older")
    assert ours == _peer_alternation(plain)


def test_a_write_does_what_it_does(folder: Path, tmp_path: Path) -> None:
    theirs, ours = (shutil.copytree(folder, tmp_path / name) for name in ("theirs", "ours"))
    hermes = RealHermes(theirs / "state.db", "root")
    answers = _each(WRITES, lambda verb, args, options: hermes.call_method(verb, *args, **options), theirs, folder)
    hermes.close()
    with closing(SessionDB(ours / "state.db")) as db:
        own = _each(WRITES, lambda verb, args, options: getattr(db, verb)(*args, **options), ours, folder)
    for call, answer, found in zip(WRITES, answers, own, strict=True):
        assert found == answer, call


Call = Callable[[str, tuple[object, ...], dict[str, object]], object]


def _each(
    calls: list[tuple[str, tuple[object, ...], dict[str, object]]], call: Call, at: Path, fresh: Path
) -> list[object]:
    """What each call gives and leaves, on the rows of the fresh home."""
    found: list[object] = []
    for verb, args, options in calls:
        _restore(at, fresh)
        found.append((call(verb, args, options), _dump(at)))
    return found


def _restore(at: Path, fresh: Path) -> None:
    """Put the rows of the fresh home in place of those that are there, in one transaction."""
    connection = apsw.Connection(str(at / "state.db"))
    connection.execute("ATTACH ? AS fresh", (str(fresh / "state.db"),))
    with connection:
        for table in reversed(_TABLES):
            connection.execute(f"DELETE FROM main.{table}")
        for table in _TABLES:
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM fresh.{table}")
    connection.close()


def _dump(at: Path) -> dict[str, list[dict[str, object]]]:
    """Every row; a time of today is only said to be one, and ids of messages are left out."""
    connection = apsw.Connection(str(at / "state.db"))
    found = {}
    for table in _TABLES:
        names = [str(name) for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        dicts = [dict(zip(names, row, strict=True)) for row in connection.execute(f"SELECT * FROM {table}")]
        found[table] = sorted(({name: _timeless(name, cell) for name, cell in one.items()} for one in dicts), key=str)
    connection.close()
    return found


def _timeless(name: str, cell: object) -> object:
    if name == "id" and isinstance(cell, int):
        return None
    return "now" if name in _NOW and isinstance(cell, float) and cell > START + 1e6 else cell


def _run(at: Path, sql: str, *bindings: float) -> None:
    connection = apsw.Connection(str(at / "state.db"))
    connection.execute(sql, bindings)
    connection.close()


_ALTERNATION = """
import ast, json, sys
from pathlib import Path
import hermes_state

source = (Path(hermes_state.__file__).parent / "agent" / "agent_runtime_helpers.py").read_text()  # it imports too much
tree = ast.parse(source)
tree.body = [one for one in tree.body if getattr(one, "name", "") == "repair_message_sequence"]
names = {"Dict": dict, "List": list, "drop_stale_api_content": lambda message: message.pop("api_content", None)}
exec(compile(tree, "repair", "exec"), names)
messages = json.loads(sys.stdin.read())
names["repair_message_sequence"](None, messages)
print(json.dumps(messages))
"""


def _peer_alternation(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    done = subprocess.run(
        [PEER, "-c", _ALTERNATION], input=json.dumps(messages), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return found
