"""The verb `search`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.cli.search import around_match
from tests import builders
from tests.builders import say
from tests.hermes_tui.cli.running import Run, fingerprint, objects

SEARCH_KEYS = "session_id message_id role timestamp source model title snippet context"
SUMMARY_KEYS = "hits sessions capped milliseconds sort fallback"


def test_search_prints_hits_newest_first_and_then_a_summary(home: Path, run: Run) -> None:
    code, out, err = run(home, "search", "docker", "--json")
    *hits, summary = objects(out)
    assert (code, err) == (0, "")
    assert [" ".join(hit) for hit in hits] == [SEARCH_KEYS] * 2
    assert [hit["snippet"] for hit in hits] == ["the docker daemon is off", "why does docker fail"]
    assert list(summary) == ["summary"]
    assert " ".join(summary["summary"]) == SUMMARY_KEYS
    steady = {key: value for key, value in summary["summary"].items() if key != "milliseconds"}
    assert steady == {"hits": 2, "sessions": 1, "capped": False, "sort": "newest", "fallback": None}


@pytest.mark.slow
def test_search_shows_what_stands_around_a_hit(home: Path, run: Run) -> None:
    hit, _ = objects(run(home, "search", "daemon", "--json")[1])
    assert [list(line) for line in hit["context"]] == [["id", "role", "text", "hit"]] * 2
    assert [(line["role"], line["hit"]) for line in hit["context"]] == [("tool", False), ("assistant", True)]
    alone, _ = objects(run(home, "search", "daemon", "--json", "--context", "0")[1])
    assert [line["hit"] for line in alone["context"]] == [True]
    wide, _ = objects(run(home, "search", "daemon", "--json", "--context", "9")[1])
    assert len(wide["context"]) == 4


def test_search_finds_what_only_a_file_has_with_its_context(home: Path, run: Run) -> None:
    *hits, _ = objects(run(home, "search", '"alone 1"', "--json")[1])
    assert [hit["session_id"] for hit in hits] == ["20251220_070000_cccccccc"]
    assert [line["text"] for line in hits[0]["context"]] == ["alone 0", "alone 1", "alone 2"]


@pytest.mark.slow
def test_search_orders_by_age_or_by_worth_and_keeps_the_limit(home: Path, run: Run) -> None:
    oldest, summary = objects(run(home, "search", "docker", "--json", "--sort", "oldest", "--limit", "1")[1])
    assert oldest["snippet"] == "why does docker fail"
    assert (summary["summary"]["capped"], summary["summary"]["sort"]) == (True, "oldest")
    newest, _ = objects(run(home, "search", "docker", "--json", "--limit", "1")[1])
    assert newest["snippet"] == "the docker daemon is off"
    best, second, _ = objects(run(home, "search", "docker", "--json", "--sort", "best")[1])
    assert {best["message_id"], second["message_id"]} == {oldest["message_id"], newest["message_id"]}


def test_a_snippet_of_a_long_text_stands_around_its_first_match() -> None:
    text, spans = "a" * 500 + " needle " + "b" * 500, ((501, 507),)
    assert "needle" in around_match(text, spans)
    assert len(around_match(text, spans)) == 200
    assert around_match("short needle", ((6, 12),)) == "short needle"


def test_search_for_people_has_calls_and_results_as_the_screen_has_them(home: Path, run: Run) -> None:
    """Mutant: their JSON."""
    with closing(builders.db(home)) as db:
        call = {"id": "c", "function": {"name": "terminal", "arguments": '{"command": "ls quinces"}'}}
        result = say("tool", '{"output": "two quinces"}', tool_name="terminal", tool_call_id="c")
        builders.store(db, "calls", [say("user", "{quinces}?"), say("assistant", "", tool_calls=[call]), result])
    shown = run(home, "search", "quinces", "--limit", "1", "--context", "2")[1].splitlines()[1:4]
    assert [line.split("  ")[-1] for line in shown] == ["{quinces}?", "▸ terminal ls quinces", "two quinces"]
    [row, _] = objects(run(home, "search", "quinces", "--json", "--limit", "1")[1])
    assert row["snippet"] == '{"output": "two quinces"}', "a script gets what is stored"


def test_search_joins_words_and_tells_a_wrong_filter(home: Path, run: Run) -> None:
    *hits, _ = objects(run(home, "search", "docker", "daemon", "--json")[1])
    assert len(hits) == 1
    code, out, err = run(home, "search", "docker after:yesterdya")
    assert (code, out) == (2, "")
    assert "yesterdya" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("nothing", ["***", '"', "[/]", "OR"])
def test_search_says_where_there_is_no_word_in_what_was_typed(home: Path, run: Run, nothing: str) -> None:
    """`OR` alone is the word. Mutant: without the line only `0 hits` is printed, as if it had been searched for."""
    lines = run(home, "search", nothing)[1].splitlines()
    assert (lines[-1] == "there is no word to search for in that") is (nothing != "OR")


def test_search_for_people_names_session_role_and_time(home: Path, run: Run) -> None:
    _, out, _ = run(home, "search", "why")
    assert "20260101_100000_aaaaaa  Docker fails  cli  2026-01-01 10:00" in out
    assert ">      user  why does docker fail" in out
    assert out.splitlines()[-1].startswith("1 hit in 1 session · newest first · ")


@pytest.mark.slow
def test_search_finds_a_word_of_a_real_home(each_home: Path, run: Run) -> None:
    before = fingerprint(each_home / ".hermes")
    code, out, _ = run(each_home / ".hermes", "search", "docker", "--json")
    *hits, summary = objects(out)
    assert code == 0
    assert hits
    assert summary["summary"]["hits"] == len(hits)
    assert all("docker" in json.dumps(hit).lower() for hit in hits)
    assert fingerprint(each_home / ".hermes") == before
