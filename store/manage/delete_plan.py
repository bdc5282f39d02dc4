"""Plan of a deletion: what goes, what stays, what speaks against it. Nothing here writes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..base.errors import SessionMissing
from ..engine.managed import ManagedFacts
from ..engine.operations import RUNNING
from ..files.gateway import GatewayState, present
from ..home_store import HomeStore
from .copies_left import copies_left, is_routed
from .model import RECENT, Against, DeletePlan, Objection
from .session_files import files_of


def plan_deletion(store: HomeStore, session_id: str, *, with_children: bool = False) -> DeletePlan:
    """The plan of a deletion; a stopped one is continued with the sessions that it began with.

    Args:
        with_children: Branches, subagents and resets of the chain go too.

    Raises:
        SessionMissing: Neither the database nor a file knows the session.
        ReadOnly: The database is not managed by us.
        StoreMissing: There is no database: the journal of a deletion is in it.
    """
    stopped = next(
        (
            header
            for header in store.managed.operations()
            if header.state == RUNNING and session_id in header.session_ids
        ),
        None,
    )
    lineage = store.engine.sessions.lineage([session_id])
    chain = lineage.chain(session_id) or (session_id,)
    below = lineage.below(chain)
    going = stopped.session_ids if stopped else (*chain, *(below if with_children else ()))
    now = time.time()
    facts = store.managed.facts(going, now=now)
    files = files_of(store, going)
    if not (facts.known or facts.messages or files or stopped):
        raise SessionMissing(f"no session “{session_id}” here; hermes-tui list prints every id")
    return DeletePlan(
        session_id=session_id,
        title=store.engine.records.title_of(chain[-1]),
        session_ids=going,
        kept_children=tuple(member for member in below if member not in going),
        messages=sum(facts.messages.values()),
        files=files,
        objections=tuple(_objections(store, facts, going, now)),
        copies=copies_left(store, going),
        gateway=present(store.gateway()),
        operation=stopped.operation if stopped else None,
        with_children=with_children,
    )


def _objections(store: HomeStore, facts: ManagedFacts, session_ids: Sequence[str], now: float) -> Iterator[Objection]:
    if facts.obstacle:
        yield Objection(Against.STRUCTURE, facts.obstacle)
    if facts.referrers:
        yield Objection(Against.REFERRED, ", ".join(facts.referrers))
    if facts.repairs:
        yield Objection(Against.REPAIR, ", ".join(facts.repairs))
    if facts.holder is not None:
        yield Objection(Against.BUSY, facts.holder)
    running = store.gateway().state is GatewayState.RUNNING
    if running and (facts.routed or is_routed(store, session_ids)):
        yield Objection(Against.HELD)
    if facts.newest is not None and facts.newest > now - RECENT:
        yield Objection(Against.RECENT)
