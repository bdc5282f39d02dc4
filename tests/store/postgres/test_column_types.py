"""Schemas whose columns have other types than Hermes', odd names or other rights: read as far as they can be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from store.base.errors import NoPermission, NotADatabase
from store.base.server_address import parse_address
from store.browse.browser import HomeBrowser
from store.engine.push_target import FILE_IDS
from store.open import locate_server, open_to_read
from store.postgres import agent_rows, messages
from store.postgres.changes import Changes
from store.postgres.column_types import read_as
from store.postgres.reader import Reader
from tests.store.postgres.test_hermes_schema import found, messages_of, served, sessions_of

SqlRunner = Callable[..., list[Any]]

SESSIONS = "id text, started_at float8"
MESSAGES = "id bigint, session_id text, role text, content text"


@pytest.fixture
def made(server_url: str, run_sql: SqlRunner, worker_id: str) -> Callable[..., str]:
    """Makes a schema of two tables with these columns, which a role may read, and returns its URL for that role."""

    def _make(sessions: str, of_messages: str, *statements: str, granted: bool = True) -> str:
        schema = f"types_{worker_id}"
        given = (f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO tests_reader",) if granted else ()
        for statement in (
            f"DROP SCHEMA IF EXISTS {schema} CASCADE",
            f"CREATE SCHEMA {schema}",
            f"GRANT USAGE ON SCHEMA {schema} TO tests_reader",
            f"CREATE TABLE {schema}.sessions ({sessions.format(s=schema)})",
            f"CREATE TABLE {schema}.messages ({of_messages.format(s=schema)})",
            *(statement.format(s=schema) for statement in statements),
            *given,
        ):
            run_sql(statement)
        return served(server_url, schema)

    return _make


def opened(url: str) -> HomeBrowser:
    """The browser of a schema."""
    return HomeBrowser(open_to_read(locate_server(url)))


SECONDS, WRITTEN = "1772323200", "2026-03-01 00:00:00+00"
PLAIN, CODED = '"to the quay"', '{{"a": "quay"}}'


@pytest.mark.parametrize(
    ("sessions", "of_messages", "times", "contents"),
    [
        (
            "id text, title text, archived bigint, started_at float8, ended_at float8",
            "id bigint, session_id text, role text, tool_calls text, active bigint, content text, timestamp float8",
            (SECONDS, SECONDS, SECONDS),
            ("to the quay", f"\x01json:{CODED}"),
        ),
        (
            "id name, title jsonb, archived boolean, started_at numeric, ended_at timestamptz",
            "id numeric, session_id char(1), role varchar, tool_calls json, active bool, content jsonb, timestamp date",
            (SECONDS, WRITTEN, WRITTEN),
            (PLAIN, CODED),
        ),
        (
            "id char(1), title varchar, archived text, started_at text, ended_at timestamp",
            "id text, session_id name, role text, tool_calls json, active real, content json, timestamp varchar",
            (WRITTEN, WRITTEN, SECONDS),
            (PLAIN, CODED),
        ),
    ],
)
def test_columns_of_other_types_read_as_those_of_hermes(
    made: Callable[..., str],
    sessions: str,
    of_messages: str,
    times: tuple[str, str, str],
    contents: tuple[str, str],
) -> None:
    """Mutants: a type is taken as it is; a text of JSON stays JSON; a time in words is none."""
    started, ended, sent = times
    url = made(
        sessions,
        of_messages,
        f"INSERT INTO {{s}}.sessions VALUES ('s', '\"odd\"', '1', '{started}', '{ended}')",
        *(
            f"INSERT INTO {{s}}.messages VALUES ('{number}', 's', 'user', '[]', '{number - 1}', '{text}', '{sent}')"
            for number, text in enumerate(contents, 1)
        ),
    )
    at = float(SECONDS)
    with closing(opened(url)) as browser:
        [session] = sessions_of(browser)
        assert (session.id, session.started_at, session.ended_at) == ("s", at, at)
        assert (session.title, session.archived, session.messages, session.last_active) == ('"odd"', True, 2, at)
        read = messages_of(browser, "s")
        texts = ["to the quay", '{"a": "quay"}']
        assert [(message.id, message.text, message.active) for message in read] == [
            (number, text, number == 2) for number, text in enumerate(texts, 1)
        ]
        assert {(message.role, message.timestamp, message.tool_calls) for message in read} == {("user", at, ())}
        assert found(browser, "quay is:archived") == [("s", 2)]
        assert found(browser, "quay after:2026-03-02") == []
        assert browser.watch().poll() is not None


def test_columns_that_the_role_may_not_read_are_absent_and_the_first_ones_refused(
    made: Callable[..., str], run_sql: SqlRunner
) -> None:
    """Mutants: no look at the rights; the doctor says that the role may read."""
    url = made(
        f"{SESSIONS}, title text",
        f"{MESSAGES}, tool_name text",
        "INSERT INTO {s}.sessions VALUES ('s', 1.7e9, 'hidden')",
        "INSERT INTO {s}.messages VALUES (1, 's', 'user', 'to the quay', 'hidden')",
        "CREATE TABLE {s}.state_change_revision (id int, revision bigint)",
        "GRANT SELECT (id, started_at) ON {s}.sessions TO tests_reader",
        "GRANT SELECT (id, session_id, role, content) ON {s}.messages TO tests_reader",
        granted=False,
    )
    with closing(opened(url)) as browser:
        assert [(session.title, session.messages) for session in sessions_of(browser)] == [(None, 1)]
        assert [(message.text, message.tool_name) for message in messages_of(browser, "s")] == [("to the quay", None)]
        assert found(browser, "quay") == [("s", 1)]
        assert browser.watch().poll() is not None
        assert [finding for finding in browser.health() if finding.ok is False] == []
    run_sql(f"REVOKE SELECT (content) ON {parse_address(url).schema}.messages FROM tests_reader")
    with closing(opened(url)) as browser:
        with pytest.raises(NoPermission, match="GRANT USAGE ON SCHEMA and SELECT"):
            browser.sessions(limit=5)
        assert [finding.check for finding in browser.health() if finding.ok is False] == ["store"]


def test_columns_of_later_versions_are_read_as_text_where_python_may_not_have_their_value(
    made: Callable[..., str],
) -> None:
    """Mutant: every type is taken as it is. A time without end or before our era ends the read then."""
    later = "a timestamptz, b date, c numeric, d text[], e interval, f boolean"
    values = "'infinity', '0044-03-15 BC', 'NaN', '{{x}}', '1 day', true"
    url = made(SESSIONS, f"{MESSAGES}, {later}", f"INSERT INTO {{s}}.messages VALUES (1, 's', 'user', 'x', {values})")
    with closing(Reader(parse_address(url))) as reader:
        [row] = agent_rows.messages(reader, ["s"], include_inactive=True)
        found = [row[name] for name in "abcdef"]
        assert found == ["infinity", "0044-03-15 BC", "NaN", "{x}", "1 day", True]


def test_the_doctor_says_of_every_right_to_write_that_the_role_may_and_of_none_that_it_may_not(
    made: Callable[..., str], run_sql: SqlRunner
) -> None:
    """Mutants: the right to a column alone is none; nor is that to empty the table."""
    url = made(SESSIONS, MESSAGES)
    schema = parse_address(url).schema
    for right in ("", f"UPDATE (started_at) ON {schema}.sessions", f"TRUNCATE ON {schema}.messages"):
        if right:
            run_sql(f"GRANT {right} TO tests_reader")
        with closing(opened(url)) as browser:
            [said] = [finding.detail for finding in browser.health() if finding.check == "rights"]
        assert said.startswith("the role may write here" if right else "the role may only read")
        if right:
            run_sql(f"REVOKE {right} FROM tests_reader")


def test_the_name_of_a_column_is_never_part_of_a_statement_unless_it_is_one_of_plain_letters(
    made: Callable[..., str], run_sql: SqlRunner
) -> None:
    """Mutant: every name is taken. One with a quote in it ends the name, and the transaction that only reads."""
    name = 'id"" FROM {s}.messages;COMMIT;CREATE TABLE {s}.t();--'
    url = made(
        SESSIONS, f'{MESSAGES}, "{name}" text, "100% s" text', "INSERT INTO {s}.messages VALUES (1, 's', 'user')"
    )
    schema = parse_address(url).schema
    owner = url.replace("tests_reader@", "postgres@")
    with closing(Reader(parse_address(owner))) as reader:
        assert [row["id"] for row in agent_rows.messages(reader, ["s"], include_inactive=True)] == [1]
        assert [row.id for row in messages.stored_rows(reader, "s")] == [1]
    assert run_sql(f"SELECT 1 FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 't'") == []


def test_a_domain_counts_as_its_base_and_an_enumeration_which_may_have_a_cast_as_absent(
    made: Callable[..., str], run_sql: SqlRunner
) -> None:
    url = made(SESSIONS, f"{MESSAGES}, tool_name text", "INSERT INTO {s}.messages VALUES (1, 's', 'user', 'a', 'b')")
    schema = parse_address(url).schema
    run_sql(f"CREATE DOMAIN {schema}.word AS text")
    run_sql(f"CREATE TYPE {schema}.kind AS ENUM ('user', 'b')")
    run_sql(
        f"ALTER TABLE {schema}.messages ALTER role TYPE {schema}.word, ALTER tool_name TYPE {schema}.kind"
        f" USING tool_name::{schema}.kind"
    )
    with closing(opened(url)) as browser:
        assert [(message.role, message.tool_name) for message in messages_of(browser, "s")] == [("user", None)]
    run_sql(f"ALTER TABLE {schema}.messages ALTER role TYPE {schema}.kind USING role::text::{schema}.kind")
    with closing(opened(url)) as browser, pytest.raises(NotADatabase, match="no column “role” of a known type"):
        browser.sessions(limit=5)


def test_a_revision_without_a_row_is_none_and_commits_are_seen_all_the_same(
    made: Callable[..., str], run_sql: SqlRunner
) -> None:
    """Mutants: the row is expected; nothing stands for it."""
    url = made(SESSIONS, MESSAGES, "CREATE TABLE {s}.state_change_revision (id int, revision bigint)")
    with closing(Reader(parse_address(url))) as reader:
        changes = Changes(reader)
        before = changes.version()
        run_sql(f"INSERT INTO {parse_address(url).schema}.sessions VALUES ('s', 1.0)")
        assert changes.version() != before


def test_the_version_of_a_section_of_rows_of_files_is_a_sum_above_64_bits(made: Callable[..., str]) -> None:
    """Mutants: the sum is a bigint; it is read as a float."""
    rows = f"INSERT INTO {{s}}.messages SELECT {FILE_IDS} + n, 's', 'user', 'x' FROM generate_series(1, 40) AS n"
    with closing(Reader(parse_address(made(SESSIONS, MESSAGES, rows)))) as reader:
        version = messages.versions(reader, ["s"])["s"]
        assert version.active_ids == sum(FILE_IDS + number for number in range(1, 41))


@pytest.mark.parametrize(
    ("table", "column", "kind", "read"),
    [
        ("messages", "active", "int4", '"active"'),
        ("messages", "content", "bytea", None),
        ("messages", "display_identity", "text", None),
        ("messages", "search_vector", "text", None),
        ("state_change_revision", "revision", "text", None),
        ("messages", "content", None, None),
    ],
)
def test_a_type_that_cannot_be_read_as_the_expected_one_counts_as_absent(
    table: str, column: str, kind: str | None, read: str | None
) -> None:
    assert read_as(table, column, kind) == read
