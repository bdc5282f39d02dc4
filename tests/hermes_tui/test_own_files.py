"""Files of the user's own in any state never stop a start: each is read in bounds, or left out with one line.

Mutants that these tests are for: `read_text` for the configuration, which waits for a pipe for ever; links
resolved by `Path.resolve`, which raises on a loop; no limit of the size; RecursionError let through.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hermes_tui import config
from hermes_tui.feed import saved_searches
from hermes_tui.kept.state_file import StateFile
from hermes_tui.kept.values import Kept
from store.base import safe_files
from store.files.verdict_cache import VerdictCache

DEEP = 100_000


def _loop(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 34)


STATES: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": _loop,
    "huge": _huge,
    "folder": Path.mkdir,
    "garbage": lambda path: path.write_bytes(b"\xff\0{[" * 99),
    "deep JSON": lambda path: path.write_text("[" * DEEP),
    "deep TOML": lambda path: path.write_text("a = " + "[" * DEEP),
    "deep TOML of a few KB": lambda path: path.write_text("a = " + "[" * 8_000),
    "deep keys": lambda path: path.write_text("a" + ".a" * DEEP + " = 1"),
    "unreadable": lambda path: path.touch(0o000),
}


@pytest.mark.parametrize("state", STATES)
def test_a_file_of_the_users_own_in_any_state_never_stops_the_start(tmp_path: Path, state: str) -> None:
    path = tmp_path / "file"
    STATES[state](path)

    assert config.load(path).theme is None
    with suppress(OSError, ValueError):  # the thread of the saved searches says these
        assert saved_searches.load(path) == ()
    assert StateFile(path).read() == Kept()


@pytest.mark.parametrize("state", STATES)
def test_a_cache_in_any_state_is_no_cache(tmp_path: Path, state: str) -> None:
    cache = VerdictCache(tmp_path / "cache", tmp_path / "home" / "state.db")
    assert cache._path is not None
    cache._path.parent.mkdir()
    STATES[state](cache._path)

    assert cache.partition({}) == ({}, {})
    assert cache.flag("x") is None
    cache.save()


def test_a_link_to_a_file_elsewhere_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").write_text('theme = "nord"')
    (tmp_path / "config.toml").symlink_to(tmp_path / "there")
    (tmp_path / "searches").write_text(json.dumps(["heron"]))
    (tmp_path / "searches.json").symlink_to(tmp_path / "searches")

    assert config.load(tmp_path / "config.toml") == config.Config(theme="nord", lines={"theme": 1})
    assert saved_searches.load(tmp_path / "searches.json") == ("heron",)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted in /proc")
def test_a_folder_in_the_place_of_a_file_takes_no_descriptor(tmp_path: Path) -> None:
    """Mutant: the descriptor of what cannot be opened as a file is not closed."""
    before = len(os.listdir("/proc/self/fd"))
    for read in (safe_files.opened, safe_files.read_bytes):
        with pytest.raises(IsADirectoryError):
            read(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before
