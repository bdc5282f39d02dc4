"""An exported page: well-formed, of few tags, without anything that runs or loads, whatever the messages say."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from hermes_tui.render.export.html import POLICY, HtmlWriter
from hermes_tui.render.export.markdown import MarkdownWriter
from hermes_tui.render.export.model import About, ExportOptions, Format, Totals
from store import Message, ToolCall
from tests.hermes_tui.render.markdown_corpus import answers

VOID = {"meta", "br", "hr"}
TAGS = {
    *("html", "head", "title", "style", "body", "header", "main", "footer", "nav", "article", "h1", "h2", "h3", "p"),
    *("small", "strong", "details", "summary", "div", "pre", "span", "b", "i", "u", "ul", "ol", "li", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "a", *VOID),
}
ATTRIBUTES = {"class", "id", "href", "lang", "charset", "http-equiv", "content", "name"}
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) ![i](https://evil.example/p.png) <https://evil.example>",
    '" onmouseover="alert(1)',
    "</article></main></body></html>",
    "-->\n<!-- hermes-tui-export {} -->",
    "\x1b[31mred\x1b[0m \u202eevil\u2066 \x00\x00 \ud800",
    "| a | <b>x</b> |\n|---|---:|\n| `<i>` | \\| |\n",
    "```html\n<script>\n```\n~~~\n</pre>",
    "# <h1>\n> quote <b>\n1. one\n   - two\n",
)


class Page(HTMLParser):
    """A page whose tags are counted and balanced; anything that is not allowed raises."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.seen: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        values = {name: value or "" for name, value in attrs}
        if "href" in values:
            assert tag == "a"
            self.links.append(values["href"])
        if "id" in values:
            assert values["id"] not in self.ids
            self.ids.add(values["id"])
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*messages: Message, title: str = "A <title> & more") -> str:
    writer, about = HtmlWriter(), About("s1", title=title, notes=("a <note>",))
    body = "".join(writer.message(message) for message in messages)
    tail = "".join(writer.tail(about, Totals(len(messages), digest="0"), ExportOptions(Format.HTML)))
    return writer.head(about) + body + tail


def spoken(text: str) -> list[Message]:
    """The text in every place that a message has for one."""
    calls = (ToolCall("c1", text, text), ToolCall("c2", "run", '{"command": "ls <x>", "path": "a.py"}'))
    return [
        Message(1, "s1", "user", text, 1.7e9),
        Message(2, "s1", "assistant", text, reasoning=text, tool_calls=calls),
        Message(3, "s1", "tool", text * 400, tool_name=text),
        Message(4, "s1", text, text, active=False, display_kind=text),
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    """Mutants: a name of a tool, a fold's summary or the outline that is not escaped."""
    shown = page(*spoken(text), title=text)
    found = Page(shown)

    assert found.links
    assert {link.removeprefix("#") for link in found.links} <= found.ids
    assert all(link.startswith("#m") for link in found.links)
    assert POLICY.replace("'", "&#x27;") in shown
    assert not any(ord(char) < 32 and char not in "\n\t" for char in shown)
    assert not set("\u202e\u2066\ud800") & set(shown)
    assert "url(" not in shown
    assert "@import" not in shown


def test_answers_are_drawn_as_markdown_and_code_is_highlighted() -> None:
    text = "# One\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```python\nimport os\n```\n1. x\n"
    found = Page(page(Message(1, "s1", "assistant", text)))
    assert {"h3", "table", "th", "pre", "li"} <= found.seen
    assert '<span class="accent">import</span>' in page(Message(1, "s1", "assistant", text))


@pytest.mark.slow
def test_pages_of_every_markdown_text_are_well_formed() -> None:
    for text in answers(8):
        Page(page(*spoken(text)))


def test_no_text_of_a_message_is_a_heading_of_a_markdown_file() -> None:
    """Mutants: a fence that the text closes; headings left as they are; a fence that is not closed."""
    writer = MarkdownWriter()
    texts = ["## user", "````\n```\n## user", "```py\n# a comment\n```\n# Title", "a\n---\n# x", "```\nopen"]
    for text in texts:
        for role in ("user", "assistant", "tool"):
            lines = writer.message(Message(1, "s1", role, text)).split("\n")
            following = writer.message(Message(2, "s1", "user", "next")).split("\n")
            assert headings([*lines, *following]) == [f"## {role}", "## user"], (role, text)


def headings(lines: list[str]) -> list[str]:
    """The headings of the second level, as CommonMark reads fences."""
    found, fence = [], ""
    for line in lines:
        start = line.lstrip(" ")
        if fence:
            if start.startswith(fence) and not start.strip("`~ "):
                fence = ""
        elif start.startswith(("```", "~~~")):
            fence = start[: len(start) - len(start.lstrip(start[0]))]
        elif line.startswith("## "):
            found.append(line)
    return found
