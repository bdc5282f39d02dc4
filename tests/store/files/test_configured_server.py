"""The server that a home's files name: config.yaml and .env as people write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.base.errors import CannotOpen
from store.base.server_address import parse_address
from store.files.configured_server import VARIABLE, ConfiguredServer, computed_schema, configured_server
from store.files.home import Home

CONFIG = "database:\n  backend: postgres\n  schema: mine\n"
URL = "postgresql://me:a%20b@host/db"
PLAIN = "postgresql://me@host/db"


def configured(
    folder: Path, config: str = CONFIG, env: str = f"{VARIABLE}={URL}\n", **environ: str
) -> ConfiguredServer | None:
    """What a home with these files chooses."""
    for name, text in (("config.yaml", config), (".env", env)):
        (folder / name).write_bytes(text.encode())
    return configured_server(Home(folder), environ, own=True)


@pytest.mark.parametrize(
    "env",
    [
        f"{VARIABLE}='{URL}' # mine\n",
        f'export {VARIABLE} = "{URL}"#mine\n',
        f"  {VARIABLE}={URL}  # mine",
        f"\ufeff{VARIABLE}={URL}\r\nA=1\r\n",
        f"# {VARIABLE}={PLAIN}\nMY_{VARIABLE}={PLAIN}\n{VARIABLE}={PLAIN}\n{VARIABLE}={URL}\n",
        f"NOTE='first\n{VARIABLE}={PLAIN}\n'\n{VARIABLE}={URL}\n",
    ],
)
def test_a_setting_is_found_in_whatever_form_it_is_written(tmp_path: Path, env: str) -> None:
    """Mutants: the first of two counts; a comment is part of the value; a mark of UTF-8 hides the first line."""
    assert configured(tmp_path, env=env) == ConfiguredServer(URL, "mine")


def test_the_password_may_stand_by_itself_and_the_environments_wins(tmp_path: Path) -> None:
    """Mutants: it is not read; it takes the place of the one in the URL, or of the environment's."""
    for url, environ, password in (
        (PLAIN, {}, "p&s d"),
        (f"{PLAIN}?schema=x", {}, "p&s d"),
        (URL, {}, "a b"),
        (PLAIN, {"PGPASSWORD": "other"}, ""),
    ):
        found = configured(tmp_path, env=f"{VARIABLE}={url}\nPGPASSWORD='p&s d'\n", **environ)
        assert found is not None
        assert parse_address(found.url).password == password
        assert "p&s" not in repr(found)


@pytest.mark.parametrize(
    ("config", "schema"),
    [
        ("database: {backend: postgres, schema: mine}\n", "mine"),
        ('"database": {"backend": "postgres",\n  "schema": "mine"}\n', "mine"),
        ("\ufeff---\r\ndatabase : # here\r\n  # c\r\n\r\n  backend: Postgres # x\r\n  'schema': 'mine'\r\n", "mine"),
        ("database:\n  schema: mine\n  pool:\n    schema: wrong\n    backend: sqlite\n  backend: postgresql\n", "mine"),
        ("database:\n  backend: sqlite\ndatabase:\n  backend: postgres\n  schema: mine\n", "mine"),
        ("database:\n  backend: postgres\n", ""),
        ("database:\n  backend: postgres\n  schema: ~\n", ""),
        ("database: {backend: postgres, schema: null}\n", ""),
        ("database:\n  backend: sqlite\n# postgres\n", None),
        ("other:\n  database:\n    backend: postgres\n", None),
        ("# database:\n#   backend: postgres\n", None),
        ("database: [backend: postgres\n", None),
    ],
)
def test_a_configuration_is_read_in_whatever_form_it_is_written(
    tmp_path: Path, config: str, schema: str | None
) -> None:
    """Mutants: a quoted key is none; the entry of a deeper section counts; no schema is one of that name."""
    found = configured(tmp_path, config)
    name = None if found is None else found.schema
    assert name == (computed_schema(Home(tmp_path)) if schema == "" else schema)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """Mutant: it is opened."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    os.mkfifo(tmp_path / ".env")
    with pytest.raises(CannotOpen, match=VARIABLE):
        configured_server(Home(tmp_path), {}, own=True)
