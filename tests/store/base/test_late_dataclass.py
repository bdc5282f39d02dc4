"""Dataclasses whose methods are made at the first instance are like those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from store.base.late_dataclass import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Late:
    """A value."""

    name: str
    notes: list[str] = dataclasses.field(default_factory=list, compare=False)
    number: int = dataclasses.field(default=3, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", [*self.notes, "made"])


@dataclass(frozen=True, slots=True)
class Named:
    """A value that has an equality and a text of its own."""

    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.name.lower() == other.name.lower()

    def __hash__(self) -> int:
        return hash(self.name.lower())

    def __repr__(self) -> str:
        return f"<{self.name}>"


def test_a_late_dataclass_is_a_dataclass() -> None:
    """Mutants: no `__post_init__` called; `object` for a field's type; the fields made again at each look."""
    value = Late("a", ["x"], number=4)
    assert (value.name, value.notes, value.number) == ("a", ["x", "made"], 4)
    assert (Late("a"), hash(Late("a"))) == (Late("a", ["other"]), hash(Late("a", ["other"])))
    assert Late("a") != Late("b")
    assert repr(value) == "Late(name='a', notes=['x', 'made'], number=4)"
    assert dataclasses.replace(value, name="c", notes=[]) == Late("c", number=4)
    assert next((field.name, field.type) for field in dataclasses.fields(Late)) == ("name", "str")
    assert dataclasses.fields(Late)[0] is dataclasses.fields(value)[0]
    for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (same, same.notes) == (value, value.notes)
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Late()  # type: ignore[call-arg]
    assert not hasattr(value, "__dict__")


@dataclass(slots=True)
class Derived:
    """A value with a field that `__post_init__` makes."""

    name: str
    length: int = field(init=False)
    seen: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.length = len(self.name)


def test_a_field_that_is_not_asked_for_is_made_by_its_class() -> None:
    """Mutant: a method that sets each field by a parameter of its name."""
    value = Derived("abc")
    assert (value.length, value.seen) == (3, [])
    assert replace(value, name="ab").length == 2


def test_own_methods_stay() -> None:
    """Mutant: without `own` in `_complete` the two are different."""
    assert (Named("A"), hash(Named("A")), repr(Named("A"))) == (Named("a"), hash(Named("a")), "<A>")
