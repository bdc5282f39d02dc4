"""An agent's turn-by-turn writing on every engine."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from store.agent.recorder import SessionRecorder, replay
from store.base.errors import Locked, ReadOnly
from store.home_store import HomeStore
from tests.builders import META, jsonl, say, talk
from tests.contract.cases import BRIEF, Case


@dataclass(frozen=True, slots=True)
class Held:
    """A handle that a recorder writes through."""

    store: HomeStore


def contents(case: Case, session_id: str = "s1") -> list[object]:
    """What a session says, as an agent reads it."""
    return [message["content"] for message in case.messages.get_messages_as_conversation(session_id)]


def texts(start: int, stop: int) -> list[str]:
    """What `talk` says."""
    return [f"message {number}" for number in range(start, stop)]


def test_a_conversation_is_written_as_far_as_it_is_new(case: Case) -> None:
    recorder = SessionRecorder(Held(case.store), "s1", source="telegram", model="opus")
    assert recorder.record(talk(2)) == 2
    assert recorder.record(talk(2)) == 0
    assert recorder.record(talk(5)) == 3
    assert recorder.record([META, *talk(5), say("user", "message 4")]) == 1
    assert contents(case) == [*texts(0, 5), "message 4"]
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["source"], row["model"], row["message_count"]) == ("telegram", "opus", 6)


def test_a_recorder_goes_on_behind_what_others_wrote(case: Case) -> None:
    recorder = SessionRecorder(Held(case.store), "s1")
    recorder.record(talk(2))
    case.messages.append_message("s1", "user", "from another agent")
    assert recorder.record(talk(4)) == 2
    assert contents(case) == [*texts(0, 2), "from another agent", *texts(2, 4)]
    other = SessionRecorder(Held(case.open()), "s1")
    assert other.record([*talk(2), say("user", "from another agent"), *talk(3, start=2)]) == 1


def test_an_append_after_a_stamp_is_not_done_where_others_wrote(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    stamp = case.engine.messages.stamp("s1")
    case.messages.append_messages("s1", talk(1))
    assert case.store.write(lambda tx: tx.append_after("s1", stamp, ())) is None
    now = case.engine.messages.stamp("s1")
    assert case.store.write(lambda tx: tx.append_after("s1", now, ())) == now


def test_a_turn_that_met_a_lock_is_kept_and_written_with_the_next_one(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    brief = case.open(patience=BRIEF)
    recorder = SessionRecorder(Held(brief), "s1")
    with case.locked():
        with pytest.raises(Locked):
            recorder.record(talk(2))
        assert recorder.waiting == 1
        assert case.browser.refused() == (recorder.spooled,)
        assert case.messages.message_count() == 0
    assert recorder.record(talk(3)) == 3
    assert (recorder.waiting, recorder.spooled, contents(case)) == (0, None, texts(0, 3))
    assert case.browser.refused() == ()
    brief.close()


def test_a_turn_that_is_refused_lies_in_a_file_until_it_is_replayed(case: Case) -> None:
    reader = case.open(read_only=True)
    recorder = SessionRecorder(Held(reader), "s1", source="telegram")
    with pytest.raises(ReadOnly):
        recorder.record(talk(2))
    assert recorder.spooled is not None
    assert case.browser.refused() == (recorder.spooled,)
    recorder.close()
    assert replay(Held(case.store), recorder.spooled) == 2
    assert (contents(case), case.browser.refused()) == (texts(0, 2), ())
    reader.close()


def test_a_first_turn_brings_the_messages_of_the_file_along(case: Case) -> None:
    jsonl(case.folder, "s1", [META, *talk(3), say("assistant", "message 3", mirror=True, codex_message_items=[1])])
    recorder = SessionRecorder(Held(case.store), "s1")
    assert recorder.record(talk(5)) == 5
    assert contents(case) == texts(0, 5)
    recorder.close()
    assert recorder.waiting == 0
