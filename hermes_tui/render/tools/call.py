"""Calls of tools with their results, folded to a line or unfolded: arguments first, then the result."""

from __future__ import annotations

from hermes_tui.render.block import fixed_block, rest_line
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.look import Look
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.time import duration, n_bytes, size
from hermes_tui.render.tools.arguments import LONGEST_PARSED, Form, read
from hermes_tui.render.tools.fields import fields_block
from hermes_tui.render.tools.fold_line import Amounts, fold_line, shown_words
from hermes_tui.render.tools.outcome import outcome, seconds
from hermes_tui.render.tools.results import result_blocks, result_counts
from hermes_tui.render.tools.shapes import Shape, shape_of
from hermes_tui.render.tools.summary import LONGEST_SUMMARY, SPECIFIC, output, summary, value_text
from store.base.late_dataclass import dataclass
from store.models import Message, ToolCall

LONGEST_COUNTED = 1 << 18
"""Characters of a result that are looked at for the fold line."""


@dataclass(frozen=True, slots=True)
class CallDrawing:
    """A call that is drawn, or a result whose call is not there.

    Args:
        call: None for a result alone.
        result: None where there is none (yet).
        running: The session is live, so that an answer may still come.
    """

    call: ToolCall | None
    result: Message | None
    running: bool = False

    def line(self, look: Look) -> Line:
        """The fold line: `▸ name  arguments   3.2 KB  ✓ ok`."""
        ended = outcome(self.result, look.glyphs, running=self.running)
        is_stored = self.call is not None and bool(self.call.name)
        return fold_line(self._name, self._words(look), self._amounts(look), ended, look, is_stored=is_stored)

    def arguments(self, look: Look, limit: int | None) -> list[Line]:
        """The arguments that the fold line does not show in full, in their shape.

        Args:
            limit: Rows of each block at most; None for all, and JSON as it is stored, indented.
        """
        shape, words = self._shape, shown_words(self._name, self._words(look), self._amounts(look), look)
        hidden = {
            name: value
            for name, value in shape.values.items()
            if (limit is None if value in _EMPTY else not _is_shown(name, value, words))
        }
        front = {name: value for name, value in hidden.items() if name in SPECIFIC and name not in shape.used}
        behind = {name: value for name, value in hidden.items() if name not in {*shape.used, *front}}
        note: Line = (span(shape.note, Role.DIM, italic=True),)
        lines = fixed_block([note] if shape.note else [], indent=2).lines(look, None)
        if front:
            lines += fields_block(front, like=span("")).lines(look, limit)
        if shape.block and (not shape.used or shape.used & hidden.keys()):
            lines += shape.block.lines(look, limit)
        if behind:
            lines += fields_block(behind, like=span("")).lines(look, limit)
        return lines

    def output(self, look: Look, limit: int | None) -> list[Line]:
        """The result; one line that says so where it has no text."""
        if self.result is None:
            return []
        text, lines = self.result.text, list[Line]()
        for block in result_blocks(text, self._shape, look, whole=limit is None):
            lines += block.lines(look, limit)
        if limit is not None and len(text) > LONGEST_PARSED and read(text).form is not Form.TEXT:
            lines = [*lines[:limit], rest_line(max(text.count("\\n") - limit, 1), look)]
        return lines or [(span("(no output)", Role.DIM),)]

    @property
    def _name(self) -> SafeText:
        if self.call is None:
            return one_line((self.result and self.result.tool_name) or "") or safe("result")
        return one_line(self.call.name) or safe("(no name)")

    @property
    def _shape(self) -> Shape:
        return shape_of(self.call.name, self.call.arguments) if self.call else Shape()

    def _words(self, look: Look) -> SafeText:
        """The arguments in a few words; of a result alone its first words, as long as it is folded."""
        if self.call is not None:
            return summary(self.call)
        if self.result is None or look.opened:
            return SafeText("")
        text = self.result.text
        return one_line((text if len(text) > LONGEST_PARSED else output(text))[:LONGEST_SUMMARY])

    def _amounts(self, look: Look) -> Amounts:
        """The size of what was written, the counts of an edit, or the size of the result; and how long it took."""
        if self.result is None:
            return Amounts(look.glyphs.words(self._shape.amount))
        text = self.result.text
        short = len(text) <= LONGEST_COUNTED
        counts = "" if self._shape.amount or not short else str(result_counts(text) or "")
        took = seconds(read(text)) if short else None
        amount = self._shape.amount or counts or size(n_bytes(text))
        return Amounts(look.glyphs.words(amount), "" if took is None else duration(took))


_EMPTY: tuple[object, ...] = (None, "", [], {})
"""Values that nothing is said of until all of the arguments are asked for."""


def _is_shown(name: str, value: object, words: SafeText) -> bool:
    """Whether the words of a fold line have all of an argument."""
    if isinstance(value, (list, dict)):
        return False
    text = value_text(value)
    if text != one_line(text) or (isinstance(value, str) and text != value):
        return False
    return f"{name}={text}" in words or (name in {*SPECIFIC, "action"} and isinstance(value, str) and text in words)
