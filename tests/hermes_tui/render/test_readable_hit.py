"""Texts of hits as people read them; the marks stay on what was found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.render.glyphs import ASCII
from hermes_tui.render.readable_hit import readable
from tests.cpu_time import spent


def shown(text: str, word: str = "", *, is_tool: bool = False) -> tuple[str, list[str]]:
    """The readable text, and what is marked in it."""
    spans = [match.span() for match in re.finditer(re.escape(word), text)] if word else []
    found, moved = readable(text, spans, is_tool=is_tool)
    return found, [found[begin:end] for begin, end in moved]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('terminal {"command": "docker system df"}', "▸ terminal  docker system df"),
        (
            'write_file {"path": "orchard.md", "content": "# Where we sleep\\nquinces"}',
            "▸ write_file  orchard.md: # Where we sleep ⏎ quinces",
        ),
        ('odd_tool {"depth": 3, "content": "x", "path": "y"}', "▸ odd_tool  depth: 3 · content: x · path: y"),
        ('odd_tool {"depth": 3}', "▸ odd_tool  depth: 3"),
        ('cut {"note": "caf\\u00e9 \\ud83d\\ude80 C:\\\\u00e9", "x', '▸ cut  note: café 🚀 C:\\u00e9", "x'),
        ('terminal {"command": "ls"} read_file {"path": "a"}', "▸ terminal  ls ▸ read_file a"),
        ("no call at all", "no call at all"),
    ],
)
def test_a_call_is_its_name_and_what_it_was_given(text: str, wanted: str) -> None:
    assert shown(text)[0] == wanted


def test_our_signs_between_fields_are_those_of_the_terminal() -> None:
    """Mutant: a dot between fields whatever the terminal can show."""
    text = 'patch {"path": "a", "mode": "b\\nc"}'
    assert readable(text, (), is_tool=False, words=ASCII.words)[0] == "> patch  a - mode: b / c"


def test_a_result_is_its_text() -> None:
    assert shown('{"output": "one\\ntwo \\"three\\""}', is_tool=True)[0] == 'one ⏎ two "three"'


def test_signs_of_markdown_are_left_out() -> None:
    assert shown("## **Two** ways\n```python\nx\n```\n| a | b |")[0] == "Two ways\n\nx\n\n  a   b  "


@pytest.mark.parametrize("word", ["docker", '"command"', "terminal", "df", "**", "quinces"])
def test_what_was_found_stays_and_is_marked(word: str) -> None:
    """Mutant: with the ranges as they were in the stored text, the marks are on other letters."""
    text = 'terminal {"command": "docker **system** df\\nquinces", "docker": "df"}'
    assert shown(text, word)[1] == [word] * text.count(word)


@given(st.text(alphabet='ab {}":,\\nt*#|`_\n', max_size=60), st.lists(st.integers(0, 60), max_size=6), st.booleans())
def test_no_text_loses_a_match(text: str, places: list[int], is_tool: bool) -> None:
    cuts = sorted({min(place, len(text)) for place in places})
    spans = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b]
    found, moved = readable(text, spans, is_tool=is_tool)
    assert [found[a:b] for a, b in moved] == [text[a:b] for a, b in spans]


def test_its_cost_is_linear() -> None:
    small, large = ("x {" + '{"a": "\\n**|' * number for number in (200, 2_000))
    assert spent(lambda: readable(large, (), is_tool=True)) < 40 * max(
        spent(lambda: readable(small, (), is_tool=True)), 1e-4
    )
