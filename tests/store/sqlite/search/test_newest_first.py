"""Newest-first search: the index where it answers, a walk where it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from store.base import errors
from store.base.cancel import Cancel
from store.base.fallbacks import Fallback, FallbackKind, IndexGap, ScanProgress
from store.query.parse import Query, accepts, parse
from store.sqlite.base import cell_values, column_sql
from store.sqlite.base.schema_probe import Layout
from store.sqlite.connect.reader import Reader
from store.sqlite.search import bm25, cjk_bigrams, hit_rows, newest_first, plan, row_filters, scan_ranges
from tests.families import few
from tests.store.sqlite_files import add, holding, make, run


def conditions(layout: Layout, query: Query) -> tuple[row_filters.Condition, ...]:
    """What a statement is asked for besides words; sessions are asked by themselves."""
    return tuple(one for one in row_filters.row_conditions(layout, query, None) if not one.of_session)


NOW = 1_767_225_600.0


def find(
    path: Path, words: str, *, limit: int = 1000, below: int | None = None, above: int | None = None
) -> tuple[list[int], Fallback | None, bool]:
    """Ids, the last fallback, and whether nothing older matches."""
    reader = Reader(path)
    steps = list(newest_first.matching_ids(reader, parse(words, now=NOW), limit=limit, below=below, above=above))
    reader.close()
    return [one for step in steps for one in step.ids], steps[-1].fallback, steps[-1].done


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ten messages; odd ones have docker, all have message."""
    return make(tmp_path, *(f"message {n} {'docker' if n % 2 else 'podman'}" for n in range(1, 11)))


@pytest.mark.slow
def test_ids_come_newest_first_and_the_last_step_says_so(path: Path) -> None:
    assert find(path, "docker") == ([9, 7, 5, 3, 1], None, True)
    assert find(path, "docker message") == ([9, 7, 5, 3, 1], None, True)
    assert find(path, "docker podman") == ([], None, True)
    assert find(path, "podman OR 3") == ([10, 8, 6, 4, 3, 2], None, True)
    assert find(path, "message -docker") == ([10, 8, 6, 4, 2], None, True)
    assert find(path, "absent") == ([], None, True)


def test_a_limit_ends_it_before_everything_is_known(path: Path) -> None:
    assert find(path, "docker", limit=2) == ([9, 7], None, False)
    assert find(path, "docker source:cli", limit=2) == ([9, 7], None, False)


def test_bounds_are_exclusive(path: Path) -> None:
    assert find(path, "docker", below=9, above=1) == ([7, 5, 3], None, True)
    assert find(path, "docker", below=4, above=3) == ([], None, True)
    assert find(path, "message", above=9)[0] == [10]


def test_what_was_taken_back_is_not_found_but_what_was_compacted_is(path: Path) -> None:
    run(path, "UPDATE messages SET active = 0 WHERE id IN (1, 3); UPDATE messages SET compacted = 1 WHERE id = 3")

    assert find(path, "docker")[0] == [9, 7, 5, 3]


@pytest.mark.slow
def test_filters_hold_for_the_message_and_its_session(path: Path) -> None:
    add(path, "message docker", session="s2", source="telegram")
    add(path, "message docker", role="assistant")
    run(path, "UPDATE sessions SET model = 'claude-Opus-4', title = 'Two words', cwd = '/home/x/proj' WHERE id = 's2'")

    assert find(path, "docker source:telegram")[0] == [11]
    assert find(path, "docker -source:telegram")[0] == [12, 9, 7, 5, 3, 1]
    assert find(path, "docker role:agent")[0] == [12]
    assert find(path, "docker source:telegram source:cli role:user")[0] == [11, 9, 7, 5, 3, 1]
    assert find(path, "docker model:opus")[0] == [11]
    assert find(path, 'title:"two words" cwd:proj')[0] == [11]
    assert find(path, "role:agent")[0] == [12]


