"""The screen of repairs on real homes: the plan, one key, the receipt, and the way back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hermes_tui.app import HermesApp
from hermes_tui.feed import ProfileEntry
from hermes_tui.feed.answers import RepairProgressed
from hermes_tui.screens.repair.controller import RepairScreenController
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.state.repair_state import SessionRepair
from store import Cancel, SessionDB, State
from store.models import SurveyStep
from store.repair.model import Phase, Progress
from tests import builders
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing
from tests.hostile import HOSTILE


def lost(tmp_path: Path, *, missing: int = 992, stored: int = 2) -> Path:
    """A home where SQLite has the first `stored` messages of a JSONL file, and another session that is in sync."""
    home = builders.home(tmp_path)
    talk = [
        {**message, "timestamp": 1_700_000_000.0 + number}
        for number, message in enumerate(builders.talk(stored + missing, word="quetzal"))
    ]
    with closing(builders.db(home)) as db:
        builders.store(db, "well", builders.talk(2, word="all well"))
        builders.store(db, "20260105_bot", talk[:stored], source="telegram")
        db.set_session_title("20260105_bot", "Fix the docker build on the bot")
    builders.jsonl(home, "20260105_bot", [builders.META, *talk], tail=b'{"role": "us\n')
    return home


def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have steps small and far apart, so that there is time between them."""
    monkeypatch.setattr("store.base.step_sizing.STEP_ROWS", 100)
    monkeypatch.setattr("store.base.step_sizing.MIN_PAUSE", 0.4)
    monkeypatch.setattr("store.base.step_sizing.MAX_PAUSE", 0.4)


def has_written(screen: RepairScreen) -> bool:
    """Whether a step of the repair is stored: one that is stopped before has nothing to undo."""
    progress = shown(screen).progress
    return progress is not None and progress.phase is Phase.INSERT and progress.done > 0


def conversation(home: Path, session_id: str) -> list[str]:
    """What Hermes would resume with."""
    with closing(builders.db(home, read_only=True)) as db:
        return [str(message["content"]) for message in db.get_messages_as_conversation(session_id)]


