"""Each kind of content is shown as what it is, in words (docs/format.md §3).

Each guard was seen to fail with its mutant: `notes` giving nothing; the user's label for what Hermes put in; a notice
that ends before the text does taken for the whole of it; memory drawn like what was typed.
"""

from __future__ import annotations

import pytest

from hermes_tui.render import message_kind
from hermes_tui.render.gutter import measure
from hermes_tui.render.line import Role, plain
from hermes_tui.render.look import Look
from hermes_tui.render.message import MessageDrawing
from store.models import UNREADABLE, Message, Origin
from tests.hermes_tui.render.samples import GLYPHS, NOW


def say(text: str, role: str = "user", **more: object) -> Message:
    return Message(1, "s", role, text, **more)  # type: ignore[arg-type]


def drawn(message: Message) -> list[str]:
    return [plain(line).rstrip() for line in MessageDrawing(message, Look(measure(80), GLYPHS), NOW).lines()]


@pytest.mark.parametrize(
    ("message", "label", "note"),
    [
        (say("opus now", display_kind="model_switch"), "hermes ╎", "model switch · put in by Hermes, not typed"),
        (say("x", display_kind="hidden"), "hermes ╎", "hidden · put in by Hermes, not typed"),
        (say("x", summary=True), "hermes ╎", "summary · stands for messages that were compacted"),
        (say("hi all", observed=True), "user ┃", "observed · said in the group, not to the agent"),
        (say("x", "assistant", mirrored="cron: daily"), "agent │", "mirror · sent from cron: daily"),
        (say("", "session_meta"), "about ╎", "session_meta · describes the session, is no message"),
        (say("model opus", "session_meta", aside=True), "about ╎", "session_meta · model opus"),
        (say("x", origin=Origin.SPOOL), "user ┃", "spool · waits to be written into SQLite"),
        (
            say("x", kept=Origin.JSONL),
            "user ┃",
            "from JSONL · SQLite lacks it on the machine that it was copied from",
        ),
        (say("[SYSTEM: p1 is done]"), "hermes ╎", "notice · put in by Hermes, not typed"),
        (say("[System note: cut]\ngo on"), "user ┃", "notice · put in by Hermes before what follows it"),
        (say('[IMPORTANT: The user has invoked the "a" skill]\n# A'), "hermes ╎", "skill · its text, loaded by Hermes"),
        (
            say("[Your active task list was preserved across context compression]\n- a"),
            "hermes ╎",
            "task list · kept across a compaction",
        ),
        (
            say("Review the conversation above and update the skill library."),
            "hermes ╎",
            "review · asked by Hermes itself",
        ),
    ],
)
def test_what_is_more_than_talk_says_so_above_its_text(message: Message, label: str, note: str) -> None:
    lines = drawn(message)
    assert lines[0] == f"{label:>9} {note}"
    if message.text and not message.aside:
        assert message.text.split("\n", maxsplit=1)[0] in lines[1]


@pytest.mark.parametrize("text", ["hello", "[IMPORTANT] read this", "Review the conversation above, please", "[SYSTEM"])
def test_plain_talk_has_no_note(text: str) -> None:
    assert not list(message_kind.notes(say(text)))
    assert drawn(say(text))[0] == f"   user ┃ {text}"


def test_a_message_without_a_role_has_a_label_that_fits() -> None:
    assert drawn(say("no role", "unknown"))[0] == "  other ╎ no role"


def test_the_answer_of_an_agent_is_no_notice() -> None:
    assert not list(message_kind.notes(say("[SYSTEM: so it says]", "assistant")))


def test_memory_that_was_recalled_into_a_message_looks_unlike_what_was_typed() -> None:
    text = "before\n<memory-context>\nlikes kumquats\n</memory-context>\nwhat do I like?"
    lines = MessageDrawing(say(text), Look(measure(80), GLYPHS), NOW).lines()
    roles = {plain(line)[10:].strip(): line[-1].role for line in lines if len(line) > 1}
    assert roles["likes kumquats"] is Role.DIM
    assert roles["what do I like?"] is roles["before"] is Role.TEXT
    assert [shown for shown in roles if shown] == text.split("\n")


def test_memory_that_does_not_end_hides_nothing() -> None:
    assert "".join(text for text, _ in message_kind.parts(say("<memory-context> a <memory-context> b"))) == (
        "<memory-context> a <memory-context> b"
    )


def test_a_damaged_line_of_a_file_stands_in_its_place() -> None:
    line = say("Line 3 holds no message (cut off): {", UNREADABLE, aside=True, origin=Origin.JSONL)
    assert drawn(line)[0] == "  error ╎ Line 3 holds no message (cut off): {"
