"""Request for the details of the session that is read: its row's other columns, its family, its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from math import isfinite

from hermes_tui.feed.answers import Answer
from hermes_tui.feed.store_worker import StoreWorker
from hermes_tui.render.details import StoredDetails, Sums
from store import Browser
from store.models import Relation


class DetailsArrived(Answer):
    """What is stored about a session beside its row in the list."""

    details: StoredDetails


class DetailsRequest:
    """Asks in a thread of its own: nothing else waits for a long chain."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._thread = worker.thread("details")

    def ask(self, session_id: str, *, delay: float = 0.0) -> None:
        """Ask for the details of a session in `delay` seconds; another request takes its place."""
        self._worker.ask(self._thread, "details", partial(_details, session_id), delay=delay)


def _details(session_id: str, db: Browser, generation: int) -> Iterator[Answer]:
    ids = db.chain(session_id) or (session_id,)
    rows = {id_: row for id_ in ids if (row := db.session_record(id_)) is not None}
    sums = Sums(
        sections=len(ids),
        counted=len(rows),
        tokens_in=int(sum(_number(row.get("input_tokens")) for row in rows.values())),
        tokens_out=int(sum(_number(row.get("output_tokens")) for row in rows.values())),
        estimated=sum(_number(row.get("estimated_cost_usd")) for row in rows.values()),
        actual=sum(_number(row.get("actual_cost_usd")) for row in rows.values()),
        included=any(row.get("cost_status") == "included" for row in rows.values()),
    )
    prompt = rows.get(session_id, {}).get("system_prompt")
    kin = Counter(member.session.relation for member in db.family(session_id) if member.session.id != session_id)
    yield DetailsArrived(
        generation,
        StoredDetails(
            session_id,
            sums,
            prompt if isinstance(prompt, str) else "",
            branches=kin[Relation.BRANCH],
            subagents=kin[Relation.DELEGATE],
            facts=db.facts(session_id),
        ),
    )


def _number(cell: object) -> float:
    """A stored count or cost; 0 for a cell of any other type, and for one that is no number."""
    return cell if isinstance(cell, int | float) and isfinite(cell) and cell > 0 else 0
