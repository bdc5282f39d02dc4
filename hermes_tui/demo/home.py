"""Sample home of the demo: half a year of sessions, legacy files that agree with SQLite or don't, two live sessions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from hermes_tui.demo.script import Conversation, Message, Script, Section, load
from store import ImportedSession, SessionDB
from store.base.late_dataclass import replace

SEED = 2026
MODELS = {
    "opus": "anthropic/claude-opus-4.1",
    "hermes": "nousresearch/hermes-4-405b",
    "gpt": "openai/gpt-5.1",
    "gemini": "google/gemini-2.5-pro",
}
PRICES = {"opus": (15.0, 75.0), "hermes": (1.0, 3.0), "gpt": (1.25, 10.0), "gemini": (1.25, 10.0)}
"""US dollars for a million tokens in and out."""
CONTEXT = 20_000
"""Tokens at most that are read again with each request."""
LETTERS = 4
"""Characters of a token."""
ENDINGS = {"cli": "cli_close", "cron": "cron_complete", "subagent": "agent_close"}
"""Source -> why its sessions end; the rest are chats."""
CHAT_ENDING = "session_reset"
DAMAGE = (
    b'{"role": "user", "content": "[photo] 18.20, st\n',
    b"\xff\xfe not a line of JSON\n",
    b'["a list", "no message"]\n',
)
LOST_ROWS = 12
"""Messages at least that SQLite lacks in the middle of the diverged session."""
LOST_LINES = 5
"""Messages at least that its file lacks at the end."""
SPREAD = 0.1
"""Ages of the script are up to a tenth longer, so that not all sessions end at the same time of the day."""
DELEGATED = 600.0
"""Seconds that a subagent ended before its parent did."""
SLOW = 12.0
"""A chat that lives in a legacy file took so much longer: weeks."""


def make_home(folder: Path, *, now: float, seed: int = SEED) -> Path:
    """Write a home whose newest message is half a minute old.

    All sessions are written in one transaction, so that it takes a second.

    Args:
        folder: The home; made where it is missing.
        now: Seconds since 1970 UTC.
        seed: The same seed, time and time zone give the same home.

    Returns:
        The home's folder.
    """
    script, rng = load(), Random(seed)
    rows: list[ImportedSession] = []
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    for conversation in script.conversations:
        parent = next((row for row in rows if conversation.parent and row.fields["title"] == conversation.parent), None)
        sections = _sections(script, conversation, parent, now, rng)
        rows += [kept for row in sections if (kept := _split(conversation, row, folder / "sessions"))]
    with closing(SessionDB(folder / "state.db")) as db:
        db.import_sessions(sorted(rows, key=_last_active))
    return folder


def _sections(
    script: Script, conversation: Conversation, parent: ImportedSession | None, now: float, rng: Random
) -> Iterator[ImportedSession]:
    """A conversation's sessions, root first; their times are counted back from its newest message."""
    end = now - conversation.age * rng.uniform(1, 1 + SPREAD)
    if conversation.source == "subagent" and parent is not None:
        end = _time(parent.messages[-1]) - DELEGATED
    sections: list[tuple[Section, list[Message]]] = []
    for section in reversed(conversation.sections):
        messages = script.messages(conversation, section, rng)
        sections.insert(0, (section, _timed(messages, end, SLOW if conversation.jsonl == "ahead" else 1.0, rng)))
        end = _time(sections[0][1][0]) - rng.uniform(3, 9) if messages else end
    before = parent
    for place, (_, messages) in enumerate(sections, 1):
        row = _row(conversation, messages, end=end, last=place == len(sections), rng=rng)
        if place > 1:
            row = replace(row, fields={**row.fields, "title": f"{conversation.title} #{place}"})
        if before is not None:
            row = _child(row, conversation, before.id, continued=place > 1)
        yield row
        before = row


def _row(
    conversation: Conversation, messages: list[Message], *, end: float, last: bool, rng: Random
) -> ImportedSession:
    """One section as a row, still without a parent."""
    started = _time(messages[0]) - rng.uniform(0.2, 2) if messages else end
    ended = (_time(messages[-1]) if messages else end) + rng.uniform(0.1, 2)
    reason = ENDINGS.get(conversation.source, CHAT_ENDING) if last else "compression"
    open_still = last and bool(conversation.live or conversation.words & {"interrupted", "empty"})
    if "error" in conversation.words:
        messages[-1]["finish_reason"] = "length"
    fields = {
        "title": conversation.title,
        "source": conversation.source,
        "model": MODELS[conversation.model],
        "cwd": f"/home/ada/{conversation.pool or 'desk'}" if conversation.source == "cli" else None,
        "archived": int("archived" in conversation.words),
        "ended_at": None if open_still else ended,
        "end_reason": None if open_still else reason,
        "started_at": started,
        **_spent(conversation.model, messages),
    }
    return ImportedSession(_id(conversation.source, started, rng), fields, messages)


