"""Errors of psycopg as errors of the store; no message has a part of a connection string in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from ..base import errors

RETRIED = (pg.SerializationFailure, pg.DeadlockDetected)
"""Errors after which the same transaction is run again."""


@contextmanager
def translated_errors(name: str, *, writes: bool = False) -> Iterator[None]:
    """Errors of the store in place of psycopg's.

    Args:
        name: The schema's name for people, `host/db#schema`.
        writes: What failed was to write.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translated(error, name, writes=writes) from None


def translated(error: psycopg.Error, name: str, *, writes: bool = False) -> errors.StoreError:
    """An error of the store for one of psycopg's; the message says what can be done."""
    if writes and isinstance(error, pg.InsufficientPrivilege):
        return errors.NoPermission(
            f"nothing was written: the role may not write to {name}; let its owner GRANT USAGE ON SCHEMA"
            " and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"
        )
    if not writes and isinstance(error, pg.LockNotAvailable):
        return errors.Unreachable(f"{name} is being changed by its owner, who holds a table; try again in a while")
    for kinds, make in _KNOWN:
        if isinstance(error, kinds):
            return make(name)
    return _unanswered(error, name) if isinstance(error, psycopg.OperationalError) else _other(error, name)


def may_not_read(name: str) -> errors.NoPermission:
    """The error of a role that may not read a schema."""
    return errors.NoPermission(
        f"the role may not read {name}; let its owner GRANT USAGE ON SCHEMA and SELECT ON ALL TABLES"
    )


_KNOWN: tuple[tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], Callable[[str], errors.StoreError]], ...] = (
    (pg.QueryCanceled, lambda name: errors.Locked(f"{name} took longer than a statement may; try again")),
    (pg.LockNotAvailable, lambda name: errors.Locked(f"nothing was written: others held the session in {name}")),
    (RETRIED, lambda name: errors.Locked(f"nothing was written: others kept writing to {name}")),
    (
        (pg.InvalidPassword, pg.InvalidAuthorizationSpecification),
        lambda name: errors.NoPermission(f"{name} refused the user or the password; PGPASSWORD or ~/.pgpass has it"),
    ),
    (pg.InvalidCatalogName, lambda name: errors.StoreMissing(f"the server has no database {name.partition('#')[0]}")),
    (pg.InsufficientPrivilege, may_not_read),
    (
        (pg.UndefinedTable, pg.InvalidSchemaName),
        lambda name: errors.StoreMissing(f"{name} has no tables of Hermes; another ?schema= may"),
    ),
    (
        (pg.DiskFull, pg.OutOfMemory),
        lambda name: errors.DiskFull(f"the server of {name} has no room left, and nothing more was written"),
    ),
    (
        pg.ReadOnlySqlTransaction,
        lambda name: errors.ReadOnly(f"nothing was written: {name} is a standby, or read-only"),
    ),
    (
        (pg.DataCorrupted, pg.IndexCorrupted),
        lambda name: errors.Damaged(f"a page of {name} is damaged; its owner can look with pg_amcheck"),
    ),
    (
        pg.IdleInTransactionSessionTimeout,
        lambda name: errors.Unreachable(
            f"nothing was written: the server of {name} ended a transaction for which the network or this machine was"
            " too slow; try again"
        ),
    ),
    (
        pg.DivisionByZero,  # of the check before each read
        lambda name: errors.CannotOpen(f"{name} does not keep a transaction read-only, so nothing is read from it"),
    ),
    (
        pg.UntranslatableCharacter,
        lambda name: errors.StoreError(f"{name} is kept in an encoding that lacks a character of this, so it has none"),
    ),
    (
        pg.CharacterNotInRepertoire,
        lambda name: errors.Damaged(f"{name} holds bytes that are no text; its encoding is not UTF8"),
    ),
    (pg.TooManyConnections, lambda name: errors.Unreachable(f"{name} has no connection free; try again later")),
)


def _unanswered(error: psycopg.OperationalError, name: str) -> errors.StoreError:
    """By the words of libpq, which has no codes for what goes wrong before a connection stands."""
    said = _NAMES.sub(r"\1", str(error)).lower()
    for signs, make in _SAID:
        if any(sign in said for sign in signs):
            return make(name)
    if _SEVERITY in said:
        return errors.Unreachable(
            f"{name} refused the connection in words that are not known here; check user, password, database and rights"
        )
    return errors.Unreachable(f"{name} cannot be reached, or the connection was lost; check that the server runs")


