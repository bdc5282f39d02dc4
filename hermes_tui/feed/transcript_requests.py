"""Requests of the transcript on the screen: its sections, the bodies of its messages, its growth, its two sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from hermes_tui.feed import answers, questions
from hermes_tui.feed.latest_first import LatestFirst
from hermes_tui.feed.store_worker import StoreWorker
from store import Browser
from store.models import Origin, Session


@dataclass(slots=True)
class _OpenTranscript:
    """The transcript on the screen, as far as its growth needs it."""

    session: Session
    generation: int
    origin: Origin | None
    """The source that was asked for."""
    tip: str
    from_file: bool = False
    last_id: int = 0
    whole: bool = False
    wanted: LatestFirst[int] = field(default_factory=LatestFirst)
    """Messages that are asked for."""


class TranscriptRequests:
    """Heads in one thread, bodies in another, the comparison of the sources in a third."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._thread = worker.thread("transcript")
        self._body_thread = worker.thread("bodies")
        self._check_thread = worker.thread("check")
        self._open: _OpenTranscript | None = None
        worker.subscribe(self._note, answers.SectionArrived)
        worker.subscribe(self._note, answers.GrowthArrived)
        worker.subscribe(self._note, answers.FileTranscriptArrived)
        worker.subscribe(self._grow, answers.StoreChanged)

    def open(self, session: Session, *, origin: Origin | None = None, delay: float = 0.0) -> None:
        """Ask for a session's transcript, the whole chain it belongs to, after `delay` seconds without another.

        Args:
            session: Its row.
            origin: The source to read, where a hit lies in it; None for the one that speaks for the session.
            delay: Seconds.
        """
        generation = self._worker.begin("transcript")
        self._open = transcript = _OpenTranscript(session, generation, origin, session.id)
        self._read(transcript, delay=delay)

    def bodies(self, message_ids: Sequence[int]) -> None:
        """Ask for messages that the transcript shows; the latest request is answered first."""
        if (transcript := self._open) is not None:
            transcript.wanted.add(message_ids)
            read = partial(_bodies, transcript)
            self._worker.put(self._body_thread, "transcript", read, name="bodies", about="details")

    def check(self, session_id: str) -> None:
        """Ask what the two sources of the session on the screen lack, and whether a repair would be refused."""
        read = partial(questions.checked, session_id=session_id)
        self._worker.ask(self._check_thread, "check", read, about="details")

    def _read(self, transcript: _OpenTranscript, *, delay: float = 0.0) -> None:
        self._worker.put(
            self._thread,
            "transcript",
            lambda db, _: questions.transcript(db, transcript.generation, transcript.session.id, transcript.origin),
            delay=delay,
        )

    def _note(self, message: answers.SectionArrived | answers.GrowthArrived | answers.FileTranscriptArrived) -> None:
        """Remember the end of the transcript that has been read."""
        transcript = self._open
        if transcript is None or transcript.generation != message.generation:
            return
        transcript.from_file = isinstance(message, answers.FileTranscriptArrived)
        if isinstance(message, answers.FileTranscriptArrived):
            return
        transcript.tip = message.session_id
        if message.heads:
            transcript.last_id = message.heads[-1].id
        elif isinstance(message, answers.SectionArrived) and message.first:
            transcript.last_id = 0
        transcript.whole |= isinstance(message, answers.SectionArrived) and message.done

    def _grow(self, message: answers.StoreChanged) -> None:
        """Read what was added to the transcript on the screen; a file is read again as a whole."""
        transcript, change = self._open, message.change
        if transcript is None:
            return
        if transcript.from_file:
            if transcript.session.id in change.files:
                self._read(transcript)
        elif transcript.whole and change.store and (not change.sessions or transcript.tip in change.sessions):
            self._worker.put(
                self._thread,
                "transcript",
                lambda db, _: questions.growth(db, transcript.generation, transcript.tip, transcript.last_id),
                name="growth",
            )


def _bodies(transcript: _OpenTranscript, db: Browser, _: int) -> Iterator[answers.Answer]:
    for ids in transcript.wanted.steps():
        yield answers.BodiesArrived(transcript.generation, db.messages(ids))
