"""Markdown as lines: each construct in its look, tables without loss, no line wider than its pane."""

from __future__ import annotations

import random
from collections import Counter
from itertools import cycle

import pyte
import pytest

from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Line, Role, line_cells, plain, span
from hermes_tui.render.look import Look
from hermes_tui.render.markdown import parser, split
from hermes_tui.render.markdown.document import document, is_markdown
from hermes_tui.render.markdown.split import first_part
from hermes_tui.render.marks import Marker
from tests.cpu_time import spent
from tests.hermes_tui.render.markdown_corpus import SECTIONS, WIDTHS, answers, examples, tables
from tests.hermes_tui.render.test_message import every
from tests.hostile import HOSTILE

EXAMPLES = [*(text for _, text in examples()), *answers()]


def draw(text: str, width: int = 60, **more: object) -> list[Line]:
    return list(document(text, Look(width, UNICODE, **more), like=span(""), limit=None).lines)  # type: ignore[arg-type]


def rows(text: str, width: int = 60) -> list[str]:
    return [str(plain(line)).rstrip() for line in draw(text, width)]


def looks(text: str) -> dict[str, tuple[Role, bool, bool, bool]]:
    return {str(p.text): (p.role, p.bold, p.italic, p.underline) for line in draw(text) for p in line}


def test_there_are_examples_for_every_section_and_as_many_answers() -> None:
    assert len(list(examples())) >= 300
    assert len(list(answers())) >= 300
    assert len(SECTIONS) >= 26


def fits(text: str, width: int) -> None:
    """No line is wider than its pane, and no character in it acts on a terminal."""
    harmful = {chr(code) for code in (*range(32), *range(0x7F, 0xA0))} | set("\u202e\u200b\ufeff")
    for line in draw(text, width):
        assert line_cells(line) <= width, (width, text, plain(line))
        assert not harmful & set(plain(line)), (text, plain(line))


@pytest.mark.slow
def test_examples_fit_their_pane_at_one_width_each() -> None:
    for text, width in zip(EXAMPLES[::5], cycle(WIDTHS)):
        fits(text, width)


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_every_example_fits_its_pane(width: int) -> None:
    for text in EXAMPLES:
        fits(text, width)


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_on_a_terminal_no_line_goes_beyond_its_pane(width: int) -> None:
    """By a terminal emulator, whose widths of characters are not ours."""
    screen = pyte.Screen(width + 8, 2)
    stream = pyte.Stream(screen)
    for text in EXAMPLES[::7]:
        for line in draw(text, width):
            screen.reset()
            stream.feed(plain(line))
            assert (screen.cursor.y, screen.cursor.x <= width) == (0, True), plain(line)


