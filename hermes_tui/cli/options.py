"""Command line: its options, their defaults and the help; nothing here imports the store."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Self

from hermes_tui import __version__
from hermes_tui.cli.manage_options import add_verbs

COMPLETIONS = ("bash", "zsh", "fish", "man", "ids")
WRONG = 2
"""Exit code of a command line that cannot be understood."""


class Options(argparse.Namespace):
    """A command line; the values here hold where it has none."""

    homes: Sequence[Path | str] | None = None
    """Folders, and URLs of servers and other machines."""
    connect: bool = False
    profile: str | None = None
    read_only: bool = False
    demo: bool = False
    verb: str | None = None
    json: bool = False
    ids: Sequence[str] = ()
    """Ids of sessions, the start of them, or ids of repairs."""
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
    follow: bool = False
    plain: bool = False
    print_id: bool = False
    forget: bool = False
    url: str = ""
    """Of a server that `push` copies to."""
    name: str | None = None
    verify: bool = False
    take_over: bool = False
    allow_gone: bool = False
    prune: bool = False
    files: Sequence[str] = ()
    """Files of exports."""
    format: str = ""
    """Of `export` a format, of `list` a text with fields."""
    output: str = ""
    only: str = ""
    search: str = ""
    """A query whose sessions are exported."""
    redact: bool = False
    lineage: bool = False
    by_title: bool = False
    with_children: bool = False
    force: bool = False
    action: str | None = None
    """Of `trash`: list, restore or empty."""
    title: str = ""
    by: str | None = None

    @property
    def home(self) -> Path | str | None:
        """The first of the homes."""
        return self.homes[0] if self.homes else None


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, and which takes no abbreviations."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
            formatter_class=_formatter,
            **options,  # type: ignore[arg-type]
        )

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and one line that says what is wrong and where help is."""
        from hermes_tui.render.safe import one_line
        from store.base.server_address import without_passwords

        self.exit(WRONG, f"hermes-tui: {one_line(without_passwords(message))}; see {self.prog} --help\n")


def _formatter(prog: str) -> argparse.HelpFormatter:
    """The layout of a help, with its width: argparse asks for one with each option, and imports `shutil` to measure."""
    return argparse.HelpFormatter(prog, width=terminal_columns(80) - 2)


def terminal_columns(otherwise: int) -> int:
    """The width of the terminal as `shutil.get_terminal_size` has it, without the archives that `shutil` imports."""
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", ""))) > 0:
            return columns
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or otherwise  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return otherwise


def parse(argv: Sequence[str]) -> Options:
    """Read a command line; `--help` and errors leave by SystemExit, as argparse does.

    A first word that is no verb, or that stands behind `--`, begins a search: the words are `query`, and there is no
    verb.
    """
    words = _first_word(argv)
    end = argv.index("--") if "--" in argv[:words] else None
    asked = argv[words] if words < len(argv) else None
    wants_all = asked is None and not {"-h", "--help"}.isdisjoint(argv)
    parser, beside_words, verbs = make_parsers(None if wants_all else asked or "")
    if end is not None:
        options = beside_words.parse_args(argv[:end], namespace=Options())
        options.query = argv[end + 1 :]
    elif asked is not None and asked not in verbs:
        options, query = beside_words.parse_known_args(argv, namespace=Options())
        options.query = query
    else:
        options = parser.parse_args(argv, namespace=Options())
    if options.demo and options.home is not None:
        parser.error("--demo brings its own home, so it goes without --home")
    return options


@cache
def make_parsers(verb: str | None = None) -> tuple[Parser, Parser, Sequence[str]]:
    """The parser of a command line, the one of the options beside words to search for, and the names of all verbs.

    Made once in a process: that takes longer than many a verb.

    Args:
        verb: The only one whose parser is made; None for all of them.
    """
    shared = Parser(add_help=False)
    _add_options(shared)
    words = Parser(add_help=False, parents=[shared])
    parser = Parser(
        prog="hermes-tui",
        parents=[shared],
        description="A terminal browser for the transcripts of Hermes Agent. Without a verb it opens the screen;"
        " words that are no verb are searched for there.",
    )
    for screen in (words, parser):
        screen.add_argument(
            "--print-id", action="store_true", help="print the id of the session that you open, and leave; 1 for none"
        )
    parser.add_argument("--version", action="version", version=f"hermes-tui {__version__}")
    verbs = parser.add_subparsers(
        dest="verb", prog=parser.prog, metavar="VERB", title="verbs that work without a screen"
    )
    names: list[str] = []

    def _add(name: str, **texts: Any) -> Any:
        names.append(name)
        return verbs.add_parser(name, **texts) if verb in (None, name) else _Unused()

    _add_verbs(_add, shared)
    return parser, words, names


