"""Records on every engine: every field, in the order and in the state that a reader sees."""

from __future__ import annotations

import pytest

from store.agent.messages import ImportedSession
from tests.builders import META, jsonl, say
from tests.contract.cases import Case

START = 1.7e9
PARTS = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
CALLS = [{"id": "c1", "function": {"name": "terminal", "arguments": "{}"}}]


def records(case: Case, session_id: str) -> list[dict[str, object]]:
    """The records of a session, which are the same where nothing but them is wanted."""
    browser = case.browser
    reading = browser.reading(session_id)
    alone = [record for piece in browser.pieces(reading, records=True) for record in browser.records(piece)]
    assert [record for piece in browser.pieces(reading) for record in browser.records(piece)] == alone
    return alone


def test_a_record_has_what_was_stored_and_no_more_than_the_asked_rows(case: Case) -> None:
    """Mutant: `by_ids` that reads by session."""
    sessions = [
        ImportedSession("s1", {"source": "cli", "started_at": START}, [say("user", PARTS), say("assistant", None)]),
        ImportedSession("s2", {"source": "cli", "started_at": START}, [say("assistant", "x", tool_calls=CALLS)]),
    ]
    case.messages.import_sessions(sessions)

    first, second = records(case, "s1")
    [third] = records(case, "s2")
    assert (first["role"], first["content"], second["content"]) == ("user", PARTS, None)
    assert third["tool_calls"] == CALLS
    ids = [int(str(record["id"])) for record in (third, first)]
    assert [row["id"] for row in case.engine.records.by_ids(ids)] == sorted(ids)
    assert case.engine.records.by_ids([1 << 40]) == []
    row = case.browser.session_record("s1")
    assert row is not None
    assert row["source"] == "cli"
    assert case.browser.session_record("gone") is None


def test_a_line_of_a_file_is_a_record_as_it_was_written(case: Case) -> None:
    line = say("user", PARTS, reaction="eyes")
    jsonl(case.folder, "alone", [META, line])

    assert records(case, "alone") == [{**line, "origin": "jsonl", "line": 2}]


def test_undone_and_compacted_messages_are_imported_as_such(case: Case) -> None:
    """Mutant: an insert that makes every message active."""
    if {"active", "compacted"} & case.lacks_messages:
        pytest.skip("this schema knows no such states")
    messages = [say("user", "a"), say("user", "b", active=False), say("user", "c", active=0, compacted=1)]
    case.messages.import_sessions([ImportedSession("s1", {"source": "cli", "started_at": START}, messages)])

    states = [(record["content"], record["active"], record["compacted"]) for record in records(case, "s1")]
    assert states == [("a", 1, 0), ("b", 0, 0), ("c", 0, 1)]
