"""What the two sources say of each other, asked of all profiles as one; repairs go to one profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..base.cancel import Cancel
from ..base.errors import CannotOpen, Damaged, StoreError
from ..base.models import Check, FirstListing, JsonlFacts, SurveyStep
from ..repair.model import Line, Operation, Plan, Why
from ..session_db import SessionDB
from .members import Parts


class ProfileDrift(Parts):
    """The verbs of drift, and those of repairs that write nothing."""

    def glance(self, *, limit: int = 200) -> FirstListing:
        """The first looks of all profiles in one."""
        empty = FirstListing((), {}, {})
        looks = [self._stored(place, lambda db: db.glance(limit=limit), empty) for place in self._places]
        rows = [self._named(place, row) for place, look in enumerate(looks) for row in look.sessions]
        return FirstListing(
            tuple(sorted(rows, key=lambda row: (row.last_active or 0.0, row.id), reverse=True)),
            {self._name(place, one): drift for place, look in enumerate(looks) for one, drift in look.drifts.items()},
            {one: fact for place, look in enumerate(looks) for one, fact in self._facts_of(place, look.facts).items()},
        )

    def survey(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of all profiles: what is remembered of each first."""
        surveys = [self._as_far(place, part.survey(cancel=cancel)) for place, part in enumerate(self._parts)]
        first = [next(one, None) for one in surveys]
        done, total = sum(one.done for one in first if one), sum(one.total for one in first if one)
        for place, step in enumerate(first):
            if step is not None:
                yield self._verified(place, step, done, total)
        for place, survey in enumerate(surveys):
            for step in survey:
                done += 1
                yield self._verified(place, step, done, total)

    def verify(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of some sessions, which changed."""
        for place, ids in self._by_place(session_ids).items():
            for step in self._as_far(place, self._parts[place].verify(ids, cancel=cancel)):
                yield self._verified(place, step, 0, 0)

    def _verified(self, place: int, step: SurveyStep, done: int, total: int) -> SurveyStep:
        drifts = {self._name(place, one): drift for one, drift in step.drifts.items()}
        checks = tuple(replace(one, session_id=self._name(place, one.session_id)) for one in step.checks)
        return SurveyStep(done, total, drifts, self._facts_of(place, step.facts), checks)

    def _facts_of(self, place: int, facts: Mapping[str, JsonlFacts]) -> dict[str, JsonlFacts]:
        return {(name := self._name(place, one)): replace(fact, session_id=name) for one, fact in facts.items()}

    def facts(self, session_id: str) -> JsonlFacts | None:
        """What the JSONL file tells."""
        place, own = self._split(session_id)
        facts = self._parts[place].facts(own)
        return None if facts is None else replace(facts, session_id=session_id)

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Every JSONL file, profile after profile."""
        for place, part in enumerate(self._parts):
            for facts in self._as_far(place, part.all_facts(cancel=cancel)):
                yield replace(facts, session_id=self._name(place, facts.session_id))

    def check(self, session_id: str) -> Check:
        """Compare both sources of one session."""
        place, own = self._split(session_id)
        return replace(self._parts[place].check(own), session_id=session_id)

    def checks(self, ids: Iterable[str] | None = None, *, cancel: Cancel | None = None) -> Iterator[Check]:
        """Compare one session after the other; a profile that cannot be read fails after all others."""
        if ids is not None:
            yield from map(self.check, ids)
            return
        unread: StoreError | None = None
        for place, part in enumerate(self._parts):
            try:
                for check in part.checks(cancel=cancel):
                    yield replace(check, session_id=self._name(place, check.session_id))
            except (CannotOpen, Damaged) as error:
                unread = unread or Damaged(self._note(place, error))
        if unread is not None:
            raise unread

    def plan(self, session_id: str, *, merge: bool = False) -> Plan:
        """What a repair of one session would do, in its profile."""
        place, own = self._split(session_id)
        plan = self._parts[place].plan(own, merge=merge)
        return replace(plan, check=replace(plan.check, session_id=session_id))

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """Why a repair would do nothing, in its profile."""
        place, own = self._split(session_id)
        check, why = self._parts[place].objection(own)
        return replace(check, session_id=session_id), why

    def plans(
        self, ids: Iterable[str] | None = None, *, adopt: bool = False, cancel: Cancel | None = None
    ) -> Iterator[Plan]:
        """The plan of one session after the other, profile after profile."""
        if ids is not None:
            yield from map(self.plan, ids)
            return
        for place, part in enumerate(self._parts):
            for plan in part.plans(adopt=adopt, cancel=cancel):
                yield replace(plan, check=replace(plan.check, session_id=self._name(place, plan.session_id)))

    def difference(self, session_id: str, *, merge: bool = False) -> Iterator[Line]:
        """Both sources side by side."""
        place, own = self._split(session_id)
        return self._parts[place].difference(own, merge=merge)

    def operations(self) -> tuple[Operation, ...]:
        """The repairs of all profiles, profile after profile."""
        none: tuple[Operation, ...] = ()
        return tuple(
            replace(one, session_id=self._name(place, one.session_id))
            for place in self._places
            for one in self._stored(place, SessionDB.operations, none)
        )
