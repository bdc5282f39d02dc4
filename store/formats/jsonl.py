"""Parser of legacy transcripts, `sessions/<id>.jsonl`: bytes in, records and bad lines out, each with its offset.

Format: docs/format.md §5.1; damage seen in it: §5.6 and docs/reliability.md J. Pure: `files.jsonl_reader` opens files.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from ..base.late_dataclass import dataclass, field, replace
from ..base.strict_json import BadJson, load
from . import glued_records

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line; a longer one is skipped and never held in memory."""
CUT_OFF = "cut off"
"""The reason of a last line that stops in the middle: a writer was killed, or is just writing."""

_HEAD = 4
"""Bytes by which UTF-16 is known."""
_SHOWN = 2_000
_BLANK = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\0\ufeff"
)
"""What is stripped at both ends of a line: whitespace, NUL blocks of a crash, a byte order mark."""
_BLANK_BYTES = b" \t\r\n\0"


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object that is a line, or a whole record in a damaged one."""

    line: int
    """The number of its line, from 1; blank lines count."""
    offset: int
    """Byte at which it starts."""
    value: dict[str, object]
    salvaged: bool = False
    """It shares its line with another record or with bytes that cannot be read."""
    id: int = field(default=0, compare=False)
    """Unique in the file, and rising: the line's number, unless records that share a line have come before."""
    replaced: bool = field(default=False, compare=False)
    """Some bytes of its line are no UTF-8: U+FFFD stands for them."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no JSON object, or the bytes of a line beside its records."""

    line: int
    offset: int
    size: int
    """Bytes without the newline, up to the last that cannot be read."""
    reason: str
    """A few words; `CUT_OFF` for a last line that stops in the middle."""
    text: str = field(default="", compare=False)
    """Its first 2,000 characters; "" for a line that is too long."""
    unfinished: bool = False
    """A writer may be in the middle of it, so it is no damage; only a reader that knows the file's age says so."""
    id: int = field(default=0, compare=False)
    """See `Record.id`."""


def parse(chunks: Iterable[bytes]) -> Iterator[Record | BadLine]:
    """Records and bad lines of bytes that come in chunks of any size; never raises, whatever the bytes.

    Lines end with the byte 0x0A, or 0x0D where every line between two of these is whole.
    Blank ones are skipped, and NUL at both ends of others.
    A line of nothing but NUL is a bad one: a crash has left it in place of records.
    Bytes that are not UTF-8 become U+FFFD in a line that is good otherwise.
    Of a damaged line every whole record is read, and the rest is one bad line.
    At most one line is held at a time.
    """
    last = 0
    for number, (offset, line, size, ended) in enumerate(_lines(utf8_chunks(chunks)), 1):
        for piece in _pieces(line, size, ended=ended):
            last = max(last + 1, number)
            yield replace(piece, line=number, offset=offset + piece.offset, id=last)


def utf8_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes; those of a file in UTF-16, as PowerShell redirects, in UTF-8, and offsets are then of these."""
    rest, head = iter(chunks), b""
    for chunk in rest:
        head += chunk
        if len(head) >= _HEAD:
            break
    encoding = utf16_of(head)
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
    for chunk in chain([head], rest):
        yield chunk if decoder is None else decoder.decode(chunk).encode("utf-8", "replace")


def utf16_of(head: bytes) -> str:
    """The name of the UTF-16 that a file begins in, with a mark or with a brace; "" for any other file."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-16-le" if head.startswith('{"'.encode("utf-16-le")) else ""


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None, int, bool]]:
    """Lines as (offset, bytes or None where it is too long, size, whether a newline ended it)."""
    held: list[bytes] = []
    offset = size = 0
    for chunk in chunks:
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            size += end - begin
            held.append(chunk[begin:end])
            yield offset, _joined(held, size), size, True
            offset, size, begin = offset + size + 1, 0, end + 1
        size += len(chunk) - begin
        held.append(chunk[begin:])
        if size > MAX_LINE:
            held.clear()
    if size:
        yield offset, _joined(held, size), size, False