@pytest.mark.slow
def test_filters_of_time_tools_reasoning_and_archive_hold(path: Path) -> None:
    run(
        path,
        "UPDATE messages SET timestamp = 1.75e9 WHERE id = 9; UPDATE messages SET timestamp = 'broken' WHERE id = 7;"
        "UPDATE messages SET tool_name = 'terminal' WHERE id = 5;"
        """UPDATE messages SET tool_calls = '[{"function": {"name": "web_search", "arguments": "terminal"}}]'"""
        " WHERE id = 3;"
        "UPDATE messages SET reasoning = 'because' WHERE id = 1",
    )

    assert find(path, "docker after:2025-01-01")[0] == [9]
    assert find(path, "docker before:2025-01-01")[0] == [5, 3, 1]
    assert find(path, "docker tool:terminal")[0] == [5]
    assert find(path, "docker tool:web")[0] == [3]
    assert find(path, "has:reasoning")[0] == [1]
    assert find(path, "docker is:archived")[0] == []
    run(path, "UPDATE sessions SET archived = 1")
    assert find(path, "docker is:archived")[0] == [9, 7, 5, 3, 1]
    assert find(path, "docker -is:archived")[0] == []


def test_the_caller_may_name_the_sessions(path: Path) -> None:
    add(path, "docker", session="s2")
    reader = Reader(path)

    steps = newest_first.matching_ids(
        reader, parse("docker", now=NOW), limit=10, session_filter=lambda session_id: session_id == "s2"
    )

    assert [one for step in steps for one in step.ids] == [11]
    reader.close()


def test_a_message_whose_session_has_no_row_is_found(path: Path) -> None:
    run(path, "DELETE FROM sessions")

    assert find(path, "docker")[0] == [9, 7, 5, 3, 1]
    assert find(path, "docker -source:telegram")[0] == [9, 7, 5, 3, 1]


# The shape of the work


PLANS = ["docker", "docker source:cli role:user model:x title:y", "大别山 source:cli", "docker after:7d"]


@pytest.mark.slow
@pytest.mark.parametrize("words", few(PLANS, PLANS[1]))
def test_the_full_text_table_is_the_outer_loop_whatever_the_filters(path: Path, words: str) -> None:
    for number in range(50):
        add(path, session=f"session {number}")
    run(path, "ANALYZE")
    query, reader = parse(words, now=NOW), Reader(path)
    layout = reader.layout
    [scan] = planned(reader, query)
    sql, bindings = scan_ranges.statement(layout, scan, conditions(layout, query))

    steps = _plan(reader, sql, bindings)

    assert all(step.startswith(f"SCAN {scan.table} VIRTUAL TABLE INDEX") for step in steps[::2])
    assert set(steps[1::2]) == {LOOKED_UP}
    assert len(steps) == (2 if scan.escapes is None else 4)
    assert not any("TEMP B-TREE" in step for step in steps)
    reader.close()


FILTERS = (
    "source:cli",
    "-source:cli",
    "model:opus",
    "role:user",
    "tool:terminal",
    "after:7d",
    "before:2026-04",
    "cwd:proj",
    'title:"two words"',
    "is:archived",
    "has:reasoning",
    "source:cli role:tool after:7d -cwd:x is:archived",
)
OUTER = (
    "SCAN messages_fts VIRTUAL TABLE INDEX",
    "SCAN messages_fts_trigram VIRTUAL TABLE INDEX",
    "SCAN named VIRTUAL TABLE INDEX",
)
LOOKED_UP = "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"


def planned(reader: Reader, query: Query) -> list[scan_ranges.ScanRange]:
    return reader.read(lambda connection, layout: plan.plan(connection, layout, query))


def _plan(reader: Reader, sql: str, bindings: tuple[cell_values.Value, ...]) -> list[str]:
    """Steps of a plan; those of two merged statements one after the other."""
    steps = [str(row[3]) for row in reader.rows(f"EXPLAIN QUERY PLAN {sql}", bindings)]
    return [step for step in steps if step not in ("MERGE (UNION ALL)", "LEFT", "RIGHT")]


