"""The verb `search`: hits with their context, then one line with the numbers of the search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from hermes_tui import config
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, picked
from hermes_tui.cli.printed_ids import ids_by_look_up
from hermes_tui.cli.stores import opened
from hermes_tui.render.fallback import fallback_words
from hermes_tui.render.line import Range, pad_left
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.time import many
from store import Batch, Browser, ContextLine, Hit, Home
from store.base.late_dataclass import dataclass, field
from store.browse.hit_context import around, text_or_calls
from store.models import FallbackKind
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
class _Results:
    """The hits of a search, and its limits."""

    hits: list[Hit] = field(default_factory=list)
    capped: bool = False
    """There are more than were asked for."""
    fallback: str | None = None
    partial: bool = False
    """SQLite could not be read, or not to its end."""
    unread: bool = False
    """SQLite could not be read."""

    def take(self, batch: Batch) -> None:
        """Add a batch."""
        self.hits += batch.hits
        self.capped |= batch.capped
        self.fallback = fallback_words(batch)
        self.partial |= batch.partial
        self.unread |= any(fallback.kind is FallbackKind.STORE_UNREAD for fallback in batch.fallbacks)


def search(home: Home, options: Options, streams: Streams) -> int:
    """Print the messages that a query finds, and the context of each.

    Returns:
        0; 2 where only files could be searched or something is on damaged pages, and stderr says so.

    Raises:
        QueryInvalid: A filter's value means nothing.
        StoreError: The store cannot be read.
    """
    query, sort = " ".join(options.query), options.sort
    output = Output(streams.out)
    began = time.perf_counter()
    with opened(home, cache_dir=None if options.demo else config.cache_dir()) as db:
        found = _find(db, query, limit=options.limit, sort=sort)
        milliseconds = round((time.perf_counter() - began) * 1000)
        # Hits of a session come together, so its files are read once.
        file_messages, printed = lru_cache(maxsize=1)(db.file_messages), ids_by_look_up(home, db)
        for hit in found.hits:
            lines = around(
                db,
                (hit.session_id, hit.message_id, hit.origin),
                width=options.context,
                text=(lambda message: message.text[:CONTEXT]) if options.json else text_or_calls,
                file_messages=file_messages,
            )
            if options.json:
                output.json({"session_id": printed(hit.session_id), **_hit_json(hit, lines)})
            else:
                _print_hit(output, printed(hit.session_id), hit, lines)
        meant = {} if found.hits or options.json else db.meant(query)
        lost = () if found.partial else db.problems()
    sessions = len({hit.session_id for hit in found.hits})
    if options.json:
        output.json({"summary": _summary(found, sessions, milliseconds, sort)})
    else:
        output.line(safe(output.glyphs.words(_in_words(found, sessions, milliseconds, sort))))
        if meant:
            output.line(safe(f"did you mean {', '.join(f'{right} for {word}' for word, right in meant.items())}?"))
        elif not parse(query, now=time.time()).has_conditions:
            output.line(safe("there is no word to search for in that"))
    if found.partial:
        alone = ", from files alone" if found.unread and not home.is_every else ""
        return complain(f"partial{alone}: {found.fallback}", streams.err)
    return complain(f"partial: {lost[0]}", streams.err) if lost else 0


def _find(db: Browser, query: str, *, limit: int, sort: str) -> _Results:
    """The hits in the order asked for.

    The store streams them newest first; the other orders look at every match.
    """
    found = _Results()
    if sort == "newest":
        for batch in db.search(query, limit=limit):
            found.take(batch)
    else:
        found.take((db.oldest if sort == "oldest" else db.rank)(query, limit=limit))
    return found


def around_match(text: str, spans: Sequence[Range]) -> str:
    """The part of a text around its first match."""
    first = spans[0][0] if spans else 0
    start = max(first - BEFORE, 0) if len(text) > SNIPPET else 0
    return text[start : start + SNIPPET]


def _hit_json(hit: Hit, lines: Sequence[ContextLine]) -> dict[str, object]:
    return {
        **picked(hit, "message_id", "role", "timestamp", "source", "model", "title"),
        "snippet": around_match(hit.text, hit.spans),
        "context": [picked(line, "id", "role", "text", "hit") for line in lines],
    }


def _summary(found: _Results, sessions: int, milliseconds: int, sort: str) -> dict[str, object]:
    return {
        "hits": len(found.hits),
        "sessions": sessions,
        "capped": found.capped,
        "milliseconds": milliseconds,
        "sort": sort,
        "fallback": found.fallback,
    }


def _print_hit(output: Output, session_id: str, hit: Hit, lines: Sequence[ContextLine]) -> None:
    """The session, then the context with the hit marked by `>`."""
    title = one_line(hit.title or "") or "(no title)"
    output.line(safe(f"{session_id}  {title}  {hit.source}  {output.stamp(hit.timestamp)}"))
    for line in lines or [ContextLine(hit.message_id, hit.role, hit.text, hit=True)]:
        role = pad_left(output.cut(line.role, ROLE), ROLE)
        said = (hit.text, hit.spans) if line.hit else (line.text, ())
        shown = _readable(*said, line.role, output.glyphs.words)
        text = output.cut(around_match(*shown), output.columns - ROLE - 4)
        output.line(SafeText(f"{'>' if line.hit else ' '} {role}  {text}"))
    output.line(safe(""))


def _readable(text: str, spans: Sequence[Range], role: str, words: Callable[[str], str]) -> tuple[str, Sequence[Range]]:
    """Calls and results as the screen has them; any other text as it is stored."""
    is_tool = role == "tool"
    if "{" not in text or not (is_tool or text.partition(" ")[2].startswith("{")):
        return text, spans
    from hermes_tui.render.readable_hit import readable

    return readable(text, spans, is_tool=is_tool, words=words)


def _in_words(found: _Results, sessions: int, milliseconds: int, sort: str) -> str:
    """The line under the search row of the screen, as far as it applies."""
    more = "first " if found.capped else ""
    parts = (
        f"{more}{many(len(found.hits), 'hit')} in {many(sessions, 'session')}",
        f"{sort} first",
        f"{milliseconds} ms",
        found.fallback,
    )
    return " · ".join(part for part in parts if part)
