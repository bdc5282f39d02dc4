"""Markdown text to nodes, by markdown-it-py: CommonMark with tables and strikethrough, without HTML.

Link definitions stay where they are written, and are known to every part of a text (`split.definitions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from hermes_tui.render.line import Line, Span, plain, span
from hermes_tui.render.markdown.inline import InlineText
from hermes_tui.render.markdown.node import Align, Kind, Node, Table
from hermes_tui.render.markdown.split import FIRST, definitions, first_part, steps
from store.base.late_dataclass import dataclass, replace

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_LABEL = re.compile(r"\[(?:[^\[\]\\\n]|\\.){1,200}\]:")
_TASK = re.compile(r"\[[ xX]\](?: |$)")
_MARKDOWN = frozenset({"markdown", "md", "gfm"})
_ALIGNS = {"left": Align.LEFT, "right": Align.RIGHT, "center": Align.CENTRE}


def beginning(text: str, like: Span) -> Iterator[Node]:
    """The blocks of the beginning of a safe text, as far as it can be drawn alone (`split.first_part`).

    Each step is parsed when its first block is asked for.
    """
    return _stepwise(text, like, first_part(text) or FIRST)


def parse(text: str, like: Span) -> tuple[Node, ...]:
    """The blocks of a safe text; `like` is the look of plain text."""
    end = first_part(text)
    head = tuple(_stepwise(text, like, end))
    rest = _parsed_rest(text[end:], like, tuple(definitions(text).items()))
    return (*head, replace(rest[0], spaced=bool(head)), *rest[1:]) if rest else head


def _stepwise(text: str, like: Span, end: int) -> Iterator[Node]:
    known = tuple(definitions(text).items())
    for place, step in enumerate(steps(text[:end])):
        nodes = _parsed(step, like, known)
        yield from (replace(nodes[0], spaced=place > 0), *nodes[1:]) if nodes else ()


def _nodes(text: str, like: Span, known: tuple[tuple[str, str], ...], *, is_fenced: bool = False) -> tuple[Node, ...]:
    from markdown_it.common.utils import normalizeReference

    references = {normalizeReference(label): {"title": "", "href": address} for label, address in known}
    builder = _Builder(text.split("\n"), like, {"references": references}, known, is_fenced)
    return tuple(builder.blocks(_markdown().parse(text, builder.env)))


_parsed = lru_cache(maxsize=128)(_nodes)
_parsed_rest = lru_cache(maxsize=8)(_nodes)
"""The rest of a long text, which takes far more memory than a step."""


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("reference")
    markdown.inline.ruler.before("link", "definition", _definition)
    # Nothing opens an address, so that any may be shown, as it is stored.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return markdown


def _definition(state: StateInline, silent: bool) -> bool:
    """The label of a link definition, as it is written; it would be a link to itself."""
    begins = state.pos == 0 or state.src[state.pos - 1] == "\n"
    found = _LABEL.match(state.src, state.pos) if begins else None
    if found is None:
        return False
    if not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


@dataclass(frozen=True, slots=True)
class _Builder:
    """Nodes from the tokens of a text."""

    lines: Sequence[str]
    like: Span
    env: dict[str, object]
    known: tuple[tuple[str, str], ...]
    is_fenced: bool
    """The text stands in a fence: fences in it are code."""

    def blocks(self, tokens: Sequence[Token]) -> Iterator[Node]:
        """The blocks that some tokens hold."""
        place = 0
        while place < len(tokens):
            end = _end(tokens, place)
            yield from self._block(tokens[place], tokens[place + 1 : end])
            place = end + 1

    def _block(self, token: Token, inner: Sequence[Token]) -> Iterator[Node]:
        spaced = self._is_spaced(token)
        match token.type:
            case "paragraph_open":
                yield Node(Kind.PARAGRAPH, self._text(inner), spaced=spaced)
            case "heading_open":
                yield Node(Kind.HEADING, self._text(inner), spaced=spaced)
            case "blockquote_open":
                yield Node(Kind.QUOTE, children=tuple(self.blocks(inner)), spaced=spaced)
            case "bullet_list_open" | "ordered_list_open":
                yield Node(Kind.LIST, children=tuple(self._items(token, inner)), spaced=spaced)
            case "fence" | "code_block":
                yield self._code(token, spaced=spaced)
            case "hr":
                yield Node(Kind.RULE, spaced=spaced)
            case "table_open":
                yield Node(Kind.TABLE, spaced=spaced, table=self._table(inner))
            case "inline":
                yield Node(Kind.PARAGRAPH, InlineText(self.like).lines(token.children or []), spaced=spaced)

    def _is_spaced(self, token: Token) -> bool:
        """Whether the line above a block is blank."""
        start = token.map[0] if token.map else 0
        return 0 < start <= len(self.lines) and not self.lines[start - 1].strip(" >")

    def _text(self, inner: Sequence[Token]) -> tuple[Line, ...]:
        return InlineText(self.like).lines([child for token in inner for child in token.children or []])

    def _items(self, token: Token, inner: Sequence[Token]) -> Iterator[Node]:
        number, place = int(str(token.attrGet("start") or 1)), 0
        ordered = token.type == "ordered_list_open"
        while place < len(inner):
            end = _end(inner, place)
            item = inner[place]
            children = tuple(self.blocks(inner[place + 1 : end]))
            word = f"{number}{item.markup}" if ordered else "" if _is_task(children) else "•"
            yield Node(Kind.ITEM, children=children, spaced=self._is_spaced(item), word=word)
            number, place = number + 1, end + 1

    def _code(self, token: Token, *, spaced: bool) -> Node:
        """Code, or the Markdown in a fence of that language where it has a table."""
        text, language = token.content.removesuffix("\n"), token.info.strip().partition(" ")[0]
        if language.casefold() in _MARKDOWN and "|" in text and not self.is_fenced:
            inner = _nodes(text, self.like, self.known, is_fenced=True)
            if any(node.kind is Kind.TABLE for node in inner):
                return Node(Kind.FENCED, children=inner, spaced=spaced)
        return Node(Kind.CODE, spaced=spaced, text=text, word=language)

    def _table(self, inner: Sequence[Token]) -> Table:
        rows, aligns, cells = list[list[Line]](), list[Align](), list[Line]()
        line: int | None = None
        for token in inner:
            if token.type == "tr_open":
                cells, line = [], token.map[0] if token.map else None
            elif token.type == "th_open":
                style = str(token.attrGet("style") or "").removeprefix("text-align:")
                aligns.append(_ALIGNS.get(style, Align.NONE))
            elif token.type == "inline":
                cells.append(self._cell(token.children or []))
            elif token.type == "tr_close":
                rows.append(cells if line is None else [*cells, *self._excess(line, len(aligns))])
        columns = max(map(len, rows))
        filled = [tuple(row + [(span(""),)] * (columns - len(row))) for row in rows]
        return Table((*aligns, *[Align.NONE] * (columns - len(aligns))), filled[0], tuple(filled[1:]))

    def _cell(self, tokens: Sequence[Token]) -> Line:
        return InlineText(self.like).lines(tokens)[0]

    def _excess(self, line: int, columns: int) -> Iterator[Line]:
        """Cells of a row beyond the columns of its head, which the parser leaves out."""
        row = self.lines[line].lstrip(" >").rstrip()
        if row.removeprefix("|").removesuffix("|").count("|") < columns:
            return
        from markdown_it.rules_block.table import escapedSplit

        cells = escapedSplit(row)
        cells = cells[1:] if cells and not cells[0].strip() else cells
        for cell in cells[columns:] if len(cells) > columns else ():
            if cell.strip():
                yield self._cell(_markdown().parseInline(cell.strip(), self.env)[0].children or [])


def _end(tokens: Sequence[Token], place: int) -> int:
    """The place of the token that closes another, its own where it has no inside."""
    level: int = tokens[place].nesting
    end = place
    while level > 0 and end + 1 < len(tokens):
        end += 1
        level += tokens[end].nesting
    return end


def _is_task(children: Sequence[Node]) -> bool:
    lines: Sequence[Line] = children[0].lines if children else ()
    return bool(lines) and _TASK.match(plain(lines[0])) is not None
