"""Schemas of Hermes: read like the home that they were filled from, by a role that may only read, and left as they
were, even where their owner put traps into them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from hermes_tui.__main__ import main
from store.agent.messages import AgentMessages
from store.base.errors import NoPermission, NotADatabase, ReadOnly, StoreError
from store.base.models import Message, Session
from store.base.server_address import parse_address
from store.browse.browser import HomeBrowser
from store.browse.protocol import Browser
from store.formats.row_encoding import message_rows
from store.home_store import HomeStore
from store.open import locate_server, open_store, open_to_read
from store.postgres import create, schema_probe, search, search_plan
from store.postgres.engine import PostgresEngine
from store.postgres.reader import Reader
from store.query.parse import parse
from tests.homes import on_postgres
from tests.homes.build import ERAS
from tests.homes.catalog import REAL
from tests.postgres_server import VARIABLE, programs

SqlRunner = Callable[..., list[Any]]

GUARD = (
    r"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog;"
    r" SET LOCAL statement_timeout = \d+; SET LOCAL lock_timeout = \d+;"
    r" SELECT pg_catalog.pg_backend_pid\(\) / CASE WHEN pg_catalog.current_setting\('transaction_read_only'\) = 'on'"
)
"""How every read begins."""
TRAP = "CREATE FUNCTION {s}.{name} RETURNS {returned} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$"
TRAPS = (
    ("substr(text, int, int)", "text"),
    ("left(text, int)", "text"),
    ("lower(text)", "text"),
    ("octet_length(text)", "int"),
    ("strpos(text, text)", "int"),
    ("concat_ws(text, text, text, text)", "text"),
    ("current_setting(text)", "text"),
    ("trap(text, text)", "boolean"),
)
"""Functions that shadow those of pg_catalog where the schema is in the search path; the last is an operator's."""


def served(url: str, schema: str, user: str = "tests_reader") -> str:
    """The URL of a schema for a role."""
    return f"{url.replace('postgres@', f'{user}@', 1)}&schema={schema}"


def trapped(schema: str) -> list[str]:
    """Statements that put the traps in, and let a role read and fall into them."""
    made = [TRAP.format(s=schema, name=name, returned=returned) for name, returned in TRAPS]
    return [
        *made,
        f"CREATE OPERATOR {schema}.= (LEFTARG = text, RIGHTARG = text, FUNCTION = {schema}.trap)",
        f"GRANT USAGE ON SCHEMA {schema} TO tests_reader",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO tests_reader",
        f"ALTER ROLE tests_reader SET search_path = {schema}, pg_catalog",
    ]


def dumped(url: str, run_sql: SqlRunner, schema: str) -> list[Any]:
    """All that a schema holds: rows with the transactions that wrote them, and what pg_dump says."""
    found: list[Any] = []
    for table in ("sessions", "messages", "state_change_revision"):
        found += run_sql(f"SELECT xmin::text, t::text FROM {schema}.{table} AS t ORDER BY 2")
    dump = subprocess.run(
        [programs() / "pg_dump", f"--schema={schema}", "--restrict-key=k", url], check=True, capture_output=True
    )
    return [*found, dump.stdout]


def statements_of(url: str, schema: str, start: int) -> list[str]:
    """Statements of this program on a schema in the server's log, which has all, from a place in it on."""
    with log_of(url).open("rb") as log:
        log.seek(start)
        entries = re.split("^(?=\\S+ LOG:  )", log.read().decode(errors="replace"), flags=re.MULTILINE)
    mark = "hermes-tui LOG:  statement: "
    return [entry.removeprefix(mark) for entry in entries if entry.startswith(mark) and schema in entry]


def log_of(url: str) -> Path:
    """The log of the server that the tests start."""
    return Path(unquote(url.partition("host=")[2])) / "log"


def sessions_of(browser: Browser) -> list[Session]:
    """Every session as it is listed, without the profile's name."""
    page = browser.sessions(limit=7)
    found = [*page.items]
    while page.more:
        page = browser.sessions(limit=7, cursor=page.cursor)
        found += page.items
    return [replace(session, profile="") for session in found]


