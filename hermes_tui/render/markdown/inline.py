"""Runs of text inside a block: emphasis, code, links with their addresses, footnote marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hermes_tui.render.line import Line, Role, Span, in_look_of, plain, span
from hermes_tui.render.safe import safe
from store.base.late_dataclass import replace

if TYPE_CHECKING:
    from markdown_it.token import Token

_FOOTNOTE = re.compile(r"(\[\^[^\]\s]{1,60}\])")


class InlineText:
    """Lines of a block from its tokens, one after the other."""

    def __init__(self, like: Span) -> None:
        """Take the look of plain text; its own text is not used."""
        self._like = like
        self._lines: list[list[Span]] = [[]]
        self._looks = [like]
        self._links: list[tuple[str, int, int]] = []

    def lines(self, tokens: Sequence[Token]) -> tuple[Line, ...]:
        """The lines of the tokens of one block, broken only where the text is."""
        for token in tokens:
            self._take(token)
        return tuple(tuple(line) or (span(""),) for line in self._lines)

    def _take(self, token: Token) -> None:
        kind, look = token.type, self._looks[-1]
        if kind in {"strong_open", "em_open"}:
            strong = kind == "strong_open"
            self._looks.append(replace(look, bold=look.bold or strong, italic=look.italic or not strong))
        elif kind in {"strong_close", "em_close"}:
            self._looks.pop()
        elif kind in {"softbreak", "hardbreak"}:
            self._lines.append([])
        elif kind == "link_open":
            self._links.append((str(token.attrGet("href") or ""), len(self._lines), len(self._lines[-1])))
            self._looks.append(replace(look, underline=True))
        elif kind == "link_close":
            self._looks.pop()
            self._close_link(*self._links.pop())
        else:
            self._lines[-1] += self._leaf(token, look)

    def _leaf(self, token: Token, look: Span) -> Iterator[Span]:
        """What a token without an end of its own is drawn as."""
        if token.type == "code_inline":
            fence = "``" if "`" in token.content else "`"
            yield span(fence, Role.DIM)
            yield _with_text(look, token.content)
            yield span(fence, Role.DIM)
        elif token.type in {"s_open", "s_close"}:
            yield span("~~", Role.DIM)
        elif token.type == "image":
            yield span("image ", Role.DIM)
            yield _with_text(replace(look, underline=True), token.content)
            if address := str(token.attrGet("src") or ""):
                yield span(f" ({address})", Role.DIM)
        else:
            for place, text in enumerate(_FOOTNOTE.split(token.content)):
                if text:
                    yield _with_text(replace(look, role=Role.ACCENT) if place % 2 else look, text)

    def _close_link(self, address: str, line: int, place: int) -> None:
        """Put the address of a link behind its text, where they differ."""
        parts = [*self._lines[line - 1][place:], *(part for later in self._lines[line:] for part in later)]
        if address and plain(parts) not in {span(address).text, span(address.removeprefix("mailto:")).text}:
            self._lines[-1].append(span(f" ({address})", Role.DIM))


def _with_text(look: Span, text: str) -> Span:
    return in_look_of(look, safe(text.replace("\n", " ")))
