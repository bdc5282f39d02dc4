"""Sessions whose file and rows say the same from the first message to the last, found without identities.

Nearly all are such. What differs in any way, or only might, is left to the comparison by content.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged
from ..base.models import Check, Verdict
from ..base.strict_json import BadJson, canonical, load, value_at_start
from ..formats.alignment import repeated_blocks
from ..formats.message_codec import PREFIX, non_empty_text

if TYPE_CHECKING:
    from ..engine.ports import Engine
    from ..engine.rows import MessageCells
    from ..files.home import FileStamp
    from ..files.jsonl_files import JsonlFiles

MAX_BYTES = 1 << 18
"""Bytes of the files that are looked at together; a larger one is looked at alone."""
LARGEST = 8 << 20
"""Bytes of a file that is looked at at all: it is held in memory with its rows."""
_SHORTEST = 16
"""Bytes of a line: a session with more rows than its file has room for lines is another one."""
_MANY = 64
_SIZE = 1


def same_sessions(
    engine: Engine, files: JsonlFiles, stamps: Mapping[str, FileStamp], rows: Mapping[str, Sequence[object]]
) -> Iterator[tuple[str, Check | None]]:
    """Sessions in the order of `stamps`, each with its verdict where both sides are surely the same, else None.

    Rows are read for a group of sessions by one statement, files one by one.

    Args:
        engine: The database.
        files: The JSONL files.
        stamps: Of the files, by session.
        rows: Row counts of the sessions that have a row; those with an inactive one are left to the comparison.
    """
    for group in _groups(stamps):
        cells = _cells(engine, [key for key in group if _may_be_the_same(stamps[key], rows.get(key))])
        for key in group:
            yield key, _same(files, key, cells.get(key, ()))


def _groups(stamps: Mapping[str, FileStamp]) -> Iterator[list[str]]:
    group, n_bytes = list[str](), 0
    for key, stamp in stamps.items():
        size = stamp[_SIZE]
        if group and (n_bytes + size > MAX_BYTES or len(group) == _MANY):
            yield group
            group, n_bytes = [], 0
        group.append(key)
        n_bytes += size
    if group:
        yield group


def _may_be_the_same(stamp: FileStamp, rows: Sequence[object] | None) -> bool:
    """Whether the numbers allow it."""
    if rows is None or stamp[_SIZE] > LARGEST:
        return False
    number, _, active = rows[:3]
    return isinstance(number, int) and 0 < number == active and number * _SHORTEST < stamp[_SIZE]


def _cells(engine: Engine, ids: Collection[str]) -> Mapping[str, Sequence[MessageCells]]:
    if not ids:
        return {}
    try:
        return engine.messages.cells(ids)
    except (CannotOpen, Damaged):  # the comparison says why
        return {}


def _same(files: JsonlFiles, session_id: str, rows: Sequence[MessageCells]) -> Check | None:
    """The verdict on a session whose sides are equal, and of which no block is repeated; None for any other."""
    if not rows:
        return None
    try:
        records = _records(files.raw(session_id))
    except (CannotOpen, Damaged):
        return None
    messages = [row for row in rows if row[0] != "session_meta"]
    if records is None or not records or len(records) != len(messages):
        return None
    keys = [_key(record, row) for record, row in zip(records, messages, strict=True)]
    if None in keys or (len(set(keys)) < len(keys) and repeated_blocks(keys)):
        return None
    number = len(keys)
    return Check(session_id, Verdict.SAME, number, number, 0, 0, 0, 0, repairable=False)


def _records(raw: bytes) -> list[dict[str, object]] | None:
    """The messages of a file whose lines are whole, UTF-8 and nothing but records; None for any other."""
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError:
        return None
    if lines.pop():
        return None
    found = []
    for line in lines:
        try:
            value, end = value_at_start(line)
        except BadJson:
            return None
        if end != len(line) or not isinstance(value, dict):
            return None
        if value.get("role") != "session_meta":
            found.append(value)
    return found


def _key(record: dict[str, object], row: MessageCells) -> object:
    """What messages of one identity have in common, where line and row have the same one surely; None elsewhere."""
    role, content, calls, call_id, platform_id = row
    asked, own_id = record.get("tool_calls"), record.get("message_id") or record.get("platform_message_id")
    if (
        _is_said(role, content, record)
        and _are_calls(asked, calls)
        and _is_name(record.get("tool_call_id"), call_id)
        and _is_name(own_id, platform_id)
    ):
        return role, content.strip() if isinstance(content, str) else "", call_id or None, _ids(asked)
    return None


def _is_said(role: object, content: object, record: dict[str, object]) -> bool:
    """Whether a line has a row's role and text; a text that stands for a list is left to the comparison."""
    if not isinstance(role, str) or not role or record.get("role") != role:
        return False
    written = record.get("content")
    if isinstance(content, str) and content:
        return written == content and not content.startswith(PREFIX)
    return (content is None or content == "") and (written is None or written == "")


def _is_name(written: object, cell: object) -> bool:
    """Whether an id of a line is that of a cell."""
    return written == cell if isinstance(written, str) and written else non_empty_text(written) == (cell or None)


def _are_calls(asked: object, calls: object) -> bool:
    """Whether the calls of a line are those of a cell."""
    if asked is None or asked == []:
        return calls is None or calls == ""
    if not isinstance(asked, list) or not isinstance(calls, str):
        return False
    try:
        return canonical(load(calls)) == canonical(asked)
    except BadJson:
        return False


def _ids(asked: object) -> tuple[object, ...]:
    """The ids of the calls of a line."""
    if not isinstance(asked, list):
        return ()
    calls = [call for call in asked if isinstance(call, dict)]
    return tuple(non_empty_text(call.get("id")) or non_empty_text(call.get("call_id")) for call in calls)