class _Unused:
    """The parser of a verb that nobody asked for: it takes every option and does nothing."""

    def __getattr__(self, _: str) -> Callable[..., Self]:
        return lambda *_, **__: self


def _first_word(argv: Sequence[str]) -> int:
    """The place of the first argument that is neither an option nor the value of one."""
    place = 0
    while place < len(argv) and argv[place].startswith("-"):
        place += 2 if argv[place] in ("--home", "--profile") else 1
    return min(place, len(argv))


def _add_options(parser: Parser) -> None:
    """The options that stand before or after a verb."""
    parser.add_argument(
        "--home",
        dest="homes",
        action="append",
        type=_home,
        metavar="DIR",
        help="the Hermes home, postgresql://… or ssh://host/DIR (default: $HERMES_HOME or ~/.hermes); repeatable",
    )
    parser.add_argument("--connect", action="store_true", help="go to the server that the config of --home names")
    parser.add_argument("--profile", metavar="NAME", help="a profile of that home, or all")
    parser.add_argument("--read-only", action="store_true", help="never write, not even a repair")
    parser.add_argument("--demo", action="store_true", help="a sample home in a temporary folder, yours untouched")


def _add_verbs(add_parser: Callable[..., Any], shared: Parser) -> None:
    """Every verb with its own options."""

    def add(name: str, purpose: str, *, prints_rows: bool = True) -> Parser:
        description = f"{purpose[0].upper()}{purpose[1:]}."
        verb: Parser = add_parser(name, parents=[shared], help=purpose, description=description)
        if prints_rows:
            verb.add_argument("--json", action="store_true", help="one JSON object on each line")
        return verb

    _add_list(add("list", "list every session, the newest first"))
    _add_show(add("show", "print the messages of a session"))
    _add_open(add("open", "open the screen at a session, or at a message of it; needs a terminal", prints_rows=False))
    search = add("search", "find messages by words, phrases and filters")
    search.add_argument("query", metavar="QUERY", nargs="+", help='words, "exact phrase", source: model: after: role:')
    search.add_argument("--limit", type=_positive, metavar="N", help="at most so many messages (default: 50)")
    search.add_argument("--sort", choices=("newest", "best", "oldest"), help="which come first (default: newest)")
    search.add_argument("--context", type=_count, metavar="N", help="messages on each side of a hit (default: 1)")
    check = add("check", "compare the JSONL file and the SQLite rows of sessions; exit code 1 where history is missing")
    check.add_argument("ids", metavar="ID", nargs="*", default=(), help="sessions (default: all)")
    _add_repair(add("repair", "bring what only JSONL has into SQLite; exit code 1 where something was refused"))
    _add_undo(add("undo", "take a repair or a deletion back by its id; what came since stays; without one, list them"))
    settings = add("config", "print the path of the config file, and every setting; exit code 1 where one is wrong")
    settings.add_argument("--forget", action="store_true", help="remove what is kept across runs: searches, places, …")
    _add_server(add_parser)
    _add_push(add("push", "copy the home to schemas of its own on a PostgreSQL server, for reading in one place"))
    add_verbs(add, shared)
    doctor = add("doctor", "look at the health of the store; exit code 1 where a check failed")
    doctor.add_argument("--replay", action="store_true", help="first write the messages that wait in pending_messages/")
    _add_export(add("export", "write sessions to files: Markdown, HTML, JSON, JSONL or text"))
    verify = add("verify", "compare exported files with the store; exit code 1 where one differs")
    verify.add_argument("files", metavar="FILE", nargs="+", help="files that export wrote")
    completes = "print the completion of a shell, the manual page, or ids that it completes"
    completion = add("completion", completes, prints_rows=False)
    completion.add_argument("action", metavar="WHAT", choices=COMPLETIONS, help=", ".join(COMPLETIONS))
    imported = add("import", "bring sessions of a JSONL export, ours or Hermes', into the store; none is written over")
    imported.add_argument("files", metavar="FILE", nargs=1, help="a file of export -f jsonl, or of Hermes")


