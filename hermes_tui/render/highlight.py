"""Code with its keywords, comments and strings apart, by pygments (docs/look.md §7, §13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hermes_tui.render.block import Block, Paint, plainly, text_block
from hermes_tui.render.line import Line, Role, Span, in_look_of, span
from hermes_tui.render.safe import SafeText, safe_line
from store.base.late_dataclass import replace

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LONGEST_HIGHLIGHTED = 1 << 13
"""Characters of a text that are highlighted; what follows is plain."""
PLAIN = span("")

_BY_NAME = {"Dockerfile": "docker", "Makefile": "make", "CMakeLists.txt": "cmake", ".bashrc": "bash"}
_BY_SUFFIX = {"yml": "yaml", "kt": "kotlin", "h": "c", "hpp": "cpp", "mjs": "js", "cjs": "js", "htm": "html"}
"""Languages of files whose suffix is no name of their language."""


def code_block(text: str, language: str, *, like: Span = PLAIN, indent: int = 2) -> Block:
    """A text on the ground of code, in a language by the name that a fence or `language_of` gives it.

    Highlighted when it is drawn, and no further than `LONGEST_HIGHLIGHTED`.
    """
    return text_block(text, highlighted(language, like), indent=indent, label=language, tint=True)


def highlighted(language: str, like: Span = PLAIN) -> Paint:
    """Lines as code: keywords in accent, comments dim, strings italic; plain where the language is not known."""
    return partial(_paint, language, like)


def language_of(path: str) -> str:
    """The language of a file by its name, "" where it is not known."""
    name = PurePosixPath(path.replace("\\", "/"))
    suffix = name.suffix[1:].casefold()
    return _languages().get(_BY_NAME.get(name.name) or _BY_SUFFIX.get(suffix, suffix), "")


def _paint(language: str, like: Span, lines: Sequence[str]) -> Sequence[Line]:
    safe = [safe_line(line) for line in lines]
    shown = _highlighted_lines(safe) if language else 0
    rows = _code_rows(language.strip().casefold(), "\n".join(safe[:shown])) if shown else ()
    rows = rows if len(rows) == shown else ()
    painted = [_like(row, like) for row in rows]
    return [*painted, *plainly(like)(lines[len(painted) :])]


def _highlighted_lines(lines: Sequence[str]) -> int:
    taken = 0
    for number, line in enumerate(lines):
        taken += len(line) + 1
        if taken > LONGEST_HIGHLIGHTED:
            return number
    return len(lines)


def _like(row: Line, like: Span) -> Line:
    """A row on which plain code looks like `like`."""
    if like == PLAIN:
        return row
    return tuple(replace(part, role=like.role if part.role is Role.TEXT else part.role) for part in row)


@lru_cache(maxsize=128)
def _code_rows(language: str, text: str) -> tuple[Line, ...]:
    """The lines of a safe text, none where the language is not known."""
    lexer = _lexer(language)
    if lexer is None:
        return ()
    rows: list[Line] = []
    row: list[Span] = []
    for look, value in _tokens(lexer, text):
        first, *later = value.split("\n")
        row = _with(row, first, look)
        for line in later:
            rows.append(tuple(row) or (PLAIN,))
            row = _with([], line, look)
    return (*rows, tuple(row) or (PLAIN,))


def _with(row: list[Span], text: str, look: Span) -> list[Span]:
    if not text:
        return row
    if row and in_look_of(look, row[-1].text) == row[-1]:
        return [*row[:-1], in_look_of(look, SafeText(row[-1].text + text))]
    return [*row, in_look_of(look, SafeText(text))]


def _tokens(lexer: Lexer, text: str) -> Iterator[tuple[Span, str]]:
    """Runs of code, each with its look."""
    from pygments.token import Comment, Keyword, String, is_token_subtype

    keyword, comment, string = span("", Role.ACCENT), span("", Role.DIM), span("", italic=True)
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        if is_token_subtype(kind, Keyword):
            yield keyword, value
        elif is_token_subtype(kind, Comment):
            yield comment, value
        else:
            yield (string if is_token_subtype(kind, String) else PLAIN), value


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    if language not in _languages():
        return None
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language)


@cache
def _languages() -> Mapping[str, str]:
    """Every name of a language, and the one that is shown for it."""
    from pygments.lexers import get_all_lexers

    return {name: names[0] for _, names, _, _ in get_all_lexers(plugins=False) for name in names}
