"""Files for shells, made from the parser: completion by shtab, and the manual page.

`python -m tests.shell_files --write` renews them; a test compares.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import shtab

from hermes_tui.cli.options import make_parsers
from tests.source_tree import ROOT

FOLDER = ROOT / "hermes_tui" / "cli" / "shell"
IDS = {
    "bash": "_hermes_tui_ids",
    "zsh": "_hermes_tui_ids",
    "fish": "(hermes-tui completion ids 2>/dev/null)",
}
_LISTED = "hermes-tui completion ids 2>/dev/null"
PREAMBLE = {
    "bash": f'_hermes_tui_ids() {{ compgen -W "$({_LISTED})" -- "$1"; }}\n',
    "zsh": f'_hermes_tui_ids() {{ local -a ids; ids=(${{(f)"$({_LISTED})"}}); compadd "$@" -a ids; }}\n',
}


def files() -> dict[str, str]:
    """Every file by its name."""
    scripts = {f"hermes-tui.{shell}": _script(shell) for shell in ("bash", "zsh", "fish")}
    return {**scripts, "hermes-tui.1": manual()}


def _script(shell: str) -> str:
    parser = make_parsers()[0]
    for action in _actions(parser):
        if action.metavar in ("ID", "ID[:MESSAGE]"):
            action.complete = IDS  # type: ignore[attr-defined]
        elif action.metavar in ("FILE", "FILE|DIR"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    script: str = shtab.complete(parser, shell=shell, preamble=PREAMBLE)  # type: ignore[arg-type]
    script = script.replace(
        "zsh_eval_context[-1] == eval ]]", "zsh_eval_context[-1] != loadautofunc ]]"
    )  # sourced, too
    return script.rstrip("\n") + "\n"


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in dict.fromkeys(action.choices.values()):
                yield from _actions(inner)


def manual() -> str:
    """The manual page in roff."""
    parser = make_parsers()[0]
    lines = [
        '.TH HERMES-TUI 1 "" "hermes-tui" "User Commands"',
        ".SH NAME",
        "hermes-tui \\- transcripts of Hermes Agent",
    ]
    lines += [
        ".SH SYNOPSIS",
        ".B hermes-tui",
        "[\\fIOPTION\\fR]... [\\fIVERB\\fR [\\fIARGUMENT\\fR]... | \\fIQUERY\\fR...]",
    ]
    lines += [".SH DESCRIPTION", _roff(parser.description or ""), ".SH OPTIONS", *_options(parser), ".SH VERBS"]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, verb in action.choices.items():
                lines += _verb(name, verb)
    lines += [".SH EXIT STATUS", "0 done; 1 a verb found something wrong; 2 an error, in one line on standard error."]
    return "\n".join(lines) + "\n"


def _verb(name: str, verb: argparse.ArgumentParser) -> Iterator[str]:
    yield f".SS {_roff(name)}"
    yield _roff(verb.description or "")
    yield from _options(verb, own=True)
    for action in verb._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner, parser in action.choices.items():
                yield from _verb(f"{name} {inner}", parser)


def _options(parser: argparse.ArgumentParser, *, own: bool = False) -> Iterator[str]:
    general = {"--home", "--profile", "--read-only", "--demo", "--help"}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or (own and general & set(action.option_strings)):
            continue
        value = "" if action.nargs == 0 else str(action.metavar or "|".join(map(str, action.choices or ())))
        names = ", ".join(action.option_strings)
        yield f".TP\n\\fB{_roff(names)}\\fR \\fI{_roff(value)}\\fR" if names else f".TP\n\\fI{_roff(value)}\\fR"
        yield _roff(action.help or "")


def _roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    for name, text in files().items():
        if "--write" in sys.argv:
            FOLDER.mkdir(exist_ok=True)
            (FOLDER / name).write_text(text, encoding="utf-8")
        else:
            print(text)
