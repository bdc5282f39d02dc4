"""Messages as lines: results with their calls, what was taken back, seams, what is needed to draw."""

from __future__ import annotations

import pytest

from hermes_tui.render.find import Needle
from hermes_tui.render.folds import Fold, Folds
from hermes_tui.render.line import plain
from hermes_tui.render.markdown.split import FIRST_LINES
from hermes_tui.widgets.match_folds import WHOLE
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from store.models import Message, ToolCall
from tests.hermes_tui.stage import NOW, at


def say(number: int, role: str, text: str = "", **more: object) -> Message:
    calls = more.pop("calls", ())
    assert isinstance(calls, tuple)
    made = tuple(ToolCall(name, f"tool_{name}", "{}") for name in calls)
    return Message(number, "s", role, text, at(14, 2), made, **more)  # type: ignore[arg-type]


def result(number: int, call: str | None, text: str = "done") -> Message:
    return say(number, "tool", text, tool_call_id=call, tool_name=f"tool_{call}")


def written(*messages: Message, here: bool = True) -> TranscriptLayout:
    text = TranscriptLayout(now=lambda: NOW, folds=Folds())
    text.add(Section("s", tuple(map(head_of, messages))))
    if here:
        text.bodies.put(messages)
    return text


def drawn(text: TranscriptLayout) -> list[str]:
    """All lines below the day of the first message."""
    lines, index = [], 0
    while index < len(text):
        lines += [str(plain(line)).rstrip() for line in text.lines(index)]
        index = text.index.after(index)
    return lines[2:] if lines and "╌╌ Mon 23 Nov 2026 ╌" in lines[0] else lines


def test_a_result_is_drawn_on_the_line_of_its_call() -> None:
    text = written(say(1, "assistant", calls=("a", "b")), result(2, "b", "Error: no"), result(3, "a"))
    lines = drawn(text)
    assert len(lines) == 2
    assert "tool_a" in lines[0]
    assert lines[0].endswith("✓ ok")
    assert "tool_b" in lines[1]
    assert lines[1].endswith("✗ error")
    assert text.index.leader(2) == text.index.leader(0) == 0


def test_calls_and_results_without_ids_belong_together_in_their_order() -> None:
    text = written(say(1, "assistant", calls=("a", "b")), result(2, None, "Error: first"), result(3, None))
    assert [line.rpartition(" B  ")[2] for line in drawn(text)] == ["✗ error", "✓ ok"]


def test_a_result_that_no_call_asked_for_stands_alone() -> None:
    text = written(say(1, "assistant", calls=("a",)), result(2, "a"), result(3, "other", "lonely words"))
    lines = drawn(text)
    assert sum("tool_other" in line for line in lines) == 1
    assert "tool ┊" in lines[2] or "tool ┊" in lines[1]
    alone = written(result(1, "x", "no call before it"))
    assert "no call before it" in drawn(alone)[0]


def test_a_result_before_its_call_answers_it_and_a_second_result_stands_alone() -> None:
    """Mutants: without `early` the call has no answer; the result stands above it once more, or has its time."""
    call = say(2, "assistant", calls=("a",))
    lines = drawn(written(result(1, "a", "Error: came early"), call, say(3, "user", "x")))
    assert [line.endswith("✗ error") for line in lines] == [True, False, False]
    assert "agent" in lines[0]
    assert "14:02" in lines[1]
    assert "x" in lines[2]
    told = result(4, "a", "Error: told before")
    lines = drawn(written(say(1, "assistant", calls=("a",)), told, say(5, "assistant", calls=("a",)), say(6, "user")))
    assert sum(line.endswith("✗ error") for line in lines) == 1, "a result of an id that is used again"
    lines = drawn(written(say(1, "assistant", calls=("a",)), result(2, "a"), result(3, "a", "Error: once more")))
    assert [line.rpartition(" B  ")[2] for line in lines if " B  " in line] == ["✓ ok", "✗ error"]


def test_lines_are_drawn_as_they_are_asked_for_and_come_out_as_all_at_once() -> None:
    """Mutants: all lines drawn for the first; a height left as it was estimated; no blank row below the last; the
    height of a short one known with its last line alone."""
    text = "\n\n".join(f"Paragraph {number} has *words* in it, and a few more than fit a line." for number in range(40))
    said = [say(1, "assistant", text), say(2, "user", "thanks")]
    whole, layout = written(*said).lines(0), written(*said)
    estimated = layout.heights[0]
    assert len(layout.begun(0, 9).lines) == 9
    assert layout.heights[0] == estimated
    assert layout.begun(0, 9_999).lines == layout.lines(0) == whole
    assert layout.heights[0] == len(whole) != estimated
    layout.begun(1, 1)
    known = layout.heights[1]
    assert known == len(layout.lines(1)), "known at once of one that is short"
    layout.mark(Needle("words"))
    assert len(layout.begun(0, 9).lines) == len(whole), "marks are counted over all of it"


