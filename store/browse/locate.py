"""Why can't I see it? Where a session is, in which profile and file, and why a list leaves it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged, StoreError, StoreMissing
from ..base.models import Census, FamilyMember, Origin, Relation, Session, SessionLocation
from ..base.strict_json import BadJson, load
from ..files.home import Home

if TYPE_CHECKING:
    from .browser import BrowserVerbs

MOST = 20
"""Sessions that one look-up tells of, in each profile."""

ORPHANED = "__orphaned__"
"""What a later Hermes wrote into `_delegate_from` of ordinary short chats, so that its lists hide them
(docs/format.md §4.4)."""

_FILES = {
    Origin.JSONL: "only a JSONL file has it: it was deleted from SQLite, or never in it",
    Origin.SPOOL: "it waits in the spool: its messages could not be written into SQLite",
    Origin.SNAPSHOT: "only a JSON snapshot is left over, which may lack messages: deleted from SQLite, or never in it",
}


def home_of(state_db: Path) -> Home:
    """The home that a state.db belongs to."""
    folder = state_db.absolute().parent
    return Home(folder.parent.parent, folder.name) if folder.parent.name == "profiles" else Home(folder)


def siblings(state_db: Path) -> tuple[Home, ...]:
    """All profiles of the root that a state.db belongs to, none where they cannot be listed."""
    try:
        return home_of(state_db).profiles()
    except StoreError:
        return ()


def census(db: BrowserVerbs) -> Census:
    """Count a home's sessions by their source, and those of its sibling profiles."""
    return replace(own(db), profiles=tuple((home.name, _counted_of(db, home)) for home in siblings(db.path)))


def own(db: BrowserVerbs) -> Census:
    """Count a home's own sessions by their source."""
    alone = [session.origin for session in db.file_sessions()]
    spool = db.leftovers.spool
    problems = [session.problem for session in db.file_sessions() if session.problem]
    return Census(
        stored=_counted(db),
        jsonl=alone.count(Origin.JSONL),
        spool=alone.count(Origin.SPOOL),
        snapshots=alone.count(Origin.SNAPSHOT),
        waiting=sum(len(spool.messages(session_id)) for session_id in spool.ids()),
        problems=(*spool.problems(), *problems),
    )


def where(db: BrowserVerbs, text: str) -> tuple[SessionLocation, ...]:
    """Every session that an id, the start of one, or a part of a title may mean: this profile's, then its siblings'."""
    text = text.strip()
    if not text:
        return ()
    found = list(_found(db, text))
    for home in siblings(db.path):
        if home.state_db != db.path.absolute():
            other = db.sibling(home)
            try:
                found += _found(other, text)
            except StoreError:  # the census says that it cannot be counted
                pass
            finally:
                other.close()
    return tuple(found)


def _counted(db: BrowserVerbs) -> int | None:
    try:
        return db.scope().total
    except StoreMissing:
        return 0
    except StoreError:
        return None


def _counted_of(db: BrowserVerbs, home: Home) -> int | None:
    if home.state_db == db.path.absolute():
        return _counted(db)
    other = db.sibling(home)
    try:
        return _counted(other)
    finally:
        other.close()


def _found(db: BrowserVerbs, text: str) -> Iterator[SessionLocation]:
    ids = dict.fromkeys(_stored(db, text))
    beside = [*db.leftovers.spool.ids(), *db.leftovers.snapshots.files()]
    beside += [session_id for session_id, _ in db.leftovers.files.newest_first()]
    ids |= dict.fromkeys(session_id for session_id in beside if session_id.startswith(text))
    for session_id in list(ids)[:MOST]:
        session = db.session(session_id)
        if session is not None:
            family = db.family(session_id) if session.origin is Origin.SQLITE else ()
            reasons = tuple(_reasons(db, session, family))
            yield SessionLocation(session, tuple(_held(db, session)), reasons, family if len(family) > 1 else ())


def _stored(db: BrowserVerbs, text: str) -> list[str]:
    """Ids in SQLite; none where it cannot be read, which the census says."""
    try:
        return db.named(text, limit=MOST)
    except (CannotOpen, Damaged):
        return []


def _reasons(db: BrowserVerbs, session: Session, family: Sequence[FamilyMember]) -> Iterator[str]:
    """Why it may be out of view, the most telling first."""
    if session.origin in _FILES:
        yield _FILES[session.origin]
    yield from _marks(session)
    if session.is_older_section:
        tip = db.chain(session.id)[-1]
        yield f"section {session.section} of {session.chain} of one conversation, which is listed as {tip}"
    if session.relation is Relation.DELEGATE:
        yield f"a subagent's, child of {session.parent_id}"
    elif session.relation is Relation.BRANCH:
        yield f"a branch of {session.parent_id}, listed by itself"
    elif session.relation is Relation.RESET:
        yield f"begun anew after {session.parent_id}, listed by itself"
    if session.parent_id and all(kin.session.id != session.parent_id for kin in family):
        yield f"its parent {session.parent_id} is gone"
    if session.origin is Origin.SQLITE and _is_orphaned(db, session.id):
        yield "hidden by Hermes itself, which took it for a subagent's; it is listed here"
    if session.origin is Origin.SQLITE and (waiting := db.waiting(session.id)):
        yield f"{_many(len(waiting), 'message')} of it wait in the spool, not written into SQLite yet"
    if session.problem:
        yield session.problem
    if not session.messages:
        yield "it has no messages"


def _marks(session: Session) -> Iterator[str]:
    """What its own row says, or that it has none."""
    if session.orphan:
        yield "its messages are in SQLite without a row of the session: Hermes does not list it, it is listed here"
    if session.archived:
        yield "archived"
    if session.hidden:
        yield "marked as internal by Hermes"


def _is_orphaned(db: BrowserVerbs, session_id: str) -> bool:
    row = db.get_session(session_id)
    config = row.get("model_config") if row else None
    try:
        value = load(config) if isinstance(config, str) else None
    except BadJson:
        return False
    return isinstance(value, dict) and value.get("_delegate_from") == ORPHANED


def _held(db: BrowserVerbs, session: Session) -> Iterator[str]:
    """Every file that holds something of it."""
    if session.origin is Origin.SQLITE:
        yield f"{db.path}: {_many(session.messages, 'message')}"
    facts = db.facts(session.id)
    found = db.leftovers.files.find(session.id)
    if facts is not None and found is not None:
        damaged = f", {_many(facts.bad_lines, 'damaged line')}" if facts.bad_lines else ""
        yield f"{found.path}: {_many(facts.messages, 'message')}{damaged}"
    if waiting := db.leftovers.spool.messages(session.id):
        yield f"{db.path.parent / 'pending_messages'}: {_many(len(waiting), 'message')}"
    snapshot = db.leftovers.snapshots.get(session.id)
    if snapshot is not None:
        yield f"{snapshot.stat.path}: {_many(len(snapshot.messages), 'message')}, a snapshot"
    for path in db.leftovers.dumps(session.id):
        yield f"{path}: a dump of a request"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
