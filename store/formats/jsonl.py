"""Parser of legacy transcripts, `sessions/<id>.jsonl`: bytes in, records and bad lines out, each with its offset.

Format: docs/format.md §5.1; damage seen in it: §5.3 and docs/reliability.md J. Pure: `files.jsonl_reader` opens files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..base.strict_json import BadJson, load

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line; a longer one is skipped and never held in memory."""
CUT_OFF = "cut off"
"""The reason of a last line that stops in the middle: a writer was killed, or is just writing."""

_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Record:
    """A line that holds one JSON object."""

    line: int
    """Its number, from 1; blank lines count."""
    offset: int
    """Byte at which it starts."""
    value: dict[str, object]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no JSON object."""

    line: int
    offset: int
    size: int
    """Bytes without the newline."""
    reason: str
    """A few words; `CUT_OFF` for a last line that stops in the middle."""
    text: str = field(default="", compare=False)
    """Its first 2,000 characters; "" for a line that is too long."""


def parse(chunks: Iterable[bytes]) -> Iterator[Record | BadLine]:
    """Records and bad lines of bytes that come in chunks of any size; never raises, whatever the bytes.

    Lines end with the byte 0x0A and nothing else; blank ones are skipped.
    Bytes that are not UTF-8 become U+FFFD in a line that is good otherwise.
    At most one line is held at a time.
    """
    for number, (offset, size, text, ended) in enumerate(_lines(chunks), 1):
        if text is None:
            yield BadLine(number, offset, size, "longer than 64 MB")
        elif text:
            value, reason = parse_line(text, ended=ended)
            bad = BadLine(number, offset, size, reason, text[:_SHOWN])
            yield bad if value is None else Record(number, offset, value)


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, int, str | None, bool]]:
    """Lines as (offset, size, text or None where it is too long, whether a newline ended it)."""
    held: list[bytes] = []
    offset = size = 0
    for chunk in chunks:
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            size += end - begin
            held.append(chunk[begin:end])
            yield offset, size, _decoded(held, size), True
            offset, size, begin = offset + size + 1, 0, end + 1
        size += len(chunk) - begin
        held.append(chunk[begin:])
        if size > MAX_LINE:
            held.clear()
    if size:
        yield offset, size, _decoded(held, size), False


def _decoded(held: list[bytes], size: int) -> str | None:
    """The text of a line, None where it is too long; its chunks are freed before the text is used."""
    line = b"".join(held) if size <= MAX_LINE else None
    held.clear()
    return None if line is None else line.decode("utf-8-sig", "replace").strip()


def parse_line(text: str, *, ended: bool) -> tuple[dict[str, object] | None, str]:
    """The object of one line that is not blank, or None and the reason.

    Args:
        ended: A newline follows; without one, text that is not JSON is cut off.
    """
    try:
        value = load(text)
    except BadJson as error:
        reason = str(error)
        return None, CUT_OFF if reason == "not JSON" and not ended else reason
    return (value, "") if isinstance(value, dict) else (None, "not an object")
