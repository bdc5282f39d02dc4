"""Exports on the screen: a plan with likely secrets stands before any file is made, and a stopped run leaves none."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from hermes_tui.export.stream import SessionExport
from tests import builders
from tests.builders import say
from tests.hermes_tui.browsing import browsing

KEY = "sk-proj-" + "Zq81mPx07LwvT3bNc5Rk" * 2


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three sessions, two with a likely secret."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    for number, name in enumerate(("first", "second", "third")):
        db.create_session(name, "cli")
        said = f"the key is {KEY}" if number else "nothing to hide"
        db.append_messages(name, [say("user", said, timestamp=1.7e9 + number * 1e5 + i) for i in range(2)])
        db.set_session_title(name, f"The {name} one")
    db.close()
    return folder


@pytest.mark.slow
async def test_marked_sessions_are_exported_by_one_plan_that_names_their_files_and_secrets(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a plan made with the choice before it, or one written without having stood, fail here."""
    monkeypatch.chdir(tmp_path)
    async with browsing(home, (100, 30)) as stage:
        await stage.shows("The third one")
        await stage.press("tab", "space", "space")
        await stage.shows("2 marked")
        await stage.press("E")
        await stage.shows("4 likely secrets: 4 keys")
        await stage.says(str(tmp_path / "second.md"))
        assert not [*tmp_path.glob("*.md")]
        assert "·     " not in stage.text  # mutant: a mark before what only says more of the line above
        await stage.press("f", "f", "f", "r")
        await stage.shows("a mask takes the place of each")
        await stage.says(str(tmp_path / "second.jsonl"))
        await stage.agree()
        await stage.shows("written")
        await stage.says(f"{tmp_path / 'third.jsonl'} · ")  # mutant: a name without its folder
        await stage.until((tmp_path / "third.jsonl").exists)
        assert KEY not in (tmp_path / "third.jsonl").read_text()
        assert json.loads((tmp_path / "second.jsonl").read_text())["id"] == "second"
        await stage.press("escape")
        await stage.gone("2 marked")
        await stage.press("asterisk")
        await stage.shows("3 marked")
        await stage.press("A")
        await stage.shows("archive   3 sessions")
        await stage.says("ids third, second, first")


@pytest.mark.slow
async def test_what_has_the_name_is_replaced_only_after_the_plan_said_so_and_a_stopped_run_leaves_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: a run that looks at no cancel between two batches makes the file."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "third.md").write_text("mine")
    begun, go_on, chunks = threading.Event(), threading.Event(), SessionExport.chunks

    def _slowly(export: SessionExport, **options: object):  # type: ignore[no-untyped-def]
        for number, chunk in enumerate(chunks(export, **options)):  # type: ignore[arg-type]
            yield chunk
            if options and not number:
                begun.set()
                go_on.wait(60)

    async with browsing(home) as stage:
        await stage.shows("The third one")
        await stage.press("tab", "E")
        await stage.shows("2 likely secrets")
        await stage.press("f2", "ctrl+u")
        await stage.type(str(folder))
        await stage.press("enter")
        await stage.says("it is there already and is replaced")
        await stage.shows("nothing is written until")
        monkeypatch.setattr(SessionExport, "chunks", _slowly)
        await stage.agree()
        await stage.until(begun.is_set)
        await stage.press("escape")
        go_on.set()
        await stage.shows("nothing is left of what this run made")
        assert [path.name for path in folder.iterdir()] == ["third.md"]
        assert (folder / "third.md").read_text() == "mine"
