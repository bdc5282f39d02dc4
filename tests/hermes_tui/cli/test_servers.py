"""Verbs on a PostgreSQL server: what is wrong is one line without a secret in it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.servers import AWAY_SECONDS, server_home
from store import SessionDB
from tests import builders
from tests.postgres_server import PASSWORD

SECRET = "s3cret-in-the-url"

SqlRunner = Callable[..., list[Any]]


@pytest.fixture
def filled(server_url: str, run_sql: SqlRunner, worker_id: str) -> str:
    """The URL of a schema of ours with a session in it."""
    schema = f"verbs_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    url = f"{server_url}&schema={schema}"
    db = SessionDB(url)
    db.create_session("20260301_100000_a1b2c3", "cli")
    db.append_messages("20260301_100000_a1b2c3", [{"role": "user", "content": "where is the lighthouse"}])
    db.close()
    return url


def test_list_show_search_and_doctor_read_a_schema(
    filled: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("PGHOST", "PGHOSTADDR"):
        monkeypatch.setenv(name, "192.0.2.1")
    assert main(["--home", filled, "list", "--json"]) == 0
    [session] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (session["id"], session["messages"]) == ("20260301_100000_a1b2c3", 1)
    assert main(["--home", filled, "show", "20260301"]) == 0
    assert "where is the lighthouse" in capsys.readouterr().out
    assert main(["--home", filled, "show", "20260301", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["origin"] == "postgres"
    assert main(["--home", filled, "search", "lightho*", "--json"]) == 0
    hit, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert (hit["session_id"], summary["summary"]["hits"]) == ("20260301_100000_a1b2c3", 1)
    assert main(["--home", filled, "doctor"]) == 0
    assert "PostgreSQL" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert main(["--home", filled, "repair", "20260301", "--yes"]) != 0


@contextmanager
def answering(*said: bytes) -> Iterator[int]:
    """The port of something that says this, each after something was sent to it, and closes."""

    def _answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                with client:
                    for text in said:
                        client.recv(4096)
                        client.sendall(text)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_answer, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def refusing(text: str) -> Iterator[int]:
    """The port of a server that refuses every connection with these words."""
    error = f"SFATAL\0VFATAL\0C57P03\0M{text}\0\0".encode()
    with answering(b"N", b"E" + (len(error) + 4).to_bytes(4) + error) as port:
        yield port


def test_what_is_wrong_with_a_server_is_one_line_without_a_secret(
    server_url: str,
    run_sql: SqlRunner,
    worker_id: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutant: an error of libpq's that names a role or a database says that there is none."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    folder, role = server_url.partition("host=")[2], worker_id
    for statement in (
        *(f"DROP ROLE IF EXISTS {name}_{role}" for name in ("full", "shut")),
        f"CREATE ROLE full_{role} LOGIN CONNECTION LIMIT 0",
        f"CREATE ROLE shut_{role} NOLOGIN",
    ):
        run_sql(statement)
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web,
        refusing("the database system is starting up") as early,
        refusing('permission denied for database "db"') as denied,
        refusing('database "db" is not currently accepting connections') as closed,
    ):
        port = deaf.getsockname()[1]
        for url, said in (
            (f"postgresql://me:{SECRET}@host:port/db", "cannot be understood"),
            (f"postgresql://me:{SECRET}@host/db?options=-c%20x", "“options”"),
            (f"postgresql://me:{SECRET}@host/db?sslmode=maybe", "sslmode"),
            (f"postgresql://me:{SECRET}@host/db?schema=Upper", "“schema”"),
            (f"postgresql://me:{SECRET}@host/", "names no database"),
            (f"postgresql://me:{SECRET}@a,b/db", "more than one host"),
            (f"postgresql://me:{SECRET}@host/db#x", "“#”"),
            (f"mysql://me:{SECRET}@host/db", "postgresql://"),
            (f"postgresql://tests_locked:{SECRET}@/postgres?host={folder}", "the user or the password"),
            (f"postgresql://tests_locked@/postgres?host={folder}", "the user or the password"),
            (f"postgresql://nobody_here:{SECRET}@/postgres?host={folder}", "no such user"),
            (f"postgresql://postgres:{SECRET}@/no_such_database?host={folder}", "no database"),
            (f"postgresql://postgres:{SECRET}@/postgres?host={folder}&schema=no_such", "no_such"),
            (f"postgresql://me:{SECRET}@127.0.0.1:{port}/db?connect_timeout=1", "did not answer"),
            (f"postgresql://me:{SECRET}@127.0.0.1:1/db", "cannot be reached"),
            (f"postgresql://full_{role}:{SECRET}@/postgres?host={folder}", "no connection free"),
            (f"postgresql://shut_{role}:{SECRET}@/postgres?host={folder}", "may not log in"),
            (f"postgresql://me:{SECRET}@127.0.0.1:{denied}/db", "may not connect"),
            (f"postgresql://me:{SECRET}@127.0.0.1:{closed}/db", "takes no connections"),
            (f"postgresql://me:{SECRET}@127.0.0.1:{web}/db", "not PostgreSQL's"),
            (f"postgresql://me:{SECRET}@127.0.0.1:{early}/db", "starting or stopping"),
        ):
            assert main(["--home", url, "list"]) == 2, url
            out, err = capsys.readouterr()
            lines = [line for line in err.splitlines() if "PGPASSWORD or ~/.pgpass keeps" not in line]
            assert (out, len(lines)) == ("", 1), err
            assert said in lines[0], err
            assert SECRET not in out + err
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert main(["--home", f"postgresql://tests_locked@/postgres?host={folder}&schema=no_such", "list"]) == 2
    assert "no_such" in capsys.readouterr().err


def test_a_push_that_cannot_be_made_is_one_line_without_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutants: an empty home is pushed without a word; `schema` is passed over; no advice."""
    home, empty = builders.home(tmp_path), tmp_path / "empty"
    empty.mkdir()
    builders.db(home).close()
    url = f"postgresql://me:{SECRET}@127.0.0.1:1/db"
    for folder, wanted, said in (
        (home, url, "cannot be reached"),
        (home, f"{url}?schema=other", "leave schema= out"),
        (home, f"{url}?options=x", "“options”"),
        (empty, url, "there is no"),
    ):
        assert main(["push", "--home", str(folder), wanted]) == 2
        out, err = capsys.readouterr()
        lines = err.splitlines()
        assert (out, said in lines[-1], SECRET in err) == ("", True, False)
        assert len(lines) == (1 if "?" in wanted else 2)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--as", ""), "--as needs a name"),
        (("--as", "\u2014 \u00fc"), "--as needs a name"),
        *((("--verify", flag), "--verify writes nothing") for flag in ("--follow", "--prune", "--take-over")),
        (("--verify", "--allow-gone", "--yes"), "--verify writes nothing"),
    ],
)
def test_options_of_a_push_that_cannot_go_together_are_refused_before_a_server_is_asked(
    more: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutants: a comparison is followed and writes then; an empty name stands for the host's."""
    builders.db(builders.home(tmp_path)).close()
    assert main(["push", "--home", str(tmp_path), "postgresql://127.0.0.1:1/db", *more]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_push_for_scripts_prints_an_object_for_each_schema_and_for_each_session_that_differs(
    server_url: str,
    run_sql: SqlRunner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: `--json` is passed over by the receipt, by the comparison, by what is followed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run_sql("DROP SCHEMA IF EXISTS m_script_default CASCADE")
    home, name = builders.home(tmp_path), "local/postgres#m_script_default"
    with closing(builders.db(home)) as db:
        builders.store(db, "said", builders.talk(2))
    command = ["push", "--home", str(home), server_url, "--as", "script", "--json"]

    def _printed(*more: str) -> tuple[int, list[Any]]:
        return main([*command, *more]), [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    counts = {"sessions": 1, "copied": 1, "gone": 0, "kept": 0, "rows_removed": 0}
    assert _printed("--prune", "--yes") == (0, [{"schema": name, "profile": "default"} | counts])
    assert _printed("--verify") == (0, [{"schema": name, "different": 0}])
    [[first]] = run_sql("UPDATE m_script_default.messages SET role = 'x' WHERE id = 1 RETURNING id")
    different = {"schema": name, "session_id": "said", "differs": [str(first)]}
    assert _printed("--verify") == (1, [different, {"schema": name, "different": 1}])
    pauses: list[float] = []

    def _pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 1:
            raise KeyboardInterrupt
        with closing(builders.db(home)) as db:
            db.append_message("said", "user", "more")

    monkeypatch.setattr("hermes_tui.cli.push.time.sleep", _pause)
    code, lines = _printed("--follow")
    assert (code, lines[1:]) == (130, [{"schema": name, "copied": 1}])


def test_a_profile_that_cannot_be_read_leaves_the_others_copied_and_each_push_says_what_it_did(
    server_url: str,
    run_sql: SqlRunner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: the first failure ends all; another machine's push is let in."""
    for schema in ("default", "spoilt", "work"):
        run_sql(f"DROP SCHEMA IF EXISTS m_desk_{schema} CASCADE")
    home = builders.home(tmp_path)
    builders.db(home).close()
    for name in ("spoilt", "work"):
        (home / "profiles" / name).mkdir(parents=True)
        with closing(builders.db(home / "profiles" / name)) as db:
            builders.store(db, "said", builders.talk(2))
    (home / "profiles" / "spoilt" / "state.db").write_bytes(b"no database" * 100)
    command = ["push", "--home", str(home), server_url, "--as", "desk"]
    lines = []
    for machine, more in (("one", ()), ("one", ()), ("one", ("--verify",)), ("two", ()), ("two", ("--take-over",))):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / machine))
        assert main([*command, *more]) == 2
        out, err = capsys.readouterr()
        lines.append((out.splitlines(), [line.partition(": ")[2] for line in err.splitlines()]))
    spoilt = lines[0][1]
    assert (len(spoilt), spoilt[0].partition(":")[0]) == (1, "spoilt")
    names = ["local/postgres#m_desk_default: ", "local/postgres#m_desk_work: "]
    for place, ends in enumerate(
        (("0 of 0 sessions copied", "1 of 1 session copied"), ("0 of 0 sessions copied", "0 of 1 session copied"))
    ):
        assert lines[place] == ([f"{name}{end}" for name, end in zip(names, ends, strict=True)], spoilt)
    assert lines[2] == ([f"{name.rstrip(': ')} equals its home row by row" for name in names], spoilt)
    assert [line.count("is the copy of a home on desk") for line in lines[3][1]] == [1, 0, 1]
    assert lines[4] == (
        [],
        ["--take-over writes over another home's copy, and there is no terminal here to ask on; add --yes"],
    )


def test_a_push_that_follows_waits_for_a_server_that_is_away_and_not_for_one_that_refuses(
    server_url: str,
    run_sql: SqlRunner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: the first contact that fails ends it, or is said again and again; a wrong password is tried again."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run_sql("DROP SCHEMA IF EXISTS m_away_default CASCADE")
    home, server = builders.home(tmp_path), Path(unquote(server_url.partition("host=")[2]))
    with closing(builders.db(home)) as db:
        builders.store(db, "said", builders.talk(2))
    network = tmp_path / "net"
    pauses: list[float] = []

    def _pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            network.symlink_to(server)
        if len(pauses) > 6:
            raise KeyboardInterrupt

    monkeypatch.setattr("hermes_tui.cli.push.time.sleep", _pause)
    command = ["push", "--follow", "--as", "away", "--home", str(home)]
    assert main([*command, f"postgresql://postgres@/postgres?host={network}"]) == 130
    out, err = capsys.readouterr()
    assert out == "local/postgres#m_away_default: 1 of 1 session copied\n"
    assert [line.endswith("; trying again") for line in err.splitlines()] == [True]
    assert pauses[:3] == [0.5, 1.5, 3.5]
    pauses.clear()
    for user, said in (("tests_locked", "the user or the password"), ("nobody_here", "no such user")):
        assert main([*command, f"postgresql://{user}@/postgres?host={network}"]) == 2
        assert said in capsys.readouterr().err
    assert pauses == []


def test_a_home_that_names_a_server_is_followed_where_that_was_agreed_to(
    filled: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".hermes"
    home.mkdir()
    address, schema = filled.rsplit("&schema=", 1)
    (home / "config.yaml").write_text(f"model: opus\ndatabase:\n  backend: postgres\n  schema: {schema}\nother: 1\n")
    (home / ".env").write_text(f"HERMES_DATABASE_URL='{address.replace('postgres@', f'postgres:{quote(SECRET)}@')}'\n")
    assert main(["--home", str(home), "list"]) == 2
    err = capsys.readouterr().err
    assert "--connect" in err
    assert SECRET not in err
    assert main(["--home", str(home), "--connect", "list"]) == 0
    assert "20260301_100000_a1b2c3" in capsys.readouterr().out
    monkeypatch.setenv("HERMES_HOME", str(home))
    monkeypatch.delenv("HERMES_DATABASE_URL", raising=False)
    assert main(["list"]) == 0
    assert "20260301_100000_a1b2c3" in capsys.readouterr().out
    (home / ".env").unlink()
    assert main(["list"]) == 2
    assert "HERMES_DATABASE_URL" in capsys.readouterr().err
    assert not (home / "state.db").exists()


def test_a_password_file_of_others_and_odd_variables_are_one_line(
    server_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Mutants: libpq writes its warning past us, over the screen; the variable is not named."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    url = f"postgresql://tests_locked@/postgres?host={server_url.partition('host=')[2]}&schema=no_such"
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:tests_locked:{PASSWORD.replace(':', chr(92) + ':')}\n")
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    for mode, said in ((0o644, "passed over: chmod 600"), (0o600, "has no no_such")):
        passwords.chmod(mode)
        assert main(["--home", url, "list"]) == 2
        [line] = capfd.readouterr().err.splitlines()
        assert said in line
    for name, value, said in (
        ("PGSERVICE", "nowhere", "PGSERVICE"),
        ("PGREQUIREAUTH", "none", "PGREQUIREAUTH"),
        ("PGDATESTYLE", "odd", "PGDATESTYLE"),
        ("PGTARGETSESSIONATTRS", "standby", "has no no_such"),
        ("PGOPTIONS", "-c odd=1", "has no no_such"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            assert main(["--home", url, "list"]) == 2
            [line] = capfd.readouterr().err.splitlines()
            assert said in line, name


def test_among_several_homes_a_server_that_is_away_is_one_line_and_each_schema_a_home(
    filled: str,
    run_sql: SqlRunner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: the first that does not answer ends all, or is waited for each time; all schemas of a server are one
    home, which has none.
    """
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "said", builders.talk(2))
    address, schema = filled.rsplit("&schema=", 1)
    with closing(SessionDB(f"{address}&schema={schema}_2")) as other:
        other.create_session("20260302_100000_a1b2c3", "cli")
    away = f"postgresql://me:{SECRET}@127.0.0.1:1/db"
    config = tmp_path / "config" / "hermes-tui"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(f'[homes]\naway = "{away}"\ndesk = "{address}"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HERMES_HOME", str(home))
    assert main(["list", "--json"]) == 2
    out, err = capsys.readouterr()
    run_sql(f"DROP SCHEMA {schema}_2 CASCADE")
    found = {session["profile"]: session["id"].rpartition("/")[2] for session in map(json.loads, out.splitlines())}
    assert found.items() >= {
        ("default", "said"),
        (f"desk-{schema}", "20260301_100000_a1b2c3"),
        (f"desk-{schema}_2", "20260302_100000_a1b2c3"),
    }
    assert "profile away: 127.0.0.1/db cannot be reached" in err
    assert server_home(away, None, alone=False).address.connect_timeout == AWAY_SECONDS
    assert SECRET not in err


def test_a_home_of_files_alone_is_copied_and_a_state_db_that_comes_or_goes_is_said_before_anything_is_written(
    server_url: str,
    run_sql: SqlRunner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: it is passed over; what SQLite gets is never copied where files were followed; a state.db that is away
    leaves its sessions to the files."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run_sql("DROP SCHEMA IF EXISTS m_files_default CASCADE")
    home, name = builders.home(tmp_path), "local/postgres#m_files_default"
    (home / "sessions").mkdir(exist_ok=True)
    (home / "sessions" / "alone.jsonl").write_text(json.dumps(builders.say("user", "heron")) + "\n")
    command = ["push", "--home", str(home), server_url, "--as", "files"]

    def _said(*more: str) -> tuple[int, list[str]]:
        code = main([*command, *more])
        out, err = capsys.readouterr()
        return code, [*out.splitlines(), *err.splitlines()]

    def _pause(_: float) -> None:
        if (home / "state.db").exists():
            raise KeyboardInterrupt
        with closing(builders.db(home)) as db:
            builders.store(db, "said", builders.talk(2))

    monkeypatch.setattr("hermes_tui.cli.push.time.sleep", _pause)
    alone = "hermes-tui: default has no state.db, its files are all of it"
    code, lines = _said("--follow")
    assert (code, lines[:2]) == (2, [f"{name}: 1 of 1 session copied", alone])
    assert lines[2].endswith("state.db is there by now; push again")
    rows = run_sql("SELECT session_id, hermes_tui_source, content FROM m_files_default.messages")
    assert [tuple(row) for row in rows] == [("alone", "jsonl", "heron")]
    assert _said() == (0, [f"{name}: 1 of 2 sessions copied"])
    for file in home.glob("state.db*"):
        file.unlink()
    code, lines = _said("--allow-gone")
    assert (code, lines[0], "which was copied before" in lines[1]) == (2, alone, True)
    assert run_sql("SELECT count(*) FROM m_files_default.messages WHERE hermes_tui_gone_at IS NULL") == [(3,)]
