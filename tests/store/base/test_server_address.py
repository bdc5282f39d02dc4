"""Addresses of servers: what is written in a URL, and what was meant as one and is not repeated."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from hermes_tui import __main__ as program
from hermes_tui.__main__ import main
from hermes_tui.cli.servers import without_secret
from store.base.server_address import parse_address
from tests import builders

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "host", "port", "is_socket"),
    [
        ("postgresql://u@%2Fvar%2FRun:5433/db", "/var/Run", 5433, True),
        ("postgresql://u@%2ftmp/db", "/tmp", 5432, True),
        ("postgresql:///db?host=/Tmp", "/Tmp", 5432, True),
        ("POSTGRES://u@LOCALHOST/db", "localhost", 5432, False),
        ("postgresql://u@[::1]:6/db", "::1", 6, False),
        ("postgresql://u@[fe80::1%25eth0]/db", "fe80::1%eth0", 5432, False),
        ("postgresql://u:a%40b:%2F@h/db", "h", 5432, False),
    ],
)
def test_a_host_is_a_name_an_address_or_the_folder_of_a_socket(url: str, host: str, port: int, is_socket: bool) -> None:
    """Mutant: what is percent-encoded stays so."""
    address = parse_address(url)
    assert (address.host, address.port, address.is_socket) == (host, port, is_socket)


MEANT = (
    f"host=127.0.0.1 user=me password={SECRET} dbname=db",
    f"password = {SECRET}",
    f"postgresql:/me:{SECRET}@host/db",
    f"postgresql//me:{SECRET}@host/db",
    f" postgres:me:{SECRET}@host",
)


@pytest.mark.parametrize("text", MEANT)
def test_what_was_meant_as_the_address_of_a_server_is_not_repeated(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Mutant: it is taken for a folder, and named as missing."""
    monkeypatch.chdir(tmp_path)
    for place in ("argument", "variable"):
        if place == "variable":
            monkeypatch.setenv("HERMES_HOME", text)
        assert main([*(["--home", text] if place == "argument" else []), "list"]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "postgresql://user@host:port/db" in line
        assert SECRET not in line
    assert SECRET not in without_secret(text)


def test_a_folder_that_is_missing_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("me@corp", "postgres", "a=b"):
        assert main(["--home", str(tmp_path / name), "list"]) == 2
        assert name in capsys.readouterr().err
        assert without_secret(str(tmp_path / name)) == str(tmp_path / name)


@pytest.mark.parametrize(
    "command",
    [
        ["{url}"],
        ["list", "{url}"],
        ["export", "{url}"],
        ["verify", "{url}"],
        ["import", "{url}"],
        ["push", "{url}", "{url}"],
        ["--profile", "{url}", "list"],
        ["list", "host=h password={secret}"],
    ],
)
def test_an_address_in_the_wrong_place_is_named_without_its_password(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Mutants: a complaint repeats what was typed; one of the parser does."""
    builders.db(builders.home(tmp_path)).close()
    monkeypatch.setenv("HERMES_HOME", str(tmp_path / ".hermes"))
    url = f"postgresql://me:{SECRET}%40@{SECRET}@host/db"
    with suppress(SystemExit):
        main([word.format(url=url, secret=SECRET) for word in command])
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1
    assert SECRET not in out + err


def test_an_address_is_not_searched_for_on_the_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: it is, and kept among the searches."""
    monkeypatch.setattr(program, "_has_screen", lambda _: True)
    assert main([f"postgresql://me:{SECRET}@host/db", "words"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "--home" in line
    assert SECRET not in line
