"""Markdown with front matter: answers as they were written, what others said quoted or fenced, so that no text of a
message reads as a heading of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hermes_tui.render import message_kind
from hermes_tui.render.export.model import (
    About,
    ExportOptions,
    Totals,
    manifest_comment,
    pretty_arguments,
    sentence,
    shown,
    stamp,
    state_of,
)
from hermes_tui.render.safe import json_safe, one_line
from store.models import Message

_FENCES = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_HEADING = re.compile(r"^( {0,3})(#{1,6})(?= |$)", re.MULTILINE)
_TICKS = re.compile(r"`{3,}")


class MarkdownWriter:
    """Implements `MessageWriter`."""

    def head(self, about: About) -> str:
        """Front matter, title and notes."""
        fields: dict[str, object] = {"title": about.title or about.id, "session": about.id, "source": about.source}
        fields |= {"model": about.model, "started": stamp(about.started_at), "cwd": about.cwd}
        fields |= {"sections": list(about.sections)} if about.sections else {}
        lines = [f"{name}: {json_safe(value)}\n" for name, value in fields.items() if value]
        notes = "".join(f"> {_inline(note)}\n\n" for note in about.notes)
        return f"---\n{''.join(lines)}---\n\n# {_inline(about.title or about.id)}\n\n{notes}"

    def seam(self, section_id: str, place: int, sections: int) -> str:
        """A rule and the next section."""
        return f"\n---\n\n*section {place} of {sections}: {_inline(section_id)}*\n\n"

    def message(self, message: Message) -> str:
        """A heading with role, time and state; notes, reasoning, text and calls below."""
        name = f" {_inline(message.tool_name)}" if message.tool_name else ""
        facts = " · ".join(
            filter(None, (f"{_inline(message.role)}{name}", stamp(message.timestamp), state_of(message)))
        )
        notes = "".join(f"*{_inline(note)}*\n\n" for note in message_kind.notes(message))
        reasoning = f"*reasoning*\n\n{_quoted(message.reasoning)}" if message.reasoning else ""
        calls = "".join(_call(call.name, call.arguments) for call in message.tool_calls)
        return f"## {facts}\n\n{notes}{reasoning}{_text(message)}{calls}"

    def put(self, text: str, *, is_active: bool) -> str:  # noqa: ARG002  the text says which state it is in
        """The text as it is."""
        return text

    def tail(self, about: About, totals: Totals, options: ExportOptions) -> Iterator[str]:
        """What there was, and the manifest as a comment."""
        yield f"---\n\n{sentence(totals)}\n\n{manifest_comment(about, totals, options)}"


def fenced(text: str, language: str = "") -> str:
    """A text in a fence that nothing in it closes."""
    longest = max(map(len, _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n\n"


def _text(message: Message) -> str:
    text = shown(message_kind.spoken(message))
    if not text:
        return ""
    if message_kind.is_markdown(message):
        return f"{_below_ours(text)}\n\n"
    return fenced(text) if message.role == "tool" else _quoted(text)


def _below_ours(text: str) -> str:
    """Markdown whose headings stand two levels deeper, so that they stay below those of the messages, and whose last
    fence is closed."""
    pieces, done, opened = [], 0, ""
    for fence in _FENCES.finditer(text):
        if not opened:
            pieces.append(_HEADING.sub(_deeper, text[done : fence.start()]))
            opened = fence[1]
        elif fence[1][0] == opened[0] and len(fence[1]) >= len(opened):
            pieces.append(text[done : fence.start()])
            opened = ""
        else:
            continue
        done = fence.start()
    rest = text[done:]
    return "".join([*pieces, f"{rest}\n{opened}" if opened else _HEADING.sub(_deeper, rest)])


def _deeper(match: re.Match[str]) -> str:
    return match[1] + "#" * min(len(match[2]) + 2, 6)


def _quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in shown(text).split("\n")) + "\n"


def _call(name: str, arguments: str) -> str:
    text, language = pretty_arguments(arguments)
    return f"**{_inline(name or 'call')}**\n\n{fenced(shown(text), language)}"


def _inline(text: str) -> str:
    """A text on one line of which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", one_line(text))
