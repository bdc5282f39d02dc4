"""Copy of a home in a schema of ours: made by COPY, then brought up to date session by session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from ..base.errors import Refused, StoreMissing
from ..base.server_address import ServerAddress
from ..engine.operations import RawRow
from ..engine.push_target import FILE_IDS, MOST_MESSAGES, SOURCE, HomeIdentity, SessionCopy
from . import cells, error_mapping, pushed_rows
from .changes import REVISIONS
from .connection import Connection
from .reader import Params, Reader, Row, sendable
from .schema_probe import MARKER, Layout
from .writer import Writer

PATIENCE = 30.0
"""Seconds that a push waits for a lock."""
ROW_SECONDS = 0.01
"""Seconds besides that a COPY may take for each message."""
STATEMENT, LONGEST = 60.0, 3600.0
"""Seconds that a statement of a push may take, and one that marks or removes what is gone."""
PUSHED = "hermes_tui_pushed"
"""Table of ours: the marks of the sessions that were copied, and the places of those with ids of their own."""
_DERIVED = ("hermes_tui_terms", "hermes_tui_long")
_TAKEN = (
    "SELECT old.session_id, old.id FROM ROWS FROM (pg_catalog.unnest(%s::bigint[]), pg_catalog.unnest(%s::float8[]))"
    " AS given(id, at) JOIN {messages} AS old ON old.id = given.id WHERE old.session_id <> %s"
    " AND (old.hermes_tui_gone_at IS NOT NULL OR old.timestamp IS DISTINCT FROM given.at)"
)
"""Messages of other sessions that have the ids of given ones."""
_AWAY = (
    "UPDATE {messages} AS old SET id = moved.fresh FROM (SELECT own.id, {first} + place * {most} + COALESCE((SELECT"
    " max(kept.id) + 1 - {first} - place * {most} FROM {messages} AS kept WHERE kept.session_id = own.session_id"
    " AND kept.id >= {first}), 0) + row_number() OVER (PARTITION BY own.session_id ORDER BY own.id) AS fresh"
    " FROM {messages} AS own JOIN {pushed} AS pushed USING (session_id) WHERE own.session_id = ANY(%s)"
    " AND own.hermes_tui_gone_at IS NOT NULL AND own.id < {first}) AS moved WHERE old.id = moved.id"
)
"""Gone messages of some sessions go to the places of these."""
_MOVE_WORDS = (
    "SELECT pg_catalog.gin_clean_pending_list(i.indexrelid) FROM pg_catalog.pg_index AS i"
    " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am AS a ON a.oid = c.relam"
    " WHERE a.amname = 'gin' AND i.indrelid = %s::pg_catalog.regclass AND pg_catalog.pg_has_role(c.relowner, 'USAGE')"
)
_GONE = "UPDATE {table} SET hermes_tui_gone_at = %s WHERE {key} = ANY(%s) AND hermes_tui_gone_at IS NULL"
_LISTS = "ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]))"
_UNPUSHED = (
    "SELECT id, '?', 0 FROM {layout.sessions} UNION SELECT session_id, '?', 0 FROM {layout.messages}"
    " ON CONFLICT DO NOTHING"
)
"""What a schema holds that was taken over: it is gone unless the home has it, too."""


class ServerCopy:
    """Implements `engine.push_target.PushTarget`.

    Args:
        address: Of the schema.
    """

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        self._reader = Reader(address)
        self._writer = Writer(address, self._reader, patience=PATIENCE, creates=True)
        self._owner: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """`host/db#schema`."""
        return self._reader.name

    def claim(self, identity: HomeIdentity, *, take_over: bool) -> None:
        """Make the schema where it is missing, and make sure that it belongs to the home.

        Raises:
            Refused: Another home has it, or somebody filled it otherwise.
        """
        try:
            ours = self._reader.layout.is_ours
        except StoreMissing:
            self._writer.make(copies=True)
            ours = False
            with suppress(StoreMissing):
                ours = self._reader.layout.is_ours
        if not ours:
            raise Refused(f"nothing was written: {self.name} has tables of others; --as NAME takes another schema")
        with self._transaction(seconds=LONGEST) as run:
            layout = self._reader.layout
            if not layout.has("hermes_tui_pushed", "place"):
                raise Refused(
                    f"nothing was written: {self.name} was made by an older hermes-tui; DROP SCHEMA"
                    f" {self._address.schema} CASCADE there and push again, or --as NAME makes another"
                )
            table = layout.table(MARKER)
            [(owner, home, host)] = run(f"SELECT owner, home, host FROM {table} FOR UPDATE", ())
            filled = owner is None and bool(run(f"SELECT 1 FROM {layout.sessions} LIMIT 1", ()))
            other = owner is not None and (owner, home) != (identity.machine, identity.home)
            if (filled or other) and not take_over:
                whose = f"the copy of a home on {host}" if other else "filled by agents, not by a push"
                raise Refused(
                    f"nothing was written: {self.name} is {whose}; --as NAME takes another schema, --take-over this one"
                )
            if filled or other:
                run(
                    f"INSERT INTO {layout.table(PUSHED)} (session_id, mark, pushed_at) {_UNPUSHED}".format(
                        layout=layout
                    ),
                    (),
                )
            if owner is None or other:
                run(
                    f"UPDATE {table} SET owner = %s, home = %s, host = %s, name = %s, stamp = NULL",
                    (identity.machine, identity.home, identity.host, identity.profile),
                )
        self._owner = (identity.machine, identity.home)

    def require_owner(self, identity: HomeIdentity) -> None:
        """Make sure that the schema is this home's, and write nothing.

        Raises:
            StoreMissing: There is no schema.
            Refused: It is another's.
        """
        try:
            layout = self._reader.layout
        except StoreMissing:
            raise StoreMissing(f"there is no copy in {self.name}; a push without --verify makes it") from None
        rows = self._reader.rows(f"SELECT owner, home FROM {layout.table(MARKER)}") if layout.is_ours else []
        if (identity.machine, identity.home) not in rows:
            raise Refused(f"{self.name} is no copy of this home")

    def stored_id(self, session_id: str) -> str:
        """The id of a session as the server has it."""
        return str(sendable(session_id))

    def marks(self) -> Mapping[str, str]:
        """Mark of every session that was copied, by its id as the server has it; "" where it is gone."""
        pushed = self._reader.layout.table(PUSHED)
        rows = self._reader.rows(f"SELECT session_id, mark FROM {pushed}")
        return {cells.text(row[0]) or "": cells.text(row[1]) or "" for row in rows}

    def stamp(self) -> str:
        """The state of the home at the last push that was finished; "" for none."""
        row = self._reader.row(f"SELECT stamp FROM {self._reader.layout.table(MARKER)}")
        return (cells.text(row[0]) or "") if row else ""

    def finish(self, stamp: str) -> None:
        """Remember the state of the home; move new words into the index, since every search reads them until then."""
        with self._transaction(seconds=LONGEST) as run:
            run(_MOVE_WORDS, (self._reader.layout.messages,))
            run(f"UPDATE {self._reader.layout.table(MARKER)} SET stamp = %s", (stamp,))

    def put_new(self, copies: Sequence[SessionCopy], *, now: float) -> Sequence[str]:
        """Copy sessions that were never copied, in one transaction; those that another push has copied meanwhile."""
        number = sum(len(copy.messages) for copy in copies)
        with self._transaction(seconds=STATEMENT + number * ROW_SECONDS) as run:
            layout = self._reader.layout
            sql = f"SELECT session_id FROM {layout.table(PUSHED)} WHERE session_id = ANY(%s)"
            known = run(sql, ([copy.session_id for copy in copies],))
            others = {cells.text(row[0]) or "" for row in known}
            placed = self._placed(run, [copy for copy in copies if self.stored_id(copy.session_id) not in others], now)
            if self._has_any(run, placed):  # a repair gave a message to another session, or the schema was taken over
                for copy in placed:
                    self._put(run, copy, now)
                return list(others)
            run.copy(layout, "sessions", [copy.row for copy in placed if copy.row is not None])
            run.copy(layout, "messages", [raw for copy in placed for raw in copy.messages])
            return list(others)

    def _has_any(self, run: Run, copies: Sequence[SessionCopy]) -> bool:
        layout = self._reader.layout
        ids = [raw["id"] for copy in copies for raw in copy.messages]
        names = [copy.session_id for copy in copies]
        return bool(
            run(f"SELECT 1 FROM {layout.sessions} WHERE id = ANY(%s) LIMIT 1", (names,))
            or run(f"SELECT 1 FROM {layout.messages} WHERE id = ANY(%s::bigint[]) LIMIT 1", (ids,))
        )

    def put_changed(self, copy: SessionCopy, known: str, *, now: float) -> bool:
        """Bring one session up to date; rows that vanished are marked as gone.

        Args:
            known: Its mark when the copy was made; False where another push has changed it since.
        """
        with self._transaction() as run:
            sql = f"SELECT mark FROM {self._reader.layout.table(PUSHED)} WHERE session_id = %s"
            stored = run(sql, (copy.session_id,))
            if (cells.text(stored[0][0]) if stored else "") != known:
                return False
            [placed] = self._placed(run, [copy], now)
            self._put(run, placed, now)
            return True

    def _put(self, run: Run, copy: SessionCopy, now: float) -> None:
        layout = self._reader.layout
        if copy.row is not None:
            _upsert(run, layout.sessions, pushed_rows.row_of("sessions", copy.row))
        else:
            run(_GONE.format(table=layout.sessions, key="id"), (now, [copy.session_id]))
        sql = f"SELECT id FROM {layout.messages} WHERE session_id = %s AND id > %s"
        after = -1 << 62 if copy.after is None else copy.after
        known = {cells.integer(row[0]) for row in run(sql, (copy.session_id, after))}
        ids = {cells.integer(raw["id"]) for raw in copy.messages}
        rows = [pushed_rows.message_row(raw) for raw in copy.messages]
        _make_room(run, layout, copy.session_id, rows, now)
        for row in rows:
            _upsert(run, layout.messages, row)
        if known - ids:
            _take_out(run, layout.messages, sorted(known - ids), sorted(ids - known), now)

    def mark_gone(self, session_ids: Iterable[str], *, now: float) -> None:
        """Mark sessions that vanished from the home; they stay readable."""
        gone = list(session_ids)
        with self._transaction(seconds=LONGEST) as run:
            layout = self._reader.layout
            run(_GONE.format(table=layout.sessions, key="id"), (now, gone))
            run(_GONE.format(table=layout.messages, key="session_id"), (now, gone))
            run(f"UPDATE {layout.table(PUSHED)} SET mark = '' WHERE session_id = ANY(%s)", (gone,))
            run.count()

    def prune(self) -> int:
        """Remove what is marked as gone; the number of rows."""
        with self._transaction(seconds=LONGEST) as run:
            layout = self._reader.layout
            removed = sum(
                len(run(f"DELETE FROM {table} WHERE hermes_tui_gone_at IS NOT NULL RETURNING 1", ()))
                for table in (layout.messages, layout.sessions)
            )
            run(f"DELETE FROM {layout.table(PUSHED)} WHERE mark = ''", ())
            run.count()
            return removed

    def differences(self, copy: SessionCopy) -> list[str]:
        """Ids of messages, or `session`, in which the schema differs from the home, gone rows left out."""
        layout = self._reader.layout
        sql = f"SELECT place FROM {layout.table(PUSHED)} WHERE session_id = %s"
        copy = _at_place(copy, self._reader.number(sql, (copy.session_id,)))
        stored = self._stored(layout.sessions, "id", "sessions", copy.session_id)
        different = []
        same = [copy.row is not None and pushed_rows.same("sessions", copy.row, row) for row in stored]
        if same != ([] if copy.row is None else [True]):
            different.append("session")
        rows = {row["id"]: row for row in self._stored(layout.messages, "session_id", "messages", copy.session_id)}
        for raw in copy.messages:
            row = rows.pop(raw["id"], None)
            if row is None or not pushed_rows.same("messages", raw, row):
                different.append(str(raw["id"]))
        return [*different, *map(str, rows)]

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self._reader.close()
        self._writer.close()

    def _stored(self, table: str, key: str, kind: str, session_id: str) -> list[dict[str, object]]:
        names = [*self._reader.layout.fields(kind), pushed_rows.EXTRA, SOURCE]
        columns = ", ".join(f'"{name}"' for name in names)
        sql = f"SELECT {columns} FROM {table} WHERE {key} = %s AND hermes_tui_gone_at IS NULL ORDER BY id"
        return [dict(zip(names, row, strict=True)) for row in self._reader.rows(sql, (session_id,))]

    def _placed(self, run: Run, copies: Sequence[SessionCopy], now: float) -> list[SessionCopy]:
        """The copies with the ids that their messages have here; remembers marks and prompts, and counts the commit."""
        if not copies:
            return []
        layout = self._reader.layout
        prompts = {
            str(copy.row["system_prompt_hash"]): copy.prompt
            for copy in copies
            if copy.row is not None and copy.prompt is not None
        }
        if prompts:
            run(
                f"INSERT INTO {layout.table('system_prompts')} SELECT * FROM {_LISTS} AS given ON CONFLICT DO NOTHING",
                (list(prompts), list(prompts.values())),
            )
        rows = run(
            f"INSERT INTO {layout.table(PUSHED)} (session_id, mark, pushed_at)"
            f" SELECT id, mark, %s FROM {_LISTS} AS given(id, mark)"
            " ON CONFLICT (session_id) DO UPDATE SET mark = excluded.mark, pushed_at = excluded.pushed_at"
            " RETURNING session_id, place",
            (now, [copy.session_id for copy in copies], [copy.mark for copy in copies]),
        )
        run.count()
        places = {cells.text(row[0]): cells.integer(row[1]) for row in rows}
        return [_at_place(copy, places.get(self.stored_id(copy.session_id), 0)) for copy in copies]

    @contextmanager
    def _transaction(self, *, seconds: float = STATEMENT) -> Iterator[Run]:
        """One transaction under the lock of the home's copy, which readers do not meet."""
        wrong = error_mapping.translated_errors(self.name, writes=True)
        try:
            with wrong, self._writer.begun(seconds=seconds) as connection:
                run = Run(connection, self._reader.layout.table(REVISIONS))
                name = f"{self._address.schema}:push"
                run("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%s, 0))", (name,))
                if self._owner is not None:
                    owners = run(f"SELECT owner, home FROM {self._reader.layout.table(MARKER)}", ())
                    if self._owner not in owners:
                        raise Refused(f"nothing was written: another home took {self.name} over")
                yield run
        except StoreMissing:
            raise Refused(f"nothing was written: {self.name} was dropped; another push makes it again") from None


