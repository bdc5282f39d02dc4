"""Context of a search hit: the messages on either side of it, from the source where it was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..base.late_dataclass import replace
from ..base.models import ContextLine, Message, Origin

if TYPE_CHECKING:
    from .protocol import Browser

HitPlace: TypeAlias = "tuple[str, int, Origin]"
"""The session of a hit, its message id, and the source that has it."""
LONGEST_LINE = 8192
"""Characters of a line of context."""
PAGE = 256
"""Messages that `Browser.messages` gives at once."""


def text_or_calls(message: Message) -> str:
    """The text of a message, else its calls: names and arguments."""
    calls = " ".join(f"{call.name} {call.arguments}" for call in message.tool_calls)
    return (message.text or calls)[:LONGEST_LINE]


def around(
    db: Browser,
    hit: HitPlace,
    *,
    width: int,
    text: Callable[[Message], str] = text_or_calls,
    file_messages: Callable[[str], Sequence[Message]] | None = None,
) -> tuple[ContextLine, ...]:
    """The messages on either side of a hit, in order; none where the hit is gone.

    Args:
        db: The store.
        hit: The place of the hit.
        width: Messages on each side.
        text: The text of a message in a file, or of one in SQLite whose content is blank.
        file_messages: Reads the messages of a session from files; `db.file_messages` where None.
    """
    session_id, message_id, origin = hit
    if origin is Origin.SQLITE:
        return _filled(db, db.context(session_id, message_id, width=width), text)
    found = (file_messages or db.file_messages)(session_id)
    messages = [message for message in found if message.origin is origin]
    place = next((place for place, message in enumerate(messages) if message.id == message_id), None)
    if place is None:
        return ()
    return tuple(
        ContextLine(message.id or 0, message.role, text(message), message.id == message_id, message.timestamp)
        for message in messages[max(0, place - width) : place + width + 1]
    )


def _filled(db: Browser, lines: tuple[ContextLine, ...], text: Callable[[Message], str]) -> tuple[ContextLine, ...]:
    """The lines, those without a text with what `text` has for them."""
    blank = [line.id for line in lines if not line.text.strip()]
    pages = (db.messages(blank[start : start + PAGE]) for start in range(0, len(blank), PAGE))
    found = {message.id: text(message) for page in pages for message in page}
    return tuple(replace(line, text=found[line.id]) if line.id in found else line for line in lines)