def test_heights_are_estimated_alike_however_the_messages_come() -> None:
    """Mutant: a result that begins a page taken for one of no call."""
    said = [
        say(1, "assistant", calls=("a", "b", "c")),
        *(result(place, "x") for place in (2, 3, 4)),
        say(5, "user", "x"),
    ]
    at_once = written(*said).heights.each
    for cut in range(1, 5):
        layout = written(*said[:cut])
        layout.extend(map(head_of, said[cut:]))
        assert layout.heights.each == at_once, cut


def long_answer() -> Message:
    return say(1, "assistant", "\n\n".join(f"Paragraph {number} has *words* in it." for number in range(900)))


def test_a_message_of_any_length_is_laid_out_as_far_as_a_screen_first() -> None:
    """Mutants: the text drawn as far as its limit at once; what was shown before left out after a fold."""
    line = "one line of a very long text\n"
    layout = written(say(1, "user", line * 1_200), say(2, "user", "thanks"))
    assert len(layout.lines(0)) <= FIRST_LINES + 3
    (drawing,) = layout.unfinished([0]).values()
    layout.finish(0, drawing, drawing.draw())
    shown = layout.lines(0)
    assert "space shows all" in plain(shown[-2])
    layout.fold(0, WHOLE)
    assert layout.lines(0) == shown, "until all of it is drawn"
    (drawing,) = layout.unfinished([0]).values()
    layout.finish(0, drawing, drawing.draw())
    assert len(layout.lines(0)) == 1_200 + 3


@pytest.mark.slow
def test_a_long_answer_is_drawn_in_two_steps_and_comes_out_as_in_one() -> None:
    """Mutants: `first` ignored by the drawing; a result taken that belongs to an earlier drawing."""
    text = written(long_answer(), say(2, "user", "thanks"))
    first = len(text.lines(0))
    (drawing,) = text.unfinished([0, 1]).values()
    all_of_it = drawing.draw()
    assert len(all_of_it.lines) > 2 * first
    text.finish(0, drawing, all_of_it)
    assert [plain(line) for line in text.lines(0)[2:]] == [plain(line) for line in all_of_it.lines]
    assert text.heights[0] == 2 + len(all_of_it.lines)
    assert text.unfinished([0]) == {}
    text.fold(0, Folds(source=True))
    text.lines(0)
    text.finish(0, drawing, all_of_it)
    assert "*words*" in plain(text.lines(0)[2])


