"""Messages on every engine: appended, replaced, paged, compared, and chosen over a file."""

from __future__ import annotations

import pytest

from store.agent.messages import ImportedSession
from store.base.cancel import Cancel
from store.base.errors import Interrupted, KeyReused, SessionMissing
from store.base.models import END_OF_TEXT, JoinedTexts, Message, Origin, SectionVersion, Status, ToolCall
from store.engine.rows import SessionEnds
from store.formats.message_codec import shown_calls
from store.formats.session_state import Ending
from tests.builders import META, jsonl, say, talk
from tests.contract.cases import Case, SqliteCase

START = 1.7e9
"""A second of 2023."""

CALLS = [{"id": "c1", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}]
TURN = [
    say("user", "list the files", timestamp=START),
    say("assistant", None, tool_calls=CALLS, reasoning="look first", timestamp=START + 1),
    say("tool", "one\ntwo", tool_call_id="c1", tool_name="terminal", timestamp=START + 2),
    say("assistant", "two files", finish_reason="stop", timestamp=START + 3),
]
"""A turn with a tool."""


def start(case: Case, *names: str) -> None:
    """Sessions without messages."""
    case.messages.import_sessions([ImportedSession(name, {"source": "cli", "started_at": START}, ()) for name in names])


def contents(case: Case, session_id: str) -> list[object]:
    """What a session says, as an agent reads it."""
    return [message["content"] for message in case.messages.get_messages_as_conversation(session_id)]


def test_a_turn_is_read_back_field_by_field_and_counted(case: Case) -> None:
    start(case, "s1")
    ids = case.messages.append_messages("s1", TURN)
    assert ids == sorted(set(ids))
    rows = case.messages.get_messages("s1")
    assert [row["id"] for row in rows] == ids
    assert [row["role"] for row in rows] == ["user", "assistant", "tool", "assistant"]
    assert [row["timestamp"] for row in rows] == [START, START + 1, START + 2, START + 3]
    assert (rows[1]["content"], rows[1]["tool_calls"], rows[1]["reasoning"]) == (None, CALLS, "look first")
    assert (rows[2]["tool_call_id"], rows[2]["tool_name"]) == ("c1", "terminal")
    assert rows[3]["finish_reason"] == "stop"
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["message_count"], row["tool_call_count"]) == (4, 1)
    assert (case.messages.message_count(), case.messages.message_count("s1"), case.messages.message_count("s2")) == (
        *(4, 4),
        0,
    )


def test_a_content_of_parts_and_odd_texts_come_back_as_they_went_in(case: Case) -> None:
    start(case, "s1")
    parts = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "https://host/a.png"}}]
    given = [parts, "", "nul \x00 inside", "\ud800 lone", "大别山 🏔", None]
    ids = [case.messages.append_message("s1", "user", content) for content in given]
    expected = [parts, "", "nul \x00 inside", "\ufffd lone", "大别山 🏔", None]
    assert contents(case, "s1") == expected
    found = case.engine.messages.bodies([ids[0], ids[4]])
    assert [message.text for message in found] == ["see\n[image: https://host/a.png]", "大别山 🏔"]


def test_no_message_with_a_text_is_missed_where_only_those_that_may_have_it_are_read(case: Case) -> None:
    """Mutants: one of the columns left out; the look for a NUL left out, behind which LIKE sees nothing; a range of
    the table for ids with gaps."""
    start(case, "s1")
    call = {"id": "c", "function": {"name": "write_file", "arguments": '{"content": "100%_a Quince"}'}}
    turn = [
        say("user", "a QUINCE of 100%_a"),
        say("user", [{"type": "text", "text": "quince"}]),
        say("user", "nul \x00 quince"),
        say("assistant", None, tool_calls=[call]),
        say("assistant", "so", reasoning="the quince"),
        say("user", "none, 100 a"),
    ]
    ids = case.messages.append_messages("s1", turn)
    found = case.engine.messages.containing(ids, "quince")
    assert set(ids[:5]) <= found <= set(ids)
    assert ids[5] not in found
    assert case.engine.messages.containing([ids[0], ids[4]], "quince") == {ids[0], ids[4]}
    wild = case.engine.messages.containing(ids, "100%_a")
    assert {ids[0], ids[3]} <= wild
    assert ids[5] not in wild, "a percent sign is itself"
    assert case.engine.messages.containing([], "quince") == frozenset()


