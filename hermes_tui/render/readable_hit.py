"""Text of a hit as people read it: calls without their JSON, answers without the signs of Markdown (docs/look.md §6).

What a search matched stays as it is, and its places move with the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from hermes_tui.render.line import Range
from store.base.late_pattern import late_pattern

_MAIN = "command|cmd|script|code|path|file_path|query|url|pattern|goal|prompt|text|output|content|result|stdout"
_BODIES = frozenset({"content", "text", "file_text", "body"})
"""What is written to the file that stands before it: `orchard.md: # Where we sleep`."""
_CALL = late_pattern(r"[A-Za-z_][\w.\-]{0,63} ?\{")
"""A call in readable text: its name and its arguments."""
_JSON = late_pattern(
    rf'(?P<main>\{{"(?:{_MAIN})": ?"?)|(?P<field>\{{"(?P<name>\w{{1,40}})": ?"?)'
    r'|(?P<next>"?, "(?P<following>\w{1,40})": ?"?)|(?P<end>"?\}\]?\s*\Z)'
    r'|(?P<call>"?\}[ \n](?=[A-Za-z_][\w.\-]{0,63} ?\{"))'
    r'|(?P<line>(?:\\r)?\\n)|(?P<tab>\\t)|(?P<quote>\\")|(?P<slash>\\\\)|(?P<letters>(?:\\u[0-9a-fA-F]{4})+)'
)
_SIGNS = r"(?P<fence>^```[^\n`]{0,40}$)|(?P<heading>^#{1,6} )|(?P<bold>\*\*|(?<!\w)__(?=\w)|(?<=\w)__(?!\w))"
_MARKDOWN = late_pattern(_SIGNS, re.MULTILINE)
_WITH_TABLE = late_pattern(_SIGNS + r"|(?P<bar>\|)", re.MULTILINE)
_ROW = late_pattern(r"^\|", re.MULTILINE)
"""The start of a table's row; a bar elsewhere may be a shell's."""


def readable(
    text: str, spans: Sequence[Range], *, is_tool: bool, words: Callable[[str], str] = str
) -> tuple[str, tuple[Range, ...]]:
    """The text and its matches: half-open ranges of characters, in order.

    Args:
        text: As the search gives it.
        spans: Matches in it.
        is_tool: It is the result of a tool; else it may be a call, which its form shows.
        words: Our own signs as the terminal can show them, `Glyphs.words`: before a call's name, for the end of a line
            and between the fields of calls and results.
    """
    if not is_tool and _CALL.match(text) is not None:
        name = text.index("{")
        call = words("▸ ")
        front = f"{call}{text[:name].strip()}  "
        body, moved = _replaced(text[name:], [(a - name, b - name) for a, b in spans], _JSON, _in_json(words))
        early = tuple((a + len(call), b + len(call)) for a, b in spans if b <= name)
        return front + body, (*early, *((a + len(front), b + len(front)) for a, b in moved if a >= 0))
    if is_tool:
        return _replaced(text, spans, _JSON, _in_json(words))
    return _replaced(text, spans, _WITH_TABLE if _ROW.search(text) else _MARKDOWN, _in_markdown)


def _in_json(words: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    instead = {
        "main": "",
        "end": "",
        "line": words(" ⏎ "),
        "tab": " ",
        "quote": '"',
        "slash": "\\",
        "call": words(" ▸ "),
    }

    leads = False

    def _shown(match: re.Match[str]) -> str:
        nonlocal leads
        kind, led = match.lastgroup or "", leads
        leads = bool(match["main"]) or (leads and not match["next"])
        if match["field"]:
            return f"{match['name']}: "
        if match["letters"]:
            return str(json.loads(f'"{match["letters"]}"'))
        if match["next"]:
            return ": " if led and match["following"] in _BODIES else f"{words(' · ')}{match['following']}: "
        return instead[kind]

    return _shown


def _in_markdown(match: re.Match[str]) -> str:
    return " " if match.lastgroup == "bar" else ""


def _replaced(
    text: str, spans: Sequence[Range], pattern: re.Pattern[str], shown: Callable[[re.Match[str]], str]
) -> tuple[str, tuple[Range, ...]]:
    """The text with what a pattern finds outside the matches replaced, in one pass."""
    parts: list[str] = []
    moved: list[Range] = []
    length = 0

    def _add(part: str) -> None:
        nonlocal length
        parts.append(part)
        length += len(part)

    done = 0
    for begin, end in [*spans, (len(text), len(text))]:
        if end <= 0:
            moved.append((begin, end))
            continue
        for match in pattern.finditer(text, done, max(begin, done)):
            _add(text[done : match.start()])
            _add(shown(match))
            done = match.end()
        _add(text[done : max(begin, done)])
        done = max(begin, done)
        moved.append((length, length + end - done))
        _add(text[done:end])
        done = max(done, end)
    return "".join(parts), tuple(moved[:-1])
