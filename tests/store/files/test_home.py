"""Where a home is, what lies in it, which ids may become paths."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import CannotOpen, HomeMissing, NoPermission, UnsafeId
from store.files.home import Home, default_state_db, distinct, safe_id, transcript_files
from tests.any_text import CHARACTERS


def locate(
    user_home: Path,
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    profile: str | None = None,
    platform: str = "linux",
) -> Home:
    return Home.locate(environ or {}, home_option=home, profile=profile, platform=platform, user_home=user_home)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A home with two profiles, one of them without sessions, and a folder that is no profile."""
    root = tmp_path / ".hermes"
    for folder in ("profiles/work/sessions", "profiles/empty", "profiles/Not A Profile/sessions"):
        (root / folder).mkdir(parents=True)
    return root


def test_the_usual_home_is_found(root: Path, tmp_path: Path) -> None:
    home = locate(tmp_path)
    assert home == Home(root)
    assert (home.name, home.folder) == ("default", root)
    assert (home.state_db, home.sessions_dir) == (root / "state.db", root / "sessions")


def test_hermes_home_wins_unless_it_is_blank(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert locate(tmp_path, {"HERMES_HOME": f" {other} "}) == Home(other)
    assert locate(tmp_path, {"HERMES_HOME": "  "}) == Home(root)


def test_the_option_wins_over_everything(root: Path, tmp_path: Path) -> None:
    assert locate(tmp_path, {"HERMES_HOME": "/nowhere"}, home=root) == Home(root)


def test_a_relative_folder_becomes_absolute(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate(tmp_path, home=Path(".hermes")).state_db == root / "state.db"
    monkeypatch.chdir(root / "profiles" / "work")
    assert locate(tmp_path, home=Path()) == Home(root, "work")


@pytest.mark.parametrize(
    ("made", "environ", "found"),
    [
        ("Local/hermes", {"LOCALAPPDATA": "{}/Local"}, "Local/hermes"),
        ("AppData/Local/hermes", {}, "AppData/Local/hermes"),
        (".hermes", {"LOCALAPPDATA": "{}/Local"}, ".hermes"),
    ],
)
def test_windows_has_two_places(tmp_path: Path, made: str, environ: dict[str, str], found: str) -> None:
    (tmp_path / made).mkdir(parents=True)
    environ = {key: value.format(tmp_path) for key, value in environ.items()}
    assert locate(tmp_path, environ, platform="win32") == Home(tmp_path / found)


def test_a_store_that_is_not_named_is_that_of_the_environment_else_of_the_user(tmp_path: Path) -> None:
    (tmp_path / ".hermes").mkdir()
    (tmp_path / ".hermes" / "active_profile").write_text("work")

    def found(environ: dict[str, str], platform: str = "linux") -> Path:
        return default_state_db(environ, platform, tmp_path)

    assert found({}) == found({"HERMES_HOME": " "}) == tmp_path / ".hermes" / "state.db"
    assert found({"HERMES_HOME": " /elsewhere/not/there "}) == Path("/elsewhere/not/there/state.db")
    assert found({"LOCALAPPDATA": str(tmp_path)}, "win32") == tmp_path / ".hermes" / "state.db"
    (tmp_path / "hermes").mkdir()
    assert found({"LOCALAPPDATA": str(tmp_path)}, "win32") == tmp_path / "hermes" / "state.db"
    assert default_state_db({}, "linux", tmp_path / "nobody") == tmp_path / "nobody" / ".hermes" / "state.db"


def test_a_missing_home_says_what_to_do_and_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(HomeMissing, match=r"no Hermes home at .*\.hermes; .*--home"):
        locate(tmp_path)
    (tmp_path / ".hermes").write_text("a file")
    with pytest.raises(HomeMissing, match=r"\.hermes is no folder; name one"):
        locate(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [".hermes"]


def test_a_home_that_may_not_be_looked_into_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: the folder itself looked at, which its parent allows: each file in it then says so."""
    look = os.stat
    (tmp_path / ".hermes").mkdir()

    def refuse(path: str, *args: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("/."):
            raise PermissionError(13, "Permission denied")
        return look(path, *args, **options)

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(NoPermission, match="may not be looked at"):
        locate(tmp_path)


def test_a_profile_is_found_by_name_by_folder_and_by_the_sticky_file(root: Path, tmp_path: Path) -> None:
    work = Home(root, "work")
    assert work.folder == root / "profiles" / "work"
    assert locate(tmp_path, profile="work") == work
    assert locate(tmp_path, home=root / "profiles" / "work") == work
    assert locate(tmp_path, {"HERMES_HOME": str(root / "profiles" / "work")}) == work
    assert locate(tmp_path, home=root / "profiles" / "work", profile="default") == Home(root)
    (root / "active_profile").write_text("work\n")
    assert locate(tmp_path) == work
    assert locate(tmp_path, {"HERMES_HOME": str(root)}) == work
    assert locate(tmp_path, profile="default") == Home(root)
    assert locate(tmp_path, home=root) == Home(root)


@pytest.mark.parametrize("content", [b"default", b"", b"../../etc", b"\xff\xfe", b"Bad Name"])
def test_a_sticky_file_without_a_name_is_passed_over(root: Path, tmp_path: Path, content: bytes) -> None:
    (root / "active_profile").write_bytes(content)
    assert locate(tmp_path) == Home(root)


def test_a_profile_that_is_missing_names_those_that_are_there(root: Path, tmp_path: Path) -> None:
    with pytest.raises(HomeMissing, match=r"no profile play in .*: default, empty, work"):
        locate(tmp_path, profile="play")
    (root / "active_profile").write_text("play")
    with pytest.raises(HomeMissing, match=r"no profile play in .*, which active_profile names; choose"):
        locate(tmp_path)


@pytest.mark.parametrize("name", ["../x", "Work", "", "a" * 65, "a/b", "-a", "a\n", "ä"])
def test_a_profile_name_is_checked_before_it_becomes_a_path(root: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeId, match="not a profile name"):
        locate(tmp_path, profile=name)


def test_profiles_with_sessions_are_listed_root_first(root: Path) -> None:
    (root / "profiles" / "api").mkdir()
    (root / "profiles" / "api" / "state.db").write_bytes(b"")
    expected = (Home(root), Home(root, "api"), Home(root, "work"))
    assert Home(root).profiles() == expected
    assert Home(root, "work").profiles() == expected
    assert Home(root / "nowhere").profiles() == (Home(root / "nowhere"),)


def test_several_names_of_a_store_are_one(root: Path) -> None:
    """Mutant: each name shows the sessions of the same file again."""
    profiles = root / "profiles"
    for folder in (root, profiles / "work"):
        (folder / "state.db").touch()
    for name in ("hard", "kept", "linked"):
        (profiles / name / "sessions").mkdir(parents=True)
    (profiles / "hard" / "state.db").hardlink_to(root / "state.db")
    for name in ("kept", "linked"):
        (profiles / name / "state.db").symlink_to(root / "state.db")
    (profiles / "kept" / "sessions" / "own.jsonl").touch()
    (profiles / "alias").symlink_to(profiles / "work")

    assert distinct(Home(root).profiles()) == (
        Home(root),
        Home(root, "kept", transcripts_only=True),
        Home(root, "work"),
    )
    assert not Home(root, "kept", transcripts_only=True).state_db.exists()


@pytest.mark.parametrize("text", ["20260310_091500_a1b2c3", "a", "0", "A.b-c_d", "x" * 128, "a..b"])
def test_a_safe_id_is_given_back(text: str) -> None:
    assert safe_id(text) == text


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "../x", "a/b", "a\\b", "-rf", "_a", "a b", "a\n", "a\0", "x" * 129, "é", "a;b", "$(x)", "\x1b"],
)
def test_an_unsafe_id_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(UnsafeId) as refusal:
        safe_id(text)
    assert str(refusal.value).isprintable()


@pytest.mark.slow
@given(st.text(CHARACTERS, max_size=20))
def test_an_id_that_passes_is_one_name_in_its_folder(text: str) -> None:
    try:
        name = safe_id(text)
    except UnsafeId:
        return
    assert os.path.normpath(f"/sessions/{name}") == f"/sessions/{name}"


def test_transcripts_are_the_regular_files_that_end_in_jsonl(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / "a.b.jsonl").write_bytes(b"{}\n")
    for name in ("session_x.json", ".jsonl", "jsonl", ".sessions_x.tmp", "a.jsonl.bak"):
        (folder / name).write_bytes(b"")
    (folder / "link.jsonl").symlink_to(folder / "a.b.jsonl")
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    with open(os.fsencode(folder) + b"/\xff.jsonl", "wb"):
        pass
    files = transcript_files(folder)
    about = (folder / "a.b.jsonl").stat()
    assert list(files) == ["a.b"]
    assert files["a.b"].path == folder / "a.b.jsonl"
    assert (files["a.b"].size, files["a.b"].mtime_ns, files["a.b"].inode) == (3, about.st_mtime_ns, about.st_ino)


def test_no_folder_has_no_transcripts_and_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    assert transcript_files(tmp_path / "none") == {}
    (tmp_path / "sessions").write_bytes(b"")
    with pytest.raises(CannotOpen, match="cannot be listed"):
        transcript_files(tmp_path / "sessions")


def test_a_folder_that_may_not_be_listed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NoPermission, match="may not be listed"):
        transcript_files(tmp_path)


def test_the_real_homes_have_nine_transcripts(each_home: Path) -> None:
    home = locate(each_home)
    assert home.state_db.exists()
    assert "20260105_120000_1e9ac1e5" in transcript_files(home.sessions_dir)
    assert len(transcript_files(home.sessions_dir)) == 9
