"""Where a Hermes home keeps things, and which ids may become paths (docs/format.md §1).

Nothing here creates or changes a file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import CannotOpen, HomeMissing, NoPermission, UnsafeId

DEFAULT_PROFILE = "default"
"""The name of the profile that is the root itself."""

ALL_PROFILES = "all"
"""What is asked for to see every profile at once, unless a profile is called so."""

_PROFILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


FileStamp = tuple[int, int, int]
"""Inode, size and mtime_ns of a file: what tells one state of it from another."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """What a folder's listing says of a file."""

    path: Path
    size: int
    """Bytes."""
    mtime_ns: int
    """Nanoseconds since 1970 UTC."""
    inode: int


@dataclass(frozen=True, slots=True)
class Home:
    """One profile of a Hermes home; `default` is the root folder itself, others lie under `profiles/`."""

    root: Path
    profile: str = DEFAULT_PROFILE

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile

    @property
    def folder(self) -> Path:
        """Where this profile keeps everything."""
        return self.root if self.profile == DEFAULT_PROFILE else self.root / "profiles" / self.profile

    @property
    def state_db(self) -> Path:
        """The SQLite file; may be missing."""
        return self.folder / "state.db"

    @property
    def sessions_dir(self) -> Path:
        """The folder of legacy transcripts; may be missing."""
        return self.folder / "sessions"

    @property
    def is_every(self) -> bool:
        """True where this stands for all profiles of its root."""
        return self.profile == ALL_PROFILES and not _is_folder(self.folder)

    @classmethod
    def locate(
        cls,
        environ: Mapping[str, str],
        *,
        home_option: Path | None,
        profile: str | None,
        platform: str,
        user_home: Path,
    ) -> Home:
        """Find the home that Hermes would use.

        Args:
            environ: The environment: HERMES_HOME, and LOCALAPPDATA on Windows.
            home_option: A folder that was asked for; it may be a profile's.
            profile: A profile that was asked for, or `all`; without one, and without a folder asked for, the file
                `active_profile` decides.
            platform: As `sys.platform` has it.
            user_home: The user's home folder.

        Raises:
            HomeMissing: There is no such folder or profile; the message says what to do.
            NoPermission: The folder may not be looked at.
            UnsafeId: The profile's name cannot be one.
        """
        asked = environ.get("HERMES_HOME", "").strip()
        places = (
            [home_option]
            if home_option is not None
            else [Path(asked)]
            if asked
            else _usual(environ, platform, user_home)
        )
        folder = next((place for place in places if _is_folder(place)), None)
        if folder is None:
            raise HomeMissing(f"there is no Hermes home at {places[0]}; start hermes once, or name one with --home DIR")
        home = _home_of(folder.absolute())
        if profile is None and home_option is None and home.profile == DEFAULT_PROFILE:
            sticky = _active_profile(home.root)
            return home if sticky is None else _with_profile(home.root, sticky, why=", which active_profile names")
        return home if profile is None else _with_profile(home.root, profile)

    def profiles(self) -> tuple[Home, ...]:
        """Give all profiles that have sessions, the root first, the others by name.

        Raises:
            NoPermission: The folder may not be listed.
        """
        found = [Home(self.root, name) for name in _profile_names(self.root)]
        return (Home(self.root), *(home for home in found if _holds_sessions(home)))


def safe_id(text: str) -> str:
    """Give a session id back if it may become a path or an argument.

    Raises:
        UnsafeId: It has another character than letters, digits, `.`, `_` and `-`, begins with none of the first two,
            or is longer than 128.
    """
    if _SAFE_ID.fullmatch(text):
        return text
    shown = ascii(text if len(text) <= 40 else f"{text[:40]}...")
    raise UnsafeId(
        f"the session id {shown} is not passed on: only letters, digits, dots, dashes and underscores are safe"
    )


def transcript_files(sessions_dir: Path) -> dict[str, FileStat]:
    """List the legacy transcripts by session id, in one look at the folder; a missing folder has none.

    Links, folders and pipes are passed over, and so are names that are not text.

    Raises:
        NoPermission: The folder may not be listed.
        CannotOpen: It is no folder.
    """
    return _files(sessions_dir, "", ".jsonl")


def snapshot_files(sessions_dir: Path) -> dict[str, FileStat]:
    """List the whole-session snapshots, `session_<id>.json`, by session id; see `transcript_files`."""
    return _files(sessions_dir, "session_", ".json")


