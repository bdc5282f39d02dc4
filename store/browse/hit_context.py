"""Context of a search hit: the messages on either side of it, from the source where it was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..base.models import ContextLine, Message, Origin

if TYPE_CHECKING:
    from .protocol import Browser

HitPlace: TypeAlias = "tuple[str, int, Origin]"
"""The session of a hit, its message id, and the source that has it."""


def around(
    db: Browser,
    hit: HitPlace,
    *,
    width: int,
    text: Callable[[Message], str],
    file_messages: Callable[[str], Sequence[Message]] | None = None,
) -> tuple[ContextLine, ...]:
    """The messages on either side of a hit, in order; none where the hit is gone.

    Args:
        db: The store.
        hit: The place of the hit.
        width: Messages on each side.
        text: The text of a message in a file.
        file_messages: Reads the messages of a session from files; `db.file_messages` where None.
    """
    session_id, message_id, origin = hit
    if origin is Origin.SQLITE:
        return db.context(session_id, message_id, width=width)
    found = (file_messages or db.file_messages)(session_id)
    messages = [message for message in found if message.origin is origin]
    place = next((place for place, message in enumerate(messages) if message.id == message_id), None)
    if place is None:
        return ()
    return tuple(
        ContextLine(message.id or 0, message.role, text(message), message.id == message_id, message.timestamp)
        for message in messages[max(0, place - width) : place + width + 1]
    )
