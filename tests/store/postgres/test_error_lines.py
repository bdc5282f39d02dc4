"""Words of libpq, which has no codes before a connection stands, as the store's errors: one line that helps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from store.base import errors
from store.base.server_address import parse_address
from store.postgres.error_mapping import translated
from store.postgres.reader import Reader

AT = 'connection failed: connection to server at "ssl.certificate.example", port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "kind", "line"),
    [
        (f"{AT}Connection refused", errors.Unreachable, "check that the server runs"),
        (f'{AT}FATAL:  role "timeout" does not exist', errors.NoPermission, "no such user"),
        ("failed to resolve host 'ssl.example': [Errno -2] Name or service not known", errors.CannotOpen, "not known"),
        (f"{AT}SSL error: certificate verify failed", errors.CannotOpen, "sslrootcert="),
        (f'{AT}root certificate file "/no" does not exist', errors.CannotOpen, "sslrootcert="),
        (f'{AT}server certificate for "a" does not match host name "b"', errors.CannotOpen, "sslrootcert="),
        (f"{AT}SSL error: tlsv13 alert certificate required", errors.CannotOpen, "a certificate of yours"),
        (f'{AT}could not read certificate file "/x": no start line', errors.CannotOpen, "a certificate of yours"),
        (f"{AT}server does not support SSL, but SSL was required", errors.CannotOpen, "sslmode=disable"),
        (f"{AT}SSL error: tlsv1 alert protocol version", errors.CannotOpen, "agree on no TLS"),
        (f'{AT}FATAL:  pg_hba.conf rejects connection for host "a", no encryption', errors.NoPermission, "pg_hba.conf"),
        (f"{AT}FATAL:  Peer authentication failed for user", errors.NoPermission, "the user or the password"),
        (f"{AT}FATAL:  certificate authentication failed for user", errors.NoPermission, "the user or the password"),
        (f"{AT}authentication method 99 not supported", errors.CannotOpen, "way to sign in"),
        ('connection is bad: service file "/x" not found', errors.CannotOpen, "PGSERVICE"),
        ('connection is bad: invalid load_balance_hosts value: "x"', errors.CannotOpen, "variable of the environment"),
        (f'{AT}requirepeer specifies "a", but actual peer user name is "b"', errors.CannotOpen, "variable of the"),
        (f"{AT}致命错误:  用户 Password 认证失败", errors.Unreachable, "words that are not known here"),
        (f"{AT}FATAL:  no such database: x", errors.StoreMissing, "no database"),
        (f"{AT}FATAL:  no more connections allowed (max_client_conn)", errors.Unreachable, "no connection free"),
        (f"{AT}FATAL:  server login has been failing", errors.Unreachable, "words that are not known here"),
    ],
)
def test_words_of_libpq_are_one_line_that_helps(said: str, kind: type[errors.StoreError], line: str) -> None:
    """Mutants: the names in them count as words; TLS is to be turned off whatever it is that failed."""
    error = translated(psycopg.OperationalError(said), "host/db")
    assert type(error) is kind
    assert line in str(error)
    assert ("sslmode=disable" in str(error)) == ("does not support SSL" in said)


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (pg.DivisionByZero(), errors.CannotOpen, "read-only"),
        (pg.UntranslatableCharacter(), errors.StoreError, "encoding"),
        (pg.CharacterNotInRepertoire(), errors.Damaged, "encoding"),
    ],
)
def test_what_a_server_cannot_do_is_said_in_words(
    error: psycopg.Error, kind: type[errors.StoreError], line: str
) -> None:
    found = translated(error, "host/db")
    assert type(found) is kind
    assert line in str(found)


def test_a_server_that_quotes_every_name_is_read(server_url: str, run_sql: Callable[..., Any], worker_id: str) -> None:
    """Mutant: the path is compared with the name as it was written."""
    role = f"quoting_{worker_id}"
    run_sql(f"DROP ROLE IF EXISTS {role}")
    run_sql(f"CREATE ROLE {role} LOGIN")
    run_sql(f"ALTER ROLE {role} SET quote_all_identifiers = on")
    with closing(Reader(parse_address(server_url.replace("postgres@", f"{role}@", 1)))) as reader:
        assert reader.number("SELECT 7") == 7
