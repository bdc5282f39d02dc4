"""Shapes of calls: arguments drawn as what they are, a file, an edit, a command, code, or fields with values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from hermes_tui.render.block import Block, plainly, text_block
from hermes_tui.render.highlight import code_block, language_of
from hermes_tui.render.line import span
from hermes_tui.render.time import n_bytes, size
from hermes_tui.render.tools.arguments import Form, read
from hermes_tui.render.tools.edits import difference, is_difference, replaced
from store.base.late_dataclass import dataclass, field

PATHS = ("path", "file_path", "filename", "file")
_WRITERS = frozenset(
    {"write_file", "create_file", "write", "create", "str_replace_editor", "str_replace_based_edit_tool"}
)
_CONTENTS = ("content", "file_text", "text")
_COMMANDS = ("command", "cmd")


@dataclass(frozen=True, slots=True)
class Shape:
    """Arguments of a call as they are drawn."""

    values: Mapping[str, object] = field(default_factory=dict)
    """All of them, as far as they can be read."""
    block: Block | None = None
    """What the call writes, changes or runs."""
    used: frozenset[str] = frozenset()
    """The arguments that are in the block."""
    amount: str = ""
    """What stands on the fold line for the block, "" where the size of the result does."""
    note: str = ""
    """Why the arguments are not read as they were meant."""

    @property
    def path(self) -> str:
        """The file that the call is about, "" for none."""
        return next((value for name in PATHS if isinstance(value := self.values.get(name), str)), "")


@lru_cache(maxsize=64)
def shape_of(name: str, arguments: str) -> Shape:
    """The shape of a call by its tool's name and its arguments as stored."""
    given = read(arguments)
    if given.form is Form.TEXT:
        return _of_text(arguments)
    shape = next((shape for form in _FORMS if (shape := form(name, given.values))), Shape(given.values))
    if given.form is Form.CUT:
        return Shape(shape.values, shape.block, shape.used, shape.amount, "arguments cut, or broken JSON")
    return shape


def _of_text(arguments: str) -> Shape:
    if arguments.strip() in {"", "{}", "null"}:
        return Shape()
    if is_difference(arguments):
        edit = difference(arguments)
        return Shape(block=edit.block, amount=str(edit.counts))
    return Shape(block=text_block(arguments, plainly(span("")), indent=2, hang=2))


def _edit(_: str, values: Mapping[str, object]) -> Shape | None:
    if (found := replaced(values)) is None:
        return None
    used, edit = found
    return Shape(values, edit.block, used, str(edit.counts))


def _file(name: str, values: Mapping[str, object]) -> Shape | None:
    """A file that is written, as its text."""
    text = next((key for key in _CONTENTS if isinstance(values.get(key), str)), None)
    if name not in _WRITERS or text is None:
        return None
    content = str(values[text])
    language = language_of(Shape(values).path)
    return Shape(values, code_block(content, language), frozenset({text}), size(n_bytes(content)))


def _command(name: str, values: Mapping[str, object]) -> Shape | None:
    key = next((key for key in _COMMANDS if isinstance(values.get(key), str)), None)
    if key is None or name in _WRITERS:
        return None
    block = text_block(str(values[key]), plainly(span("")), indent=2, hang=2)
    return Shape(values, block, frozenset({key}))


def _code(_: str, values: Mapping[str, object]) -> Shape | None:
    if not isinstance(code := values.get("code"), str):
        return None
    language = values.get("language")
    return Shape(values, code_block(code, language if isinstance(language, str) else "python"), frozenset({"code"}))


_FORMS: tuple[Callable[[str, Mapping[str, object]], Shape | None], ...] = (_edit, _file, _command, _code)
"""Forms of arguments, the most specific first; None where a call has another."""
