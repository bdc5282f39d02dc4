"""HTML in one file that needs no script: folds by `<details>`, links only from the outline into the page, nothing that
loads, and a policy that forbids the rest. Every text passes the gate of `render.safe` and is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from hermes_tui.render import message_kind
from hermes_tui.render.export.model import (
    About,
    ExportOptions,
    Totals,
    manifest_comment,
    pretty_arguments,
    sentence,
    shown,
    stamp,
    state_of,
)
from hermes_tui.render.highlight import highlighted
from hermes_tui.render.line import Line, Role, Span, span
from hermes_tui.render.markdown.node import Align, Kind, Node, Table
from hermes_tui.render.markdown.parser import parse
from hermes_tui.render.safe import one_line
from hermes_tui.render.time import n_bytes, size
from store.models import Message

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
OUTLINED = 80
"""Characters of a prompt in the outline."""
LONG = 2_000
"""Characters of a tool's result that stand open in the page; more are folded."""

_ROLES = frozenset({"user", "assistant", "tool", "system"})


class HtmlWriter:
    """Implements `MessageWriter`; the outline, of a line for each prompt, is held until the end."""

    def __init__(self) -> None:
        self._number = 0
        self._outline: list[str] = []

    def head(self, about: About) -> str:
        """The head of the page, title and notes."""
        title = escaped(one_line(about.title or about.id))
        facts = (about.source, about.model, stamp(about.started_at), about.cwd, about.id)
        line = " · ".join(escaped(one_line(fact)) for fact in facts if fact)
        notes = "".join(f'<p class="note">{escaped(one_line(note))}</p>\n' for note in about.notes)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
            f"<header>\n<h1>{title}</h1>\n<p>{line}</p>\n{notes}</header>\n<main>\n"
        )

    def seam(self, section_id: str, place: int, sections: int) -> str:
        """The next section."""
        return f'<p class="note">section {place} of {sections}: {escaped(one_line(section_id))}</p>\n'

    def message(self, message: Message) -> str:
        """An article with role, time and state; reasoning, calls and long results folded."""
        self._number += 1
        prompt = message.role == "user" and not message_kind.is_machine_made(message)
        if prompt:
            words = one_line(message.text[: 4 * OUTLINED])[:OUTLINED]
            self._outline.append(f'<li><a href="#m{self._number}">{escaped(words) or "…"}</a></li>\n')
        role = message.role if message.role in _ROLES else "other"
        name = f" {escaped(one_line(message.tool_name))}" if message.tool_name else ""
        state = state_of(message)
        facts = " · ".join(filter(None, (stamp(message.timestamp), state)))
        return (
            f'<article id="m{self._number}" class="{role}{" gone" if state else ""}">\n'
            f"<h2>{escaped(one_line(message.role))}{name} <small>{facts}</small></h2>\n"
            f"{''.join(_body(message))}</article>\n"
        )

    def put(self, text: str, *, is_active: bool) -> str:  # noqa: ARG002  the text says which state it is in
        """The text as it is."""
        return text

    def tail(self, about: About, totals: Totals, options: ExportOptions) -> Iterator[str]:
        """What there was, the outline and the manifest."""
        yield f"</main>\n<footer>\n<p>{sentence(totals)}</p>\n</footer>\n"
        if self._outline:
            yield "<nav>\n<strong>Prompts</strong>\n<ol>\n"
            yield from self._outline
            yield "</ol>\n</nav>\n"
        yield f"{manifest_comment(about, totals, options)}</body>\n</html>\n"


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def escaped(text: str) -> str:
    """Text that passed the gate, in HTML."""
    return html.escape(text)


def _body(message: Message) -> Iterator[str]:
    for note in message_kind.notes(message):
        yield f'<p class="note">{escaped(one_line(note))}</p>\n'
    if message.reasoning:
        yield _fold(f"reasoning · {size(n_bytes(message.reasoning))}", _said(message.reasoning))
    if text := message_kind.spoken(message):
        yield _text(message, text)
    for call in message.tool_calls:
        arguments, language = pretty_arguments(call.arguments)
        words = one_line(call.arguments[: 4 * OUTLINED])[:OUTLINED]
        yield _fold(f"{call.name or 'call'} {words}", code(arguments, language))


def _text(message: Message, text: str) -> str:
    if message_kind.is_markdown(message):
        return "".join(_nodes(parse(shown(text), span(""))))
    if message.role != "tool":
        return _said(text)
    block = code(text, "")
    return _fold(f"result · {size(n_bytes(text))}", block) if len(text) > LONG else block


def _fold(words: str, inside: str) -> str:
    return f"<details>\n<summary>{escaped(one_line(words))}</summary>\n{inside}</details>\n"


def _said(text: str) -> str:
    return f'<div class="said">{escaped(shown(text))}</div>\n'


def code(text: str, language: str) -> str:
    """Code, highlighted as far as the screen highlights it."""
    lines = shown(text).split("\n")
    rows = highlighted(language)(lines) if language else ()
    body = "\n".join(_line_html(row) for row in rows) if rows else escaped("\n".join(lines))
    return f"<pre>{body}</pre>\n"


def _nodes(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        yield _node(node)


_AROUND = {
    Kind.PARAGRAPH: ("<p>", "</p>"),
    Kind.HEADING: ("<h3>", "</h3>"),
    Kind.LIST: ("<ul>", "</ul>"),
    Kind.ITEM: ("<li>", "</li>"),
    Kind.QUOTE: ("<blockquote>", "</blockquote>"),
    Kind.FENCED: ("<div>", "</div>"),
}


def _node(node: Node) -> str:
    if node.kind is Kind.CODE:
        return code(node.text, node.word)
    if node.kind is Kind.RULE:
        return "<hr>\n"
    if node.kind is Kind.TABLE:
        return _table(node.table) if node.table else ""
    before, behind = _AROUND[node.kind]
    return f"{before}{_number(node)}{_lines(node.lines)}{''.join(_nodes(node.children))}{behind}\n"


def _number(node: Node) -> str:
    """The number of an item of an ordered list, as it was written."""
    return (
        ""
        if node.kind is not Kind.ITEM or node.word in ("", "•")
        else f'<span class="dim">{escaped(one_line(node.word))}</span> '
    )


def _table(table: Table) -> str:
    classes = {Align.RIGHT: ' class="right"', Align.CENTRE: ' class="centre"'}
    looks = [classes.get(align, "") for align in table.aligns]

    def _row(cells: Iterable[Line], tag: str) -> str:
        inner = "".join(f"<{tag}{look}>{_line_html(cell)}</{tag}>" for cell, look in zip(cells, looks, strict=False))
        return f"<tr>{inner}</tr>\n"

    rows = "".join(_row(row, "td") for row in table.rows)
    return f"<table>\n<thead>\n{_row(table.head, 'th')}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _lines(lines: Sequence[Line]) -> str:
    return "<br>\n".join(map(_line_html, lines))


def _line_html(line: Line) -> str:
    return "".join(map(_span_html, line))


def _span_html(part: Span) -> str:
    text = escaped(part.text)
    for is_so, tag in ((part.bold, "b"), (part.italic, "i"), (part.underline, "u")):
        text = f"<{tag}>{text}</{tag}>" if is_so and text else text
    return f'<span class="{part.role}">{text}</span>' if part.role in (Role.DIM, Role.ACCENT) and text else text
