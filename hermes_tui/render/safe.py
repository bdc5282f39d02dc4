"""Gate for every string from disk: it becomes harmless for a terminal, one symbol for one character, and one mark with
its length for a run of NUL (docs/decisions/0013).

A terminal acts on control characters, and a reader is deceived by what has no width.
Both become visible: C0 and DEL turn into their Unicode control pictures, the rest into U+FFFD.
Joiners and variation selectors stay only where they have something to do, because ❤️, می‌خواهم and क्‍ष need them.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import NewType

from store.base.late_pattern import late_pattern

SafeText = NewType("SafeText", str)
"""Text that the gate has seen: no control, bidi, zero-width or tag character and no surrogate is left in it."""

TAB = 4
"""Cells between two tab stops."""

_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_ARABIC = "\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u08e1\u08e3-\u08ff\ufb50-\ufdff\ufe70-\ufefc"
_INDIC = "\u0900-\u0dff\u1cd0-\u1cff\ua8e0-\ua8ff\U00011000-\U00011fff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_IS_EMOJI = f"[{_EMOJI}]"
_IS_SCRIPT = f"[{_ARABIC}{_INDIC}]"
_TAKES_SELECTOR = f"[#*0-9{_EMOJI}]"
_IS_IDEOGRAPH = f"[{_IDEOGRAPHS}]"

_SUSPECT = (
    "\x00{2,}|["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, grapheme joiner, fillers, vowel separators
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidi, invisible operators
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"  # fillers, selectors, byte order mark, annotations
    "\ud800-\udfff"  # lone surrogates
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and music controls
    "\U000e0000-\U000e0fff"  # tags and more selectors
    "]"
)
_encoded = json.JSONEncoder(ensure_ascii=False).encode
HARMFUL = late_pattern("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal acts on."""
_BLANKS = late_pattern(r"[ \t\r\n]{2,}|[\t\r\n]")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled when it is used: large sets of characters take milliseconds, and plain text needs none."""
    return re.compile(pattern)


def safe(text: str) -> SafeText:
    """The same text with every harmful character replaced by one visible symbol.

    Args:
        text: Anything, lone surrogates included.

    Returns:
        Text of the same length but for runs of NUL: 9,000 of them are `␀×9000`. A newline or a tab is a symbol too.
        Printable ASCII comes back as it is.
    """
    if text.isascii() and text.isprintable():
        return SafeText(text)
    return SafeText(_compiled(_SUSPECT).sub(_symbol, text))


def harmless(text: str) -> str:
    """A text without what a terminal would act on, should anything ever come past `safe`: for the last filters."""
    return text if text.isprintable() else HARMFUL.sub("", text)


def one_line(text: str) -> SafeText:
    """The text on one safe line: runs of spaces, tabs and line ends become one space, none at the ends."""
    return safe(_BLANKS.sub(" ", text).strip(" "))


def safe_lines(text: str) -> list[SafeText]:
    """Split at line feeds (a carriage return before one belongs to it), expand tabs, and make each line safe.

    Returns:
        At least one line; an empty text is one empty line.
    """
    return [safe_line(line) for line in text.split("\n")]


def safe_line(line: str) -> SafeText:
    """Make one line of `safe_lines` safe."""
    return safe(line.removesuffix("\r").expandtabs(TAB))


def json_safe(value: object) -> str:
    """`value` as one line of JSON that is safe on a terminal and parses to what was stored.

    Harmful characters come out as `\\uXXXX`, above U+FFFF as a surrogate pair; printable text stays readable.

    Raises:
        TypeError: `value` holds something that JSON has no form for.
    """
    line = _encoded(value)
    return line if line.isascii() and line.isprintable() else _compiled(_SUSPECT).sub(_escape, line)


def _symbol(match: re.Match[str]) -> str:
    if len(match[0]) > 1:
        return f"\u2400×{len(match[0])}"
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return match[0] if _works(match.string, match.start(), match[0]) else "\ufffd"


def _escape(match: re.Match[str]) -> str:
    if _works(match.string, match.start(), match[0]):
        return match[0]
    code = ord(match[0])
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"


def _works(text: str, index: int, character: str) -> bool:
    """Whether a joiner or a selector has something visible to work on where it stands."""
    before, after = text[max(index - 1, 0) : index], text[index + 1 : index + 2]
    if character in "\ufe0e\ufe0f":
        return bool(_compiled(_TAKES_SELECTOR).match(before) or _compiled(_IS_IDEOGRAPH).match(before))
    if "\ufe00" <= character <= "\ufe0d" or "\U000e0100" <= character <= "\U000e01ef":
        return bool(_compiled(_IS_IDEOGRAPH).match(before))
    if character not in "\u200c\u200d":
        return False
    if _compiled(_IS_SCRIPT).match(before) and _compiled(_IS_SCRIPT).match(after):
        return True
    base = text[index - 2 : index - 1] if before == "\ufe0f" and index > 1 else before
    return character == "\u200d" and bool(_compiled(_IS_EMOJI).match(base) and _compiled(_IS_EMOJI).match(after))
