"""Edits of files: what a call replaces as a difference, and texts that are differences (docs/look.md §13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from hermes_tui.render.block import Block, fixed_block, text_block
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.safe import safe_line
from store.base.late_dataclass import dataclass

LONGEST_COMPARED = 300
"""Lines of a side that are compared with those of the other; of more, all are removed and all are added."""
OLD = ("old_string", "old_str", "old_text", "old", "search")
NEW = ("new_string", "new_str", "new_text", "new", "replace")
PATCHES = ("patch", "diff", "input")

_HUNK = re.compile(
    r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|^\*\*\* (?:Begin Patch|Update File: |Add File: )", re.MULTILINE
)
_FILE = re.compile(r"^(?:\*\*\* (?:Update|Add|Delete) File: (.+)|--- .*\n\+\+\+ (?:b/)?(\S+))", re.MULTILINE)
_HEADS = ("diff ", "index ", "@@", "*** ", "new file", "deleted file", "similarity ", "rename ", "old mode", "new mode")
_LOOKED_AT = 4_000
"""Characters of a text that are looked at for a hunk."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines that an edit adds and removes."""

    added: int = 0
    removed: int = 0

    def __str__(self) -> str:
        return f"+{self.added} −{self.removed}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A difference that is drawn."""

    block: Block
    counts: Counts


def replaced(values: Mapping[str, object]) -> tuple[frozenset[str], Edit] | None:
    """The edit that a call's arguments ask for, and the names of those arguments; None where they ask for none."""
    pairs = list(_pairs(values))
    names = {*OLD, *NEW} & values.keys()
    edits = values.get("edits")
    if not pairs and isinstance(edits, list) and edits:
        names = {"edits"}
        for edit in edits:
            pairs += _pairs(edit) if isinstance(edit, dict) else ()
        pairs = pairs if len(pairs) == len(edits) else []
    if pairs:
        return frozenset(names), _drawn(pairs)
    for name in PATCHES:
        if isinstance(patch := values.get(name), str) and is_difference(patch):
            return frozenset({name}), difference(patch)
    return None


def asks_for_edit(values: Mapping[str, object]) -> bool:
    """Whether the arguments of a call ask for an edit; nothing is compared."""
    edits = values.get("edits")
    pairs = edits if isinstance(edits, list) else [values]
    if any(isinstance(pair, dict) and {*OLD} & pair.keys() and {*NEW} & pair.keys() for pair in pairs):
        return True
    return any(isinstance(patch := values.get(name), str) and is_difference(patch) for name in PATCHES)


def changed_files(values: Mapping[str, object]) -> list[str]:
    """The files that a patch among the arguments of a call names near its beginning, each once."""
    patch = next((value for name in PATCHES if isinstance(value := values.get(name), str)), "")
    return list(dict.fromkeys(found[1] or found[2] for found in _FILE.finditer(patch[:_LOOKED_AT])))


def is_difference(text: str) -> bool:
    """Whether a text is a unified diff or a patch."""
    return _HUNK.search(text[:_LOOKED_AT]) is not None


def difference(text: str) -> Edit:
    """A unified diff or a patch as it is written."""
    signs = [sign for sign, _ in _signed(text.strip("\n").split("\n"))]
    counts = Counts(signs.count("+"), signs.count("-"))

    def paint(lines: Sequence[str]) -> Sequence[Line]:
        return [_row(sign, line) for sign, line in _signed(lines)]

    return Edit(text_block(text, paint, indent=2, hang=2), counts)


def _pairs(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The old and the new text of one replacement."""
    old = next((value for name in OLD if isinstance(value := values.get(name), str)), None)
    new = next((value for name in NEW if isinstance(value := values.get(name), str)), None)
    if old is not None and new is not None:
        yield old, new


def _drawn(pairs: Sequence[tuple[str, str]]) -> Edit:
    rows: list[Line] = []
    added = removed = 0
    for old, new in pairs:
        if rows:
            rows.append((span("…", Role.DIM),))
        for sign, line in _compared(old, new):
            added += sign == "+"
            removed += sign == "-"
            rows.append(_row(sign, f"{sign} {line}"))
    return Edit(fixed_block(rows, indent=2, hang=2), Counts(added, removed))


def _compared(old: str, new: str) -> Iterator[tuple[str, str]]:
    """The lines of both texts, each with `-`, `+` or a space."""
    before, after = (text.removesuffix("\n").split("\n") if text else [] for text in (old, new))
    if max(len(before), len(after)) > LONGEST_COMPARED:
        yield from (("-", line) for line in before)
        yield from (("+", line) for line in after)
        return
    for kind, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from ((" ", line) for line in before[first:last])
            continue
        yield from (("-", line) for line in before[first:last])
        yield from (("+", line) for line in after[begin:end])


def _signed(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lines of a diff, each with `-`, `+`, or a space for what is neither."""
    for place, line in enumerate(lines):
        after, before = lines[place + 1 : place + 2], lines[max(place - 1, 0) : place]
        is_head = line.startswith(_HEADS)
        is_head |= line.startswith("--- ") and bool(after and after[0].startswith("+++ "))
        is_head |= line.startswith("+++ ") and bool(before and before[0].startswith("--- "))
        yield (" " if is_head or line[:1] not in {"+", "-"} else line[0]), line


def _row(sign: str, line: str) -> Line:
    role = {"+": Role.GOOD, "-": Role.ERROR}.get(sign, Role.DIM)
    return (span(safe_line(line), role),)
