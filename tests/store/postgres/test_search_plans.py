"""Searches of a schema by the index and by windows of rows: the same hits, whatever the statistics say."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import SessionDB
from store.agent.messages import ImportedSession
from store.base.errors import Locked
from store.base.fallbacks import Fallback, FallbackKind, IndexGap, ScanProgress
from store.base.server_address import parse_address
from store.engine.push_target import FILE_IDS
from store.postgres import create, search, search_plan, search_walk, terms, word_statistics
from store.postgres.reader import Reader
from store.query.matcher import accepts
from store.query.parse import parse
from tests.builders import say
from tests.homes import on_postgres

SqlRunner = Callable[..., list[Any]]

INSERT = (
    "INSERT INTO {s}.messages (id, session_id, role, content, timestamp, hermes_tui_terms, hermes_tui_long)"
    " SELECT n * {factor}::bigint, 's', 'user', text, n, CASE WHEN {long} THEN NULL ELSE array_to_tsvector("
    "string_to_array(text, ' ') || CASE WHEN n % 50 = 0 THEN ARRAY[' '] ELSE '{{}}' END) END,"
    " CASE WHEN {long} THEN true END"
    " FROM (SELECT n, 'common' || CASE WHEN n % 9 = 0 THEN ' ninth' ELSE '' END || CASE WHEN n IN (2, 700) THEN"
    " ' seldom' ELSE '' END || CASE WHEN n % 50 = 0 THEN ' 漢字' ELSE '' END AS text"
    " FROM generate_series(1, 900) AS n) AS made"
)
"""Messages of a schema of ours; those whose words were too many are long."""


@pytest.fixture
def schema(server_url: str, run_sql: SqlRunner, worker_id: str) -> Iterator[str]:
    """A schema of ours without messages."""
    name = f"plans_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    for statement in create.statements(name):
        run_sql(statement)
    yield name
    run_sql(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def url(server_url: str, schema: str) -> str:
    """Its URL."""
    return f"{server_url}&schema={schema}"


def filled(run_sql: SqlRunner, schema: str, *, factor: int = 1, long: str = "false") -> None:
    """Put the messages in."""
    run_sql(INSERT.format(s=schema, factor=factor, long=long))


@pytest.fixture(params=["few", "many"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the schema counts as one of many messages, whose statistics are read."""
    if request.param == "many":
        monkeypatch.setattr(search_plan, "FEW_ROWS", 0)
        monkeypatch.setattr(search_walk, "FEW_ROWS", 0)
    return bool(request.param == "many")


class Counted(Reader):
    """Counts the read transactions."""

    def __init__(self, url: str) -> None:
        super().__init__(parse_address(url))
        self.reads = 0

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        self.reads += 1
        return super()._run(*args, **kwargs)


def ids(reader: Reader, query: str, limit: int = 5_000) -> list[int]:
    """A search's ids in their order."""
    return [row for step in search.matching_ids(reader, parse(query, now=0.0), limit=limit) for row in step.ids]


EXPECTED = {
    "common": range(900, 0, -1),
    "ninth": range(900, 0, -9),
    "seldom": (700, 2),
    "漢字": range(900, 0, -50),
    "common ninth sel*": (),
    "ninth OR seldom": [n for n in range(900, 0, -1) if n % 9 == 0 or n in (2, 700)],
    "common -ninth": [n for n in range(900, 0, -1) if n % 9],
}


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("long", ["false", "n % 7 = 0", "n = 700"])
@pytest.mark.parametrize("factor", [1, 1_000_000_007])
def test_every_plan_finds_the_same_with_long_rows_and_with_ids_that_lie_far_apart(
    run_sql: SqlRunner, schema: str, url: str, factor: int, long: str
) -> None:
    """Mutants: windows of ids in place of rows do not end; a page of the index with long rows beside it is unsorted."""
    filled(run_sql, schema, factor=factor, long=long)
    for statement in ("", f"ANALYZE {schema}.messages"):
        if statement:
            run_sql(statement)
        with closing(Reader(parse_address(url))) as reader:
            for query, places in EXPECTED.items():
                for limit in (3, 5_000):
                    assert ids(reader, query, limit) == [n * factor for n in places][:limit], (query, limit, statement)