@pytest.mark.slow
def test_all_of_a_huge_output_is_drawn_later_and_no_more_than_a_screen_can_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutant: `WHOLE` drawn at once, without a limit."""
    monkeypatch.setattr("hermes_tui.render.block.LONGEST_WHOLE", 100_000)
    output = "a line of output\n" * 12_000
    text = written(say(1, "assistant", calls=("a",)), result(2, "a", output), say(3, "user", "x"))
    text.fold(0, Folds(tools=Fold.WHOLE))
    assert len(text.lines(0)) < 60
    (drawing,) = text.unfinished([0]).values()
    lines = drawing.draw().lines
    assert 5_000 < len(lines) < 6_000
    assert "6 118 more lines · too long for a screen" in plain(lines[-2])


def test_lines_that_are_not_wrapped_go_on_to_the_right() -> None:
    text = written(say(1, "user", "word " * 60), say(2, "assistant", "word " * 60))
    assert len(text.lines(1)) > 3
    text.wrap(False)
    assert len(plain(text.lines(0)[2])) > 300
    assert len(plain(text.lines(1)[0])) > 300


def test_a_message_needs_the_bodies_of_its_results_too() -> None:
    messages = [say(1, "user", "hi"), say(2, "assistant", calls=("a",)), result(3, "a"), say(4, "user", "more")]
    text = written(*messages, here=False)
    assert text.needed(1) == text.needed(2) == [2, 3]
    text.bodies.put(messages[:2])
    assert text.complete(0)
    assert not text.complete(1)
    text.bodies.put(messages[2:])
    assert text.complete(1)


def test_a_message_without_its_body_is_as_high_as_it_may_come_out() -> None:
    text = written(say(1, "user", "word " * 200), here=False)
    assert len(text.lines(0)) == text.heights[0] > 10
    assert all(not plain(line).strip() for line in text.lines(0))


def test_what_the_user_took_back_is_one_line_until_it_is_shown() -> None:
    messages = [
        say(1, "user", "kept"),
        *(say(n, "user", f"gone {n}", active=False) for n in (2, 3)),
        say(4, "user", "z"),
    ]
    text = written(*messages)
    assert any("╌╌ 2 messages undone · v shows them ╌" in line for line in drawn(text))
    assert not any("gone" in line for line in drawn(text))
    assert text.needed(1) == []
    text.show_undone(True)
    lines = drawn(text)
    assert any("v hides them" in line for line in lines)
    assert sum("undone ┃ gone" in line for line in lines) == 2


def test_what_a_compaction_took_out_of_the_context_stays_in_the_text() -> None:
    text = written(say(1, "user", "old words", active=False, compacted=True), say(2, "user", "new"))
    assert any("old words" in line for line in drawn(text))
    assert not any("undone" in line for line in drawn(text))


def test_messages_that_a_compaction_put_aside_begin_with_a_seam() -> None:
    """Mutant: a seam above each of them."""
    aside = [say(n, "user", f"old {n}", active=False, compacted=True) for n in range(2, 5)]
    text = written(say(1, "user", "a"), *aside, say(5, "user", "b"), say(6, "user", "c", active=False, compacted=True))
    seams = [line.strip(" ╌") for line in drawn(text) if "╌" in line]
    assert seams == ["3 messages compacted, kept as history", "1 message compacted, kept as history"]


def test_a_section_and_a_new_day_begin_with_a_seam() -> None:
    text = written(say(1, "user", "first"))
    later = Message(2, "t", "user", "second", at(9, 5, day=24))
    text.add(Section("t", (head_of(later),), "§2 of 2 · compacted"))
    text.bodies.put([later])
    lines = drawn(text)
    assert [line.strip("╌ ") for line in lines if "╌" in line] == ["§2 of 2 · compacted", "Tue 24 Nov"]
    assert lines[-3:] == ["", "   user ┃ second", "  09:05"]


def test_the_first_message_has_its_day_with_the_year_and_one_without_a_time_has_none() -> None:
    """Mutant: a seam only where the day changes."""
    assert plain(written(say(1, "user", "x")).lines(0)[0]).startswith("  ╌╌ Mon 23 Nov 2026 ╌")
    gone_first = written(say(1, "user", "gone", active=False), say(2, "user", "x"))
    assert "Mon 23 Nov 2026" in plain(gone_first.lines(1)[0])
    assert "Nov" not in plain(written(Message(1, "s", "user", "x")).lines(0)[0])


def test_the_first_day_stands_below_messages_without_a_time_and_between_them_only_a_new_one() -> None:
    """Mutant: no day below a message without a time, as the session_meta line of a JSONL file is."""
    undated = [Message(number, "s", "system", "tools") for number in (1, 3, 5)]
    later = Message(6, "s", "user", "z", at(9, 5, day=24))
    text = written(undated[0], say(2, "user", "x"), undated[1], say(4, "user", "y"), undated[2], later)
    seams = [line.strip(" ╌") for line in drawn(text) if "╌" in line]
    assert seams == ["Mon 23 Nov 2026", "Tue 24 Nov"]


def test_calls_without_a_word_between_them_are_one_turn() -> None:
    messages = [say(1, "assistant", calls=("a",)), result(2, "a"), say(3, "assistant", calls=("b",)), result(4, "b")]
    lines = drawn(written(*messages, say(5, "assistant", "the answer")))
    assert len(lines) == 3
    assert [line[:8] for line in lines] == ["  agent ", "  14:02 ", "        "], "the time takes no line of its own"


def test_an_open_output_ends_the_turn() -> None:
    messages = [say(1, "assistant", calls=("a",)), result(2, "a", "output here"), say(3, "assistant", "the answer")]
    text = written(*messages)
    text.fold(0, Folds(tools=Fold.OPEN))
    lines = drawn(text)
    assert any("tool ┊ output here" in line for line in lines)
    assert sum("agent" in line for line in lines) == 2


def test_a_call_without_a_result_runs_only_at_the_end_of_a_live_session() -> None:
    text = written(say(1, "assistant", calls=("a",)))
    assert "no answer" in drawn(text)[0]
    text.set_live(True)
    assert "… running" in drawn(text)[0]
    text.extend([head_of(say(2, "user", "hello?"))])
    assert "no answer" in drawn(text)[0]


def test_growth_draws_the_end_again() -> None:
    text = written(say(1, "assistant", calls=("a",)))
    assert "no answer" in drawn(text)[0]
    answer = result(2, "a")
    text.extend([head_of(answer)])
    text.bodies.put([answer])
    assert drawn(text)[0].endswith("✓ ok")


def test_a_thousand_results_of_one_call_are_not_all_looked_through() -> None:
    text = written(say(1, "assistant", calls=("a",)), *(result(n, "a") for n in range(2, 1002)), here=False)
    assert len(text.needed(0)) < 200
    assert text.index.leader(900) == 900


def test_an_empty_section_leaves_its_place_to_the_next_and_what_was_taken_back_ends_with_its_section() -> None:
    text = TranscriptLayout(now=lambda: NOW, folds=Folds())
    gone = [say(number, "user", "gone", active=False) for number in (1, 2, 3)]
    text.add(Section("a", ()))
    text.add(Section("b", (head_of(gone[0]), head_of(gone[1])), "second"))
    text.add(Section("c", (head_of(gone[2]),), "third"))
    lines = [line.strip("╌ ") for line in drawn(text) if line]
    assert lines == ["second", "2 messages undone · v shows them", "third", "1 message undone · v shows it"]
    text.extend([head_of(say(4, "user", "gone too", active=False))])
    assert [line.strip("╌ ") for line in drawn(text) if line][-1] == "2 messages undone · v shows them"
