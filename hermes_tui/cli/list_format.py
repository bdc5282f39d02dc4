"""Lines of `list --format`: text with the names of fields in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hermes_tui.render.safe import SafeText, one_line

_PART = re.compile(r"\{\{|\}\}|\{(\w*)\}")
_BRACE = re.compile(r"[{}][^{}]*\}?")


def complaint(form: str, names: Sequence[str]) -> str:
    """What is wrong with a text of fields in braces, "" for nothing."""
    fields = [match[1] for match in _PART.finditer(form) if match[1] is not None]
    if unknown := [name for name in fields if name not in names]:
        return f"a session has no field “{unknown[0]}”; there are {', '.join(names)}"
    if stray := _BRACE.search(_PART.sub("", form)):
        return f"“{stray[0]}” is no name in braces; {{{{ and }}}} are braces by themselves"
    return ""


def formatted(form: str, fields: Mapping[str, object]) -> SafeText:
    """A line with the values of its fields, nothing for one without a value."""
    return one_line(_PART.sub(lambda match: match[0][0] if match[1] is None else _shown(fields[match[1]]), form))


def _shown(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
