"""Text search on every engine: which messages are found, in which order, and how far."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.agent.messages import ImportedSession
from store.base.cancel import Cancel
from store.base.errors import Interrupted
from store.base.models import Batch, Hit, Origin
from store.query.parse import parse
from tests.builders import META, Dict, jsonl, say
from tests.contract.cases import Case

START = 1.7e9
"""A second of 2023."""
DAY = 86_400.0

CALL = [{"id": "c1", "function": {"name": "terminal", "arguments": '{"command": "kubectl"}'}}]
ALPHA = [
    say("user", "why is docker so slow today", timestamp=START),
    say("assistant", "docker builds without a cache: docker build is slow", timestamp=START + DAY),
    say("assistant", None, tool_calls=CALL, timestamp=START + 2 * DAY),
    say("tool", "docker: permission denied", tool_call_id="c1", tool_name="terminal", timestamp=START + 3 * DAY),
]
BETA = [
    say("user", "Café in the 大别山项目 mountains", timestamp=START + 4 * DAY),
    say("assistant", "podman is slow too", reasoning="hm", timestamp=START + 5 * DAY),
]


def corpus(case: Case) -> list[int]:
    """Two sessions; the ids of their messages in order."""
    alpha = {"source": "cli", "model": "opus", "title": "Containers at home", "started_at": START}
    beta = {"source": "telegram", "model": "haiku", "started_at": START + 1}
    case.messages.import_sessions([ImportedSession("alpha", alpha, ALPHA), ImportedSession("beta", beta, BETA)])
    return [int(str(row["id"])) for name in ("alpha", "beta") for row in case.messages.get_messages(name)]


def many(case: Case, number: int) -> list[int]:
    """One session of so many messages that say the same; their ids."""
    messages = [say("user", f"needle in line {place}", timestamp=START + place) for place in range(number)]
    case.messages.import_sessions([ImportedSession("many", {"source": "cli", "started_at": START}, messages)])
    return [int(str(row["id"])) for row in case.messages.get_messages("many")]


def hits(batches: Iterator[Batch]) -> list[Hit]:
    """All hits of a search."""
    return [hit for batch in batches for hit in batch.hits]


def places(case: Case, ids: list[int], words: str) -> list[int]:
    """Which messages of the corpus a search finds, in its order."""
    return [ids.index(hit.message_id) for hit in hits(case.browser.search(words))]


def test_words_phrases_prefixes_and_exclusions_find_messages_newest_first(case: Case) -> None:
    ids = corpus(case)
    expected = {
        "docker": [3, 1, 0],
        "DOCKER slow": [1, 0],
        '"docker build"': [1],
        '"build docker"': [],
        "dock*": [3, 1, 0],
        "dock": [],
        "slow -docker": [5],
        "docker NOT permission": [1, 0],
        "podman OR permission": [5, 3],
        "cafe": [4],
        "nowhere": [],
    }
    assert {words: places(case, ids, words) for words in expected} == expected


def test_filters_narrow_a_search_by_session_and_by_message(case: Case) -> None:
    ids = corpus(case)
    expected = {
        "docker role:user": [0],
        "docker -role:user": [3, 1],
        "slow source:telegram": [5],
        "slow -source:telegram": [1, 0],
        "slow model:opus": [1, 0],
        "slow title:containers": [1, 0],
        "tool:terminal": [3, 2],
        "slow has:reasoning": [5],
        "source:telegram": [5, 4],
        "slow after:2023-11-15": [5, 1],
        "slow before:2023-11-15": [0],
    }
    assert {words: places(case, ids, words) for words in expected} == expected


def test_an_archived_session_is_found_and_can_be_left_out(case: Case) -> None:
    ids = corpus(case)
    if "archived" not in case.lacks_sessions:
        case.set_session("alpha", archived=1)
        assert places(case, ids, "slow is:archived") == [1, 0]
    assert places(case, ids, "slow") == [5, 1, 0]
    assert 5 in places(case, ids, "slow -is:archived")


def test_a_pair_of_chinese_characters_is_found_inside_a_run(case: Case) -> None:
    ids = corpus(case)
    assert [places(case, ids, words) for words in ("别山", "大别山项目", "山大", "cafe 项目")] == [[4], [4], [], [4]]


def test_words_of_a_call_are_found_or_the_answer_says_that_they_are_left_out(case: Case) -> None:
    ids = corpus(case)
    batches = list(case.browser.search("kubectl"))
    found = [hit.message_id for batch in batches for hit in batch.hits]
    assert found == ([ids[2]] if case.indexes_calls else [])
    assert case.indexes_calls or batches[-1].fallbacks


def test_hits_carry_what_a_list_shows(case: Case) -> None:
    ids = corpus(case)
    answered, _, _ = hits(case.browser.search("docker"))
    assert (answered.session_id, answered.message_id, answered.role, answered.tool_name) == (
        *("alpha", ids[3], "tool"),
        "terminal",
    )
    assert (answered.text, answered.spans) == ("docker: permission denied", ((0, 6),))
    assert (answered.source, answered.model, answered.title) == ("cli", "opus", "Containers at home")
    assert (answered.timestamp, answered.origin) == (START + 3 * DAY, Origin.SQLITE)


def test_the_first_hits_come_before_the_others_and_the_limit_is_told(case: Case) -> None:
    ids = many(case, 30)
    batches = list(case.browser.search("needle", limit=30))
    assert [hit.message_id for batch in batches for hit in batch.hits] == ids[::-1]
    assert 0 < len(batches[0].hits) < 30
    assert (batches[-1].done, batches[-1].capped) == (True, False)
    assert not any(batch.done for batch in batches[:-1])
    cut = list(case.browser.search("needle", limit=10))
    assert [hit.message_id for batch in cut for hit in batch.hits] == ids[:-11:-1]
    assert (cut[-1].done, cut[-1].capped) == (True, True)


def test_a_cancelled_search_is_interrupted_at_once_and_between_two_batches(case: Case) -> None:
    many(case, 30)
    cancel = Cancel()
    batches = case.browser.search("needle", cancel=cancel)
    assert next(batches).hits
    cancel.cancel()
    with pytest.raises(Interrupted):
        list(batches)
    for verb in (case.browser.rank, case.browser.oldest, case.browser.count):
        with pytest.raises(Interrupted):
            verb("needle", cancel=cancel)
    with pytest.raises(Interrupted):
        case.browser.meant("neddle", cancel=cancel)
    with pytest.raises(Interrupted):
        case.engine.search.read_hits([1], cancel=cancel)


def test_only_newer_messages_answer_a_standing_search(case: Case) -> None:
    ids = many(case, 3)
    jsonl(case.folder, "file", [META, say("user", "needle")])
    newest, _ = case.engine.changes.since(None)
    assert newest == ids[-1]
    assert hits(case.browser.search("needle", after_id=newest)) == []
    later = case.messages.append_message("many", "user", "another needle")
    assert [hit.message_id for hit in hits(case.browser.search("needle", after_id=newest))] == [later]
    assert len(hits(case.browser.search("needle"))) == 5


def test_matches_and_their_sessions_are_counted_up_to_a_cap(case: Case) -> None:
    corpus(case)
    count = case.browser.count("slow")
    assert (count.hits, count.sessions, count.capped) == (3, 2, False)
    capped = case.browser.count("slow", cap=2)
    assert (capped.hits, capped.capped) == (2, True)
    assert case.browser.count("slow", cap=3).capped is False
    assert case.browser.count("nowhere").hits == 0
    assert case.browser.count("slow source:telegram").hits == 1


def test_the_best_match_is_the_one_that_says_most_of_the_words(case: Case) -> None:
    messages = [
        say("user", "needle " + "and much hay around it " * 20, timestamp=START),
        say("user", "needle needle", timestamp=START + 1),
        say("user", "hay", timestamp=START + 2),
        say("user", "needle needle", timestamp=START + 3),
    ]
    case.messages.import_sessions([ImportedSession("s1", {"source": "cli", "started_at": START}, messages)])
    ids = [int(str(row["id"])) for row in case.messages.get_messages("s1")]
    assert [hit.message_id for hit in case.browser.rank("needle").hits] == [ids[3], ids[1], ids[0]]
    best = case.browser.rank("needle", limit=2)
    assert ([hit.message_id for hit in best.hits], best.capped, best.done) == ([ids[3], ids[1]], True, True)


def test_the_oldest_hits_come_oldest_first(case: Case) -> None:
    ids = many(case, 12)
    found = case.browser.oldest("needle", limit=5)
    assert ([hit.message_id for hit in found.hits], found.capped) == (ids[:5], True)
    assert case.browser.oldest("needle", limit=12).capped is False


def test_a_misspelt_word_has_a_close_one(case: Case) -> None:
    corpus(case)
    assert case.browser.meant("dokcer") == {"dokcer": "docker"}
    assert case.browser.meant("docker slow") == {}
    assert case.browser.meant("zzzzzzzz") == {}
    assert case.engine.search.similar_words("permision", limit=3) == ("permission",)
    assert case.engine.search.similar_words("docker", limit=3) == ()


def test_what_was_taken_back_is_not_found_and_what_was_compacted_is(case: Case) -> None:
    ids = corpus(case)
    if "active" in case.lacks_messages:
        assert places(case, ids, "docker") == [3, 1, 0]
        return
    case.set_message(ids[0], active=0)
    case.set_message(ids[1], active=0, compacted=1)
    assert places(case, ids, "docker") == [3, 1]
    assert case.browser.count("docker").hits == 2
    assert {hit.message_id for hit in case.browser.rank("docker").hits} == {ids[3], ids[1]}


def test_hits_of_files_follow_those_of_the_database(case: Case) -> None:
    ids = corpus(case)
    jsonl(case.folder, "file", [META, say("user", "docker in a file")])
    jsonl(case.folder, "alpha", [META, *ALPHA, say("user", "docker once more", timestamp=START + 9 * DAY)])
    found = hits(case.browser.search("docker"))
    assert [hit.message_id for hit in found[:3]] == [ids[3], ids[1], ids[0]]
    assert {(hit.session_id, hit.text, hit.origin) for hit in found[3:]} == {
        ("file", "docker in a file", Origin.JSONL),
        ("alpha", "docker once more", Origin.JSONL),
    }


def test_states_of_sessions_are_asked_of_those_who_know_them(case: Case) -> None:
    ids = corpus(case)
    case.sessions.create_session("now", "cli")
    live = case.messages.append_message("now", "user", "docker is live")
    assert [hit.message_id for hit in hits(case.browser.search("docker is:live"))] == [live]
    assert places(case, ids, "docker -is:live") == [3, 1, 0]


def test_nothing_is_searched_for_where_nothing_was_asked(case: Case) -> None:
    corpus(case)
    [batch] = case.browser.search("  ")
    assert (batch.hits, batch.done) == ((), True)
    assert case.browser.count("").hits == 0


def test_the_engine_gives_ids_in_steps_that_end_with_done_or_at_the_limit(case: Case) -> None:
    ids = many(case, 30)
    query = parse("needle", now=START)
    steps = list(case.engine.search.matching_ids(query, limit=100))
    assert [name for step in steps for name in step.ids] == ids[::-1]
    assert steps[-1].done
    assert not any(step.done for step in steps[:-1])
    limited = list(case.engine.search.matching_ids(query, limit=3))
    assert [name for step in limited for name in step.ids] == ids[:-4:-1]
    above = case.engine.search.matching_ids(query, limit=100, above=ids[27])
    assert [name for step in above for name in step.ids] == [ids[29], ids[28]]
    nothing = case.engine.search.matching_ids(query, limit=100, session_filter=lambda session_id: session_id != "many")
    assert [name for step in nothing for name in step.ids] == []
    count = case.engine.search.count_matches(query, session_filter=lambda session_id: session_id == "many", cap=7)
    assert (count.hits, count.sessions, count.capped) == (7, frozenset({"many"}), True)
    best = case.engine.search.best_matches(query, limit=4)
    assert best is not None
    assert len(best.ids) == 4
    assert case.engine.search.best_matches(parse("source:cli", now=START), limit=4) is None


def test_hits_are_read_in_the_order_asked_for_without_those_that_are_gone(case: Case) -> None:
    ids = corpus(case)
    found = case.engine.search.read_hits([ids[1], max(ids) + 1, ids[0]])
    assert [hit.id for hit in found] == [ids[1], ids[0]]
    assert (found[1].text, found[1].role, found[1].label.title) == (ALPHA[0]["content"], "user", "Containers at home")
    assert found[1].message() == case.engine.messages.bodies([ids[0]])[0]


def test_agents_search_by_upstreams_rules(case: Case) -> None:
    ids = corpus(case)

    def _found(words: str, **more: Dict | list[str] | str | int) -> list[int]:
        return [ids.index(int(str(row["id"]))) for row in case.messages.search_messages(words, **more)]  # type: ignore[arg-type]

    assert sorted(_found("docker")) == [0, 1, 3]
    assert _found("docker", sort="newest") == [3, 1, 0]
    assert _found("docker", sort="oldest") == [0, 1, 3]
    assert _found("docker", sort="oldest", limit=1, offset=1) == [1]
    assert _found("docker", role_filter=["user"]) == [0]
    assert _found("slow", source_filter=["telegram"]) == [5]
    assert _found("slow", source_filter=[]) == []
    assert sorted(_found("slow", exclude_sources=["telegram"])) == [0, 1]
    assert sorted(_found("docker AND slow")) == [0, 1]
    assert sorted(_found("podman OR permission")) == [3, 5]
    assert sorted(_found("docker NOT permission")) == [0, 1]
    assert sorted(_found("dock*")) == [0, 1, 3]
    assert _found('"docker build"') == [1]
    assert _found("别山") == [4]
    assert [_found(words) for words in ("", "  ", '"', "AND", "(((")] == [[]] * 5


def test_an_agents_hit_has_a_snippet_and_its_neighbours(case: Case) -> None:
    ids = corpus(case)
    [found] = case.messages.search_messages("docker", role_filter=["user"])
    assert str(found["snippet"]).strip() == "why is >>>docker<<< so slow today"
    assert (found["id"], found["session_id"], found["role"]) == (ids[0], "alpha", "user")
    assert (found["source"], found["model"], found["session_started"]) == ("cli", "opus", START)
    assert found["context"] == [
        {"role": "user", "content": "why is docker so slow today"},
        {"role": "assistant", "content": ALPHA[1]["content"]},
    ]


def test_agents_find_what_was_taken_back_where_they_ask_for_it(case: Case) -> None:
    ids = corpus(case)
    if "active" in case.lacks_messages:
        return
    case.set_message(ids[0], active=0)
    assert len(case.messages.search_messages("docker")) == 2
    assert len(case.messages.search_messages("docker", include_inactive=True)) == 3