@pytest.mark.slow
@pytest.mark.parametrize("width", range(20, 201, 20))
def test_a_table_loses_no_character_at_any_width(width: int) -> None:
    """Mutants: cells cut to their column; cells beyond the head's left out; the last column dropped."""
    for table in [*tables()][width // 20 % 2 :: 2]:
        shown = Counter("".join(map(plain, draw(table.source, width))))
        wanted = Counter("".join(table.visible.split()))
        assert wanted - shown == Counter(), (width, table.source)
        fits(table.source, width)


def test_columns_are_sized_by_what_they_hold() -> None:
    head = "| store | build | where | note |\n|---|---|---|---|\n"
    source = f"{head}| vec | 11.8 | /usr/lib/very/long/path/to.so | it is small |"
    assert rows(source, 70)[1] == "vec     11.8  /usr/lib/very/long/path/to.so  it is small"
    assert rows(source, 42)[1] == "vec     11.8  /usr/lib/very/l  it is small", "paths shrink before prose"
    assert rows(source, 36)[1:3] == ["vec     11.8  /usr/lib/ver  it is", "              y/long/path/  small"]
    records = rows(source, 30)
    assert records[:2] == ["store  vec", "build  11.8"]


def test_one_address_in_a_column_of_prose_makes_no_records_of_a_table() -> None:
    """Mutant: an address counted whole as a word of prose."""
    head = "| tool | what for | cost |\n|---|---|---|\n"
    source = (
        f"{head}| vec | see https://example.org/en/stable/backup.html | 3 |\n| borg | older, slower, smaller | 12 |"
    )
    assert rows(source, 32) == [
        *("tool  what for              cost", "vec   see                      3", "      https://example.org/"),
        *("      en/stable/backup.htm", "      l", "borg  older, slower,          12", "      smaller"),
    ]


def test_a_table_is_aligned_as_written_and_numbers_to_the_right() -> None:
    source = "| a | b | c | n |\n|:--|:-:|--:|---|\n| left | mid | right | 7 |\n| x | y | z | 1234 |"
    assert rows(source) == [
        "a      b       c     n",
        "left  mid  right     7",
        "x      y       z  1234",
    ]
    assert all(part.bold for part in draw(source)[0] if part.text.strip())


def test_a_narrow_table_is_records() -> None:
    source = "| store | build | on disk |\n|---|---|---|\n| sqlite-vec | 3.1 s | 121 MB |\n| Qdrant | 19.7 s | 164 MB |"
    assert rows(source, 20) == [
        *("store    sqlite-vec", "build    3.1 s", "on disk  121 MB", "╌╌"),
        *("store    Qdrant", "build    19.7 s", "on disk  164 MB"),
    ]


def test_a_table_in_a_fence_of_markdown_is_a_table_and_other_markdown_there_is_code() -> None:
    assert rows("```markdown\n| a | b |\n|---|---|\n| 1 | 2 |\n```") == ["a  b", "1  2"]
    assert rows("```md\n# not a heading\n```")[0].strip().startswith("# not a heading")


def test_lists_hang_and_nest_quotes_have_a_bar_and_tasks_a_box() -> None:
    text = "- one " + "word " * 12 + "\n  - two\n\n9. nine\n10. ten\n\n> said\n> > deep\n\n- [ ] open\n- [x] shut"
    assert rows(text, 40) == [
        *("  • one word word word word word word", "    word word word word word word", "    • two", ""),
        *("   9. nine", "  10. ten", "", "│ said", "│ │ deep", "", "  [ ] open", "  [x] shut"),
    ]


def test_inline_styles_are_kept_and_links_show_their_address_where_it_differs() -> None:
    found = looks("a *b* **c** `d` [e](http://f) <http://g> ~~h~~ [^1] [i][j]\n\n[j]: http://k")
    assert found["b"] == (Role.TEXT, False, True, False)
    assert found["c"] == (Role.TEXT, True, False, False)
    assert found["`"][0] is Role.DIM
    assert found["e"] == (Role.TEXT, False, False, True)
    assert found[" (http://f)"][0] is Role.DIM
    assert found["http://g"] == (Role.TEXT, False, False, True)
    assert " (http://g)" not in found
    assert found["[^1]"][0] is Role.ACCENT
    assert " (http://k)" in found
    assert "[j]: http://k" in "\n".join(rows("[i][j]\n\n[j]: http://k"))
    assert rows("[x](javascript:alert(1))") == ["x (javascript:alert(1))"]


def test_a_heading_is_bold_and_stands_close_to_what_it_heads() -> None:
    assert rows("text\n\n# Head\n\ntext") == ["text", "", "Head", "text"]
    assert looks("# Head")["Head"][1]


def test_code_has_its_language_its_ground_and_its_looks() -> None:
    lines = draw("```python\nif x: 'y'  # z\n```")
    assert plain(lines[0]).endswith("python")
    assert all(part.tint for part in lines[0])
    assert line_cells(lines[0]) == 60
    assert {str(p.text): p.role for p in lines[0]}["if"] is Role.ACCENT
    assert draw("```nosuchlanguage\nif x\n```")


def test_html_and_entities_are_text_and_hidden_characters_stay_visible() -> None:
    assert rows("<b>x</b> &lt; &#x202e;y") == ["<b>x</b> < \ufffdy"]


def test_matches_are_marked_in_every_construct_and_counted_in_reading_order() -> None:
    text = "# find\n\nfind *find*\n\n- find\n\n| find | b |\n|---|---|\n| c | find |\n\n```\nfind\n```\n\n> find `find`"
    lines = draw(text, marker=Marker(every("find"), 4))
    found = [part for line in lines for part in line if part.underline and part.role is Role.ACCENT]
    assert len(found) == 9
    assert [place for place, part in enumerate(found) if part.reverse] == [4]


@pytest.mark.slow
def test_the_first_part_of_a_long_text_is_drawn_as_in_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle without the cut. Mutant: a cut inside a fence, or before an item that goes on a list."""
    chunks = list(answers(24, seed=11))
    text = "\n\n".join([*chunks, "```\n" + "\n\nin a fence" * 700 + "\n```", *chunks])
    for start in (0, 3_000, len("\n\n".join(chunks)) - 100):
        part = text[start:]
        cut = first_part(part)
        drawn = draw(part)
        monkeypatch.setattr(parser, "first_part", len)
        whole = draw(part)
        monkeypatch.undo()
        assert [plain(line) for line in drawn] == [plain(line) for line in whole], start
        look = Look(60, UNICODE)
        first = document(part, look, like=span(""), limit=None, first=True)
        assert not first.whole
        if cut:
            lines = list(first.lines)
            assert [plain(line) for line in lines] == [plain(line) for line in whole[: len(lines)]]
    assert 0 < first_part(text) <= 1 << 13


PIECES = [
    *("text", "text\nmore", "- a", "- b\n- c", "1. one", "10) ten", "   - in", "  text", "    code", "> q"),
    *("| a | b |\n|---|---|\n| c | d |", "| e |", "---", "* * *", "```\ncode\n\n- in\n```", "```"),
    *("# h", "[x]: http://a", "[x]", "- [ ] task", "-", "1.", "- ```\n  in\n  ```", "text\n1. l\n\n   para"),
    *("* em*", "> q\nlazy", "   ```\nx\n   ```"),
]


@pytest.mark.slow
def test_a_text_that_is_parsed_in_steps_is_drawn_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle without steps. Mutants: a cut before an item behind another; one behind a fence that an item ended."""
    chance = random.Random(12)
    joined = ("\n\n".join(chance.choice(PIECES) for _ in range(4)) for _ in range(250))
    texts = [*EXAMPLES[::16], *joined]
    monkeypatch.setattr(split, "STEP", 1)
    stepwise = [[plain(line) for line in draw(text, 40)] for text in texts]
    monkeypatch.setattr(parser, "steps", lambda text: (text,))
    assert [[plain(line) for line in draw(text, 40)] for text in texts] == stepwise


@pytest.mark.parametrize(
    "text", ["- a\n\n" * 4_000, "1. a\n\n   b\n\n" * 2_000, "> a\n\n" * 4_000, "    a\n\n" * 3_000]
)
def test_no_cut_is_made_where_a_list_a_quote_or_code_may_go_on(text: str) -> None:
    assert first_part(text) == 0


@pytest.mark.slow
def test_a_long_text_costs_its_first_part_on_the_first_screen() -> None:
    """As a ratio: a hundred times the text costs the first screen no more than in a small multiple."""
    small, large = ("\n\n".join(answers(number, seed=5)) for number in (20, 600))
    look = Look(80, UNICODE)

    def first(text: str) -> None:
        parser._parsed.cache_clear()
        list(document(text[:60_000], look, like=span(""), limit=1_000, first=True).lines)

    assert spent(lambda: first(large), tries=2) < 5 * spent(lambda: first(small), tries=2) + 0.01


@pytest.mark.parametrize(
    "text", [*HOSTILE, "[" * 5_000, "*a " * 3_000, "`" * 4_001, "> " * 900 + "x", "- " * 400 + "x"]
)
def test_hostile_markdown_is_harmless_and_ends(text: str) -> None:
    fits(text, 40)
    fits(f"| {text[:300]} | b |\n|---|---|\n| [{text[:300]}]({text[:200]}) | `{text[:300]}` |", 40)
    fits(f"```{text[:80]}\n{text[:300]}\n```", 40)


def test_a_text_with_an_endless_line_is_not_read_as_markdown() -> None:
    assert not is_markdown("x" * 5_000)
    assert not is_markdown("a\n" * 200_000)
    assert is_markdown("a\n" * 1_000)


def test_an_ascii_terminal_gets_ascii_markdown() -> None:
    text = "# a\n\n- b\n\n> c\n\n---\n\n| a | b |\n|---|---|\n| c | " + "d" * 40 + " |"
    for width in (20, 60):
        lines = list(document(text, Look(width, ASCII), like=span(""), limit=None).lines)
        assert all(plain(line).isascii() for line in lines)
