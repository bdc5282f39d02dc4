"""Hermes home: its folders and profiles, listings of its files, ids that may become paths (docs/format.md §1).

Nothing here creates or changes a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, HomeMissing, NoPermission, UnsafeId
from ..base.late_dataclass import dataclass, replace
from ..base.late_pattern import late_pattern
from ..base.long_sort import highest_first

if TYPE_CHECKING:
    from ..base.remote_address import RemoteAddress
    from ..base.server_address import ServerAddress

DEFAULT_PROFILE = "default"
"""The name of the profile that is the root itself."""

ALL_PROFILES = "all"
"""Name that requests every profile at once, unless a profile has it."""

LINK = "@session:"
"""Beginning of a link to a session."""

_PROFILE = late_pattern(r"[a-z0-9][a-z0-9_-]{0,63}")
_SAFE_ID = late_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


FileStamp = tuple[int, int, int, int]
"""Inode, size, mtime_ns and ctime_ns of a file, which differ for different states of it.

An edit that keeps the size and sets the time back cannot keep ctime_ns.
"""


@dataclass(frozen=True, slots=True)
class FileStat:
    """Path, size, mtime and inode of a file, from a folder listing."""

    path: Path
    size: int
    """Bytes."""
    mtime_ns: int
    """Nanoseconds since 1970 UTC."""
    inode: int
    ctime_ns: int = 0

    @classmethod
    def of(cls, path: Path, state: os.stat_result) -> FileStat:
        """The same of what `stat` returned."""
        return cls(path, state.st_size, state.st_mtime_ns, state.st_ino, state.st_ctime_ns)

    @property
    def stamp(self) -> FileStamp:
        """Distinguishes this state of the file from others."""
        return (self.inode, self.size, self.mtime_ns, self.ctime_ns)


@dataclass(frozen=True, slots=True)
class Home:
    """One profile of a Hermes home; `default` is the root folder itself, others lie under `profiles/`."""

    root: Path
    profile: str = DEFAULT_PROFILE
    transcripts_only: bool = False
    """True where its state.db is that of another profile, which shows it."""
    server: ServerAddress | None = None
    """The database that holds its sessions in place of a state.db; each schema is a profile."""
    schemas: tuple[str, ...] = ()
    """The schemas of that database that hold sessions."""
    beside: Path | None = None
    """The state.db whose files lie beside a schema; None for a schema that has no files here."""
    remote: RemoteAddress | None = None
    """The other machine that it is on."""
    label: str = ""
    """Its name among others, where the profile's is taken; "" for that."""
    members: tuple[Home, ...] = ()
    """Homes that are read as one."""

    @property
    def name(self) -> str:
        """The profile's name, or its name among others."""
        return self.label or self.profile

    @property
    def folder(self) -> Path:
        """The profile's folder."""
        return self.root if self.profile == DEFAULT_PROFILE else self.root / "profiles" / self.profile

    @property
    def state_db(self) -> Path:
        """The SQLite file; may be missing."""
        if self.beside is not None:
            return self.beside
        return self.folder / ("state.db" if not self.transcripts_only else "state.db of another profile")

    @property
    def sessions_dir(self) -> Path:
        """The folder of legacy transcripts; may be missing."""
        return (self.folder if self.beside is None else self.beside.parent) / "sessions"

    @property
    def is_every(self) -> bool:
        """True for all profiles of the root at once."""
        if self.members:
            return True
        if self.remote is not None:
            return False
        if self.server is not None:
            return self.profile == ALL_PROFILES and ALL_PROFILES not in self.schemas
        return self.profile == ALL_PROFILES and not _is_folder(self.folder)

    @property
    def elsewhere(self) -> str:
        """Name of the server or the machine that it is on, where it is only read; "" for a folder of this machine."""
        if self.remote is not None:
            return self.remote.name
        return "" if self.server is None else self.server.of_schema(self.profile).name

    @property
    def address(self) -> ServerAddress:
        """The schema of this profile, of a home on a server.

        Raises:
            HomeMissing: It is all profiles as one, or no home on a server.
        """
        if self.server is None or self.is_every:
            raise HomeMissing("this home has no schema of its own")
        return self.server.of_schema(self.profile)

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
        """The home that Hermes would use.

        Args:
            environ: The environment: HERMES_HOME, and LOCALAPPDATA on Windows.
            home_option: A requested folder; it may be a profile's.
            profile: A requested profile, or `all`; with neither, the file `active_profile` decides.
            platform: `sys.platform`.
            user_home: The user's home folder.

        Raises:
            HomeMissing: There is no such folder or profile; the message says what to do.
            NoPermission: The folder may not be read.
            UnsafeId: Invalid profile name.
        """
        named = environ.get("HERMES_HOME", "").strip()
        candidates = (
            [home_option]
            if home_option is not None
            else [Path(named)]
            if named
            else _default_folders(environ, platform, user_home)
        )
        folder = next((candidate for candidate in candidates if _is_folder(candidate)), None)
        if folder is None:
            raise _missing(candidates[0])
        home = _home_of(folder.absolute())
        if profile is None and home_option is None and home.profile == DEFAULT_PROFILE:
            sticky = _active_profile(home.root)
            return home if sticky is None else _with_profile(home.root, sticky, why=", which active_profile names")
        return home if profile is None else _with_profile(home.root, profile)

    def profiles(self) -> tuple[Home, ...]:
        """All profiles that have sessions, the root first, the others by name.

        Raises:
            NoPermission: The folder may not be listed.
        """
        if self.members or self.remote is not None:
            return self.members or (self,)
        if self.server is not None:
            return tuple(
                self if schema == self.profile else replace(self, profile=schema, beside=None)
                for schema in self.schemas
            )
        profiles = (Home(self.root, name) for name in _profile_names(self.root))
        return (Home(self.root), *(home for home in profiles if _holds_sessions(home)))


