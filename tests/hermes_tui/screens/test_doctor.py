"""The screen of the doctor: every check with its advice, and what waits written after one question."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from hermes_tui.screens.doctor import DoctorScreen, DoctorState, Question, doctor_view
from hermes_tui.widgets.page_frame import PageView
from store import Replaced, SessionDB, SessionRecorder
from store.files.outbox import Pending
from store.models import Finding
from store.sqlite import health
from tests import builders
from tests.builders import database_of
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing
from tests.hermes_tui.stage import NOW
from tests.store import sqlite_files

SESSION = "20261122_140109_a1b2c3"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home where two messages wait, because their store lost its -shm for a while."""
    home = builders.home(tmp_path)
    builders.store(builders.db(home), SESSION, builders.talk(4))
    recorder = SessionRecorder(SessionDB(home / "state.db"), SESSION)
    recorder.record(builders.talk(5))
    (home / "state.db-shm").rename(home / "taken")
    with pytest.raises(Replaced):
        recorder.record(builders.talk(7))
    (home / "taken").rename(home / "state.db-shm")
    return home


def stored(home: Path) -> int:
    """Messages that SQLite has."""
    return SessionDB(home / "state.db", read_only=True).message_count(SESSION)


async def open_doctor(stage: Stage) -> DoctorScreen:
    """From the search row to the end of every check."""
    await stage.press("tab", "D")
    await stage.until(lambda: isinstance(stage.app.screen, DoctorScreen))
    await stage.until(lambda: " failed:" in stage.status or " passed" in stage.status)
    screen = stage.app.screen
    assert isinstance(screen, DoctorScreen)
    return screen


@pytest.mark.slow
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_what_waits_is_written_after_one_question(home: Path, size: tuple[int, int]) -> None:
    """Mutant: without the question, the first y writes."""
    async with browsing(home, size) as stage:
        await open_doctor(stage)
        assert stage.lines[0].startswith(" Doctor")
        assert stage.status == "✗E 1 of 16 checks failed: spool"
        assert stage.lines[2].startswith("━ Checks ━━")
        assert "✗ spool        messages wait that the store would not take, of" in stage.text
        assert "                 y writes them, see below" in stage.text
        assert stage.footer.startswith("y write what waits   R look again   esc back")
        await stage.press("y")
        assert stage.footer.startswith("Write what waits into state.db?  y write 1 file   esc leave it")
        await stage.press("escape")
        assert stage.footer.startswith("y write what waits")
        assert stored(home) == 5
        await stage.press("y")
        await stage.agree()
        await stage.shows("✓ written      2 messages of hermes-tui-")
        await stage.until(lambda: stage.status == "✓D 16 of 16 checks passed")
        assert "spool        nothing waits" in stage.text
        assert "y write" not in stage.footer
        assert stored(home) == 7
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)


@pytest.mark.slow
async def test_what_is_damaged_says_what_to_do(home: Path) -> None:
    sqlite_files.run(home / "state.db", "UPDATE messages_fts_data SET block = x'00' WHERE id > 10")
    home.chmod(0o755)
    (home / "state.db").chmod(0o644)
    async with browsing(home, WIDE) as stage:
        await open_doctor(stage)
        assert stage.status == "✗E 3 of 16 checks failed: spool, permissions, index"
        lines = [line.strip() for line in stage.lines]
        assert lines[lines.index("✗ index        messages_fts is damaged: search scans") + 1] == (
            "start Hermes to rebuild it"
        )
        assert any(line.startswith("chmod 700") for line in lines)
        assert any(line.startswith("↧ now          " + SESSION) for line in lines)


@pytest.mark.slow
async def test_nothing_is_written_where_nothing_may_be(home: Path) -> None:
    """Mutant: the command without its condition."""
    async with browsing(home, may_write=False) as stage:
        await open_doctor(stage)
        assert stage.footer.startswith("R look again")
        await stage.press("y")
        await stage.agree()
        assert "hermes-tui doctor --replay writes them" in stage.text
        assert stored(home) == 5


@pytest.mark.slow
async def test_a_missing_store_says_so_once_and_is_not_made(home: Path) -> None:
    for path in home.glob("state.db*"):
        path.rename(home / f"away-{path.name}")
    builders.jsonl(home, "other", builders.talk(2))
    async with browsing(home, WIDE) as stage:
        await open_doctor(stage)
        assert stage.status == "✗E 2 of 5 checks failed: spool, store"
        assert stage.text.count("there is no state.db") == 1
        await stage.press("y")
        await stage.agree()
        await stage.shows("✗ kept         there is no state.db")
        assert not (home / "state.db").exists()
        assert len(list((home / "pending_messages").iterdir())) == 1


