"""The verb `push`: copies of the profiles of a home on a central server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, remark
from hermes_tui.cli.progress import ProgressLine
from hermes_tui.cli.servers import ADVICE
from hermes_tui.render.safe import safe
from hermes_tui.render.time import many
from store import Home, StoreError, Unreachable
from store.base.errors import DiskFull, Locked, Refused
from store.base.server_address import parse_address
from store.home_store import HomeStore
from store.open import open_files_alone, open_push_target, open_to_read
from store.push.following import follow
from store.push.machine import identity, schema_of
from store.push.pusher import Pusher, PushStep, Vanished

DIFFERENT = 1
MOST_UNREAD = 3
"""Files that are named of those that could not be read."""
PAUSE = 0.5
"""Seconds between two looks at a home that is followed."""
LONGEST_PAUSE = 5.0
"""Seconds between two looks where something is in the way."""
PASSING = (Unreachable, Locked, DiskFull)
"""Errors that a later try may not meet; a wrong password or another's schema stay as they are."""
REPORT = 2.0
"""Seconds between two lines of progress where the error stream is no terminal, which has a bar."""


def push(home: Home, options: Options, streams: Streams) -> int:
    """Copy a home, or all of its profiles, to schemas of a server; with `--verify` compare them instead.

    Returns:
        0; 1 where `--verify` found a difference; 2 where nobody could be asked.

    Raises:
        StoreError: The home or the server cannot be read or written, or the schema is another's.
    """
    if home.elsewhere or home.members:
        return complain("push copies one home of this machine; --home names another place", streams.err)
    address = parse_address(options.url)
    if address.schema:
        return complain("push makes a schema for each profile; leave schema= out, --as gives them a name", streams.err)
    if address.password:
        remark(ADVICE, streams.err)
    if problem := _wrong(options) or _unasked(options, streams):
        return complain(problem, streams.err)
    every = Home(home.root).profiles() if options.profile is None else (home,)
    homes = [profile for profile in every if _is_there(profile.state_db) or _has_files(profile)]
    if not homes:
        return complain(
            f"there is no {home.state_db}, so that nothing can be copied; --home names another home", streams.err
        )
    for profile in (profile for profile in every if not _is_there(profile.state_db)):
        copied = ", its files are all of it" if profile in homes else " and no files, so it is not copied"
        remark(f"{profile.profile} has no state.db{copied}", streams.err)
    codes: list[int] = []
    with ExitStack() as stack:
        followers: list[_Follower] = []
        for profile in homes:
            try:
                if options.follow:
                    pusher, name = stack.enter_context(_pusher(profile, options))
                    followers.append(_first(pusher, name, profile, options, streams))
                    codes.append(0)
                else:
                    with _pusher(profile, options) as (pusher, name):
                        codes.append(_push(pusher, name, profile, options, streams))
            except Unreachable:
                raise
            except StoreError as error:
                codes.append(complain(str(error) if len(homes) == 1 else f"{profile.profile}: {error}", streams.err))
        if followers:
            _follow(followers, options, streams)
    return max(codes)


def _first(pusher: Pusher, name: str, home: Home, options: Options, streams: Streams) -> _Follower:
    """The first push of a profile that is followed, tried again where what is in the way may pass."""
    pauses, said = _Pauses(), ""
    follower = _Follower(pusher, name, streams)
    while True:
        try:
            follower.begin(lambda: _push(pusher, name, home, options, streams))
            return follower
        except PASSING as error:
            if str(error) != said:
                remark(f"{error}; trying again", streams.err)
            said = str(error)
            time.sleep(pauses.longer())


class _Pauses:
    """Seconds between two tries, each twice as many as before up to some."""

    def __init__(self) -> None:
        self._last = 0.0

    def longer(self) -> float:
        """The next pause."""
        self._last = min(2 * self._last + PAUSE, LONGEST_PAUSE)
        return self._last

    def reset(self) -> None:
        """Nothing is in the way any more."""
        self._last = 0.0


