"""A store against a dict: hypothesis does what agents, users and accidents do, in any order, and compares."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import apsw
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from store import KeyReused, Locked, Replaced, SessionDB, SessionMissing, SessionRecorder, StoreError, replay
from store.sqlite.connect.writer import Writer
from tests.builders import sqlite_of
from tests.torture.stores import state

SESSIONS = st.sampled_from(["a", "b", "c"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
TURNS = st.lists(TEXTS, min_size=1, max_size=4)
KEYS = st.sampled_from(["k1", "k2", "k3"])


class StoreMachine(RuleBasedStateMachine):
    """Each rule does the same to both; the invariant compares what an agent reads."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.path = self.folder / "state.db"
        self.model: dict[str, list[str]] = {}
        self.keys: dict[tuple[str, str], tuple[list[int], list[str]]] = {}
        self._open()

    def teardown(self) -> None:
        """Look at the pages and the indexes once, then throw the store away."""
        self.db.close()
        faults = [fault for fault in state(self.path).faults if "counters" not in fault]
        shutil.rmtree(self.folder)
        assert faults == []

    def _open(self) -> None:
        self.db = SessionDB(self.path)
        sqlite_of(self.db).writer = Writer(self.path, patience=0.01)

    @rule(session=SESSIONS)
    def create(self, session: str) -> None:
        """An agent makes sure of its session."""
        self.db.ensure_session(session)
        self.model.setdefault(session, [])

    @rule(session=SESSIONS, texts=TURNS)
    def append(self, session: str, texts: list[str]) -> None:
        """A turn, to a session that may not be there."""
        try:
            self.db.append_messages(session, [{"role": "user", "content": text} for text in texts])
        except SessionMissing:
            assert session not in self.model
        else:
            self.model[session] += texts

    @precondition(lambda self: self.model)
    @rule(session=SESSIONS, texts=TURNS, key=KEYS)
    def append_once(self, session: str, texts: list[str], key: str) -> None:
        """A turn under a key, done before or not."""
        if session not in self.model:
            return
        messages = [{"role": "user", "content": text} for text in texts]
        said = [text.strip() for text in texts]  # what makes a message the one it is
        done = self.keys.get((session, key))
        try:
            ids = self.db.append_messages(session, messages, key=key)
        except KeyReused:
            assert done is not None
            assert done[1] != said
            return
        if done is None:
            self.keys[session, key] = ids, said
            self.model[session] += texts
        else:
            assert done == (ids, said)

    @rule(session=SESSIONS, texts=TURNS)
    def append_under_a_lock(self, session: str, texts: list[str]) -> None:
        """Another program holds the lock longer than the patience."""
        holder = apsw.Connection(str(self.path))
        holder.execute("BEGIN IMMEDIATE")
        try:
            self.db.append_messages(session, [{"role": "user", "content": text} for text in texts])
        except Locked:
            pass
        else:
            raise AssertionError("a lock was passed by")
        finally:
            holder.execute("ROLLBACK")
            holder.close()

    @rule(session=SESSIONS, texts=TURNS)
    def replace(self, session: str, texts: list[str]) -> None:
        """A rewrite of the whole session."""
        if session in self.model:
            self.db.replace_messages(session, [{"role": "user", "content": text} for text in texts])
            self.model[session] = list(texts)

    @rule(session=SESSIONS)
    def clear(self, session: str) -> None:
        """All messages go."""
        if session in self.model:
            self.db.clear_messages(session)
            self.model[session] = []

    @rule(session=SESSIONS)
    def delete(self, session: str) -> None:
        """The session goes with its messages."""
        assert self.db.delete_session(session) == (self.model.pop(session, None) is not None)
        self.keys = {named: ids for named, ids in self.keys.items() if named[0] != session}

    @rule(session=SESSIONS, texts=TURNS)
    def record_while_the_file_is_gone(self, session: str, texts: list[str]) -> None:
        """The -shm vanishes under an agent, which keeps its turn in a file; it is replayed."""
        if session not in self.model:
            return
        recorder = SessionRecorder(self.db, session)
        known = [{"role": "user", "content": text} for text in self.model[session]]
        if recorder.record(known):
            raise AssertionError("what is stored was written again")
        self.db.ensure_session(session)
        shm, taken = Path(f"{self.path}-shm"), self.folder / "taken"
        shm.rename(taken)
        fresh = f"turn {len(known)} of {session}"
        try:
            recorder.record([*known, {"role": "user", "content": fresh}])
        except Replaced:
            pass
        else:
            raise AssertionError("a vanished -shm was not noticed")
        finally:
            taken.rename(shm)
        self.db.close()
        self._open()
        for path in self.db.refused():
            replay(self.db, path)
        self.model[session].append(fresh)

    @rule()
    def restart(self) -> None:
        """The program ends and another one starts."""
        self.db.close()
        self._open()

    @rule(session=SESSIONS)
    def fail(self, session: str) -> None:
        """A turn that cannot be stored leaves nothing."""
        try:
            self.db.append_messages(session, [{"role": "user"}, {"role": "user", "timestamp": float("inf")}])
        except (ValueError, StoreError):
            pass
        else:
            raise AssertionError("an endless time was stored")

    @invariant()
    def reads_what_was_written(self) -> None:
        """Sessions, texts and counters are the model's."""
        assert {row["id"] for row in self.db.search_sessions(limit=10)} == set(self.model)
        for session, texts in self.model.items():
            assert [row["content"] for row in self.db.get_messages(session)] == texts
            row = self.db.get_session(session)
            assert row is not None
            assert row["message_count"] == len(texts)
