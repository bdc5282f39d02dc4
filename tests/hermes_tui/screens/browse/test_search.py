"""Searching on the screen: two phases, context, hits across sessions, what was meant, history, saved searches."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.feed import questions
from hermes_tui.widgets.choices import Choices
from hermes_tui.widgets.hit_rows import ContextKey, GroupKey
from store import Batch, SessionDB
from store.query.parse import Query
from tests import builders
from tests.hermes_tui.browsing import WIDE, Stage, browsing


def groups(stage: Stage) -> list[str]:
    """The sessions that have hits, in their order."""
    return [key.session_id for key in stage.widgets.hit_list.cursor.keys if isinstance(key, GroupKey)]


def talkative(tmp_path: Path) -> Path:
    """A session that has little but a zebra, and a newer one that mentions it."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "best", [builders.say("user", "zebra zebra zebra")])
        builders.store(db, "last", [builders.say("user", "what a long text for so small a zebra as this one is")])
    return home


@pytest.mark.slow
async def test_the_best_take_the_place_of_the_newest_by_themselves(tmp_path: Path) -> None:
    async with browsing(talkative(tmp_path)) as stage:
        await stage.type("zebra")
        await stage.shows("2 hits in 2 sessions · ranked · ")
        assert groups(stage)[0] == "best"


@pytest.mark.slow
async def test_a_ranking_waits_for_a_key_where_the_cursor_has_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: with `touched` left out of `take_best`, the rows go from under the cursor."""
    let_go = threading.Event()
    rank = SessionDB.rank

    def held(self: SessionDB, query: Query | str, **asked: Any) -> Batch:
        assert let_go.wait(60)
        return rank(self, query, **asked)

    monkeypatch.setattr(SessionDB, "rank", held)
    async with browsing(talkative(tmp_path)) as stage:
        try:
            await stage.type("zebra")
            await stage.shows("2 hits in 2 sessions · newest first")
            await stage.shows("still searching…")
            await stage.press("tab", "down")
        finally:
            let_go.set()
        await stage.shows("newest first · R re-ranks")
        assert groups(stage)[0] == "last"
        await stage.press("R")
        assert groups(stage)[0] == "best"
        assert "2 hits in 2 sessions · ranked" in stage.status
        await stage.press("R")
        assert groups(stage)[0] == "last"


@pytest.mark.slow
async def test_all_hits_are_counted_where_not_all_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: with HitsCounted not taken, it stays at `5+`."""
    monkeypatch.setattr(questions, "HIT_LIMIT", 5)
    monkeypatch.setattr(questions, "BEST_HITS", 5)
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(4):
            builders.store(db, f"s{number}", builders.talk(3, word="zebra"))
    async with browsing(home) as stage:
        await stage.type("zebra")
        await stage.until(lambda: " of 12 hits in 4 sessions" in stage.status)
        with closing(builders.db(home)) as db:
            db.append_message("s0", "user", "a zebra more")
        await stage.until(lambda: " of 13 hits in 4 sessions" in stage.status)


@pytest.mark.slow
async def test_what_was_meant_can_be_searched_for(tmp_path: Path) -> None:
    """Mutants: with every search held to have hits, the footer offers a way from one to the next; a filter that does
    not exist left as it is; one that would be wrong offered."""
    async with browsing(talkative(tmp_path)) as stage:
        await stage.type('"zbera" role:user -horse')
        await stage.shows('did you mean "zebra" role:user -horse?')
        await stage.press("tab")
        await stage.until(lambda: "enter open" in stage.footer)
        assert "next" not in stage.footer
        await stage.press("enter")
        await stage.shows("2 hits in 2 sessions")
        assert stage.widgets.search_bar.text == '"zebra" role:user -horse'
        assert stage.place == "SEARCH"
        await stage.press("ctrl+u")
        await stage.type("rol:user zebra")
        await stage.shows("did you mean role:user zebra?")
        await stage.press("ctrl+u")
        await stage.type("since:tuesday zebra")
        await stage.shows("without “since")
        assert "after:tuesday" not in stage.text


@pytest.mark.slow
async def test_ctrl_r_lists_what_was_searched_for_and_typing_filters_it(tmp_path: Path) -> None:
    """Mutant: with the oldest first, enter takes another one."""
    async with browsing(talkative(tmp_path)) as stage:
        await stage.press("ctrl+r")
        await stage.shows("nothing was searched for before")
        await stage.type("zebra")
        await stage.press("escape", "escape", "slash")
        await stage.type("small")
        await stage.press("tab", "slash", "ctrl+u", "ctrl+r")
        assert isinstance(stage.app.screen, Choices)
        await stage.shows("zebra")
        await stage.press("enter")
        await stage.until(lambda: stage.widgets.search_bar.text == "small")
        await stage.press("ctrl+r")
        await stage.type("zeb")
        await stage.gone("small")
        await stage.press("enter")
        await stage.until(lambda: stage.widgets.search_bar.text == "zebra")
        await stage.shows("2 hits in 2 sessions")
        assert stage.place == "SEARCH"


