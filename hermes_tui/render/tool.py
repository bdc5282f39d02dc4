"""Line of a tool call with its result, and the output as people read it (docs/look.md §7)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, fit, line_cells, pad_left, span
from hermes_tui.render.marks import Marker
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.time import size
from store.models import Message, ToolCall

LONGEST_PARSED = 1 << 18
"""Characters of a result that are read as JSON for its outcome; in a longer one only its ends are looked at."""
LONGEST_SUMMARY = 1_000
"""Characters of arguments that are looked at for the line."""
NARROW_BELOW = 56
"""A measure below which the outcome has 4 cells instead of 9."""

_SPECIFIC = (
    "command",
    "path",
    "file_path",
    "query",
    "url",
    "urls",
    "pattern",
    "code",
    "goal",
    "question",
    "prompt",
    "name",
)
"""Arguments that say on their own what a call does, the most specific first."""
_TEXT_FIELDS = ("output", "content", "stdout", "stderr", "error")
"""Fields of a result that are text for people."""
_EXIT_CODE = re.compile(r'"(?:exit_code|returncode)"\s*:\s*(-?\d{1,6})\b')
_FAILED = re.compile(r"\s*\[?(?:error|traceback|exception|fatal)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a call, in 9 cells and in 4."""

    wide: str
    narrow: str
    role: Role = Role.DIM


def outcome(result: Message | None, glyphs: Glyphs, *, running: bool = False) -> Outcome:
    """The outcome of a call, from its result.

    Hermes' tools answer with a JSON object as text (docs/format.md §3.1): `exit_code` where a command ran,
    else `error` or `success`; other text fails by its first word.

    Args:
        result: None where there is no answer.
        running: The session is live, so an answer may still come.
    """
    if result is None:
        return Outcome(glyphs.words("… running"), glyphs.truncated) if running else Outcome("no answer", "none")
    code, failed = _ending(result.text)
    if code:
        word = "exit " if len(str(code)) < 3 else ""
        return Outcome(f"{glyphs.failed} {word}{code}", f"{glyphs.failed} {code}"[:4], Role.ERROR)
    if failed:
        return Outcome(f"{glyphs.failed} error", glyphs.failed, Role.ERROR)
    return Outcome(f"{glyphs.ok} ok", glyphs.ok)


def summary(call: ToolCall) -> SafeText:
    """A call's arguments in a few words: the specific ones by their values, others as `key=value`."""
    given = _json_object(call.arguments)
    if given is None:
        return one_line(call.arguments[:LONGEST_SUMMARY])
    specific = next((key for key in _SPECIFIC if given.get(key)), None)
    if specific:
        words = [_value(given["action"])] if isinstance(given.get("action"), str) else []
        return one_line(" ".join([*words, _value(given[specific])]))
    return one_line(" ".join(f"{key}={_value(value)}" for key, value in given.items())[:LONGEST_SUMMARY])


def output(text: str) -> str:
    """The text of a result for people: that inside its JSON envelope, then its other fields.

    JSON without such a text comes indented, anything else as it is.
    """
    given = _json_object(text)
    if given is None:
        return text
    said = [key for key in _TEXT_FIELDS if isinstance(given.get(key), str)]
    if not said:
        return json.dumps(given, ensure_ascii=False, indent=2)
    rest = [
        f"{key}: {_value(value)}" for key, value in given.items() if value and key not in said and key != "exit_code"
    ]
    return "\n".join([*(str(given[key]).strip("\n") for key in said if given[key]), *rest])


@dataclass(frozen=True, slots=True)
class Look:
    """Look of what can be folded: the cells there are, the marks, the matches, and whether it is open."""

    measure: int
    glyphs: Glyphs
    marker: Marker = field(default_factory=Marker)
    opened: bool = False


def call_line(call: ToolCall, result: Message | None, look: Look, *, running: bool = False) -> Line:
    """Draw a call and its result as one line of `measure` cells: `▸ name  arguments   3.2 KB  ✓ ok`."""
    name, ended = one_line(call.name) or safe("(no name)"), outcome(result, look.glyphs, running=running)
    return fold_line(name, summary(call), n_bytes(result.text) if result else None, ended, look)


def result_line(result: Message, look: Look) -> Line:
    """Draw a result whose call is not there: its tool's name and its first words."""
    name = one_line(result.tool_name or "") or safe("result")
    text = result.text if len(result.text) > LONGEST_PARSED else output(result.text)
    words = SafeText("") if look.opened else one_line(text[:LONGEST_SUMMARY])
    return fold_line(name, words, n_bytes(result.text), outcome(result, look.glyphs), look)


def reasoning_line(reasoning: str, look: Look) -> Line:
    """Draw reasoning as one line: `▸ reasoning  The user says…   1.4 KB`, in italics, without an outcome."""
    words = SafeText("") if look.opened else one_line(reasoning[:LONGEST_SUMMARY])
    line = fold_line(safe("reasoning"), words, n_bytes(reasoning), None, look)
    return (line[0], replace(line[1], role=Role.DIM), *line[2:])


def fold_line(name: SafeText, words: SafeText, taken: int | None, end: Outcome | None, look: Look) -> Line:
    """Draw what is folded: name and words to the left, size 8 right-aligned, outcome 9 (4 below a measure of 56).

    Args:
        taken: In bytes; None where there is nothing to measure.
        end: None for reasoning, which is written in italics and has no outcome.

    Returns:
        At most `measure` cells, for any measure of 24 and more.
    """
    glyphs, narrow = look.glyphs, look.measure < NARROW_BELOW
    room = look.measure - (14 if narrow else 20)
    italic = end is None
    name = fit(name, room - 2, glyphs.truncated)
    line: Line = (span((glyphs.opened if look.opened else glyphs.folded) + " ", Role.DIM), span(name, italic=italic))
    left = room - line_cells(line) - 2
    if words and left > 1:
        shown = fit(words, left, glyphs.truncated)
        line = (*line, blank(2), *look.marker.mark(shown, span("", Role.DIM, italic=italic)))
    length = safe("" if taken is None else size(taken))
    line = (*line, blank(room - line_cells(line) + 1), span(pad_left(length, 8), Role.DIM))
    if end is None:
        return line
    ended = end.narrow if narrow else end.wide
    return (*line, blank(1 if narrow else 2), span(ended, end.role, bold=end.role is Role.ERROR))


def n_bytes(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _ending(text: str) -> tuple[int, bool]:
    """The exit code and whether something else shows a failure."""
    if len(text) > LONGEST_PARSED:
        found = _EXIT_CODE.search(text[-2_000:]) or _EXIT_CODE.search(text[:2_000])
        return (int(found[1]) if found else 0), False
    given = _json_object(text)
    if given is None:
        return 0, _FAILED.match(text) is not None
    code = given.get("exit_code", given.get("returncode"))
    if isinstance(code, int) and not isinstance(code, bool):
        return code, False
    return 0, bool(given.get("error")) or given.get("success") is False or given.get("status") == "error"


def _json_object(text: str) -> Mapping[str, object] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _value(value: object) -> str:
    if isinstance(value, str):
        return value[:LONGEST_SUMMARY]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value[:20])[:LONGEST_SUMMARY]
    return json.dumps(value, ensure_ascii=False)[:LONGEST_SUMMARY]
