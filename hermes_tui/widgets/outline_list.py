"""List of the user's messages in a session, by their id; the text of those on the screen is requested."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from hermes_tui.render.line import Line
from hermes_tui.render.outline_row import LONGEST, Prompt, outline_row
from hermes_tui.widgets.message_index import MessageIndex
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.models import Message


class Prompts:
    """The user's messages that are shown, from the heads alone; what a row needs is worked out when it is drawn."""

    def __init__(self, index: MessageIndex) -> None:
        self._heads = index.heads
        self._end = len(index.heads)
        self._places = [place for place in index.prompts if not index.is_hidden(place)]
        self.ids = [index.heads.ids[place] for place in self._places]
        """In reading order."""
        self._numbers = dict(zip(self.ids, range(len(self.ids)), strict=True))

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._numbers

    def at(self, bar: int) -> int | None:
        """The id of the prompt that a message answers, by its index; None above the first one."""
        number = bisect_right(self._places, bar) - 1
        return self.ids[number] if number >= 0 else None

    def prompt(self, message_id: int) -> Prompt:
        """A prompt, with the results of tools up to the next one."""
        number = self._numbers[message_id]
        place = self._places[number]
        end = self._places[number + 1] if number + 1 < len(self._places) else self._end
        tools = sum(self._heads[answer].role == "tool" for answer in range(place, end))
        return Prompt(message_id, self._heads[place].timestamp, tools)


class OutlineList(VirtualList):
    """Prompts in reading order.

    Args:
        prompts: All of them.
        now: The time, aware; its zone is the reader's.
    """

    def __init__(self, prompts: Prompts, *, now: Callable[[], datetime]) -> None:
        super().__init__(id="outline")
        self._now = now
        self._prompts = prompts
        self._words: dict[int, str] = {}
        self._above: dict[int, int] = {}
        """The prompt in the row above."""

    def show(self, message_ids: Sequence[int]) -> None:
        """Show some of the prompts."""
        self._above = dict(pairwise(reversed(message_ids)))
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
        prompt = self._prompts.prompt(int(str(key)))
        words, above = self._words.get(prompt.message_id), self._above.get(prompt.message_id)
        time = None if above is None else self._prompts.prompt(above).timestamp
        glyphs, now = glyphs_of(self.app), self._now()
        return outline_row(prompt, words, width=width, now=now, glyphs=glyphs, cursor=cursor, above=time)
