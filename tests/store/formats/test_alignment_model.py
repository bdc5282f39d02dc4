"""The aligner against histories that are known; the full size is `python -m tests.torture.merge_model`."""

from __future__ import annotations

import pytest

from tests.torture.merge_model import KINDS, run


@pytest.mark.slow
def test_no_message_of_a_known_history_is_lost_doubled_or_brought_back() -> None:
    outcome = run(2_000, seed=1)

    assert outcome.wrong == []
    assert outcome.kinds.keys() == set(KINDS)


@pytest.mark.slow
def test_the_mutant_that_takes_the_longer_source_is_caught() -> None:
    assert run(1_000, seed=2).caught > 400
