"""Results of the calls of a message: which of the messages near it answers which call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hermes_tui.widgets.message_index import MessageIndex
from store.models import Message, ToolCall


class CallResults:
    """Results of calls among the messages of a transcript, as far as their bodies are at hand."""

    def __init__(self, index: MessageIndex, body: Callable[[int], Message | None]) -> None:
        self._index = index
        self._body = body

    def of(self, place: int) -> list[Message | None]:
        """For each call of the message at an index its result: one behind it, or one that was stored too early."""
        message, index = self._body(place), self._index
        if message is None:
            return []
        before = [early for early in index.early(place) if not self._answers(index.leader(early), early)]
        behind, early = (
            [body for result in places if (body := self._body(result)) is not None]
            for places in (index.results(place), before)
        )
        return results_of(message.tool_calls, behind, early)

    def call_of(self, place: int, result: int) -> int | None:
        """The call of a message that a result answers."""
        answers = [None if found is None else found.id for found in self.of(place)]
        wanted = self._index.heads.ids[result]
        return answers.index(wanted) if wanted in answers else None

    def owner(self, place: int) -> int:
        """The message that one is drawn with: that of the call which it answers, else itself."""
        calls = (self._index.leader(place), self._index.call_after(place))
        return next((call for call in calls if call is not None and self._answers(call, place)), place)

    def above(self, place: int) -> int | None:
        """The message above that is drawn on its own."""
        above = self._index.above(place)
        while above is not None and self._index.call_after(above) is not None and self.owner(above) > above:
            above = self._index.above(above)
        return above

    def around(self, place: int) -> list[int]:
        """Indices of the messages that one may be drawn with, its own among them."""
        index, call = self._index, self._index.call_after(place)
        leader = index.leader(place)
        late = () if call is None else (call,)
        return [leader, *index.results(leader), *index.early(leader if call is None else call), *late]

    def _answers(self, call: int, place: int) -> bool:
        return call != place and self.call_of(call, place) is not None


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
