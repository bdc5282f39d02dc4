"""Filter of sessions by title, folder and id; the first words of a session stand for a title that it lacks."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from hermes_tui.render.line import Range
from hermes_tui.render.row import title_of
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_catalog import timestamp_of
from store.files.home import id_of_link
from store.models import Outline, Session
from store.query.ast import Filter, Term
from store.query.filters import passes
from store.query.matcher import merged
from store.query.parse import Query
from store.query.tokenizer import plain

TEXTS: Mapping[str, Callable[[Session], str | None]] = {
    "source": attrgetter("source"),
    "model": attrgetter("model"),
    "cwd": attrgetter("cwd"),
    "title": attrgetter("title"),
    "profile": attrgetter("profile"),
    "host": attrgetter("profile"),
}
"""Filters of sessions by a text."""
OF_MESSAGES = frozenset({"role", "tool", "has"})
"""Keys of filters of messages, which no title passes."""

SHORTEST_ID = 4
"""Characters of the start of an id that match a session."""
SHORTEST_PART = 6
"""Characters of the middle or the end of an id that match a session: its random end is as long."""
SHORTEST_FOLDER = 3
"""Characters of a working folder that match a session."""
MOST_CANDIDATES = 500
"""Above so many sessions per word a walk through all of them meets the first fifty soon."""
LINES = 128
"""Titles of a block."""
UTF_8 = "utf-8", "surrogatepass"
_END, _PART = "\n", "\0"


class Titles:
    """Titles without case and accents, made once for each, so that every key can be answered for a whole home.

    They are kept as one text, in blocks of a few lines.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._sessions: list[Session] = []
        self._outlines: dict[str, Outline] = {}
        """What the lines were made of."""
        self._blocks: list[bytes] = []
        """In UTF-8: one title in Chinese would make a text of all that stand beside it twice as large."""
        self._split: tuple[bytes, list[str]] = b"", []
        """The block that was looked at last, and its lines."""

    def candidates(self, query: Query) -> set[str] | None:
        """Ids of the sessions that may match, looked up in one text of all titles; None where any may.

        Only of sessions whose titles were folded.
        """
        if not query.any_of:
            return None
        found = {own for term in query.terms if (own := id_of_link(term.text)) in self._places}
        for terms in query.any_of:
            longest = sorted(terms, key=lambda term: len(term.text), reverse=True)
            some = next((few for term in longest if (few := self._with_any(term)) is not None), None)
            if some is None:
                return None
            found |= some
        return found

    def _with_any(self, term: Term) -> set[str] | None:
        """The sessions that have a term in any of its forms; None where there are many."""
        found = [self._with(_word(id_of_link(form.text))) for form in (term, *term.variants)]
        return None if None in found else set[str]().union(*(few for few in found if few is not None))

    def _with(self, word: str) -> set[str] | None:
        """The sessions whose title, folder or id has a word; None where there are many."""
        found: set[str] = set()
        wanted, end = word.encode(*UTF_8), _END.encode()
        for number, block in enumerate(self._blocks):
            at = block.find(wanted)
            while at >= 0:
                found.add(self._sessions[number * LINES + block.count(end, 0, at)].id)
                at = block.find(wanted, block.index(end, at))
            if len(found) > MOST_CANDIDATES:
                return None
        return found

    def match(self, query: Query, row: SessionRow) -> tuple[Range, ...] | None:
        """The places of a query's words in a title, parts of words included; None where the session does not match.

        A word may be in the working folder instead, or be a part of the session's id, or a link to it. A session whose
        whole id is among the words matches whatever the others are, as in a command that was pasted.
        """
        if query.filters and not passes_filters(query, row):
            return None
        title = self.folded(row)
        if query.none_of and any(_range(title, term) for term in query.none_of):
            return None
        if not query.any_of:
            return () if query.filters else None
        if any(id_of_link(term.text) == row.session.id for term in query.terms):
            return ()
        for terms in query.any_of:
            ranges = [_range(title, term) for term in terms]
            if all(found or _named(term.text, row.session) for found, term in zip(ranges, terms, strict=True)):
                return tuple(merged(sorted(found for found in ranges if found is not None)))
        return None

    def folded(self, row: SessionRow) -> str:
        """A session's title or first words without case and accents, one character for each of `title_of`."""
        outline = None if row.session.title else row.outline
        place = self._places.get(row.session.id)
        is_known = place is not None and self._sessions[place] is row.session
        if place is not None and is_known and self._outlines.get(row.session.id) is outline:
            return self._lines(self._blocks[place // LINES])[place % LINES].partition(_PART)[0]
        folded = plain(title_of(row.session, outline))
        self._put(row.session, outline, folded)
        return folded

    def every(self) -> Iterator[tuple[str, str]]:
        """Id and title of each session that is known now, which may be read in another thread; nothing is copied."""
        return _titles(self._blocks, self._sessions, len(self._sessions))

    def _lines(self, block: bytes) -> list[str]:
        if self._split[0] is not block:
            self._split = block, _lines(block)
        return self._split[1]

    def _put(self, session: Session, outline: Outline | None, folded: str) -> None:
        """Add a session to the text of all titles, or replace it there."""
        line = _PART.join((folded, _word(session.cwd or ""), plain(session.id))).replace(_END, " ")
        place = self._places.setdefault(session.id, len(self._sessions))
        if outline is not None:
            self._outlines[session.id] = outline
        else:
            self._outlines.pop(session.id, None)
        if place < len(self._sessions):
            self._sessions[place] = session
            lines = [*self._lines(self._blocks[place // LINES])]
            lines[place % LINES] = line
            self._blocks[place // LINES] = _END.join(lines).encode(*UTF_8)
            return
        self._sessions.append(session)
        if place % LINES == 0:
            self._blocks.append(b"")
        self._blocks[-1] += (line + _END).encode(*UTF_8)


def _lines(block: bytes) -> list[str]:
    """The lines of a block, and an empty one."""
    return block.decode(*UTF_8).split(_END)


def _titles(blocks: Sequence[bytes], sessions: Sequence[Session], count: int) -> Iterator[tuple[str, str]]:
    """Ids and titles of the first sessions; more may come meanwhile, and each keeps its place."""
    for start in range(0, count, LINES):
        some = sessions[start : min(start + LINES, count)]
        for session, line in zip(some, _lines(blocks[start // LINES]), strict=False):
            if title := line.partition(_PART)[0]:
                yield session.id, title


def _named(word: str, session: Session) -> bool:
    """Whether a session's id begins with a word or contains a longer one, or its folder contains it."""
    own = id_of_link(word)
    by_id = len(own) >= SHORTEST_ID and session.id.startswith(own)
    by_id = by_id or (len(own) >= SHORTEST_PART and own in session.id)
    return by_id or (len(word) >= SHORTEST_FOLDER and _word(word) in _word(session.cwd or ""))


@lru_cache(maxsize=1024)
def _word(text: str) -> str:
    """A word of a query, or a folder, without case and accents; cached, because every title needs the same few."""
    return plain(text if text.isascii() else unicodedata.normalize("NFC", text))


def _range(title: str, term: Term) -> Range | None:
    """The first place of a term, in any of its forms."""
    for form in (term, *term.variants):
        word = _word(form.text)
        if (at := title.find(word)) >= 0:
            return at, at + len(word)
    return None


def passes_filters(query: Query, row: SessionRow) -> bool:
    """Whether a session passes the filters of a query: of one key plain texts are alternatives, the rest must hold."""
    return filters_test(query)(row)


def filters_test(query: Query) -> Callable[[SessionRow], bool]:
    """The same for many sessions: each source, model and folder is looked at once."""
    keys = {rule.key for rule in query.filters}
    asked = [(key, value_of) for key, value_of in TEXTS.items() if key in keys]
    rest = [rule for rule in query.filters if rule.key not in TEXTS]
    known: dict[tuple[str, str | None], bool] = {}

    def _passes_text(key: str, value: str | None) -> bool:
        if (place := (key, value)) not in known:
            known[place] = passes(query, key, [value])
        return known[place]

    def _passes(row: SessionRow) -> bool:
        texts = all(_passes_text(key, value_of(row.session)) for key, value_of in asked)
        return texts and all(_holds(rule, row) is not rule.negated for rule in rest)

    return _passes if not keys & OF_MESSAGES else lambda _: False


def _holds(rule: Filter, row: SessionRow) -> bool:
    """Whether a session is what a filter of time or state says, its minus left aside."""
    timestamp = rule.timestamp or 0.0
    match rule.key:
        case "after":
            return timestamp_of(row.session) >= timestamp
        case "before":
            return timestamp_of(row.session) < timestamp
    states = {"flagged": row.drift is not None, "live": row.session.live, "archived": row.session.archived}
    return states.get(rule.value, False)
