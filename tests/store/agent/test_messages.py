"""SessionDB for agents: messages in, messages out, counters (docs/format.md §3, §4.7, §9.1).

Each guard was seen to fail with its mutant:
- `registry.count` left out of `turns.append`: test_counters_follow_every_append
- each message in its own transaction: test_a_turn_is_written_whole_or_not_at_all
- the surrogate check taken out of `storable`: test_lone_surrogates_are_replaced_and_nul_is_kept
- the check for finite times taken out of `moment`: test_a_time_that_is_no_number_is_refused
- the test for the assistant's role taken out of `draft`: test_reasoning_is_kept_for_assistants_only
- `active` left out of the inserted row: test_rows_are_active_where_an_added_column_has_no_default
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import SessionDB, SessionMissing
from tests.builders import talk

CALL = {"id": "call_1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SessionDB]:
    """A fresh store with one session, s."""
    database = SessionDB(tmp_path / "state.db")
    database.create_session("s", "cli")
    yield database
    database.close()


def counters(db: SessionDB) -> tuple[object, object]:
    row = db.get_session("s")
    assert row is not None
    return row["message_count"], row["tool_call_count"]


def cell(db: SessionDB, column: str) -> Any:
    connection = apsw.Connection(str(db.path))
    try:
        return connection.execute(f"SELECT {column} FROM messages ORDER BY id DESC LIMIT 1").get
    finally:
        connection.close()


def test_messages_come_back_in_the_order_of_their_ids(db: SessionDB) -> None:
    """Not in the order of their times: clocks step back."""
    ids = [db.append_message("s", "user", f"m{number}", timestamp=1_800_000_000 - number) for number in range(3)]
    assert ids == sorted(ids)
    assert [row["content"] for row in db.get_messages("s")] == ["m0", "m1", "m2"]
    assert [row["id"] for row in db.get_messages("s")] == ids


def test_a_session_that_is_not_there_has_no_messages(db: SessionDB) -> None:
    assert db.get_messages("nobody") == []
    assert db.get_messages_as_conversation("nobody") == []


def test_counters_follow_every_append(db: SessionDB) -> None:
    db.append_message("s", "user", "hi")
    assert counters(db) == (1, 0)
    db.append_message("s", "assistant", None, tool_calls=[CALL, CALL, CALL])
    assert counters(db) == (2, 3)
    db.append_message("s", "tool", "{}", tool_name="terminal", tool_call_id="call_1")
    assert counters(db) == (3, 3)


def test_tool_calls_round_trip_as_a_list_and_are_never_encoded_twice(db: SessionDB) -> None:
    db.append_message("s", "assistant", None, tool_calls=[CALL])
    db.append_message("s", "assistant", None, tool_calls=json.dumps([CALL, CALL]))
    assert [row["tool_calls"] for row in db.get_messages("s")] == [[CALL], [CALL, CALL]]
    assert counters(db) == (2, 3)


def test_calls_that_are_no_json_are_an_empty_list(db: SessionDB) -> None:
    db.append_message("s", "assistant", None, tool_calls="{broken")
    assert [row["tool_calls"] for row in db.get_messages("s")] == [[]]


def test_parts_are_stored_behind_a_mark_and_come_back_as_parts(db: SessionDB) -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:x"}}]
    db.append_message("s", "user", parts)
    assert cell(db, "CAST(content AS BLOB)").startswith(b"\x00json:[")
    assert db.get_messages("s")[0]["content"] == parts
    assert db.get_messages_as_conversation("s") == [{"role": "user", "content": parts}]


def test_a_conversation_has_role_and_content_and_what_is_not_empty(db: SessionDB) -> None:
    db.append_message("s", "user", "hi", tool_name="", tool_calls=[])
    db.append_message("s", "assistant", None, tool_calls=[CALL], reasoning="", finish_reason="tool_calls")
    db.append_message("s", "tool", "{}", tool_name="terminal", tool_call_id="call_1")
    assert db.get_messages_as_conversation("s") == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "finish_reason": "tool_calls"},
        {"role": "tool", "content": "{}", "tool_name": "terminal", "tool_call_id": "call_1"},
    ]


def test_a_conversation_has_what_a_provider_asks_for_again(db: SessionDB) -> None:
    db.append_message("s", "user", "hi", platform_message_id="77", observed=True)
    db.append_message("s", "assistant", "yes", reasoning_content="", codex_message_items=[{"id": "m1"}])
    question, answer = db.get_messages_as_conversation("s")
    assert question == {"role": "user", "content": "hi", "message_id": "77", "observed": True}
    assert answer == {
        "role": "assistant",
        "content": "yes",
        "reasoning_content": "",
        "codex_message_items": [{"id": "m1"}],
    }


def test_the_finish_reason_is_stored_for_every_role(db: SessionDB) -> None:
    for role in ("user", "assistant", "tool"):
        db.append_message("s", role, "x", finish_reason="stop")
    assert [row["finish_reason"] for row in db.get_messages("s")] == ["stop"] * 3


def test_reasoning_round_trips(db: SessionDB) -> None:
    details = [{"type": "thinking", "text": "hm"}]
    items = [{"id": "rs_1", "encrypted_content": "…"}]
    db.append_message("s", "assistant", "yes", reasoning="why", reasoning_details=details, codex_reasoning_items=items)
    assert db.get_messages_as_conversation("s") == [
        {
            "role": "assistant",
            "content": "yes",
            "reasoning": "why",
            "reasoning_details": details,
            "codex_reasoning_items": items,
        }
    ]


def test_reasoning_is_kept_for_assistants_only(db: SessionDB) -> None:
    db.append_message("s", "user", "yes", reasoning="why", reasoning_details=[1])
    assert cell(db, "reasoning IS NULL AND reasoning_details IS NULL") == 1


@pytest.mark.slow
def test_a_turn_is_as_many_single_messages(tmp_path: Path) -> None:
    turn: list[dict[str, Any]] = [
        {"role": "user", "content": "hi", "message_id": "42", "observed": True, "timestamp": 1_800_000_000},
        {"role": "assistant", "content": [{"type": "text", "text": "x"}], "tool_calls": [CALL], "reasoning": "why"},
        {"role": "tool", "content": "{}", "tool_name": "terminal", "effect_disposition": "none", "api_content": "y"},
    ]
    rows = []
    for name in ("one", "many"):
        db = SessionDB(tmp_path / f"{name}.db")
        db.create_session("s", "cli")
        if name == "many":
            assert db.append_messages("s", turn) == [1, 2, 3]
        else:
            for message in turn:
                given = {"platform_message_id" if key == "message_id" else key: one for key, one in message.items()}
                db.append_message("s", **given)
        rows.append([{**row, "timestamp": None} for row in db.get_messages("s")])
        assert counters(db) == (3, 1)
        db.close()
    assert rows[0] == rows[1]
    assert (rows[0][0]["platform_message_id"], rows[0][0]["observed"]) == ("42", 1)


def test_a_turn_is_written_whole_or_not_at_all(db: SessionDB) -> None:
    """The third row is refused by the file itself, after two were written."""
    with apsw.Connection(str(db.path)) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN new.content = 'message 2'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    connection.close()
    with pytest.raises(Exception, match="no"):
        db.append_messages("s", talk(4))
    assert (db.get_messages("s"), counters(db)) == ([], (0, 0))


def test_an_empty_turn_writes_nothing(db: SessionDB) -> None:
    assert db.append_messages("nobody", []) == []


def test_a_turn_for_a_missing_session_is_refused_whole(db: SessionDB) -> None:
    with pytest.raises(SessionMissing):
        db.append_messages("nobody", talk(2))
    assert db.message_count() == 0


def test_rows_of_a_turn_without_times_follow_each_other(db: SessionDB) -> None:
    db.append_messages("s", talk(3))
    times: list[Any] = [row["timestamp"] for row in db.get_messages("s")]
    assert times[0] < times[1] < times[2] < times[0] + 0.001


@pytest.mark.parametrize(
    "given", [1_780_000_000, "1780000000.0", "2026-05-28T20:26:40+00:00", datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)]
)
def test_a_time_is_taken_in_every_form_agents_have(db: SessionDB, given: object) -> None:
    db.append_message("s", "user", "x", timestamp=given)
    assert db.get_messages("s")[0]["timestamp"] == 1_780_000_000


@pytest.mark.parametrize("given", [float("nan"), float("inf"), 10**400])
def test_a_time_that_is_no_number_is_refused(db: SessionDB, given: object) -> None:
    with pytest.raises(ValueError, match="finite"):
        db.append_message("s", "user", "x", timestamp=given)
    assert db.message_count() == 0


@pytest.mark.parametrize("given", ["yesterday", "nan", [], {}])
def test_what_is_no_time_at_all_is_now(db: SessionDB, given: object) -> None:
    db.append_message("s", "user", "x", timestamp=given)
    timestamp: Any = db.get_messages("s")[0]["timestamp"]
    assert timestamp > 1_700_000_000


def test_lone_surrogates_are_replaced_and_nul_is_kept(db: SessionDB) -> None:
    broken = "a\ud800b\x00c"
    db.create_session("\udfff", "cli\ud800")
    db.append_message("\udfff", "assistant", broken, tool_name=broken, reasoning=broken, tool_calls=[{"name": broken}])
    [row] = db.get_messages("\udfff")
    assert (row["content"], row["tool_name"], row["reasoning"]) == ("a\ufffdb\x00c",) * 3
    assert db.set_session_title("\udfff", "t\ud800") is True
    assert db.get_session_title("\udfff") == "t\ufffd"
    assert db.search_messages("\ud800") == []
    assert db.resolve_session_id("\udfff") is not None


@pytest.mark.slow
def test_content_that_is_text_of_any_kind_is_kept_to_the_letter(db: SessionDB) -> None:
    for text in ("", "  ", "\x1b[31mred\x1b[0m", "部署 👩‍👩‍👧 \u202eabc", "x" * 2_000_000):
        db.append_message("s", "user", text)
        assert db.get_messages("s")[-1]["content"] == text


def test_clearing_leaves_the_session_with_nothing(db: SessionDB) -> None:
    db.append_messages("s", [*talk(3), {"role": "assistant", "tool_calls": [CALL]}])
    db.clear_messages("s")
    assert (db.get_messages("s"), counters(db), db.search_messages("message")) == ([], (0, 0), [])


def test_replacing_puts_other_rows_in_place(db: SessionDB) -> None:
    db.append_messages("s", talk(4))
    db.replace_messages("s", [*talk(1, word="other"), {"role": "assistant", "tool_calls": [CALL, CALL]}])
    assert [row["content"] for row in db.get_messages("s")] == ["other 0", None]
    assert counters(db) == (2, 2)
    assert (len(db.search_messages("message")), len(db.search_messages("other"))) == (0, 1)


def test_rows_that_were_taken_back_are_given_only_on_demand(db: SessionDB) -> None:
    """NULL in `active` is an active row (docs/format.md §2.1)."""
    db.append_messages("s", talk(4))
    with apsw.Connection(str(db.path)) as connection:
        connection.execute("UPDATE messages SET active = 0 WHERE id > 2")
    connection.close()
    assert [row["id"] for row in db.get_messages("s")] == [1, 2]
    assert [row["id"] for row in db.get_messages("s", include_inactive=True)] == [1, 2, 3, 4]
    assert len(db.get_messages_as_conversation("s")) == 2
    assert db.message_count("s") == 4


def test_rows_are_active_where_an_added_column_has_no_default(
    era_home: Callable[[str], Path],
) -> None:
    db = SessionDB(era_home("v01") / ".hermes" / "state.db")
    with apsw.Connection(str(db.path)) as connection:
        connection.execute("ALTER TABLE messages ADD COLUMN active INTEGER")
    connection.close()
    db.create_session("s", "cli")
    db.append_message("s", "user", "x")
    assert cell(db, "active") == 1
    assert [row["content"] for row in db.get_messages("s")] == ["x"]
    assert len(db.get_messages("20260310_091500_a1b2c3")) == 9
    db.close()