def _missing(folder: Path) -> HomeMissing:
    from ..base.server_address import is_like_address

    if is_like_address(str(folder)):
        return HomeMissing("a server is named --home postgresql://user@host:port/db, not otherwise")
    absent = f"there is no Hermes home at {folder}; start hermes once,"
    why = f"{folder} is no folder;" if os.path.lexists(folder) else absent
    return HomeMissing(f"{why} name one (--home DIR), or try --demo")


def default_state_db(environ: Mapping[str, str], platform: str, user_home: Path) -> Path:
    """The state.db that Hermes opens where none is named; neither file nor folder need exist.

    `active_profile` is not read, as Hermes' own store does not.

    Args:
        environ, platform, user_home: See `Home.locate`.
    """
    named = environ.get("HERMES_HOME", "").strip()
    folders = [Path(named)] if named else _default_folders(environ, platform, user_home)
    return next(filter(_is_folder, folders), folders[0]) / "state.db"


def distinct(homes: Sequence[Home]) -> tuple[Home, ...]:
    """Homes as one list shows them: a state.db and a folder of transcripts under several names appear once.

    The root's name is kept, then one that is no link. A profile whose state.db is another's, and whose transcripts are
    its own, has those alone.
    """
    seen: set[tuple[int, int] | None] = set()
    kept: dict[Home, Home] = {}
    for home in sorted(homes, key=_is_linked):
        store, transcripts = _file_number(home.state_db), _file_number(home.sessions_dir)
        if store not in seen and (store is not None or transcripts not in seen):
            kept[home] = home
        elif store is not None and transcripts not in seen and _has_transcripts(home):
            kept[home] = replace(home, transcripts_only=True)
        seen |= {store, transcripts} - {None}
    return tuple(kept[home] for home in homes if home in kept)


def safe_id(text: str) -> str:
    """Return a session id if it may become a path or an argument.

    Raises:
        UnsafeId: It has another character than letters, digits, `.`, `_` and `-`, does not start with a letter or
            digit, or is longer than 128.
    """
    if _SAFE_ID.fullmatch(text):
        return text
    shown = ascii(text if len(text) <= 40 else f"{text[:40]}...")
    raise UnsafeId(
        f"the session id {shown} is not passed on: only letters, digits, dots, dashes and underscores are safe"
    )


def id_of_link(text: str) -> str:
    """The session's id in a link `@session:<profile>/<id>` (docs/format.md §1.1); any other text as it is."""
    return text.rpartition("/")[2] if text.startswith(LINK) and "/" in text else text.removeprefix(LINK)


def transcript_files(sessions_dir: Path) -> dict[str, FileStat]:
    """Legacy transcripts by session id, by one folder listing; a missing folder has none.

    Links, folders and pipes are skipped, and names that are not UTF-8.

    Raises:
        NoPermission: The folder may not be listed.
        CannotOpen: It is no folder.
    """
    return files_named(sessions_dir, "", ".jsonl")