def _spent(model: str, messages: Sequence[Message]) -> dict[str, object]:
    """The tokens of a section and their price; everything before a request is read from the cache."""
    asked = answered = read = before = 0
    for message in messages:
        tokens = len(json.dumps(message)) // LETTERS
        if message["role"] == "assistant":
            answered += tokens
            read += min(before, CONTEXT)
        else:
            asked += tokens
        before += tokens
    price, price_out = PRICES[model]
    cost = (asked * price + read * price / 10 + answered * price_out) / 1e6
    tokens_of = {"input_tokens": asked, "output_tokens": answered, "cache_read_tokens": read}
    return {**tokens_of, "estimated_cost_usd": cost} if messages else {}


def _child(row: ImportedSession, conversation: Conversation, parent: str, *, continued: bool) -> ImportedSession:
    """The row with its parent, and the mark of a branch or a subagent; a continuation has none
    (docs/format.md §4.3)."""
    mark = "_branched_from" if "branch" in conversation.words else "_delegate_from"
    config = None if continued else json.dumps({mark: parent})
    return replace(row, fields={**row.fields, "parent_session_id": parent, "model_config": config})


def _timed(messages: Sequence[Message], end: float, slow: float, rng: Random) -> list[Message]:
    """The messages with times that end at `end`: seconds inside a turn, minutes between turns."""
    timed: list[Message] = []
    for message in reversed(messages):
        timed.append({**message, "timestamp": round(end, 3)})
        end -= rng.uniform(40, 240) * slow if message["role"] == "user" else rng.uniform(2, 20)
    return timed[::-1]


def _split(conversation: Conversation, row: ImportedSession, sessions: Path) -> ImportedSession | None:
    """Write the legacy file of a session, if it has one; returns its row, None where only the file has it."""
    whole = row.messages
    if conversation.jsonl:
        lines = whole[: _turn_before(whole, len(whole) - LOST_LINES)] if conversation.jsonl == "diverged" else whole
        _write_file(conversation, row, lines, sessions)
    if conversation.jsonl == "only":
        return None
    if conversation.jsonl == "ahead":
        rest = whole[_turn_before(whole, len(whole) - conversation.sqlite) :]
        return replace(row, messages=rest, fields={**row.fields, "started_at": _time(rest[0]) - 1})
    if conversation.jsonl == "diverged":
        gap = _turn_before(whole, len(whole) // 2)
        return replace(row, messages=[*whole[: _turn_before(whole, gap - LOST_ROWS)], *whole[gap:]])
    return row


def _turn_before(messages: Sequence[Mapping[str, object]], index: int) -> int:
    """The index of the first message of the turn that the message at `index` belongs to."""
    return max(place for place, message in enumerate(messages[: index + 1]) if message["role"] == "user")


def _write_file(
    conversation: Conversation, row: ImportedSession, messages: Sequence[Mapping[str, object]], sessions: Path
) -> None:
    """The JSONL as a gateway appended it (docs/format.md §5.1); its time is that of its last message."""
    meta = {"role": "session_meta", "tools": [], "model": MODELS[conversation.model], "platform": conversation.source}
    said = ({**meta, "timestamp": messages[0]["timestamp"]}, *messages)
    stamped = ({**message, "timestamp": _local(_time(message)).replace(tzinfo=None).isoformat()} for message in said)
    written = [json.dumps(message, ensure_ascii=False).encode() + b"\n" for message in stamped]
    if conversation.jsonl == "damaged":
        for place, line in enumerate(DAMAGE, 1):
            written.insert(len(written) * place // (len(DAMAGE) + 1), line)
    path = sessions / f"{row.id}.jsonl"
    path.write_bytes(b"".join(written))
    os.utime(path, (_time(messages[-1]), _time(messages[-1])))


def _last_active(row: ImportedSession) -> float:
    return _time(row.messages[-1]) if row.messages else float(str(row.fields["started_at"]))


def _id(source: str, started: float, rng: Random) -> str:
    """An id as Hermes makes them (docs/format.md §1.3)."""
    stamp = f"{_local(started):%Y%m%d_%H%M%S}"
    if source == "cron":
        return f"cron_{rng.getrandbits(48):012x}_{stamp}"
    return (
        f"{stamp}_{rng.getrandbits(24):06x}" if source in {"cli", "subagent"} else f"{stamp}_{rng.getrandbits(32):08x}"
    )


def _local(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC).astimezone()


def _time(message: Mapping[str, object]) -> float:
    return float(str(message["timestamp"]))
