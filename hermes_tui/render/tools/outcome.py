"""Outcome of a call: how its result ended, and how long it took."""

from __future__ import annotations

import re

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Role
from hermes_tui.render.tools.arguments import Fields, Form, read
from store.base.late_dataclass import dataclass
from store.models import Message

ENDS = 2_000
"""Characters at either end of a long result that are looked at."""
_LONG = 1 << 18
_EXIT_CODE = re.compile(r'"(?:exit_code|returncode)"\s*:\s*(-?\d{1,6})\b')
_FAILED = re.compile(r"\s*\[?(?:error|traceback|exception|fatal)\b", re.IGNORECASE)
_SECONDS = ("duration_seconds", "total_duration_seconds", "elapsed_seconds", "duration", "elapsed", "seconds")
_MILLISECONDS = ("duration_ms", "elapsed_ms")
EXIT_CODES = ("exit_code", "returncode")


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


def has_failed(result: Message) -> bool:
    """Whether a result shows that its call failed."""
    code, failed = _ending(result.text)
    return bool(code) or failed


def seconds(given: Fields) -> float | None:
    """The seconds that a call took, where its result says so."""
    for names, unit in ((_SECONDS, 1.0), (_MILLISECONDS, 1000.0)):
        for name in names:
            value = given.values.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9:
                return value / unit
    return None


def _ending(text: str) -> tuple[int, bool]:
    """The exit code and whether something else shows a failure."""
    if len(text) > _LONG:
        found = _EXIT_CODE.search(text[-ENDS:]) or _EXIT_CODE.search(text[:ENDS])
        return (int(found[1]) if found else 0), False
    given = read(text)
    if given.form is Form.TEXT:
        return 0, _FAILED.match(text) is not None
    code = next((given.values[name] for name in EXIT_CODES if name in given.values), None)
    if isinstance(code, int) and not isinstance(code, bool):
        return code, False
    failed = given.values.get("success") is False or given.values.get("status") == "error"
    return 0, bool(given.values.get("error")) or failed