@pytest.mark.slow
async def test_a_search_is_saved_found_in_the_palette_and_taken_out_again(tmp_path: Path) -> None:
    kept = tmp_path / "state" / "searches.json"
    home = talkative(tmp_path)
    async with browsing(home, searches=kept) as stage:
        await stage.type("zebra role:user")
        await stage.press("ctrl+p")
        await stage.type("save this")
        await stage.shows("Save this search: zebra role:user")
        await stage.press("enter")
        await stage.until(lambda: stage.state.saved == ("zebra role:user",))
        assert kept.stat().st_mode & 0o777 == 0o600
        assert not kept.parent.stat().st_mode & 0o077
    async with browsing(home, searches=kept) as stage:
        await stage.until(lambda: stage.state.saved == ("zebra role:user",))
        await stage.press("ctrl+p")
        await stage.type("zebra role")
        await stage.press("enter")
        await stage.shows("2 hits in 2 sessions")
        await stage.press("ctrl+p")
        await stage.type("remove saved")
        await stage.press("enter")
        await stage.until(lambda: stage.state.saved == ())
        assert json.loads(kept.read_bytes()) == []


@pytest.mark.slow
async def test_what_somebody_wrote_into_the_saved_searches_passes_the_gate(tmp_path: Path) -> None:
    """Mutant: without `one_line` the palette has an escape sequence in a row."""
    kept = tmp_path / "searches.json"
    kept.write_text(json.dumps(["red \x1b[31m [@click=app.quit]x[/]"]))
    async with browsing(talkative(tmp_path), searches=kept) as stage:
        await stage.until(lambda: bool(stage.state.saved))
        offered = [offer.title for offer in stage.browser.offered() if "red " in offer.title]
        assert len(offered) == 2, "search for it, remove it"
        assert all(title.isprintable() for title in offered)
        await stage.press("ctrl+p")
        await stage.type("red")
        await stage.shows("[@click=app.quit]x[/]")


@pytest.mark.slow
async def test_a_file_of_saved_searches_that_is_not_ours_is_left_as_it_is(tmp_path: Path) -> None:
    """Mutant: with `load` giving nothing for a broken file, saving one more search writes over it."""
    kept = tmp_path / "searches.json"
    kept.write_text('{"mine": true}')
    async with browsing(talkative(tmp_path), searches=kept) as stage:
        await stage.shows("saved searches cannot be used")
        await stage.type("zebra")
        stage.browser.controllers.saved.searches.save("zebra")
        await stage.pilot.pause(0.2)
    assert kept.read_text() == '{"mine": true}'


@pytest.mark.slow
async def test_next_hit_goes_through_all_hits_of_all_sessions(tmp_path: Path) -> None:
    """Mutant: among the listed keys alone, the fourth and the fifth of a session are passed over."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "one", builders.talk(5, word="zebra"))
        builders.store(db, "two", builders.talk(5, word="zebra"))
    async with browsing(home) as stage:
        await stage.type("zebra")
        await stage.shows("10 hits in 2 sessions · ranked")
        await stage.press("tab")
        seen = []
        for _ in range(10):
            await stage.press("n")
            hit = stage.widgets.hit_list.cursor_hit
            assert hit
            seen.append((hit.session_id, hit.message_id))
        assert len(set(seen)) == 10
        await stage.press("n")
        await stage.shows("this is the last hit")
        back = []
        for _ in range(9):
            await stage.press("N")
            hit = stage.widgets.hit_list.cursor_hit
            assert hit
            back.append((hit.session_id, hit.message_id))
        assert back == seen[-2::-1]
        await stage.press("enter")
        reading = stage.state.reading
        await stage.until(lambda: reading.hit is not None and reading.total == 5)
        first = reading.hit.message_id if reading.hit else 0
        place, total = stage.state.search.results.place(seen[0][0], first)
        assert total == 5
        for number in range(place, 6):
            assert any(f"hit {number} of 5" in line for line in stage.lines), "the counter counts in reading order"
            assert reading.hit
            assert reading.hit.message_id == first + number - place, "the next hit is the next message"
            await stage.press("n")


@pytest.mark.slow
async def test_context_widens_around_the_hit_under_the_cursor_up_to_its_whole_session(tmp_path: Path) -> None:
    """Mutant: asked for each hit on the screen, there are windows around both."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        words = [builders.say("user", f"line {n:02}") for n in range(30)]
        words[10], words[20] = builders.say("user", "zebra one"), builders.say("user", "zebra two")
        builders.store(db, "s1", words)
        builders.store(db, "other", builders.talk(3, word="between"))
    async with browsing(home, WIDE) as stage:
        await stage.type("zebra")
        await stage.shows("2 hits in 1 session")
        hits = stage.widgets.hit_list

        def around() -> int:
            return sum(1 for key in hits.cursor.keys if isinstance(key, ContextKey))

        await stage.press("tab", "n", "right_square_bracket")
        assert hits.cursor_hit
        assert hits.cursor_hit.text == "zebra two"
        await stage.until(lambda: around() == 2)
        assert "Hits context 1" in stage.lines[2]
        await stage.press("right_square_bracket")
        await stage.until(lambda: around() == 6)
        await stage.press("right_square_bracket")
        await stage.until(lambda: around() == 19)
        assert "Hits context 10" in stage.lines[2]
        assert not any("between" in line for line in stage.lines)
        await stage.press("n")
        assert hits.cursor_hit.text == "zebra one"
        await stage.until(lambda: around() == 19 + 20)
        await stage.press("right_square_bracket")
        assert stage.place == "TRANSCRIPT", "the whole session is the widest context"
        await stage.until(lambda: "zebra one" in stage.text and "hit 1 of 2" in stage.lines[2])
        await stage.press("left_square_bracket")
        assert stage.place == "HITS"
        await stage.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert around() == 0
        assert "context" not in stage.lines[2]


