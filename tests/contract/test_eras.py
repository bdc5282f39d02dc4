"""Fields that came with a later Hermes: an older database refuses them by name, and leaves nothing half written."""

from __future__ import annotations

import pytest

from store.agent.messages import ImportedSession
from store.base.errors import ColumnMissing
from tests.builders import Dict, say
from tests.contract.cases import Case

FIELDS: Dict = {
    "finish_reason": "stop",
    "reasoning": "hm",
    "reasoning_details": [{"type": "text"}],
    "codex_reasoning_items": [1],
    "reasoning_content": "hm hm",
    "codex_message_items": [2],
    "platform_message_id": "p1",
    "observed": True,
    "effect_disposition": "applied",
    "api_content": "sent",
    "display_kind": "model_switch",
    "display_metadata": {"to": "opus"},
    "token_count": 7,
    "tool_call_id": "c1",
    "tool_name": "terminal",
}
"""Every field of a message besides role, content, calls and time."""


def test_a_message_field_is_kept_or_refused_by_its_name(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    refused = FIELDS.keys() & case.lacks_messages
    for name, value in FIELDS.items():
        turn = [say("user", "before"), say("assistant", "said", **{name: value})]
        if name not in refused:
            case.messages.append_messages("s1", turn)
            assert case.messages.get_messages("s1")[-1][name] is not None
            continue
        with pytest.raises(ColumnMissing, match=name) as caught:
            case.messages.append_messages("s1", turn)
        assert caught.value.column == name
    kept = FIELDS.keys() - refused
    assert case.messages.message_count() == 2 * len(kept)
    assert kept <= case.engine.messages.columns()
    assert not case.engine.messages.columns() & case.lacks_messages


def test_an_empty_field_needs_no_column(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    empty = dict.fromkeys(FIELDS) | {"observed": False, "codex_message_items": [], "platform_message_id": ""}
    case.messages.append_messages("s1", [say("assistant", "said", **empty)])
    assert case.messages.message_count() == 1


def test_a_session_field_is_kept_or_refused_by_its_name(case: Case) -> None:
    for name, value in {"cwd": "/srv", "archived": 1, "hidden": 1, "title": "Talk", "billing_mode": "plan"}.items():
        session = ImportedSession(name, {"source": "cli", "started_at": 1.7e9, name: value}, [say("user", "hello")])
        if name in case.lacks_sessions:
            with pytest.raises(ColumnMissing) as caught:
                case.messages.import_sessions([session])
            assert caught.value.column == name
            assert case.sessions.get_session(name) is None
        else:
            case.messages.import_sessions([session])
            row = case.sessions.get_session(name)
            assert row is not None
            assert row[name] == value