class Run:
    """Statements of one transaction."""

    def __init__(self, connection: Connection, revisions: str) -> None:
        self._connection, self._revisions = connection, revisions
        self._counted = False

    def __call__(self, sql: str, params: Params) -> list[Row]:
        """The rows of a statement; none of one that returns none."""
        cursor = self._connection.execute(sql.encode(), [sendable(value) for value in params])
        return cursor.fetchall() if cursor.description else []

    def count(self) -> None:
        """Count the commit, once."""
        if not self._counted:
            self._counted = True
            self(f"UPDATE {self._revisions} SET revision = revision + 1 WHERE shard = 0", ())

    def copy(self, layout: Layout, table: str, rows: Sequence[RawRow]) -> None:
        """Insert rows by COPY, made while the server takes those before; a column that a row lacks is NULL."""
        if not rows:
            return
        names = pushed_rows.columns_of(table, rows)
        columns = ", ".join(f'"{name}"' for name in names)
        row_of = pushed_rows.message_row if table == "messages" else partial(pushed_rows.row_of, table)
        cursor = self._connection.cursor()
        with cursor.copy(f"COPY {layout.table(table)} ({columns}) FROM STDIN".encode()) as copy:
            for row in map(row_of, rows):
                copy.write_row([sendable(row.get(name)) for name in names])