@pytest.mark.slow
def test_no_filter_flips_the_plan_on_any_layout(each_home: Path) -> None:
    """With statistics and without: the index is the outer loop, rows are looked up by key, nothing is sorted."""
    path = each_home / ".hermes" / "state.db"
    add(path, "docker 大别山 部署", role="assistant")
    for _ in range(2):
        reader = Reader(path)
        layout = reader.layout
        for words in ("docker", "docker OR flaky*", "大别山", "部署", "do*", "docker do*"):
            for narrowed in ("", *FILTERS):
                query = parse(f"{words} {narrowed}", now=NOW, open_word=True)
                asked = conditions(layout, query)
                for scan in planned(reader, query):
                    steps = _plan(reader, *scan_ranges.statement(layout, scan, asked, (1,)))
                    if scan.table is None:
                        assert steps[0] in ("SCAN messages", "SEARCH messages USING INTEGER PRIMARY KEY (rowid>?)")
                    else:
                        assert all(step.startswith(OUTER) for step in steps[::2])
                        assert set(steps[1::2]) == {LOOKED_UP}
                    assert not any("TEMP B-TREE" in step for step in steps)
                    if scan.unindexed is not None:
                        steps = _plan(reader, *scan_ranges.unindexed_statement(layout, scan, scan.unindexed, asked))
                        assert steps == ["SCAN messages"]
        if layout.fts is not None:
            steps = _plan(reader, bm25.best_statement("messages_fts"), ("docker", 9, 9))
            assert steps[1].startswith(OUTER[0])
            steps = _plan(reader, bm25.count_statement(layout, "messages_fts", "0"), ("docker", 9, 9))
            assert steps[1].startswith(OUTER[0])
            assert steps[2] == LOOKED_UP
        reader.close()
        run(path, "ANALYZE")


@pytest.mark.slow
def test_what_a_hit_shows_is_looked_up_by_keys_alone(path: Path) -> None:
    """Mutant: with `+sessions.id` in the join, every hit scans all sessions."""
    for number in range(50):
        add(path, session=f"session {number}")
    for _ in range(2):
        reader = Reader(path)
        steps = _plan(reader, hit_rows.statement(reader.layout), ("[1, 2]",))
        reader.close()
        assert steps[0].startswith(OUTER)
        assert steps[1] == LOOKED_UP
        assert steps[2].startswith("SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)")
        assert not any("TEMP B-TREE" in step for step in steps)
        run(path, "ANALYZE")


def test_a_walk_follows_the_primary_key(path: Path) -> None:
    reader, query = Reader(path), parse("source:cli", now=NOW)
    layout = reader.layout
    [scan] = planned(reader, query)
    sql, bindings = scan_ranges.statement(layout, scan, conditions(layout, query))

    steps = [str(row[3]) for row in reader.rows(f"EXPLAIN QUERY PLAN {sql}", bindings)]

    assert steps[0] == "SCAN messages"
    assert not any("TEMP B-TREE" in step for step in steps)
    reader.close()


