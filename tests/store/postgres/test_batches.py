"""Parameters in the text of a batch: what the server reads is what was given."""

from __future__ import annotations

from contextlib import closing
from random import Random
from typing import Any

import psycopg
import pytest

from store.base.server_address import parse_address
from store.postgres.connection import connect

_SIGNS = (
    "'",
    '"',
    "\\",
    "%",
    "%s",
    "{",
    "}",
    ",",
    " ",
    "NULL",
    "$1",
    "--",
    "/*",
    ";",
    "\n",
    "é",
    "東",
    "\U0001f600",
    "E'",
)


@pytest.mark.parametrize("conforming", ["on", "off"])
def test_a_server_reads_what_was_given(server_url: str, conforming: str) -> None:
    """Mutant: a negative number begins a comment after a minus."""
    random = Random(7)
    texts = ["".join(random.choices(_SIGNS, k=random.randint(0, 12))) for _ in range(100)]
    values = [*texts, 0, 2**63 - 1, -(2**63), None, True, 1.5, [1, -2]]
    marks = ", ".join(["%s"] * len(values))
    with closing(connect(parse_address(server_url))) as connection:
        connection.execute(b"SELECT pg_catalog.set_config('standard_conforming_strings', %s, false)", (conforming,))
        [[row]] = connection.answers(f"SELECT {marks}, %s::text[], 0 -%s", [*values, texts, -7])
    assert row == (*values, texts, 7)


def test_what_no_server_takes_is_not_sent(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: a text with a NUL, at which the batch would end; one of more bytes, which ends the connection."""
    monkeypatch.setattr("store.postgres.connection.MOST", 20)
    with closing(connect(parse_address(server_url))) as connection:
        with pytest.raises(psycopg.DataError):
            connection.answers("SELECT %s; SELECT 1", ["a\x00b"])
        with pytest.raises(ValueError, match="22 bytes"):
            connection.answers("SELECT %s", ["a" * 13])
        assert connection.answers("SELECT %s", ["a" * 10]) == [[("a" * 10,)]]


def test_a_long_batch_is_waited_for_longer(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: a server that is busy with a large message is given up as one that hangs."""
    monkeypatch.setattr("store.postgres.connection.SLOWEST", 2)
    with closing(connect(parse_address(server_url))) as connection:
        waits: list[float | None] = []
        wait = connection.wait

        def _wait(gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            waits.append(timeout)
            return wait(gen, interval, timeout)

        monkeypatch.setattr(connection, "wait", _wait)
        for connection.patience in (None, 5.0):
            connection.answers("SELECT %s", ["a" * 10])
    assert waits == [None, 5.0 + len("SELECT 'aaaaaaaaaa'") / 2]
