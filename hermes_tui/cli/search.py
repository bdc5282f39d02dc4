"""The verb `search`: hits with what stands around them, then one line that says how it went."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from hermes_tui.cli.output import Paper, complain
from hermes_tui.cli.show import now, opened
from hermes_tui.render.line import pad_left
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.time import many
from store import Batch, ContextLine, Hit, Home, Message, Origin, SessionDB
from store.query.parse import parse

SNIPPET = 200
"""Characters of a snippet; a longer text is cut around its first match."""
BEFORE = 60
"""Characters of a cut snippet that stand before the match."""
CONTEXT = 2_000
"""Characters of a message around a hit in a file."""
ROLE = 9
"""Cells of the longest usual role."""


@dataclass(slots=True)
class _Found:
    """What a search gave."""

    hits: list[Hit] = field(default_factory=list)
    capped: bool = False
    """There are more than were asked for."""
    fallback: str | None = None
    partial: bool = False
    """SQLite could not be read, or not to its end."""

    def take(self, batch: Batch) -> None:
        """Take a batch in."""
        self.hits += batch.hits
        self.capped |= batch.capped
        self.fallback = batch.fallback
        self.partial |= batch.partial


def search(
    home: Home, query: str, *, limit: int, sort: str, context: int, as_json: bool, out: TextIO, err: TextIO
) -> int:
    """Print the messages that a query finds, and the window around each.

    Args:
        query: In the language of the search row.
        limit: Hits at most.
        sort: `newest`, `best` or `oldest` first.
        context: Messages on each side of a hit.

    Returns:
        0; 2 where only files could be searched, and stderr says why.

    Raises:
        QueryInvalid: A filter's value means nothing.
        StoreError: The store cannot be read.
    """
    paper = Paper(out, now=now())
    began = time.perf_counter()
    with opened(home) as db:
        found = _find(db, query, limit=limit, sort=sort)
        milliseconds = round((time.perf_counter() - began) * 1000)
        windows = _Windows(db, context)
        for hit in found.hits:
            if as_json:
                paper.json(_told(hit, windows.around(hit)))
            else:
                _print_hit(paper, hit, windows.around(hit))
        meant = {} if found.hits or as_json else db.meant(query)
    sessions = len({hit.session_id for hit in found.hits})
    if as_json:
        paper.json({"summary": _summary(found, sessions, milliseconds, sort)})
    else:
        paper.line(safe(paper.glyphs.words(_in_words(found, sessions, milliseconds, sort))))
        if meant:
            paper.line(safe(f"did you mean {', '.join(f'{right} for {word}' for word, right in meant.items())}?"))
        elif not parse(query, now=time.time()).has_conditions:
            paper.line(safe("there is no word to search for in that"))
    if found.partial:
        alone = "" if home.is_every else ", from files alone"
        return complain(f"partial{alone}: {found.fallback}", err)
    return 0


def _find(db: SessionDB, query: str, *, limit: int, sort: str) -> _Found:
    """The hits in the order asked for.

    The store streams them newest first; the other orders look at every match.
    """
    found = _Found()
    if sort == "newest":
        for batch in db.search(query, limit=limit):
            found.take(batch)
    else:
        found.take((db.oldest if sort == "oldest" else db.rank)(query, limit=limit))
    return found


class _Windows:
    """What stands around hits, from the source where each was found."""

    def __init__(self, db: SessionDB, width: int) -> None:
        self._db = db
        self._width = width
        self._files: dict[str, Sequence[Message]] = {}

    def around(self, hit: Hit) -> Sequence[ContextLine]:
        """The messages before a hit, the hit itself and those after it."""
        if hit.origin is Origin.SQLITE:
            return self._db.context(hit.session_id, hit.message_id, width=self._width)
        if hit.session_id not in self._files:
            self._files = {hit.session_id: self._db.file_messages(hit.session_id)}
        lines = self._files[hit.session_id]
        place = next((place for place, line in enumerate(lines) if line.id == hit.message_id), None)
        if place is None:
            return ()
        return [
            ContextLine(line.id or 0, line.role, line.text[:CONTEXT], line.id == hit.message_id)
            for line in lines[max(place - self._width, 0) : place + self._width + 1]
        ]


def snippet(hit: Hit) -> str:
    """The part of a hit's text that stands around its first match."""
    first = hit.spans[0][0] if hit.spans else 0
    start = max(first - BEFORE, 0) if len(hit.text) > SNIPPET else 0
    return hit.text[start : start + SNIPPET]


def _told(hit: Hit, lines: Sequence[ContextLine]) -> dict[str, object]:
    return {
        "session_id": hit.session_id,
        "message_id": hit.message_id,
        "role": hit.role,
        "timestamp": hit.timestamp,
        "source": hit.source,
        "model": hit.model,
        "title": hit.title,
        "snippet": snippet(hit),
        "context": [{"id": line.id, "role": line.role, "text": line.text, "hit": line.hit} for line in lines],
    }


def _summary(found: _Found, sessions: int, milliseconds: int, sort: str) -> dict[str, object]:
    return {
        "hits": len(found.hits),
        "sessions": sessions,
        "capped": found.capped,
        "milliseconds": milliseconds,
        "sort": sort,
        "fallback": found.fallback,
    }


def _print_hit(paper: Paper, hit: Hit, lines: Sequence[ContextLine]) -> None:
    """The session, then the window with the hit marked by `>`."""
    title = one_line(hit.title or "") or "(no title)"
    paper.line(safe(f"{hit.session_id}  {title}  {hit.source}  {paper.stamp(hit.timestamp)}"))
    for line in lines or [ContextLine(hit.message_id, hit.role, hit.text, hit=True)]:
        role = pad_left(paper.cut(line.role, ROLE), ROLE)
        text = paper.cut(snippet(hit) if line.hit else line.text, paper.columns - ROLE - 4)
        paper.line(SafeText(f"{'>' if line.hit else ' '} {role}  {text}"))
    paper.line(safe(""))


def _in_words(found: _Found, sessions: int, milliseconds: int, sort: str) -> str:
    """The line under the search row, as far as it applies."""
    more = "first " if found.capped else ""
    parts = (
        f"{more}{many(len(found.hits), 'hit')} in {many(sessions, 'session')}",
        f"{sort} first",
        f"{milliseconds} ms",
        found.fallback,
    )
    return " · ".join(part for part in parts if part)