_NAMES = re.compile(r"""("|host ')[^"']*["']""")
"""Names in what libpq says, of hosts and users, which may have any words in them."""
_SEVERITY = ":  "
"""Follows the severity of what a server says, in whatever language it speaks."""
_SAID: tuple[tuple[tuple[str, ...], Callable[[str], errors.StoreError]], ...] = (
    (
        ("invalid response to ssl negotiation",),
        lambda name: errors.Unreachable(f"{name} answered something that is not PostgreSQL's; check host and port"),
    ),
    (
        ("starting up", "shutting down", "not yet accepting", "recovery mode"),
        lambda name: errors.Unreachable(f"the server of {name} is starting or stopping; try again in a while"),
    ),
    (
        (
            *("too many clients", "too many connections", "connection slots"),
            *("no more connections allowed", "query_wait_timeout"),
        ),
        lambda name: errors.Unreachable(f"{name} has no connection free; try again later"),
    ),
    (
        ("not permitted to log in",),
        lambda name: errors.NoPermission(f"the role may not log in to {name}; let its owner ALTER ROLE … LOGIN"),
    ),
    (
        ("permission denied for database",),
        lambda name: errors.NoPermission(
            f"the role may not connect to {name}; let its owner GRANT CONNECT ON DATABASE"
        ),
    ),
    (
        ("not currently accepting connections",),
        lambda name: errors.CannotOpen(f"the database of {name} takes no connections; name another one in the URL"),
    ),
    (
        (
            "authentication method requirement",
            "channel binding",
            "invalid value for parameter",
            " value: ",
            "definition of service",
            "service file",
            "requirepeer",
        ),
        lambda name: errors.CannotOpen(
            f"{name} and a variable of the environment do not agree; look at PGSERVICE, PGREQUIREAUTH,"
            " PGCHANNELBINDING, PGDATESTYLE and their like"
        ),
    ),
    (
        ("pg_hba",),
        lambda name: errors.NoPermission(
            f"{name} lets nobody in so: pg_hba.conf has no entry for the user, this machine or the encryption"
        ),
    ),
    (
        ("authentication failed", "no password supplied"),
        lambda name: errors.NoPermission(f"{name} refused the user or the password; PGPASSWORD or ~/.pgpass has it"),
    ),
    (
        ('database "', "no such database"),
        lambda name: errors.StoreMissing(f"the server has no database {name.partition('#')[0]}"),
    ),
    (
        ('role "',),
        lambda name: errors.NoPermission(f"{name} knows no such user; name one in the URL or in PGUSER"),
    ),
    (
        ("not supported", "mechanisms", "sasl", "gss", "sspi"),
        lambda name: errors.CannotOpen(f"{name} asks for a way to sign in that this program does not know"),
    ),
    (
        ("verify failed", "does not match host name", "root certificate", "could not get server's host name"),
        lambda name: errors.CannotOpen(
            f"the certificate of {name} was not verified; sslrootcert= in the URL names the file of its authority"
        ),
    ),
    (
        ("certificate required", "certificate file", "private key", "client certificate"),
        lambda name: errors.CannotOpen(
            f"{name} asks for a certificate of yours, which ~/.postgresql or PGSSLCERT and PGSSLKEY would have"
        ),
    ),
    (
        ("does not support ssl",),
        lambda name: errors.CannotOpen(f"{name} offers no TLS; sslmode=disable in the URL goes without, unencrypted"),
    ),
    (
        ("ssl", "certificate"),
        lambda name: errors.CannotOpen(f"{name} and this program agree on no TLS; check the server's version of it"),
    ),
    (
        ("resolve host", "name or service", "not known"),
        lambda name: errors.CannotOpen(f"the host of {name} is not known; check the URL"),
    ),
    (
        ("timeout", "timed out"),
        lambda name: errors.Unreachable(f"{name} did not answer in time; check that the server runs"),
    ),
)
"""Words in an error of libpq's, and the error of the store."""


def _other(error: psycopg.Error, name: str) -> errors.StoreError:
    if error.sqlstate is None:
        return errors.Unreachable(f"{name} answered something that is not PostgreSQL's; check host and port")
    return errors.StoreError(f"{name} refused a statement ({type(error).__name__} {error.sqlstate})")
