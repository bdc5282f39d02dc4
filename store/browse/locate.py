"""Location of a session: its profile, its files, and the reasons why a list leaves it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged, StoreError, StoreMissing
from ..base.late_dataclass import replace
from ..base.models import Census, FamilyMember, Origin, Relation, Session, SessionLocation
from ..base.strict_json import load_or
from ..files.home import Home, distinct, home_of
from .sessions import StoredSessions

if TYPE_CHECKING:
    from ..home_store import HomeStore

MOST = 20
"""Maximum sessions of a look-up, in each profile."""

ORPHANED = "__orphaned__"
"""Value that a later Hermes wrote into `_delegate_from` of ordinary short chats, so that its lists hide them
(docs/format.md §4.4)."""

_FILES = {
    Origin.JSONL: "only a JSONL file has it: it was deleted from SQLite, or never in it",
    Origin.SPOOL: "it waits in the spool: its messages could not be written into SQLite",
    Origin.SNAPSHOT: "only a JSON snapshot is left over, which may lack messages: deleted from SQLite, or never in it",
}


def siblings(state_db: Path) -> tuple[Home, ...]:
    """All profiles of the root that a state.db belongs to, none where they cannot be listed or on a server."""
    home = home_of(state_db)
    if not home.root.is_dir():
        return ()
    try:
        return distinct(home.profiles())
    except StoreError:
        return ()


class Locator:
    """Finds sessions of one home and of its sibling profiles, and their files."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._sessions = StoredSessions(store)

    def census(self) -> Census:
        """Sessions of this home by their source, messages that wait, parts that cannot be read, other profiles."""
        profiles = tuple((home.name, self._counted_of(home)) for home in siblings(self._store.path))
        return replace(self.own(), profiles=profiles)

    def own(self) -> Census:
        """The same without the other profiles."""
        sessions = self._sessions.file_sessions()
        origins = [session.origin for session in sessions]
        spool = self._store.leftovers.spool
        return Census(
            stored=self._counted(),
            jsonl=origins.count(Origin.JSONL),
            spool=origins.count(Origin.SPOOL),
            snapshots=origins.count(Origin.SNAPSHOT),
            waiting=sum(len(spool.messages(session_id)) for session_id in spool.ids()),
            problems=(*spool.problems(), *(session.problem for session in sessions if session.problem)),
        )

    def where(self, text: str) -> tuple[SessionLocation, ...]:
        """Sessions that have a text in their id or title, in this profile and the others.

        Returns:
            This profile's first; () where nothing is found.
        """
        text = text.strip()
        if not text:
            return ()
        found = list(self._found(text))
        for home in siblings(self._store.path):
            if home.state_db != self._store.path.absolute():
                with closing(self._store.sibling(home)) as other:
                    try:
                        found += Locator(other)._found(text)
                    except StoreError:  # the census reports it
                        continue
        return tuple(found)

    def _counted(self) -> int | None:
        try:
            return self._sessions.scope().total
        except StoreMissing:
            return 0
        except StoreError:
            return None

    def _counted_of(self, home: Home) -> int | None:
        if home.state_db == self._store.path.absolute():
            return self._counted()
        with closing(self._store.sibling(home)) as other:
            return Locator(other)._counted()

    def _found(self, text: str) -> Iterator[SessionLocation]:
        leftovers = self._store.leftovers
        ids = dict.fromkeys(self._stored(text))
        beside = [*leftovers.spool.ids(), *leftovers.snapshots.files()]
        beside += leftovers.files.ids_without(())
        ids |= dict.fromkeys(session_id for session_id in beside if text in session_id)
        for session_id in list(ids)[:MOST]:
            session = self._sessions.session(session_id)
            if session is not None:
                family = self._sessions.family(session_id) if session.origin is Origin.SQLITE else ()
                reasons = tuple(self._reasons(session, family))
                yield SessionLocation(session, tuple(self._files(session)), reasons, family if len(family) > 1 else ())

    def _stored(self, text: str) -> list[str]:
        """Ids in SQLite; none where it cannot be read, which the census reports."""
        try:
            return self._sessions.named(text, limit=MOST)
        except (CannotOpen, Damaged):
            return []

    def _reasons(self, session: Session, family: Sequence[FamilyMember]) -> Iterator[str]:
        """Reasons why it may be out of view, the most important first."""
        if session.origin in _FILES:
            yield _FILES[session.origin]
        yield from _marks(session)
        if session.is_older_section:
            tip = self._sessions.chain(session.id)[-1]
            yield f"section {session.section} of {session.chain} of one conversation, which is listed as {tip}"
        if session.relation is Relation.DELEGATE:
            yield f"a subagent's, child of {session.parent_id}"
        elif session.relation is Relation.BRANCH:
            yield f"a branch of {session.parent_id}, listed by itself"
        elif session.relation is Relation.RESET:
            yield f"a reset of {session.parent_id}, listed by itself"
        if session.parent_id and all(kin.session.id != session.parent_id for kin in family):
            yield f"its parent {session.parent_id} is gone"
        if session.profile_name and session.profile_name != session.profile:
            yield f"Hermes counts it as one of the profile {session.profile_name}; it lies in {session.profile}"
        if session.origin is Origin.SQLITE and self._is_orphaned(session.id):
            yield "hidden by Hermes itself, which took it for a subagent's; it is listed here"
        if session.origin is Origin.SQLITE and (waiting := self._store.leftovers.waiting(session.id)):
            yield f"{_many(len(waiting), 'message')} of it wait in the spool, not written into SQLite yet"
        if session.problem:
            yield session.problem
        if not session.messages:
            yield "it has no messages"

    def _is_orphaned(self, session_id: str) -> bool:
        from ..agent.sessions import AgentSessions

        row = AgentSessions(self._store).get_session(session_id)
        config = load_or(row.get("model_config"), None) if row else None
        return isinstance(config, dict) and config.get("_delegate_from") == ORPHANED

    def _files(self, session: Session) -> Iterator[str]:
        """Every file that has a part of it."""
        if session.origin is Origin.SQLITE:
            yield f"{self._store.path}: {_many(session.messages, 'message')}"
        facts = self._store.files.facts(session.id)
        found = self._store.leftovers.files.find(session.id)
        if facts is not None and found is not None:
            damaged = f", {_many(facts.bad_lines, 'damaged line')}" if facts.bad_lines else ""
            yield f"{found.path}: {_many(facts.messages, 'message')}{damaged}"
        if waiting := self._store.leftovers.spool.messages(session.id):
            yield f"{self._store.path.parent / 'pending_messages'}: {_many(len(waiting), 'message')}"
        snapshot = self._store.leftovers.snapshots.get(session.id)
        if snapshot is not None:
            yield f"{snapshot.stat.path}: {_many(len(snapshot.messages), 'message')}, a snapshot"
        for path in self._store.leftovers.dumps(session.id):
            yield f"{path}: a dump of a request"


def _marks(session: Session) -> Iterator[str]:
    """Reasons in its own row, or that it has none."""
    if session.orphan:
        yield "its messages are in SQLite without a row of the session: Hermes does not list it, it is listed here"
    if session.archived:
        yield "archived"
    if session.hidden:
        yield "marked as internal by Hermes"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
