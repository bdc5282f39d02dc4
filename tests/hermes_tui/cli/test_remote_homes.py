"""Homes on other machines on the command line: several as one list, those of the config file, and what is refused."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.servers import merged, remote_home
from store import Home
from store.base.errors import Unreachable
from store.remote import connection
from store.remote.browser import RemoteBrowser
from tests.builders import db, home, say, store


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A home here and one on another machine, for which a stand-in for `ssh` starts the real server."""
    here, there = home(tmp_path, "here"), home(tmp_path, "there")
    for folder, name in ((here, "near1"), (there, "far1")):
        with closing(db(folder)) as opened:
            store(opened, name, [say("user", f"quinces of {name}")])
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m hermes_tui serve-stdio\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(connection, "HELLO_SECONDS", 600.0)
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 600.0)
    monkeypatch.setenv("HERMES_TUI_CONFIG", str(tmp_path / "config.toml"))
    return here, there


@pytest.mark.slow
def test_homes_of_several_machines_are_one_list_and_one_search_and_are_only_read(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = folders
    both = ["--home", str(here), "--home", f"ssh://far{there}"]
    assert main([*both, "search", "quinces", "--json"]) == 0
    hits = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {hit["session_id"] for hit in hits[:-1]} == {"near1", "far/far1"}
    assert main([*both, "rename", "far/far1", "mine"]) == 2
    assert "only read" in capsys.readouterr().err
    (tmp_path / "config.toml").write_text(
        f'[homes]\nbox = "ssh://far{there}"\nserver = "postgresql://me:hunter2@a/b"\n'
    )
    assert main(["config"]) == 0
    shown = capsys.readouterr().out
    assert f'"box" = "ssh://far{there}"' in shown
    assert "hunter2" not in shown
    (tmp_path / "config.toml").write_text(f'[homes]\nbox = "ssh://far{there}"\n')
    monkeypatch.setenv("HERMES_HOME", str(here))
    assert main(["show", "box/far1"]) == 0
    assert "quinces of far1" in capsys.readouterr().out


def test_a_home_that_is_wrong_in_the_config_is_named_with_its_line(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("[homes]\nbox = 7\n")
    assert main(["config"]) == 1
    assert "line 2: homes.box must be an address in quotes" in capsys.readouterr().err
    assert folders[0].is_dir()


@pytest.mark.parametrize(
    "verb", [["repair", "--all", "--yes"], ["repair", "--all", "--dry-run"], ["doctor", "--replay"]]
)
def test_a_home_of_another_machine_is_not_repaired_from_here(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutant: there is said to be nothing to repair."""
    assert main(["--home", "ssh://far/x", *verb]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), "far is only read" in err) == ("", 1, True)


def test_names_in_one_list_are_never_the_same() -> None:
    far = remote_home("ssh://far/x")
    every = merged([("", Home(Path("here"))), ("", far), ("", far), ("default", far), ("a/b", far)])
    assert [member.name for member in every.members] == ["default", "far", "far-2", "default-2", "a-b"]
    assert every.is_every


def test_a_session_of_a_home_that_cannot_be_read_is_not_said_to_be_missing(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Mutant: there is said to be none of that name."""
    (tmp_path / "bin" / "ssh").write_text("#!/bin/sh\nexit 127\n")
    assert main(["--home", str(folders[0]), "--home", "ssh://far/x", "show", "far/far1"]) == 2
    said = capsys.readouterr().err
    assert "“far/far1” in what could be read; profile far: no hermes-tui on far" in said


def test_hits_are_printed_of_a_machine_that_is_lost_before_what_is_around_them_and_said_to_be_a_part(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: nothing is printed; nothing is said."""

    def _lost(*_: object, **__: object) -> None:
        raise Unreachable("far cannot be reached")

    monkeypatch.setattr(RemoteBrowser, "context", _lost)
    assert main(["--home", str(folders[0]), "--home", f"ssh://far{folders[1]}", "search", "quinces"]) == 2
    out, err = capsys.readouterr()
    assert "far/far1" in out
    assert "near1" in out
    assert err == "hermes-tui: partial: profile far: far cannot be reached\n"
