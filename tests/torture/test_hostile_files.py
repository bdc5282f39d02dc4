"""Crafted files: every verb ends in time, with one line where it refuses; what is computed and not stored is not read.

The others are tried by `python -m tests.torture --only hostile`.

Mutants that these tests are for: a view read like a table; columns not quoted; all columns summed in one
expression; our table taken for ours whatever it is.
"""

from __future__ import annotations

import pytest

from tests.torture import hostile_files


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "messages are endless",
        "our table is endless",
        "generated columns of ours",
        "a column that is no text",
        "a table that is no text",
        "a column with a space",
        "1,000 columns",
        "an entry of other types",
        "a schema page of noise",
    ],
)
def test_no_verb_hangs_or_fails_on_a_crafted_file(name: str) -> None:
    found = hostile_files.run([name])

    assert found.wrong == ()
    assert found.verbs == len(hostile_files.VERBS)


def test_there_are_thirty_files_and_more() -> None:
    assert len(hostile_files.FILES) + len(hostile_files.RAW) >= 30