@pytest.mark.slow
def test_nothing_is_held_between_two_steps(path: Path) -> None:
    """A cursor left open would keep the WAL from being reset."""
    run(path, "DROP TRIGGER messages_fts_insert")
    add(path, *(f"more {n}" for n in range(600)))
    reader = Reader(path)
    steps = newest_first.matching_ids(reader, parse("more", now=NOW), limit=10_000)
    next(steps)

    with holding(path):
        pass
    assert run(path, "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    assert reader.rows("SELECT 1") == [(1,)]
    assert [len(step.ids) for step in steps] == [344]
    reader.close()


@pytest.mark.slow
def test_a_walk_takes_bounded_bites(tmp_path: Path) -> None:
    path = make(tmp_path)
    run(path, "DROP TRIGGER messages_fts_insert; DROP TRIGGER messages_fts_trigram_insert")
    add(path, *("x" * 1_000_000 for _ in range(12)), *("word" for _ in range(5000)))
    reader = Reader(path)

    examined = [step.examined for step in newest_first.matching_ids(reader, parse("absent", now=NOW), limit=10)]

    bites = [after - before for before, after in zip([0, *examined], examined, strict=False)]
    assert max(bites) <= newest_first.SCAN_ROWS
    assert sum(bites) == 5012
    assert max(bites[-2:]) <= 5
    reader.close()


def test_a_withdrawn_search_ends(path: Path) -> None:
    reader, cancel = Reader(path), Cancel()
    steps = newest_first.matching_ids(reader, parse("docker source:cli", now=NOW), limit=3, cancel=cancel)
    cancel.cancel()

    with pytest.raises(errors.Interrupted):
        next(steps)
    reader.close()


def test_a_search_withdrawn_while_it_sifts_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, cancel = Reader(path), Cancel()
    verified: list[str] = []

    def slow(_: object, text: str) -> bool:
        verified.append(text)
        threading.Thread(target=cancel.cancel).run()
        return False

    monkeypatch.setattr(newest_first, "accepts", slow)
    with pytest.raises(errors.Interrupted):
        list(newest_first.matching_ids(reader, parse("message -部署", now=NOW), limit=3, cancel=cancel))
    assert len(verified) == 1
    reader.close()


# Where there is no index, or only half of one


def test_a_missing_index_is_walked_round_and_said(path: Path) -> None:
    run(path, "DROP TABLE messages_fts")

    assert find(path, "docker") == ([9, 7, 5, 3, 1], Fallback(FallbackKind.MISSING), True)


def test_an_index_without_its_trigger_is_not_trusted(path: Path) -> None:
    run(path, "DROP TRIGGER messages_fts_insert")
    add(path, "docker at last")

    assert find(path, "docker") == ([11, 9, 7, 5, 3, 1], Fallback(FallbackKind.STALE), True)


def test_a_damaged_index_is_walked_round_and_said(path: Path) -> None:
    run(path, "UPDATE messages_fts_data SET block = x'ffffffffff' WHERE id = 10")

    assert find(path, "docker") == ([9, 7, 5, 3, 1], Fallback(FallbackKind.DAMAGED), True)


def test_an_index_that_breaks_half_way_is_walked_round_from_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(path)
    steps = newest_first.matching_ids(reader, parse("docker source:cli", now=NOW), limit=5)
    monkeypatch.setattr(newest_first, "_FIRST_WINDOW", 2)
    first = next(steps)
    run(path, "DROP TABLE messages_fts")

    rest = list(steps)

    assert [one for step in (first, *rest) for one in step.ids] == [9, 7, 5, 3, 1]
    assert first.fallback is None
    assert (rest[-1].fallback, rest[-1].progress) == (Fallback(FallbackKind.UNUSABLE), ScanProgress.SCANNING)
    reader.close()


def test_rows_that_a_rebuild_has_not_reached_are_walked(path: Path) -> None:
    run(path, "INSERT INTO state_meta VALUES ('fts_rebuild_high_water', '7'), ('fts_rebuild_progress', '3')")
    run(path, "DELETE FROM messages_fts WHERE rowid > 3 AND rowid <= 7")
    reader = Reader(path)

    steps = list(newest_first.matching_ids(reader, parse("docker", now=NOW), limit=100))

    assert [one for step in steps for one in step.ids] == [9, 7, 5, 3, 1]
    rebuilding = Fallback(FallbackKind.REBUILDING)
    assert [(step.ids, step.fallback) for step in steps if step.fallback] == [((7, 5), rebuilding)]
    reader.close()


def test_a_store_without_tables_has_nothing_to_find(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()

    assert find(tmp_path / "state.db", "docker") == ([], None, True)
    assert find(tmp_path / "state.db", "role:user") == ([], None, True)


def test_damaged_messages_are_an_error_and_not_an_empty_answer(path: Path) -> None:
    run(path, "DROP TABLE messages_fts; PRAGMA journal_mode = DELETE")
    [(root,)] = run(path, "SELECT rootpage FROM sqlite_master WHERE name = 'messages'")
    assert isinstance(root, int)
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(errors.Damaged, match="malformed"):
        find(path, "docker")


# Chinese, Japanese, Korean


@pytest.fixture
def cjk(tmp_path: Path) -> Path:
    return make(
        tmp_path, "我们去大别山项目吧", "部署到服务器", "東京タワーの近く", "latin 大别山 docker", "한국어 문서"
    )


@pytest.mark.slow
def test_three_characters_in_a_row_are_found_by_the_trigram_index(cjk: Path) -> None:
    assert find(cjk, "大别山") == ([4, 1], None, True)
    assert find(cjk, "東京タワー") == ([3], None, True)
    assert find(cjk, "大别山 docker") == ([4], None, True)
    assert find(cjk, "大别山 OR 東京タワー") == ([4, 3, 1], None, True)
    assert find(cjk, "大别山 -docker") == ([1], None, True)


@pytest.mark.slow
def test_one_and_two_characters_are_found_by_the_vocabulary(cjk: Path) -> None:
    assert find(cjk, "部署") == ([2], None, True)
    assert find(cjk, "山") == ([4, 1], None, True)
    assert find(cjk, "문서") == ([5], None, True)
    assert find(cjk, "部署 OR docker") == ([4, 2], None, True)
    assert find(cjk, "大别 docker") == ([4], None, True)
    assert find(cjk, "别") == ([4, 1], None, True)
    assert find(cjk, "别 -docker") == ([1], None, True)
    assert find(cjk, "大别山 OR 部署") == ([4, 2, 1], None, True)
    assert find(cjk, "天空") == ([], None, True)


TAILS = (
    "部署",
    "开始部署",
    "大",
    "又大!",
    "署名",
    "部 署",
    "部署了docker",
    "我们去大别",
    "无",
    "大别山",
    "x大别山",
    "docker 部署",
)


SHORT_WORDS = ("部署", "大", "署", "大别", "大别山", "部署 OR 大别", "部署 docker", "别 大", '"部 署"')


@pytest.mark.slow
def test_short_words_of_cjk_are_what_reading_every_message_gives_on_every_layout(each_home: Path) -> None:
    """Texts that end in the pair, multimodal ones, names and calls of tools; layout C leaves out what tools said."""
    path = each_home / ".hermes" / "state.db"
    for text in TAILS:
        add(path, text, text + " end", "x" * 5000 + text)
        run(path, f"UPDATE messages SET content = char(0) || 'json:[\"{text}\"]' WHERE id = {add(path, text)[0]}")
        run(path, f"UPDATE messages SET tool_name = '{text}' WHERE id = {add(path, 'named')[0]}")
        run(path, f"UPDATE messages SET tool_calls = '{text}' WHERE id = {add(path, 'called')[0]}")
    reader = Reader(path)
    layout = reader.layout
    columns_of = {"B": "concat_ws(' ', content, tool_name, tool_calls)"}.get(layout.trigram or "", "content")
    shown = "AND role IS NOT 'tool' AND session_id = 's1'" if layout.trigram == "C" else ""
    rows = reader.rows(
        f"SELECT id, CAST({columns_of} AS BLOB) FROM messages WHERE {column_sql.findable(layout)} {shown}"
    )
    reader.close()
    for words in SHORT_WORDS:
        query = parse(words, now=NOW)
        expected = {row[0] for row in rows if accepts(query, bytes(row[1] or b"").decode())}  # type: ignore[arg-type]
        ids, label, done = find(path, words)
        assert expected
        assert expected <= set(ids)
        assert layout.trigram != "B" or (set(ids), label) == (expected, None)
        assert done
        assert len(ids) == len(set(ids))


def test_rows_that_an_older_sqlite_did_not_index_behind_a_nul_are_found(cjk: Path) -> None:
    """SQLite 3.40 ends the trigrams of a text at its first NUL: its size is 0 then."""
    run(cjk, "DROP TRIGGER messages_fts_trigram_update")
    run(cjk, 'UPDATE messages SET content = char(0) || \'json:["部署", "东京都"]\' WHERE id = 4')
    run(cjk, "UPDATE messages_fts_trigram_docsize SET sz = x'00' WHERE id = 4")

    assert find(cjk, "部署") == ([2, 4], None, True)
    assert find(cjk, "东京都") == ([4], None, True)
    reader = Reader(cjk)
    assert bm25.count_matches(reader, parse("东京都", now=NOW)).hits == 1
    reader.close()


@pytest.mark.slow
def test_what_the_index_leaves_out_of_the_first_page_follows_it_and_the_rest_is_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_first, "UNINDEXED_ROWS", 7)
    path = make(tmp_path)
    run(path, "DROP TRIGGER messages_fts_trigram_insert")
    lost = add(path, *(f"部署 {n}" for n in range(100)))
    run(path, "UPDATE messages SET content = char(0) || content WHERE id % 3 = 0")
    run(path, "DELETE FROM messages_fts_trigram WHERE rowid % 3 = 0")
    run(path, "INSERT INTO messages_fts_trigram(rowid, content) SELECT id, content FROM messages WHERE id % 3")
    run(path, "INSERT INTO messages_fts_trigram_docsize(id, sz) SELECT id, x'00' FROM messages WHERE id % 3 = 0")
    run(path, "CREATE TRIGGER messages_fts_trigram_insert AFTER INSERT ON messages BEGIN SELECT 1; END")
    reader = Reader(path)

    for limit in (1000, 20, 50):
        steps = list(newest_first.matching_ids(reader, parse("部署", now=NOW), limit=limit))
        ids = [one for step in steps for one in step.ids]
        assert len(ids) == len(set(ids)) == min(limit, len(lost))
        assert ids[:20] == sorted(ids[:20], reverse=True)
        if limit > 20:
            assert set(ids) == set(range(101 - len(ids), 101))
            assert ids[30:] == sorted(ids[30:], reverse=True)
    assert {step.fallback for step in steps} == {None}
    assert {step.progress for step in steps} == {ScanProgress.INDEXED, ScanProgress.UNINDEXED}
    reader.close()


def test_a_word_that_is_too_common_for_the_vocabulary_is_walked(cjk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cjk_bigrams, "MAX_PLACES", 1)
    assert find(cjk, "山") == ([4, 1], Fallback(FallbackKind.COMMON), True)


def test_a_vocabulary_that_cannot_be_read_is_gone_round(cjk: Path) -> None:
    run(cjk, "UPDATE messages_fts_trigram_data SET block = x'ffffffffff' WHERE id = 10")
    assert find(cjk, "山") == ([4, 1], Fallback(FallbackKind.DAMAGED), True)


def test_without_a_trigram_index_they_are_found_by_a_walk(cjk: Path) -> None:
    run(cjk, "DROP TABLE messages_fts_trigram")

    assert find(cjk, "大别山") == ([4, 1], Fallback(FallbackKind.MISSING), True)


@pytest.mark.slow
def test_what_the_trigram_index_leaves_out_is_said(era_home: Callable[[str], Path]) -> None:
    path = era_home("v25") / ".hermes" / "state.db"

    assert find(path, "大别山")[1] == Fallback(FallbackKind.GAPS, (IndexGap.TOOL,))
    assert find(path, "大别山 role:user")[1] is None
    assert find(path, "大别山 role:tool")[1] == Fallback(FallbackKind.ROLE_UNINDEXED)


# Short prefixes


@pytest.mark.slow
def test_a_short_prefix_looks_at_the_newest_rows_before_it_asks_the_index(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"doc{n}" for n in range(1000)))
    reader = Reader(path)
    query = parse("do", now=NOW, open_word=True)

    tables = [scan.table for scan in planned(reader, query)]
    steps = list(newest_first.matching_ids(reader, query, limit=5000, clock=lambda: 0.0))

    assert tables == [None, "messages_fts"]
    assert [one for step in steps for one in step.ids] == list(range(1000, 0, -1))
    assert [step.progress for step in steps] == [
        ScanProgress.NEWEST_FIRST,
        ScanProgress.NEWEST_FIRST,
        ScanProgress.INDEXED,
        ScanProgress.INDEXED,  # behind the answers that stand in their reasoning alone
    ]
    reader.close()


