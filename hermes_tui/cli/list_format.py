"""Lines of `list --format`: text with the names of fields in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hermes_tui.render.safe import SafeText, one_line

_FIELD = re.compile(r"\{(\w*)\}")


def unknown_field(form: str, names: Sequence[str]) -> str | None:
    """The first name in braces that is no field, None where all are."""
    return next((name for name in _FIELD.findall(form) if name not in names), None)


def formatted(form: str, fields: Mapping[str, object]) -> SafeText:
    """A line with the values of its fields, nothing for one without a value."""
    return one_line(_FIELD.sub(lambda match: _shown(fields[match[1]]), form))


def _shown(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
