"""The words of the frame: status line, head rule, footer, and the blocks that stand where a list has no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hermes_tui.render import blocks
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.row import chain_mark, short_model, title_of
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.search_hit import section_rule
from hermes_tui.render.status import error_sentence, left_out, partial_sentence, partly_sentence, sessions_sentence
from hermes_tui.render.time import age, in_words, many
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.widgets.heading_rule import Heading
from hermes_tui.widgets.session_list import SessionRow
from store.errors import StoreError
from store.query.parse import Query

EMPTY: Line = ()
UNREADABLE = "state.db cannot be read"


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list of sessions stands on."""

    catalog: Catalog
    everything: bool
    """What the default list leaves out is shown too."""
    failure: StoreError | None
    """Why state.db cannot be read; a home that has none is read whole."""
    has_store: bool
    """There is a state.db."""
    where: str
    unread: tuple[str, ...] = ()
    """What else of the list could not be read, a sentence each."""

    @property
    def is_empty_home(self) -> bool:
        """Nothing to list and nothing wrong."""
        return not len(self.catalog) and self.failure is None and self.catalog.complete


def sessions_status(listed: Listed, glyphs: Glyphs) -> Line:
    """How many sessions are listed, and why not all."""
    if listed.failure is not None:
        count = len(listed.catalog)
        return partial_sentence(count, glyphs=glyphs) if count else error_sentence(UNREADABLE, glyphs=glyphs)
    if listed.unread:
        return partly_sentence(len(listed.catalog), many(len(listed.unread), "profile"), glyphs=glyphs)
    scope = listed.catalog.scope
    if listed.everything and (reasons := left_out(scope)):
        return (
            span(in_words(scope.total)),
            span(f" of {many(scope.total, 'session')} (with {reasons}: press ", Role.DIM),
            span("v", Role.ACCENT, bold=True),
            span(")", Role.DIM),
        )
    return sessions_sentence(scope.total if listed.everything else listed.catalog.plain, scope)


def sessions_block(listed: Listed, *, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """What stands above the sessions, or in their place; nothing where all is well."""
    count = len(listed.catalog)
    if listed.is_empty_home:
        lines = blocks.empty_home(listed.where, width=width, glyphs=glyphs, has_store=listed.has_store)
        return [EMPTY] * max(0, (height - len(lines)) // 3) + lines
    if listed.failure is not None:
        lines = blocks.partial(str(listed.failure), sessions=count, width=width, glyphs=glyphs)
        rule = section_rule(f"{many(count, 'session')} from JSONL files", width=width, glyphs=glyphs)
        return [*lines, rule] if count else lines
    if listed.unread:
        return [EMPTY, *blocks.unread(listed.unread, width=width, glyphs=glyphs), EMPTY]
    if count and listed.catalog.complete and not listed.everything and not listed.catalog.plain:
        return [EMPTY, *blocks.all_left_out(left_out(listed.catalog.scope), width=width, glyphs=glyphs)]
    return []


def no_hits_block(query: Query, *, width: int, glyphs: Glyphs) -> list[Line]:
    """What stands in the list of a search that found nothing."""
    words = [term.text for term in query.terms]
    filters = " ".join(f"{'-' if one.negated else ''}{one.key}:{one.value}" for one in query.filters)
    lines = blocks.no_hits(
        words, not_searched=0, reasons="", width=width, glyphs=glyphs, after=f"with {filters}" if filters else ""
    )
    return [EMPTY, *lines, EMPTY]


def list_heading(listed: Listed, *, hits: bool, context: int, focused: bool) -> Heading:
    """The title over the list."""
    if hits:
        return Heading(SafeText("Hits"), note=f"context {context}" if context else "", focused=focused)
    partial = listed.failure is not None and len(listed.catalog) > 0
    return Heading(SafeText("Sessions"), note="JSONL only" if partial else "newest first", focused=focused)


def reader_heading(
    row: SessionRow | None, notes: Sequence[str], *, trail: str, focused: bool, now: datetime, glyphs: Glyphs
) -> Heading:
    """The title over the transcript, with what the list's dropped columns would say.

    Args:
        notes: What goes before that: the hit that led here, following, loading.
        trail: What the title is under, where only one pane is shown.
    """
    if row is None:
        return Heading(SafeText(""), focused=focused)
    session = row.session
    when = session.started_at if session.last_active is None else session.last_active
    facts = (
        *notes,
        one_line(session.source),
        age(now, when),
        chain_mark(session, glyphs),
        short_model(session.model),
    )
    title = title_of(session, row.outline) or one_line(session.id)
    path = f"{glyphs.words(trail)}{title}" if trail else title
    return Heading(SafeText(path), facts=tuple(facts), focused=focused)
