"""Values of an export: what was asked for, what stands at the head of a file, what stands at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from hermes_tui.render.safe import safe
from store.base.late_dataclass import dataclass, field
from store.models import Message

Record = dict[str, object]

VERSION = 1
"""Version of the manifest."""
MANIFEST = "hermes_tui"
"""Name of the manifest in the JSON formats."""
MARK = "hermes-tui-export "
"""Text before the manifest in the other formats."""


class Format(StrEnum):
    """Format of a file, by its suffix."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"
    JSONL = "jsonl"
    TEXT = "txt"


class Only(StrEnum):
    """Messages that are exported alone."""

    PROMPTS = "prompts"
    REPLIES = "replies"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export, and how."""

    format: Format
    only: Only | None = None
    redact: bool = False
    lineage: bool = False
    """The whole compression chain as one reading; in JSONL a line for each of its sections."""


@dataclass(frozen=True, slots=True)
class About:
    """Head of an exported session; every text as stored, or masked."""

    id: str
    title: str = ""
    source: str = ""
    model: str = ""
    cwd: str = ""
    started_at: float | None = None
    sections: tuple[str, ...] = ()
    """Ids of the chain, where more than one is read."""
    notes: tuple[str, ...] = ()
    """What the reader has to know: drift, damaged lines, another source."""
    record: Mapping[str, object] = field(default_factory=dict)
    """Every field of the session's row."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What was written of a session."""

    messages: int = 0
    undone: int = 0
    compacted: int = 0
    unreadable: int = 0
    digest: str = ""
    """SHA-256 of the messages as written, after redaction, in hexadecimal digits."""


class Writer(Protocol):
    """Text of an export from one session's values: head, seams and end of a file."""

    def head(self, about: About) -> str:
        """Text before the messages."""

    def seam(self, section_id: str, place: int, sections: int) -> str:
        """Text between two sections of a chain."""

    def put(self, text: str, *, is_active: bool) -> str:
        """The text of a message as it goes into the file now: with what separates it, or "" where it comes later."""

    def tail(self, about: About, totals: Totals, options: ExportOptions) -> Iterator[str]:
        """Text after them, with the manifest."""


class MessageWriter(Writer, Protocol):
    """Of a format that people read."""

    def message(self, message: Message) -> str:
        """Text of a message as it is shown."""


class RecordWriter(Writer, Protocol):
    """Of a format that programs read."""

    def record(self, record: Record) -> str:
        """Text of a message with all its fields."""


def manifest(about: About, totals: Totals, options: ExportOptions) -> dict[str, object]:
    """What `verify` needs to know of a file; it holds no text of the session's."""
    return {
        "version": VERSION,
        "session": about.id,
        "format": str(options.format),
        "only": options.only and str(options.only),
        "redact": options.redact,
        "lineage": options.lineage,
        "messages": totals.messages,
        "undone": totals.undone,
        "compacted": totals.compacted,
        "unreadable": totals.unreadable,
        "sha256": totals.digest,
    }


def manifest_comment(about: About, totals: Totals, options: ExportOptions) -> str:
    """The manifest on one line that ends no comment of Markdown or HTML."""
    line = json.dumps(manifest(about, totals, options)).replace("--", "-\\u002d").replace(">", "\\u003e")
    return f"<!-- {MARK}{line} -->\n"


def sentence(totals: Totals) -> str:
    """What was written, in words: `12 messages, 2 of them undone`."""
    from hermes_tui.render.time import many

    states = (("undone", totals.undone), ("compacted", totals.compacted), ("unreadable", totals.unreadable))
    parts = [f"{number} {state}" for state, number in states if number]
    return ", ".join([many(totals.messages, "message"), *parts])


def stamp(timestamp: float | None) -> str:
    """A time that is the same for every reader: `2026-11-22 14:01:09 UTC`; "" where none is known."""
    if timestamp is None:
        return ""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"


def state_of(message: Message) -> str:
    """`undone` or `compacted`, "" for a message that stands."""
    return "" if message.active else "compacted" if message.compacted else "undone"


def shown(text: str) -> str:
    """A text of any number of lines with control and bidi characters as on the screen; tabs and line ends stay."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return "\n".join("\t".join(safe(part) for part in line.split("\t")) for line in lines)


def pretty_arguments(arguments: str) -> tuple[str, str]:
    """Arguments of a call for a reader and the language they are in: JSON in lines, or the text as it is."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments, ""
    if not isinstance(value, dict | list):
        return arguments, ""
    return json.dumps(value, ensure_ascii=False, indent=2), "json"
