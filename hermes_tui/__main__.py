"""The command line: what was asked for, then a verb, a plain list or the screen, which alone imports Textual."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from hermes_tui.feed import OpenStore, ProfileEntry
    from store import Home

SWITCH = 0.001
"""Seconds that a thread may go on while another one waits."""
WRONG = 2
INTERRUPTED = 130
CRASHED = 1
"""What Textual returns after an error of its own."""
NO_SCREEN = "this is the list, because there is no terminal here; start it in one (TERM not dumb) for the screen"


class Arguments(argparse.Namespace):
    """What was asked for; the values here hold where the command line says nothing."""

    home: Path | None = None
    profile: str | None = None
    read_only: bool = False
    demo: bool = False
    verb: str | None = None
    json: bool = False
    ids: Sequence[str] = ()
    query: Sequence[str] = ()
    limit: int = 50
    sort: str = "newest"
    context: int = 1
    every: bool = False
    dry_run: bool = False
    yes: bool = False
    merge: bool = False
    adopt: bool = False
    full_backup: bool = False
    replay: bool = False


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, and which takes no abbreviations."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, argument_default=argparse.SUPPRESS, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and one line that says what is wrong and where help is."""
        from hermes_tui.render.safe import one_line

        self.exit(WRONG, f"hermes-tui: {one_line(message)}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what `argv` asks for (the process's own arguments where it is None).

    Returns:
        0 for done, 1 where `check` found a session that lost history or `repair` refused something, 2 for an error that
        stderr names in one line, 130 after ctrl+c. A reader that closed the pipe early got what it wanted: 0.
    """
    _fill_streams()
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
        code = _run(arguments)
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
        unharmed = "" if arguments.verb in ("repair", "undo") else "; nothing in the home was changed"
        return complain(f"stopped by the system: {error}{unharmed}", sys.stderr)
    return code


def _fill_streams() -> None:
    """Put /dev/null where the shell closed a stream (`>&-`): Python has None there, and the next file its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  until the process ends


def _drop_output() -> None:
    """Let what is still in the buffer go nowhere; Python would complain about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parse(argv: Sequence[str]) -> Arguments:
    """Read a command line; `--help` and errors leave by SystemExit, as argparse does."""
    shared = Parser(add_help=False)
    _add_options(shared)
    parser = Parser(
        prog="hermes-tui",
        parents=[shared],
        description="A terminal browser for the transcripts of Hermes Agent. Without a verb it opens the screen.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs that work without a screen")
    _add_verbs(verbs, shared)
    arguments = parser.parse_args(argv, namespace=Arguments())
    if arguments.demo and arguments.home is not None:
        parser.error("--demo brings its own home, so it goes without --home")
    return arguments


def _add_options(parser: Parser) -> None:
    """The options that stand before or after a verb."""
    parser.add_argument("--home", type=Path, metavar="DIR", help="the Hermes home (default: $HERMES_HOME or ~/.hermes)")
    parser.add_argument("--profile", metavar="NAME", help="a profile of that home, or all")
    parser.add_argument("--read-only", action="store_true", help="never write, not even a repair")
    parser.add_argument("--demo", action="store_true", help="a sample home in a temporary folder, yours untouched")


def _add_verbs(verbs: argparse._SubParsersAction[Parser], shared: Parser) -> None:
    """Every verb with its own options."""

    def add(name: str, purpose: str) -> Parser:
        said = f"{purpose[0].upper()}{purpose[1:]}."
        verb = verbs.add_parser(name, parents=[shared], help=purpose, description=said)
        verb.add_argument("--json", action="store_true", help="one JSON object on each line")
        return verb

    add("list", "list every session, the newest first")
    show = add("show", "print the messages of a session")
    show.add_argument("ids", metavar="ID", nargs=1, help="a session's id, or the start of it")
    search = add("search", "find messages by words, phrases and filters")
    search.add_argument("query", metavar="QUERY", nargs="+", help='words, "exact phrase", source: model: after: role:')
    search.add_argument("--limit", type=_positive, metavar="N", help="at most so many messages (default: 50)")
    search.add_argument("--sort", choices=("newest", "best", "oldest"), help="which come first (default: newest)")
    search.add_argument("--context", type=_count, metavar="N", help="messages on each side of a hit (default: 1)")
    check = add("check", "compare the JSONL file and the SQLite rows of sessions; exit code 1 where history is missing")
    check.add_argument("ids", metavar="ID", nargs="*", default=(), help="sessions (default: all)")
    _add_repair(add("repair", "bring what only JSONL has into SQLite; exit code 1 where something was refused"))
    undo = add("undo", "take a repair back by its id; what came since stays")
    undo.add_argument("ids", metavar="OPERATION", nargs=1, help="a repair's id, from its receipt")
    undo.add_argument("--yes", action="store_true", help="do not ask")
    doctor = add("doctor", "look at the health of the store; exit code 1 where something is not well")
    doctor.add_argument("--replay", action="store_true", help="first write the messages that wait in pending_messages/")


def _add_repair(verb: Parser) -> None:
    """What `repair` can be told."""
    verb.add_argument("ids", metavar="ID", nargs="*", default=(), help="sessions, or the id of a stopped repair")
    verb.add_argument("--all", action="store_true", dest="every", help="every session that SQLite has a row for")
    verb.add_argument("--dry-run", action="store_true", help="show the plans and write nothing")
    verb.add_argument("--yes", action="store_true", help="do not ask")
    verb.add_argument("--merge", action="store_true", help="for one session: insert also what is refused")
    verb.add_argument("--adopt", action="store_true", help="with --all: sessions that Hermes has no row for, too")
    verb.add_argument("--full-backup", action="store_true", help="copy all of state.db first, once")


def _count(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    """A whole number from 1 on."""
    if (number := _count(text)) == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return number


def _run(arguments: Arguments) -> int:
    """Find the home and hand over; what goes wrong in the store becomes one line."""
    from hermes_tui.cli.output import complain
    from store import StoreError

    with ExitStack() as stack:
        try:
            if arguments.demo or _has_screen():
                _end_by_signals()
            home = _home(arguments, stack)
            if arguments.verb is not None:
                return _verb(arguments, home)
            if _has_screen():
                return _screen(arguments, home, stack)
            return _plain_list(home)
        except StoreError as error:
            return complain(error, sys.stderr)


def _home(arguments: Arguments, stack: ExitStack) -> Home:
    """The home that was asked for; the demo's is made, and removed when `stack` is left."""
    from store import Home

    folder = arguments.home
    if arguments.demo:
        from hermes_tui.demo.home import make_home

        made = TemporaryDirectory(prefix="hermes-tui-demo-", ignore_cleanup_errors=True)
        folder = make_home(Path(stack.enter_context(made)) / ".hermes", now=time.time())
    return Home.locate(
        os.environ, home_option=folder, profile=arguments.profile, platform=sys.platform, user_home=Path.home()
    )


def _end_by_signals() -> None:
    """Until the screen stands: leave in good order, with nothing of the demo left behind."""

    def _leave(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)
        sys.exit(128 + number)

    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _leave)


