"""The browser on real homes: what is listed, found, read and flagged, and what is said when something is wrong."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hermes_tui.commands.registry import Place, footer
from hermes_tui.feed.answers import HitsArrived, StoreBusy
from hermes_tui.render.safe import safe
from hermes_tui.state.rows import HitKey
from store import Batch, Hit, SessionDB
from tests import builders
from tests.families import few
from tests.hermes_tui.browsing import MIDDLE, NARROW, SIZES, WIDE, browsing
from tests.homes.catalog import REAL_OR_GENERATED
from tests.hostile import HOSTILE


def furnish(tmp_path: Path) -> Path:
    """A home with a drifted session, one of a file alone, a chain, a child and an archived one."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "old", [builders.say("user", "hide me"), builders.say("assistant", "done")])
        builders.store(db, "root", builders.talk(4, word="first part"), source="telegram")
        db.end_session("root", "compression")
        db.create_session("tip", "telegram", parent_session_id="root")
        db.append_messages("tip", builders.talk(2, word="second part"))
        builders.store(db, "drift", [builders.say("user", "short history"), builders.say("assistant", "yes")])
        db.set_session_title("drift", "Fix the docker build")
        calls = [{"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}]
        builders.store(
            db,
            "tools",
            [
                builders.say("user", "what is here?"),
                builders.say("assistant", "", tool_calls=calls),
                builders.say(
                    "tool", '{"output": "zebra.txt", "exit_code": 0}', tool_call_id="c1", tool_name="terminal"
                ),
                builders.say("assistant", "one zebra file"),
            ],
        )
        db.set_session_title("tools", "Look around")
    connection = apsw.Connection(str(home / "state.db"))
    connection.execute("UPDATE sessions SET archived = 1 WHERE id = 'old'")
    connection.close()
    history = [builders.say("user", "short history"), builders.say("assistant", "yes"), *builders.talk(5, word="lost")]
    builders.jsonl(home, "drift", history)
    builders.jsonl(home, "alone", [builders.say("user", "only in a file")])
    return home


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_every_session_is_listed_with_its_flag_and_what_is_left_out_is_said(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with browsing(furnish(tmp_path), size) as stage:
        await stage.shows("Look around")
        await stage.shows("only in a file")
        await stage.shows("⇡A")
        assert "▤J" in stage.text
        assert stage.status.startswith("4 of 6 sessions (archived 1, children 1) ")
        assert stage.lines[0].startswith(' / Search 4 sessions: words, "a phrase"')
        assert stage.lines[0].endswith("default")
        assert stage.place == "SEARCH"
        assert "§2" in stage.text or size == MIDDLE
        await stage.press("tab")
        assert stage.status.startswith("4 of 6 sessions (archived 1, children 1: press v)")
        await stage.press("v", "v")
        assert stage.status.startswith("6 of 6 sessions (with archived 1, children 1: press v)")
        await stage.shows("hide me")


SPLITS = {MIDDLE: 44, (120, 30): 53, WIDE: 62, (200, 40): 84}
"""The column between the two panes, by the size of the terminal."""


@pytest.mark.slow
@pytest.mark.parametrize("size", few(SPLITS, WIDE))
async def test_from_100_columns_on_two_panes_stand_side_by_side(tmp_path: Path, size: tuple[int, int]) -> None:
    split = SPLITS[size]
    async with browsing(furnish(tmp_path), size) as stage:
        await stage.shows("Look around")
        assert stage.lines[2][split] == "┬"
        assert {line[split] for line in stage.lines[3:-1]} <= {"│", "┃"}
        await stage.press("tab")
        assert stage.lines[2][split] == "┭"
        assert stage.lines[2].startswith("━ Sessions newest first ━━━")
        await stage.press("tab")
        assert stage.lines[2][split] == "┮"
        assert stage.lines[2].startswith("─ Sessions newest first ──")


@pytest.mark.slow
async def test_the_row_under_the_cursor_is_read_beside_the_list(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), WIDE) as stage:
        await stage.shows("only in a file")
        await stage.press("tab")
        while stage.widgets.session_list.cursor.key != "tools":
            await stage.press("down")
        await stage.shows("one zebra file")
        assert "▸ terminal  ls" in stage.text
        assert "Look around" in stage.lines[2]


@pytest.mark.slow
async def test_enter_goes_in_and_esc_comes_back_to_the_list(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), NARROW) as stage:
        await stage.shows("only in a file")
        await stage.press("tab")
        assert stage.place == "SESSIONS"
        while stage.widgets.session_list.cursor.key != "tools":
            await stage.press("j")
        await stage.press("enter")
        await stage.shows("one zebra file")
        assert stage.lines[2].startswith("━ Sessions › Look around ━━")
        assert stage.status.startswith("message 1 of 4 · tools short · reasoning folded")
        await stage.press("escape")
        assert stage.lines[2].startswith("━ Sessions newest first ━")
        assert stage.widgets.session_list.cursor.key == "tools"
        await stage.press("escape")
        assert stage.place == "SESSIONS"
        await stage.shows("q quits")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_is_found_shown_in_its_place_and_taken_out_again(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with browsing(furnish(tmp_path), size) as stage:
        await stage.type("zebra")
        await stage.until(lambda: stage.status.startswith("2 hits in 1 session · ranked · "))
        await stage.press("tab")
        assert stage.place == "HITS"
        await stage.press("n")
        hit = stage.widgets.hit_list.cursor_hit
        assert hit is not None
        assert hit.role == "assistant"
        await stage.press("enter")
        await stage.shows("one zebra file")
        await stage.until(lambda: stage.status.startswith("message 4 of 4"))
        assert "hit 2 of 2" in stage.lines[2], "in reading order"
        await stage.press("N")
        await stage.shows("hit 1 of 2")
        await stage.press("n")
        await stage.shows("hit 2 of 2")
        await stage.press("n")
        assert "this is the last hit" in stage.status
        await stage.press("escape", "escape")
        assert stage.widgets.search_bar.text == ""
        assert stage.place == "SESSIONS"
        await stage.shows("Sessions newest first")


@pytest.mark.slow
async def test_titles_filter_at_once_and_a_title_opens_its_session(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.type("ocker buil")
        assert "1 title ───" in stage.text
        await stage.press("tab", "enter")
        await stage.shows("short history")
        assert "⇡A JSONL has 7 messages, SQLite 2" in stage.lines[3]


@pytest.mark.slow
async def test_a_hit_that_is_only_in_the_file_is_shown_from_the_file(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.type("lost")
        await stage.shows("5 hits")
        await stage.press("tab", "enter")
        await stage.shows("from JSONL")
        await stage.until(lambda: stage.status.startswith("message 7 of 7"))
        assert "lost 4" in stage.text


@pytest.mark.slow
async def test_a_session_whose_file_is_longer_is_read_from_the_file(tmp_path: Path) -> None:
    """Promise 3: the longer source speaks; mutant: without `from_file` the pane ends after “yes”."""
    async with browsing(furnish(tmp_path), WIDE) as stage:
        await stage.shows("⇡A")
        await stage.press("tab")
        await stage.until(lambda: stage.widgets.session_list.move_to("drift") or True)
        await stage.shows("lost")
        assert "JSONL has 7 messages, SQLite 2" in stage.text


@pytest.mark.slow
async def test_the_pane_beside_the_list_shows_the_row_under_a_cursor_that_nobody_moved(tmp_path: Path) -> None:
    """The file's session comes after those of SQLite and stands on top: the pane goes with the cursor."""
    async with browsing(furnish(tmp_path), WIDE) as stage:
        await stage.shows("only in a file")
        await stage.until(lambda: stage.state.reading.row is not None)
        await stage.until(
            lambda: stage.state.reading.row.session.id == stage.widgets.session_list.cursor.key  # type: ignore[union-attr]
        )


@pytest.mark.slow
async def test_a_chain_reads_as_one_transcript_with_its_seam(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.type("second part 1")
        await stage.press("tab", "down", "enter")
        await stage.shows("second part 1")
        assert "first part 3" in stage.text
        assert "§2 of 2 · compacted" in stage.text
        assert "4 messages became a summary" in stage.text


@pytest.mark.slow
async def test_a_wrong_filter_says_so_and_changes_nothing_else(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.shows("only in a file")
        await stage.shows("⇡A")
        rows = stage.lines[3:-1]
        await stage.type("after:yesterdya")
        assert stage.status == "✗E after:yesterdya is not a date · try after:7d or after:2026-04-01"
        assert stage.widgets.search_bar.query_input.wrong == (0, 15)
        await stage.press("ctrl+u")
        await stage.type("is:flagged")
        await stage.shows("Fix the docker build")
        await stage.press("ctrl+u")
        await stage.shows("Sessions newest first")
        assert stage.lines[3:-1] == rows


@pytest.mark.slow
async def test_no_hits_says_what_was_sought_and_which_title_is_close(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.type("dokcer")
        await stage.shows("∅0  No message has “dokcer”")
        await stage.shows("1 title is close")
        assert "Fix the docker build" in stage.text


@pytest.mark.slow
async def test_a_batch_of_an_older_search_is_dropped(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.type("zebra")
        await stage.shows("2 hits in 1 session")
        current = stage.browser.feed.generation("search")
        late = HitsArrived(current - 1, Batch((Hit("ghost", 1, "user", "from yesterday"),)), 1)
        stage.browser.post_message(late)
        await stage.pilot.pause(0.3)
        assert "from yesterday" not in stage.text
        assert stage.status.startswith("2 hits in 1 session")


@pytest.mark.slow
async def test_the_list_the_search_and_the_transcript_stay_live(tmp_path: Path) -> None:
    home = furnish(tmp_path)
    async with browsing(home, WIDE) as stage:
        with closing(builders.db(home)) as db:
            await stage.type("heron")
            await stage.shows("No message has")
            db.append_message("tools", "user", "a heron came by")
            await stage.shows("a heron came by")
            await stage.shows("1 hit in 1 session")
            await stage.press("escape", "escape")
            await stage.shows("Sessions newest first")
            db.create_session("fresh", "cli")
            db.append_message("fresh", "user", "brand new words")
            await stage.shows("brand new words")
            await stage.until(lambda: "5 of 7 sessions" in stage.status)
            await stage.press("g", "enter")
            await stage.until(lambda: stage.place == "TRANSCRIPT")
            await stage.shows("message 1 of 1")
            db.append_message("fresh", "assistant", "and an answer")
            await stage.shows("and an answer")
            assert "following" in stage.lines[2]


@pytest.mark.slow
async def test_markup_and_escapes_in_stored_text_are_text(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number, text in enumerate(HOSTILE):
            builders.store(db, f"h{number}", [builders.say("user", text)], source=text[:20])
            db.set_session_title(f"h{number}", f"{number} {text}"[:90])
    async with browsing(home, WIDE) as stage:
        await stage.shows("[@click=app.quit]click me")
        await stage.press("tab")
        for _ in HOSTILE:
            await stage.press("enter", "escape", "down")
        await stage.press("ctrl+p")
        await stage.type("[/]")
        await stage.press("escape", "slash")
        await stage.type("[@click")
        await stage.shows("hit")
        assert not [line for line in stage.lines if not line.isprintable()]
        assert safe(HOSTILE[0]) != HOSTILE[0]


@pytest.mark.slow
async def test_an_empty_home_says_where_it_looked_and_fills_by_itself(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    async with browsing(home) as stage:
        assert "∅0  No sessions here yet" in stage.text
        assert "Looked in ~/.hermes: no state.db, no sessions/*.jsonl." in stage.text
        assert not (home / "state.db").exists()
        with closing(builders.db(home)) as db:
            builders.store(db, "s1", [builders.say("user", "here I am")])
        await stage.shows("here I am")
        await stage.gone("No sessions here yet")


@pytest.mark.slow
async def test_a_home_of_files_alone_is_whole(tmp_path: Path) -> None:
    """Before February 2026 Hermes had no state.db."""
    home = builders.home(tmp_path)
    builders.jsonl(home, "alone", [builders.say("user", "only in a file")])
    async with browsing(home) as stage:
        await stage.shows("only in a file")
        assert stage.status.startswith("1 of 1 session")
        assert "Sessions newest first" in stage.lines[2]
        await stage.press("tab")
        assert "try again" not in stage.footer
        with closing(builders.db(home)) as db:
            builders.store(db, "s1", [builders.say("user", "and now a store")])
        await stage.shows("and now a store")


@pytest.mark.slow
async def test_a_state_db_without_a_session_is_an_empty_home(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    builders.db(home).close()
    async with browsing(home) as stage:
        await stage.shows("No sessions here yet")
        assert "Looked in ~/.hermes: an empty state.db, no sessions/*.jsonl." in stage.text


@pytest.mark.slow
async def test_a_state_db_that_cannot_be_read_is_said_with_its_cause_and_tried_again(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    (home / "state.db").write_bytes(b"this is a diary, not a database\n" * 40)
    builders.jsonl(home, "alone", [builders.say("user", "only in a file")])
    async with browsing(home) as stage:
        await stage.shows("✗E  state.db cannot be read")
        await stage.shows("only in a file")
        assert "is not an SQLite database" in " ".join(stage.text.split())
        assert "Nothing has been written." in " ".join(stage.text.split())
        assert "hermes sessions recover   after a backup of this file" in stage.text
        assert stage.status.startswith("△P partial: 1 session from JSONL files; state.db cannot be read")
        await stage.press("tab")
        assert stage.footer.startswith("R try again   ↑↓ rows   enter open")
        await stage.press("enter")
        await stage.shows("▤J Only in JSONL, 1 message")
        await stage.press("escape")
        (home / "state.db").unlink()
        with closing(SessionDB(home / "state.db")) as db:
            builders.store(db, "s1", [builders.say("user", "healed")])
        await stage.shows("healed")
        await stage.gone("cannot be read")


@pytest.mark.slow
async def test_try_again_reads_again(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    (home / "state.db").mkdir()
    async with browsing(home) as stage:
        await stage.says("state.db is a folder, not a database")
        assert stage.status.startswith("✗E state.db cannot be read")
        generation = stage.browser.feed.generation("sessions")
        await stage.press("tab", "R")
        assert stage.browser.feed.generation("sessions") == generation + 1
        await stage.says("state.db is a folder, not a database")


@pytest.mark.slow
async def test_a_session_without_messages_says_so(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        db.create_session("void", "cli")
    async with browsing(home) as stage:
        await stage.shows("(no messages)")
        await stage.press("tab", "enter")
        await stage.shows("∅0  No messages in this session")


@pytest.mark.slow
async def test_copying_takes_the_message_the_command_or_the_id_without_control_characters(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "20260101_ab", [builders.say("user", "line one\n\x1b]52;c;evil\x07line\ttwo")])
    async with browsing(home) as stage:
        await stage.shows("line one")
        await stage.press("tab", "Y")
        assert stage.app.clipboard == "hermes --resume 20260101_ab"
        await stage.shows("27 characters")
        await stage.press("I")
        assert stage.app.clipboard == "20260101_ab"
        await stage.press("enter")
        await stage.shows("line one")
        await stage.press("y")
        assert stage.app.clipboard == "line one\n]52;c;evilline\ttwo"


@pytest.mark.slow
async def test_an_id_that_is_no_argument_is_not_made_one(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "-rf x; echo", [builders.say("user", "hostile id")])
    async with browsing(home) as stage:
        await stage.shows("hostile id")
        await stage.press("tab", "Y")
        assert stage.app.clipboard == ""
        await stage.shows("the session id")


@pytest.mark.slow
async def test_one_pane_can_take_the_whole_width(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), WIDE) as stage:
        await stage.shows("only in a file")
        await stage.press("tab", "m")
        assert "┭" not in stage.lines[2]
        await stage.press("enter")
        assert stage.lines[2].startswith("━ Sessions › ")
        await stage.press("m")
        assert "┮" in stage.lines[2]


@pytest.mark.slow
async def test_the_screen_divides_itself_anew_when_its_size_changes(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), WIDE) as stage:
        await stage.shows("only in a file")
        await stage.press("tab", "enter")
        await stage.pilot.resize_terminal(80, 24)
        await stage.shows("━ Sessions › ")
        await stage.pilot.resize_terminal(100, 30)
        await stage.until(lambda: stage.lines[2][44:45] == "┮")
        await stage.pilot.resize_terminal(60, 12)
        await stage.until(lambda: len(stage.lines) == 12)
        assert "? help" not in stage.text
        await stage.pilot.resize_terminal(32, 8)
        await stage.until(lambda: "needs 40 × 10, this is 32 × 8" in " ".join(stage.text.split()))
        await stage.pilot.resize_terminal(80, 24)
        await stage.gone("hermes-tui needs")


@pytest.mark.slow
async def test_another_file_at_the_path_is_read_anew(tmp_path: Path) -> None:
    home = furnish(tmp_path)
    other = builders.home(tmp_path, "other")
    with closing(builders.db(other)) as db:
        builders.store(db, "s1", [builders.say("user", "another life")])
    async with browsing(home) as stage:
        await stage.shows("Look around")
        for name in ("state.db-wal", "state.db-shm"):
            (home / name).unlink(missing_ok=True)
        (other / "state.db").replace(home / "state.db")
        if (wal := other / "state.db-wal").exists():
            wal.replace(home / "state.db-wal")
        await stage.shows("another life")
        await stage.gone("Look around")


@pytest.mark.slow
async def test_rows_keep_their_place_while_others_come_in(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(40):
            builders.store(db, f"s{number:02}", [builders.say("user", f"topic {number:02}")])
        async with browsing(home) as stage:
            await stage.press(*["down"] * 11)
            key, row = (
                stage.widgets.session_list.cursor.key,
                next(index for index, line in enumerate(stage.lines) if line.startswith("▌")),
            )
            for number in range(3):
                builders.store(db, f"new{number}", [builders.say("user", f"news {number}")])
            await stage.until(lambda: "43 of 43" in stage.status)
            assert stage.widgets.session_list.cursor.key == key
            assert stage.lines[row].startswith("▌")


@pytest.mark.slow
async def test_an_older_hit_row_stays_under_the_cursor_while_hits_come_in(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", builders.talk(2, word="zebra"))
        builders.store(db, "s2", builders.talk(2, word="zebra"))
        async with browsing(home) as stage:
            await stage.type("zebra")
            await stage.shows("4 hits in 2 sessions")
            await stage.press("tab", "n", "n")
            key = stage.widgets.hit_list.cursor.key
            assert isinstance(key, HitKey)
            db.append_message("s1", "user", "zebra again")
            await stage.shows("5 hits in 2 sessions")
            assert stage.widgets.hit_list.cursor.key == key


@pytest.mark.slow
@pytest.mark.parametrize("each_home", REAL_OR_GENERATED, indirect=True)
async def test_a_real_home_opens_and_a_word_of_it_is_found(each_home: Path) -> None:
    async with browsing(each_home / ".hermes", WIDE) as stage:
        assert "sessions" in stage.status
        await stage.type("docker")
        await stage.until(lambda: stage.state.search.results.done)
        assert stage.state.search.results.hits
        await stage.press("tab", "n", "enter")
        await stage.until(lambda: stage.state.reading.total > 0)


@pytest.mark.slow
async def test_a_locked_store_is_said_with_how_long_it_is_waited_for(tmp_path: Path) -> None:
    async with browsing(builders.home(tmp_path)) as stage:
        stage.browser.post_message(StoreBusy(1, 12.0))
        await stage.shows("◐I  state.db is locked by another program")
        assert "Waiting up to 30 s, 12 s so far. Reading goes on." in stage.text
        assert stage.status.startswith("◐I state.db is locked by another program")


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["missing", "no database"])
async def test_files_are_searched_where_sqlite_cannot_be_read(tmp_path: Path, broken: str) -> None:
    """Mutant: asking SQLite for its newest message first ends the search with its error, and nothing is found."""
    home = furnish(tmp_path)
    (home / "state.db").unlink()
    for name in ("state.db-wal", "state.db-shm"):
        (home / name).unlink(missing_ok=True)
    if broken == "no database":
        (home / "state.db").write_bytes(b"a diary, not a database\n" * 40)
    async with browsing(home) as stage:
        await stage.type("lost")
        await stage.shows("5 hits")
        await stage.press("tab", "enter")
        await stage.shows("lost 0")


@pytest.mark.slow
async def test_a_search_that_failed_does_not_say_that_there_is_nothing(tmp_path: Path) -> None:
    """Error and empty are two things (docs/decisions/0009); mutant: the block “No message has” under the error."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "state.db").write_bytes(b"a diary, not a database\n" * 40)
    async with browsing(home) as stage:
        await stage.type("lost")
        await stage.until(lambda: stage.status.startswith("✗E"))
        await stage.pilot.pause(0.4)
        assert "No message has" not in stage.text


@pytest.mark.slow
async def test_sessions_come_in_other_orders_and_with_bookmarks(tmp_path: Path) -> None:
    """Mutants: without `LISTS` after a change the rows stay; the store, given `is:bookmarked`, finds nothing."""
    async with browsing(furnish(tmp_path)) as stage:
        keys = stage.widgets.session_list.cursor.keys
        await stage.press("tab")
        chosen = "tools"
        assert stage.widgets.session_list.move_to(chosen)
        await stage.press("s")
        assert "Sessions oldest first" in stage.lines[2]
        assert stage.widgets.session_list.cursor.keys == keys[::-1]
        assert stage.widgets.session_list.cursor.key == chosen
        await stage.press("b")
        await stage.shows("session bookmarked")
        assert any("◆" in line for line in stage.lines)
        await stage.press("slash")
        await stage.type("is:bookmarked")
        assert stage.widgets.session_list.cursor.keys == [chosen]
        await stage.type(" a")
        await stage.until(lambda: stage.state.search.results.done)
        assert {group.row.session.id for group in stage.state.search.results.groups(stage.state.catalog.row)} <= {
            chosen
        }
        await stage.press("tab", "escape", "enter")
        await stage.until(
            lambda: stage.state.reading.total > 0 and stage.widgets.transcript.focused_message is not None
        )
        await stage.press("b")
        await stage.shows("◆ bookmarked")
        await stage.press("b", "escape", "b")
        await stage.shows("session is bookmarked no longer")
        assert ("p", "profile") not in footer(Place.SESSIONS, stage.state.conditions)
        await stage.press("p")
        await stage.shows("there is one profile here")