def _if_stored(case: Case, **fields: str) -> dict[str, str]:
    """Those of some fields that the store has columns for."""
    return {name: value for name, value in fields.items() if name in case.engine.messages.columns()}


def test_texts_that_are_joined_are_those_of_the_messages(case: Case) -> None:
    """Mutants: a text with NULs joined; one that begins with its reasoning; one behind a blank; JSON of parts; text of
    the system; long ones joined; ids of a text that is not there."""
    start(case, "s1")
    call = {"id": "c", "function": {"name": "write_file", "arguments": '{"content": "Quince"}'}}
    plain = [
        say("user", "a quince"),
        say("assistant", None, tool_calls=[call]),
        say("tool", '{"output": "quince"}', tool_call_id="c"),
        say("assistant", "so", reasoning="the quince"),
        say("assistant", "", reasoning="大", tool_calls=[call, call], **_if_stored(case, reasoning_content="大别山")),
        say("assistant", "é plum 🏔"),
    ]
    odd = [
        say("user", [{"type": "text", "text": "quince"}]),
        say("assistant", "<think>why</think>so"),
        say("assistant", "\n <think>why</think>so"),
        say("assistant", "\u2003<think>why</think>so"),
        say("system", "rules"),
        say("user", "quince " * 9000),
    ]
    ids = case.messages.append_messages("s1", [*plain, *odd])
    stored, bodies = case.engine.messages.stored_texts(ids), case.engine.messages.bodies(ids)
    assert stored.others == tuple(ids[len(plain) :] if isinstance(case, SqliteCase) else ids)
    known = {body.id: body for body in bodies if body.id not in stored.others}

    def _texts(joined: JoinedTexts) -> dict[int, str]:
        return dict(zip(joined.ids, joined.text.split(END_OF_TEXT) if joined.ids else (), strict=True))

    def _said(role: str) -> dict[int | None, str]:
        return {id_: body.text for id_, body in known.items() if body.role == role and body.text}

    assert [_texts(stored.prompts), _texts(stored.replies)] == [_said("user"), _said("assistant")]
    assert _texts(stored.results) == _said("tool")
    assert _texts(stored.reasoning) == {id_: body.reasoning for id_, body in known.items() if body.reasoning}
    calls = {id_: body.tool_calls for id_, body in known.items() if body.tool_calls}
    assert {id_: shown_calls(text) for id_, text in _texts(stored.calls).items()} == calls
    with_nul = case.messages.append_message("s1", "user", "nul \0\0 quince")
    assert case.engine.messages.stored_texts([*ids, with_nul]).others == (*ids, with_nul)
    assert case.engine.messages.stored_texts([ids[0], ids[6]]).others[-1:] == (ids[6],), "ids with a gap"
    assert case.engine.messages.stored_texts([]).others == ()


def test_a_message_to_a_missing_session_leaves_nothing(case: Case) -> None:
    with pytest.raises(SessionMissing):
        case.messages.append_messages("gone", talk(2))
    with pytest.raises(SessionMissing):
        case.messages.append_messages("gone", talk(2), key="turn")
    with pytest.raises(ValueError, match="64 bits"):
        case.messages.append_messages("gone", [say("user", "a"), say("user", "b", token_count=1 << 70)])
    assert case.messages.message_count() == 0
    assert case.messages.append_messages("gone", []) == []


def test_sessions_keep_their_order_where_their_messages_interleave(case: Case) -> None:
    start(case, "s1", "s2")
    for number in range(3):
        case.messages.append_message("s1", "user", f"one {number}", timestamp=START - number)
        case.messages.append_message("s2", "user", f"two {number}", timestamp=START)
    assert contents(case, "s1") == ["one 0", "one 1", "one 2"]
    assert contents(case, "s2") == ["two 0", "two 1", "two 2"]


