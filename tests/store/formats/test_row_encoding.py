"""What cannot be stored, or not be read again, is refused before a lock is taken, as a ValueError."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest

from store import SessionDB
from store.base import strict_json
from store.formats import row_encoding
from store.formats.row_encoding import message_rows
from tests import builders


class Textless:
    """Its `str()` fails."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Worse(Exception):
    """Its message fails too."""

    __str__ = __repr__ = Textless.__str__


class Itemless(dict[str, object]):
    """Its `items()`, which JSON asks for, and its truth fail."""

    def items(self) -> NoReturn:
        raise Worse

    def __bool__(self) -> NoReturn:
        raise Worse


def nested(depth: int) -> list[object]:
    """A list in a list, so often."""
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def endless() -> list[object]:
    """A list that contains itself."""
    value: list[object] = []
    value.append(value)
    return value


REFUSED: dict[str, dict[str, object]] = {
    "a content nested too deep for Python": {"content": nested(3000)},
    "a content nested too deep to be read": {"content": nested(202)},
    "calls nested too deep": {"tool_calls": nested(3000)},
    "a content without a text": {"content": Textless()},
    "a content with a part without a text": {"content": [Textless()]},
    "a role without a text": {"role": Textless()},
    "an object without its items": {"content": Itemless(a=1)},
    "calls that are neither true nor false": {"tool_calls": Itemless()},
    "a key of an object that JSON has not": {"content": {(1, 2): 3}},
    "a list that contains itself": {"content": endless()},
    "a time that is not finite": {"timestamp": math.inf},
    "a time that the system does not know": {"timestamp": datetime.min},
    "a number of too many digits": {"content": 10**5000},
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_value_that_cannot_be_stored_is_a_value_error(tmp_path: Path, what: str) -> None:
    """And nothing of its turn is written. Mutant for each: without its handler another error comes, or none."""
    database = builders.db(builders.home(tmp_path))
    database.create_session("s", "cli")
    with pytest.raises(ValueError, match=r".") as refused:
        database.append_messages(
            "s", [builders.say("user", "first"), {"role": "user", "content": "x", **REFUSED[what]}]
        )
    assert not isinstance(refused.value, strict_json.BadJson)
    assert database.get_messages("s") == []
    assert database.append_message("s", "user", "next") == 1


def test_a_message_that_is_no_dict_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        message_rows(["text"], now=1.0)  # type: ignore[list-item]


@pytest.mark.parametrize("key", [5, b"key", ("a",), True, Textless()])
def test_a_key_that_is_no_text_is_refused(tmp_path: Path, key: object) -> None:
    database = builders.db(builders.home(tmp_path))
    database.create_session("s", "cli")
    with pytest.raises(ValueError, match="must be a text"):
        database.append_message("s", "user", "x", key=key)  # type: ignore[arg-type]
    assert database.get_messages("s") == []


@pytest.mark.parametrize("patience", [math.inf, math.nan, -1.0, 1e300, "5", None])
def test_a_patience_that_no_clock_has_is_refused(tmp_path: Path, patience: float) -> None:
    with pytest.raises(ValueError, match="patience"):
        SessionDB(tmp_path / "state.db", patience=patience)
    assert list(tmp_path.iterdir()) == []


def test_what_is_nested_as_deep_as_is_read_comes_back(tmp_path: Path) -> None:
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s", [builders.say("user", nested(strict_json.MAX_DEPTH + 1))])
    assert database.get_messages("s")[0]["content"] == nested(strict_json.MAX_DEPTH + 1)


@pytest.mark.parametrize(
    ("fits", "over"),
    [
        ({"content": "x" * 990}, {"content": "x" * 1000}),
        ({"content": "é" * 495}, {"content": "é" * 500}),
        ({"content": "x" * 500, "reasoning": "y" * 480}, {"content": "x" * 500, "reasoning": "y" * 500}),
    ],
)
def test_a_row_is_refused_by_the_bytes_of_all_its_columns(
    monkeypatch: pytest.MonkeyPatch, fits: dict[str, object], over: dict[str, object]
) -> None:
    """Mutants: characters in place of bytes; the content alone."""
    monkeypatch.setattr(row_encoding, "MAX_ROW", 1000)
    assert message_rows([{"role": "assistant", **fits}], now=1.0)
    with pytest.raises(ValueError, match="is not stored: the limit is"):
        message_rows([{"role": "assistant", **over}], now=1.0)


def test_the_refusal_names_the_size_and_the_limit(tmp_path: Path) -> None:
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s", [builders.say("user", "before")])
    with pytest.raises(ValueError, match=r"260\.0 MB.*250 MB"):
        database.append_message("s", "tool", "x" * (260 << 20))
    assert [row["content"] for row in database.get_messages("s")] == ["before"]


def test_no_verb_stores_a_row_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: no look at what each verb is given; a lone surrogate counted before it is replaced."""
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s", [builders.say("user", "before")])
    before = database.get_session("s")
    monkeypatch.setattr(row_encoding, "MAX_ROW", 30_000)
    large = "\ud800" * 10_001
    writes: tuple[Callable[[], object], ...] = (
        lambda: database.append_message("s", "tool", large),
        lambda: database.replace_messages("s", [{"role": "tool", "content": large}]),
        lambda: database.update_system_prompt("s", large),
        lambda: database.create_session("t", "cli", system_prompt=large),
        lambda: database.end_session("s", large),
        lambda: database.update_token_counts("s", cost_source=large),
    )
    for write in writes:
        with pytest.raises(ValueError, match="is not stored: the limit is"):
            write()
    assert [row["content"] for row in database.get_messages("s")] == ["before"]
    assert (database.get_session("s"), database.get_session("t")) == (before, None)


def test_several_calls_do_not_make_a_session_too_large_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: only what a call is given is measured. A list of sessions sorts whole rows no more than it has to."""
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s", [builders.say("user", "before")])
    monkeypatch.setattr(row_encoding, "MAX_ROW", 30_000)
    half = "\u00e9" * 10_000
    database.update_system_prompt("s", half)
    before = database.get_session("s")
    writes: tuple[Callable[[], object], ...] = (
        lambda: database.create_session("s", "cli", model_config={"note": half}),
        lambda: database.end_session("s", half),
        lambda: database.update_token_counts("s", input_tokens=1, cost_source=half),
    )
    for write in writes:
        with pytest.raises(ValueError, match=r"a session of .* is not stored: the limit is"):
            write()
    assert database.get_session("s") == before
    database.update_system_prompt("s", "short")
    database.end_session("s", half)
    assert database.get_session("s") != before
