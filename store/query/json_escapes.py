r"""Text that lies in JSON as Hermes writes it: ASCII, everything else as `\u5927` (docs/format.md §3.2, §3.3).

The indexes hold such cells as they are stored, so a word beyond ASCII stands in them in two forms.
"""

from __future__ import annotations

import json
import re

_ESCAPES = re.compile(r"(?:\\+u[0-9a-fA-F]{4})+")
_ONE = re.compile(r"\\+u([0-9a-fA-F]{4})")


def escaped(text: str) -> str:
    r"""A text as it stands in such JSON: `é` as `\u00e9`; ASCII stays as it is."""
    return json.dumps(text)[1:-1]


def searchable_text(text: str) -> str:
    """What a search looks into of a stored text: the text, and behind it once more what its escapes stand for."""
    if "\\u" not in text:
        return text
    return f"{text} {_ESCAPES.sub(_unescaped, text)}"


def _unescaped(found: re.Match[str]) -> str:
    """A run of escapes as text; halves of a pair become one character, a lone one U+FFFD."""
    units = b"".join(int(digits, 16).to_bytes(2, "big") for digits in _ONE.findall(found[0]))
    return units.decode("utf-16-be", "replace")