def rows(home: Path, session_id: str) -> list[tuple[object, ...]]:
    """A session's rows as they are."""
    connection = apsw.Connection(str(home / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    found = list(connection.execute("SELECT * FROM messages WHERE session_id = ? ORDER BY id", (session_id,)))
    connection.close()
    return found


def writable(stage: Stage) -> SessionDB | None:
    """The store that repairs are written through."""
    found = stage.browser.feed.writer._store
    assert found is None or isinstance(found, SessionDB)
    return found


def shown(screen: RepairScreen) -> SessionRepair:
    """The session that the screen shows."""
    assert screen.state.session is not None
    return screen.state.session


async def open_repair(stage: Stage, session_id: str) -> RepairScreen:
    """From the search row to a flagged session's plan."""
    await stage.until(lambda: stage.state.catalog.flagged > 0)
    await stage.press("tab")
    stage.widgets.session_list.move_to(session_id)
    await stage.press("r")
    await stage.until(lambda: isinstance(stage.app.screen, RepairScreen))
    screen = stage.app.screen
    assert isinstance(screen, RepairScreen)
    await stage.until(lambda: screen.state.session is not None and not screen.state.waiting)
    return screen


@pytest.mark.slow
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_one_key_and_one_confirmation_bring_back_what_sqlite_lost(tmp_path: Path, size: tuple[int, int]) -> None:
    home = lost(tmp_path)
    before = rows(home, "20260105_bot")
    file = home / "sessions" / "20260105_bot.jsonl"
    stood = file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino
    async with browsing(home, size) as stage:
        await open_repair(stage, "20260105_bot")
        assert stage.lines[0].startswith(" Repair  Fix the docker build on the bot")
        assert stage.status == "⇡A JSONL is ahead: SQLite lacks 992 of its 994 messages"
        assert stage.lines[2].startswith("━ First difference message 3 of 994 ━━")
        assert stage.lines[2].endswith(" same up to message 2 ━")
        assert "992 messages after message 2; order certain, all are later" in stage.text
        assert "1 session_meta line, 1 damaged line (996)" in stage.text
        assert stage.footer.startswith("y apply   d whole difference   esc back   n next flagged")
        assert not (home / "backups").exists()
        await stage.agree()
        await stage.shows("repaired: SQLite now has all 994 messages")
        assert "inserted    992 messages, 3 to 994" in stage.text
        assert "counted     2 before, 994 after, 994 expected" in stage.text
        assert stage.footer.startswith("enter read the session   u undo   Y copy operation id   n next flagged")
        assert len(conversation(home, "20260105_bot")) == 994
        await stage.press("Y")
        with closing(builders.db(home, read_only=True)) as db:
            assert [operation.id for operation in db.operations()] == [stage.app.clipboard]
        await stage.press("u")
        await stage.shows("Plan of the undo")
        await stage.agree()
        await stage.shows("✓D undone: 992 messages taken out, 2 left")
        assert rows(home, "20260105_bot") == before
    assert (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino) == stood


@pytest.mark.slow
async def test_after_a_repair_list_transcript_and_search_know_it(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=40)
    async with browsing(home) as stage:
        await stage.type("quetzal")
        await stage.until(lambda: stage.state.search.results.done)
        await stage.press("escape", "escape", "slash")
        await open_repair(stage, "20260105_bot")
        await stage.agree()
        await stage.shows("✓D repaired")
        await stage.press("enter")
        await stage.until(lambda: stage.place == "TRANSCRIPT")
        await stage.until(lambda: stage.status.startswith("message 1 of 42"))
        await stage.until(lambda: "!B 1 damaged line in JSONL" in stage.lines[3])
        assert "from JSONL" not in stage.lines[2]
        await stage.press("escape", "slash")
        await stage.type("quetzal 39")
        await stage.shows("1 hit in 1 session")
        hits = stage.state.search.results.groups(stage.state.catalog.row)
        assert [hit.origin for group in hits for hit in group.hits] == ["sqlite"]


@pytest.mark.slow
async def test_a_click_on_the_flag_or_on_the_banner_opens_the_repair(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=9)
    async with browsing(home) as stage:
        await stage.shows("⇡A")
        y = next(number for number, line in enumerate(stage.lines) if "⇡A" in line)
        await stage.pilot.click(offset=(4, y))
        await stage.shows("SQLite lacks 9 of its 11 messages")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
        await stage.press("enter")
        await stage.shows("r repair  d difference")
        assert stage.lines[3].startswith(" ⇡A JSONL has 11 messages, SQLite 2  ")
        await stage.pilot.click(offset=(stage.lines[3].index("d difference") + 4, 3))
        await stage.shows("━ Whole difference ━")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
        await stage.pilot.click(offset=(10, 3))
        await stage.shows("━ First difference")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
        assert stage.place == "TRANSCRIPT"


@pytest.mark.slow
async def test_the_whole_difference_is_read_as_far_as_it_is_looked_at(tmp_path: Path) -> None:
    async with browsing(lost(tmp_path)) as stage:
        screen = await open_repair(stage, "20260105_bot")
        await stage.press("d")
        await stage.shows("━ Whole difference ━")
        await stage.until(lambda: len(shown(screen).pairs) >= 100)
        assert len(shown(screen).pairs) < 300
        for _ in range(6):
            await stage.press("G")
        await stage.until(lambda: len(shown(screen).pairs) > 300)
        await stage.press("d")
        await stage.shows("━ First difference")


@pytest.mark.slow
async def test_each_side_has_what_the_other_lacks_and_the_order_is_certain(
    era_home: Callable[[str], Path],
) -> None:
    home = era_home("v22") / ".hermes"
    async with browsing(home) as stage:
        await open_repair(stage, "20260105_120000_1e9ac1e5")
        assert stage.status == "≠D each has what the other lacks: SQLite lacks 993, JSONL lacks 2"
        assert "before all others" in stage.text
        said = " ".join(stage.text.split())
        assert "2 messages that only SQLite has; nothing is deleted or replaced; 2 of them under another id" in said
        await stage.agree()
        await stage.shows("repaired: SQLite now has all 995 messages")
        assert "2 messages, 2 of them under another id" in stage.text
    assert len(conversation(home, "20260105_120000_1e9ac1e5")) == 995


@pytest.mark.slow
async def test_what_the_user_undid_is_refused_and_can_be_insisted_on(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "rewound", builders.talk(4))
    connection = apsw.Connection(str(home / "state.db"))
    connection.execute("UPDATE messages SET active = 0 WHERE id > 2")
    connection.close()
    builders.jsonl(home, "rewound", builders.talk(9))
    async with browsing(home) as stage:
        screen = await open_repair(stage, "rewound")
        assert "✗ refuse    5 messages: 2 of its messages were undone" in stage.text
        assert "y apply" not in stage.footer
        await stage.agree()
        await stage.shows("there is nothing to insert here")
        await stage.press("M")
        await stage.until(lambda: shown(screen).applicable is not None)
        await stage.shows("y apply")
        await stage.agree()
        await stage.shows("✓D repaired")
    assert conversation(home, "rewound") == ["message 0", "message 1", *(f"message {n}" for n in range(4, 9))]


@pytest.mark.slow
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_the_banner_says_why_a_repair_would_be_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "rewound", [*builders.talk(4), builders.say("user", "its own")])
    connection = apsw.Connection(str(home / "state.db"))
    connection.execute("UPDATE messages SET active = 0 WHERE id = 3")
    connection.close()
    builders.jsonl(home, "rewound", builders.talk(9))
    async with browsing(home, size=size) as stage:
        await stage.shows("≠D")
        await stage.press("tab", "enter")
        await stage.until(lambda: "repair refused" in stage.lines[3])
        assert "≠D SQLite lacks 5 · repair refused: undone by user   " in stage.lines[3]
        assert stage.lines[3].endswith("d difference")
        assert "r repair" not in stage.lines[3]
        await stage.press("r")
        await stage.shows("✗ refuse    5 messages: 1 of its messages were undone")


class Halting(SessionDB):
    """A real store whose survey stops after two sessions until it is cancelled."""

    def survey(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """Two steps, then none."""
        steps = super().survey(cancel=cancel)
        yield from (next(steps) for _ in range(3))
        while not cancel.cancelled:
            time.sleep(0.01)
            yield SurveyStep(2, 9)
        yield from steps


@pytest.mark.slow
async def test_a_comparison_of_all_sessions_has_a_bar_and_can_be_stopped(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(9):
            builders.store(db, f"s{number}", builders.talk(3))
            builders.jsonl(home, f"s{number}", builders.talk(3, word="other"))
    app = HermesApp(ProfileEntry("default", lambda: Halting(home / "state.db", read_only=True)))
    async with app.run_test(size=NARROW) as pilot:
        stage = Stage(app, pilot)
        await stage.shows("comparing ━━──────── 2 of 9  2 flagged")
        await stage.press("ctrl+p")
        await stage.type("stop comp")
        await stage.shows("Stop comparing sessions")
        await stage.press("enter")
        await stage.until(lambda: "stopped: the other flags go by counts" in stage.status)
        await stage.until(lambda: not stage.state.comparing)
        assert stage.state.catalog.flagged == 2


@pytest.mark.slow
async def test_a_home_that_may_only_be_read_is_left_alone_and_says_why(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=5)
    async with browsing(home, may_write=False) as stage:
        await open_repair(stage, "20260105_bot")
        assert "read-only: nothing is written" in stage.text
        assert "y apply" not in stage.footer
        await stage.agree()
        await stage.shows("✗ failed    nothing is written: hermes-tui was started with --read-only")
        assert len(conversation(home, "20260105_bot")) == 2
    assert not (home / "backups").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        await open_repair(stage, "20260105_bot")
        home.chmod(0o500)
        await stage.agree()
        await stage.shows("✗ failed")
        home.chmod(0o700)
    assert len(conversation(home, "20260105_bot")) == 2


@pytest.mark.slow
async def test_a_backup_that_cannot_be_made_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=5)
    (home / "backups").write_text("in the way")
    async with browsing(home) as stage:
        await open_repair(stage, "20260105_bot")
        await stage.agree()
        await stage.shows("✗ failed")
        assert stage.status.startswith("✗E the backup")
        assert "nothing was changed" in " ".join(stage.text.split())
        assert "y apply" in stage.footer
    assert len(conversation(home, "20260105_bot")) == 2


@pytest.mark.slow
async def test_a_plan_that_is_out_of_date_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file changes just before the key, and nobody has seen that yet."""
    monkeypatch.setattr(RepairScreenController, "take_change", lambda *_: None)
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        screen = await open_repair(stage, "20260105_bot")
        await stage.until(lambda: screen._frame.wait.over)
        talk = builders.talk(12, word="quetzal")
        builders.jsonl(home, "20260105_bot", talk)
        await stage.agree()
        await stage.shows("not what the plan was made for")
        await stage.until(lambda: (plan := shown(screen).plan) is not None and plan.insert == 10)
        assert len(conversation(home, "20260105_bot")) == 2
        await stage.agree()
        await stage.shows("✓D repaired: SQLite now has all 12 messages")


@pytest.mark.slow
async def test_esc_stops_after_a_step_and_the_repair_is_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = lost(tmp_path)
    slow(monkeypatch)
    async with browsing(home) as stage:
        screen = await open_repair(stage, "20260105_bot")
        await stage.agree()
        await stage.until(lambda: has_written(screen))
        await stage.shows("━ Applying ━")
        assert "esc stop after this step" in stage.footer
        await stage.press("escape")
        await stage.shows("a repair was stopped:")
        await stage.shows("y finish   u undo")
        some = len(conversation(home, "20260105_bot"))
        assert 2 < some < 994
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
    monkeypatch.undo()
    async with browsing(home) as stage:
        await open_repair(stage, "20260105_bot")
        assert f"a repair was stopped: {some - 2} of 992 messages inserted" in stage.status
        await stage.agree()
        await stage.shows("✓D repaired: SQLite now has all 994 messages")
    assert len(conversation(home, "20260105_bot")) == 994


@pytest.mark.slow
async def test_a_stopped_repair_can_be_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = lost(tmp_path)
    before = rows(home, "20260105_bot")
    slow(monkeypatch)
    async with browsing(home) as stage:
        screen = await open_repair(stage, "20260105_bot")
        await stage.agree()
        await stage.until(lambda: has_written(screen))
        await stage.press("escape")
        await stage.shows("y finish   u undo")
        await stage.press("u")
        await stage.shows("Plan of the undo")
        await stage.agree()
        await stage.shows("✓D undone:")
    assert rows(home, "20260105_bot") == before


@pytest.mark.slow
async def test_quitting_while_a_repair_runs_asks_in_the_footer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = lost(tmp_path)
    slow(monkeypatch)
    async with browsing(home) as stage:
        screen = await open_repair(stage, "20260105_bot")
        await stage.agree()
        await stage.until(lambda: has_written(screen))
        await stage.press("ctrl+q")
        assert stage.lines[-1] == " A repair is running.  y quit after it commits   esc stay"
        await stage.press("escape")
        assert "esc stop after this step" in stage.footer
        await stage.press("q", "q")
        assert "A repair is running." in stage.footer
        await stage.agree()
        await stage.until(lambda: stage.app.return_code is not None or not stage.app.is_running)
    with closing(builders.db(home, read_only=True)) as db:
        assert [operation.state for operation in db.operations()] in ([State.RUNNING], [State.DONE])
        texts = [str(message["content"]) for message in db.get_messages_as_conversation("20260105_bot")]
        numbers = [int(text.split()[1]) for text in texts]
        assert numbers == sorted(set(numbers))


async def test_progress_messages_take_each_other_s_place() -> None:
    first, second = (RepairProgressed(0, "s", Progress(Phase.INSERT, number, 9)) for number in (1, 2))
    assert first.can_replace(second)
    assert not first.can_replace(RepairProgressed(0, "other", Progress(Phase.INSERT, 1, 9)))


def several(tmp_path: Path) -> Path:
    """Two sessions that lack messages, one that was rewound, one that only a file knows."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for name, stored in (("a", 1), ("b", 2), ("rewound", 4)):
            builders.store(db, name, builders.talk(stored, word=name))
            db.set_session_title(name, f"Session {name}")
    connection = apsw.Connection(str(home / "state.db"))
    connection.execute("UPDATE messages SET active = 0 WHERE session_id = 'rewound' AND content = 'rewound 3'")
    connection.close()
    for name in ("a", "b", "rewound", "alone"):
        builders.jsonl(home, name, builders.talk(6, word=name))
    return home


@pytest.mark.slow
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_all_flagged_sessions_are_repaired_in_one_go(tmp_path: Path, size: tuple[int, int]) -> None:
    home = several(tmp_path)
    async with browsing(home, size) as stage:
        await stage.until(lambda: stage.state.catalog.flagged == 4)
        await stage.press("tab", "F")
        await stage.shows("2 of 3 chosen, 1 refused · 9 messages to insert")
        assert stage.lines[0].rstrip().endswith("4 flagged")
        assert "✗ ⇡A Session rewound" in stage.text
        assert "refused: undone by user" in stage.text
        assert "left out: space adopts it" in stage.text
        assert "y apply 2" in stage.footer
        screen = stage.app.screen
        assert isinstance(screen, RepairScreen)
        await stage.agree()
        await stage.shows("✓ ⇡A Session a")
        await stage.until(lambda: not screen.state.writing)
        await stage.shows("━ Repaired ━")
        assert "nothing is written until" not in stage.text
        assert conversation(home, "a") == [f"a {number}" for number in range(6)]
        assert conversation(home, "b") == [f"b {number}" for number in range(6)]
        assert conversation(home, "rewound") == [f"rewound {number}" for number in range(3)]
        with closing(builders.db(home, read_only=True)) as db:
            assert {operation.session_id for operation in db.operations()} == {"a", "b"}
        screen.flagged.move_to("alone")
        await stage.press("space")
        await stage.shows("new session from JSONL")
        await stage.agree()
        await stage.until(lambda: not screen.state.writing and screen.state.cases["alone"].settled)
        assert conversation(home, "alone") == [f"alone {number}" for number in range(6)]
        screen.flagged.move_to("a")
        await stage.press("enter")
        await stage.shows("✓D repaired: SQLite now has all 6 messages")
        await stage.press("u")
        await stage.shows("Plan of the undo")
        await stage.agree()
        await stage.shows("✓D undone: 5 messages taken out, 1 left")
        await stage.press("escape")
        await stage.shows("━ Flagged ━")
        assert conversation(home, "a") == ["a 0"]


@pytest.mark.slow
async def test_the_palette_offers_to_repair_all(tmp_path: Path) -> None:
    async with browsing(several(tmp_path)) as stage:
        await stage.until(lambda: stage.state.catalog.flagged == 4)
        await stage.press("ctrl+p")
        await stage.type("repair all")
        await stage.shows("Repair all flagged sessions")
        await stage.press("enter")
        await stage.shows("all flagged sessions")


@pytest.mark.slow
async def test_the_next_flagged_session_follows(tmp_path: Path) -> None:
    async with browsing(several(tmp_path)) as stage:
        screen = await open_repair(stage, "a")
        seen = {"a"}
        for _ in range(3):
            await stage.press("n")
            seen.add(shown(screen).session_id)
        assert seen == {"a", "b", "rewound", "alone"}


@pytest.mark.slow
async def test_hostile_text_on_the_screen_of_repairs_is_text(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "h", [builders.say("user", HOSTILE[0])])
        db.set_session_title("h", HOSTILE[6][:90])
    builders.jsonl(home, "h", [builders.say("user", text) for text in HOSTILE])
    async with browsing(home, WIDE) as stage:
        await open_repair(stage, "h")
        assert "[@click=app.quit]click me" in stage.lines[0]
        await stage.press("d", "d", "question_mark", "escape")
        await stage.agree()
        await stage.shows("✓D repaired")
        assert not [line for line in stage.lines if not line.isprintable()]


@pytest.mark.slow
async def test_a_small_screen_still_shows_the_whole_plan(tmp_path: Path) -> None:
    async with browsing(lost(tmp_path), (60, 16)) as stage:
        await open_repair(stage, "20260105_bot")
        shown = " ".join(stage.text.split())
        for words in ("992 messages after message 2", "nothing is deleted", "read back before"):
            assert words in shown
        await stage.pilot.resize_terminal(30, 8)
        await stage.shows("needs 40")


@pytest.mark.slow
async def test_a_reader_of_a_foreign_store_is_untouched_until_the_first_write(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        await open_repair(stage, "20260105_bot")
        await stage.press("d")
        await stage.press("d")
        assert writable(stage) is None
        await stage.agree()
        await stage.shows("✓D repaired")
        kept = writable(stage)
        assert isinstance(kept, SessionDB)
        await stage.press("u")
        await stage.shows("Plan of the undo")
        await stage.agree()
        await stage.shows("✓D undone")
        assert writable(stage) is kept
