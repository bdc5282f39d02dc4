"""Changes of a conversation that is replayed to a model: repeated questions, roles that must alternate.

They follow hermes-agent 0.19.0 (`_is_duplicate_replayed_user_message`, `repair_message_sequence`), on messages with
the fields of a row, content and tool calls decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Dict = dict[str, object]
Join = Callable[[Dict, Dict], Dict | None]

_CODEX = ("codex_reasoning_items", "codex_message_items")
_PROVISIONAL = ("verification_required", "verify_hook_continue")
"""Ends of an answer that the next one replaces."""


def without_repeated_questions(messages: Sequence[Dict]) -> list[Dict]:
    """The messages without those that a continuation took over: the same text of the user before an answer came."""
    kept: list[Dict] = []
    unanswered: set[str] = set()
    for message in messages:
        content = message.get("content")
        if message.get("role") == "user" and isinstance(content, str) and content:
            if content in unanswered:
                continue
            unanswered.add(content)
        elif message.get("role") == "assistant" and (content or message.get("tool_calls")):
            unanswered.clear()
        kept.append(message)
    return kept


def with_alternating_roles(messages: Sequence[Dict]) -> list[Dict]:
    """The messages as providers demand them: neighbours of one role joined, results without their call left out."""
    joined = _joined(messages, _joined_answers)
    return _joined(list(_answered_calls(joined)), _joined_questions)


def _joined(messages: Sequence[Dict], join: Join) -> list[Dict]:
    kept: list[Dict] = []
    for message in messages:
        both = join(kept[-1], message) if kept else None
        if both is None:
            kept.append(message)
        else:
            kept[-1] = both
    return kept


def _joined_answers(first: Dict, second: Dict) -> Dict | None:
    """One answer of two neighbours; None where they stay two."""
    if {first.get("role"), second.get("role")} != {"assistant"} or _is_codex(first) or _is_codex(second):
        return None
    if first.get("finish_reason") in _PROVISIONAL:
        return second
    before, after = first.get("content"), second.get("content")
    content = after if not before and after is not None else before
    if isinstance(before, str) and isinstance(after, str):
        content = "\n".join(text for text in (before.strip(), after.strip()) if text)
    calls = [*_calls(first), *_calls(second)]
    return first | {"content": content} | ({"tool_calls": calls} if calls else {})


def _joined_questions(first: Dict, second: Dict) -> Dict | None:
    before, after = first.get("content"), second.get("content")
    if {first.get("role"), second.get("role")} != {"user"} or not (isinstance(before, str) and isinstance(after, str)):
        return None
    return first | {"content": "\n\n".join(text for text in (before, after) if text)}


def _answered_calls(messages: Sequence[Dict]) -> Iterator[Dict]:
    """The messages without results whose call is not in the answer before them, or that came already."""
    open_calls: set[object] = set()
    for message in messages:
        role, name = message.get("role"), message.get("tool_call_id")
        if role == "assistant":
            called = [call for call in _calls(message) if isinstance(call, dict)]
            open_calls = {str(call[key]) for call in called for key in ("id", "call_id") if call.get(key)}
        elif role == "user":
            open_calls = set()
        elif role == "tool":
            if not name or name not in open_calls:
                continue
            open_calls.discard(name)
        yield message


def _is_codex(message: Dict) -> bool:
    return any(message.get(name) for name in _CODEX) or message.get("finish_reason") == "incomplete"


def _calls(message: Dict) -> list[object]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list) else []
