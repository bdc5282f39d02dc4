"""Messages as they are compared: identities and times, without texts."""

from __future__ import annotations

from ..base.late_dataclass import dataclass
from . import message_codec

_SHORT = 24
"""Characters of a text that people say again and again, like “ok” and “go on”."""


@dataclass(frozen=True, slots=True)
class ComparedMessage:
    """Identity, time and state of a message."""

    identity: bytes
    time: float | None = None
    """Seconds since 1970, None where unknown; of a line whose time has no zone: as if it were in UTC."""
    active: bool = True
    """False for a row that was undone or compacted."""
    key: bytes = b""
    """Identity without the reasoning in an assistant's text; "" where that is the same."""
    role: str = ""
    calls: tuple[str, ...] = ()
    """Ids of its tool calls."""
    answers: str | None = None
    """Id of the call whose result it is."""
    platform_id: str | None = None
    short: bool = False
    """Its text is so short that it may be said again and again."""
    zoneless: bool = False
    """Its time is a local one of the machine that wrote it, which need not be this one."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids that only one message may have: its calls, the call it answers, its id on the platform."""
        names = [f"call {call}" for call in self.calls]
        names += [f"result {self.answers}"] if self.answers else []
        names += [f"{self.role} {self.platform_id}"] if self.platform_id else []
        return tuple(names)


def compared(
    role: object,
    content: object,
    calls: object,
    tool_call_id: object,
    *,
    platform_id: object = None,
    time: tuple[float | None, bool] = (None, False),
    active: bool = True,
) -> ComparedMessage:
    """The compared form of a message, from its cells or from the fields of a JSONL object.

    Args:
        role: As `message_codec.identity` takes it; so are the next three.
        content: The cell or the value.
        calls: The cell or the value.
        tool_call_id: The call of a tool's result.
        platform_id: Its id on the platform, such as Telegram.
        time: Seconds since 1970, and whether they have no zone.
        active: False for a row that was undone or compacted.
    """
    kind = message_codec.non_empty_text(role) or "unknown"
    text, parsed = message_codec.flat_text(content), message_codec.parse_calls(calls)
    answers = message_codec.non_empty_text(tool_call_id)
    answer, thought = message_codec.split_thinking(kind, text)
    has_more = bool(answer.strip() or parsed)
    return ComparedMessage(
        identity=message_codec.digest(kind, text, parsed, answers),
        key=message_codec.digest(kind, answer, parsed, answers) if thought and has_more else b"",
        time=time[0],
        zoneless=time[1],
        active=active,
        role=kind,
        calls=tuple(call.id for call in parsed if call.id),
        answers=answers,
        platform_id=message_codec.non_empty_text(platform_id),
        short=len(text) <= _SHORT and not parsed and not answers,
    )
