"""Browser of all profiles of a root: one list, one search; every verb merges the profiles' answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ..base.delegation import delegate
from ..base.errors import CannotOpen, Damaged, StoreError
from ..base.models import (
    Census,
    Check,
    ContextLine,
    Drift,
    FamilyMember,
    Finding,
    Head,
    JsonlFacts,
    Message,
    Outline,
    Page,
    Scope,
    SectionVersion,
    Session,
    SessionLocation,
    StoredTexts,
    SurveyStep,
)
from ..browse.listed import Listing
from ..browse.protocol import Browser
from .listing import listing_of_members
from .lists import ProfileLists
from .members import Members, asking
from .searches import ProfileSearches
from .watch import ProfilesWatch

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..browse.protocol import Watcher
    from ..browse.reading import Piece, SessionReading
    from ..engine.rows import RowDict
    from ..files.home import Home
    from ..repair.model import Operation, Plan, Why

P = ParamSpec("P")
R = TypeVar("R")

_NAMED = 200
"""Sessions of a profile among which more that start so are looked for."""


def _of_session(
    verb: Callable[Concatenate[Browser, str, P], R], otherwise: Callable[[str], R] | None = None
) -> Callable[Concatenate[ProfilesBrowser, str, P], R]:
    """A verb on one session, answered by its profile.

    Args:
        otherwise: From the session's own id to the answer where the profile cannot be read; None to raise.
    """

    def _call(merged: ProfilesBrowser, session_id: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        members = merged.members
        place, own = members.names.split(session_id)

        request = asking(verb, own, *args, **kwargs)
        if otherwise is None:
            answer = request(members.browsers[place])
        else:
            answer = members.answer(place, request, otherwise(own))
        return members.names.renamed(place, answer)

    return _call


def _starting(browser: Browser, text: str) -> tuple[str, ...]:
    """Ids that start so, of the first that have it in them or in a title; of several `resolve` says none."""
    ids = [*browser.named(text, limit=_NAMED), *(session.id for session in browser.file_sessions())]
    return tuple(name for name in ids if name.startswith(text))


def _lists(merged: ProfilesBrowser) -> ProfileLists:
    return merged.lists


def _searches(merged: ProfilesBrowser) -> ProfileSearches:
    return merged.searches


class ProfilesBrowser:
    """Reads every profile as one; implements `Browser`.

    A profile whose state.db is missing or cannot be read has only its files, and `problems` reports why.

    Args:
        homes: The root first, as `Home.profiles` gives them.
        cache_dir: Folder of the verdict cache; None for none.
        waits: Requests wait for other machines; else these are left out until they have answered.
    """

    def __init__(self, homes: Sequence[Home], *, cache_dir: Path | None = None, waits: bool = True) -> None:
        self.members = Members(homes, cache_dir=cache_dir, waits=waits)
        self.searches = ProfileSearches(self.members)
        self.lists = ProfileLists(self.members)

    # Sessions

    session = _of_session(Browser.session, lambda _: None)
    chain = _of_session(Browser.chain, lambda own: (own,))
    family = _of_session(Browser.family, lambda _: tuple[FamilyMember, ...]())

    sessions = delegate(_lists, ProfileLists.sessions)
    recent = delegate(_lists, ProfileLists.recent)
    glance = delegate(_lists, ProfileLists.glance)
    glances = delegate(_lists, ProfileLists.glances)

    def listing(self, *, by_start: bool = False) -> Listing:
        """Every session of all profiles in one order, page by page."""
        return listing_of_members(self.members, by_start=by_start)

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know, profile after profile."""
        return self.members.joined(asking(Browser.file_sessions))

    def outlines(self, session_ids: Iterable[str | Session]) -> dict[str, Outline]:
        """Status and first words."""
        found, by_place = dict[str, Outline](), dict[int, list[str | Session]]()
        for place, session in map(self.members.names.own, session_ids):
            by_place.setdefault(place, []).append(session)
        for place, sessions in by_place.items():
            outlines = self.members.answer(place, asking(Browser.outlines, sessions), {})
            found |= self.members.names.renamed(place, outlines)
        return found

    def scope(self) -> Scope:
        """The sum of all profiles; the problems are determined again."""
        self.members.forget_problems()
        scopes = map(astuple, self.members.answers(asking(Browser.scope), Scope(0)))
        return Scope(*map(sum, zip(*scopes, strict=True)))

    def named(self, text: str, *, limit: int) -> list[str]:
        """Ids of sessions in SQLite that equal the text, start with it or have it in their title, the root's first."""
        return list(self.members.joined(lambda browser: tuple(browser.named(text, limit=limit)))[:limit])

    def resolve(self, text: str) -> str | None:
        """The id itself, the root's before that of one other profile; else the one that starts so, in the same order,
        where there are not several in any other. With a profile's name before it, in that profile alone.
        """
        place, own = self.members.names.split(text)

        def _ask(browser: Browser) -> str | None:
            return browser.resolve(own)

        known = self.members.names.renamed(place, self.members.answer(place, _ask, None))
        if place or known == text:
            return known
        found = [session_id for session_id in self.members.answers(_ask, None) if session_id]
        exact = [session_id for session_id in found if self.members.names.split(session_id)[1] == own]
        if len(exact) == 1:
            return exact[0]
        if known or len(found) != 1:
            return known
        alike = self.members.joined(lambda browser: _starting(browser, own))
        return found[0] if {*alike} <= {*found} else None

    # Messages

    file_messages = _of_session(Browser.file_messages)
    snapshot_messages = _of_session(Browser.snapshot_messages)
    waiting = _of_session(Browser.waiting)
    reading = _of_session(Browser.reading)

    def spooled(self) -> frozenset[str]:
        """Ids of the sessions of all profiles that have messages in the spool."""
        return frozenset(self.members.joined(lambda browser: tuple(browser.spooled())))

    def carried(self, session_id: str, before: str) -> frozenset[int]:
        """Rows that only repeat the section before."""
        place, own = self.members.names.split(session_id)
        earlier = self.members.names.split(before)[1]
        rows = self.members.answer(place, lambda browser: browser.carried(own, earlier), frozenset[int]())
        return frozenset(self.members.names.row(place, row) for row in rows)

    def versions(self, session_ids: Iterable[str]) -> dict[str, SectionVersion]:
        """Versions of sessions."""
        found: dict[str, SectionVersion] = {}
        for place, ids in self.members.names.by_place(session_ids).items():
            found |= self.members.names.renamed(place, self.members.browsers[place].versions(ids))
        return found

    def heads(self, session_id: str, *, after: int = 0, limit: int = 4096) -> Page[Head]:
        """Heads in id order."""
        place, own = self.members.names.split(session_id)
        ask = asking(Browser.heads, own, after=self.members.names.own_row(after), limit=limit)
        page: Page[Head] = self.members.answer(place, ask, Page(()))
        items = self.members.names.renamed(place, page.items)
        return Page(items, page.more, items[-1].id if page.more and items else None)

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """Messages by row id, in the requested order."""
        names, found = self.members.names, dict[int, Message]()
        for place, asked in names.rows_by_place(ids).items():
            rows = self.members.answer(place, asking(Browser.messages, list(map(names.own_row, asked))), ())
            found |= {row.id or 0: row for row in names.renamed(place, rows)}
        return tuple(found[row] for row in ids if row in found)

    def containing(self, ids: Sequence[int], words: str) -> frozenset[int]:
        """Those of some messages that may have a text."""
        names, found = self.members.names, set[int]()
        for place, asked in names.rows_by_place(ids).items():
            rows = {names.own_row(row): row for row in asked}
            inner = self.members.answer(place, asking(Browser.containing, list(rows), words), frozenset())
            found |= {rows[row] for row in inner}
        return frozenset(found)

    stored_texts = staticmethod(StoredTexts.none_of)

    def pieces(self, reading: SessionReading, **options: bool) -> Iterator[Piece]:
        """The messages of a reading, piece by piece."""
        place, own = self.members.names.split(reading.session.id)
        inner = replace(reading, session=replace(reading.session, id=own))
        for piece in self.members.browsers[place].pieces(inner, **options):
            named = self.members.names.renamed(place, piece)
            yield replace(named, row=reading.session) if piece.section_id == own else named

    def beginning(self, session: Session, /) -> Piece | None:
        """The first piece of a long session; None where its profile cannot give it at once."""
        place, own = self.members.names.split(session.id)
        first_id = None if session.first_id is None else self.members.names.own_row(session.first_id)
        piece = self.members.browsers[place].beginning(replace(session, id=own, first_id=first_id))
        if piece is None:
            return None
        return replace(self.members.names.renamed(place, piece), row=session if piece.row else None)

    def session_record(self, session_id: str, /) -> RowDict | None:
        """Every field of a session's row, as it is in its own profile."""
        place, own = self.members.names.split(session_id)
        return self.members.browsers[place].session_record(own)

    def records(self, piece: Piece) -> Iterator[RowDict]:
        """Every field of the messages of a piece, with their ids in their own profile."""
        place, own = self.members.names.split(piece.section_id)
        heads = tuple(replace(head, id=self.members.names.own_row(head.id)) for head in piece.heads)
        yield from self.members.browsers[place].records(replace(piece, section_id=own, heads=heads))

    def context(self, session_id: str, message_id: int, *, width: int = 1) -> tuple[ContextLine, ...]:
        """The messages around one; none where its profile cannot be read any more."""
        place, own = self.members.names.split(session_id)
        inner = self.members.names.own_row(message_id)
        ask = asking(Browser.context, own, inner, width=width)
        lines: tuple[ContextLine, ...] = self.members.answer(place, ask, ())
        return self.members.names.renamed(place, lines)

    search = delegate(_searches, ProfileSearches.search)
    rank = delegate(_searches, ProfileSearches.rank)
    oldest = delegate(_searches, ProfileSearches.oldest)
    count = delegate(_searches, ProfileSearches.count)
    meant = delegate(_searches, ProfileSearches.meant)

    # Comparison

    facts = _of_session(Browser.facts)
    check = _of_session(Browser.check)

    def survey(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of all profiles: the cached ones of each first."""
        surveys = [
            self.members.readable(place, browser.survey(cancel=cancel))
            for place, browser in enumerate(self.members.browsers)
        ]
        first = [step for survey in surveys if (step := next(survey, None))]
        done, total = sum(step.done for step in first), sum(step.total for step in first)
        yield from (replace(step, done=done, total=total) for step in first)
        for step in chain.from_iterable(surveys):
            done += 1
            yield replace(step, done=done, total=total)

    def verify(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of some sessions, which changed."""
        for place, ids in self.members.names.by_place(session_ids).items():
            for step in self.members.readable(place, self.members.browsers[place].verify(ids, cancel=cancel)):
                yield replace(step, done=0, total=0)

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Every JSONL file, profile after profile."""
        for place, browser in enumerate(self.members.browsers):
            yield from self.members.readable(place, browser.all_facts(cancel=cancel))

    def drift(self, session: Session, facts: JsonlFacts | None) -> Drift | None:
        """The quick flag, by counts and stat."""
        return self.members.browsers[0].drift(session, facts)

    def checks(self, ids: Iterable[str] | None = None, *, cancel: Cancel | None = None) -> Iterator[Check]:
        """Compare one session after the other; a profile that cannot be read fails after all others."""
        names, browsers = self.members.names, self.members.browsers
        every: list[tuple[int, list[str] | None]] = [(place, None) for place in range(len(browsers))]
        unread: StoreError | None = None
        for place, own in every if ids is None else [(place, [own]) for place, own in map(names.split, ids)]:
            try:
                for check in browsers[place].checks(own, cancel=cancel):
                    yield names.renamed(place, check)
            except (CannotOpen, Damaged) as error:
                unread = unread or Damaged(self.members.note(place, error))
        if unread is not None:
            raise unread

    # Plans of repairs

    plan = _of_session(Browser.plan)
    difference = _of_session(Browser.difference)

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """Why a repair would do nothing, in its profile."""
        place, own = self.members.names.split(session_id)
        return self.members.names.renamed(place, self.members.browsers[place].objection(own))

    def plans(
        self, ids: Iterable[str] | None = None, *, adopt: bool = False, cancel: Cancel | None = None
    ) -> Iterator[Plan]:
        """The plan of one session after the other, profile after profile; `problems` has those that cannot be read."""
        if ids is not None:
            yield from map(self.plan, ids)
            return
        for place, browser in enumerate(self.members.browsers):
            yield from self.members.readable(place, browser.plans(adopt=adopt, cancel=cancel))

    def operations(self) -> tuple[Operation, ...]:
        """The repairs of all profiles, profile after profile."""
        return self.members.joined(asking(Browser.operations))

    # The stores themselves

    def census(self) -> Census:
        """Sessions of all profiles by their source, and of each."""
        every = [browser.own_census() for browser in self.members.browsers]
        return Census(
            stored=sum(census.stored or 0 for census in every),
            jsonl=sum(census.jsonl for census in every),
            spool=sum(census.spool for census in every),
            snapshots=sum(census.snapshots for census in every),
            waiting=sum(census.waiting for census in every),
            problems=(*self.problems(), *chain.from_iterable(census.problems for census in every)),
            profiles=tuple(zip(self.members.names.profiles, (census.stored for census in every), strict=True)),
        )

    def where(self, text: str) -> tuple[SessionLocation, ...]:
        """Locations of the sessions, in any profile."""
        return self.members.names.renamed(0, self.members.browsers[0].where(text))

    def problems(self) -> tuple[str, ...]:
        """A sentence for each profile that could not be read at its last request."""
        return self.members.problems()

    def watch(self) -> Watcher:
        """A watch on every profile."""
        members = self.members
        return ProfilesWatch([browser.watch() for browser in members.browsers], members.names, members.fleets)

    def health(self, *, cancel: Cancel | None = None) -> Iterator[Finding]:
        """The checks of every profile, one after the other."""
        for name, browser in zip(self.members.names.profiles, self.members.browsers, strict=True):
            for finding in browser.health(cancel=cancel):
                yield replace(finding, detail=f"{name}: {finding.detail}")

    def refused(self) -> tuple[Path, ...]:
        """The files that keep messages which a profile's store refused."""
        return tuple(chain.from_iterable(browser.refused() for browser in self.members.browsers))

    def replayable(self) -> tuple[Path, ...]:
        """The same; a profile without a store raises."""
        return tuple(chain.from_iterable(browser.replayable() for browser in self.members.browsers))

    def close(self) -> None:
        """Close every profile's connections."""
        for browser in self.members.browsers:
            browser.close()