def _joined(held: list[bytes], size: int) -> bytes | None:
    """The bytes of a line, None where it is too long; its chunks are freed."""
    line = b"".join(held) if size <= MAX_LINE else None
    held.clear()
    return line


def _pieces(line: bytes | None, size: int, *, ended: bool) -> Iterator[Record | BadLine]:
    """Records and the bad rest of one line, with offsets in it; of nothing but whitespace, none."""
    if line is None:
        yield BadLine(0, 0, size, "longer than 64 MB")
        return
    text = decoded(line)
    if not text:
        if b"\0" in line:
            yield BadLine(0, 0, size, f"{size} bytes, all NUL" if size > 1 else "a NUL byte")
        return
    value, reason = parse_line(text, ended=ended or line.endswith(b"\0"))
    if value is not None:
        yield Record(0, 0, value, replaced=_is_replaced(text, line))
        return
    if b"\r" in line.strip() and (several := _old_lines(line)):
        yield from several
        return
    found = list(_salvaged(line))
    if not found:
        yield BadLine(0, 0, size, reason, text[:_SHOWN])
        return
    yield from _interleaved(line, found, ended=ended)


def _old_lines(line: bytes) -> list[Record | BadLine]:
    """The lines between carriage returns, where all of them are whole: a file of an old Mac, or one edited there."""
    found: list[Record | BadLine] = []
    offset = 0
    for part in line.split(b"\r"):
        if text := decoded(part):
            value, _ = parse_line(text, ended=True)
            if value is None:
                return []
            found.append(Record(0, offset, value, replaced=_is_replaced(text, part)))
        offset += len(part) + 1
    return found


def decoded(line: bytes) -> str:
    """The text of a line without whitespace, NUL and byte order mark at its ends."""
    return line.decode("utf-8-sig", "replace").strip(_BLANK)


def _is_replaced(text: str, line: bytes) -> bool:
    """Whether U+FFFD stands for bytes in the text of a line; it may have been written itself."""
    if "\ufffd" not in text:
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def first_record(line: bytes) -> dict[str, object] | None:
    """The record at the beginning of some bytes: a whole line, or what follows a salvaged record's offset."""
    value, _ = parse_line(decoded(line), ended=True)
    if value is not None:
        return value
    return next((record.value for record, _ in _salvaged(line) if not record.offset), None)


def _salvaged(line: bytes) -> Iterator[tuple[Record, int]]:
    """The whole records of a damaged line, with the byte behind each."""
    last = 0
    for start, end in glued_records.spans(line) if b'"role"' in line else ():
        if start < last:
            continue
        value, _ = parse_line(line[start:end].decode("utf-8", "replace"), ended=True)
        if value is not None and _is_record(value):
            yield Record(0, start, value, salvaged=True), end
            last = end


def _is_record(value: dict[str, object]) -> bool:
    """True for a message or a session_meta; parts of a torn message have no role, or, as Codex items, a type too."""
    return isinstance(value.get("role"), str) and "type" not in value


def _interleaved(line: bytes, found: list[tuple[Record, int]], *, ended: bool) -> Iterator[Record | BadLine]:
    """Salvaged records in order, and one bad line for all bytes beside them, where the first of those are."""
    bad: list[tuple[int, int]] = []
    at = 0
    for start, end in [*((record.offset, end) for record, end in found), (len(line), len(line))]:
        if line[at:start].strip(_BLANK_BYTES):
            bad.append((at, start))
        at = end
    records = [record for record, _ in found]
    if not bad:
        yield from records
        return
    first, last = bad[0][0], bad[-1][1]
    text = b" ".join(line[start:end].strip(_BLANK_BYTES) for start, end in bad)[: 4 * _SHOWN].decode("utf-8", "replace")
    cut_off = not ended and first == found[-1][1] and not line.endswith(b"\0")
    rest = BadLine(0, first, last - first, CUT_OFF if cut_off else "torn", text[:_SHOWN])
    before = [record for record in records if record.offset < first]
    yield from before
    yield rest
    yield from records[len(before) :]


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
