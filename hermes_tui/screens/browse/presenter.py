"""Presenter of the browser: pure views of its state. The frame is drawn at every key, the lists when they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hermes_tui.commands.registry import Place, footer
from hermes_tui.render import blocks, status
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.details import DetailsView
from hermes_tui.render.fallback import fallback_words
from hermes_tui.render.find import Scope
from hermes_tui.render.folds import Fold
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import Heading, section_rule
from hermes_tui.render.line import Line, Role, fit, span
from hermes_tui.render.row import chain_mark, short_model, title_of
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import age_or_date, in_words, many
from hermes_tui.screens.browse.details_view import details_view
from hermes_tui.state.browser_state import BrowserState, Notice, ReadingState, Sources
from hermes_tui.state.find import Find
from hermes_tui.state.ordered_ids import Rows
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_order import arranged, months
from hermes_tui.widgets.hit_rows import HitsView
from hermes_tui.widgets.session_rows import SessionsView
from store.base.late_dataclass import dataclass, replace
from store.errors import Damaged, NotADatabase, QueryInvalid, StoreError
from store.models import ScanProgress

EMPTY: Line = ()
TITLE_OF_PROMPT = 20
"""Cells of a title before the prompt that is answered."""
NO_WORD = "no word to search for yet · "
TOOLS = {Fold.HIDDEN: "hidden", Fold.SHORT: "short"}
REASONING = {Fold.HIDDEN: "hidden", Fold.SHORT: "folded"}


@dataclass(frozen=True, slots=True)
class FrameView:
    """Everything on the screen but the rows of its panes."""

    classes: Mapping[str, bool]
    """Classes of the screen, which show its parts and leave them out."""
    list_width: int | None
    """Cells of the list beside the transcript; None where one pane has the whole width."""
    status: Line
    totals: Sequence[Line]
    """The right end of the status line, the fullest form first."""
    notice: Notice | None
    headings: tuple[Heading, ...]
    """One for each pane, or that of the only one."""
    footer: Sequence[tuple[str, str]]
    """Keys and words, most needed first."""
    help: tuple[str, str]
    placeholder: str
    """What can be typed, in the search row while nothing is."""
    wrong: tuple[int, int] | None
    """Characters of the search row that are no query."""
    sources: Sources | None
    """The facts of the banner."""
    banner_keys: bool
    """The keys of the banner work where the focus is."""
    faded: bool
    """The transcript is dim, because another one is awaited."""
    details: DetailsView | None
    """The details of the session that is read, None where they are hidden."""


def frame_view(state: BrowserState) -> FrameView:
    """View of the frame."""
    two, layout, search = state.two_panes, state.layout, state.search
    left, right = _list_heading(state), _reader_heading(state)
    single = right if state.inside else left
    details = details_view(state)
    live = state.catalog.live(state.now().timestamp())
    classes = layout.classes(single=not two, reading=state.inside)
    return FrameView(
        classes={**classes, "-hits": state.hits_shown, "-details": details is not None},
        list_width=layout.list_width if two else None,
        status=_status_sentence(state),
        totals=status.totals(
            live,
            state.catalog.flagged,
            state.compared,
            uncompared=state.catalog.uncompared,
            width=layout.width,
            glyphs=state.glyphs,
        ),
        notice=state.notice,
        headings=(left, right) if two else (single,),
        footer=footer(state.focus, state.conditions),
        help=("f1" if state.focus in {Place.SEARCH, Place.FIND, Place.GOTO} else bound("help"), "help"),
        placeholder=_placeholder(state),
        wrong=(search.wrong.start, search.wrong.end) if search.wrong is not None else None,
        sources=state.reading.sources,
        banner_keys=state.focus is not Place.SEARCH,
        faded=state.reading.is_slow(state.seconds()),
        details=details,
    )


def _placeholder(state: BrowserState) -> str:
    """What is searched, once that is known, and by what."""
    number = _listed(state)
    searched = f"Search {many(number, 'session')}: " if number and state.catalog.complete else ""
    return f'{searched}words, "a phrase", source: after: is:flagged'


def _listed(state: BrowserState) -> int:
    """Sessions of the list without a filter."""
    return state.catalog.scope.total if state.everything else state.catalog.plain


def list_view(state: BrowserState) -> SessionsView | HitsView:
    """View of the list: sessions, or what a search found."""
    width = (state.layout.list_width if state.two_panes else state.layout.width - 1) or 1
    if not state.hits_shown:
        return _sessions_view(state, width=width)
    search, row_of = state.search, state.catalog.row
    titles = (replace(row_of(row.session.id) or row, matches=row.matches) for row in search.titles)
    return HitsView(
        nothing=_no_hits_block(state, width=width),
        titles=tuple(titles),
        groups=tuple(search.shown.groups(row_of)),
        dim=search.older is not None,
        close=search.similar,
        more_titles=search.more_titles and not search.similar,
        profiles=len(state.catalog.profiles) > 1,
        meant=search.meant,
        without=search.without,
    )


def _sessions_view(state: BrowserState, *, width: int) -> SessionsView:
    """All sessions, or those that pass the filters in the search row."""
    listed, catalog, order = state.search.listed, state.catalog, state.order
    marked = state.kept.marked_sessions
    block = _sessions_block(state, width=width)
    rows: Sequence[SessionRow]
    if listed is None:
        rows = catalog.shown(everything=state.everything)
    elif not (rows := listed.rows(catalog, everything=state.everything, marked=marked)) and not block:
        nothing = blocks.no_sessions(listed.words, hint=state.search.hint, width=width, glyphs=state.glyphs)
        block = [EMPTY, *nothing] if catalog.complete else []
    shown = arranged(rows, order)
    return SessionsView(
        block,
        shown if isinstance(shown, Rows) else Rows([row.session.id for row in shown], catalog.row),
        only=listed.words if listed is not None else "",
        months=[*months(shown, order, state.now())] if order.is_by_time else None,
        marked=marked,
        profiles=len(catalog.profiles) > 1,
    )


def _status_sentence(state: BrowserState) -> Line:
    """The left of the status line: errors before numbers."""
    if (error := _error(state)) is not None:
        text = str(error)
        return status.error_sentence(
            state.glyphs.words(text) if isinstance(error, QueryInvalid) else text, glyphs=state.glyphs
        )
    if state.lock_wait is not None:
        return status.busy_sentence(glyphs=state.glyphs)
    if state.inside and state.reading.find is not None:
        return _find_status(state.reading.find, state.glyphs)
    if state.focus in {Place.TRANSCRIPT, Place.GOTO, Place.DETAILS} and state.reading.total:
        return _position(state)
    return _list_status(state)


def _list_status(state: BrowserState) -> Line:
    """The numbers of what is listed, behind the number of sessions that are marked."""
    if state.marked:
        marked = span(f"{in_words(len(state.marked))} marked", Role.ACCENT, bold=True)
        return marked, span(state.glyphs.words(" · "), Role.DIM), *_numbers(state)
    return _numbers(state)


def _numbers(state: BrowserState) -> Line:
    if state.hits_shown:
        return _with_hint(state, _hits_status(state))
    if state.search.listed is not None and state.failure is None:
        return _with_hint(state, _listed_status(state))
    if state.seconds() < state.trying_until and not state.typed:
        return status.what_to_try(glyphs=state.glyphs)
    no_word: Line = (span(state.glyphs.words(NO_WORD), Role.DIM),) if state.typed.strip() else ()
    return (*no_word, *_sessions_status(state))


def _with_hint(state: BrowserState, line: Line) -> Line:
    """The numbers, and what might be typed instead; that alone where nothing was found."""
    hint, glyphs, found = state.search.hint, state.glyphs, state.search.shown.hits or state.search.listed is not None
    if not hint or not (found or state.search.results.done):
        return line
    said = span(glyphs.words(one_line(hint)), Role.WARNING)
    return (*line, span(glyphs.words(" · "), Role.DIM), said) if found else (said,)


def _listed_status(state: BrowserState) -> Line:
    """The number of sessions that pass, and of how many: `12 of 42 sessions · newest first`."""
    scope = state.catalog.scope
    every = scope.total if state.everything else state.catalog.plain
    of = f" of {many(max(every, state.pane.sessions), 'session')}{state.glyphs.words(' · ')}{state.order}"
    return span(in_words(state.pane.sessions)), span(of, Role.DIM)


def _error(state: BrowserState) -> StoreError | None:
    """The error of the last request."""
    if state.search.wrong is not None:
        return state.search.wrong
    if state.inside:
        return state.reading.error
    return state.search.error if state.hits_shown else None


def _position(state: BrowserState) -> Line:
    reading, folds = state.reading, state.reading.folds
    tools, reasoning = TOOLS.get(folds.tools, "full"), REASONING.get(folds.reasoning, "open")
    marked = reading.bar is not None and state.kept.is_marked(*reading.bar)
    return status.position_sentence(
        reading.index,
        reading.total,
        undone=reading.undone,
        compacted=reading.compacted,
        tools=tools,
        reasoning=reasoning,
        marked=marked,
        glyphs=state.glyphs,
    )


def _find_status(find: Find, glyphs: Glyphs) -> Line:
    """Where a reader is among what was found."""
    return status.find_sentence(
        find.number,
        find.total,
        text=find.needle.text,
        scope="" if find.needle.scope is Scope.ALL else find.needle.scope.value,
        searching=bool(find.needle.text) and not find.is_done,
        glyphs=glyphs,
    )


def _hits_status(state: BrowserState) -> Line:
    """The numbers of a search."""
    search, results = state.search, state.search.shown
    batch, milliseconds = results.shown
    fallback = fallback_words(batch)
    if fallback and not results.done and search.newest_id and batch.progress is ScanProgress.SCANNING:
        fallback += f" {min(99, 100 * batch.rows_scanned // search.newest_id)} %"
    progress = status.SearchProgress(
        hits=results.hits,
        sessions=results.sessions,
        shown=state.pane.hit_rows,
        order="ranked" if results.ranked else "newest first",
        milliseconds=milliseconds,
        searching=search.is_slow(state.seconds()),
        asked=not results.done and not results.hits,
        capped=results.capped,
        fallback=fallback,
        rerank=state.focus is Place.HITS and state.pane.touched and results.can_rank and not results.ranked,
    )
    return status.hits_sentence(progress, glyphs=state.glyphs)


def _sessions_status(state: BrowserState) -> Line:
    """The number of sessions listed, and the reasons why not all are."""
    glyphs, count, scope = state.glyphs, len(state.catalog), state.catalog.scope
    if state.failure is not None:
        unreadable = f"{state.store} cannot be read"
        if not count:
            return status.error_sentence(unreadable, glyphs=glyphs)
        return status.partial_sentence(f"{many(count, 'session')} from JSONL files", unreadable, glyphs=glyphs)
    if state.unread:
        reason = f"{many(len(state.unread), 'profile')} cannot be read"
        return status.partial_sentence(many(count, "session"), reason, glyphs=glyphs)
    if state.everything and (reasons := status.left_out(scope)):
        return (
            span(in_words(scope.total)),
            span(f" of {many(scope.total, 'session')} (with {reasons}", Role.DIM),
            *status.press_v(named=state.focus is Place.SESSIONS),
        )
    return status.sessions_sentence(_listed(state), scope, named=state.focus is Place.SESSIONS)


def _sessions_block(state: BrowserState, *, width: int) -> list[Line]:
    """The lines above the sessions, or in their place; none where nothing is wrong."""
    count, glyphs, named = len(state.catalog), state.glyphs, state.focus is Place.SESSIONS
    if state.lock_wait is not None and not count:
        waited, limit = state.lock_wait
        return [EMPTY, *blocks.busy(limit, waited, width=width, glyphs=glyphs)]
    if state.failure is not None:
        damaged = isinstance(state.failure, Damaged | NotADatabase)
        lines = blocks.partial(
            str(state.failure),
            sessions=count,
            store=state.store,
            damaged=damaged,
            named=named,
            width=width,
            glyphs=glyphs,
        )
        rule = section_rule(f"{many(count, 'session')} from JSONL files", width=width, glyphs=glyphs)
        return [*lines, rule] if count else lines
    if state.catalog.complete and not count:
        lines = blocks.empty_home(state.where, width=width, glyphs=glyphs, has_store=state.has_store)
        height = state.pane.height or state.layout.height - 4
        return [EMPTY] * max(0, (height - len(lines)) // 3) + lines
    if state.unread:
        return [EMPTY, *blocks.unread(state.unread, named=named, width=width, glyphs=glyphs), EMPTY]
    if count and state.catalog.complete and not state.everything and not state.catalog.plain:
        reasons = status.left_out(state.catalog.scope)
        return [EMPTY, *blocks.all_left_out(reasons, named=named, width=width, glyphs=glyphs)]
    return []


def _no_hits_block(state: BrowserState, *, width: int) -> list[Line]:
    """The lines of a search that is done and found nothing; none for any other."""
    search = state.search
    is_done = search.query is not None and search.results.done and search.error is None
    if search.query is None or not is_done or search.shown.hits:
        return []
    words = [term.text for term in search.query.terms]
    conditions = search.query.filters
    filters = " ".join(
        f"{'-' if condition.negated else ''}{condition.key}:{condition.value}" for condition in conditions
    )
    after = f"with {filters}" if filters else ""
    lines = blocks.no_hits(words, width=width, glyphs=state.glyphs, after=after)
    return [EMPTY, *lines, EMPTY]


def _list_heading(state: BrowserState) -> Heading:
    """The title over the list."""
    focused, context = state.focus in {Place.SESSIONS, Place.HITS}, state.search.context
    if state.hits_shown:
        return Heading(SafeText("Hits"), note=f"context {context}" if context else "", focused=focused)
    if state.search.listed is not None:
        return Heading(SafeText("Sessions"), note=one_line(state.search.listed.words), focused=focused)
    partial = state.failure is not None and len(state.catalog) > 0
    return Heading(SafeText("Sessions"), note="JSONL only" if partial else state.order, focused=focused)


def _reader_heading(state: BrowserState) -> Heading:
    """The title over the transcript, with the facts of the list's columns that are left out.

    Scrolled into an answer it has the prompt, for which source and model go.
    """
    row, glyphs, focused = state.reading.row, state.glyphs, state.focus is Place.TRANSCRIPT
    if row is None:
        return Heading(SafeText(""), focused=focused)
    session = row.session
    last = session.started_at if session.last_active is None else session.last_active
    notes, when, prompt = _reader_notes(state, state.reading), age_or_date(state.now(), last), state.reading.prompt
    trail = "" if state.two_panes else glyphs.words("Hits › " if state.hits_shown else "Sessions › ")
    title = title_of(session, row.outline) or one_line(session.id)
    if prompt:
        # A session without a title is called by its first words: they are not said twice.
        is_called_so = prompt.startswith(title.removesuffix(glyphs.truncated))
        before = "" if is_called_so else f"{fit(title, TITLE_OF_PROMPT, glyphs.truncated)}{glyphs.words(' › ')}"
        title = SafeText(f"{before}{prompt}")
        return Heading(SafeText(f"{trail}{title}"), facts=(*notes, when), focused=focused)
    chain, model = chain_mark(session, glyphs), short_model(session.model)
    facts = (*notes, one_line(session.source), when, chain, model)
    return Heading(SafeText(f"{trail}{title}"), facts=facts, focused=focused)


def _reader_notes(state: BrowserState, reading: ReadingState) -> list[str]:
    """The facts that go before those of the session: loading, the hit that led here, the source, following."""
    notes = [state.glyphs.words("loading…")] if reading.is_slow(state.seconds()) else []
    notes += [state.glyphs.words("loading the end…")] if reading.is_to_end else []
    if reading.hit is not None:
        place, total = state.search.results.place(reading.hit.session_id, reading.hit.message_id)
        notes += [f"hit {place} of {total}"] if place else []
    notes += ["from JSONL"] if reading.from_file else []
    return [*notes, "following"] if reading.following else notes
