"""Message classes of the feed: answers to requests, changes of the store, errors.

Each answer carries the generation of the request it answers; the screen drops answers to an older request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, make_dataclass
from threading import Lock
from typing import Any, dataclass_transform

from textual.message import Message as TextualMessage

from store import models
from store.errors import StoreError
from store.files.outbox import Pending
from store.repair.model import DifferenceRow, Operation, Plan, Progress, Receipt, Why


@dataclass_transform(field_specifiers=(field,))
@dataclass
class Answer(TextualMessage):
    """The root of what the feed posts; every subclass is a dataclass."""

    generation: int
    """The number of the request among those of its kind, from 1; 0 for what nobody asked for, and for what writes."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__init__ = _first_init  # type: ignore[assignment]


def _first_init(answer: Answer, *values: Any, **named: Any) -> None:
    """Make the class of the first answer of its kind a dataclass: most kinds are never posted in a run.

    The class has this method until its own takes the place: another thread may make one of the same kind.
    """
    kind = type(answer)
    with _making:
        for base in reversed(kind.__mro__):
            if issubclass(base, Answer) and "__dataclass_fields__" not in vars(base):
                dataclass(init=False)(base)
        if vars(kind)["__init__"] is _first_init:
            named_fields = [(own.name, object, _copy(own)) for own in fields(kind)]
            made: Any = make_dataclass(kind.__name__, named_fields, namespace={"__post_init__": kind.__post_init__})
            kind.__init__ = made.__init__  # type: ignore[method-assign]
    vars(kind)["__init__"](answer, *values, **named)


def _copy(own: Field[Any]) -> Any:
    return field(default=own.default, default_factory=own.default_factory, kw_only=own.kw_only)


_making = Lock()


class SessionsArrived(Answer):
    """Sessions for the list: pages of the first reading, JSONL-only ones, or those that changed."""

    sessions: tuple[models.Session, ...]
    done: bool = False
    """Every session of state.db has arrived."""
    drifts: Mapping[str, models.Drift | None] = field(default_factory=dict)
    """Flags of some of them, so that the first frame has them."""
    facts: Mapping[str, models.JsonlFacts] = field(default_factory=dict)
    """The facts that the flags rest on."""


class FileSessionsArrived(Answer):
    """The sessions that live in JSONL files alone; the whole set, which takes the place of the one before."""

    sessions: tuple[models.Session, ...]


class PartsUnread(Answer):
    """The profiles of the merged list that could not be read, a sentence each; () where all could."""

    problems: tuple[str, ...]


class ScopeCounted(Answer):
    """Numbers of sessions: all, and those that the list leaves out."""

    scope: models.Scope


class OutlinesArrived(Answer):
    """Status and first words of listed rows."""

    outlines: Mapping[str, models.Outline]


class DriftsArrived(Answer):
    """Flags, and the facts they rest on."""

    drifts: Mapping[str, models.Drift | None]
    facts: Mapping[str, models.JsonlFacts]
    by_content: bool = False
    """They are verdicts; else they go by counts."""
    uncompared: frozenset[str] = frozenset()
    """Sessions whose rows could not be read for it."""
    done: int = 0
    """Sessions that were compared so far."""
    total: int = 0
    """Sessions that are compared in all; 0 where this is no progress of the comparison of all."""


class HitsArrived(Answer):
    """A batch of a search."""

    batch: models.Batch
    milliseconds: int
    """From the request to this batch."""
    standing: bool = False
    """Found after the search was done, because the store grew."""


class HitsRanked(Answer):
    """The best hits, which come after all batches."""

    batch: models.Batch
    milliseconds: int
    """From the end of the last batch to this."""


class HitsCounted(Answer):
    """The number of hits, where more match than were asked for."""

    count: models.Count


class WordsMeant(Answer):
    """Words that no message has, each with the closest one there is; posted where nothing was found."""

    words: Mapping[str, str]


class WordLeftOut(Answer):
    """A query of one word less, posted where nothing was found; it has more hits than without any other word."""

    word: str
    text: str
    hits: int
    capped: bool
    """There are more hits than were counted."""


class TitlesRanked(Answer):
    """Sessions whose titles come close to what was typed, best first, and which characters do."""

    titles: Mapping[str, tuple[tuple[int, int], ...]]


class SectionArrived(Answer):
    """A section of a transcript, or more of it: its messages without their bodies."""

    session_id: str
    heads: tuple[models.Head, ...]
    place: int
    """Its place among `places` sections, from 1."""
    places: int
    first: bool
    """False for a later page of the same section."""
    done: bool
    """The last page of the last section."""
    session: models.Session | None = None
    """The section's own row, for its seam."""
    waiting: tuple[models.Message, ...] = ()
    """Messages of the spool that stand behind these; their ids are below 0 and ascend."""


class SectionsArrived(Answer):
    """Later parts of a transcript, in their order."""

    pieces: tuple[SectionArrived, ...]


class GrowthArrived(Answer):
    """Messages that were added to the session on the screen."""

    session_id: str
    heads: tuple[models.Head, ...]
    bodies: tuple[models.Message, ...] = ()
    """The last ones of them, so that one who follows does not see them empty first."""


class SectionsCounted(Answer):
    """The versions of the sections of the open transcript, as they were right before these were read."""

    versions: Mapping[str, models.SectionVersion]