def test_messages_are_replaced_and_cleared_whole_and_ids_are_never_given_twice(case: Case) -> None:
    start(case, "s1", "s2")
    before = case.messages.append_messages("s1", TURN)
    case.messages.append_messages("s2", talk(1))
    case.messages.replace_messages("s1", talk(2, word="new"))
    assert contents(case, "s1") == ["new 0", "new 1"]
    row = case.sessions.get_session("s1")
    assert row is not None
    assert (row["message_count"], row["tool_call_count"]) == (2, 0)
    ids = [int(str(row["id"])) for row in case.messages.get_messages("s1")]
    assert min(ids) > max(before)
    case.messages.clear_messages("s1")
    assert contents(case, "s1") == []
    row = case.sessions.get_session("s1")
    assert row is not None
    assert row["message_count"] == 0
    assert contents(case, "s2") == ["message 0"]
    assert case.messages.append_message("s1", "user", "again") > max(ids)


def test_a_key_writes_its_turn_once(case: Case) -> None:
    start(case, "s1", "s2")
    first = case.messages.append_messages("s1", TURN, key="turn 1")
    again = [{**message, "timestamp": START + 60} for message in TURN]
    assert case.messages.append_messages("s1", again, key="turn 1") == first
    with pytest.raises(KeyReused):
        case.messages.append_messages("s1", talk(4), key="turn 1")
    assert case.messages.message_count() == 4
    other = case.messages.append_message("s2", "user", "hello", key="turn 1")
    assert case.messages.append_message("s2", "user", "hello", key="turn 1") == other
    assert case.messages.append_message("s2", "user", "hello", key="turn 2") > other
    assert case.messages.message_count("s2") == 2


def test_whole_sessions_are_imported_at_once_or_not_at_all(case: Case) -> None:
    start(case, "known")
    child = ImportedSession("child", {"source": "cli", "started_at": START + 5, "parent_session_id": "root"}, talk(2))
    root = ImportedSession("root", {"source": "cli", "started_at": START + 4}, talk(3))
    known = ImportedSession("known", {"source": "telegram", "started_at": START}, talk(4))
    assert case.messages.import_sessions([child, root, known]) == 5
    assert [case.messages.message_count(name) for name in ("child", "root", "known")] == [2, 3, 0]
    lost = ImportedSession("lost", {"source": "cli", "started_at": START, "parent_session_id": "gone"}, talk(1))
    fine = ImportedSession("fine", {"source": "cli", "started_at": START - 1}, talk(1))
    with pytest.raises(SessionMissing):
        case.messages.import_sessions([fine, lost])
    assert case.sessions.get_session("fine") is None


def test_heads_come_in_pages_with_one_row_more_asked_for(case: Case) -> None:
    start(case, "s1", "s2")
    ids = case.messages.append_messages("s1", TURN)
    case.messages.append_messages("s2", talk(2))
    page = case.browser.heads("s1", limit=3)
    assert ([head.id for head in page.items], page.more, page.cursor) == (ids[:3], True, ids[2])
    last = case.browser.heads("s1", after=ids[2], limit=3)
    assert ([head.id for head in last.items], last.more, last.cursor) == (ids[3:], False, None)
    whole = case.browser.heads("s1", limit=4)
    assert (len(whole.items), whole.more) == (4, False)
    said, called, answered, _ = whole.items
    assert (said.role, said.n_bytes, said.has_calls, said.timestamp) == ("user", 14, False, START)
    assert (called.n_bytes, called.has_calls, called.has_reasoning) == (0, True, True)
    assert (answered.tool_name, answered.has_calls, answered.active, answered.compacted) == (
        "terminal",
        False,
        True,
        False,
    )
    assert [head.id for head in case.engine.messages.last_heads("s1", limit=2)] == ids[2:]
    assert case.browser.heads("gone").items == ()
    assert case.engine.messages.last_heads("gone", limit=2) == ()
    assert list(case.engine.messages.ids("s1")) == ids
    assert not case.engine.messages.ids("gone")


def test_bodies_are_whole_messages_in_the_order_asked_for(case: Case) -> None:
    start(case, "s1")
    ids = case.messages.append_messages("s1", TURN)
    found = case.browser.messages([ids[2], ids[1], max(ids) + 1000])
    assert found == case.engine.messages.bodies([ids[2], ids[1]])
    answered, called = found
    assert answered == Message(
        ids[2], "s1", "tool", "one\ntwo", START + 2, tool_call_id="c1", tool_name="terminal", origin=Origin.SQLITE
    )
    assert called.tool_calls == (ToolCall("c1", "terminal", '{"command": "ls"}'),)
    assert (called.text, called.reasoning) == ("", "look first")
    with pytest.raises(ValueError, match="256"):
        case.browser.messages(range(1, 300))
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Interrupted):
        case.engine.messages.bodies(ids, cancel=cancel)


def test_a_window_is_the_session_around_a_message(case: Case) -> None:
    start(case, "s1", "s2")
    ids = []
    for number in range(5):
        ids.append(case.messages.append_message("s1", "user", f"line {number} " + "é" * 5000, timestamp=START + number))
        case.messages.append_message("s2", "user", "between")
    lines = case.engine.messages.window("s1", ids[2], width=1, n_bytes=9)
    assert [(line.id, line.text, line.hit) for line in lines] == [
        (ids[1], "line 1 é", False),
        (ids[2], "line 2 é", True),
        (ids[3], "line 3 é", False),
    ]
    assert [line.timestamp for line in lines] == [START + 1, START + 2, START + 3]
    whole = case.engine.messages.window("s1", ids[0], width=2)
    assert [line.id for line in whole] == ids[:3]
    assert len(whole[0].text) == 5007
    assert [line.id for line in case.browser.context("s1", ids[4])] == ids[3:]
    assert case.browser.context("s2", ids[0]) == ()


def test_a_conversation_leaves_out_what_was_taken_back(case: Case) -> None:
    start(case, "s1")
    ids = case.messages.append_messages("s1", TURN)
    assert case.messages.get_messages_as_conversation("s1") == [
        {"role": "user", "content": "list the files"},
        {"role": "assistant", "content": None, "tool_calls": CALLS, "reasoning": "look first"},
        {"role": "tool", "content": "one\ntwo", "tool_call_id": "c1", "tool_name": "terminal"},
        {"role": "assistant", "content": "two files", "finish_reason": "stop"},
    ]
    if "active" in case.lacks_messages:
        return
    case.set_message(ids[3], active=0)
    assert contents(case, "s1") == ["list the files", None, "one\ntwo"]
    assert len(case.messages.get_messages("s1", include_inactive=True)) == 4
    assert case.messages.message_count("s1") == 4
    assert [head.active for head in case.browser.heads("s1").items] == [True, True, True, False]


def test_the_ends_of_a_session_tell_how_it_stands(case: Case) -> None:
    start(case, "s1", "meta", "empty", "waiting", "late", "middle", "undone")
    case.messages.append_messages("s1", TURN)
    case.messages.append_messages("meta", [say("session_meta", "tools")])
    case.messages.append_messages("waiting", TURN[:2])
    case.messages.append_messages("late", [*TURN, say("session_meta", "tools")])
    case.messages.append_messages("middle", [*TURN, say("session_meta", "tools"), *TURN])
    expected = SessionEnds(
        "list the files", Ending("assistant", "stop", has_calls=False, has_text=True), has_turns=True
    )
    assert case.engine.messages.ends("s1") == expected
    late = case.engine.messages.ends("late")
    assert late is not None
    assert (late.last, late.described) == (expected.last, True)
    assert case.browser.outlines(["late"])["late"].shown == len(TURN)
    assert case.browser.outlines(["middle"])["middle"].shown == 2 * len(TURN)
    if "active" not in case.lacks_messages:  # everything was undone, then Hermes described it and went on
        ids = case.messages.append_messages("undone", [*TURN[:1], say("session_meta", "tools"), *TURN])
        case.set_message(ids[0], active=0)
        again = case.engine.messages.ends("undone")
        assert again is not None
        assert again.described
        assert case.browser.outlines(["undone"])["undone"].shown == 1 + len(TURN)
    waiting = case.engine.messages.ends("waiting")
    assert waiting is not None
    assert waiting.last == Ending("assistant", None, has_calls=True, has_text=False)
    meta = case.engine.messages.ends("meta")
    assert meta is not None
    assert (meta.first_user_text, meta.last) == ("", None)
    assert case.engine.messages.ends("empty") is None
    assert case.engine.messages.first_user_text("s1") == "list the files"
    assert case.engine.messages.first_user_text("empty") == ""
    names = ["s1", "meta", "empty", "waiting", "late", "middle", "gone"]
    one_by_one = {name: ends for name in names if (ends := case.engine.messages.ends(name)) is not None}
    assert case.engine.messages.ends_of(names) == one_by_one
    outlines = case.browser.outlines(names)
    assert {name: (outline.status, outline.first_words) for name, outline in outlines.items()} == {
        "s1": (Status.DONE, "list the files"),
        "meta": (Status.EMPTY, ""),
        "empty": (Status.EMPTY, ""),
        "late": (Status.LIVE, "list the files"),
        "middle": (Status.DONE, "list the files"),
        "waiting": (Status.INTERRUPTED, "list the files"),
    }


def test_the_compared_form_tells_messages_apart_by_what_they_say(case: Case) -> None:
    start(case, "s1", "s2")
    ids = case.messages.append_messages("s1", [say("session_meta", "tools"), *TURN])
    twins = case.messages.append_messages("s2", TURN)
    compared = list(case.engine.messages.compared("s1"))
    others = list(case.engine.messages.compared("s2"))
    assert compared == others
    assert len({message.identity for message in compared}) == 4
    assert [message.time for message in compared] == [START, START + 1, START + 2, START + 3]
    stored = list(case.engine.messages.stored("s1"))
    assert [(row.id, row.meta, row.compacted, row.summary) for row in stored] == [
        (name, name == ids[0], False, False) for name in ids
    ]
    assert all(row.n_bytes > 0 for row in stored)
    assert [case.engine.messages.count(name) for name in ("s1", "s2", "gone")] == [4, 4, 0]
    for name, cells in case.engine.messages.cells(["s1", "s2"]).items():  # of those that the engine does not leave out
        assert [row[0] for row in cells] == ["session_meta", "user", "assistant", "tool", "assistant"][name == "s2" :]
        assert [row[1] for row in cells][-1] == TURN[-1]["content"]
    fingerprints = case.engine.messages.fingerprints([*ids[1:], *twins, max(twins) + 1])
    assert [fingerprints[name] for name in ids[1:]] == [fingerprints[name] for name in twins]
    assert len(fingerprints) == 8
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Interrupted):
        list(case.engine.messages.compared("s1", cancel=cancel))


def test_a_summary_of_a_compaction_is_known_by_its_beginning(case: Case) -> None:
    start(case, "s1")
    ids = case.messages.append_messages("s1", [say("user", "[CONTEXT COMPACTION] so far"), say("user", "go on")])
    assert [row.summary for row in case.engine.messages.stored("s1")] == [True, False]
    fingerprints = case.engine.messages.fingerprints(ids)
    assert [fingerprints[name].is_summary for name in ids] == [True, False]
    assert [message.summary for message in case.engine.messages.readable_bodies(ids)] == [True, False]


def test_a_stamp_changes_with_the_rows_of_its_session_alone(case: Case) -> None:
    start(case, "s1", "s2")
    empty = case.engine.messages.stamp("s1")
    case.messages.append_messages("s1", TURN)
    full = case.engine.messages.stamp("s1")
    case.messages.append_messages("s2", TURN)
    assert empty != full == case.engine.messages.stamp("s1")
    case.messages.replace_messages("s1", TURN)
    assert case.engine.messages.stamp("s1") != full


def test_copies_of_the_section_before_are_known_by_their_mark(case: Case) -> None:
    start(case, "s1", "s2")
    before = case.messages.append_messages("s1", talk(2))
    ids = case.messages.append_messages("s2", talk(3))
    if "display_identity" not in case.lacks_messages:
        for name in (before[1], ids[0]):
            case.set_message(name, display_identity=b"twin")
        case.set_message(ids[1], display_identity=b"own")
        assert case.engine.messages.marked_copies("s2", "s1") == {ids[0]}
    assert case.engine.messages.marked_copies("s1", "") == set()


def test_what_a_compaction_carried_over_is_left_out_of_a_reading(case: Case) -> None:
    case.sessions.create_session("root", "cli")
    case.messages.append_messages("root", talk(6))
    case.sessions.end_session("root", "compression")
    case.sessions.create_session("tip", "cli", parent_session_id="root")
    summary = say("user", "[CONTEXT COMPACTION] so far")
    ids = case.messages.append_messages("tip", [*talk(2), summary, *talk(2, start=4), *talk(2, start=6)])
    assert case.browser.carried("tip", "root") == {*ids[:2], *ids[3:5]}
    reading = case.browser.reading("tip")
    texts = [
        message.text
        for piece in case.browser.pieces(reading)
        for message in case.browser.messages([head.id for head in piece.heads])
    ]
    assert texts == [*(f"message {number}" for number in range(6)), summary["content"], "message 6", "message 7"]


@pytest.mark.parametrize("superseded", [False, True])
def test_each_message_comes_once_after_a_compaction_in_place(case: Case, *, superseded: bool) -> None:
    """Hermes archives the active rows and inserts some of them again around a summary (docs/format.md §3.8)."""
    if "compacted" in case.lacks_messages:
        return
    start(case, "s1")
    summary = say("user", "[CONTEXT COMPACTION] so far")
    ids = case.messages.append_messages("s1", talk(6))
    for name in ids:
        case.set_message(name, active=0, compacted=0 if superseded and name in ids[4:] else 1)
    copies = case.messages.append_messages("s1", [*talk(2), summary, *talk(2, start=4)])
    case.messages.append_messages("s1", talk(1, start=6))

    found = case.engine.messages.copies("s1")
    assert found.originals == dict(zip([*copies[:2], *copies[3:]], [*ids[:2], *ids[4:]], strict=True))
    heads = [head for piece in case.browser.pieces(case.browser.reading("s1"), chain=False) for head in piece.heads]
    texts = [message.text for message in case.browser.messages([head.id for head in heads])]
    assert texts == [*(f"message {number}" for number in range(6)), summary["content"], "message 6"]
    assert [head.active for head in heads] == [True, True, False, False, True, True, True, True]
    assert [head.compacted for head in heads] == [False, False, True, True, False, False, False, False]
    assert case.engine.messages.versions(["s1", "none"]) == {
        "s1": SectionVersion(
            rows=12,
            last_id=heads[-1].id,
            active=6,
            active_ids=sum([*copies, heads[-1].id]),
            compacted=4 if superseded else 6,
        )
    }
    assert case.engine.messages.count("s1") == 8
    assert len(list(case.engine.messages.compared("s1"))) == 8
    row = case.browser.session("s1")
    assert row is not None
    assert (row.messages, row.rows) == (8, 12)


def test_a_transcript_comes_from_the_source_that_has_more(case: Case) -> None:
    start(case, "longer", "tie")
    case.messages.append_messages("longer", talk(2, word="stored"))
    case.messages.append_messages("tie", talk(3, word="stored"))
    for name in ("longer", "tie", "alone"):
        jsonl(case.folder, name, [META, *talk(3, word="written")])

    def _loaded(name: str) -> list[object]:
        return [message["content"] for message in case.messages.load_transcript(name)]

    written = ["written 0", "written 1", "written 2"]
    assert _loaded("longer") == _loaded("alone") == written
    assert _loaded("tie") == ["stored 0", "stored 1", "stored 2"]
    assert _loaded("gone") == []
    assert [case.browser.reading(name).origin for name in ("longer", "tie")] == [Origin.JSONL, Origin.SQLITE]


def test_an_export_has_the_row_and_every_message(case: Case) -> None:
    start(case, "s1", "s2")
    case.messages.append_messages("s1", TURN)
    exported = case.messages.export_session("s1")
    assert exported is not None
    messages = exported.pop("messages")
    assert exported == case.sessions.get_session("s1")
    assert messages == case.messages.get_messages("s1")
    assert case.messages.export_session("gone") is None
    assert [row["id"] for row in case.messages.export_all()] == ["s2", "s1"]
    assert case.messages.export_all("telegram") == []