def _is_there(path: Path) -> bool:
    """False where there surely is no file; opening what cannot be looked at says why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _has_files(home: Home) -> bool:
    """True where there is something beside a state.db that may be copied, or nobody may look."""
    for folder in (home.sessions_dir, home.folder / "pending_messages"):
        try:
            if any(folder.iterdir()):
                return True
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
    return False


def _wrong(options: Options) -> str:
    """What is wrong with the options, "" for nothing."""
    if options.name is not None and not any(letter.isascii() and letter.isalnum() for letter in options.name):
        return "--as needs a name with letters or digits, a to z and 0 to 9"
    if options.verify and (options.follow or options.prune or options.take_over or options.allow_gone):
        return "--verify writes nothing, so it goes with none of --follow, --prune, --take-over and --allow-gone"
    return ""


def _unasked(options: Options, streams: Streams) -> str:
    """Why what needs a yes is not done, "" where it may be."""
    if not (options.take_over or options.prune) or options.yes:
        return ""
    what = "--take-over writes over another home's copy" if options.take_over else "--prune removes what is gone"
    if streams.ask is None:
        return f"{what}, and there is no terminal here to ask on; add --yes"
    return "" if streams.ask(f"{what}. Go on?") else "nothing was written"


def _push(pusher: Pusher, name: str, home: Home, options: Options, streams: Streams) -> int:
    """Copy or compare one profile."""
    output = Output(streams.out)
    if options.verify:
        return _verify(pusher, output, name, as_json=options.json)
    pusher.claim(take_over=options.take_over)
    reported, step = time.monotonic(), PushStep(0, 0)
    with ProgressLine(streams.err, name, unit="sessions") as progress:
        for step in pusher.push(Vanished.MARK if options.allow_gone else Vanished.REFUSE):
            progress.show(step.done, step.total)
            if time.monotonic() - reported >= REPORT and not streams.err.isatty():
                reported = time.monotonic()
                remark(f"{name}: {step.done} of {many(step.total, 'session')}", streams.err)
    _say_unread(pusher, streams)
    removed = pusher.prune() if options.prune else 0
    if options.json:
        counts: dict[str, object] = {"sessions": step.total, "copied": step.written}
        counts |= {"gone": step.gone, "kept": step.kept, "rows_removed": removed}
        output.json({"schema": name, "profile": home.profile} | counts)
        return 0
    ends = [f", {step.gone} gone"] if step.gone else []
    ends += [f", {step.kept} left as they were"] if step.kept else []
    output.line(safe(f"{name}: {step.written} of {many(step.total, 'session')} copied{''.join(ends)}"))
    if options.prune:
        output.line(safe(f"{name}: {many(removed, 'row')} removed"))
    return 0


@contextmanager
def _pusher(home: Home, options: Options) -> Iterator[tuple[Pusher, str]]:
    """What copies a home, and the name of its schema for people."""
    whose = identity(home, name=options.name)
    has_database = _is_there(home.state_db)
    opened = closing(open_to_read(home)) if has_database else _files_alone(home)
    with closing(open_push_target(options.url, schema_of(whose))) as target, opened as store:
        yield Pusher(store, target, whose, files_alone=not has_database), target.name


@contextmanager
def _files_alone(home: Home) -> Iterator[HomeStore]:
    """A home without a state.db; an empty one elsewhere is read in its place."""
    with TemporaryDirectory(prefix="hermes-tui-") as folder:
        stand_in = Path(folder) / "state.db"
        stand_in.touch()
        with closing(open_files_alone(home, stand_in)) as store:
            yield store


def _say_unread(pusher: Pusher, streams: Streams) -> None:
    """What could not be looked at, a few of it."""
    for sentence in pusher.unread[:MOST_UNREAD]:
        remark(f"{sentence}; what was copied from it stays", streams.err)
    if len(pusher.unread) > MOST_UNREAD:
        remark(f"{len(pusher.unread) - MOST_UNREAD} more could not be read", streams.err)


class _Follower:
    """A profile that is followed.

    Args:
        pusher: Of the profile.
        name: Of its schema, for people.
    """

    def __init__(self, pusher: Pusher, name: str, streams: Streams) -> None:
        self._pusher, self.name, self._streams = pusher, name, streams
        self._looks = follow(pusher)
        self._said = ""
        self._pauses, self._next = _Pauses(), 0.0

    def begin(self, first: Callable[[], object]) -> None:
        """Watch the profile, do a first push, and go on from there.

        Raises:
            StoreError: The push failed.
        """
        self._looks = follow(self._pusher, first=first)
        next(self._looks)

    def look(self) -> int:
        """Copy what is new: the sessions of it. What is in the way is said once, and tried again.

        Raises:
            Refused: The schema is another's by now.
        """
        if time.monotonic() < self._next:
            return 0
        try:
            written = next(self._looks)
            self._pauses.reset()
        except Refused:
            raise
        except StoreError as error:
            self._say(f"{error}; trying again")
            self._next = time.monotonic() + self._pauses.longer()
            self._looks = follow(self._pusher)
            return 0
        left = f"{self._pusher.left} sessions vanished, and stay there; a push with --allow-gone marks them"
        self._say("; ".join(self._pusher.unread[:MOST_UNREAD]) or (left if self._pusher.left else ""))
        return written

    def _say(self, text: str) -> None:
        if text and text != self._said:
            remark(text if self.name in text else f"{self.name}: {text}", self._streams.err)
        self._said = text


def _follow(followers: Sequence[_Follower], options: Options, streams: Streams) -> None:
    """Copy what agents write until the user ends it; a server that is away is asked again."""
    output = Output(streams.out)
    while True:
        for follower in followers:
            if written := follower.look():
                _print_followed(output, follower.name, written, as_json=options.json)
        time.sleep(PAUSE)


def _print_followed(output: Output, name: str, written: int, *, as_json: bool) -> None:
    if as_json:
        output.json({"schema": name, "copied": written})
    else:
        output.line(safe(f"{name}: {many(written, 'session')} copied"))
    output.flush()


def _verify(pusher: Pusher, output: Output, name: str, *, as_json: bool) -> int:
    """Print each session that differs."""
    different = 0
    for session_id, rows in pusher.verify():
        different += 1
        if as_json:
            output.json({"schema": name, "session_id": session_id, "differs": rows or None})
        elif not rows:
            output.line(safe(f"{session_id} cannot be compared: it cannot be read"))
        else:
            output.line(safe(f"{session_id} differs in {', '.join(rows[:5])}{' …' if len(rows) > 5 else ''}"))
    if as_json:
        output.json({"schema": name, "different": different})
    elif not different:
        output.line(safe(f"{name} equals its home row by row"))
    return DIFFERENT if different else 0
