"""Output of the verbs: lines of safe text for people, objects for scripts, one complaint for errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from hermes_tui.cli.options import terminal_columns
from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.line import fit
from hermes_tui.render.safe import SafeText, json_safe, one_line
from hermes_tui.render.time import local
from store.base.late_dataclass import dataclass

FAILED = 2
PIPE_COLUMNS = 120
"""Width of the lines where there is no terminal to measure."""
STAMP = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams of results and complaints; `ask` asks on the terminal, True for a yes, None where nobody can be asked."""

    out: TextIO
    err: TextIO
    ask: Callable[[str], bool] | None = None


class Output:
    """A text stream of results, as wide as its terminal and in the characters that it can show."""

    def __init__(self, out: TextIO) -> None:
        self.now = datetime.now().astimezone()
        """The time in the reader's zone."""
        self.columns = terminal_columns(PIPE_COLUMNS)
        self._out = out
        self._encoding = out.encoding or "utf-8"
        self.glyphs: Glyphs = UNICODE if self._shows("●≠…") else ASCII

    def line(self, text: SafeText) -> None:
        """Write a line; what the stream cannot show becomes a question mark."""
        shown = text if text.isascii() else text.encode(self._encoding, "replace").decode(self._encoding)
        self._out.write(f"{shown}\n")

    def flush(self) -> None:
        """Hand on what was printed."""
        self._out.flush()

    def json(self, value: dict[str, object]) -> None:
        """Write an object on one line; in a stream without Unicode everything beyond ASCII is escaped."""
        line = json_safe(value)
        self._out.write(f"{line if self._shows(line) else json.dumps(value)}\n")

    def cut(self, text: str, columns: int) -> SafeText:
        """The start of a text on one line of so many cells."""
        return fit(one_line(text), max(columns, 0), self.glyphs.truncated)

    def stamp(self, timestamp: float | None) -> str:
        """A date and a time of day; dashes where no time is known."""
        return "----------------" if timestamp is None else local(self.now, timestamp).strftime(STAMP)

    def _shows(self, text: str) -> bool:
        if text.isascii():
            return True
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True


def picked(value: object, *names: str) -> dict[str, object]:
    """Attributes of a value by their names, as an object for scripts."""
    return {name: getattr(value, name) for name in names}


def complain(problem: object, err: TextIO) -> int:
    """Write one line on an error and what to do, and return the exit code for it."""
    remark(str(problem), err)
    return FAILED


def remark(text: str, err: TextIO) -> None:
    """Write a line beside the results."""
    from store.base.server_address import without_passwords

    line = f"hermes-tui: {one_line(without_passwords(text))}"
    encoding = err.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding), file=err)
