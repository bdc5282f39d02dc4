"""The command line itself: options, exit codes, what is imported, what is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.options import parse
from hermes_tui.cli.verbs import VERBS
from tests import builders
from tests.terminal import terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    builders.store(db, "20260101_100000_aaaaaa", builders.talk(4, word="docker"))
    db.close()
    return folder


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hermes_tui", *arguments]


@pytest.mark.parametrize(
    "line",
    [
        "--home /x --profile p list --json",
        "list --json --home /x --profile p",
        "--home /x list --profile p --json",
        "list --profile p --json --home=/x",
    ],
)
def test_global_options_stand_before_and_after_the_verb(line: str) -> None:
    arguments = parse(line.split())
    assert (arguments.verb, arguments.home, arguments.profile, arguments.json) == ("list", Path("/x"), "p", True)
    assert (arguments.read_only, arguments.demo) == (False, False)


def test_two_dashes_end_the_options() -> None:
    arguments = parse(["search", "--json", "--", "-flaky", "--home"])
    assert (arguments.query, arguments.home, arguments.json) == (["-flaky", "--home"], None, True)


def test_a_word_behind_two_dashes_is_searched_for_though_it_is_a_verb() -> None:
    """Mutant: the dashes taken for an option, and `list` for the verb."""
    options = parse(["--home", "/x", "--", "list", "-flaky"])
    assert (options.verb, options.query, options.home) == (None, ["list", "-flaky"], Path("/x"))
    assert parse(["--", "--json"]).query == ["--json"]


def test_an_empty_home_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Mutant: the present folder in its place, where a script's variable was empty."""
    with pytest.raises(SystemExit, match="2"):
        parse(["--home", "", "list"])
    assert "--home: it is empty" in capsys.readouterr().err


def test_the_words_of_a_query_need_no_quotes() -> None:
    assert parse(["search", "docker", "build", "--limit", "3"]).query == ["docker", "build"]
    assert parse(["search", "-flaky docker"]).query == ["-flaky docker"]


def test_what_is_not_said_has_the_values_of_the_contract() -> None:
    arguments = parse(["search", "x"])
    assert (arguments.limit, arguments.sort, arguments.context) == (50, "newest", 1)
    assert parse(["check"]).ids == ()
    assert parse([]).verb is None


@pytest.mark.parametrize(
    "line",
    [
        "--nonsense",
        "lst",
        "show",
        "search",
        "search x --limit many",
        "search x --limit 0",
        "search x --context -1",
        "search x --sort worst",
        "list --hom /x",
        "--demo --home /x",
        "list --home",
        "show a b",
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hermes-tui: ")
    assert err.count("\n") == 1
    assert "--help" in err


def test_a_hostile_argument_reaches_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(["list", "\x1b]52;c;eA==\x07"])
    main(["--home", "/nowhere/\x1b[31m", "list"])
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["", "list", "show", "search", "check"])
def test_help_is_printed_for_each_verb(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "--home DIR" in out
    assert ("--json" in out) is bool(verb)


def test_only_verbs_that_work_are_offered(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    out = capsys.readouterr().out
    offered = set(re.findall(r"^    (\w+)(?: |$)", out, re.MULTILINE))
    assert "export" in offered
    assert offered - {"VERB", "config"} <= set(VERBS)  # config needs no home


@pytest.mark.slow
def test_without_a_terminal_the_list_is_printed_and_how_to_get_the_screen(home: Path) -> None:
    result = subprocess.run(command("--home", str(home)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "20260101_100000_aaaaaa" in result.stdout
    assert result.stderr.count("\n") == 1
    assert "terminal" in result.stderr


@pytest.mark.slow
def test_the_verbs_never_import_textual_and_the_command_line_starts_lean(home: Path) -> None:
    probe = (
        "import sys; from hermes_tui.__main__ import main, parse; lean = set(sys.modules);"
        "codes = [main(['--home', sys.argv[1], *verb.split()]) for verb in"
        " ('list --json', 'list', 'search docker', 'show 2026', 'check')];"
        "bad = {'textual', 'sqlite3', 'rapidfuzz'} & set(sys.modules);"
        "early = {'apsw', 'store', 'rich', 'json', 'dataclasses'} & lean;"
        "print(codes, bad, early, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe, str(home)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.stderr == "[0, 0, 0, 0, 0] set() set()\n"


@pytest.mark.slow
def test_a_reader_that_closes_the_pipe_is_no_error(home: Path) -> None:
    with closing(builders.db(home)) as db:
        for number in range(600):
            db.create_session(f"s{number}", "cli")
    running = subprocess.Popen(
        command("--home", str(home), "list", "--json"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait(60) == 0
    running.stderr.close()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to offer")
def test_a_full_disk_under_the_output_is_one_sentence(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command("--home", str(home), "list"), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    words = "stopped by the system: No space left on device; nothing in the home was changed"
    assert result.stderr == f"hermes-tui: {words}\n"


@pytest.mark.slow
def test_an_interrupt_is_quiet_and_exits_with_130(home: Path, tmp_path: Path) -> None:
    code = textwrap.dedent("""
        import sys, time
        from hermes_tui.__main__ import main
        from hermes_tui.cli import sessions
        sessions.list_sessions = lambda *a, **k: (print("up", flush=True), time.sleep(60))
        sys.exit(main(sys.argv[1:]))
    """)
    running = subprocess.Popen(
        [sys.executable, "-c", code, "--home", str(home), "list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, b"", b"")


@pytest.mark.slow
def test_output_without_unicode_is_still_readable(home: Path) -> None:
    with closing(builders.db(home)) as db:
        db.set_session_title("20260101_100000_aaaaaa", "桂林 🐌")
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for form in ("--json", ""):
        result = subprocess.run(
            command("--home", str(home), "list", *form.split()), cwd=ROOT, env=environ, capture_output=True, check=False
        )
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout.isascii()
        if form:
            assert json.loads(result.stdout)["title"] == "桂林 🐌"


@pytest.mark.slow
def test_the_demo_leaves_nothing_behind_and_prints_nothing_else(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    result = subprocess.run(
        command("--demo", "list", "--json"), cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert 40 <= len([json.loads(line) for line in result.stdout.splitlines()]) <= 60
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_shell_closed_is_no_traceback(home: Path, closed: str) -> None:
    """Mutant: where Python has None for a stream, the first look at it is an AttributeError."""
    for arguments in ("list", "list --json", ""):
        line = f"exec {sys.executable} -m hermes_tui --home '{home}' {arguments} {closed}"
        result = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
        assert (result.returncode, "Traceback" in result.stderr) == (0, False)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_the_terminal_as_it_was(home: Path, how: signal.Signals, code: int) -> None:
    """Mutant: with signals left alone but for the demo, the shell comes back to the other screen, without a cursor."""
    with terminal("--home", str(home)) as app:
        app.wait_for("1 of 1 session")
        app.process.send_signal(how)
        assert app.exit_code() == code
        for ending in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"):
            assert ending in app.raw[-600:]
