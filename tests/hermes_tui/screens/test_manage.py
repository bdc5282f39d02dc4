"""Sessions kept in order on the screen: a plan stands before anything is written, and a deletion is undone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from store import SessionDB
from tests import builders
from tests.builders import say
from tests.hermes_tui.browsing import browsing


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two old sessions, the newer one with a branch."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    for number, name in enumerate(("older", "newer")):
        db.create_session(name, "cli")
        db.append_messages(name, [say("user", f"{name} {i}", timestamp=1.7e9 + number * 1e5) for i in range(3)])
        db.set_session_title(name, f"The {name} one")
    db.create_session("branch", "cli", parent_session_id="newer", model_config={"_branched_from": "newer"})
    db.append_messages("branch", [say("user", "aside", timestamp=1.6e9)])
    db.close()
    return folder


def row(home: Path, session_id: str) -> dict[str, object] | None:
    """A session's row."""
    db = SessionDB(home / "state.db", read_only=True)
    found = db.get_session(session_id)
    db.close()
    return found


@pytest.mark.slow
async def test_a_session_is_deleted_and_brought_back_by_a_plan_that_stood(home: Path) -> None:
    async with browsing(home) as stage:
        await stage.shows("The newer one")
        await stage.press("tab", "X")
        await stage.shows("branch: branches and subagents stay (c takes them)")
        await stage.press("y")
        await stage.shows("press y to apply")
        assert row(home, "newer"), "the key came before the plan had stood"
        await stage.press("c")
        await stage.shows("delete    4 messages")
        await stage.press("c")
        await stage.shows("delete    3 messages")
        await stage.agree()
        await stage.shows("deleted   3 messages")
        assert row(home, "newer") is None
        await stage.press("u")
        await stage.shows("everything that it took comes back")
        await stage.shows("Plan of the undo")  # mutant: the heading of the deletion
        await stage.agree()
        await stage.shows("restored  3 messages")
        await stage.gone("0 files")  # mutant: files counted where there are none
        assert (row(home, "branch") or {})["parent_session_id"] == "newer"
        await stage.press("escape", "X")
        await stage.shows("delete    3 messages")
        await stage.agree()
        await stage.shows("deleted   3 messages")
        await stage.press("escape")
        await stage.until(lambda: stage.state.catalog.row("newer") is None)
        assert "The older one" in stage.text
        await stage.press("U")
        await stage.shows("2 deletions")
        await stage.shows("delete The newer one")
        await stage.press("enter")
        await stage.shows("in the trash")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
        await stage.press("U")
        await stage.shows("2 deletions")
        await stage.press("u")
        await stage.shows("everything that it took comes back")
        await stage.agree()
        await stage.shows("restored  3 messages")
        assert row(home, "newer")
        await stage.press("escape")
        await stage.until(lambda: stage.state.catalog.row("newer") is not None)


@pytest.mark.slow
async def test_a_session_is_renamed_and_archived_by_a_plan_that_stood(home: Path) -> None:
    """Mutants: files alone that no plan names; a deletion for SQLite's sessions only."""
    builders.jsonl(home, "filed", [say("user", "words of a file", timestamp=1.5e9)])
    async with browsing(home) as stage:
        await stage.shows("The newer one")
        await stage.press("tab", "f2")
        await stage.shows("type the title below")
        await stage.shows("enter take it   esc back   ctrl+q quit")
        assert stage.footer.endswith("f1 help")
        await stage.press("ctrl+u")
        await stage.type("The older one")
        await stage.shows("refused   session older has this title")
        await stage.press("enter")  # mutant: a title that is known to be taken is proposed
        assert "y apply" not in stage.footer
        await stage.type(" yet")
        await stage.until(lambda: "refused" not in stage.text)  # mutant: what was taken before is held against it
        await stage.press("enter")
        await stage.shows("“The older one yet”")
        await stage.shows("y apply   F2 another title   esc back")  # mutant: the keys of a page while one types
        with closing(builders.db(home)) as db:
            db.rename("older", "The older one yet")
        await stage.agree()
        await stage.shows("already in use by session older")
        await stage.press("f2", "ctrl+u")  # mutant: the refusal that stays, so that nothing can be typed
        await stage.shows("type the title below")
        await stage.type("The newer one again")
        await stage.press("enter")
        await stage.agree()
        await stage.shows("renamed   “The newer one again”")
        assert not stage.app.screen.query_one("#new-title").display  # mutant: what was typed left below
        await stage.press("escape", "A")
        await stage.shows("archive   1 session")
        await stage.agree()
        await stage.shows("1 session changed")
        await stage.press("escape")
        await stage.until(lambda: stage.state.catalog.scope.archived == 1)
        await stage.press("P")  # mutant: the sentence for agents, who leave a field out
        await stage.says("nothing was done: this state.db has no column “pinned”, which a newer Hermes adds")
        await stage.press("escape")
        await stage.press("G", "X")
        await stage.shows("Delete  words of a file")  # mutant: its id, by which nobody knows it
        await stage.press("escape")
        await stage.press("asterisk", "A")
        await stage.shows("left out  1 session in files alone")
        await stage.press("escape", "X")
        await stage.shows("delete    1 file")
        await stage.press("escape")
    assert (row(home, "newer") or {})["title"] == "The newer one again"
