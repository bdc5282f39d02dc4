"""What providers refuse in a conversation, looked for in a session's active rows.

A tool's result answers a call that stands before it, and nothing but results of the same calls stands between them; no
two calls have one id and no call is answered twice (the chat completions and messages APIs answer 400 to each).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Row = Mapping[str, object]


def complaints(rows: Sequence[Row]) -> set[str]:
    """What is wrong with a conversation, one text for each message that is wrong."""
    return set(_complaints(rows))


def _complaints(rows: Sequence[Row]) -> Iterator[str]:
    asked: set[object] = set()
    answered: set[object] = set()
    for row in rows:
        for call in _calls(row):
            if call in asked:
                yield f"call {call} twice"
            asked.add(call)
        if row["role"] == "tool":
            call = row.get("tool_call_id")
            if call not in asked:
                yield f"result of {call} without its call before it"
            if call in answered:
                yield f"call {call} answered twice"
            answered.add(call)


def unanswered(rows: Sequence[Row], results: set[object]) -> set[str]:
    """Calls of a conversation that have no result in it, though one of `results` is theirs."""
    asked = {call for row in rows for call in _calls(row)}
    given = {row.get("tool_call_id") for row in rows if row["role"] == "tool"}
    return {f"call {call} is not answered" for call in asked & results - given}


def _calls(row: Row) -> list[object]:
    calls = row.get("tool_calls")
    return [call["id"] for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
