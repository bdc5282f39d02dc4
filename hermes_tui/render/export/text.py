"""Plain text: a line for each message, its text indented below, as `show` prints it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hermes_tui.render import message_kind
from hermes_tui.render.export.model import (
    MARK,
    About,
    ExportOptions,
    Totals,
    manifest,
    sentence,
    shown,
    stamp,
    state_of,
)
from hermes_tui.render.safe import one_line
from store.models import Message

INDENT = "    "


class TextWriter:
    """Implements `MessageWriter`."""

    def head(self, about: About) -> str:
        """Title, id and what else is known."""
        facts = (about.source, about.model, stamp(about.started_at), about.cwd)
        lines = [one_line(about.title or about.id), f"session {about.id}", *facts, *about.notes]
        return "".join(f"{one_line(line)}\n" for line in lines if line)

    def seam(self, section_id: str, place: int, sections: int) -> str:
        """The next section."""
        return f"\n--- section {place} of {sections}: {one_line(section_id)} ---\n"

    def message(self, message: Message) -> str:
        """Role, time and state, then notes, reasoning, text and calls."""
        about = (stamp(message.timestamp), state_of(message))
        name = f" {one_line(message.tool_name)}" if message.tool_name else ""
        blocks = [*message_kind.notes(message)]
        blocks += [f"reasoning: {message.reasoning}"] if message.reasoning else []
        blocks += [text] if (text := message_kind.spoken(message)) else []
        blocks += [f"{call.name} {call.arguments}" for call in message.tool_calls]
        head = ", ".join(filter(None, about))
        body = "".join(f"{INDENT}{line}\n" for block in blocks for line in shown(block).split("\n"))
        return f"\n{one_line(message.role)}{name}  {head}".rstrip() + "\n" + body

    def put(self, text: str, *, is_active: bool) -> str:  # noqa: ARG002  the text says which state it is in
        """The text as it is."""
        return text

    def tail(self, about: About, totals: Totals, options: ExportOptions) -> Iterator[str]:
        """What there was, and the manifest."""
        yield f"\n{sentence(totals)}\n{MARK}{json.dumps(manifest(about, totals, options))}\n"