def _add_list(verb: Parser) -> None:
    verb.add_argument("--sort", choices=("active", "started"), help="which come first (default: active)")
    verb.add_argument(
        "--format",
        metavar="TEXT",
        help="a line for each, with {id} {title} {source} {model} {messages} {shown} …: messages are those of a session"
        " alone, as show prints them, shown those of its whole chain, as the screen has them; {{ is a brace",
    )


def _add_server(add_parser: Callable[..., Any]) -> None:
    purpose = "answer the hermes-tui of another machine, whose --home ssh://… starts this"
    add_parser("serve-stdio", help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")


def _add_undo(verb: Parser) -> None:
    verb.add_argument("ids", metavar="OPERATION", nargs="*", help="the id of a repair or a deletion, from its receipt")
    verb.add_argument("--yes", action="store_true", help="do not ask")


def _add_open(verb: Parser) -> None:
    words = "a session's id, the start of it or a link; a message's id"
    verb.add_argument("ids", metavar="ID[:MESSAGE]", nargs=1, help=words)


def _add_show(verb: Parser) -> None:
    verb.add_argument("ids", metavar="ID", nargs=1, help="a session's id, or the start of it")
    verb.add_argument("--follow", action="store_true", help="go on printing what changes, until ctrl+c")
    verb.add_argument("--plain", action="store_true", help="words alone, for a screen reader: no marks, no indents")


def _add_export(verb: Parser) -> None:
    verb.add_argument("ids", metavar="ID", nargs="*", default=(), help="sessions, or the start of their ids")
    verb.add_argument("--query", dest="search", metavar="QUERY", help="every session with a message that it finds")
    formats = ("md", "html", "json", "jsonl", "txt")
    verb.add_argument(
        "-f", "--format", choices=formats, help="default: by FILE's ending, else md; import and Hermes read jsonl"
    )
    verb.add_argument(
        "-o", "--output", metavar="FILE|DIR", help="where to, - for standard output (default: here, by id)"
    )
    verb.add_argument("--only", choices=("prompts", "replies", "tools"), help="these messages alone")
    verb.add_argument("--redact", action="store_true", help="mask likely keys, tokens, passwords and e-mail addresses")
    verb.add_argument("--lineage", action="store_true", help="the whole chain of compressions, as one reading")
    verb.add_argument("--by-title", action="store_true", help="name the files by title")
    verb.add_argument("--yes", action="store_true", help="do not ask before more than one session")


def _add_push(verb: Parser) -> None:
    verb.add_argument("url", metavar="URL", help="postgresql://user@host/db")
    verb.add_argument("--follow", action="store_true", help="go on copying what agents write, until ctrl+c")
    verb.add_argument("--as", dest="name", metavar="NAME", help="name of this machine there (default: its host's)")
    verb.add_argument(
        "--verify", action="store_true", help="copy nothing, compare row by row; exit code 1 on a difference"
    )
    verb.add_argument("--allow-gone", action="store_true", help="also where more than a tenth of the sessions vanished")
    verb.add_argument("--prune", action="store_true", help="remove there what vanished here")
    verb.add_argument("--take-over", action="store_true", help="write over the copy of another home")
    verb.add_argument("--yes", action="store_true", help="do not ask")


def _add_repair(verb: Parser) -> None:
    verb.add_argument("ids", metavar="ID", nargs="*", default=(), help="sessions, or the id of a stopped repair")
    verb.add_argument("--all", action="store_true", dest="every", help="every session that SQLite has a row for")
    verb.add_argument("--dry-run", action="store_true", help="show the plans and write nothing")
    verb.add_argument("--yes", action="store_true", help="do not ask")
    verb.add_argument("--merge", action="store_true", help="for one session: insert also what is refused")
    verb.add_argument("--adopt", action="store_true", help="with --all: sessions that Hermes has no row for, too")
    verb.add_argument("--full-backup", action="store_true", help="copy all of state.db first, once")


def _home(text: str) -> Path | str:
    """A folder, or a URL as it was written."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text if "://" in text else Path(text)


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
