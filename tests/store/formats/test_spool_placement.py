"""What could not be written stands where it was said, labelled, and nothing stands twice or out of order.

Mutants that these tests were seen to catch: `bisect_left`; a message before the one ahead of it in the spool; the first
younger row in place of the one from which on all are younger; pieces of the transcript without the last rows.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.feed import questions
from hermes_tui.feed.answers import SectionArrived
from store import Origin, SessionDB
from store.formats.spool_placement import insert_positions
from store.models import Message
from tests.builders import home, say, store

T = 1_784_000_000.0
TIMES = st.lists(st.one_of(st.none(), st.integers(0, 9).map(float)), max_size=12)


def waits(*times: float | None) -> list[Message]:
    return [Message(number, "s", "user", "x", time) for number, time in enumerate(times, 1)]


@pytest.mark.parametrize(
    ("rows", "spool", "expected"),
    [
        ([1, 2, 3], [2.5], [2]),
        ([1, 2, 3], [2], [2]),
        ([1, 2, 3], [0], [0]),
        ([1, 2, 3], [9, 9], [3, 3]),
        ([1, 2, 3], [None], [3]),
        ([1, 2, 3], [1, None, 2], [1, 1, 2]),
        ([1, 2, 3], [2, 1], [2, 2]),
        ([1, 5, 2, 6], [3], [3]),
        ([1, 2, 9, 3, 8], [4], [4]),
        ([1, None, 3], [2], [1]),
        ([], [1], [0]),
    ],
)
def test_a_message_stands_before_the_rows_that_are_all_younger(
    rows: list[float | None], spool: list[float | None], expected: list[int]
) -> None:
    assert insert_positions(rows, waits(*spool)) == expected


@pytest.mark.slow
@given(TIMES, TIMES)
def test_the_order_of_the_spool_is_kept(rows: list[float | None], spool: list[float | None]) -> None:
    found = insert_positions(rows, waits(*spool))
    assert found == sorted(found)
    assert len(found) == len(spool)
    assert all(0 <= place <= len(rows) for place in found)


@pytest.mark.parametrize("last", [25, 99])
@pytest.mark.parametrize("page", [1, 2, 4096])
def test_the_transcript_has_every_row_and_every_waiting_message_in_its_place(
    tmp_path: Path, page: int, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "PAGE_HEADS", page)
    folder = home(tmp_path)
    db = SessionDB(folder / "state.db")
    store(db, "s", [say("user", f"row {number}", timestamp=T + 10 * number) for number in range(4)])
    (folder / "pending_messages").mkdir()
    for number, timestamp in enumerate((T + 5, T + 6, T + 15, T + last)):
        payload = {
            "ts": timestamp,
            "seq": number,
            "data": {"session_id": "s", "message": say("user", f"waiting {number}", timestamp=timestamp)},
        }
        (folder / "pending_messages" / f"pending-{number}.json").write_text(json.dumps(payload))
    row = db.session("s")
    assert row is not None
    seen: list[str] = []
    ids: list[int] = []
    arrived = [one for one in questions.transcript(db, 1, row.id, row.origin) if isinstance(one, SectionArrived)]
    for one in arrived:
        seen += [message.text for message in db.messages([head.id for head in one.heads])]
        seen += [message.text for message in one.waiting]
        ids += [message.id or 0 for message in one.waiting]
        assert {message.origin for message in one.waiting} <= {Origin.SPOOL}
    end = ["waiting 3", "row 3"] if last == 25 else ["row 3", "waiting 3"]
    assert seen == ["row 0", "waiting 0", "waiting 1", "row 1", "waiting 2", "row 2", *end]
    assert ids == sorted(set(ids))
    assert ids[-1] < 0
    assert [one.first for one in arrived] == [True, *[False] * (len(arrived) - 1)]
    assert [one.done for one in arrived] == [*[False] * (len(arrived) - 1), True]
    db.close()
