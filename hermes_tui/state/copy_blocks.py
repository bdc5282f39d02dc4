"""Message as Markdown source for the clipboard, and its blocks: code in its text, then its calls."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hermes_tui.render import message_kind
from hermes_tui.render.line import span
from hermes_tui.render.markdown.document import code_nodes, is_markdown
from hermes_tui.render.markdown.parser import parse
from hermes_tui.render.safe import one_line
from store.base.late_dataclass import dataclass
from store.models import Message, ToolCall

MOST = 9
"""Blocks that a digit copies."""

_TICKS = re.compile("`{3,}")


@dataclass(frozen=True, slots=True)
class CopyBlock:
    """A text to copy, and what it is called in a notice."""

    name: str
    text: str


def whole(message: Message, results: Sequence[Message | None]) -> CopyBlock:
    """A message as Markdown source, with arguments and results of its calls."""
    calls = [_call(call, result) for call, result in _called(message, results)]
    name = "the call" if len(calls) == 1 and not message.text.strip() else "the message"
    return CopyBlock(name, "\n\n".join(part for part in (message.text, *(call.text for call in calls)) if part.strip()))


def answer(message: Message) -> CopyBlock:
    """A message without its calls."""
    return CopyBlock("the answer", message.text)


def blocks(message: Message, results: Sequence[Message | None]) -> list[CopyBlock]:
    """Its blocks in the order of their numbers, at most `MOST`."""
    found = list[CopyBlock]()
    if message_kind.is_markdown(message) and is_markdown(message.text):
        nodes = code_nodes(parse(message.text.strip("\n"), span("")))
        found = [CopyBlock(f"the code {one_line(node.word)}".rstrip(), node.text) for node in nodes]
    return [*found, *(_call(call, result) for call, result in _called(message, results))][:MOST]


def _called(message: Message, results: Sequence[Message | None]) -> list[tuple[ToolCall, Message | None]]:
    answers = [*results, *[None] * len(message.tool_calls)]
    return list(zip(message.tool_calls, answers, strict=False))


def _call(call: ToolCall, result: Message | None) -> CopyBlock:
    name = one_line(call.name)
    parts = [f"**{name}**", _fenced(call.arguments, "json")]
    if result is not None:
        parts.append(_fenced(result.text))
    return CopyBlock(f"the call {name}", "\n\n".join(parts))


def _fenced(text: str, language: str = "") -> str:
    """A text in a fence that is longer than any in it."""
    ticks = "`" * max((len(found) + 1 for found in _TICKS.findall(text)), default=3)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"
