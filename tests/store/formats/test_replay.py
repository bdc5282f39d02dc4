"""A conversation that is replayed: each question once, roles in turn, no result without its call."""

from __future__ import annotations

import pytest

from store.formats.replay import with_alternating_roles, without_repeated_questions
from tests.builders import say


def call(name: str, key: str = "id") -> dict[str, object]:
    """An answer that calls a tool."""
    return say("assistant", "", tool_calls=[{key: name}])


def result(name: str) -> dict[str, object]:
    """What the tool gave."""
    return say("tool", "found", tool_call_id=name)


def test_a_question_is_kept_until_it_was_answered() -> None:
    asked, other, answer = say("user", "why"), say("user", "how"), say("assistant", "so")
    empty, parts = say("assistant", ""), say("user", [{"type": "text", "text": "why"}])
    given = [asked, other, empty, asked, parts, parts, answer, asked, other]
    assert without_repeated_questions(given) == [asked, other, empty, parts, parts, answer, asked, other]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([say("user", "a"), say("user", "b"), say("user", "")], [say("user", "a\n\nb")]),
        ([say("user", "a"), say("user", [1])], [say("user", "a"), say("user", [1])]),
        ([say("assistant", " a "), say("assistant", "b")], [say("assistant", "a\nb")]),
        ([say("assistant", None), say("assistant", "b")], [say("assistant", "b")]),
        (
            [call("1"), call("2"), result("2"), result("1")],
            [call("1") | {"tool_calls": [{"id": "1"}, {"id": "2"}]}, result("2"), result("1")],
        ),
        ([call("1"), result("1"), result("1")], [call("1"), result("1")]),
        ([call("1", "call_id"), result("1")], [call("1", "call_id"), result("1")]),
        ([call("1"), say("user", "stop"), result("1")], [call("1"), say("user", "stop")]),
        ([result("1"), say("user", "a")], [say("user", "a")]),
        (
            [say("assistant", "a", finish_reason="verification_required"), say("assistant", "b")],
            [say("assistant", "b")],
        ),
        (
            [say("assistant", "a", finish_reason="incomplete"), say("assistant", "b")],
            [say("assistant", "a", finish_reason="incomplete"), say("assistant", "b")],
        ),
        (
            [say("assistant", "a"), say("assistant", "b", codex_message_items="[1]")],
            [say("assistant", "a"), say("assistant", "b", codex_message_items="[1]")],
        ),
    ],
)
def test_roles_alternate_and_results_follow_their_calls(
    given: list[dict[str, object]], expected: list[dict[str, object]]
) -> None:
    assert with_alternating_roles(given) == expected
    assert with_alternating_roles(expected) == expected
