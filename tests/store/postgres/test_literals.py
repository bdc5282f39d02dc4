"""Parameters in the text of a batch: what the server reads is what was given."""

from __future__ import annotations

from contextlib import closing
from random import Random
from typing import NoReturn

import psycopg
import pytest

from store.base.server_address import parse_address
from store.postgres.connection import Connection, connect
from store.postgres.literals import bound

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
    "a",
    "é",
    "東",
    "\U0001f600",
    "E'",
)


def unwritten(value: object) -> NoReturn:
    """No other values are given here."""
    raise AssertionError(value)


def texts(number: int) -> list[str]:
    """Random texts of signs that mean something to a server."""
    random = Random(7)
    return ["".join(random.choices(_SIGNS, k=random.randint(0, 12))) for _ in range(number)]


@pytest.mark.parametrize("conforming", ["on", "off"])
def test_a_server_reads_the_texts_and_lists_that_were_given(server_url: str, conforming: str) -> None:
    """Mutants: a quote, a backslash of a text or one of an item is not doubled; a text with backslashes has no E."""
    given = texts(200)
    with closing(connect(parse_address(server_url))) as connection:
        connection.execute(b"SELECT pg_catalog.set_config('standard_conforming_strings', %s, false)", (conforming,))
        connection.execute(b"SET escape_string_warning = off")
        assert isinstance(connection, Connection)
        [rows, [(listed,)]] = connection.answers(
            f"SELECT * FROM (VALUES {', '.join(['(%s)'] * len(given))}) AS texts; SELECT %s::text[]", [*given, given]
        )
    assert [text for (text,) in rows] == given == listed


def test_numbers_nulls_and_other_values_arrive_as_they_are(server_url: str) -> None:
    """Mutant: a negative number begins a comment after a minus."""
    values = [0, 7, 2**63 - 1, -(2**63), None, True, False, 1.5, [1, -2], -7]
    marks = ", ".join(["%s"] * (len(values) - 1))
    with closing(connect(parse_address(server_url))) as connection:
        [[row], texts] = connection.answers(f"SELECT {marks}, 0 -%s; SELECT %s::text[]", [*values, [None, "NULL"]])
    assert row == (*values[:-1], 7)
    assert texts == [([None, "NULL"],)]


def test_a_text_with_a_nul_is_refused_and_not_cut_off() -> None:
    """Mutant: it is sent, and libpq ends the batch there."""
    with pytest.raises(psycopg.DataError):
        bound("INSERT INTO t VALUES (%s); SELECT 1", ["a\x00b"], unwritten)


def test_a_batch_that_no_server_takes_is_a_value_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: it is sent, and the server ends the connection, as if it could not be reached."""
    monkeypatch.setattr("store.postgres.literals.MOST", 20)
    assert len(bound("SELECT %s", ["a" * 10], unwritten)) == 19
    with pytest.raises(ValueError, match="22 bytes"):
        bound("SELECT %s", ["a" * 13], unwritten)