@pytest.mark.slow
async def test_a_hit_that_is_only_in_a_file_has_a_context_too(tmp_path: Path) -> None:
    """Mutant: with SQLite asked for every hit, nothing stands around it."""
    home = builders.home(tmp_path)
    builders.db(home).close()
    words = [builders.say("user", "line before"), builders.say("user", "one zebra"), builders.say("user", "line after")]
    builders.jsonl(home, "alone", words)
    async with browsing(home) as stage:
        await stage.type("zebra")
        await stage.shows("1 hit in 1 session")
        await stage.press("tab", "n", "right_square_bracket")
        await stage.shows("line before")
        await stage.shows("line after")


@pytest.mark.slow
async def test_first_words_stand_for_a_title_wherever_the_session_is_in_the_list(tmp_path: Path) -> None:
    """Mutant: with the outlines of listed rows alone, the oldest of sixty is not found."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "old", [builders.say("user", "why is the sky blue")])
        for number in range(60):
            builders.store(db, f"s{number}", builders.talk(1))
    async with browsing(home) as stage:
        await stage.until(lambda: (row := stage.state.catalog.row("old")) is not None and row.outline is not None)
        await stage.type("y is the sk")
        await stage.shows("1 title ──")
        await stage.shows("why is the sky blue")


@pytest.mark.slow
async def test_what_has_no_word_in_it_says_so_and_leaves_the_list(tmp_path: Path) -> None:
    async with browsing(talkative(tmp_path)) as stage:
        await stage.type('"')
        await stage.until(lambda: stage.status.startswith("no word to search for yet · 2 of 2 sessions"))
        await stage.type("zebra")
        await stage.shows("2 hits in 2 sessions")


@pytest.mark.slow
async def test_what_is_written_into_a_file_alone_is_found_by_the_search_that_stands(tmp_path: Path) -> None:
    """Mutant: with ids above the newest alone looked for, it is never found."""
    home = builders.home(tmp_path)
    builders.db(home).close()
    file = builders.jsonl(home, "alone", [builders.say("user", "one zebra")])
    async with browsing(home) as stage:
        await stage.type("zebra")
        await stage.shows("1 hit in 1 session")
        with file.open("a") as out:
            out.write(json.dumps(builders.say("user", "another zebra")) + "\n")
        await stage.shows("another zebra")
        await stage.shows("2 hits in 1 session")


@pytest.mark.slow
async def test_filters_alone_filter_the_list_in_place_and_clearing_them_leads_back(tmp_path: Path) -> None:
    """Mutants: without `return_to` the cursor stays on the filtered row; with `meant` for a pasted id the cursor is on
    that; with the count of hits left out nothing is proposed.
    """
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(6):
            name, source = f"20260101_00000{number}_abc", "cron" if number == 1 else "cli"
            builders.store(db, name, [builders.say("user", f"zebra number {number}")], source=source)
    async with browsing(home, WIDE) as stage:
        sessions = stage.widgets.session_list.cursor
        await stage.press("tab", "j", "j", "slash")
        third = sessions.key
        await stage.type("source:cron")
        assert (stage.place, stage.state.hits_shown, list(sessions.keys)) == ("SEARCH", False, ["20260101_000001_abc"])
        assert stage.status.startswith("1 of 6 sessions · newest first")
        await stage.shows("zebra number 1")
        await stage.type(" zebra")
        await stage.shows("1 hit in 1 session")
        await stage.press("tab", "escape")
        assert (stage.place, sessions.key) == ("SESSIONS", third)
        await stage.press("slash")
        await stage.type("why zebra")
        await stage.shows("without “why”: 6 hits · enter")
        await stage.press("enter")
        assert stage.widgets.search_bar.text == "zebra"
        for pasted in ("20260101_000004_abc", "hermes --resume 20260101_000004_abc"):
            await stage.press("ctrl+u")
            stage.widgets.search_bar.query_input.type_in(pasted)
            await stage.until(lambda: stage.widgets.transcript.screen is stage.app.screen)
            await stage.until(lambda: not stage.state.awaits_rows)
            await stage.press("enter")
            await stage.until(lambda: stage.place == "TRANSCRIPT")
            assert stage.state.reading.row is not None
            assert stage.state.reading.row.session.id == "20260101_000004_abc"
            await stage.press("escape")
        await stage.press("ctrl+u")
        await stage.type("from:cli")
        await stage.shows("from: is no filter · source:cli?")