def messages_of(browser: Browser, session_id: str) -> list[Message]:
    """Every row of a session."""
    ids = [head.id for head in browser.heads(session_id, limit=100_000).items]
    return [message for start in range(0, len(ids), 256) for message in browser.messages(ids[start : start + 256])]


def found(browser: Browser, query: str) -> list[tuple[str, int]]:
    """Every hit."""
    return sorted(
        (hit.session_id, hit.message_id) for batch in browser.search(query, limit=10_000) for hit in batch.hits
    )


def queries(messages: list[Message]) -> Iterator[str]:
    """Words, phrases, prefixes, pairs of characters and filters that occur in some messages."""
    texts = " ".join(message.text for message in messages)
    every = sorted(set(re.findall(r"\b[A-Za-z]{4,}\b", texts)))
    words = every[:: len(every) // 8][:8]
    yield from words
    yield from (f"{word[:3]}*" for word in words[:2])
    yield from dict.fromkeys(re.findall("[\u4e00-\u9fff]{2}", texts)[:2])
    phrase = re.search(r"\b[a-z]{3,} [a-z]{3,}\b", texts)
    yield f'"{phrase[0]}"' if phrase else "nothing"
    yield from ("role:user", "source:telegram", f"{words[0]} -{words[1]}", f"{words[2]} OR {words[3]}", "zyzzyva")


def emptied(folder: Path) -> HomeBrowser:
    """The home without its JSONL files, which a schema has not."""
    return HomeBrowser(open_store(folder / "state.db", read_only=True, sessions_dir=folder / "none"))


@pytest.mark.parametrize(
    "era", ["v31", *(pytest.param(name, marks=pytest.mark.slow) for name in ("v13", "v25-c2", *REAL))]
)
def test_a_schema_reads_like_the_home_it_was_filled_from_and_is_left_as_it_was(
    era_home: Callable[[str], Path], server_url: str, run_sql: SqlRunner, capsys: pytest.CaptureFixture[str], era: str
) -> None:
    """Mutants: `search_path` has the schema; a read without its guard; a statement that writes."""
    worker_id = os.environ.get("PYTEST_XDIST_WORKER", "master")
    folder = era_home(era) / ".hermes"
    schema = f"up_{worker_id}"
    version = ERAS[era].version if era in ERAS else on_postgres.NEWEST
    on_postgres.make(server_url, schema, folder / "state.db", version, more=trapped(schema))
    before = dumped(server_url, run_sql, schema)
    logged = log_of(server_url).stat().st_size if VARIABLE not in os.environ else None
    home = locate_server(served(server_url, schema))
    with closing(HomeBrowser(open_to_read(home))) as there, closing(emptied(folder)) as here:
        assert sessions_of(there) == sessions_of(here)
        ids = [session.id for session in sessions_of(here)]
        assert there.outlines(ids) == here.outlines(ids)
        assert there.scope() == here.scope()
        rows = {session_id: messages_of(here, session_id) for session_id in ids}
        assert {session_id: messages_of(there, session_id) for session_id in ids} == rows
        for query in queries([message for messages in rows.values() for message in messages]):
            assert found(there, query) == found(here, query), query
        first = next(messages for messages in rows.values() if len(messages) > 2)[1]
        assert there.context(first.session_id, first.id or 0, width=2) == here.context(
            first.session_id, first.id or 0, width=2
        )
        assert [finding for finding in there.health() if finding.ok is False] == []
        assert there.watch().poll() is not None
    for verb in (
        ["list", "--all"],
        ["show", first.session_id],
        ["search", "message"],
        ["doctor"],
        ["check"],
        ["stats"],
    ):
        main(["--home", served(server_url, schema), *verb])
    assert "trapped" not in capsys.readouterr().err
    if logged is not None:
        statements = statements_of(server_url, schema, logged)
        assert len(statements) > 100
        assert [text for text in statements if not re.match(GUARD, text)] == []
    assert dumped(server_url, run_sql, schema) == before


def test_the_index_of_a_schema_finds_rows_without_calls_rare_words_common_ones_and_the_end_of_long_rows(
    server_url: str, run_sql: SqlRunner, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: `NOT long` in place of `IS NOT TRUE` loses every row whose tool_calls are NULL."""
    monkeypatch.setattr(search_plan, "SMALL", -1)
    schema = f"index_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in on_postgres.statements(schema):
        run_sql(statement)
    run_sql(
        f"INSERT INTO {schema}.messages (session_id, role, content, timestamp) SELECT 's', 'user', 'every day'"
        " || CASE WHEN n % 100 = 0 THEN ' hundredth' ELSE '' END || CASE WHEN n IN (3, 900) THEN ' quinces' ELSE '' END"
        " || CASE WHEN n IN (7, 800) THEN repeat(' x', 5000) || ' after' ELSE '' END, n"
        " FROM generate_series(1, 900) AS n"
    )
    expected = {
        "every": range(900, 0, -1),
        "hundredth": range(900, 0, -100),
        "quinces": (900, 3),
        "after": (800, 7),
        "every quin*": (900, 3),
        '"every day hundredth"': range(900, 0, -100),
        "nowhere": (),
    }
    address = parse_address(f"{server_url}&schema={schema}")
    for counted in ("", "ANALYZE {s}.messages"):
        if counted:
            run_sql(counted.format(s=schema))
        reader = Reader(address)
        for query, ids in expected.items():
            for limit in (1, 20, 1000):
                steps = search.matching_ids(reader, parse(query, now=0.0), limit=limit)
                assert [row for step in steps for row in step.ids] == list(ids)[:limit], (query, limit, counted)
        reader.close()
    run_sql(f"DROP SCHEMA {schema} CASCADE")


def test_a_schema_of_hermes_is_never_written_even_by_a_role_that_may(
    era_home: Callable[[str], Path], server_url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    schema = f"up_{worker_id}_writable"
    on_postgres.make(server_url, schema, era_home("v31") / ".hermes" / "state.db")
    url = served(server_url, schema, "postgres")
    before = dumped(server_url, run_sql, schema)
    store = open_store(url)
    with pytest.raises(ReadOnly, match="Hermes' own"):
        AgentMessages(store).append_message("s1", "user", "hello")
    with pytest.raises(ReadOnly):
        store.write(lambda tx: tx.append("s1", message_rows([{"role": "user", "content": "hello"}], now=1.7e9)))
    store.close()
    reader = Reader(parse_address(url))
    for write in (
        f"DELETE FROM {schema}.messages",
        f"CREATE TABLE {schema}.t ()",
        "SET LOCAL transaction_read_only = off; SELECT 1",
    ):
        with pytest.raises(StoreError):
            reader.rows(write)
    reader.close()
    assert dumped(server_url, run_sql, schema) == before


def test_what_is_no_plain_table_is_refused_by_its_name(server_url: str, run_sql: SqlRunner, worker_id: str) -> None:
    schema = f"odd_{worker_id}"
    address = replace(parse_address(server_url), schema=schema)
    for statements, kind, said in (
        (["CREATE VIEW {s}.messages AS SELECT 1 AS id, 's' AS session_id, 'x' AS content"], NotADatabase, "messages"),
        (
            [
                "CREATE TABLE {s}.messages (id bigint, session_id text, content text)",
                "ALTER TABLE {s}.messages ENABLE ROW LEVEL SECURITY",
            ],
            NoPermission,
            "row policies",
        ),
        (["CREATE TABLE {s}.messages (id bigint, session_id text)"], NotADatabase, "content"),
    ):
        run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        run_sql(f"CREATE SCHEMA {schema}")
        run_sql(f"CREATE TABLE {schema}.sessions (id text)")
        for statement in statements:
            run_sql(statement.format(s=schema))
        store = HomeStore(Path("nowhere"), PostgresEngine(address, patience=1.0), sibling=open_to_read, read_only=True)
        with pytest.raises(kind, match=said):
            store.engine.sessions.ids()
        store.close()
    run_sql(f"DROP SCHEMA {schema} CASCADE")


VIEW = "DROP TABLE {{s}}.{0}; CREATE VIEW {{s}}.{0} AS SELECT {1} WHERE {{s}}.trap(1)"
PLANNED = (
    ("CREATE INDEX added ON {s}.messages (id) WHERE {s}.trap(1)", True),
    ("CREATE INDEX added ON {s}.sessions (({s}.trap(1)))", True),
    ("CREATE STATISTICS {s}.added ON ({s}.trap(1)), id FROM {s}.messages", True),
    ("CREATE TABLE {s}.added () INHERITS ({s}.messages); CREATE INDEX ON {s}.added (id) WHERE {s}.trap(1)", True),
    ("ALTER TABLE {s}.messages ADD CONSTRAINT added CHECK ({s}.trap(1))", False),
    ("CREATE TABLE {s}.added (CHECK ({s}.trap(1))) INHERITS ({s}.messages)", False),
    (VIEW.format("state_change_revision", "1 AS revision"), False),
    (VIEW.format("gateway_heartbeats", "'x' AS backend_id, 1 AS last_heartbeat"), False),
)
"""What makes the server run a function of the schema's owner when a table is read, and whether it is then refused."""


@pytest.mark.parametrize(("statements", "is_refused"), PLANNED)
def test_no_function_of_the_owner_runs_when_a_statement_is_planned_or_a_view_stands_for_a_table(
    server_url: str, run_sql: SqlRunner, worker_id: str, statements: str, is_refused: bool
) -> None:
    """Mutants: no look at what depends on functions; a view is a table like others; checks exclude."""
    schema = f"planned_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in on_postgres.statements(schema):
        run_sql(statement)
    run_sql(
        f"CREATE FUNCTION {schema}.trap(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'postgres' THEN RAISE EXCEPTION 'trapped'; END IF; RETURN true; END $$"
    )
    for statement in statements.split("; "):
        run_sql(statement.format(s=schema))
    run_sql(f"GRANT USAGE ON SCHEMA {schema} TO tests_reader")
    run_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO tests_reader")
    with closing(HomeBrowser(open_to_read(locate_server(served(server_url, schema))))) as browser:
        if is_refused:
            with pytest.raises(NotADatabase, match="functions of others"):
                browser.sessions(limit=5)
        else:
            assert browser.sessions(limit=5).items == ()
            assert list(browser.search("words", limit=5))[-1].done
            assert browser.watch().poll() is not None
            assert [finding for finding in browser.health() if finding.ok is False] == []
    run_sql(f"DROP SCHEMA {schema} CASCADE")


def test_the_probe_of_a_schema_looks_for_every_table_that_a_schema_of_ours_has() -> None:
    made = {match[1] for sql in create.statements("s") if (match := re.match(r'CREATE TABLE "s"\.(\w+)', sql))}
    assert made - set(schema_probe.TABLES) == set()


def test_columns_that_are_absent_read_as_nothing_and_the_first_ones_are_asked_for_by_name(
    server_url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    """Mutant: a statement names a column whatever the schema has."""
    schema = f"bare_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    run_sql(f"CREATE SCHEMA {schema}")
    run_sql(f"CREATE TABLE {schema}.sessions (id text, started_at float8)")
    run_sql(f"CREATE TABLE {schema}.messages (id bigint, session_id text, role text, content text)")
    run_sql(f"INSERT INTO {schema}.sessions VALUES ('s', 1.7e9)")
    run_sql(f"INSERT INTO {schema}.messages SELECT n, 's', 'user', 'bare words ' || n FROM generate_series(1, 30) AS n")
    url = f"{server_url}&schema={schema}"
    with closing(HomeBrowser(open_to_read(locate_server(url)))) as browser:
        assert [session.messages for session in (*browser.sessions(limit=9).items, *browser.recent(limit=9))] == [
            30
        ] * 2
        assert browser.outlines(["s"])["s"].first_words == "bare words 1"
        assert [message.text for message in messages_of(browser, "s")][-1] == "bare words 30"
        assert found(browser, '"bare words" 7 source:cli') == []
        assert found(browser, '"bare words" 7') == [("s", 7)]
        assert (browser.scope().total, browser.chain("s"), browser.resolve("s")) == (1, ("s",), "s")
        assert browser.watch().poll() is not None
        assert [finding for finding in browser.health() if finding.ok is False] == []
    run_sql(f"ALTER TABLE {schema}.messages DROP COLUMN role")
    with (
        closing(HomeBrowser(open_to_read(locate_server(url)))) as browser,
        pytest.raises(NotADatabase, match="no column “role”"),
    ):
        browser.sessions(limit=5)
    run_sql(f"DROP SCHEMA {schema} CASCADE")
