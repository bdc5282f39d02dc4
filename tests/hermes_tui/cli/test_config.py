"""The settings as a verb: where they are, what each is, and what is wrong with them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from hermes_tui import config
from hermes_tui.__main__ import main
from hermes_tui.kept.state_file import StateFile
from hermes_tui.kept.values import HomeKept, Kept, Used


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine.toml"
    monkeypatch.setenv("HERMES_TUI_CONFIG", str(path))
    monkeypatch.setattr(config, "state_file", lambda: tmp_path / "state.json")
    return path


def test_every_setting_is_printed_with_its_default_and_what_is_wrong_with_its_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text('mouse = 3\nstart = "list"\n[keys]\nnext_order = "o"\nrepair = "ctrl+i"\n')
    assert main(["config"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == f"# {path}"
    assert {"# mouse = true", 'start = "list"  # default: "search"', 'next_order = "o"  # default: "s"'} < set(lines)
    assert {'# repair = "r"', '# apply = "y"', "# history = true"} < set(lines)
    assert tomllib.loads(out) == {"start": "list", "keys": {"next_order": "o"}}
    assert main(["config", "--json"]) == 1
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert objects[0] == {"setting": "file", "value": str(path), "default": None}
    assert {"setting": "start", "value": "list", "default": "search"} in objects
    assert {"setting": "keys.next_order", "value": "o", "default": "s"} in objects
    assert len(objects) == len([line for line in lines if "=" in line]) + 1
    assert err.splitlines() == [
        "hermes-tui: mine.toml line 1: mouse must be true or false",
        "hermes-tui: mine.toml line 5: keys.repair: ctrl+i is tab to a terminal",
    ]


def test_what_was_kept_is_forgotten(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = StateFile(tmp_path / "state.json")
    file.add(Kept(homes={"/h": HomeKept(searches={"docker": Used(1.0)})}))
    assert main(["config", "--forget"]) == 0
    assert main(["config", "--forget"]) == 0
    assert file.read() == Kept()
    said = "hermes-tui: everything that was kept is forgotten\nhermes-tui: nothing was kept\n"
    assert capsys.readouterr().err == said
