"""Command line: version, words that are no verb, completion, the manual page, lines for scripts."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui import __version__
from hermes_tui.__main__ import main
from hermes_tui.cli.opening import named_place
from hermes_tui.cli.options import make_parsers, parse
from hermes_tui.cli.verbs import VERBS, verb_named
from store import Home, StoreError, open_home
from tests.hermes_tui.cli.running import Run
from tests.shell_files import FOLDER, files
from tests.terminal import terminal

A = "20260101_100000_aaaaaa"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hermes-tui {__version__}\n"


def test_words_that_are_no_verb_are_a_search() -> None:
    """Mutant: the value of --home taken for the first word."""
    options = parse(["--home", "list", "docker", "-compose", "timeout", "--read-only"])
    assert (options.verb, list(options.query), options.read_only) == (None, ["docker", "-compose", "timeout"], True)
    assert parse(["--home=x", "list"]).verb == "list"


def test_without_a_terminal_a_word_that_is_no_verb_is_one_line(home: Path, run: Run) -> None:
    code, out, err = run(home, "lits")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "did you mean list?" in err
    assert run(home, "xyzzy")[0] == 2


def test_each_verb_of_the_parser_is_there_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, names = make_parsers()
    homeless = {"config", "serve-stdio"}
    assert set(names) == {*VERBS, *homeless}
    for name in names:
        assert name in homeless or callable(verb_named(name))
        assert main([name, "--help"]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"usage: hermes-tui {name} ")
    for verb_of_trash in ("list", "restore", "empty"):
        assert main(["trash", verb_of_trash, "--help"]) == 0
        assert "--home" in capsys.readouterr().out
    for action in make_parsers()[0]._actions:
        if isinstance(action, argparse._SubParsersAction):
            without = [
                (name, inner.dest)
                for name, verb in action.choices.items()
                for inner in verb._actions
                if not (inner.help or isinstance(inner, argparse._SubParsersAction))
            ]
            assert without == []


def test_the_files_for_shells_are_those_of_the_parser() -> None:
    for name, text in files().items():
        assert (FOLDER / name).read_text() == text, "python -m tests.shell_files --write"


def test_completion_prints_scripts_that_shells_read_and_ids(home: Path, run: Run, tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        code, out, _ = run(tmp_path / "nowhere", "completion", shell)
        assert (code, "hermes-tui" in out) == (0, True)
        if program := shutil.which(shell):
            (tmp_path / shell).write_text(out)
            subprocess.run([program, "-n", str(tmp_path / shell)], check=True, timeout=60)
    (tmp_path / "empty").mkdir()
    assert A in run(home, "completion", "ids")[1].split()
    assert run(tmp_path / "empty", "completion", "ids")[:2] == (0, "")
    assert run(home, "completion", "csh")[0] == 2


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not there")
def test_bash_completes_verbs_options_and_values(home: Path, run: Run, tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(run(home, "completion", "bash")[1])
    probe = (
        "source SCRIPT; COMP_WORDS=(hermes-tui @@); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
        " _shtab_hermes_tui; printf '%s\\n' \"${COMPREPLY[@]}\""
    ).replace("SCRIPT", str(script))
    for words, expected in (("ex", "export"), ("export --red", "--redact"), ("export -f h", "html")):
        done = subprocess.run(
            ["bash", "-c", probe.replace("@@", words)], capture_output=True, text=True, check=True, timeout=60
        )
        assert expected in done.stdout.split(), (words, done.stdout, done.stderr)


STUB = """#!/bin/sh
[ "$1 $2" = "completion ids" ] && printf '20260101_100000_aaaaaa\\n20260102_100000_bbbbbbbb\\n'
"""
ZSH = """
zmodload zsh/zpty
until_it_says() {
  local out= some
  while [[ $out != *$1* ]] { zpty -r shell some || exit 1; out+=$some }
  print -r -- $out
}
zpty shell zsh -f
zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; eval \\"\\$(<$1)\\"; print REA''DY"
until_it_says READY
for typed in $argv[2,-1]; do
  zpty -w -n shell $typed$'\\t'
  zpty -w shell "; print DO''NE"
  until_it_says DONE
