"""Requests of the transcript on the screen: its sections, the bodies of its messages, its growth, its two sources."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from hermes_tui.feed import answers, finding, questions
from hermes_tui.feed.finding import AT_ONCE, Wanted
from hermes_tui.feed.latest_first import LatestBatches, LatestFirst
from hermes_tui.feed.paced_sections import paced
from hermes_tui.feed.store_worker import StoreWorker
from hermes_tui.render.find_texts import FindTexts
from store import Browser
from store.base.late_dataclass import dataclass, field, replace
from store.models import Message, Origin, SectionVersion, Session

MARKS_TOGETHER = 0.1
"""Seconds in which marks are posted together: each answer costs a look at the whole screen."""
MARKS_REST = 0.005
"""Seconds of rest after some bodies at most: as long as they took, so that keys come through."""
MARKS_AFTER = 0.4
"""Seconds without another request until the bodies of a transcript are read for their marks."""
LOOK = 2.0
"""Seconds between two looks at the versions of the open transcript, at least."""
LOOKING = 20.0
"""Times as long as a look took until the next one: they take a twentieth of the time at most."""


@dataclass(slots=True)
class _OpenTranscript:
    """The transcript on the screen, as far as its growth needs it."""

    session: Session
    generation: int
    origin: Origin | None
    """The source that was asked for."""
    tip: str
    from_file: bool = False
    whole: bool = False
    versions: Mapping[str, SectionVersion] = field(default_factory=dict)
    """The versions of its sections as they are shown."""
    next_look: float = 0.0
    """When its versions may be looked at again, by the worker's clock."""
    wanted: LatestFirst[int] = field(default_factory=LatestFirst)
    """Messages that are asked for."""


