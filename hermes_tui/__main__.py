"""The program: a command line becomes a verb, a plain list or the screen, which alone imports Textual."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hermes_tui.cli.options import WRONG, Options, parse

if TYPE_CHECKING:
    from hermes_tui.app import HermesApp
    from hermes_tui.config import Config
    from hermes_tui.early_keys import EarlyKeys
    from hermes_tui.feed import KeptHome, KeptState, ProfileEntry
    from hermes_tui.first_rows import FirstListing
    from store import Browser, Home, Session, SessionDB

_OBJECTS = 200_000
"""Objects that a verb makes between two looks for cycles: modules and a list of sessions have many, none in a cycle."""
_USUAL = gc.get_threshold()
_WRITING = ("repair", "undo", "delete", "trash", "rename", "archive", "unarchive", "pin", "unpin")
"""Verbs after which a home may have changed."""
SWITCH = 0.001
"""Seconds that a thread may go on while another one waits."""
INTERRUPTED = 130
CRASHED = 1
"""Exit code of Textual after an error of its own."""
NONE_CHOSEN = 1
"""Exit code of `--print-id` where no session was opened."""
NAMED = "a server is named with --home: hermes-tui --home postgresql://user@host:port/db"
NO_CHOICE = "--print-id asks on a terminal, and there is none here (or TERM is dumb); hermes-tui list prints every id"
NO_SCREEN = "this is the list, because there is no terminal here; start it in one (TERM not dumb) for the screen"


def program() -> NoReturn:
    """The whole process: the command line, and an end that does not walk all objects for cycles four times."""
    code = main()
    gc.freeze()
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (the process's own options where it is None).

    Returns:
        0 for done, 1 where `check` found a session that lost history or `repair` refused something, 2 for an error that
        stderr names in one line, 130 after ctrl+c. A reader that closed the pipe early got what it wanted: 0.
    """
    gc.set_threshold(_OBJECTS)
    _fill_streams()
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        code = _run(options)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        from hermes_tui.cli.output import complain

        _drop_output()
        unharmed = "" if options.verb in _WRITING else "; nothing in the home was changed"
        where = f" ({error.filename})" if error.filename else ""
        return complain(f"stopped by the system: {error.strerror or error}{where}{unharmed}", sys.stderr)
    return code


def _fill_streams() -> None:
    """Put /dev/null where the shell closed a stream (`>&-`): Python has None there, and the next file its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  until the process ends


def _drop_output() -> None:
    """Let the rest of the buffer go nowhere; Python would complain about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(options: Options) -> int:
    """Find the home and hand over; an error of the store becomes one line."""
    from hermes_tui.cli.output import complain, remark
    from store import StoreError

    if options.verb in ("serve-stdio", "config") or (options.verb == "completion" and options.action != "ids"):
        return _without_home(options)
    with ExitStack() as stack:
        try:
            has_screen = _has_screen(options)
            if options.demo or options.verb == "export" or has_screen:
                _end_by_signals()
            if options.verb is None and (wrong := _misplaced(options.query, has_screen=has_screen)):
                return complain(wrong, sys.stderr)
            if options.print_id and not has_screen:
                return complain(NO_CHOICE, sys.stderr)
            shows = options.verb in (None, "open") and has_screen
            early = _early(stack) if options.demo and shows else None  # before its home is made, which takes a while
            home = _home(options, stack)
            if shows:
                return _screen(options, home, stack, early or _early(stack))
            code = _verb(options, home)
            if options.verb is None:
                remark(NO_SCREEN, sys.stderr)
            return code
        except StoreError as error:
            return complain(error, sys.stderr)


def _without_home(options: Options) -> int:
    """A verb that opens no home: its questions come from elsewhere, or it has none."""
    if options.verb == "serve-stdio":
        from hermes_tui.cli.serve import serve_stdio

        return serve_stdio()
    if options.verb == "completion":
        from hermes_tui.cli.completion import print_file

        return print_file(options.action or "", sys.stdout)
    from hermes_tui.cli.config import show_config

    return show_config(options, sys.stdout, sys.stderr)


def _home(options: Options, stack: ExitStack) -> Home:
    """The home that was asked for; the demo's is made, and removed when `stack` is left."""
    from hermes_tui.cli.servers import followed, members_of, merged
    from store import Home

    if not options.demo and (homes := members_of(options)):
        return merged([(name, _located(place, options)) for name, place in homes])
    folder = options.home if isinstance(options.home, Path) else None
    if options.demo:
        from tempfile import TemporaryDirectory

        from hermes_tui.demo.home import make_home

        made = TemporaryDirectory(prefix="hermes-tui-demo-", ignore_cleanup_errors=True)
        folder = make_home(Path(stack.enter_context(made)) / ".hermes", now=time.time())
    home = Home.locate(
        os.environ, home_option=folder, profile=options.profile, platform=sys.platform, user_home=Path.home()
    )
    may_ask = options.verb in (None, "open") and _has_screen(options)
    return home if options.demo else followed(home, options, os.environ, ask=_ask if may_ask else None)