def transcript_stamps(sessions_dir: Path) -> dict[str, FileStamp]:
    """Stamps of the `transcript_files`, in a loop of its own: every start reads them for thousands of files."""
    stamps: dict[str, FileStamp] = {}
    for entry in _entries(sessions_dir):
        name = entry.name
        if name[-6:] != ".jsonl" or not (name.isascii() or _is_text(name)):
            continue
        try:
            state = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # removed since it was listed
            continue
        except OSError as error:
            raise _unlisted(sessions_dir, error) from error
        if stat.S_ISREG(state.st_mode):
            stamps[name[:-6]] = state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
    stamps.pop("", None)
    return stamps


def newest_first(files: Mapping[str, FileStat]) -> list[tuple[str, FileStat]]:
    """Ids and files, the one changed last first."""
    return highest_first(files.items(), key=lambda item: (item[1].mtime_ns, item[0]))


def files_named(folder: Path, prefix: str, suffix: str) -> dict[str, FileStat]:
    """Regular files by the middle of their names; see `transcript_files`."""
    files: dict[str, FileStat] = {}
    for entry in _entries(folder):
        name = entry.name
        if not (name.endswith(suffix) and name.startswith(prefix)):
            continue
        stem = name[len(prefix) : len(name) - len(suffix)]
        if not stem or f"{prefix}{stem}{suffix}" != name or not _is_text(stem):
            continue
        try:
            state = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # removed since it was listed
            continue
        except OSError as error:
            raise _unlisted(folder, error) from error
        if stat.S_ISREG(state.st_mode):
            files[stem] = FileStat.of(folder / name, state)
    return files


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Entries of a folder as they are read; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unlisted(folder, error) from error


def _unlisted(folder: Path, error: OSError) -> CannotOpen:
    if isinstance(error, PermissionError):
        return NoPermission(f"the folder {folder} may not be listed; give yourself the right to read it")
    return CannotOpen(f"the folder {folder} cannot be listed ({error.strerror}); move aside what is there")


def _is_text(name: str) -> bool:
    """False for a file name that is not UTF-8 on the disk."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def _default_folders(environ: Mapping[str, str], platform: str, user_home: Path) -> list[Path]:
    """Default homes of Hermes; on Windows it changed on 2026-06-03, so both are tried."""
    if platform != "win32":
        return [user_home / ".hermes"]
    local = environ.get("LOCALAPPDATA", "").strip()
    return [(Path(local) if local else user_home / "AppData" / "Local") / "hermes", user_home / ".hermes"]


def _is_folder(path: Path) -> bool:
    """True for a folder that one may look into."""
    try:
        return stat.S_ISDIR(os.stat(f"{path}/.").st_mode)  # noqa: PTH116  a Path drops the dot
    except PermissionError as error:
        raise NoPermission(
            f"{path} may not be looked at; give yourself the right to, or choose another --home"
        ) from error
    except OSError:
        return False


def _is_linked(home: Home) -> bool:
    """True for a profile that is a symbolic link, or whose state.db is one or has more names."""
    if home.profile == DEFAULT_PROFILE:
        return False
    try:
        return home.folder.is_symlink() or home.state_db.is_symlink() or home.state_db.stat().st_nlink > 1
    except OSError:
        return False


def _has_transcripts(home: Home) -> bool:
    """True also for a folder that may not be listed: opening it raises."""
    try:
        return bool(transcript_files(home.sessions_dir))
    except CannotOpen:
        return True


def _file_number(path: Path) -> tuple[int, int] | None:
    """Device and inode, None for no file."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _holds_sessions(home: Home) -> bool:
    """True also for a profile that may not be read: opening it raises."""
    try:
        return home.state_db.exists() or home.sessions_dir.exists()
    except PermissionError:
        return True


def _home_of(folder: Path) -> Home:
    """The home of a folder; a folder inside one called `profiles` is a profile, as in Hermes."""
    if folder.parent.name == "profiles" and _PROFILE.fullmatch(folder.name):
        return Home(folder.parent.parent, folder.name)
    return Home(folder)


def _active_profile(root: Path) -> str | None:
    """The name in `active_profile`; None where the file is missing, unreadable or has no valid name."""
    try:
        name = (root / "active_profile").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if _PROFILE.fullmatch(name) else None


def _with_profile(root: Path, name: str, *, why: str = "") -> Home:
    """A root's profile by name; raises UnsafeId or HomeMissing."""
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


def home_of(state_db: Path) -> Home:
    """The home that a state.db belongs to, of whatever name (docs/format.md §1.1)."""
    folder = state_db.absolute().parent
    return Home(folder.parent.parent, folder.name) if folder.parent.name == "profiles" else Home(folder)
