"""The command line: what was asked for, then a verb, a plain list or the screen; Textual is imported for the last only."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

WRONG_USE = 2
INTERRUPTED = 130
NO_SCREEN = "hermes-tui: this is the list, because there is no terminal here; start it in one (TERM not dumb) for the screen"


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


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, and which takes no abbreviations."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, argument_default=argparse.SUPPRESS, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and one line that says what is wrong and where help is."""
        from hermes_tui.render.safe import one_line

        self.exit(WRONG_USE, f"hermes-tui: {one_line(message)}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what `argv` asks for (the process's own arguments where it is None).

    Returns:
        0 for done, 1 where `check` found a session that lost history, 2 for an error that stderr names in one line,
        130 after ctrl+c. A reader that closed the pipe early got what it wanted: 0.
    """
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
        code = _run(arguments)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What is left in the buffer would be complained about at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


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
    parser.add_argument("--profile", metavar="NAME", help="a profile of that home")
    parser.add_argument("--read-only", action="store_true", help="never write, not even a repair")
    parser.add_argument("--demo", action="store_true", help="a sample home in a temporary folder, yours untouched")


def _add_verbs(verbs: argparse._SubParsersAction[Parser], shared: Parser) -> None:
    """Every verb with its own options."""

    def add(name: str, purpose: str) -> Parser:
        verb = verbs.add_parser(name, parents=[shared], help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        verb.add_argument("--json", action="store_true", help="one JSON object on each line")
        return verb

    add("list", "list every session, the newest first")
    show = add("show", "print the messages of a session")
    show.add_argument("ids", metavar="ID", nargs=1, help="a session's id, or the start of it")
    search = add("search", "find messages by words, phrases and filters")
    search.add_argument("query", metavar="QUERY", nargs="+", help='words, "exact phrase", source: model: after: role:')
    search.add_argument("--limit", type=_count, metavar="N", help="at most so many messages (default: 50)")
    search.add_argument("--sort", choices=("newest", "best", "oldest"), help="which come first (default: newest)")
    search.add_argument("--context", type=_count, metavar="N", help="messages on each side of a hit (default: 1)")
    check = add("check", "compare the JSONL file and the SQLite rows of sessions; exit code 1 where history is missing")
    check.add_argument("ids", metavar="ID", nargs="*", default=(), help="sessions (default: all)")


def _count(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _run(arguments: Arguments) -> int:
    """Find the home and hand over; what goes wrong in the store becomes one line."""
    from hermes_tui import cli
    from store import StoreError

    with ExitStack() as stack:
        try:
            home = _home(arguments, stack)
            if arguments.verb is not None:
                return _verb(arguments, home)
            if _has_screen():
                return _screen(arguments, home, stack)
            code = cli.list_sessions(home, as_json=False, out=sys.stdout, err=sys.stderr)
        except StoreError as error:
            return cli.complain(error, sys.stderr)
    print(NO_SCREEN, file=sys.stderr)
    return code
