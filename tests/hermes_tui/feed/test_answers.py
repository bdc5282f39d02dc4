"""Answers are dataclasses from the first of their kind on, in whichever thread that is made."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hermes_tui.feed import answers
from hermes_tui.feed.answers import Answer


def test_a_class_of_answers_can_be_called_by_another_thread_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: with its first `__init__` taken away before it has the next one, that of all answers is called."""
    seen: list[bool] = []

    class Base(Answer):
        """With a field."""

        name: str
        notes: list[str] = dataclasses.field(default_factory=list)

    class Derived(Base):
        """With one more."""

        done: bool = False

    def noted(*values: Any, **named: Any) -> Any:
        seen.append("__init__" in vars(Derived))
        return dataclasses.make_dataclass(*values, **named)

    monkeypatch.setattr(answers, "make_dataclass", noted)
    answer = Derived(3, "a", done=True)
    assert (answer.generation, answer.name, answer.notes, answer.done) == (3, "a", [], True)
    assert seen == [True]
    assert hasattr(answer, "_prevent"), "Textual has made it a message"
    assert dataclasses.replace(answer, name="b").name == "b"
    assert Derived(3, "a").notes is not answer.notes
    assert Base(1, "c") == Base(1, "c") != Base(1, "d")
    with pytest.raises(TypeError):
        Derived(3)  # type: ignore[call-arg]
