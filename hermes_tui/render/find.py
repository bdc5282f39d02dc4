"""Find in a session: what was typed, whose messages it is looked for in, and which texts of a message it may be in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from json import JSONDecoder

from hermes_tui.render.line import Range
from hermes_tui.render.tools.arguments import Form, read
from store.base.late_dataclass import dataclass
from store.models import Message

SELECTIVE = 4
"""Characters that few messages have, if they are looked for alone."""
_FROM_COMMON = " etaoinsrldhcumfpgwybvkxjqz"
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;()\[\]{}=+*#@!?$%^~|-]+")
"""Characters that no encoder of JSON escapes."""


class Scope(StrEnum):
    """Messages that are looked through."""

    ALL = "all"
    PROMPTS = "prompts"
    REPLIES = "replies"
    TOOLS = "tools"
    """Arguments and results."""

    @property
    def next(self) -> Scope:
        """The scope that a key goes on to."""
        scopes = list(Scope)
        return scopes[(scopes.index(self) + 1) % len(scopes)]


@dataclass(frozen=True, slots=True)
class Needle:
    """Text to find: letters of any case, unless one of its own is a capital."""

    text: str
    scope: Scope = Scope.ALL

    def ranges(self, text: str) -> Sequence[Range]:
        """The places of the text in another, from left to right."""
        return [found.span() for found in self._pattern.finditer(text)] if self.text else ()

    def is_in(self, message: Message) -> bool:
        """Whether a message has a match."""
        return self.count(message) > 0

    def count(self, message: Message) -> int:
        """Matches in a message: in what it says, its reasoning, its calls or its result; 0 outside of the scope."""
        return sum(self._count(text) for scope, text in parts(message) if self.looks_in(scope)) if self.text else 0

    def looks_in(self, scope: Scope) -> bool:
        """Whether texts of some messages are looked through."""
        return self.scope in {Scope.ALL, scope}

    def narrows(self, other: Needle) -> bool:
        """Whether every message that has this text has the other one too."""
        if not other.text or self.scope is not other.scope or self.text.isascii() is not other.text.isascii():
            return False
        return other.text in (self.text.lower() if other.ignores_case and self.text.isascii() else self.text)

    @property
    def ignores_case(self) -> bool:
        """Whether letters of any case match."""
        return self.text == self.text.lower()

    def _count(self, text: str) -> int:
        """Matches in a text; ASCII is counted without a pattern, which takes a tenth of the time."""
        if not (self.text.isascii() and text.isascii()):
            return len(self._pattern.findall(text))
        return text.lower().count(self.text) if self.ignores_case else text.count(self.text)

    @property
    def stored_as(self) -> str:
        """A text that is in every stored message with a match, in any case; "" where JSON may escape some of it.

        It begins with a rare letter: a database looks for the first one, and at the others where that is.
        """
        if not _PLAIN.fullmatch(self.text):
            return ""
        starts = range(max(len(self.text) - SELECTIVE + 1, 1))
        return self.text[max(starts, key=lambda start: _FROM_COMMON.find(self.text[start].lower())) :]

    @property
    def _pattern(self) -> re.Pattern[str]:
        return _pattern(self.text)


@lru_cache(maxsize=8)
def _pattern(text: str) -> re.Pattern[str]:
    flags = re.IGNORECASE if text == text.lower() else re.NOFLAG
    return re.compile(re.escape(text), flags | re.ASCII if text.isascii() else flags)


_SPEAKERS = {"user": Scope.PROMPTS, "assistant": Scope.REPLIES}


def parts(message: Message) -> Iterator[tuple[Scope, str]]:
    """The texts of a message that are looked through, with the scope of each; ALL for one that is in no other."""
    if message.role == "tool":
        yield from ((Scope.TOOLS, text) for text in decoded(message.text))
    else:
        speaker = _SPEAKERS.get(message.role, Scope.ALL)
        yield from ((speaker, text) for text in (message.text, message.reasoning) if text)
    for call in message.tool_calls:
        yield Scope.TOOLS, call.name
        yield from ((Scope.TOOLS, text) for text in decoded(call.arguments))


def decoded(text: str) -> list[str]:
    """A text, and where it holds an object the texts in it, without their escapes."""
    if (values := _object(text)) is None:
        given = read(text, whole=True)
        values = given.values
        found = [text] if given.form is Form.TEXT else []
    else:
        found = []
    waiting: list[object] = [values]
    while waiting:
        value = waiting.pop()
        if type(value) is str:
            found.append(value)
        elif isinstance(value, dict):
            found += value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif value is not None:
            found.append(str(value).lower() if isinstance(value, bool) else str(value))
    return found


def _object(text: str) -> Mapping[str, object] | None:
    """What nearly all texts of tools are, read in a third of the time: JSON of an object without anything around."""
    if text.startswith("{"):
        try:
            value, end = _SCAN(text)
        except (ValueError, RecursionError):
            return None
        if end == len(text) and isinstance(value, dict):
            return value
    return None


_SCAN = JSONDecoder().raw_decode
