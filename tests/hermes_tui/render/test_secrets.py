"""Likely secrets are found by kind, and what only looks like one stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.render.export.model import Record
from hermes_tui.render.export.redactor import Redactor
from hermes_tui.render.secrets import SecretKind, have_secrets, is_secret, kind_of_named, masked, secrets
from store import Message, ToolCall
from tests.any_text import CHARACTERS
from tests.cpu_time import spent
from tests.secret_samples import HERMES_MASKS, OURS, PLAIN


@pytest.mark.parametrize(("text", "secret", "kind"), [*HERMES_MASKS, *OURS])
def test_a_secret_is_masked_under_its_kind(text: str, secret: str, kind: SecretKind) -> None:
    found = secrets(text)

    assert secret not in masked(text, found)
    assert [likely.kind for likely in found] == [kind]
    assert secrets(masked(text, found)) == []


@pytest.mark.parametrize("text", PLAIN)
def test_a_text_without_secrets_stays(text: str) -> None:
    assert secrets(text) == []


def test_a_name_beside_its_value_says_what_that_is() -> None:
    """Mutants: a list under a name not looked into; the name of a pair not taken for its value's."""
    value = {"env": [{"name": "DB_PASSWORD", "value": "hunter"}], "passwords": ["correct horse"], "name": "a", "n": 1}
    masked = Redactor(is_masking=True).value(value)

    mask = "[redacted: password]"
    env = [{"name": "DB_PASSWORD", "value": mask}]
    assert masked == {"env": env, "passwords": [mask], "name": "a", "n": 1}
    assert "hunter" not in Redactor(is_masking=True).text('\n {"pass\\u0077ord": "hunter"}')


def test_what_is_looked_through_as_one_is_masked_as_if_it_stood_alone() -> None:
    """Mutants: a separator that a pattern goes on behind; the start of a text that begins no line; JSON not decoded."""
    samples = [text for text, _, _ in (*HERMES_MASKS, *OURS)]
    odd = [
        "password: correcthorse",
        '{"a": "sk-proj-\\u005ak3abc123def456"}',
        '{"api_key": "abcd"}',
        "+20260301100001",
        "password:",
        "hunter2",
    ]
    for text in (*samples, *odd):
        records: list[Record] = [{"content": around} for around in ("password =", "plain", text, "abc12345", "")]
        alone, together = Redactor(is_masking=True), Redactor(is_masking=True)
        assert list(together.records(records)) == [alone.record(record) for record in records]
        assert together.counts == alone.counts
        messages = [
            Message(1, "s", "user", text),
            Message(2, "s", "tool", "x", tool_calls=(ToolCall("c", "run", text),)),
        ]
        assert list(together.messages(messages)) == [alone.message(message) for message in messages]
    assert not any(have_secrets([text, text]) for text in PLAIN)


@pytest.mark.parametrize(
    "record",
    [
        {"content": '{"name": "DB_PASSWORD", "value": "hunter"}'},
        {"env": [{"name": "DB_PASSWORD", "value": "hunter"}]},
        {"api_key": "abcd1234"},
        {"details": [["AKIAIOSFODNN7EXAMPLE"]]},
    ],
)
def test_a_name_or_a_list_hides_no_secret_among_records_without_one(record: Record) -> None:
    """Mutants: a value under the name of a pair, the names of a record, a list inside of a list not looked at."""
    redactor = Redactor(is_masking=True)
    assert "[redacted" in str(redactor.records([{"content": "plain"}, record]))
    assert redactor.counts.total() == 1


def test_an_address_of_a_person_opens_nothing() -> None:
    assert not is_secret("write to bob@example.org")
    assert is_secret("password=hunter2")


def test_the_name_of_a_field_says_what_its_value_is() -> None:
    assert kind_of_named("dbPassword", "correct horse") is SecretKind.PASSWORD
    assert kind_of_named("api_key", "abcd") is SecretKind.KEY
    assert kind_of_named("max_tokens", "4096") is None
    assert kind_of_named("path", "abcd") is None


@pytest.mark.slow
@given(
    st.text(CHARACTERS, max_size=80),
    st.sampled_from([text for text, _, _ in (*HERMES_MASKS, *OURS)]),
    st.text(CHARACTERS, max_size=80),
)
def test_places_lie_in_the_text_and_apart(before: str, sample: str, after: str) -> None:
    text = f"{before} {sample} {after}"
    ends = 0
    for found in secrets(text):
        assert ends <= found.start < found.end <= len(text)
        ends = found.end


@pytest.mark.parametrize(
    "part",
    [
        "://",
        "-----BEGIN PRIVATE KEY-----",
        "?key=",
        "token:",
        "eyJ",
        "a@",
        "sk-",
        "token:[",
        'token:"\\"',
        "--token a",
        "https://1",
        "cookie: ",
    ],
)
def test_no_text_takes_more_than_linear_time(part: str) -> None:
    small, large = part * 500, part * 2500
    assert spent(lambda: secrets(large)) < 15 * spent(lambda: secrets(small)) + 0.001