def spool_files(spool_dir: Path) -> dict[str, FileStat]:
    """List what waits to be written into SQLite by hex, `pending-<hex>.json` of Hermes and `hermes-tui-<hex>.json` of
    ours; see `transcript_files`.
    """
    return _files(spool_dir, "pending-", ".json") | _files(spool_dir, "hermes-tui-", ".json")


def dump_files(sessions_dir: Path) -> dict[str, FileStat]:
    """List the dumps of failed requests, `request_dump_<id>_<time>.json`, by id and time; see `transcript_files`."""
    return _files(sessions_dir, "request_dump_", ".json")


def transcript_stamps(sessions_dir: Path) -> dict[str, FileStamp]:
    """List the same as `transcript_files`, as cheaply as it can be: no more is kept of a file than tells it apart."""
    found: dict[str, FileStamp] = {}
    for entry in _scan(sessions_dir):
        name = entry.name
        if name[-6:] != ".jsonl" or not (name.isascii() or _is_text(name)):
            continue
        try:
            about = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # removed since it was listed
            continue
        if stat.S_ISREG(about.st_mode):
            found[name[:-6]] = about.st_ino, about.st_size, about.st_mtime_ns
    found.pop("", None)
    return found


def _files(folder: Path, before: str, behind: str) -> dict[str, FileStat]:
    """Regular files by what stands between the two ends of their names."""
    files: dict[str, FileStat] = {}
    for entry in _entries(folder):
        stem = entry.name.removeprefix(before).removesuffix(behind)
        if not stem or f"{before}{stem}{behind}" != entry.name or not _is_text(stem):
            continue
        try:
            about = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # removed since it was listed
            continue
        if stat.S_ISREG(about.st_mode):
            files[stem] = FileStat(folder / entry.name, about.st_size, about.st_mtime_ns, about.st_ino)
    return files


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder; [] where there is none."""
    return list(_scan(folder))


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The same, as it is read."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return
    except PermissionError as error:
        raise NoPermission(f"the folder {folder} may not be listed; give yourself the right to read it") from error
    except OSError as error:
        raise CannotOpen(
            f"the folder {folder} cannot be listed ({error.strerror}); move aside what lies there"
        ) from error


def _is_text(name: str) -> bool:
    """False for a file name that is not UTF-8 on the disk: no session id is such."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def _usual(environ: Mapping[str, str], platform: str, user_home: Path) -> list[Path]:
    """Where Hermes puts its home by itself; Windows changed its place on 2026-06-03, so both are looked at."""
    if platform != "win32":
        return [user_home / ".hermes"]
    local = environ.get("LOCALAPPDATA", "").strip()
    return [(Path(local) if local else user_home / "AppData" / "Local") / "hermes", user_home / ".hermes"]


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except PermissionError as error:
        raise NoPermission(
            f"{path} may not be looked at; give yourself the right to, or choose another --home"
        ) from error
    except OSError:
        return False


def _holds_sessions(home: Home) -> bool:
    """True also for a profile that may not be looked into: opening it says so."""
    try:
        return home.state_db.exists() or home.sessions_dir.exists()
    except PermissionError:
        return True


def _home_of(folder: Path) -> Home:
    """Take a folder for a profile's if it lies in one called `profiles`, as Hermes does."""
    if folder.parent.name == "profiles" and _PROFILE.fullmatch(folder.name):
        return Home(folder.parent.parent, folder.name)
    return Home(folder)


def _active_profile(root: Path) -> str | None:
    """Give the sticky profile; None where the file is missing, unreadable or holds no name."""
    try:
        name = (root / "active_profile").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if _PROFILE.fullmatch(name) else None


def _with_profile(root: Path, name: str, *, why: str = "") -> Home:
    """Give a root's profile by name; raises UnsafeId or HomeMissing."""
    if not _PROFILE.fullmatch(name):
        raise UnsafeId(f"{name!a} is not a profile name: small letters, digits, dashes and underscores, at most 64")
    home = Home(root, name)
    if home.is_every or _is_folder(home.folder):
        return home
    names = ", ".join((DEFAULT_PROFILE, *_profile_names(root)))
    raise HomeMissing(f"there is no profile {name} in {root}{why}; choose one with --profile: {names}")


def _profile_names(root: Path) -> list[str]:
    return sorted(
        entry.name for entry in _entries(root / "profiles") if _PROFILE.fullmatch(entry.name) and entry.is_dir()
    )


def profile_of(state_db: Path) -> str:
    """The profile whose home a state.db lies in (docs/format.md §1.1)."""
    home = state_db.absolute().parent
    return home.name if home.parent.name == "profiles" else DEFAULT_PROFILE
