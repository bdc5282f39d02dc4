"""List of the user's messages in a session, by their id; the text of those on the screen is requested."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from hermes_tui.render.line import Line
from hermes_tui.render.outline_row import LONGEST, Prompt, outline_row
from hermes_tui.widgets.message_index import MessageIndex
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.models import Message


class OutlineList(VirtualList):
    """Prompts in reading order.

    Args:
        prompts: All of them.
        now: The time, aware; its zone is the reader's.
    """

    def __init__(self, prompts: Sequence[Prompt], *, now: Callable[[], datetime]) -> None:
        super().__init__(id="outline")
        self._now = now
        self._prompts: Mapping[int, Prompt] = {prompt.message_id: prompt for prompt in prompts}
        self._words: dict[int, str] = {}

    def show(self, message_ids: Sequence[int]) -> None:
        """Show some of the prompts."""
        self.set_keys(list(message_ids))

    def put(self, messages: Iterable[Message]) -> None:
        """Take texts that were requested."""
        for message in messages:
            if message.id is not None and message.id in self._prompts:
                self._words[message.id] = message.text.strip()[:LONGEST]
        self.refresh()

    @property
    def unread(self) -> tuple[int, ...]:
        """Prompts on the screen whose text is not here."""
        return tuple(key for key in self.cursor.shown if isinstance(key, int) and key not in self._words)

    def opens_at_once(self, key: Hashable) -> bool:  # noqa: ARG002  every row leads somewhere
        """A click goes there."""
        return True

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A prompt as a row."""
        prompt = self._prompts[int(str(key))]
        words = self._words.get(prompt.message_id)
        return outline_row(prompt, words, width=width, now=self._now(), glyphs=glyphs_of(self.app), cursor=cursor)


def prompts_of(index: MessageIndex) -> list[Prompt]:
    """The user's messages that are shown, each with the number of results up to the next one; no body is read."""
    prompts: list[Prompt] = []
    tools = 0
    for place in range(len(index) - 1, -1, -1):
        head = index.heads[place]
        if head.role == "tool":
            tools += 1
        elif head.role == "user" and not index.is_hidden(place):
            prompts.append(Prompt(head.id, head.timestamp, tools))
            tools = 0
    return prompts[::-1]
