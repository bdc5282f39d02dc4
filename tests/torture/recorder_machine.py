"""Up to four agents with recorders on one session: hypothesis lets them speak, compact, restart, fail, in any order."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import apsw
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from store import Locked, SessionDB, SessionRecorder
from store.sqlite.connect.writer import Writer
from tests.builders import sqlite_of
from tests.torture.recorder_model import FILE, OTHER, WORDS, Agent, faults, is_clear, texts

NAMES = ("first", "second", "third", "nameless")
WHO = st.sampled_from(NAMES)
TURN = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)


class RecorderMachine(RuleBasedStateMachine):
    """Each rule lets one agent do something; the invariant holds all rows against what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="recorder-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.path = self.folder / "state.db"
        self.agents = {name: Agent(name) for name in NAMES}
        self.recorders: dict[str, SessionRecorder] = {}
        self.databases: dict[str, SessionDB] = {}
        self.said: dict[str, list[str]] = {OTHER: [], FILE: []}
        self.waiting: set[str] = set()
        self.fresh: set[str] = set()
        """Agents that were started again and have not recorded since: stored rows are all that is known of them."""
        self.plain = SessionDB(self.path)
        for name in NAMES:
            self._start(name)

    @initialize(history=st.lists(st.sampled_from(WORDS), max_size=3), resumed=st.booleans())
    def begin(self, history: list[str], resumed: bool) -> None:
        """The session has a JSONL file, and one agent may have read it."""
        lines = [{"role": "user", "content": text, "message_id": FILE} for text in history]
        (self.folder / "sessions").mkdir()
        if lines:
            (self.folder / "sessions" / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if resumed:
            self.agents["first"].memory = [{"role": "user", "content": text} for text in history]
        self.said[FILE] = history
        self.agents["first"].say(["the first word"])
        self._record("first")

    def teardown(self) -> None:
        """Whatever waits is written, then everything is there once."""
        for name in sorted(self.waiting):
            self._record(name)
        found = faults(self.path, self._all_said())
        for database in (self.plain, *self.databases.values()):
            database.close()
        shutil.rmtree(self.folder)
        assert not found, found

    @rule(name=WHO, turn=TURN)
    def say(self, name: str, turn: list[str]) -> None:
        """An agent says something, maybe what another one said."""
        self._say(name, turn)
        self._record(name)

    @rule(name=WHO)
    def record_again(self, name: str) -> None:
        """An agent hands over what it handed over."""
        if self.agents[name].memory:
            self._record(name)

    @rule(turn=TURN)
    def write_without_a_recorder(self, turn: list[str]) -> None:
        """Another program appends the same words."""
        self.plain.append_messages(
            "s", [{"role": "user", "content": text, "platform_message_id": OTHER} for text in turn]
        )
        self.said[OTHER] += turn

    @rule(name=WHO, kept=st.integers(0, 6), turn=TURN)
    def compact_and_say(self, name: str, kept: int, turn: list[str]) -> None:
        """A summary replaces the beginning; the next turn comes with it where that can be read in one way only."""
        agent = self.agents[name]
        before, kept = texts(agent.memory), min(kept, len(agent.memory))
        if not before:
            return
        if name in self.fresh:
            self._record(name)
        agent.compact(kept)
        if name in self.waiting or not is_clear(before, [*texts(agent.memory), *turn], kept, 1):
            self._record(name)
        agent.say(turn)
        self._record(name)

    @rule(name=WHO, place=st.integers(0, 6))
    def edit(self, name: str, place: int) -> None:
        """A message in the middle changes."""
        agent, before = self.agents[name], texts(self.agents[name].memory)
        kept = len(before) - 1 - place
        if kept < 1 or self._is_unsure(name):
            return
        if is_clear(before, [*before[:place], "edit", *before[place + 1 :]], kept, place + 1):
            agent.edit(place)
            self._record(name)

    @rule(name=WHO)
    def take_back(self, name: str) -> None:
        """An agent forgets its last turn."""
        if self.agents[name].turns and not self._is_unsure(name):
            self.agents[name].take_back()
            self._record(name)

    @rule(name=st.sampled_from(NAMES[:3]))
    def restart(self, name: str) -> None:
        """A named agent ends and starts with the memory it had."""
        if name not in self.waiting:
            self.databases[name].close()
            self._start(name)
            self.fresh.add(name)
            if self.agents[name].has_taken_back:  # the same words again would be those of the last list it recorded
                self._record(name)

    @rule(name=WHO, turn=TURN)
    def say_under_a_lock(self, name: str, turn: list[str]) -> None:
        """Another program holds the lock longer than the patience."""
        self._say(name, turn)
        holder = apsw.Connection(str(self.path))
        holder.execute("BEGIN IMMEDIATE")
        try:
            self.recorders[name].record(self.agents[name].memory)
        except Locked:
            self.waiting.add(name)
        else:
            raise AssertionError("a lock was passed by")
        finally:
            holder.execute("ROLLBACK")
            holder.close()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), first=st.booleans())
    def crash_while_messages_wait(self, data: st.DataObject, first: bool) -> None:
        """An agent dies; its file is replayed before or after it starts again."""
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        self.databases[name].close()
        if first:
            self._replay()
        self._start(name)
        if name == "nameless":  # nobody knows its rows
            self._replay()
            self.agents[name].begin_again()
        self._record(name)
        self._replay()

    @invariant()
    def everything_is_stored_once_and_in_order(self) -> None:
        """The rows of each mark are what was said with it."""
        found = faults(self.path, self._all_said(), waiting=self.waiting)
        assert not found, found

    def _all_said(self) -> dict[str, list[str]]:
        return {**self.said, **{name: agent.said for name, agent in self.agents.items()}}

    def _say(self, name: str, turn: list[str]) -> None:
        """Say something; before its first words an agent says who it is, for a first “ok” could be the file's last."""
        agent = self.agents[name]
        if not agent.said:
            agent.say([f"I am {name}"])
            self._record(name)
        agent.say(turn)

    def _record(self, name: str) -> None:
        self.recorders[name].record(self.agents[name].memory)
        self.waiting.discard(name)
        self.fresh.discard(name)

    def _is_unsure(self, name: str) -> bool:
        return name in self.waiting or name in self.fresh

    def _start(self, name: str) -> None:
        self.databases[name] = SessionDB(self.path)
        sqlite_of(self.databases[name]).writer = Writer(self.path, patience=0.01)
        self.recorders[name] = SessionRecorder(self.databases[name], "s", writer=None if name == "nameless" else name)

    def _replay(self) -> None:
        for path in self.plain.refused():
            self.plain.replay(path)
