"""A session is handed over to Hermes in a real terminal, and the screen comes back to the same place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_tui.state.resume import FILE_ONLY, NOT_FOUND, HandOver, hand_over
from store.models import Origin, Session
from tests import builders
from tests.builders import say
from tests.terminal import terminal

STAND_IN = """#!/bin/sh
{
  printf '["%s", "%s", "%s"]' "$*" "$HERMES_HOME" "$PWD"
} > "$STAND_IN_SAID"
printf 'STAND-IN\\n'
read -r line
"""
CRASH = "printf '\\033[?1049h\\033[?25l\\033[?1003h'; stty raw -echo; kill -SEGV $$\n"


def asked(session: Session, home: Path | str = Path("/h"), **more: object) -> HandOver | str:
    """What would be started."""
    settings = {
        "which": lambda _: "/bin/hermes",
        "is_folder": lambda path: path == Path("/work/a b"),
        "here": Path("/"),
    }
    return hand_over(session, home=home, **{**settings, **more})  # type: ignore[arg-type]


def test_a_session_becomes_an_argument_list_or_a_reason() -> None:
    known = Session("20260101_000000_abcdef", title="A plan", cwd="/work/a b", live=True)
    assert asked(known) == HandOver(
        ("/bin/hermes", "--resume=20260101_000000_abcdef"), Path("/h"), Path("/work/a b"), live=True
    )
    gone = asked(Session("s1", cwd="/gone"))
    assert isinstance(gone, HandOver)
    assert (gone.folder, gone.missing) == (Path("/"), "/gone")
    assert asked(known, home="the demo") == "the demo"
    assert asked(Session("s1", origin=Origin.JSONL)) == FILE_ONLY.format("r")
    assert asked(known, which=lambda _: None) == NOT_FOUND.format("Y")
    unsafe = asked(Session("--yolo"))
    assert isinstance(unsafe, str)
    assert "is not passed on" in unsafe


@pytest.mark.slow
@pytest.mark.parametrize("crashes", [False, True])
def test_the_terminal_is_whole_in_between_and_after(tmp_path: Path, crashes: bool) -> None:
    home, work, programs = builders.home(tmp_path), tmp_path / "work here", tmp_path / "bin"
    work.mkdir()
    programs.mkdir()
    (programs / "hermes").write_text(STAND_IN + (CRASH if crashes else ""))
    (programs / "hermes").chmod(0o755)
    db = builders.db(home)
    db.create_session("s1", "cli", cwd=str(work))
    db.append_messages("s1", [say("user", "a question", timestamp=1.7e9)])
    db.close()
    said = tmp_path / "said"
    environ = {"PATH": f"{programs}:/usr/bin:/bin", "STAND_IN_SAID": str(said)}
    with terminal("--home", str(home), environ=environ) as app:
        app.wait_for("1 session")
        app.send("\t", settle=0.5)
        app.send("O", settle=0.5)
        app.wait_for("Resume in")
        app.wait_for(" Resume  a question")  # mutant: the title alone, which many sessions have not
        app.send("y")
        app.wait_for("STAND-IN")
        app.send("over\r", settle=0.5)
        app.wait_for("hermes ended with exit code -11" if crashes else "back from hermes")
        assert "a question" in app.text
        app.send("?", settle=0.5)
        app.wait_for("━ Help")
        app.send("\x1b", settle=0.3)
        app.send("q", settle=0.5)
        app.send("q", settle=0.5)
        app.process.wait(30)
    assert json.loads(said.read_text()) == ["--resume=s1", str(home), str(work)]
