"""Results of the calls of a message: which of the messages near it answers which call."""

from __future__ import annotations

from collections.abc import Sequence

from store.models import Message, ToolCall


def results_of(
    calls: Sequence[ToolCall], results: Sequence[Message], early: Sequence[Message] = ()
) -> list[Message | None]:
    """The result of each call, None where there is none: by id, and in order where a home has no ids.

    Args:
        results: Those behind the calls.
        early: Those that were stored before the calls; by id alone.
    """
    left = list(results)
    found: list[Message | None] = []
    for call in calls:
        result = next((result for result in left if call.id and result.tool_call_id == call.id), None)
        if result is not None:
            left.remove(result)
        found.append(result)
    # Old homes have calls without ids, or results without.
    for place, call in enumerate(calls):
        nameless = next((result for result in left if not (call.id and result.tool_call_id)), None)
        if found[place] is None and nameless is not None:
            found[place] = nameless
            left.remove(nameless)
    ids = {result.tool_call_id: result for result in early}
    return [result or (ids.get(call.id) if call.id else None) for call, result in zip(calls, found, strict=True)]
