r"""Patterns and functions that see stored text take a time that is linear in it; both are found in the sources.

Mutants that these tests were seen to catch: `(?<!\\)` taken from the escapes of `json_escapes`; a text cut again behind
each `<think>` block; `(.*)\)` in place of the last parenthesis in `schema_probe`; the end of a sentence in `snippet`
without what may not stand before it.
"""

from __future__ import annotations

import re

import pytest

from store.formats.message_codec import split_thinking
from tests.torture import linear

SIZE = 16_384


@pytest.mark.slow
def test_the_time_of_no_pattern_grows_faster_than_its_text() -> None:
    found = linear.run(linear.patterns(), size=SIZE)

    assert found.wrong == ()
    assert found.subjects > 50


@pytest.mark.slow
@pytest.mark.parametrize("room", ["store/formats/message", "store/query/", "store/formats/similarity"])
def test_the_time_of_no_function_grows_faster_than_its_text(room: str) -> None:
    found = linear.run(linear.functions(rooms=(room,)), size=SIZE)

    assert found.wrong == ()
    assert found.subjects


@pytest.mark.slow
def test_a_text_of_many_thoughts_is_read_once() -> None:
    """The copies of its rest show only where it is long."""
    tried = linear.Tried("thoughts", lambda text: split_thinking("assistant", text), ("<think></think>",))

    assert linear.run([tried], size=1_500_000).wrong == ()


@pytest.mark.slow
def test_what_is_not_linear_is_found() -> None:
    slow = re.compile(r"(?:\\+u[0-9a-f]{4})+")
    tried = linear.Tried("slow", lambda text: slow.sub("", text), ("\\",))

    [wrong] = linear.run([tried], size=SIZE).wrong

    assert wrong.startswith("slow on a run of")


@pytest.mark.slow
def test_patterns_and_functions_are_found_in_the_sources() -> None:
    patterns = {tried.name for tried in linear.patterns()}
    functions = {tried.name for tried in linear.functions()}

    assert "store/query/json_escapes.py:_ESCAPES.finditer" in patterns
    assert "hermes_tui/render/safe.py:HARMFUL.finditer" in patterns
    assert "store/formats/message_codec.py:'[a-z]+://'.match" in patterns
    assert {"store/formats/message_codec.py:split_thinking", "hermes_tui/render/body.py:body"} <= functions


def test_many_blocks_of_thought_are_read_one_behind_the_other() -> None:
    text, thought = split_thinking(
        "assistant", "<think>a</think> <THINKING>b</thinking>\n<think></think>answer <think>"
    )

    assert (text, thought) == ("answer <think>", "a\n\nb\n\n")