def _located(named: Path | str | None, options: Options) -> Home:
    """The home at a place: a folder, a server or another machine; the user's own for None."""
    from hermes_tui.cli.output import remark
    from hermes_tui.cli.servers import ADVICE, has_password, remote_home
    from store import Home
    from store.base.remote_address import is_remote
    from store.open import locate_server

    if isinstance(named, str) and is_remote(named):
        return remote_home(named)
    if isinstance(named, str):
        if has_password(named):
            remark(ADVICE, sys.stderr)
        return locate_server(named, profile=options.profile)
    return Home.locate(
        os.environ, home_option=named, profile=options.profile, platform=sys.platform, user_home=Path.home()
    )


def _end_by_signals() -> None:
    """Until the screen stands: leave in good order, with nothing of the demo left behind."""

    def _leave(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)
        sys.exit(128 + number)

    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(name, _leave)


def _verb(options: Options, home: Home) -> int:
    """Do a verb that needs no screen, the list where there is none; only its own module is imported."""
    from hermes_tui.cli.output import Streams
    from hermes_tui.cli.verbs import verb_named

    can_ask = sys.stdin.isatty() and sys.stderr.isatty()
    verb = verb_named(options.verb or "list")
    return verb(home, options, Streams(sys.stdout, sys.stderr, _ask if can_ask else None))


def _misplaced(words: Sequence[str], *, has_screen: bool) -> str:
    """What is wrong with words that are no verb; "" where the screen searches for them.

    An address of a server is not searched for, since searches are kept.
    """
    if any("://" in word for word in words):
        from store.base.server_address import is_server

        if any(map(is_server, words)):
            return NAMED
    return "" if has_screen or not words else _no_verb(words[0])


def _no_verb(word: str) -> str:
    """What is wrong with a first word where no screen can search for it."""
    near = _near_verb(word)
    meant = f"did you mean {near}? " if near else ""
    return f"there is no terminal here to search for “{word}” in; {meant}see hermes-tui --help"


def _near_verb(word: str) -> str:
    """The verb that a word is closest to, "" where it is like none."""
    from difflib import get_close_matches

    from hermes_tui.cli.verbs import VERBS

    return next(iter(get_close_matches(word, VERBS, n=1)), "")


def _ask(question: str) -> bool:
    """Ask on the terminal; anything but a yes is a no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _has_screen(options: Options) -> bool:
    """Whether there is a terminal that can show one; with `--print-id` standard output is for the id."""
    shown = sys.stderr if options.print_id else sys.stdout
    return sys.stdin.isatty() and shown.isatty() and os.environ.get("TERM") != "dumb"


def _early(stack: ExitStack) -> EarlyKeys:
    """Have the keys kept until the screen stands."""
    from hermes_tui.early_keys import early_keys

    return stack.enter_context(early_keys(sys.stdin.fileno()))


def _screen(options: Options, home: Home, stack: ExitStack, early: EarlyKeys) -> int:
    """Open the screen; the demo's agent writes as long as it stands."""
    opening = _opening(options, home)
    out = _screen_on_stderr() if options.print_id else None
    if options.demo:
        from hermes_tui.demo.run import agent

        stack.enter_context(agent(home.folder))
    app = _app(options, home, stack, early=early, lists=opening is None and not options.query)
    app.begin_with(opening, picks=options.print_id)
    if options.demo:
        app.say_what_to_try()
    _tune()
    picked = app.run(mouse=app.config.mouse)
    if app.return_code == CRASHED:
        return WRONG
    if out is not None and not app.return_code:
        os.write(out, f"{picked}\n".encode("utf-8", "surrogateescape") if picked else b"")
        return 0 if picked else NONE_CHOSEN
    return app.return_code or 0


def _app(options: Options, home: Home, stack: ExitStack, *, early: EarlyKeys, lists: bool) -> HermesApp:
    """The app; where its first screen lists sessions, the newest stand on the terminal before Textual is imported."""
    from hermes_tui import config
    from hermes_tui.first_rows import first_rows
    from hermes_tui.terminal_look import has_few_colours, shows_unicode, started_with

    config.tune(os.environ)
    read = config.load(config.locate())
    cache_dir = None if options.demo else config.cache_dir()  # the demo's home does not last
    kept = _kept(options)
    stack.callback(kept.close)
    ascii_only = read.ascii or not shows_unicode(started_with(), encoding=sys.stdout.encoding)
    picture = stack.enter_context(first_rows(sys.stdout.fileno(), ascii_only=ascii_only))
    is_near = not (home.elsewhere or home.is_every)
    first = picture.show(_opener(home, cache_dir), _kept_for(home, kept)) if lists and is_near else None
    settings = _with_keys(read)
    from hermes_tui.app import HermesApp

    return HermesApp(
        _entry(options, home, "demo" if options.demo else home.name, cache_dir, kept, first=first),
        profiles=_profiles(options, home, cache_dir, kept),
        config=settings,
        searches=None if options.demo else config.searches_file(),
        kept=kept,
        ascii_only=ascii_only,
        few_colours=has_few_colours(os.environ),
        early=early,
        picture=picture,
        query=" ".join(options.query),
        near_verb=_near_verb(options.query[0]) if len(options.query) == 1 else "",
    )


