"""The config file, and the folders of the user."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hermes_tui import config
from hermes_tui.config import Config, Start

linux = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other systems have folders of their own")


@linux
@pytest.mark.parametrize("named", ["", "relative"])
def test_the_folders_of_the_user_are_those_of_xdg(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """What is empty or relative is left alone, as the XDG specification has it."""
    monkeypatch.setenv("HOME", "/home/u")
    monkeypatch.delenv("HERMES_TUI_CONFIG", raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, named)
    assert config.locate() == Path("/home/u/.config/hermes-tui/config.toml")
    assert config.searches_file() == Path("/home/u/.local/state/hermes-tui/searches.json")
    assert config.cache_dir() == Path("/home/u/.cache/hermes-tui")


@linux
def test_xdg_variables_name_other_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HERMES_TUI_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/x")
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert config.locate() == Path("/x/hermes-tui/config.toml")
    assert config.searches_file() == Path("/s/hermes-tui/searches.json")
    assert config.cache_dir() == Path("/c/hermes-tui")


def test_a_variable_names_the_config_file_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERMES_TUI_CONFIG", "/y.toml")
    assert config.locate() == Path("/y.toml")


def test_looking_for_the_folders_makes_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    config.locate()
    config.searches_file()
    config.cache_dir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "theme", "ascii_only", "complaint"),
    [
        ('theme = "nord"\nascii = true\nfuture = 3\n', "nord", True, ""),
        ("", None, False, ""),
        ("theme = 3\n", None, False, "theme must be a name in quotes"),
        ('theme = "nord"\nascii = "yes"\n', "nord", False, "ascii must be true or false"),
        ("theme = \n", None, False, "was left out"),
    ],
)
def test_a_config_file_is_read_as_far_as_it_is_sound(
    tmp_path: Path, text: str, theme: str | None, ascii_only: bool, complaint: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    read = config.load(path)
    assert (read.theme, read.ascii) == (theme, ascii_only)
    assert complaint in read.complaint
    assert bool(read.complaint) == bool(complaint)


def test_a_missing_config_file_is_no_complaint_and_an_unreadable_one_is(tmp_path: Path) -> None:
    assert config.load(tmp_path / "none.toml") == Config()
    (tmp_path / "folder.toml").mkdir()
    assert config.load(tmp_path / "folder.toml").complaint == "folder.toml was left out: Is a directory"


def test_what_textual_reads_at_its_import_is_settled_unless_the_user_has() -> None:
    environ = {"ESCDELAY": "200"}
    config.tune(environ)
    assert environ["ESCDELAY"] == "200"
    assert environ["TEXTUAL_ANIMATIONS"] == "none"


def test_a_wrong_value_is_named_by_key_and_line_and_its_default_holds(tmp_path: Path) -> None:
    """Mutant: with the lines counted from the table, not from the file, a wrong one is named."""
    path = tmp_path / "config.toml"
    path.write_text('mouse = "no"\nstart = "list"\nwrap = false\n\n[keys]\n# mine\nrepair = 3\nnext_order = "o"\n')
    read = config.load(path)
    assert (read.mouse, read.start, read.wrap, read.keys) == (True, Start.LIST, False, {"next_order": "o"})
    assert read.complaints == (
        "config.toml line 1: mouse must be true or false",
        "config.toml line 7: keys.repair must be a key in quotes",
    )
    assert read.complaint == f"{read.complaints[0]} (and 1 more: hermes-tui config)"
    refused = read.with_refused({"next_order": "o is the key of x there"})
    assert refused.keys == {}
    assert refused.complaints[-1] == "config.toml line 8: keys.next_order: o is the key of x there"
