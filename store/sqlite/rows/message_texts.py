"""Texts of messages as they are stored, for a find: which may have a text, and all of them joined."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from ...base.errors import Damaged
from ...base.models import END_OF_TEXT, JoinedTexts, StoredTexts
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader

MAX_IDS = 4_096
"""Messages of one read transaction."""
LONG = 32_768
"""Bytes of a cell that is read by itself: a few long ones would be too much at once."""
_BEGINNINGS = ((33, 59), (61, 126), (161, 5759), (12_289, 1_114_111))
"""First characters of a text without reasoning in it: no blank and no `<`."""
_COLUMNS = ("content", "tool_calls", "reasoning_content", "reasoning")


def containing(reader: Reader, ids: Sequence[int], words: str) -> frozenset[int]:
    """Messages of which a cell has a text in any case, or may have it where LIKE does not see it.

    LIKE ends at a NUL (docs/format.md §3.2), so a cell with one is taken for such.
    All ids where a page is damaged or a cell is larger than what is read.

    Args:
        reader: The store.
        ids: At most MAX_IDS.
        words: ASCII, of characters that JSON does not escape.
    """
    _check(ids)
    layout, pattern = reader.layout, f"%{column_sql.like(words)}%"
    cells = [f"messages.{name}" for name in _COLUMNS if layout.has("messages", name)]
    if not cells or not ids:
        return frozenset(ids)
    source, keys = _source(ids)
    try:
        tests = " OR ".join(map(_test, cells))
        rows = reader.rows(f"SELECT messages.id FROM {source} AND ({tests})", (*keys, *[pattern] * len(cells)))
    except Damaged:
        return frozenset(ids)
    return frozenset(cell_values.integer(row[0]) for row in rows)


def stored_texts(reader: Reader, ids: Sequence[int], *, replies_only: bool = False) -> StoredTexts:
    """Texts of messages that are read as they are stored; of none where a page is damaged.

    Args:
        reader: The store.
        ids: At most MAX_IDS.
        replies_only: Answers and their reasoning alone; nothing says of which messages they are not here.
    """
    _check(ids)
    layout = reader.layout
    if not ids or not layout.has("messages", "role") or not layout.has("messages", "content"):
        return StoredTexts.none_of(ids)
    source, keys = _source(ids)
    try:
        shown = _REPLIES if replies_only else _ALL
        ((named, n_bytes, *cells),) = reader.rows(f"SELECT {shown} FROM ({_plain_rows(layout, source)})", keys)
    except Damaged:
        return StoredTexts.none_of(ids)
    joined = [
        JoinedTexts(_ids(some), cell_values.text(text) or "")
        for some, text in zip(cells[::2], cells[1::2], strict=True)
    ]
    prompts, replies, reasoning, results, calls = joined
    if any(map(_has_nul, joined)):
        return StoredTexts.none_of(ids)
    return StoredTexts(prompts, replies, reasoning, results, calls, _ids(named), cell_values.integer(n_bytes))


def _check(ids: Sequence[int]) -> None:
    if len(ids) > MAX_IDS:
        raise ValueError(f"{len(ids)} messages were asked for at once, at most {MAX_IDS} may be")


def _ids(cell: Value) -> tuple[int, ...]:
    return tuple(json.loads(f"[{cell_values.text(cell) or ''}]"))


def _has_nul(joined: JoinedTexts) -> bool:
    """Whether one of the texts has a NUL, so that it is not known where each ends."""
    return joined.text.count("\0") != len(END_OF_TEXT) * max(0, len(joined.ids) - 1)


Kind = tuple[str, str]
_KINDS: Sequence[Kind] = (
    ("content", "speaker = 1"),
    ("content", "speaker = 2"),
    ("reasoning", "speaker = 2"),
    ("content", "speaker = 3"),
    ("calls", "speaker > 0"),
)
"""Cell and rows of each field of `StoredTexts`, in their order."""


def _all_joined(kinds: Collection[Kind]) -> str:
    """Ids of the other rows, then ids and texts of each kind, none of those that are not asked for."""
    others = "group_concat(id) FILTER (WHERE speaker = 0), sum(n_bytes) FILTER (WHERE speaker = 0)"
    joined = (
        f"group_concat(id) FILTER (WHERE {rows} AND {cell} <> ''),"
        f" group_concat({cell}, x'0000') FILTER (WHERE {rows} AND {cell} <> '')"
        if (cell, rows) in kinds
        else "NULL, NULL"
        for cell, rows in _KINDS
    )
    return ", ".join((others if kinds == _KINDS else "NULL, 0", *joined))


_ALL, _REPLIES = _all_joined(_KINDS), _all_joined(_KINDS[1:3])


@column_sql.once
def _plain_rows(layout: Layout, source: str) -> str:
    """Rows with the speaker of those whose texts are read as they are stored, 0 for the others.

    The limit keeps SQLite from
    deciding about a row once for each cell.
    """
    cells = {name: f"messages.{name}" if layout.has("messages", name) else "NULL" for name in _COLUMNS}
    first = f"unicode({cells['content']})"
    begins = " OR ".join(f"{first} BETWEEN {low} AND {high}" for low, high in _BEGINNINGS)
    tests = [
        f"({cell} IS NULL OR typeof({cell}) = 'text' AND octet_length({cell}) < {LONG})" for cell in cells.values()
    ]
    tests.append(f"(COALESCE(octet_length({cells['content']}), 0) = 0 OR {begins})")
    n_bytes = " + ".join(f"COALESCE(octet_length({cell}), 0)" for cell in cells.values())
    own = f"{cells['reasoning']} IS NULL AND {cells['reasoning_content']} IS NULL"
    return (
        f"SELECT messages.id AS id, {n_bytes} AS n_bytes,"
        f" {cells['content']} AS content, {cells['tool_calls']} AS calls,"
        f" COALESCE(NULLIF({cells['reasoning_content']}, ''), {cells['reasoning']}) AS reasoning,"
        f" CASE WHEN {' AND '.join(tests)} THEN CASE messages.role WHEN 'assistant' THEN 2"
        f" WHEN 'tool' THEN iif({own}, 3, 0) WHEN 'user' THEN iif({own}, 1, 0) ELSE 0 END ELSE 0 END AS speaker"
        f" FROM {source} LIMIT -1"
    )


def _source(ids: Sequence[int]) -> tuple[str, tuple[Value, ...]]:
    """Rows of some ids; those without a gap are a range of the table, which costs a third of looking up each."""
    first, last = min(ids), max(ids)
    if last - first + 1 == len(ids) == len(set(ids)):
        return "messages WHERE messages.id BETWEEN ? AND ?", (first, last)
    named = "json_each(?) AS named CROSS JOIN messages ON messages.id = named.value WHERE 1"
    return named, (json.dumps(list(ids)),)


def _test(cell: str) -> str:
    """True for a cell that has the text or a NUL; an empty column costs one look, and printf ends at a NUL too."""
    has_nul = f"octet_length(printf('%s', {cell})) <> octet_length({cell})"
    return f"({cell} IS NOT NULL AND ({cell} LIKE ? ESCAPE '\\' OR {has_nul}))"