def _tune() -> None:
    """Set the interpreter up for a screen."""
    gc.set_threshold(*_USUAL)
    sys.setswitchinterval(SWITCH)  # the event loop waits so long for a thread that compares texts; 5 ms would be felt


def _opening(options: Options, home: Home) -> tuple[Session, int | None] | None:
    """The session and the message that the screen begins with."""
    if options.verb != "open":
        return None
    from hermes_tui.cli.opening import named_place

    return named_place(home, options.ids[0])


def _screen_on_stderr() -> int:
    """Have the terminal of standard error in place of standard output, whose descriptor is returned."""
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _with_keys(read: Config) -> Config:
    """The settings of the config file; its keys are those of the table of commands from now on."""
    from hermes_tui.commands.registry import rebind

    return read.with_refused(rebind(read.keys))


def _kept(options: Options) -> KeptState:
    """What is kept across runs: of the demo nothing, and with `--read-only` no more than before."""
    from hermes_tui import config
    from hermes_tui.feed import KeptState
    from hermes_tui.kept.state_file import StateFile

    file = None if options.demo else StateFile(config.state_file())
    return KeptState(file, writes=not options.read_only)


def _opener(home: Home, cache_dir: Path | None) -> Callable[[], Browser]:
    from store import open_home

    return partial(open_home, home, cache_dir=cache_dir, waits=False)


def _kept_for(home: Home, kept: KeptState) -> KeptHome:
    return kept.home(os.path.realpath(home.folder))


def _entry(
    options: Options,
    home: Home,
    name: str,
    cache_dir: Path | None,
    kept: KeptState,
    *,
    first: FirstListing | None = None,
) -> ProfileEntry:
    """A home as the screen opens it: to write only where that may be, and not all profiles as one."""
    from hermes_tui.feed import ProfileEntry
    from store import SessionDB

    is_one = not (home.is_every or home.elsewhere)
    may_write = is_one and not options.read_only
    return ProfileEntry(
        name,
        _opener(home, cache_dir) if first is None else first.open_store,
        owner=f"{name} · read-only" if options.read_only else name,
        where=_where(home),
        open_to_count=_read_only(home) if is_one else None,
        home=_resumable(options, home),
        open_to_write=partial(SessionDB, home.state_db, sessions_dir=home.sessions_dir) if may_write else None,
        store="state.db" if home.server is None else "PostgreSQL",
        kept=_kept_for(home, kept),
        sessions=() if first is None else first.sessions,
    )


def _read_only(home: Home) -> Callable[[], SessionDB]:
    """Opens a home of its own to read it."""
    from store import SessionDB

    return partial(SessionDB, home.state_db, sessions_dir=home.sessions_dir, read_only=True)


def _resumable(options: Options, home: Home) -> Path | str:
    """The folder of a home whose sessions Hermes resumes from here, or why not."""
    from hermes_tui.render.bound_keys import bound

    if options.demo:
        return "the demo's sessions are not resumed: its home is gone when you leave"
    if home.elsewhere and not home.is_every:
        return f"sessions of another machine are resumed where Hermes runs; {bound('copy_resume')} copies the command"
    if home.is_every:
        return f"all profiles as one: ctrl+p switches to the session's own, where {bound('resume')} works"
    return home.folder.absolute()


def _profiles(options: Options, home: Home, cache_dir: Path | None, kept: KeptState) -> list[ProfileEntry]:
    """The profiles of a home, and all of them as one; none where there is one alone."""
    from dataclasses import replace

    from store import Home
    from store.files.home import ALL_PROFILES

    listed = home.server is not None or home.remote is not None or home.members
    homes = home.profiles() if listed else Home(home.root).profiles()
    if options.demo or len(homes) < 2:
        return []
    if home.members:
        homes = (*homes, home)
    elif ALL_PROFILES not in {profile.name for profile in homes}:
        homes = (*homes, replace(home, profile=ALL_PROFILES, beside=None))
    return [_entry(options, profile, profile.name, cache_dir, kept) for profile in homes]


def _where(home: Home) -> str:
    """The home's folder as people write it, or the name of the server or the machine."""
    if home.members:
        return ", ".join(member.name for member in home.members)
    if home.remote is not None:
        return f"{home.remote.name} by ssh"
    if home.server is not None:
        name = (home.server.of_schema("") if home.is_every else home.address).name
        return f"{name} · not encrypted" if home.server.is_unencrypted else name
    folder = home.root if home.is_every else home.folder
    return str(Path("~") / folder.relative_to(Path.home())) if folder.is_relative_to(Path.home()) else str(folder)


if __name__ == "__main__":
    program()
