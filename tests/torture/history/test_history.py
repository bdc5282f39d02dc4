"""The oracle of known conversations in a small size, and what it is made of.

The full size is `python -m tests.torture --only history --full`.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.torture.history import run
from tests.torture.history.judge import Outcome, faults, is_ordered, is_two_sided
from tests.torture.history.sources import CLOCKS, KINDS, ROWS, case, numbers
from tests.torture.history.validator import complaints, unanswered

SESSIONS = int(os.environ.get("HISTORY_SESSIONS", "320"))
"""Mutants are looked for in more of them (`tests.torture.mutants`)."""
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "c1"}]}
RESULT = {"role": "tool", "content": "x", "tool_call_id": "c1"}


@pytest.mark.slow
def test_no_repair_of_a_known_conversation_loses_doubles_revives_or_misplaces_a_message() -> None:
    tally = run.run(SESSIONS, seed=11, every=SESSIONS // 8)

    assert tally.examples == []
    assert tally.untold <= SESSIONS / 100
    assert tally.one_sided_refused == 0
    assert tally.repaired == 8


@pytest.mark.slow
def test_what_order_or_clocks_decide_is_seldom_refused() -> None:
    tally = run.run(400, seed=12, every=0, plan_every=100)

    assert tally.ordered.keys() == {0.07, 0.3}
    assert all(tally.refused[loss] <= 0.15 * ordered for loss, ordered in tally.ordered.items())


@pytest.mark.slow
def test_conversations_of_each_kind_and_clock_are_made() -> None:
    made = [case(random.Random(number)) for number in range(400)]

    assert {found.kind for found in made} == set(KINDS)
    assert {found.clock for found in made} == set(CLOCKS)
    assert {found.rows_clock for found in made} == set(ROWS)
    assert any(found.edited for found in made)
    assert sum(is_two_sided(found) and is_ordered(found) for found in made) > 40


def test_the_judge_sees_what_is_lost_doubled_and_out_of_order() -> None:
    found = next(
        found
        for number in range(400)
        if (found := case(random.Random(number))).kind == "both" and is_two_sided(found) and len(found.lines) > 8
    )
    both = tuple(sorted((*found.lines, *found.rows), key=lambda kept: kept.number or 0))
    own = numbers(found.lines) - numbers(found.rows)

    assert "lost" in faults(found, Outcome(found.rows, (), refused=False))[0]
    assert any("doubled" in fault for fault in faults(found, Outcome(both, found.lines, refused=False)))
    last = tuple(kept for kept in found.lines if kept.number in own)
    assert "out of order" in faults(found, Outcome((*last, *found.rows), last, refused=False))


def test_the_validator_complains_as_providers_do() -> None:
    assert complaints([CALL, RESULT]) == set()
    assert complaints([RESULT, CALL]) == {"result of c1 without its call before it"}
    assert complaints([CALL, RESULT, CALL]) == {"call c1 twice"}
    assert complaints([CALL, RESULT, RESULT]) == {"call c1 answered twice"}
    assert unanswered([CALL], {"c1"}) == {"call c1 is not answered"}
    assert unanswered([CALL], set()) == set()