@pytest.mark.slow
def test_a_short_prefix_is_left_to_the_index_when_the_newest_rows_have_taken_long_enough(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"doc{n} common" for n in range(1000)))
    reader = Reader(path)

    for words, table in (("do*", None), ("common do*", "messages_fts")):
        ticks = [0.03, 0.01, 0.0]
        query = parse(words, now=NOW)
        steps = list(newest_first.matching_ids(reader, query, limit=5000, clock=ticks.pop))

        assert planned(reader, query)[0].table == table
        assert [one for step in steps for one in step.ids] == list(range(1000, 0, -1))
        assert [(len(step.ids), step.progress) for step in steps] == [
            (256, ScanProgress.NEWEST_FIRST),
            (512, ScanProgress.NEWEST_FIRST),
            (232, ScanProgress.INDEXED),
            (0, ScanProgress.INDEXED),  # behind the answers that stand in their reasoning alone
        ]
    reader.close()


@pytest.mark.parametrize(
    "words",
    few(
        ["docker", "dock*", "do*", "d*", "terminal", "my-app.config.ts", "docker -flaky", "a OR b"],
        "do*",
        "my-app.config.ts",
        "docker -flaky",
    ),
)
def test_the_answer_is_what_reading_every_message_gives(each_home: Path, words: str) -> None:
    path = each_home / ".hermes" / "state.db"
    reader = Reader(path)
    layout = reader.layout
    indexed = "content" if layout.fts == "A" else "concat_ws(' ', content, tool_name, tool_calls)"
    rows = reader.rows(f"SELECT id, {indexed} FROM messages WHERE {column_sql.findable(layout)} ORDER BY id DESC")
    reader.close()

    expected = [row[0] for row in rows if accepts(parse(words, now=NOW), str(row[1] or ""))]

    lacking = {"A": IndexGap.CALLS, "C": IndexGap.LONG if "messages_fts_src" in layout.tables else None}
    walked = layout.fts != "A" and words in ("do*", "d*")
    gap = None if walked else lacking.get(layout.fts or "")
    assert find(path, words) == (expected, Fallback(FallbackKind.GAPS, (gap,)) if gap else None, True)
