"""Values whose fields are made late are like others."""

from __future__ import annotations

import copy
import pickle

import pytest

from store.base.deferred import deferring
from store.base.late_dataclass import replace
from store.models import Hit

WHOLE = Hit("s", 3, "user", "a needle", ((2, 8),), 1.5, "cli", "opus", "A title", tool_name="grep")
later = deferring(Hit, "session_id", "message_id")


def deferred(made: list[Hit] | None = None) -> Hit:
    """A hit of which two fields are known; `made` gets it each time it is made whole."""

    def _whole() -> Hit:
        if made is not None:
            made.append(WHOLE)
        return WHOLE

    hit: Hit = later(_whole, "s", 3)
    return hit


def test_it_is_made_whole_once_and_for_what_is_not_known() -> None:
    """Mutants: `_rest` that stays, and fields that are not put."""
    made: list[Hit] = []
    hit = deferred(made)
    assert (hit.session_id, hit.message_id, made) == ("s", 3, [])
    assert (hit.text, hit.spans, hit.title) == ("a needle", ((2, 8),), "A title")
    assert made == [WHOLE]
    assert not hasattr(hit, "_rest")


def test_it_is_equal_hashed_copied_pickled_replaced_and_shown_as_any_other() -> None:
    assert deferred() == WHOLE
    assert hash(deferred()) == hash(WHOLE)
    assert copy.deepcopy(deferred()) == pickle.loads(pickle.dumps(deferred())) == WHOLE
    assert replace(deferred(), session_id="t") == replace(WHOLE, session_id="t")
    assert repr(deferred()) == repr(WHOLE)


def test_a_name_that_it_does_not_have_is_refused() -> None:
    for hit in (deferred(), WHOLE):
        with pytest.raises(AttributeError, match="nothing"):
            hit.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_what_fails_while_it_is_made_is_raised_each_time() -> None:
    """Mutant: `_rest` that is dropped before it has made anything."""

    def _fails() -> Hit:
        raise ValueError("damaged")

    hit: Hit = later(_fails, "s", 3)
    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            hit.text  # noqa: B018
