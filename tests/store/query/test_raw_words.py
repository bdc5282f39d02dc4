r"""What is surely missing in raw bytes is in no message of the file.

Mutants: characters not looked at that are written, or that are escaped, or accents; every file with one left unsure;
`raw` not lowered; `any` for `all` over the words of an alternative, and for the alternatives.
"""

from __future__ import annotations

import json
import random

import pytest

from store.formats.jsonl import Record, parse
from store.formats.message_codec import message_of_record
from store.query.json_escapes import searchable_text
from store.query.matcher import accepts
from store.query.parse import parse as parsed
from store.query.raw_words import RawWords
from store.search.stream import searchable

QUERIES = ("docker", "Docker compose", "dock*", '"docker compose"', "absent OR docker", "café", "image", "c++ docker")
TEXTS = ("docker compose up", "DOCKER", "dock\u0301er", "café au lait", "ｄocker", "nothing", "a\ndocker", "dockér")


def missing(query: str, raw: bytes) -> bool:
    """Whether the raw bytes surely lack the query."""
    return RawWords(parsed(query, now=0.0)).surely_missing(raw)


def accepted(query: str, raw: bytes) -> bool:
    """Whether a message of the file answers the query, by reading all of it."""
    return any(
        accepts(
            parsed(query, now=0.0),
            searchable_text(searchable(message_of_record(record.value, session_id="s", line=record.id))),
        )
        for record in parse([raw])
        if isinstance(record, Record)
    )


@pytest.mark.parametrize("query", QUERIES)
def test_a_file_that_is_passed_over_answers_nothing(query: str) -> None:
    chance = random.Random(7)
    passed = 0
    for _ in range(150):
        text = chance.choice(TEXTS)
        arguments = json.dumps({"command": chance.choice(TEXTS)}, ensure_ascii=chance.random() < 0.5)
        record = {
            "role": "assistant",
            "content": chance.choice([text, [{"type": "text", "text": text}, {"type": "image_url"}], None]),
            "tool_calls": chance.choice([None, [{"function": {"name": "terminal", "arguments": arguments}}]]),
        }
        raw = json.dumps(record, ensure_ascii=chance.random() < 0.5).encode()
        raw = chance.choice([raw, raw, raw.decode().encode("utf-16")])
        if missing(query, raw):
            passed += 1
            assert not accepted(query, raw), raw
    assert passed or query in ("café", "image")


def test_plain_files_without_the_words_are_passed_over_and_others_are_not() -> None:
    plain = b'{"role": "user", "content": "docker compose"}\n'
    assert missing("podman", plain)
    assert missing("docker podman", plain)
    assert missing("podman OR buildah", plain)
    assert not missing("podman OR docker", plain)
    assert not missing("DOCKER", plain)
    for unsure in (b"\\u00e9", "é".encode(), b"\0", b'"content": [1]'):
        assert not missing("podman", plain + unsure)
    assert not missing("-docker", plain)
    assert not missing("42", plain)


def test_a_file_with_other_scripts_is_passed_over_unless_they_stand_for_ascii() -> None:
    said = "naïf".replace("ï", "—") + " 大别山 Пример “quoted” ⚠️ 🙂"
    for text in (said, json.dumps(said), json.dumps(json.dumps(said))):
        assert missing("podman", f'{{"role": "user", "content": "{text[1:-1]}"}}\n'.encode())
    for letter in ("é", "\u0301", "\\u0070", "\u212a"):
        assert not missing("podman", f'{{"role": "user", "content": "{letter}"}}\n'.encode())