def _at_place(copy: SessionCopy, place: int) -> SessionCopy:
    """A copy whose messages have the ids of its place, which no other session ever has."""
    if not copy.of_files:
        return copy
    first = FILE_IDS + place * MOST_MESSAGES
    messages = [raw | {"id": first + int(str(raw["id"]))} for raw in copy.messages]
    return replace(copy, messages=messages, after=None if copy.after is None else first + copy.after)


def _make_room(run: Run, layout: Layout, session_id: str, rows: Sequence[Mapping[str, object]], now: float) -> None:
    """Give other ids to messages of other sessions, where a home which began again has theirs.

    They are gone; a message of the same time is the same one, which was given to this session.
    """
    messages, pushed = layout.messages, layout.table(PUSHED)
    params = ([row["id"] for row in rows], [row.get("timestamp") for row in rows], session_id)
    if found := run(_TAKEN.format(messages=messages), params):
        names, ids = [cells.text(row[0]) for row in found], [cells.integer(row[1]) for row in found]
        run(_GONE.format(table=messages, key="id"), (now, ids))
        run(_AWAY.format(messages=messages, pushed=pushed, first=FILE_IDS, most=MOST_MESSAGES), (names,))


def _upsert(run: Run, table: str, row: Mapping[str, object]) -> None:
    """Insert a row, or write what is different of it; one that came back is no longer gone."""
    columns = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("%s::tsvector" if name == "hermes_tui_terms" else "%s" for name in row)
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in row if name != "id")
    compared = [name for name in row if name not in _DERIVED]
    old = ", ".join(f'known."{name}"' for name in compared)
    new = ", ".join(f'excluded."{name}"' for name in compared)
    run(
        f"INSERT INTO {table} AS known ({columns}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {sets},"
        f" hermes_tui_gone_at = NULL WHERE ({old}) IS DISTINCT FROM ({new}) OR known.hermes_tui_gone_at IS NOT NULL",
        tuple(row.values()),
    )


def _take_out(run: Run, table: str, vanished: Sequence[int], fresh: Sequence[object], now: float) -> None:
    """Remove rows that a repair gave another id, and mark the others as gone.

    So does a session whose files have more, or have it no longer: all of its rows get other ids then.
    """
    run(
        f"DELETE FROM {table} AS old USING {table} AS new WHERE old.id = ANY(%s) AND new.id = ANY(%s)"
        " AND new.session_id = old.session_id AND new.role IS NOT DISTINCT FROM old.role"
        " AND new.content IS NOT DISTINCT FROM old.content"
        f" AND (new.timestamp IS NOT DISTINCT FROM old.timestamp OR old.id >= {FILE_IDS})",
        (list(vanished), list(fresh)),
    )
    run(
        f"UPDATE {table} SET hermes_tui_gone_at = %s WHERE id = ANY(%s) AND hermes_tui_gone_at IS NULL",
        (now, list(vanished)),
    )