class BodiesArrived(Answer):
    """Messages that the transcript asked for."""

    messages: tuple[models.Message, ...]


class FoundArrived(Answer):
    """Messages of the transcript that have the text to find."""

    matches: tuple[tuple[int, int], ...]
    """Id of each message and how often it has the text."""
    done: bool
    """All messages were looked through."""


class LookedThrough(Answer):
    """A find went through some messages in vain, or read their texts for the next one."""


class MarksArrived(Answer):
    """Marks beside the transcript that need the bodies of messages."""

    marks: tuple[tuple[int, int], ...]
    """Id of each message with marks, and these."""


class PromptsMatched(Answer):
    """Prompts of the outline that have what was typed."""

    message_ids: tuple[int, ...]
    done: bool
    """All of them were looked through."""


class MessageFound(Answer):
    """The first of some messages that is as it was wanted; None where none is."""

    message_id: int | None


class FileTranscriptArrived(Answer):
    """The messages of a session that lives in a JSONL file alone."""

    session_id: str
    messages: tuple[models.Message, ...]


class TranscriptReread(Answer):
    """The whole transcript on the screen as it is now, after something else than growth."""

    pieces: tuple[SectionArrived | FileTranscriptArrived, ...]


class CheckArrived(Answer):
    """The comparison of the two sources of the session on the screen, by content."""

    check: models.Check
    refused: Why | None = None
    """Why a repair would do nothing; None where it would do something, or nothing is missing."""


class ContextArrived(Answer):
    """The messages around one hit."""

    session_id: str
    message_id: int
    origin: models.Origin
    lines: tuple[models.ContextLine, ...]


class WhereaboutsArrived(Answer):
    """The places of the sessions that were looked up, and the numbers of sessions by source."""

    words: str
    census: models.Census
    found: tuple[models.SessionLocation, ...]


class FamilyArrived(Answer):
    """The family of a session as a tree, and the status and first words of its members."""

    session_id: str
    family: tuple[models.FamilyMember, ...]
    outlines: Mapping[str, models.Outline]


class BeginningArrived(Answer):
    """The first messages of a session, for a look at it."""

    session_id: str
    lines: tuple[models.ContextLine, ...]


class StoreChanged(Answer):
    """Something was written to the home by another program."""

    change: models.Change


class StoreBusy(Answer):
    """Another program holds the lock; the request is tried again."""

    seconds: float
    """Since the first try."""

    def can_replace(self, message: TextualMessage) -> bool:
        """The newest takes the place of the others."""
        return isinstance(message, StoreBusy)


class StoreFailed(Answer):
    """A request could not be answered."""

    question: str
    """Its kind: "sessions", "files", "search", "transcript", "details" or "watch"."""
    error: StoreError


class StoreHealed(Answer):
    """The watch can read the store again after it could not."""


class SearchesKept(Answer):
    """The searches that the user saved, the last one first."""

    texts: tuple[str, ...]
    complaint: str = ""
    """One line on a file that could not be used."""


class FeedCrashed(Answer):
    """A mistake of ours in a thread; the screen lets it stop the app as if it had happened there."""

    error: Exception


class RepairAnswer(Answer):
    """The root of the answers to requests of repairs, but `RepairsEnded`."""

    session_id: str
    """The session it is about."""


class PlanArrived(RepairAnswer):
    """The plan of a repair of the session on the screen."""

    plan: Plan
    operation: Operation | None = None
    """A repair or an undo of it that was stopped."""


class PlanListed(RepairAnswer):
    """The plan of a repair of one of the flagged sessions, without its difference."""

    plan: Plan


class DifferenceArrived(RepairAnswer):
    """A stretch of all that differs."""

    rows: tuple[DifferenceRow, ...]
    done: bool
    """It is the last one."""


class OperationsListed(Answer):
    """The repairs in the journal, the last started first."""

    operations: tuple[Operation, ...]


class RepairProgressed(RepairAnswer):
    """A repair or an undo is further than before."""

    progress: Progress

    def can_replace(self, message: TextualMessage) -> bool:
        """The latest progress of a session takes the place of the others."""
        return isinstance(message, RepairProgressed) and message.session_id == self.session_id


class Repaired(RepairAnswer):
    """A repair or an undo has ended: complete, or stopped after a step."""

    receipt: Receipt


class RepairFailed(RepairAnswer):
    """A plan, a repair or an undo could not be done; what was done so far stands."""

    error: StoreError


class RepairsEnded(Answer):
    """Nothing is written any more: all repairs that were asked for have ended or were given up."""


class DoctorAnswer(Answer):
    """The root of the answers to requests of the store's health."""


class FindingArrived(DoctorAnswer):
    """The finding of one check."""

    finding: models.Finding


class SpoolArrived(DoctorAnswer):
    """Messages that wait to be written into the store."""

    waiting: tuple[Pending, ...]
    problems: tuple[str, ...]
    """A sentence for each file that cannot be understood."""


class ChecksEnded(DoctorAnswer):
    """Every check was made."""


class Replayed(DoctorAnswer):
    """A file that waited was written and removed, or is kept because of an error."""

    name: str
    """"" where the store could not even be opened to write."""
    written: int
    """Messages that were new."""
    error: StoreError | None = None


class ReplayEnded(DoctorAnswer):
    """Nothing is written any more."""
