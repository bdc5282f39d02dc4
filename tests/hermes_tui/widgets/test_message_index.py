"""Messages by their index, without their bodies."""

from __future__ import annotations

from hermes_tui.widgets.message_index import MessageIndex, Section, head_of
from store.models import Message
from tests.hermes_tui.widgets.test_transcript_layout import result, say


def indexed(*messages: Message) -> MessageIndex:
    index = MessageIndex()
    index.add(Section("s", tuple(map(head_of, messages))))
    return index


def test_going_through_passes_by_what_is_not_shown_in_one_step() -> None:
    index = indexed(
        say(1, "user", "a"), *(say(n, "user", "x", active=False) for n in range(2, 1002)), say(1002, "user", "z")
    )
    assert index.after(0) == 1
    assert index.after(1) == 1001
    assert index.before(1001) == 1
    assert index.before(1) == 0
    assert index.before(0) == -1
    assert index.after(1001) == len(index)


def test_a_line_that_describes_the_session_has_no_number() -> None:
    """Mutant: with every line counted the status says 995 where the banner says 994."""
    index = indexed(say(1, "session_meta"), say(2, "user"), say(3, "assistant"))
    index.add(Section("t", (head_of(say(4, "session_meta")), head_of(say(5, "user")))))
    assert [index.number(place) for place in range(-1, 5)] == [0, 0, 1, 2, 2, 3]


def test_a_message_is_found_by_its_id_in_any_section() -> None:
    index = indexed(*(say(n, "user") for n in (5, 9)))
    index.add(Section("t", tuple(head_of(say(n, "user")) for n in (2, 7))))
    assert [index.index_of(number) for number in (5, 9, 2, 7, 3, 6)] == [0, 1, 2, 3, None, None]


def test_results_are_led_by_the_message_of_their_calls_and_by_no_other_section() -> None:
    index = indexed(say(1, "user"), say(2, "assistant", calls=("a", "b")), result(3, "a"), result(4, "b"))
    index.add(Section("t", (head_of(result(5, "a")),), "§2 of 2"))
    assert [index.leader(place) for place in range(5)] == [0, 1, 1, 1, 4]
    assert index.results(1) == range(2, 4)
    assert [index.above(place) for place in range(5)] == [None, 0, 1, 1, 1]
    assert index.below(1) == index.below(3) == 4
    assert index.below(4) is None
    assert [index.label_at(place) for place in range(5)] == ["", "", "", "", "§2 of 2"]


def test_the_first_message_of_a_section_is_known_once_it_is_here() -> None:
    index = indexed(say(1, "user"))
    index.add(Section("t", ()))
    assert index.first_of("s") == 1
    assert index.first_of("t") is None
    assert index.first_of("another") is None
    assert (index.last_section, index.last_of_section) == ("t", 0)
    index.extend([head_of(say(7, "user"))])
    assert index.last_of_section == 7
