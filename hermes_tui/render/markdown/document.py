"""Markdown text as lines of a width: blocks under each other, lists and quotes indented, code on its ground."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice

from hermes_tui.render.block import WIDEST_LINE, first_lines, rest_line
from hermes_tui.render.flow import flow
from hermes_tui.render.highlight import code_block
from hermes_tui.render.line import Line, Role, Span, blank, bold, cells, plain, span
from hermes_tui.render.look import Look
from hermes_tui.render.markdown.node import Kind, Node
from hermes_tui.render.markdown.parser import beginning, parse
from hermes_tui.render.markdown.split import FIRST, FIRST_LINES
from hermes_tui.render.markdown.table import table_lines
from hermes_tui.render.safe import safe_line
from store.base.late_dataclass import dataclass, replace

LONGEST = 1 << 18
"""Characters of a text that are read as Markdown; a longer one is drawn as it is written."""
MOST_NUMBERS = 9
"""Blocks that carry a number."""
NARROWEST = 10
"""Cells of text below which nothing is indented."""

_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,60}\]:")


@dataclass(frozen=True, slots=True)
class Document:
    """Lines of a text."""

    lines: Iterator[Line]
    """Each is drawn when it is asked for."""
    whole: bool = True
    """False where they are only the first part of what is shown."""


def is_markdown(text: str) -> bool:
    """Whether a text is read as Markdown: not one that is too long, nor one with a line that no person wrote."""
    return len(text) <= LONGEST and max(map(len, text.split("\n"))) <= WIDEST_LINE


def document(text: str, look: Look, *, like: Span, limit: int | None, first: bool = False) -> Document:
    """Draw a Markdown text.

    Args:
        like: The look of plain text.
        limit: Lines of the source that are shown at most; None for all.
        first: Draw no more of a long text than `split.FIRST_LINES` lines of `split.FIRST` characters.

    Returns:
        Lines of at most `look.room` cells, if that is 4 or more.
    """
    source, more = first_lines(text.strip("\n"), limit)
    source = "\n".join(map(safe_line, source.split("\n")))
    first = first and len(source) > FIRST
    nodes: Iterable[Node] = beginning(source, like) if first or len(source) <= FIRST else parse(source, like)
    lines = _blocks(_numbered(nodes, count(1)) if look.numbered else nodes, look, is_top=True)
    if first:
        return Document(islice(lines, FIRST_LINES), whole=False)
    return Document(chain(lines, (rest_line(more, look),)) if more else lines)


def code_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """The code of a text, in reading order."""
    for node in nodes:
        if node.kind is Kind.CODE:
            yield node
        yield from code_nodes(node.children)


def _numbered(nodes: Iterable[Node], numbers: Iterator[int]) -> list[Node]:
    """The same with numbers at its code, in reading order."""
    return [
        replace(
            node,
            number=number if node.kind is Kind.CODE and (number := next(numbers)) <= MOST_NUMBERS else 0,
            children=_numbered(node.children, numbers),
        )
        for node in nodes
    ]


def _blocks(nodes: Iterable[Node], look: Look, *, is_top: bool = False) -> Iterator[Line]:
    before: Node | None = None
    for node in nodes:
        if before is not None and before.kind is not Kind.HEADING and (node.spaced or node.kind is Kind.HEADING):
            yield (span(""),)
        yield from _block(node, look, is_top=is_top)
        before = node


def _block(node: Node, look: Look, *, is_top: bool) -> Iterator[Line]:
    if node.kind is Kind.PARAGRAPH:
        is_footnote = _FOOTNOTE.match(plain(node.lines[0])) is not None
        yield from flow(node.lines, look, hang=4 if is_footnote else 0)
    elif node.kind is Kind.HEADING:
        yield from flow(list(map(bold, node.lines)), look)
    elif node.kind is Kind.LIST:
        yield from _list(node.children, look, indent=2 if is_top else 0)
    elif node.kind is Kind.QUOTE:
        bar: Line = (span(f"{look.glyphs.agent} ", Role.HAIR),)
        yield from _beside(node.children, look, bar, bar)
    elif node.kind is Kind.CODE:
        indent = 2 if look.measure > NARROWEST else 0
        block = code_block(node.text, node.word, indent=indent)
        label = f"{node.word}  {node.number}".strip() if node.number else block.label
        yield from replace(block, label=label).lines(look, None)
    elif node.kind is Kind.RULE:
        yield (span(look.glyphs.light * look.measure, Role.HAIR),)
    elif node.kind is Kind.TABLE and node.table is not None:
        yield from table_lines(node.table, look)
    else:
        yield from _blocks(node.children, look)


def _list(items: Sequence[Node], look: Look, *, indent: int) -> Iterator[Line]:
    """Items behind their bullets or numbers, which are right-aligned; tasks have a box of their own."""
    words = [look.glyphs.words(item.word) for item in items]
    width = max(map(cells, words))
    for place, (item, word) in enumerate(zip(items, words, strict=True)):
        if place and item.spaced:
            yield (span(""),)
        front: Line = (blank(indent), span(f"{word:>{width}} ", Role.DIM)) if width else (blank(indent),)
        yield from _beside(item.children, look, front, (blank(indent + width + bool(width)),))


def _beside(children: Sequence[Node], look: Look, front: Line, below: Line) -> Iterator[Line]:
    """Blocks beside a front, which stands on a line of its own where there is no room for both."""
    taken = cells(plain(front))
    inner = replace(look, measure=look.measure - taken)
    if inner.measure < NARROWEST:
        marks = tuple(part for part in front if part.text.strip())
        yield from (marks,) if marks and taken <= look.measure else ()
        yield from _blocks(children, look)
        return
    empty: Line = (span(""),)
    for line in _blocks(children, inner) if children else iter((empty,)):
        yield (*front, *line)
        front = below