def _doctor(arguments: Arguments, home: Home) -> int:
    """Look at the store's health; nothing is replayed into a home that is only read."""
    from hermes_tui.cli.doctor import doctor
    from store import ReadOnly

    if arguments.replay and arguments.read_only:
        raise ReadOnly("--replay writes, and --read-only was given; leave one of them out")
    return doctor(home, replaying=arguments.replay, as_json=arguments.json, out=sys.stdout, err=sys.stderr)


def _verb(arguments: Arguments, home: Home) -> int:
    """Do a verb that needs no screen."""
    from hermes_tui.cli import show as cli

    out, err, as_json = sys.stdout, sys.stderr, arguments.json
    match arguments.verb:
        case "list":
            return cli.list_sessions(home, as_json=as_json, out=out, err=err)
        case "show":
            return cli.show(home, arguments.ids[0], as_json=as_json, out=out, err=err)
        case "check":
            return cli.check(home, arguments.ids, as_json=as_json, out=out, err=err)
        case "repair" | "undo":
            return _mend(arguments, home)
        case "doctor":
            return _doctor(arguments, home)
    from hermes_tui.cli.search import search

    query = " ".join(arguments.query)
    limit, sort, context = arguments.limit, arguments.sort, arguments.context
    return search(home, query, limit=limit, sort=sort, context=context, as_json=as_json, out=out, err=err)


