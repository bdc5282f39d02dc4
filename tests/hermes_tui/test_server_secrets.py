"""A password of a server: neither screen nor output, nor any file that is left behind, has it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hermes_tui.__main__ import main
from store import SessionDB
from tests.postgres_server import PASSWORD
from tests.terminal import terminal

SESSION = "20260301_100000_a1b2c3"
FORMS = (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""))


@pytest.fixture
def url(server_url: str, run_sql: Callable[..., Any], worker_id: str) -> str:
    """The URL of a schema, with the password of a role that may only read it."""
    schema = f"secrets_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    with closing(SessionDB(f"{server_url}&schema={schema}")) as db:
        db.create_session(SESSION, "cli")
        db.append_messages(SESSION, [{"role": "user", "content": f"where is the lighthouse {n}"} for n in range(40)])
        db.end_session(SESSION, "cli_close")
    run_sql(f"GRANT USAGE ON SCHEMA {schema} TO tests_locked")
    run_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO tests_locked")
    folder = server_url.partition("host=")[2]
    return f"postgresql://tests_locked:{quote(PASSWORD, safe='')}@/postgres?host={folder}&schema={schema}"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder into which everything goes that is kept."""
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "HERMES_HOME", "HOME"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def leaks(folder: Path) -> Iterator[str]:
    """Files with the password in their bytes or their names."""
    for path in folder.rglob("*"):
        said = path.read_bytes() if path.is_file() else b""
        if any(form.encode() in said or form in str(path) for form in FORMS):
            yield str(path)


VERBS = (
    *(["list"], ["list", "--json"], ["show", SESSION, "--json"], ["search", "lighthouse", "--json"], ["doctor"]),
    *(["doctor", "--json"], ["check", "--json"], ["stats"], ["export", SESSION, "--format", "html"], ["config"]),
    *(["export", SESSION, "--format", "json"], ["repair", SESSION, "--yes"], ["rename", SESSION, "x"], ["undo"]),
    *(["delete", SESSION], ["trash", "list"], ["list", "--profile", "nobody"], ["show", "nobody"]),
)


def test_no_verb_prints_or_keeps_the_password(url: str, places: Path) -> None:
    """Mutant: an error names the URL."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        for verb in VERBS:
            main(["--home", url, *verb])
            main(["--home", url.replace("/postgres?", "/nothing?"), *verb])
    text = said.getvalue()
    assert "lighthouse" in text
    assert "local/postgres#secrets_" in text
    assert not [form for form in FORMS if form in text]
    assert list(leaks(places)) == []


@pytest.mark.slow
def test_the_screen_and_what_it_keeps_have_no_password(url: str, places: Path) -> None:
    """Mutant: what is kept for a home lies under its URL."""
    environ = {"XDG_STATE_HOME": str(places / "XDG_STATE_HOME")}
    with terminal("--home", url, columns=140, rows=40, environ=environ) as app:
        app.wait_for("lighthouse")
        app.send("\r", settle=0.3)
        app.send("tkkkk", settle=0.5)
        app.send("i")
        app.wait_for("Details")
        app.send("\x1b", settle=0.3)
        app.send("\x1b", settle=0.3)
        app.send("\t")
        app.send("D")
        app.wait_for("PostgreSQL")
        app.send("\x1b", settle=0.3)
        app.send("\x11")
        assert app.exit_code() == 0
    assert not [form for form in FORMS if form.encode() in app.raw]
    assert list(leaks(places)) == []
    assert any(SESSION in path.read_text() for path in places.rglob("state.json"))
