"""Kinds of messages beyond their roles: put in by Hermes, overheard, mirrored, waiting (docs/format.md §3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from store.models import Message, Origin

MACHINE = "hermes"
"""The label of what stands under the user's role and was not typed by anybody."""

LOOKED_AT = 1 << 20
"""Characters that are searched for memory; no more are drawn."""

_OPENING = "<memory-context>"
_MEMORY = re.compile(r"<memory-context>.*?(?:</memory-context>\n?|\Z)", re.DOTALL)
_SKILL = "skill · its text, loaded by Hermes"
_REVIEW = "review · asked by Hermes itself"
_NOTICE = "notice · put in by Hermes, not typed"
_BEFORE = "notice · put in by Hermes before what follows it"
_BEGINNINGS = (
    ("[IMPORTANT: The user has invoked the ", _SKILL),
    ("[IMPORTANT: The user launched this CLI session with ", _SKILL),
    ("[SYSTEM: The user has invoked the ", _SKILL),
    ("[Your active task list was preserved", "task list · kept across a compaction"),
    ("Review the conversation above and consider saving to memory", _REVIEW),
    ("Review the conversation above and update ", _REVIEW),
)
"""Beginnings of texts that Hermes puts under the user's role."""
_BRACKETS = ("[IMPORTANT: ", "[SYSTEM: ", "[System note: ", "[Note: model was ")
"""Beginnings of notices; what the user typed may follow behind the bracket."""


def spoken(message: Message) -> str:
    """The text below the notes: nothing where a note has it all."""
    return "" if message.aside and message.role == "session_meta" else message.text


def is_machine_made(message: Message) -> bool:
    """True for what stands under the user's role and was not typed by anybody."""
    if message.role != "user":
        return False
    return bool(message.display_kind or message.summary or _begun(message.text) not in ("", _BEFORE))


def is_markdown(message: Message) -> bool:
    """Whether a message is written in Markdown: what a model wrote, summaries too. A user's text is as it was typed."""
    return (message.role == "assistant" and not message.aside) or message.summary


def parts(message: Message) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is memory that Hermes recalled into it."""
    done = 0
    may_have = message.role in ("user", "assistant") and message.text.find(_OPENING, 0, LOOKED_AT) >= 0
    for found in _MEMORY.finditer(message.text, 0, LOOKED_AT) if may_have else ():
        yield message.text[done : found.start()], False
        yield found[0], True
        done = found.end()
    yield message.text[done:], False


_FILES = {
    Origin.JSONL: "from JSONL · SQLite lacks it on the machine that it was copied from",
    Origin.SNAPSHOT: "from a snapshot · SQLite lacks it on the machine that it was copied from",
    Origin.SPOOL: "from the spool · SQLite lacks it on the machine that it was copied from",
}
"""Notes of messages on a server that were in files only."""


def notes(message: Message) -> Iterator[str]:
    """The notes above a message's text, the most important first; none for plain talk."""
    if message.origin is Origin.SPOOL:
        yield "spool · waits to be written into SQLite"
    if message.kept in _FILES:
        yield _FILES[message.kept]
    if message.role == "session_meta":
        about = message.text if message.aside else ""
        yield f"session_meta · {about or 'describes the session, is no message'}"
    if message.mirrored:
        yield f"mirror · sent from {message.mirrored}"
    if message.observed:
        yield "observed · said in the group, not to the agent"
    if message.display_kind:
        yield f"{message.display_kind.replace('_', ' ')} · put in by Hermes, not typed"
    elif message.summary:
        yield "summary · stands for messages that were compacted"
    elif message.role == "user" and (begun := _begun(message.text)):
        yield begun


def _begun(text: str) -> str:
    """The note for a text of the user's role by its beginning, "" for what may have been typed."""
    for beginning, note in _BEGINNINGS:
        if text.startswith(beginning):
            return note
    if text.startswith(_BRACKETS):
        return _NOTICE if text.rstrip().endswith("]") else _BEFORE
    return ""
