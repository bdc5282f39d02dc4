"""Messages of a conversation as an agent handed them over, with their identities; each is looked at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ..base.late_dataclass import dataclass
from ..files.jsonl_files import SESSION_META
from ..formats import message_codec
from ..formats.row_encoding import message_row

Dict = Mapping[str, object]

REFUSALS = ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError
"""Errors of a value that cannot be compared or encoded; one that is nested too deeply is a RuntimeError."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldMessage:
    """One message of a list."""

    message: Dict
    """A copy, so that what the agent changes later is seen; of a message that cannot be stored the agent's own."""
    identity: bytes
    index: int
    """In the agent's list, when it was handed over first."""
    problem: str = ""
    """Reason why it cannot be stored, "" for none."""


HeldMessages = tuple[HeldMessage, ...]


def hold(messages: Sequence[Dict], before: HeldMessages) -> HeldMessages:
    """The messages of a list without session_meta; those that stand unchanged in the list before are not looked at.

    Args:
        messages: As the agent holds them, oldest first.
        before: The list that it handed over last.
    """
    held: list[HeldMessage] = []
    for index, message in enumerate(messages):
        old = before[len(held)] if len(held) < len(before) else None
        if old is not None and _is_same(old.message, message):
            held.append(old)
        elif not _is_meta(message):
            held.append(_looked_at(message, index, before))
    return tuple(held)


def storable(held: HeldMessages) -> HeldMessages:
    """Those that can be stored."""
    return tuple(entry for entry in held if not entry.problem)


def identities(held: HeldMessages) -> list[bytes]:
    """What the messages are compared by."""
    return [entry.identity for entry in held]


def messages_of(held: HeldMessages) -> tuple[Dict, ...]:
    """The messages alone."""
    return tuple(entry.message for entry in held)


def _is_meta(message: object) -> bool:
    return isinstance(message, Mapping) and message.get("role") == SESSION_META


def _is_same(old: Dict, message: Dict) -> bool:
    try:
        return old is message or old == message
    except REFUSALS:
        return False


def _looked_at(message: Dict, index: int, before: HeldMessages) -> HeldMessage:
    known = next((old for old in before if old.problem and old.message is message), None)
    if known is not None:
        return known
    try:
        if not isinstance(message, Mapping):
            raise TypeError(f"a message must be a dict, not {type(message).__name__}")
        values = message_row(message, now=0.0).values
        cells = (values.get(name) for name in ("role", "content", "tool_calls", "tool_call_id"))
        copy = {key: _copied(value) for key, value in message.items()}
        return HeldMessage(copy, message_codec.identity(*cells), index)
    except REFUSALS as error:
        return HeldMessage(message, os.urandom(16), index, f"{error}" or type(error).__name__)


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list | tuple) else value