def _mend(arguments: Arguments, home: Home) -> int:
    """Do a verb that writes."""
    from hermes_tui.cli.repair import Streams, Wish, repair, undo

    streams = Streams(sys.stdout, sys.stderr, _ask if sys.stdin.isatty() and sys.stderr.isatty() else None)
    if arguments.verb == "undo":
        yes, read_only = arguments.yes, arguments.read_only
        return undo(home, arguments.ids[0], yes=yes, read_only=read_only, as_json=arguments.json, streams=streams)
    wish = Wish(
        names=arguments.ids,
        every=arguments.every,
        dry_run=arguments.dry_run,
        yes=arguments.yes,
        merge=arguments.merge,
        adopt=arguments.adopt,
        full_backup=arguments.full_backup,
        read_only=arguments.read_only,
    )
    return repair(home, wish, as_json=arguments.json, streams=streams)


def _ask(question: str) -> bool:
    """Ask on the terminal; anything but a yes is a no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _has_screen() -> bool:
    """Whether there is a terminal that can show one."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _plain_list(home: Home) -> int:
    """What stands in for the screen where there is no terminal."""
    from hermes_tui.cli import show as cli
    from hermes_tui.cli.output import remark

    code = cli.list_sessions(home, as_json=False, out=sys.stdout, err=sys.stderr)
    remark(NO_SCREEN, sys.stderr)
    return code


def _screen(arguments: Arguments, home: Home, stack: ExitStack) -> int:
    """Open the screen; the demo's agent writes as long as it stands."""
    if arguments.demo:
        from hermes_tui.demo.run import agent

        stack.enter_context(agent(home.folder))
    from hermes_tui import config

    config.tune(os.environ)
    from hermes_tui.app import HermesApp
    from store import open_home

    locate = partial(config.locate, os.environ, platform=sys.platform, user_home=Path.home())
    searches = partial(config.searches_file, os.environ, platform=sys.platform, user_home=Path.home())
    app = HermesApp(
        partial(open_home, home, cache_dir=_caches(arguments)),
        open_to_write=_to_write(arguments, home),
        owner=_owner(arguments, "demo" if arguments.demo else home.name),
        where=_where(home),
        profiles=() if arguments.demo else _shelves(arguments, home),
        config=config.load(locate()),
        searches=None if arguments.demo else searches(),
        ascii_only=not _has_unicode(),
    )
    sys.setswitchinterval(SWITCH)  # the event loop waits so long for a thread that judges texts; 5 ms would be felt
    app.run()
    return WRONG if app.return_code == CRASHED else app.return_code or 0


def _to_write(arguments: Arguments, home: Home) -> OpenStore | None:
    """What opens a home for repairs; None where nothing may be written: read-only, or all profiles as one."""
    from store import SessionDB

    if arguments.read_only or home.is_every:
        return None
    return partial(SessionDB, home.state_db, sessions_dir=home.sessions_dir)


def _caches(arguments: Arguments) -> Path | None:
    """Where verdicts are remembered; the demo's home does not last."""
    from store.files import verdict_cache

    if arguments.demo:
        return None
    return verdict_cache.locate(os.environ, platform=sys.platform, user_home=Path.home())


def _owner(arguments: Arguments, name: str) -> str:
    """What the search row says at its end."""
    return f"{name} · read-only" if arguments.read_only else name


def _shelves(arguments: Arguments, home: Home) -> list[ProfileEntry]:
    """The profiles of a home, and all of them as one; none where there is one alone."""
    from hermes_tui.feed import ProfileEntry
    from store import Home, open_home
    from store.files.home import ALL

    profiles = Home(home.root).profiles()
    homes = [*profiles, *([] if ALL in {one.name for one in profiles} else [Home(home.root, ALL)])]
    shelves = [
        ProfileEntry(
            one.name,
            partial(open_home, one, cache_dir=_caches(arguments)),
            _owner(arguments, one.name),
            _where(one),
            open_to_write=_to_write(arguments, one),
        )
        for one in homes
    ]
    return shelves if len(profiles) > 1 else []


def _where(home: Home) -> str:
    """The home's folder as people write it."""
    folder = home.root if home.is_every else home.folder
    return str(Path("~") / folder.relative_to(Path.home())) if folder.is_relative_to(Path.home()) else str(folder)


def _has_unicode() -> bool:
    """Whether the terminal shows more than ASCII: a locale of UTF-8, and no Linux console (docs/look.md §4)."""
    return "utf" in sys.stdout.encoding.lower() and os.environ.get("TERM") != "linux"


if __name__ == "__main__":
    sys.exit(main())