def test_a_pair_is_looked_for_among_the_rows_that_have_pairs_alone(
    run_sql: SqlRunner, schema: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a schema of ours. Mutants: every row is walked over; a row with more words than are stored is not listed; one
    alternative with a pair is enough; a pair that the statistics do not know is listed by the index at once; whether
    there are long rows is asked of all rows.
    """
    monkeypatch.setattr(search_plan, "FEW_ROWS", 0)
    filled(run_sql, schema, long="n = 700")
    run_sql(f"ANALYZE {schema}.messages")
    asked: list[tuple[str, Any]] = []
    with closing(Reader(parse_address(url))) as reader:
        batch = reader.batch

        def _noted(statements: Any, **kwargs: Any) -> Any:
            asked.extend(statements)
            return batch(statements, **kwargs)

        monkeypatch.setattr(reader, "batch", _noted)
        sent = {}
        for query, places in (
            ("漢字", [*range(900, 0, -50)]),
            ("漢字 OR seldom", [*range(900, 0, -50), 2]),
            ("鯨飲", []),
        ):
            asked.clear()
            assert ids(reader, query, 18) == places[:18]
            sent[query] = next(entry for entry in asked if "most_common" not in entry[0])
    assert {query: "ts_match_vq" in sql for query, (sql, _) in sent.items()} == {
        "漢字": True,
        "漢字 OR seldom": False,
        "鯨飲": True,
    }
    [listed] = [entry for entry in asked if entry[0].endswith("ORDER BY id LIMIT 1")]
    for (sql, bound), rows in ((sent["漢字"], 18), (listed, 1)):
        assert _rows(run_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", bound)[0][0][0]["Plan"]) == rows


def _rows(plan: Any) -> int:
    """Rows that the lowest node of a plan reads."""
    below = plan.get("Plans")
    return _rows(below[0]) if below else int(plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))


SAID = (
    say("user", "한국 words"),
    say("user", "\u1112\u1161\u11ab\u1100\u116e\u11a8 words"),
    say("user", "Чай и Йод"),
    say("user", "И\u0306од"),
    say("assistant", " \n", reasoning="quinces alone"),
    say("assistant", "text", reasoning="quinces beside"),
    say("assistant", None, reasoning_content="quinces in the other", tool_calls=[]),
    say("assistant", "", tool_calls=[{"id": "c", "function": {"name": "run", "arguments": '{"a": "one\\nquinces"}'}}]),
    say("user", "\u1112\u1161 or\u1112\u1161 no more of it"),
)
"""Texts in other forms of Unicode, in reasoning, and behind the escape of a line end."""


def test_what_a_search_of_a_home_finds_is_found_in_its_copy_and_in_a_small_schema_of_hermes(
    tmp_path: Path, run_sql: SqlRunner, server_url: str, worker_id: str
) -> None:
    """Mutants: other forms of Unicode are not looked up, or count without a look at the text; reasoning that stands
    alone has no words, or any has; calls are searched as they are stored; a scan looks at what an index would have.
    """
    names = f"found_{worker_id}", f"scanned_{worker_id}"
    for name in names:
        run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    assert [" " in (terms.stored_terms(text) or ()) for text in ("one 漢", "one two")] == [True, False]
    expected = {"한국": {1, 0}, "한": {1, 0}, "words 한국": {1, 0}, "한국 role:user": {1, 0}, "йод": {3, 2}}
    expected |= {"quinces": {7, 6, 4}, "text": {5}}
    home = tmp_path / "state.db"
    for place in (str(home), *(f"{server_url}&schema={name}" for name in names)):
        if not place.endswith(names[1]):
            with closing(SessionDB(place)) as db:
                db.import_sessions([ImportedSession("s", {"source": "cli", "started_at": 1.7e9}, SAID)])
        else:
            on_postgres.make(server_url, names[1], home)
        with closing(SessionDB(place, read_only=True)) as db:
            known = [row["id"] for row in db.get_messages("s")]
            for query, places in expected.items():
                found = {hit.message_id for batch in db.search(query) for hit in batch.hits}
                assert found == {known[place] for place in places}, (query, place)
    for name in names:
        run_sql(f"DROP SCHEMA {name} CASCADE")


ESCAPED = (
    "漢字",
    "\\u6f22\\u5b57",
    "\\\\u6F22字",
    "漢\\\\\\u5B57 後",
    "\\u6f22\\u0301\\u5b57",
    '\x01json:"\\u6f22\\u5b57"',
    '\x01json:"\\u005cu6f22\\u005cu5b57"',
    '\x01json:"\\u005c\\u0075\\u0036\\u0066\\u0032\\u0032\\u5b57"',
    '\x01json:{"a": "\\u6f22\\u5b57"}',
    "long " * 2_000 + "漢\\u5b57",
    *("\\u6f22 漢 \\u5b57", "u6f22u5b57", "\\u6f23\\u5b57", "\\u6f22", "\\u2014 字漢", "%漢_字%", "", "long " * 3_000),
)
"""Contents, of which the first ten have a pair, as it is or as JSON escapes."""


def test_a_pair_is_found_in_texts_however_it_is_escaped_and_in_no_other(
    run_sql: SqlRunner, server_url: str, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a schema of Hermes. Mutants: JSON in JSON is no candidate; nor is any escape; hex digits have a case; what the
    server does not decide about counts.
    """
    monkeypatch.setattr(search_plan, "SMALL", -1)
    schema = f"escaped_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in on_postgres.statements(schema):
        run_sql(statement)
    for column in ("content", "tool_calls", "tool_name"):
        rows = "SELECT 's', 'tool', text, place FROM unnest(%s::text[]) WITH ORDINALITY AS made(text, place)"
        run_sql(f"INSERT INTO {schema}.messages (session_id, role, {column}, timestamp) {rows}", ([*ESCAPED],))
    everything = run_sql(f"SELECT id, content, tool_name, tool_calls FROM {schema}.messages ORDER BY id DESC")
    with closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as reader:
        for query in ("漢字", "漢字 OR 後", "漢字 role:tool"):
            asked = parse(query, now=0.0)
            expected = [row[0] for row in everything if accepts(asked, terms.searched_text(*row[1:]))]
            assert ids(reader, query) == expected, query
            assert ids(reader, query, 3) == expected[:3]
    assert [row[1] for row in reversed(everything) if row[0] in expected and row[1]] == [*ESCAPED[:10]]
    run_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize("query", ["漢字", "rare"])
def test_a_scan_reads_each_text_once_and_sends_none_where_the_server_decides(
    run_sql: SqlRunner, server_url: str, worker_id: str, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Pages of the buffer are counted, of the table and of what lies beside it. Mutants: every test of a text reads it;
    the texts of a pair's page are sent; its first hits wait for as many as the page has.
    """
    monkeypatch.setattr(search_plan, "SMALL", -1)
    schema = f"once_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in on_postgres.statements(schema):
        run_sql(statement)
    text = random.Random(7).randbytes(50_000).hex()
    run_sql(
        f"INSERT INTO {schema}.messages (session_id, role, content, timestamp) SELECT 's', 'user',"
        " CASE WHEN n %% 500 = 0 THEN %s || '漢字' ELSE 'short' END, n FROM generate_series(1, 2000) AS n",
        (text,),
    )
    run_sql(f"VACUUM ANALYZE {schema}.messages")
    asked: list[tuple[str, Any]] = []
    with closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as reader:
        batch = reader.batch

        def _noted(statements: Any, **kwargs: Any) -> Any:
            asked.extend(statements)
            return batch(statements, **kwargs)

        monkeypatch.setattr(reader, "batch", _noted)
        assert ids(reader, query) == ([2000, 1500, 1000, 500] if query == "漢字" else [])
    sql, bound = next(entry for entry in asked if "LIKE" in entry[0])
    once, read = (
        _pages(run_sql, *entry) for entry in ((f"SELECT content || '' FROM {schema}.messages", ()), (sql, bound))
    )
    assert read < 1.5 * once
    if query == "漢字":
        assert sql.endswith(f"LIMIT {search_walk.FIRST}")
        assert all(len(row) == 2 for row in run_sql(sql, bound))
    run_sql(f"DROP SCHEMA {schema} CASCADE")


def _pages(run_sql: SqlRunner, sql: str, bound: Any) -> int:
    """Pages that a statement reads."""
    plan = run_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", bound)[0][0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.parametrize("listed", [True, False])
def test_the_end_of_a_tools_result_is_found_where_an_index_lists_it_and_named_as_left_out_where_none_does(
    run_sql: SqlRunner, server_url: str, worker_id: str, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    """Mutants: nothing is said; it is said of the user's messages; the search counts as a scan."""
    monkeypatch.setattr(search_plan, "SMALL", -1)
    schema = f"tools_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in on_postgres.statements(schema):
        run_sql(statement.replace("role <> 'tool' AND ", "") if listed else statement)
    run_sql(
        f"INSERT INTO {schema}.messages (session_id, role, content, timestamp) SELECT 's', role, repeat('x ', 5000) ||"
        " 'last', 1 FROM unnest(ARRAY['tool', 'user']) AS role"
    )
    gap = [] if listed else [Fallback(FallbackKind.GAPS, (IndexGap.LONG,))]
    with closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as reader:
        assert ids(reader, "last") == ([2, 1] if listed else [2])
        for query, said in (("last", gap), ("last role:tool", gap), ("last role:user", [])):
            steps = list(search.matching_ids(reader, parse(query, now=0.0), limit=9))
            assert {step.fallback for step in steps} - {None} == {*said}
            assert {step.progress for step in steps} == {ScanProgress.INDEXED}
    run_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.usefixtures("many")
def test_statistics_that_are_wrong_change_no_hit(
    run_sql: SqlRunner, schema: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that is thought to be rare fills pages of the index, or takes too long there."""
    run_sql(
        f"INSERT INTO {schema}.messages (session_id, hermes_tui_terms) SELECT 's', 'other' FROM generate_series(1, 9)"
    )
    run_sql(f"UPDATE {schema}.messages SET id = 10000 + id")
    run_sql(f"ANALYZE {schema}.messages")
    run_sql(f"UPDATE pg_class SET reltuples = 9000 WHERE oid = '{schema}.messages'::regclass")
    filled(run_sql, schema)
    with closing(Reader(parse_address(url))) as reader:
        assert ids(reader, "ninth") == [*EXPECTED["ninth"]]
        assert ids(reader, "common") == [*EXPECTED["common"]]
        batch = reader.batch

        def _slow(*args: Any, seconds: float = 30.0, **kwargs: Any) -> Any:
            if seconds == search_walk.INDEX_SECONDS:
                raise Locked("too slow")
            return batch(*args, seconds=seconds, **kwargs)

        monkeypatch.setattr(reader, "batch", _slow)
        assert ids(reader, "ninth") == [*EXPECTED["ninth"]]


@pytest.mark.usefixtures("many")
def test_rows_of_files_follow_by_time_whatever_their_ids(run_sql: SqlRunner, schema: str, url: str) -> None:
    """Mutant: they are ordered by their ids."""
    filled(run_sql, schema)
    run_sql(
        f"INSERT INTO {schema}.messages (id, session_id, role, content, timestamp, hermes_tui_terms) SELECT"
        f" {FILE_IDS} + n, 'f', 'user', 'common seldom', 1000 - n % 10, array_to_tsvector('{{common,seldom}}')"
        " FROM generate_series(1, 300) AS n"
    )
    run_sql(
        f"UPDATE {schema}.messages SET content = content || ' scarce', hermes_tui_terms = hermes_tui_terms ||"
        f" array_to_tsvector('{{scarce}}') WHERE id = 5 OR (id > {FILE_IDS} AND id % 100 IN (1, 19, 38))"
    )
    by_time = [FILE_IDS + n for n in sorted(range(1, 301), key=lambda n: (n % 10, -n))]
    for statement in ("", f"ANALYZE {schema}.messages"):
        if statement:
            run_sql(statement)
        with closing(Reader(parse_address(url))) as reader:
            for query in ("seldom", "common", '"common seldom"', "sel*"):
                written = list(EXPECTED["common"]) if query == "common" else [700, 2]
                assert ids(reader, query) == [*written, *by_time], (query, statement)
            assert ids(reader, "scarce") == [5, *(key for key in by_time if key % 100 in (1, 19, 38))], statement
            assert ids(reader, "seldom role:user", 4) == [700, 2, *by_time[:2]]


def test_a_common_word_takes_one_read_and_a_rare_one_where_it_is_known_to_be(
    run_sql: SqlRunner, schema: str, url: str, many: bool
) -> None:
    filled(run_sql, schema)
    run_sql(f"ANALYZE {schema}.messages")
    with closing(Counted(url)) as reader:
        ids(reader, "common", 20)
        for query in ("common", "common ninth", "com*", "seldom", "nowhere"):
            before, is_rare = reader.reads, query in ("seldom", "nowhere")
            ids(reader, query, 20)
            assert reader.reads == before + 1 + (is_rare and not many), query


def test_a_word_of_which_there_are_fewer_than_expected_is_left_to_the_index(
    run_sql: SqlRunner, schema: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no statistics know, as a prefix that is typed, counts as half a percent of all. Mutant: the walk goes on."""
    monkeypatch.setattr(search_plan, "FEW_ROWS", 0)
    monkeypatch.setattr(word_statistics, "UNKNOWN_SHARE", 0.5)
    filled(run_sql, schema)
    run_sql(f"ANALYZE {schema}.messages")
    with closing(Counted(url)) as reader:
        for query, expected in (("nowhere*", []), ("seld*", [700, 2])):
            assert ids(reader, query, 20) == expected
            before = reader.reads
            assert ids(reader, query, 20) == expected
            assert reader.reads == before + 2, query


def test_a_later_window_asks_for_the_ids_that_are_still_wanted(
    run_sql: SqlRunner, schema: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: each window has as many as the page."""
    monkeypatch.setattr(search_plan, "FEW_ROWS", 0)
    filled(run_sql, schema)
    run_sql(f"ANALYZE {schema}.messages")
    sent: list[int] = []
    with closing(Reader(parse_address(url))) as reader:
        batch = reader.batch

        def _counted(*args: Any, **kwargs: Any) -> Any:
            found = batch(*args, **kwargs)
            sent.append(len(found[0]))
            return found

        monkeypatch.setattr(reader, "batch", _counted)
        assert len(ids(reader, "common", 300)) == 300
    assert [number for number in sent if number > 1] == [256, 44]
