"""Plain words: none of those that were replaced, no name with two meanings, docstrings that begin with a noun."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from tests.source_tree import PACKAGES, Source, classes, sources
from tests.words import ANY_REPLACED, ONE_FUNCTION, ONE_MEANING, QUESTION_WORDS, REPLACED, Where, Word, split

EXAMPLES = {
    Where.NAMES: [
        *("mended", "told", "octets", "moment", "anew", "kept_aside", "gone_round", "withdraw", "wishes", "sought"),
        *("judged", "likeness", "is_well", "far", "Lane", "StoreDesk", "shelves", "keeper", "one"),
    ],
    Where.PROSE: [
        *("What it mends.", "Told once.", "Its octets.", "One moment.", "Made anew.", "It is kept aside."),
        *("An index is gone round.", "It was withdrawn.", "The latest wish.", "What stands around it."),
        *("What is sought.", "It is judged.", "By likeness.", "All is well.", "A well session."),
        *("A critical section.", "It is their turn.", "How far it is."),
        *("In one lane.", "The desk.", "A shelf.", "A keeper."),
    ],
    Where.QUEUE: ["A turn."],
}
ALLOWED = {
    Where.NAMES: ["recommended", "farther", "one_hit", "someone", "settle", "planes", "wellformed"],
    Where.PROSE: [
        "A chat turn.",
        "So far none.",
        "As well as it may.",
        "A well-known id.",
        "In turn.",
        "Foretold.",
        "One.",
    ],
}


def texts(source: Source) -> Iterator[tuple[Where, int, str]]:
    """What a file says: kind, line and text of each name, docstring and comment."""
    is_queue = source.place == "store/sqlite/connect/writer_queue.py"
    for line, name in source.names():
        yield Where.NAMES | (Where.QUEUE if is_queue else Where.NAMES), line, split(name)
    for line, text in (*source.docstrings(), *source.comments()):
        yield Where.PROSE | (Where.QUEUE if is_queue else Where.PROSE), line, " ".join(text.split())


@cache
def found(where: Where, text: str) -> list[Word]:
    """The words of the list that stand in a text."""
    if not ANY_REPLACED.search(text):
        return []
    return [word for word in REPLACED if word.where & where and word.pattern.search(text)]


@pytest.mark.slow
def test_no_word_that_was_replaced_is_left() -> None:
    wrong = [
        f"{source.place}:{line} {text[:60]!r}: write {word.instead}"
        for source in sources(*PACKAGES)
        for where, line, text in texts(source)
        for word in found(where, text)
    ]
    assert wrong == []


@pytest.mark.parametrize(("where", "text"), [(where, text) for where, known in EXAMPLES.items() for text in known])
def test_each_replaced_word_is_seen(where: Where, text: str) -> None:
    assert found(where, split(text) if where is Where.NAMES else text)


@pytest.mark.parametrize(("where", "text"), [(where, text) for where, known in ALLOWED.items() for text in known])
def test_words_that_only_look_so_are_allowed(where: Where, text: str) -> None:
    assert found(where, split(text) if where is Where.NAMES else text) == []


def test_no_pattern_is_without_an_example() -> None:
    seen = {word for where, known in EXAMPLES.items() for text in known for word in found(where, split(text))}
    seen |= {word for where, known in EXAMPLES.items() for text in known for word in found(where, text)}
    assert [word.pattern.pattern for word in REPLACED if word not in seen] == []


def test_each_of_the_names_that_had_several_meanings_has_one() -> None:
    kinds = Counter(name.rpartition(".")[2].removeprefix("_") for name in classes(*PACKAGES))
    functions = Counter(
        node.name for source in sources(*PACKAGES) for node in source.tree.body if isinstance(node, ast.FunctionDef)
    )
    assert {name: kinds[name] for name in ONE_MEANING if kinds[name] > 1} == {}
    assert {name: functions[name] for name in ONE_FUNCTION if functions[name] > 1} == {}


def test_no_docstring_of_a_module_begins_with_a_question() -> None:
    wrong = [
        source.place
        for source in sources(*PACKAGES)
        if (ast.get_docstring(source.tree) or "What").split()[0] in QUESTION_WORDS
    ]
    assert wrong == []
