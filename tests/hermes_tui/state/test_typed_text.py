"""What in one read is text and what is keys."""

from __future__ import annotations

import pytest

from hermes_tui.state.typed_text import in_one_row, is_burst


@pytest.mark.parametrize(
    "text", ["docker", "retry\r", "a\rb", "ls -la\nrm", "x \n\t y", "部署\n部署", "jjjkkkl", "q\r\nq"]
)
def test_words_and_lines_are_text(text: str) -> None:
    assert is_burst(text)


@pytest.mark.parametrize("text", ["", "docke", "j" * 4096, "jk" * 40, "j\r", "\r\r\r\r\r\r\r", "ab\r", "\tjj"])
def test_a_key_that_repeats_and_a_few_keys_are_none(text: str) -> None:
    assert not is_burst(text)


def test_line_ends_and_tabs_become_spaces() -> None:
    assert in_one_row("a\r\nb\rc\nd\te") == "a b c d e"
