"""Results of calls as blocks: the text inside their JSON, differences, code, then the other fields."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from hermes_tui.render.block import Block, Paint, fixed_block, text_block
from hermes_tui.render.highlight import highlighted, language_of
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.look import Look
from hermes_tui.render.sgr import coloured
from hermes_tui.render.tools.arguments import Fields, Form, read
from hermes_tui.render.tools.edits import Counts, difference, is_difference
from hermes_tui.render.tools.fields import fields_block
from hermes_tui.render.tools.media import media_label
from hermes_tui.render.tools.outcome import EXIT_CODES
from hermes_tui.render.tools.shapes import Shape
from store.base.late_dataclass import replace

DIM = span("", Role.DIM)
LONGEST_LIST = 1 << 20
"""Characters of a list that are read as JSON."""
_TEXTS = ("output", "content", "stdout", "stderr", "error", "result", "summary", "analysis", "snapshot", "diff")
"""Fields of a result that are text for people."""
_NUMBERED = re.compile(r"( *\d+\|)(.*)", re.DOTALL)


def result_blocks(text: str, shape: Shape, look: Look, *, whole: bool) -> list[Block]:
    """The blocks of a result, none where it says nothing that is not on its fold line.

    Args:
        shape: That of its call: what the two have in common is not drawn twice.
        whole: Everything is asked for, the text of labelled binaries and JSON of any length too.
    """
    given = read(text, whole=whole)
    if given.form is Form.TEXT or (given.form is Form.CUT and not _texts(given)):
        return _of_text(text, look, whole=whole)
    texts = _texts(given)
    blocks = [_text(given.values[name], name, shape.path, look, whole=whole) for name in texts if given.values[name]]
    rest = {name: value for name, value in given.values.items() if name not in texts and _matters(name, value, shape)}
    if blocks or rest.keys() != {"success"}:
        rest = {name: value for name, value in rest.items() if name != "success" or value is not True}
    return [*blocks, fields_block(rest, like=DIM, indent=0)] if rest else blocks


def result_counts(text: str) -> Counts | None:
    """How many lines a result adds and removes, where it is a difference."""
    given = read(text)
    texts = [str(given.values[name]) for name in _texts(given)] if given.values else [text]
    found = next((part for part in texts if is_difference(part)), None)
    return difference(found).counts if found else None


def _texts(given: Fields) -> list[str]:
    return [name for name in _TEXTS if isinstance(given.values.get(name), str)]


def _matters(name: str, value: object, shape: Shape) -> bool:
    """Whether a field says something that neither the fold line nor the arguments say."""
    return value not in (None, "") and name not in EXIT_CODES and value != shape.values.get(name)


def _of_text(text: str, look: Look, *, whole: bool) -> list[Block]:
    if not text.strip("\n"):
        return []
    if text.lstrip().startswith("[") and len(text) <= LONGEST_LIST and (items := _list(text)):
        return [fields_block(items, like=DIM, indent=0)]
    return [_text(text, "", "", look, whole=whole)]


def _text(value: object, name: str, path: str, look: Look, *, whole: bool) -> Block:
    text = str(value)
    if not whole and (label := media_label(text, look.glyphs)):
        return fixed_block([(span(label, Role.DIM),)])
    if is_difference(text):
        return replace(difference(text).block, indent=0)
    if name == "content" and (language := language_of(path)):
        return text_block(text, _numbered(language))
    return text_block(text, coloured(span("", Role.ERROR) if name == "error" else DIM))


def _numbered(language: str) -> Paint:
    code = highlighted(language, DIM)

    def paint(lines: Sequence[str]) -> Sequence[Line]:
        """Lines of a file, as a tool numbers them: `    12|text`."""
        parts = [_NUMBERED.fullmatch(line) for line in lines]
        if not all(parts):
            return code(lines)
        rows = code([part[2] for part in parts if part])
        return [(span(part[1], Role.DIM), *row) for part, row in zip(parts, rows, strict=True) if part]

    return paint


def _list(text: str) -> list[object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []
