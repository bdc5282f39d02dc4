"""Find in a session over a real store, beside an oracle that decodes every message for every find."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from hermes_tui.feed import finding
from hermes_tui.feed.answers import FoundArrived
from hermes_tui.feed.finding import Wanted, found
from hermes_tui.render import find_texts
from hermes_tui.render.find import Needle, Scope
from hermes_tui.render.find_texts import FindTexts, chunk_of
from store import Message, SessionDB
from store.models import END_OF_TEXT, JoinedTexts, StoredTexts

WORDS = [
    *("quince", "Quince", "QUINCE", "quinces", "nu", "\n", "\t", "\\", '"', "/", ":", "Kelvin", "\u212aelvin", "ſea"),
    *("sea", "大别山", "é", "É", "😀", "ı", 'say" so'),
]
Spoken = tuple[str, str, str, dict[str, object] | None]


def said(chance: random.Random) -> Spoken:
    """Role, text, reasoning and arguments of a message."""
    words = [chance.choice(WORDS) for _ in range(6)]
    text = "".join(word + chance.choice(("", " ")) for word in words)
    role = chance.choice(("user", "assistant", "tool", "system"))
    deep = [chance.choice(WORDS), {"deep": chance.choice(WORDS)}]
    fields: dict[str, object] = {chance.choice(WORDS): text, "list": deep}
    if role == "assistant":
        return role, text, chance.choice(("", chance.choice(WORDS))), chance.choice((None, fields))
    return role, json.dumps(fields, ensure_ascii=chance.random() < 0.5) if role == "tool" else text, "", None


def texts(message: Spoken, scope: Scope) -> Iterator[str]:
    """Texts in which a find in a scope looks, decoded by the standard library."""
    role, text, reasoning, fields = message
    in_json = [json.loads(text)] if role == "tool" else [fields] if fields else []
    speaker = {"user": Scope.PROMPTS, "assistant": Scope.REPLIES}.get(role)
    if scope in {Scope.ALL, speaker} and role != "tool":
        yield from (text, reasoning)
    if scope in {Scope.ALL, Scope.TOOLS}:
        yield from ["write_file"] if fields else []
        while in_json:
            value = in_json.pop()
            if isinstance(value, dict):
                yield from value
                in_json += value.values()
            elif isinstance(value, list):
                in_json += value
            else:
                yield str(value)


def expected(spoken: dict[int, Spoken], needle: Needle) -> dict[int, int]:
    """Matches by message."""
    flags = re.IGNORECASE if needle.text == needle.text.lower() else re.NOFLAG
    pattern = re.compile(re.escape(needle.text), flags | (re.ASCII if needle.text.isascii() else re.NOFLAG))
    counts = {id_: sum(len(pattern.findall(text)) for text in texts(one, needle.scope)) for id_, one in spoken.items()}
    return {id_: count for id_, count in counts.items() if count}


@pytest.fixture
def spoken(tmp_path: Path) -> dict[int, Spoken]:
    """Messages by their ids in the store of a home."""
    chance = random.Random(11)
    with closing(SessionDB(tmp_path / "state.db")) as db:
        db.create_session("s", source="cli")
        stored = {}
        for _ in range(40):
            role, text, reasoning, fields = message = said(chance)
            call = {"name": "write_file", "arguments": json.dumps(fields)}
            calls = [{"id": "c", "type": "function", "function": call}] if fields else None
            id_ = db.append_message("s", role, text, reasoning=reasoning or None, tool_calls=calls)
            stored[id_] = message
    return stored


def needles(chance: random.Random, spoken: dict[int, Spoken]) -> Iterator[Needle]:
    """Parts of what was said, in any case, and texts that are in the stored form only."""
    yield from map(Needle, ("nquinces", "u00e9", "quince\n", "k", "s", "\0", "é", 'say" s', "write"))
    everything = [text for message in spoken.values() for text in texts(message, Scope.ALL) if text]
    for _ in range(60):
        text = chance.choice(everything)
        start = chance.randrange(len(text))
        part = text[start : start + chance.choice((1, 2, 4, 9))]
        yield Needle(chance.choice((part, part, part.lower(), part.upper())), chance.choice(list(Scope)))


@pytest.mark.slow
@pytest.mark.parametrize("kept", [find_texts.MAX_KEPT, 3000])
def test_a_find_counts_what_decoding_every_message_counts(
    spoken: dict[int, Spoken], tmp_path: Path, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By texts that were kept, or by some of them; from the first find on and again.

    Mutants: texts joined without an end between them; `lower` for letters beyond ASCII; a needle with capitals looked
    for in the texts without; the blocks of all scopes; `stored_as` for a needle with a quote; all texts kept; a message
    with matches in two blocks counted in one; a match at the end of a chunk asked for in its beginning.
    """
    monkeypatch.setattr(find_texts, "MAX_KEPT", kept)
    monkeypatch.setattr(finding, "IN_CHUNK", 8)
    monkeypatch.setattr(finding, "FEW", 2)
    monkeypatch.setattr(finding, "MOST_AT_ONCE", kept // 10)
    chance, kept_texts = random.Random(5), FindTexts()
    ids = tuple(chance.sample(sorted(spoken), len(spoken)))
    with closing(SessionDB(tmp_path / "state.db", read_only=True)) as db:
        for needle in needles(chance, spoken):
            for known in (FindTexts(), kept_texts, kept_texts):
                start = chance.randrange(len(ids))
                ranges = (range(start, len(ids)), range(start))
                answers = [
                    one
                    for one in found(Wanted(ids, needle, ranges, texts=known), db, 1)
                    if isinstance(one, FoundArrived)
                ]
                pairs = [pair for answer in answers for pair in answer.matches]
                assert dict(pairs) == expected(spoken, needle), needle
                order = [(ids.index(id_) - start) % len(ids) for id_, _ in pairs]
                assert order == sorted(set(order)), "each once, in the order that was asked for"
    assert 0 < kept_texts.n_bytes <= kept


def test_nothing_is_read_ahead_that_comes_message_by_message_or_is_too_much_at_once(
    spoken: dict[int, Spoken], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: what no joined texts come of read in messages; the size of messages left out of account."""
    asked, read = list[Sequence[int]](), SessionDB.messages

    def asking(db: SessionDB, ids: Sequence[int]) -> tuple[Message, ...]:
        asked.append(ids)
        return read(db, ids)

    monkeypatch.setattr(SessionDB, "messages", asking)
    with closing(SessionDB(tmp_path / "state.db", read_only=True)) as db:
        wanted = Wanted(tuple(spoken), Needle(""))
        with monkeypatch.context() as patched:
            patched.setattr(SessionDB, "stored_texts", staticmethod(StoredTexts.none_of))
            assert len(list(finding.read_ahead(wanted, db, 1))) == 1
        with monkeypatch.context() as patched:
            patched.setattr(finding, "MOST_AT_ONCE", 100)
            assert len(list(finding.read_ahead(wanted, db, 1))) == 1
        assert (asked, wanted.texts.n_bytes) == ([], 0)
        assert list(finding.read_ahead(wanted, db, 1))
        assert asked
        assert wanted.texts.n_bytes


def test_a_longer_text_is_looked_for_only_where_the_shorter_one_is() -> None:
    """Mutant: a capital in the shorter text left out of account."""
    assert Needle("quince").narrows(Needle("quin"))
    assert Needle("Quince").narrows(Needle("quin"))
    assert Needle("Quince").narrows(Needle("Quin"))
    assert not Needle("quince").narrows(Needle("Quin"))
    assert not Needle("quince").narrows(Needle("quin", Scope.TOOLS))
    assert not Needle("quinceé").narrows(Needle("quin")), "beyond ASCII other letters are the same"
    assert not Needle("quince").narrows(Needle(""))


def kept_of(messages: Sequence[Message], place: int = 0) -> FindTexts:
    """Texts of some messages, kept with their words."""
    texts, ids = FindTexts(), [message.id or 0 for message in messages]
    joined = JoinedTexts(tuple(ids), END_OF_TEXT.join(message.text for message in messages))
    stored = replace(StoredTexts.none_of(()), replies=joined)
    assert texts.keep(place, chunk_of(len(ids), stored, ()))
    texts.learn(place)
    return texts


def test_a_database_is_asked_for_a_text_that_begins_with_a_rare_letter() -> None:
    """Mutants: the whole text; a part of fewer characters."""
    asked = {"nowhere at all": "where at all", "Zebra": "Zebra", "eat": "eat", "e-mailbox": "mailbox", 'a "b"': ""}
    assert {text: Needle(text).stored_as for text in asked} == asked


def test_texts_are_kept_once_and_their_memory_is_counted() -> None:
    """Mutants: texts kept in lower case beside themselves; their places as tuples of integers, or not counted."""
    messages = [Message(id_, "s", "assistant", f"Quince {id_} " * 100) for id_ in range(10_000, 11_000)]
    before, kept = tracemalloc_of(lambda: None)[0], list[FindTexts]()
    taken = tracemalloc_of(lambda: kept.append(kept_of(messages)))[0] - before
    assert 1_300_000 < kept[0].n_bytes < 1_600_000, "1.3 million characters"
    assert taken < 1.2 * kept[0].n_bytes


def test_answers_make_room_for_more_texts_and_are_read_again_only_for_a_word_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: the words dropped too; words in small letters alone; decoded texts dropped; all kept; the first word
    of the find for its longest."""
    messages = [Message(id_, "s", "assistant", "Quince and pear\tand 大别山 " * 10) for id_ in range(10)]
    texts, asked = kept_of(messages), list[int]()
    before = texts.n_bytes
    monkeypatch.setattr(find_texts, "MAX_KEPT", before)
    tool = Message(11, "s", "tool", '{"output": "plum"}')
    chunk = chunk_of(1, StoredTexts.none_of([11]), [tool])
    assert not texts.keep(512, chunk), "a find waits for no words"
    assert texts.keep(512, chunk, drops=True)
    assert texts.n_bytes < before
    first = texts.chunk(0, 10)
    assert first is not None
    again = replace(
        StoredTexts.none_of(()), replies=JoinedTexts(tuple(range(10)), END_OF_TEXT.join(m.text for m in messages))
    )

    def read() -> StoredTexts:
        asked.append(1)
        return again

    for text in ("quincE", "Pear", "quinces", "plum", "aquince pea", "别山大"):
        assert not first.counts(Needle(text), read)
    assert not asked
    for text in ("Quince", "quince", "d pea", "别山", "ince a"):
        assert set(first.counts(Needle(text), read).values()) == {10}, text
    assert len(asked) == 5
    second = texts.chunk(512, 1)
    assert second is not None
    assert second.counts(Needle("plum"), read) == {11: 1}
    assert not texts.keep(
        1024, chunk_of(1, StoredTexts.none_of([1]), [Message(1, "s", "user", "x" * before)]), drops=True
    )


def test_a_truth_is_found_as_it_is_drawn() -> None:
    """Mutant: the word of Python."""
    message = Message(1, "s", "tool", '{"done": true, "left": [false, null, 1.5]}')
    found = {text: Needle(text).count(message) for text in ("true", "True", "false", "null", "1.5")}
    assert found == {"true": 1, "True": 0, "false": 1, "null": 0, "1.5": 1}


def test_a_match_is_of_its_message_where_texts_are_empty_or_have_nuls() -> None:
    """Mutant: a length in characters where a text is not ASCII."""
    told = ['{"a": "", "é": "É"}', '{"\\u0000\\u0000b\\u0000\\u0000": "bb"}', '{"c": 1}']
    chunk = chunk_of(3, StoredTexts.none_of(()), [Message(id_, "s", "tool", text) for id_, text in enumerate(told)])
    for text, expected in (("b", {1: 3}), ("c", {2: 1}), ("é", {0: 2}), ("1", {2: 1})):
        assert chunk.counts(Needle(text), lambda: StoredTexts.none_of(())) == expected


def test_a_prompt_with_reasoning_is_read_by_itself(spoken: dict[int, Spoken], tmp_path: Path) -> None:
    """Mutant: the look for reasoning left out."""
    prompt = next(id_ for id_, (role, *_) in spoken.items() if role == "user")
    with closing(apsw.Connection(str(tmp_path / "state.db"))) as connection:
        connection.execute("UPDATE messages SET reasoning = 'plum' WHERE id = ?", (prompt,))
    with closing(SessionDB(tmp_path / "state.db", read_only=True)) as db:
        assert db.stored_texts([prompt]).others == (prompt,)


def tracemalloc_of(action: Callable[[], object]) -> tuple[int, int]:
    """Bytes that an action leaves, and the most that it took at once."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
