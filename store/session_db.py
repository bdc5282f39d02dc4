"""SessionDB, the store of one Hermes home: upstream's verb names, and the verbs of browser and repairs."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .agent import recorder
from .agent.messages import AgentMessages
from .agent.sessions import AgentSessions
from .base.delegation import Late, delegate
from .files import home
from .formats import titles
from .open import PATIENCE, open_store

if TYPE_CHECKING:
    from .browse.browser import HomeBrowser
    from .browse.statistics import HomeStatistics
    from .manage.management import HomeManagement
    from .repair.repairs import HomeRepairs
else:  # an agent that writes needs none of them
    HomeBrowser = Late("store.browse.browser", "HomeBrowser")
    HomeStatistics = Late("store.browse.statistics", "HomeStatistics")
    HomeManagement = Late("store.manage.management", "HomeManagement")
    HomeRepairs = Late("store.repair.repairs", "HomeRepairs")


def _sessions(db: SessionDB) -> AgentSessions:
    return db._sessions


def _messages(db: SessionDB) -> AgentMessages:
    return db._messages


def _browser(db: SessionDB) -> HomeBrowser:
    return db.browser


def _repairs(db: SessionDB) -> HomeRepairs:
    return db.repairs


def _management(db: SessionDB) -> HomeManagement:
    return db.management


class SessionDB:
    """Every verb there is; those that agents know: docs/format.md §8.

    Any method may be called from any thread; reads never wait for a writer of this process.
    Reading writes nothing: no migration, no checkpoint.
    A write that has returned is on the disk: it survives `kill -9` of any process and a loss of power.
    A write waits at most `patience` seconds for the lock and then raises `Locked`, which names the holder; it is done
    whole or not at all. Where the file was replaced or lost its WAL it raises `Replaced`, and reads go on with the new
    file; `SessionRecorder` then keeps the messages in a file. On a file system without reliable locks it raises
    `UnsafeFilesystem`.
    A handle belongs to the process that opened it: after a fork every verb of it raises `ForeignHandle`, and the child
    opens a new one; where a thread read or wrote during the fork that raises too, and says to use spawn or exec.
    Times are seconds since 1970 UTC. Lone surrogates in what is written become U+FFFD.

    Args:
        db_path: The state.db; without `read_only` it is made where it is missing or empty, with its folder.
            That of HERMES_HOME, else of ~/.hermes, where it is None.
            Or the URL of a schema on a PostgreSQL server, `postgresql://host/db?schema=NAME`; see `open_store`.
        read_only: Create nothing, refuse every write.
        sessions_dir: Folder of the legacy files; `sessions` beside the state.db where it is None.
        patience: Seconds that a write waits for the lock.
        cache_dir: Folder of the verdict cache; None for none.

    Raises:
        StoreError: From every verb, a leaf class whose message says what is wrong and what to do.
    """

    MAX_TITLE_LENGTH = titles.MAX_LENGTH
    sanitize_title = staticmethod(titles.sanitize)

    def __init__(
        self,
        db_path: Path | str | None = None,
        read_only: bool = False,
        *,
        sessions_dir: Path | None = None,
        patience: float = PATIENCE,
        cache_dir: Path | None = None,
    ) -> None:
        self.store = open_store(
            db_path or home.default_state_db(os.environ, sys.platform, Path.home()),
            read_only=read_only,
            sessions_dir=sessions_dir,
            patience=patience,
            cache_dir=cache_dir,
        )
        self.store.engine.records  # noqa: B018  # imported now: an agent may have no descriptor left when it reads
        self._sessions = AgentSessions(self.store)
        self._messages = AgentMessages(self.store)

    @cached_property
    def browser(self) -> HomeBrowser:
        """The verbs that read, for people."""
        return HomeBrowser(self.store)

    @cached_property
    def repairs(self) -> HomeRepairs:
        """The verbs that repair."""
        return HomeRepairs(self.store)

    @cached_property
    def management(self) -> HomeManagement:
        """The verbs that keep sessions in order."""
        return HomeManagement(self.store)

    @cached_property
    def statistics(self) -> HomeStatistics:
        """What the home holds."""
        return HomeStatistics(self.store)

    @property
    def path(self) -> Path:
        """The state.db."""
        return self.store.path

    @property
    def db_path(self) -> Path:
        """The same by upstream's name."""
        return self.path

    @property
    def index_damaged(self) -> bool:
        """True once a write of this handle only went through beside a damaged full-text index: rows cannot be found."""
        return self.store.engine.index_damaged

    def close(self) -> None:
        """Close every connection; later calls fail. May be called twice."""
        self.store.close()

    create_session = delegate(_sessions, AgentSessions.create_session)
    ensure_session = delegate(_sessions, AgentSessions.ensure_session)
    end_session = delegate(_sessions, AgentSessions.end_session)
    reopen_session = delegate(_sessions, AgentSessions.reopen_session)
    update_system_prompt = delegate(_sessions, AgentSessions.update_system_prompt)
    update_token_counts = delegate(_sessions, AgentSessions.update_token_counts)
    delete_session = delegate(_sessions, AgentSessions.delete_session)
    prune_sessions = delegate(_sessions, AgentSessions.prune_sessions)
    get_session = delegate(_sessions, AgentSessions.get_session)
    resolve_session_id = delegate(_sessions, AgentSessions.resolve_session_id)
    set_session_title = delegate(_sessions, AgentSessions.set_session_title)
    get_session_title = delegate(_sessions, AgentSessions.get_session_title)
    get_session_by_title = delegate(_sessions, AgentSessions.get_session_by_title)
    resolve_session_by_title = delegate(_sessions, AgentSessions.resolve_session_by_title)
    get_next_title_in_lineage = delegate(_sessions, AgentSessions.get_next_title_in_lineage)
    list_sessions_rich = delegate(_sessions, AgentSessions.list_sessions_rich)
    search_sessions = delegate(_sessions, AgentSessions.search_sessions)
    session_count = delegate(_sessions, AgentSessions.session_count)

    append_message = delegate(_messages, AgentMessages.append_message)
    append_messages = delegate(_messages, AgentMessages.append_messages)
    import_sessions = delegate(_messages, AgentMessages.import_sessions)
    replace_messages = delegate(_messages, AgentMessages.replace_messages)
    clear_messages = delegate(_messages, AgentMessages.clear_messages)
    message_count = delegate(_messages, AgentMessages.message_count)
    get_messages = delegate(_messages, AgentMessages.get_messages)
    get_messages_as_conversation = delegate(_messages, AgentMessages.get_messages_as_conversation)
    load_transcript = delegate(_messages, AgentMessages.load_transcript)
    search_messages = delegate(_messages, AgentMessages.search_messages)
    export_session = delegate(_messages, AgentMessages.export_session)
    export_all = delegate(_messages, AgentMessages.export_all)

    sessions = delegate(_browser, HomeBrowser.sessions)
    recent = delegate(_browser, HomeBrowser.recent)
    session = delegate(_browser, HomeBrowser.session)
    file_sessions = delegate(_browser, HomeBrowser.file_sessions)
    outlines = delegate(_browser, HomeBrowser.outlines)
    listing = delegate(_browser, HomeBrowser.listing)
    scope = delegate(_browser, HomeBrowser.scope)
    chain = delegate(_browser, HomeBrowser.chain)
    family = delegate(_browser, HomeBrowser.family)
    named = delegate(_browser, HomeBrowser.named)
    resolve = delegate(_browser, HomeBrowser.resolve)
    versions = delegate(_browser, HomeBrowser.versions)
    carried = delegate(_browser, HomeBrowser.carried)
    heads = delegate(_browser, HomeBrowser.heads)
    messages = delegate(_browser, HomeBrowser.messages)
    containing = delegate(_browser, HomeBrowser.containing)
    stored_texts = delegate(_browser, HomeBrowser.stored_texts)
    context = delegate(_browser, HomeBrowser.context)
    file_messages = delegate(_browser, HomeBrowser.file_messages)
    snapshot_messages = delegate(_browser, HomeBrowser.snapshot_messages)
    spooled = delegate(_browser, HomeBrowser.spooled)
    waiting = delegate(_browser, HomeBrowser.waiting)
    reading = delegate(_browser, HomeBrowser.reading)
    pieces = delegate(_browser, HomeBrowser.pieces)
    beginning = delegate(_browser, HomeBrowser.beginning)
    session_record = delegate(_browser, HomeBrowser.session_record)
    records = delegate(_browser, HomeBrowser.records)
    search = delegate(_browser, HomeBrowser.search)
    rank = delegate(_browser, HomeBrowser.rank)
    oldest = delegate(_browser, HomeBrowser.oldest)
    count = delegate(_browser, HomeBrowser.count)
    meant = delegate(_browser, HomeBrowser.meant)
    glance = delegate(_browser, HomeBrowser.glance)
    glances = delegate(_browser, HomeBrowser.glances)
    survey = delegate(_browser, HomeBrowser.survey)
    verify = delegate(_browser, HomeBrowser.verify)
    facts = delegate(_browser, HomeBrowser.facts)
    all_facts = delegate(_browser, HomeBrowser.all_facts)
    drift = delegate(_browser, HomeBrowser.drift)
    check = delegate(_browser, HomeBrowser.check)
    checks = delegate(_browser, HomeBrowser.checks)
    plan = delegate(_browser, HomeBrowser.plan)
    plans = delegate(_browser, HomeBrowser.plans)
    objection = delegate(_browser, HomeBrowser.objection)
    difference = delegate(_browser, HomeBrowser.difference)
    operations = delegate(_browser, HomeBrowser.operations)
    census = delegate(_browser, HomeBrowser.census)
    where = delegate(_browser, HomeBrowser.where)
    problems = delegate(_browser, HomeBrowser.problems)
    watch = delegate(_browser, HomeBrowser.watch)
    health = delegate(_browser, HomeBrowser.health)
    refused = delegate(_browser, HomeBrowser.refused)
    replayable = delegate(_browser, HomeBrowser.replayable)

    repair = delegate(_repairs, HomeRepairs.repair)
    finish = delegate(_repairs, HomeRepairs.finish)
    undo = delegate(_repairs, HomeRepairs.undo)

    plan_delete = delegate(_management, HomeManagement.plan_delete)
    delete = delegate(_management, HomeManagement.delete)
    restore = delegate(_management, HomeManagement.restore)
    trash = delegate(_management, HomeManagement.trash)
    plan_emptying = delegate(_management, HomeManagement.plan_emptying)
    empty = delegate(_management, HomeManagement.empty)
    rename = delegate(_management, HomeManagement.rename)
    title_holder = delegate(_management, HomeManagement.title_holder)
    plan_mark = delegate(_management, HomeManagement.plan_mark)
    mark = delegate(_management, HomeManagement.mark)

    def replay(self, path: Path) -> int:
        """Write the messages of one file of the outbox, and remove it; see `agent.recorder.replay`."""
        return recorder.replay(self, path)
