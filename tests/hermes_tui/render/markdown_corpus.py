# ruff: noqa: E501  a template is a line
"""Markdown to draw: examples for each section of CommonMark and of GitHub's extensions, and answers as agents write.

Examples are templates with words of several scripts; answers are put together from parts, always the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random

WIDTHS = (20, 40, 57, 80, 120, 200)

SECTIONS: dict[str, tuple[str, ...]] = {
    "tabs": ("\t{a} behind a tab", "- {a}\n\n\t{b} in the item", ">\t{a}", "1.\t{a}\n\t{b}"),
    "escapes": (r"\*{a}\* and \_{b}\_", r"\# {a}", r"\[{a}\]({b})", "`\\{a}`", "\\\\{a} \\{b}"),
    "entities": ("&lt;{a}&gt; &amp; {b}", "&#35; {a} &#x41;", "&nosuch; {a}", "&#8238;{a} &#x200b;{b}", "&copy {a}"),
    "precedence": ("- `{a}\n- {b}`", "> {a}\n{b}", "# `{a}\n{b}`"),
    "breaks": ("***", "{a}\n\n---\n\n{b}", " * * *\n{a}", "___{a}___", "- {a}\n***\n- {b}"),
    "headings": ("# {a}", "## {a} ##", "###### {a}", "####### {a}", "#{a}", "#\n{a}", "# {a} \\#"),
    "setext": ("{a}\n===", "{a}\n{b}\n---", "> {a}\n---", "{a}\n=\n{b}", "- {a}\n  ---"),
    "indented code": ("    {a}\n      {b}", "{a}\n\n    {b}", "- x\n\n      {a}", "    {a}\n\n    {b}\n"),
    "fences": ("```\n{a}\n```", "~~~ python\ndef f(): '{a}'\n~~~", "````\n```\n{a}\n````", "```js {b}\n{a}", "> ```\n> {a}\n> ```"),
    "html": ("<div>\n{a}\n</div>", "<!-- {a} -->\n{b}", "<script>{a}</script>", "{a} <b>{b}</b> <br/>", "<a href='{a}'>{b}</a>"),
    "definitions": ("[{a}]: https://x.example/1\n\nsee [{a}]", "[k]: <https://x.example> '{a}'\n\n[{b}][k]", "[{a}]: {b}", "[k]:\nx"),
    "paragraphs": ("{a}\n\n{b}", "  {a}\n    {b}", "{a} {b} {a} {b} {a} {b}", "{a}\n\n\n\n{b}\n"),
    "quotes": ("> {a}\n> {b}", "> > > {a}", "> {a}\n\n> {b}", ">{a}\n>\n> - {b}", "> # {a}\n> ```\n> {b}\n> ```"),
    "items": ("- {a}\n  {b}", "3. {a}\n4. {b}", "123456789) {a}", "-\n  {a}", "1. > {a}\n   > {b}", "-   {a}\n\n    {b}"),
    "lists": ("- {a}\n- {b}\n\n- x", "- {a}\n  - {b}\n    - x\n      - y\n        - z\n          - w", "1. {a}\n1. {b}", "* {a}\n+ {b}", "{a}\n- {b}"),
    "code spans": ("`{a}`", "``{a} ` {b}``", "`{a}\n{b}`", "`` ` ``", "`{a}` `{b}` `{a}`"),
    "emphasis": ("*{a}* **{b}**", "***{a}*** {b}", "_{a}_ __{b}__", "**{a}*{b}*x**", "*{a} **{b}*", "{a}*{b}*", "** {a} **"),
    "links": ("[{a}](https://x.example/{b})", "[{a}](<x y> 'title')", "[**{a}**](b)", "[{a}]()", "[a](javascript:{a})", "![{a}](i.png)"),
    "images": ("![{a}](https://x.example/i.png)", "[![{a}](i.png)](l)", "![{a}][k]\n\n[k]: i.png", "![](i.png)"),
    "autolinks": ("<https://x.example/?q={a}>", "<ada@x.example>", "https://x.example/{a}", "<{a}>", "<mailto:a@b.c>"),
    "line breaks": ("{a}  \n{b}", "{a}\\\n{b}", "{a}\n{b}", "{a}  ", "# {a}  \nx"),
    "text": ("{a} ${b}^2 ± ≈", "{a}…—“{b}”", "@{a} #{b} :tada: 100 %", "\u200b{a}\u202e{b}\ufeff"),
    "strikethrough": ("~~{a}~~", "~~{a} **{b}**~~", "~{a}~", "~~~{a}~~~"),
    "tasks": ("- [ ] {a}\n- [x] {b}", "1. [X] {a}\n2. [ ] {b}", "- [ ]\n- [y] {a}", "- [ ] {a}\n  - [x] {b}"),
    "footnotes": ("{a}[^1]\n\n[^1]: {b}", "{a}[^long-name] x[^2]\n\n[^2]: {b}\n[^long-name]: x", "[^{a}]: {b}"),
    "tables": (
        "| {a} | {b} |\n| --- | ---: |\n| 1 | 2 |", "{a} | {b}\n:-- | :-:\nx | `y` | z", "|{a}|\n|-|\n|**{b}** a \\| b|",
        "> | {a} | x |\n> |---|---|\n> | {b} | y | more |", "- | {a} |\n  |---|\n  | {b} |", "| {a} | b |\n|---|---|",
        "```markdown\n| {a} | b |\n|---|---|\n| {b} | c |\n```", "| a | b | c | d | e | f | g | h |\n|-|-|-|-|-|-|-|-|\n|{a}|{b}|{a}|{b}|{a}|{b}|{a}|{b}|",
    ),
}  # fmt: skip

WORDS = (
    ("orchard", "a longer run of plain words"),
    ("桂林旅行計画", "雨の場合の代案、三泊四日も"),
    ("🍎🍐", "e\u0301te\u0301 na\u0308ive Ürümqi"),
)


def examples() -> Iterator[tuple[str, str]]:
    """Every template of every section with each pair of words, and a name for it."""
    for section, templates in SECTIONS.items():
        for (place, template), (words, (first, second)) in product(enumerate(templates), enumerate(WORDS)):
            yield f"{section} {place}.{words}", template.replace("{a}", first).replace("{b}", second)


@dataclass(frozen=True, slots=True)
class Cells:
    """A table as it is written, and the characters that a reader must find."""

    source: str
    visible: str


CELLS = (
    ("plain words in a cell", "plain words in a cell"),
    ("**bold** and `code`", "bold and `code`"),
    ("3.1 s", "3.1 s"),
    ("121", "121"),
    ("/usr/lib/python3.11/site-packages/markdown_it", "/usr/lib/python3.11/site-packages/markdown_it"),
    ("https://docs.example/a/very/long/page#with-a-place", "https://docs.example/a/very/long/page#with-a-place"),
    ("a \\| b", "a | b"),
    ("[text](https://t.example)", "text (https://t.example)"),
    ("桂林旅行計画：三泊四日", "桂林旅行計画：三泊四日"),
    ("🍎 e\u0301te\u0301", "🍎 e\u0301te\u0301"),
    ("", ""),
    ("donaudampfschifffahrtsgesellschaftskapitaensmuetze", "donaudampfschifffahrtsgesellschaftskapitaensmuetze"),
)


def tables(number: int = 60, seed: int = 7) -> Iterator[Cells]:
    """Tables of one to nine columns, some with more cells in a row than in the head."""
    rng = Random(seed)
    for _ in range(number):
        columns, more = rng.randint(1, 9), rng.random() < 0.2
        head = [(text or "head", seen or "head") for text, seen in rng.sample(CELLS, columns)]
        extra = [("extra", "extra")]
        rows = [
            [rng.choice(CELLS) for _ in range(columns)] + (extra if more and place else [])
            for place in range(rng.randint(1, 6))
        ]
        marks = [rng.choice(("---", ":--", "--:", ":-:")) for _ in range(columns)]
        lines = [[text for text, _ in head], marks, *([text for text, _ in row] for row in rows)]
        source = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        yield Cells(source, " ".join(seen for row in (head, *rows) for _, seen in row))


OPENINGS = ("Found it: the lock is held by `cron`.", "Done. **Three files** changed.", "Short answer: no, and here is why.",
    "了解しました。三つの案を比べます。", "That is odd; the log says otherwise.")  # fmt: skip
PARTS = (
    "The build fails at step 4, before any of our code is touched, because the lock file was written by a newer resolver.",
    "## Two ways out\n\n1. pin the image to `3.12-slim`, or\n2. refresh the lock where the build runs:\n\n   ```dockerfile\n   FROM python:3.12-slim\n   # why\n   ```",
    "- **First**: measure\n- *Then*: change one thing\n  - and only one\n- [ ] write it down",
    "> The quick brown fox, as somebody wrote,\n> and went on.\n>\n> - with a list",
    "| store | build | on disk |\n| --- | --- | ---: |\n| sqlite-vec | 3.1 s | 121 MB |\n| Qdrant, local | 19.7 s | 164 MB, and a note that wraps |",
    "```python\ndef once(rows):\n    seen = set()\n    return [row for row in rows if not (row.id in seen or seen.add(row.id))]\n```",
    "See [the page](https://docs.example/locks#patience) and <https://x.example>.[^1]\n\n[^1]: Read on 3 May.",
    "---\n\nIn `store/queue.py`:\n\n    for row in rows:\n        yield row",
    "雨の場合は**博物館**へ。`mkdir -p ~/旅行` で始めます。🍎",
    "Line one  \nline two, with ~~a mistake~~ &amp; an entity.",
)  # fmt: skip


def answers(number: int = 300, seed: int = 3) -> Iterator[str]:
    """Answers as agents write them: an opening, then some parts."""
    rng = Random(seed)
    for _ in range(number):
        yield "\n\n".join([rng.choice(OPENINGS), *rng.sample(PARTS, rng.randint(1, 5))])
