r"""JSON escapes of text as Hermes stores it: ASCII, everything else as `\u5927` (docs/format.md §3.2, §3.3).

The indexes hold such cells as they are stored, so a word beyond ASCII occurs in them in two forms.
"""

from __future__ import annotations

import json
import re

_ESCAPES = re.compile(r"(?<!\\)(?:\\++u[0-9a-fA-F]{4})++")
_ESCAPE = re.compile(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
"""A run of backslashes is read from its first one alone: any of them may begin it, and a text may be nothing else."""


def escaped(text: str) -> str:
    r"""A text as escaped in such JSON: `é` as `\u00e9`; ASCII unchanged."""
    return json.dumps(text)[1:-1]


def searchable_text(text: str) -> str:
    """The text that a scan searches of a stored text: the text, then the same with its escapes decoded."""
    if "\\u" not in text:
        return text
    return f"{text} {_ESCAPES.sub(_unescaped, text)}"


def _unescaped(escapes: re.Match[str]) -> str:
    """A run of escapes as text; surrogate pairs become one character, a lone surrogate U+FFFD."""
    units = b"".join(int(digits, 16).to_bytes(2, "big") for digits in _ESCAPE.findall(escapes[0]))
    return units.decode("utf-16-be", "replace")