class TranscriptRequests:
    """Heads, bodies, the comparison of the sources, a find and marks, each in a thread of its own."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._thread = worker.thread("transcript")
        self._body_thread = worker.thread("bodies")
        self._check_thread = worker.thread("check")
        self._find_thread = worker.thread("find")
        self._mark_thread = worker.thread("marks")
        self._unmarked: LatestBatches[int] = LatestBatches()
        self._open: _OpenTranscript | None = None
        self._find_texts = FindTexts()
        self.is_behind: Callable[[], bool] = lambda: False
        """Whether the screen has not taken yet what was reported; until then no more of a transcript is."""
        worker.subscribe(self._note, answers.SectionArrived)
        worker.subscribe(self._note_pieces, answers.SectionsArrived)
        worker.subscribe(self._note, answers.GrowthArrived)
        worker.subscribe(self._note, answers.FileTranscriptArrived)
        worker.subscribe(self._note_all, answers.TranscriptReread)
        worker.subscribe(self._note_versions, answers.SectionsCounted)
        worker.subscribe(self._take_change, answers.StoreChanged)

    def open(self, session: Session, *, origin: Origin | None = None, delay: float = 0.0) -> None:
        """Ask for a session's transcript, the whole chain it belongs to, after `delay` seconds without another.

        Args:
            session: Its row.
            origin: The source to read, where a hit lies in it; None for the one that speaks for the session.
            delay: Seconds.
        """
        generation = self._worker.begin("transcript")
        self._open = transcript = _OpenTranscript(session, generation, origin, session.id)
        self._find_texts = FindTexts()
        self._read(transcript, delay=delay)

    def bodies(self, message_ids: Sequence[int]) -> None:
        """Ask for messages that the transcript shows; the latest request is answered first."""
        if (transcript := self._open) is not None:
            transcript.wanted.add(message_ids)
            read = partial(_bodies, transcript)
            self._worker.put(self._body_thread, "transcript", read, name="bodies", about="details")

    def find(self, wanted: Wanted) -> None:
        """Ask how many matches some messages have; another find takes its place."""
        self._worker.ask(self._find_thread, "find", partial(finding.found, replace(wanted, texts=self._find_texts)))

    def read_ahead(self, wanted: Wanted) -> None:
        """Read the texts of the transcript for a find that will come, until it does."""
        self._worker.ask(
            self._find_thread, "find", partial(finding.read_ahead, replace(wanted, texts=self._find_texts))
        )

    def mark(
        self, message_ids: Sequence[int], marks: Callable[[Message], int], *, kept: Mapping[int, Message], again: bool
    ) -> None:
        """Ask for the marks of some messages, the latest request first, as long as the transcript is open.

        Args:
            message_ids: Messages of the transcript.
            marks: Called in a thread; 0 for a message without any.
            kept: Bodies that cannot be requested.
            again: Drop what was asked for before.
        """
        if again:
            self._worker.begin("marks")
            self._unmarked = LatestBatches()
        self._unmarked.add(message_ids)
        read = partial(_marked, self._unmarked, marks, dict(kept))
        self._worker.put(self._mark_thread, "marks", read, delay=MARKS_AFTER)

    def end_find(self) -> None:
        """Look through no more messages."""
        self._worker.begin("find")

    def match(
        self, message_ids: Sequence[int], wanted: Callable[[Message], bool], *, kept: Mapping[int, Message]
    ) -> int:
        """Ask which prompts of the outline are wanted, beside a find; see `find`. Returns the generation."""
        read = partial(_matched, tuple(message_ids), wanted, dict(kept))
        self._worker.ask(self._find_thread, "outline", read, about="details")
        return self._worker.generation("outline")

    def first(
        self, message_ids: Sequence[int], wanted: Callable[[Message], bool], *, kept: Mapping[int, Message]
    ) -> None:
        """Ask for the first of some messages that is wanted; see `find`."""
        read = partial(_first, tuple(message_ids), wanted, dict(kept))
        self._worker.ask(self._find_thread, "first", read, about="details")

    def check(self, session_id: str) -> None:
        """Ask what the two sources of the session on the screen lack, and whether a repair would be refused."""
        read = partial(questions.checked, session_id=session_id)
        self._worker.ask(self._check_thread, "check", read, about="details")

    def _read(self, transcript: _OpenTranscript, *, delay: float = 0.0) -> None:
        self._worker.put(
            self._thread,
            "transcript",
            lambda db, _: paced(
                questions.opened(db, transcript.generation, transcript.session, transcript.origin), self.is_behind
            ),
            delay=delay,
        )

    def _note_versions(self, message: answers.SectionsCounted) -> None:
        if (transcript := self._open) is not None and transcript.generation == message.generation:
            transcript.versions = message.versions

    def _note_all(self, message: answers.TranscriptReread) -> None:
        self._find_texts = FindTexts()
        self._note_pieces(message)

    def _note_pieces(self, message: answers.TranscriptReread | answers.SectionsArrived) -> None:
        for piece in message.pieces:
            self._note(piece)

    def _note(self, message: answers.SectionArrived | answers.GrowthArrived | answers.FileTranscriptArrived) -> None:
        """Remember the end of the transcript that has been read."""
        transcript = self._open
        if transcript is None or transcript.generation != message.generation:
            return
        transcript.from_file = isinstance(message, answers.FileTranscriptArrived)
        transcript.whole |= not isinstance(message, answers.SectionArrived) or message.done
        if isinstance(message, answers.FileTranscriptArrived):
            self._find_texts = FindTexts()
            return
        transcript.tip = message.session_id
        if isinstance(message, answers.GrowthArrived):
            known = transcript.versions.get(message.session_id, SectionVersion())
            transcript.versions = {**transcript.versions, message.session_id: known.grown(message.heads)}

    def _take_change(self, message: answers.StoreChanged) -> None:
        """Read what was added to the transcript on the screen, and look as soon as allowed what else has changed."""
        transcript, change = self._open, message.change
        if transcript is None or not transcript.whole:
            return
        if transcript.from_file and transcript.session.id in change.files:
            read = partial(self._changes, transcript, again=True)
            self._worker.put(self._thread, "transcript", read, name="file", about="transcript")
        if not change.store:
            return
        delay = max(0.0, transcript.next_look - self._worker.clock())
        if delay and not transcript.from_file and (not change.sessions or transcript.tip in change.sessions):
            self._worker.put(self._thread, "transcript", partial(_early_growth, transcript), name="growth")
        read = partial(self._changes, transcript, again=False)
        self._worker.put(self._thread, "transcript", read, name="look", about="transcript", delay=delay)

    def _changes(self, transcript: _OpenTranscript, db: Browser, _: int, *, again: bool) -> Iterator[answers.Answer]:
        """Compare the versions; what differs is read again.

        Args:
            again: Read it in any case: the file that is shown has changed.
        """
        began = self._worker.clock()
        tip, known = "" if transcript.from_file else transcript.tip, None if again else transcript.versions
        session_id, origin = transcript.session.id, transcript.origin
        try:
            yield from questions.changes(db, transcript.generation, session_id, origin, known=known, tip=tip)
        finally:
            now = self._worker.clock()
            transcript.next_look = now + max(LOOK, LOOKING * (now - began))


def _early_growth(transcript: _OpenTranscript, db: Browser, _: int) -> Iterator[answers.Answer]:
    return questions.early_growth(db, transcript.generation, transcript.tip, transcript.versions)


def _bodies(transcript: _OpenTranscript, db: Browser, _: int) -> Iterator[answers.Answer]:
    for ids in transcript.wanted.steps():
        yield answers.BodiesArrived(transcript.generation, db.messages(ids))


def _marked(
    waiting: LatestBatches[int],
    marks: Callable[[Message], int],
    kept: Mapping[int, Message],
    db: Browser,
    generation: int,
) -> Iterator[answers.Answer]:
    found: list[tuple[int, int]] = []
    posted = time.monotonic()
    for ids in waiting.steps():
        began = time.monotonic()
        bodies = [kept[message_id] for message_id in ids if message_id in kept]
        bodies += db.messages([message_id for message_id in ids if message_id not in kept])
        found += ((body.id or 0, mark) for body in bodies if (mark := marks(body)))
        if found and time.monotonic() - posted >= MARKS_TOGETHER:
            yield answers.MarksArrived(generation, tuple(found))
            found, posted = [], time.monotonic()
        time.sleep(min(time.monotonic() - began, MARKS_REST))
    if found:  # without marks nothing is painted again
        yield answers.MarksArrived(generation, tuple(found))


def _matched(
    message_ids: Sequence[int],
    wanted: Callable[[Message], bool],
    kept: Mapping[int, Message],
    db: Browser,
    generation: int,
) -> Iterator[answers.Answer]:
    for found in _steps(message_ids, wanted, kept, db):
        yield answers.PromptsMatched(generation, found, False)
    yield answers.PromptsMatched(generation, (), True)


def _first(
    message_ids: Sequence[int],
    wanted: Callable[[Message], bool],
    kept: Mapping[int, Message],
    db: Browser,
    generation: int,
) -> Iterator[answers.Answer]:
    found = (message_id for step in _steps(message_ids, wanted, kept, db) for message_id in step)
    yield answers.MessageFound(generation, next(found, None))


def _steps(
    message_ids: Sequence[int], wanted: Callable[[Message], bool], kept: Mapping[int, Message], db: Browser
) -> Iterator[tuple[int, ...]]:
    """The messages that are wanted, a part of them at a time."""
    for start in range(0, len(message_ids), AT_ONCE):
        ids = message_ids[start : start + AT_ONCE]
        bodies = [kept[message_id] for message_id in ids if message_id in kept]
        bodies += db.messages([message_id for message_id in ids if message_id not in kept])
        found = {body.id for body in bodies if wanted(body)}
        yield tuple(message_id for message_id in ids if message_id in found)