done
"""
WANTED = (("ex", "export"), ("export --red", "--redact"), ("trash re", "restore"), ("stats --by da", "day"))
WANTED_IDS = tuple((f"{verb} 20260102", "20260102_100000_bbbbbbbb") for verb in ("show", "open", "delete"))


@pytest.fixture
def stubbed(tmp_path: Path) -> dict[str, str]:
    """An environment in which hermes-tui is a program that knows two ids."""
    stub = tmp_path / "bin" / "hermes-tui"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    return {**os.environ, "PATH": f"{stub.parent}:{os.environ['PATH']}", "TERM": "dumb", "HOME": str(tmp_path)}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not there")
def test_fish_completes_verbs_options_values_and_ids(stubbed: dict[str, str]) -> None:
    script = FOLDER / "hermes-tui.fish"
    asked = "; ".join(f"complete -C 'hermes-tui {words}'" for words, _ in (*WANTED, *WANTED_IDS))
    command = ["fish", "--no-config", "-c", f"source {script}; {asked}"]
    done = subprocess.run(command, env=stubbed, capture_output=True, text=True, check=True, timeout=60)
    assert {wanted for _, wanted in (*WANTED, *WANTED_IDS)} <= set(done.stdout.split()), done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not there")
def test_zsh_completes_verbs_options_values_and_ids(stubbed: dict[str, str]) -> None:
    """Mutant: ids by an action in the specification itself, whose quotes end that of the specification."""
    typed = [f"hermes-tui {words}" for words, _ in (*WANTED, *WANTED_IDS)]
    command = ["zsh", "-f", "-c", ZSH, "zsh", str(FOLDER / "hermes-tui.zsh"), *typed]
    done = subprocess.run(command, env=stubbed, capture_output=True, text=True, timeout=120, check=True)
    for _, wanted in (*WANTED, *WANTED_IDS):
        assert wanted in done.stdout, done.stdout
    sourced = f"autoload -Uz compinit; compinit -u -D; source {FOLDER / 'hermes-tui.zsh'}; print $_comps[hermes-tui]"
    done = subprocess.run(["zsh", "-f", "-c", sourced], env=stubbed, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("_shtab_hermes_tui\n", "")


def test_the_manual_page_is_clean_roff(home: Path, run: Run) -> None:
    page = run(home, "completion", "man")[1]
    assert ".SS export" in page
    if program := shutil.which("groff"):
        done = subprocess.run(
            [program, "-man", "-Tascii", "-ww"], input=page, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        assert "write sessions to files" in " ".join(done.stdout.split()).lower()


def test_a_list_has_the_lines_that_a_script_asks_for(home: Path, run: Run) -> None:
    code, out, err = run(home, "list", "--format", "{id}|{messages}|{title}|{archived}")
    assert (code, err) == (0, "")
    assert f"{A}|4|Docker fails|false" in out.splitlines()
    code, out, err = run(home, "list", "--format", "{body}")
    assert (code, out) == (2, "")
    assert "no field “body”" in err
    assert run(home, "list", "--format", "{{{id}}}")[1].splitlines().count(f"{{{A}}}") == 1


@pytest.mark.parametrize(
    "form", ["{", "}", "{id", "id}", "{id!z}", "{id:>>}", "{id.__class__}", "{id[0]}", "{}", "{0}"]
)
def test_a_format_that_is_none_is_refused_in_one_line(home: Path, run: Run, form: str) -> None:
    """Mutant: a brace that belongs to no field is printed as it is."""
    code, out, err = run(home, "list", "--format", form)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert not err.startswith("usage")


def test_what_needs_a_terminal_is_one_line_without_one_and_a_wrong_place_is_named(home: Path, run: Run) -> None:
    """Mutant: a message that any session has opens every session."""
    with closing(open_home(Home(home))) as db:
        [first, *_] = db.heads(A, limit=1).items
    for line, said in (
        (("open", A), "open needs a terminal"),
        (("--print-id", "docker"), "no terminal here to search for “docker”"),
        (("--print-id",), "--print-id asks on a terminal"),
    ):
        code, out, err = run(home, *line)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert said in err
    session, message = named_place(Home(home), f"{A[:12]}:{first.id}")
    assert (session.id, message) == (A, first.id)
    assert named_place(Home(home), f"@session:default/{A}")[1] is None
    with pytest.raises(StoreError, match="no message with the id 99999"):
        named_place(Home(home), f"{A}:99999")


def test_show_plain_has_sentences_alone(home: Path, run: Run) -> None:
    code, out, _ = run(home, "show", A, "--plain")
    assert code == 0
    lines = out.splitlines()[1:]
    assert any(line.startswith("user, 20") and line.endswith(":") for line in lines)
    assert all(line and line == line.strip() for line in lines)


@pytest.mark.slow
def test_the_id_of_the_session_that_is_opened_is_printed_for_a_shell(home: Path) -> None:
    """Mutant: a screen that is drawn on standard output leaves its sequences before the id."""
    reading, writing = os.pipe()
    with terminal("--home", str(home), "--print-id", stdout=writing) as shown:
        os.close(writing)
        shown.wait_for("Docker fails")
        shown.send("\r")
        assert shown.exit_code() == 0
        assert shown.echoes
    with open(reading, encoding="utf-8") as printed:
        assert printed.read().startswith("2026")
    with terminal("--home", str(home), "open", A) as shown:
        shown.wait_for("message 1 of 4")
        shown.send("\x11")
        assert shown.exit_code() == 0
