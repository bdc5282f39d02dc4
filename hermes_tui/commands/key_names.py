"""Names of keys: as people read them, and as Textual calls them."""

from __future__ import annotations

NAMES = {
    "↑": "up",
    "↓": "down",
    "→": "right",
    "←": "left",
    "esc": "escape",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "/": "slash",
    "?": "question_mark",
    "[": "left_square_bracket",
    "]": "right_square_bracket",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "!": "exclamation_mark",
    ":": "colon",
    "*": "asterisk",
    "@": "at",
    "F2": "f2",
}
"""Textual's name of each key that people call by another."""
_SHOWN = {name: shown for shown, name in NAMES.items()}


def textual_name(shown: str) -> str:
    """The name that Textual has for a key."""
    return NAMES.get(shown, shown)


def shown_name(name: str) -> str:
    """A key of Textual's as people read it."""
    return _SHOWN.get(name, name)


def shown_keys(shown: str) -> tuple[str, ...]:
    """The keys of a command one by one: `↑↓` are two, `ctrl+p` is one."""
    return tuple(key for part in shown.split() for key in (("↑", "↓") if part == "↑↓" else (part,)))