@pytest.mark.slow
async def test_a_check_that_takes_long_keeps_no_key_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    whole = health._whole

    def slow(connection: object) -> object:
        go_on.wait(60)
        return whole(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(health, "_whole", slow)
    try:
        async with browsing(home) as stage:
            await stage.press("tab", "D")
            await stage.shows("13 checks made · still looking…")
            await stage.press("escape")
            await stage.until(lambda: stage.app.screen is stage.browser)
            go_on.set()
            await open_doctor(stage)
            assert stage.status.startswith("✗E 1 of 16")
    finally:
        go_on.set()


@pytest.mark.slow
async def test_quitting_while_messages_are_written_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    replayed: list[Path] = []

    def slow(_: SessionDB, path: Path) -> int:
        go_on.wait(60)
        replayed.append(path)
        return 2

    monkeypatch.setattr(SessionDB, "replay", slow)
    try:
        async with browsing(home) as stage:
            await open_doctor(stage)
            await stage.press("y")
            await stage.agree()
            await stage.until(lambda: stage.browser.feed.writer.writing)
            await stage.press("q", "q")
            await stage.shows("Messages are being written.  y quit after this file   esc stay")
            await stage.press("escape")
            await stage.shows("esc stop after this file")
            go_on.set()
            await stage.until(lambda: not stage.browser.feed.writer.writing)
            await asyncio.sleep(0)
        assert len(replayed) == 1
    finally:
        go_on.set()


@pytest.mark.slow
async def test_hostile_names_stay_text(home: Path) -> None:
    recorder = SessionRecorder(SessionDB(home / "state.db"), "\x1b]0;x\x07[@click=app.quit]bad\u202e")
    database_of(recorder).ensure_session("a")
    (home / "state.db-shm").rename(home / "taken")
    with pytest.raises(Replaced):
        recorder.record(builders.talk(2))
    (home / "taken").rename(home / "state.db-shm")
    async with browsing(home, WIDE) as stage:
        await open_doctor(stage)
        assert "\x1b" not in stage.text
        assert "\u202e" not in stage.text


def doctor(*, may_write: bool = True, waits: bool = True, **known: object) -> DoctorState:
    """A state with one file that waits and one check that failed."""
    waiting = (
        [Pending(Path("a"), SESSION, "cli", None, NOW.timestamp(), "the store was busy", (({}, {}),))] if waits else []
    )
    findings = [
        Finding("spool", ok=False, detail="messages wait", advice="from a shell"),
        Finding("index", ok=True, detail="is whole"),
    ]
    return DoctorState(
        "~/.hermes",
        "default",
        may_write,
        findings=findings,
        checked=True,
        waiting=waiting,
        **known,  # type: ignore[arg-type]
    )


def view(state: DoctorState, *, slow: bool = False) -> PageView:
    """Its view on a screen of 80 columns."""
    return doctor_view(state, width=80, now=NOW, glyphs=UNICODE, slow=slow)


@pytest.mark.parametrize(
    ("known", "question", "keys"),
    [
        ({}, "", ["y", "R", "esc"]),
        ({"may_write": False}, "", ["R", "esc"]),
        ({"waits": False}, "", ["R", "esc"]),
        ({"writing": True}, "", ["esc"]),
        ({"question": Question.REPLAY}, "Write what waits into state.db?", ["y", "esc"]),
        ({"question": Question.QUIT, "writing": True}, "Messages are being written.", ["y", "esc"]),
        ({"question": Question.QUIT}, "", ["y", "R", "esc"]),
    ],
)
def test_the_footer_has_what_can_be_done_or_a_question(
    known: dict[str, object], question: str, keys: list[str]
) -> None:
    shown = view(doctor(**known))  # type: ignore[arg-type]
    assert shown.question == question
    assert [key for key, _ in shown.keys if key in {"y", "R", "esc"}] == keys


def test_the_page_says_how_to_write_what_waits_where_that_can_be_done() -> None:
    for may_write, way, fact in (
        (True, "y writes them, see below", "nothing is written until you press y"),
        (False, "from a shell", "read-only: nothing is written"),
    ):
        text = "\n".join(plain(line) for line in view(doctor(may_write=may_write)).lines)
        assert way in text
        assert fact in text
        assert "the store was busy" in text


def test_checks_that_are_late_are_counted() -> None:
    state = doctor()
    state.checked = False
    assert plain(view(state).status) == ""
    assert plain(view(state, slow=True).status) == "2 checks made · still looking…"
    state.checked = True
    assert plain(view(state).status) == "✗E 1 of 2 checks failed: spool"
